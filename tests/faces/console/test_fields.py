"""The questions of a form follow from the Params of an operation."""

from typing import Annotated, Literal

import pytest
from pydantic import Field as Constraint

from genba.core.inputs import Accepts, InputFile
from genba.core.records import Params
from genba.core.units import Percent, Second
from genba.faces.console.fields import Field, fields_of, fitting, folded


class Everything(Params):
    """One field of each kind."""

    case: Annotated[InputFile, Accepts((".m",))]
    """A file."""
    start: Literal["flat", "dc"] = "dc"
    """A choice."""
    plan: Annotated[
        Literal["own", "balanced"] | Annotated[InputFile, Accepts(output="units")],
        Constraint(union_mode="left_to_right"),
    ] = "own"
    """A choice or an output of a run."""
    limits: bool = True
    """A switch."""
    wait: Annotated[Second, Constraint(gt=0, le=60)] = 1.5
    """A number with an open lower end."""
    steps: Annotated[int, Constraint(ge=1)] = 3
    """A whole number."""
    share: Annotated[Percent, Constraint(ge=0)] | None = None
    """A number that may be missing."""
    changes: tuple[str, ...] = ()
    """Several texts."""


@pytest.fixture(scope="module")
def fields() -> dict[str, Field]:
    return {field.name: field for field in fields_of(Everything)}


def test_each_type_has_its_control(fields: dict[str, Field]) -> None:
    kinds = {name: field.kind for name, field in fields.items()}
    assert kinds == {
        "case": "file",
        "start": "choice",
        "plan": "file",
        "limits": "switch",
        "wait": "number",
        "steps": "number",
        "share": "number",
        "changes": "list",
    }


def test_units_and_sentences_come_from_the_record(fields: dict[str, Field]) -> None:
    assert (fields["wait"].unit, fields["share"].unit, fields["steps"].unit) == ("s", "%", "")
    assert fields["wait"].sentence == "A number with an open lower end."


def test_bounds_are_told_to_the_browser_and_to_people(fields: dict[str, Field]) -> None:
    assert fields["wait"].bounds == ("0", "60")
    assert fields["wait"].range == "> 0, ≤ 60"
    assert fields["share"].bounds == ("0", "")
    assert fields["steps"].whole
    assert not fields["wait"].whole


def test_a_file_knows_its_uploads_outputs_and_words(fields: dict[str, Field]) -> None:
    assert (fields["case"].suffixes, fields["case"].output, fields["case"].required) == ((".m",), None, True)
    assert (fields["plan"].suffixes, fields["plan"].output) == ((), "units")
    assert fields["plan"].choices == ("own", "balanced")


def test_what_most_people_leave_alone_is_folded(fields: dict[str, Field]) -> None:
    first, rest = folded(tuple(fields.values()))
    assert [field.name for field in first] == ["case", "start", "plan", "limits"]
    assert [field.name for field in rest] == ["wait", "steps", "share", "changes"]


def test_a_short_form_folds_nothing(fields: dict[str, Field]) -> None:
    few = tuple(fields.values())[4:]
    assert folded(few) == (few, ())


@pytest.mark.parametrize(
    ("name", "value", "begun"),
    [
        ("start", "flat", "flat"),
        ("start", "warm", "dc"),  # of an older version, or typed into the address
        ("limits", "false", False),
        ("limits", "true", True),
        ("limits", False, False),
        ("changes", "branch.1.status=0", ["branch.1.status=0"]),
        ("changes", ["a", "b"], ["a", "b"]),
        ("plan", "@run", "@run"),
        ("share", None, None),
    ],
)
def test_an_answer_to_begin_with_fits_its_control(
    fields: dict[str, Field], name: str, value: object, begun: object
) -> None:
    assert fitting(fields[name], value) == begun
