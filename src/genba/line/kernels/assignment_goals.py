"""What is least in an assignment: places, cycle, cost of staff, or differences among products."""

from typing import Literal

from genba.line.kernels.assignment_loads import wages
from genba.line.kernels.assignment_model import Assigning, Posed, Terms, at_most

Goal = Literal["places", "cycle", "cost", "spread", "any"]


def terms(posed: Posed, given: Assigning, goal: Goal) -> Terms:
    """Give what is least as a sum: nothing where any line will do."""
    if goal == "places":
        return places(posed)
    if goal == "cycle":
        return [] if posed.pace is None else [(posed.pace, 1)]
    if goal == "cost":
        return wages(posed, given)
    if goal == "spread":
        return [term for largest, least in posed.gaps for term in ((largest, 1), (least, -1))]
    return []


def places(posed: Posed) -> Terms:
    """Give the number of places of all stations, for stations of one place and those added."""
    return [(column, 1) for column in (*posed.used, *posed.added)]


def hold(posed: Posed, given: Assigning, goal: Goal, value: int) -> None:
    """Keep what is least where it is, while something else is made less."""
    at_most(posed.program, terms(posed, given, goal), value)
