"""How every grid study opens its case."""

from genba.core.context import Context
from genba.grid.checks.case import check
from genba.grid.io.changes import apply
from genba.grid.io.ends import with_ends
from genba.grid.io.matpower import read
from genba.grid.records.case import Case, CaseParams


def open_case(params: CaseParams, ctx: Context) -> Case:
    """Read the case, make the changes asked for, and check what came out.

    The findings of file and case are kept in the context.

    Raises:
        InputError: when the file or a change cannot be read, or a finding forbids any study.
        Cancelled: when the user asked to stop.
    """
    case, findings = read(ctx.path(params.case), heed=lambda: ctx.progress(0.0, "reading the case"))
    case = apply(case, params.set)
    ctx.progress(0.0, "checking the case")
    ctx.check((*findings, *check(case)))
    return with_ends(case)
