"""All findings about a case in one pass."""

import numpy as np

from genba.core.findings import Finding
from genba.core.tally import Tally
from genba.grid.checks.branches import check_branches
from genba.grid.checks.buses import check_buses
from genba.grid.checks.costs import check_costs
from genba.grid.checks.numbers import check_numbers
from genba.grid.checks.tally import MORE
from genba.grid.checks.topology import check_topology
from genba.grid.checks.units import check_units
from genba.grid.records.case import Case

PARTS = (check_numbers, check_buses, check_branches, check_units, check_costs, check_topology)


def check(case: Case) -> tuple[Finding, ...]:
    """Give every fault and remark, errors first, at most a hundred of a kind.

    An error means that any study of the case is impossible or meaningless. Bad data never raises here.
    """
    tally = Tally(MORE)
    with np.errstate(all="ignore"):  # infinities and not-a-number are reported, they need no second warning
        for part in PARTS:
            part(case, tally)
    return tally.findings()
