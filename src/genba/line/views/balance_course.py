"""The course of a cycle at every station: tasks at each side, setups and walking between them, waiting."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from genba.core.views import Axis, GanttChart, Span
from genba.line.records.balance import BalanceResult

Row = Mapping[str, object]
MOST = 400
"""Tasks that a chart holds."""


def course(result: BalanceResult) -> GanttChart | None:
    """Give the chart of a cycle; None where tasks follow one another without gaps at every station."""
    rows = result.assignments.rows(0, MOST)
    if not any(row["side"] or row["lost"] for row in rows):
        return None
    turns = [list(turn) for _, turn in groupby(rows, key=_place)]
    return GanttChart(
        key="course",
        title="One cycle at every station",
        x=Axis(label="Time in the cycle", unit="s"),
        rows=tuple(_place(turn[0]) for turn in turns),
        spans=tuple(span for turn in turns for span in _spans(turn)),
    )


def _place(row: Row) -> str:
    return f"{row['station']} {row['side']}".strip()


def _spans(turn: Sequence[Row]) -> Iterator[Span]:
    """Yield the tasks of a place with what is lost before them; before the first one, at the end."""
    place, end = _place(turn[0]), 0.0
    for at, row in enumerate(turn):
        start, lost = _number(row["start"]), _number(row["lost"])
        if at and lost:
            yield Span(row=place, start=end, end=end + lost, state="Setup and walking")
        end = start + _number(row["time"])
        text = f"{row['task']} {row['name']}".strip()
        yield Span(row=place, start=start, end=end, state="Task", text=text)
    if lost := _number(turn[0]["lost"]):
        yield Span(row=place, start=end, end=end + lost, state="Setup and walking")


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
