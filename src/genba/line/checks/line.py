"""All findings about a line in one pass."""

from genba.core.findings import Finding
from genba.core.tally import Tally
from genba.line.checks.assignment import check_assignment
from genba.line.checks.flow import check_flow
from genba.line.checks.ids import check_ids
from genba.line.checks.numbers import check_numbers
from genba.line.checks.pace import check_pace
from genba.line.checks.precedence import check_precedence
from genba.line.checks.rules import check_rules
from genba.line.checks.shifts import check_shifts
from genba.line.checks.skills import check_skills
from genba.line.checks.spreads import check_spreads
from genba.line.checks.tally import MORE
from genba.line.records.line import Line

PARTS = (
    check_ids,
    check_numbers,
    check_spreads,
    check_precedence,
    check_pace,
    check_shifts,
    check_skills,
    check_flow,
    check_rules,
    check_assignment,
)


def check(line: Line) -> tuple[Finding, ...]:
    """Give every fault and remark, errors first, at most a hundred of a kind.

    An error means that any study of the line is impossible or meaningless. Bad data never raises here.
    """
    tally = Tally(MORE)
    for part in PARTS:
        part(line, tally)
    return tally.findings()
