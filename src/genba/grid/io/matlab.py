"""The part of MATLAB in which data files are written: assignments of literals; nothing is ever evaluated."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally

UNTERMINATED = FindingKind(
    "grid.unterminated",
    Severity.ERROR,
    "{section} has no closing {bracket}; the file is cut off or a bracket is missing.",
)
COMPUTED = FindingKind(
    "grid.computed",
    Severity.ERROR,
    "Found `{found}`, which computes; only literal values are read; load and savecase it in MATPOWER.",
)
CLOSERS = {"[": "]", "{": "}", "(": ")"}
# Every repetition is possessive: no text, however hostile, is read over and over.
GAP = re.compile(r"(?:[\s;,]++|%[^\n]*+|\.\.\.[^\n]*+)*+")
SPACE = re.compile(r"(?:[ \t\f\v]++|\.\.\.[^\n]*+\n)*+")
HEADER = re.compile(r"function\s++(\w++)\s*+=\s*+(\w++)[ \t]*+(?:\([ \t]*+\))?", re.ASCII)
ENDING = re.compile(r"(?:end|endfunction|return)(?!\w)", re.ASCII)
TARGET = re.compile(
    r"(?P<variable>[A-Za-z]\w*+)\.(?P<field>[A-Za-z]\w*+(?:\.[A-Za-z]\w*+)*+)[ \t]*+=(?!=)", re.ASCII
)
NUMBERS_END = re.compile(r"%[^\n]*+|[\]=]")
TOKEN = re.compile(
    r"""'(?:[^'\n]|'')*+'|"(?:[^"\n]|"")*+"|\.\.\.[^\n]*+\n?|%[^\n]*+|(?P<open>[\[({])|(?P<close>[\])}])|[;,\n]"""
)
BLOCK_EDGE = re.compile(r"^[ \t]*+%(?P<brace>[{}])[ \t]*+$", re.MULTILINE)
LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Header:
    """`function variable = name`."""

    variable: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """`variable.field = value`."""

    variable: str
    field: str
    value: str | None
    """None when its end is missing."""
    line: int
    """Line of the value's first character."""


def without_block_comments(text: str, tally: Tally) -> str:
    """Blank the lines from `%{` to `%}`, which may be nested; the number of lines stays."""
    if "%{" not in text:
        return text
    parts: list[str] = []
    depth, kept, begin = 0, 0, 0
    for edge in BLOCK_EDGE.finditer(text):
        if edge["brace"] == "{":
            begin = edge.start() if depth == 0 else begin
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                parts += [text[kept:begin], "\n" * text.count("\n", begin, edge.end())]
                kept = edge.end()
    if depth:
        line = text.count("\n", 0, begin) + 1
        tally.add(UNTERMINATED, f"line {line}", section="The comment", bracket="%}")
    return "".join([*parts, text[kept : begin if depth else None]])


def statements(text: str, tally: Tally, *, numeric: frozenset[str]) -> Iterator[Header | Assignment]:
    """Yield the header and the assignments of a data file in order; what else there is becomes a finding.

    Arguments:
        text: the file, lines ending in a newline.
        tally: receives statements that compute and values that do not end.
        numeric: fields whose value, when in brackets, is a matrix of numbers, whose end is found faster.
    """
    place, line = 0, 1
    while (start := _past(GAP, text, place)) < len(text):
        line += text.count("\n", place, start)
        if header := HEADER.match(text, start):
            yield Header(header[1], header[2], line)
            place = header.end()
        elif ending := ENDING.match(text, start):
            place = ending.end()
        elif target := TARGET.match(text, start):
            begin = _past(SPACE, text, target.end())
            line += text.count("\n", start, begin)
            field = target["field"]
            place, missing = _value_end(text, begin, numeric=field in numeric)
            if missing:
                tally.add(UNTERMINATED, f"{field} (line {line})", section=field, bracket=missing)
            value = None if missing else text[begin:place].rstrip()
            yield Assignment(target["variable"], field, value, line)
            start = begin
        else:
            place = text.find("\n", start)
            place = len(text) if place < 0 else place
            tally.add(COMPUTED, f"line {line}", found=text[start : min(place, start + LONGEST_SHOWN)])
        line += text.count("\n", start, place)


def _past(pattern: re.Pattern[str], text: str, place: int) -> int:
    match = pattern.match(text, place)
    return match.end() if match else place


def _value_end(text: str, start: int, *, numeric: bool) -> tuple[int, str]:
    """Give where a value ends, and the closing bracket that is missing there.

    A value ends at `;`, `,`, a comment or the line's end outside brackets and strings. An assignment at
    the start of a line shows that a bracket was never closed; reading goes on there.
    """
    if numeric and text.startswith("[", start):
        stop, missing = _numbers_end(text, start)
        return (stop, missing) if missing else _value_end(text, stop, numeric=False)
    depth, opened = 0, ""
    for token in TOKEN.finditer(text, start):
        if token["open"]:
            opened = opened if depth else token[0]
            depth += 1
        elif token["close"]:
            depth -= 1
        elif depth <= 0 and token[0][0] in ";,\n%":
            return token.start(), ""
        elif token[0] == "\n":
            following = _past(SPACE, text, token.end())
            if TARGET.match(text, following):
                return following, CLOSERS[opened]
    return len(text), CLOSERS[opened] if depth > 0 else ""


def _numbers_end(text: str, start: int) -> tuple[int, str]:
    """Give where a matrix of plain numbers ends, or goes over into the next assignment."""
    following = text.find("=", start)
    close = text.find("]", start, following if following >= 0 else None)
    if close >= 0 and text.find("%", start, close) < 0:
        return close + 1, ""  # the usual file
    for mark in NUMBERS_END.finditer(text, start):
        if mark[0] == "]":
            return mark.end(), ""
        if mark[0] == "=":
            return text.rfind("\n", start, mark.start()) + 1 or mark.end(), "]"
    return len(text), "]"
