"""Claim of `line.balance` that its table tells of each task what the file has."""

from typing import Any

from genba.core.certificate import Claim, equal
from genba.line.certify.balance_question import Asked, Stated
from genba.line.records.balance import BalanceResult
from genba.line.records.whole import whole


def rows_claim(asked: Asked, stated: Stated, result: BalanceResult) -> Claim:
    """Count rows that say something else of a task than the file, or whoever works at its station."""
    places = {task.id: at for at, task in enumerate(asked.line.tasks)}
    wrong = 0
    for row in result.assignments.rows():
        at = places.get(str(row["task"]))
        wrong += at is not None and _told(row) != _true(asked, stated, at)  # strangers are counted elsewhere
    return equal(
        "rows",
        wrong,
        expected=0,
        method="Rows whose name, time, predecessors or value class are not those of the file are counted.",
    )


def _told(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["name"], whole(float(row["time"] or 0.0)), row["after"], row["value_class"]


def _true(asked: Asked, stated: Stated, at: int) -> tuple[Any, ...]:
    """Give what a row must tell: the time is the longest of any product, with who works there."""
    task, station = asked.line.tasks[at], stated.station[at]
    hand = stated.hand[station - 1] if 1 <= station <= len(stated.hand) else -1
    rows = [asked.hands[hand].work(times) for times in asked.products] if hand >= 0 else asked.products
    return task.name, max(times[at] for times in rows), " ".join(task.after), task.value_class
