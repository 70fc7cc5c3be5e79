"""A Params record alone makes options, their help and their values."""

import inspect
from typing import Annotated, Any, Literal

import pytest
from cyclopts import App, CycloptsError
from pydantic import Field

from genba.core.inputs import Accepts, InputFile
from genba.core.records import Params
from genba.core.units import MW, One, Percent, PerUnit
from genba.faces.cli.fields import arguments, given


class Every(Params):
    """One field of every kind that Params hold."""

    case: Annotated[InputFile, Accepts((".m",))]
    """Case to read."""
    name: str
    """Name to give."""
    start: Literal["flat", "dc"] = "dc"
    """First voltages."""
    generation: Annotated[Literal["case"] | InputFile, Field(union_mode="left_to_right")] = "case"
    """Unit outputs."""
    set: tuple[str, ...] = ()
    """Changes made first."""
    areas: tuple[int, ...] = ()
    """Areas watched."""
    tolerance: Annotated[PerUnit, Field(gt=0, le=1e-2)] = 1e-8
    """Largest mismatch."""
    load: MW = -5.0
    """Load, which may be negative."""
    vmin: Annotated[PerUnit, Field(gt=0)] | None = None
    """Smallest voltage."""
    share: Annotated[Percent, Field(ge=0)] = 1.0
    """Share of the limit."""
    factor: One = 2.5
    """Factor without a unit."""
    steps: Annotated[int, Field(ge=1, le=200)] = 30
    """Steps taken."""
    limits: bool = True
    """Whether limits bind."""


@pytest.fixture
def app() -> App:
    """Give a command line made of the record, whose command gives back what was said."""
    signature = inspect.Signature(arguments(Every))

    def call(*positional: Any, **named: Any) -> dict[str, Any]:
        return given(signature.bind(*positional, **named).arguments)

    call.__signature__ = signature  # type: ignore[attr-defined]
    return App(default_command=call, help_format="plaintext")


def read(app: App, line: str) -> dict[str, Any]:
    command, bound, _ = app.parse_args(line, exit_on_error=False, print_error=False)
    said: dict[str, Any] = command(*bound.args, **bound.kwargs)
    return said


def test_a_file_without_default_is_positional_and_what_is_left_out_is_not_given(app: App) -> None:
    assert read(app, "c.m --name x") == {"case": "c.m", "name": "x"}
    assert read(app, "--case c.m --name x") == {"case": "c.m", "name": "x"}


def test_every_kind_of_value_reaches_the_record(app: App) -> None:
    line = (
        "c.m --name n --start flat --generation @r --set a.1.b=-1 --set c --areas 1 --areas 2 "
        "--tolerance 1e-6 --load -3.5 --vmin 0.9 --share 2 --factor 1 --steps 5 --no-limits"
    )
    params = Every.model_validate(read(app, line))
    assert params == Every(
        case="c.m",
        name="n",
        start="flat",
        generation=InputFile("@r"),
        set=("a.1.b=-1", "c"),
        areas=(1, 2),
        tolerance=1e-6,
        load=-3.5,
        vmin=0.9,
        share=2.0,
        factor=1.0,
        steps=5,
        limits=False,
    )


def test_options_may_precede_the_file(app: App) -> None:
    assert read(app, "--set a=1 --name n c.m") == {"case": "c.m", "name": "n", "set": ("a=1",)}


@pytest.mark.parametrize("line", ["", "c.m", "c.m --name n --bogus 1", "c.m d.m --name n", "c.m --name"])
def test_what_cannot_be_read_is_refused(app: App, line: str) -> None:
    with pytest.raises(CycloptsError):
        read(app, line)


@pytest.mark.parametrize(
    "said",
    [
        "Case to read. [a file] [required]",
        "First voltages. [flat | dc] [default: dc]",
        "Unit outputs. [case, or a file] [default: case]",
        "Changes made first. [may be repeated]",
        "Largest mismatch. [p.u., > 0, <= 0.01] [default: 1e-08 p.u.]",
        "Load, which may be negative. [MW] [default: -5 MW]",
        "Smallest voltage. [p.u., > 0]",
        "Share of the limit. [%, >= 0] [default: 1 %]",
        "Factor without a unit. [default: 2.5]",
        "Steps taken. [>= 1, <= 200] [default: 30]",
        "Whether limits bind. [default: yes]",
    ],
)
def test_help_says_sentence_unit_choices_bounds_and_default(
    app: App, capsys: pytest.CaptureFixture[str], said: str
) -> None:
    app.help_print([])
    assert said in " ".join(capsys.readouterr().out.replace("│", " ").split())
