"""Claims of `line.balance` on lines whose tasks have a start: the course of a cycle, and its places."""

from collections import Counter

from genba.core.certificate import Claim, at_least, equal
from genba.line.certify.balance_question import Asked, Stated
from genba.line.certify.timed_enumeration import fewest_sided, fewest_with_losses
from genba.line.certify.timed_line import schedule_claims, timed_places_needed, timetable
from genba.line.records.balance import BalanceResult


def course_claims(asked: Asked, stated: Stated, result: BalanceResult, *, cycle: int) -> list[Claim]:
    """Check where and when tasks are done, where that matters."""
    if not asked.timed:
        return []
    told = timetable(asked.line, asked.fastest[0], result.assignments)
    worked = Counter(place[0] for place in {told.place[task] for task in told.order})
    differ = sum(max(1, worked[at]) != count for at, count in enumerate(stated.places, start=1))
    return [
        *schedule_claims(asked.line, told, cycle, asked.lost),
        equal(
            "places_worked",
            differ,
            expected=0,
            method="Stations with another number of sides at which something is done are counted.",
        ),
        equal(
            "lost",
            sum(one != other for one, other in zip(told.lost, told.losses(asked.lost), strict=True)),
            expected=0,
            method="Setups and walking before each task are added up again; those that differ are counted.",
        ),
    ]


def sides_told(asked: Asked, result: BalanceResult) -> tuple[str, ...]:
    """Give the side of each task as the result has it."""
    told = {str(row["task"]): str(row["side"]) for row in result.assignments.rows()}
    return tuple(told.get(task.id, "") for task in asked.line.tasks)


def places_bound(asked: Asked, result: BalanceResult) -> list[Claim]:
    """Check that no line of so few stations has fewer places."""
    claimed = result.places_bound
    if claimed is None:
        return []
    computed = timed_places_needed(asked.line, asked.fastest[0], asked.cycle, asked.lost)
    if computed >= claimed:
        method = "Places are bound again, by time and sizes, each side for itself too."
        return [at_least("places_bound", computed, bound=claimed, unit="1", method=method)]
    found = _sided(asked, asked.cycle)
    if found is not None and found[0] == result.stations and found[1] >= claimed:
        method = "The fewest places are found again by dynamic programming over sets of tasks."
        return [at_least("places_again", found[1], bound=claimed, unit="1", method=method)]
    return [
        Claim(
            name="places_trusted",
            value=float(claimed),
            bound=float(computed),
            unit="1",
            holds=computed <= claimed <= (result.places or 0),
            method="Not checked again: that the search by CP-SAT left nothing out. The bound computed here "
            "is the lower number; there are too many ways to fill stations to look at all of them.",
        )
    ]


def fewest_timed(asked: Asked, cycle: int) -> int | None:
    """Give the fewest stations without rules, by an own search; None where there is too much to look at."""
    if asked.sided:
        found = _sided(asked, cycle)
        return None if found is None else found[0]
    return fewest_with_losses(asked.fastest[0], asked.before, asked.lost, cycle)


def _sided(asked: Asked, cycle: int) -> tuple[int, int] | None:
    """Give the fewest stations and places of two sides, as if nothing were lost between tasks."""
    return fewest_sided(asked.fastest[0], asked.before, [task.side for task in asked.line.tasks], cycle)
