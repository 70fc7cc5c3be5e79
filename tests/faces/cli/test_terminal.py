"""What is printed cannot steer a terminal, and JSON stays JSON."""

import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from genba.faces.cli.document import document
from genba.faces.cli.terminal import pairs, printable, show, table, text

HOSTILE = (
    "[red]x[/red]",
    "[/]",
    "\x1b[31mx",
    "\x1b]0;title\x07",
    "\u202etxt.exe",
    "a\rb",
    ":smile:",
    "\x9b5m",
)


@given(st.text())
def test_no_control_character_is_printed(value: str) -> None:
    shown = printable(value)
    assert all(letter.isprintable() or letter in "\n\t" for letter in shown)


@given(st.text(st.characters(categories=("L", "N", "P"))))
def test_ordinary_text_is_printed_as_it_is(value: str) -> None:
    assert printable(value) == value


@pytest.mark.parametrize("name", HOSTILE)
def test_markup_and_escapes_in_names_have_no_effect_even_on_a_terminal(name: str) -> None:
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, color_system="truecolor", markup=False, emoji=False, highlight=False
    )
    console.print(text(name))
    assert stream.getvalue() == f"{printable(name)}\n"


def test_nothing_is_coloured_ruled_or_wrapped_when_piped(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    show(text("good", "bold green"), table(("a", "b"), [(1, long)]), pairs([("c", "[b]d")]), None)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "─" not in shown
    assert long in shown
    assert "[b]d" in shown


@given(st.text(st.characters()))
def test_a_document_is_json_whatever_it_holds(value: str) -> None:
    stream, kept = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), sys.stdout
    sys.stdout = stream
    try:
        document({"name": value})
    finally:
        sys.stdout = kept
    assert json.loads(stream.buffer.getvalue()) == {"name": value}
