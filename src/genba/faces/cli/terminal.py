"""The two streams: stdout carries the result and nothing else, stderr carries progress and remarks."""

import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

UNWRAPPED = 10_000
"""Width of a stream that is not a terminal: every row stays on one line."""


def out() -> Console:
    """Give the console of results; made anew because the streams may be exchanged."""
    return _console(sys.stdout)


def err() -> Console:
    """Give the console of progress and remarks."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    # No markup and no highlighting: file names, notes and messages come from anywhere.
    width = None if stream.isatty() else UNWRAPPED
    return Console(file=stream, markup=False, highlight=False, emoji=False, width=width)


def show(*blocks: RenderableType | None) -> None:
    """Print the blocks that there are to stdout; without the padding of tables where no person looks."""
    console = out()
    with console.capture() as captured:
        for block in blocks:
            if block is not None:
                console.print(block)
    shown = captured.get()
    if not sys.stdout.isatty():
        shown = "".join(f"{line.rstrip()}\n" for line in shown.splitlines())
    sys.stdout.write(shown)
    sys.stdout.flush()


def remark(sentence: str) -> None:
    """Print one remark to stderr."""
    err().print(text(sentence, "dim"))


def text(value: object, style: str = "") -> Text:
    """Give a text that cannot steer the terminal: neither rich's markup nor control characters act."""
    return Text(printable(str(value)), style=style)


def printable(value: str) -> str:
    """Give a text with every unprintable character but line breaks and tabs as its escape."""
    if value.isprintable():
        return value
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else letter.encode("unicode_escape").decode()
        for letter in value
    )


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()) -> Table:
    """Give a table: ruled for people, bare columns when piped; `right` lists right-aligned columns."""
    people = sys.stdout.isatty()
    made = Table(box=SIMPLE_HEAD if people else None, pad_edge=people, header_style="bold" if people else "")
    for index, header in enumerate(headers):
        made.add_column(text(header), justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else text(cell) for cell in row))
    return made


def pairs(rows: Iterable[tuple[str, object]]) -> Table:
    """Give names and values side by side."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(text(name), value if isinstance(value, Text) else text(value))
    return made
