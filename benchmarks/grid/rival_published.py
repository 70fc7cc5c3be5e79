"""What others published: PGLib's names and BASELINE.md, and times of MadNLP with cuDSS."""

import re
from dataclasses import dataclass
from functools import cache

from genba.grid.io import pglib

MADNLP_1E_8 = {
    "case118_ieee": "0.30",
    "case1354_pegase": "0.83",
    "case2000_goc": "0.81",
    "case2869_pegase": "0.94",
    "case2868_rte": "29.2",
    "case4661_sdet": "2.13",
    "case6495_rte": "50.0",
    "case6470_rte": "20.15",
    "case8387_pegase": "3.28",
    "case9241_pegase": "fails",
    "case10000_goc": "2.39",
    "case10480_goc": "3.24",
    "case13659_pegase": "3.41",
    "case19402_goc": "5.27",
    "case24464_goc": "4.96",
    "case30000_goc": "9.59",
    "case78484_epigrids": "19.62",
}
"""Wall seconds of MadNLP with cuDSS at 1e-8 on a Quadro GV100.

Source: GPU Implementation of Second-Order Linear and Nonlinear Programming Solvers, repository
MadNLP/neurips2025-mathprog-on-gpu at 4d47204.
"""


@dataclass(frozen=True)
class Published:
    """A row of BASELINE.md, five digits; NaN where it has no number.

    Arguments:
        dc: optimum of the DC formulation, $/h.
        ac: local optimum of the AC formulation, $/h.
        soc_gap: how far the bound of the second-order cone relaxation lies below `ac`, %.
    """

    dc: float
    ac: float
    soc_gap: float

    @property
    def soc_bound(self) -> float:
        """Give the lower bound of the cost, $/h."""
        return self.ac * (1 - self.soc_gap / 100)


def buses(name: str) -> int:
    """Give the number of buses that a case's name tells."""
    return int(re.findall(r"\d+", name)[0])


@cache
def baseline() -> dict[str, Published]:
    """Give the rows by case name."""
    text = (pglib.path("case3_lmbd").parent / "BASELINE.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    return {
        row[1].removeprefix(pglib.PREFIX): Published(_number(row[4]), _number(row[5]), _number(row[7]))
        for row in rows
        if len(row) > 8 and row[1].startswith(pglib.PREFIX)
    }


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:  # inf., n.a. and the like
        return float("nan")
