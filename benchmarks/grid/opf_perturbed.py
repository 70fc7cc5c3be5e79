"""Solve perturbed AC optimal power flows beside Ipopt: loads times 0.9 to 1.05, costs times 0.5 to 2.

    python benchmarks/grid/opf_perturbed.py [--cases NAME ...] [--copies 25] [--seed 1] [--largest BUSES]

Every load of a copy has its own factor (active and reactive alike), every unit its own factor of cost,
drawn from a seed that the case's name and the copy's number make. Both sides solve the same copy at
tolerance 1e-8: genba in process, Ipopt by pyoptinterface from a flat start, which tries again from outputs
in the middle of their ranges where it fails. A copy counts where Ipopt succeeds; there genba must be
optimal, meet everything to 1e-6 p.u. and agree with Ipopt's objective to 1e-5, or be cheaper; where the
first optimum is dearer, the cheapest from all starts counts (`--start best`), and the copy is told. Where
only genba succeeds it is told. CPU seconds are sums of the solves over the copies, on one thread. Exit
status 1 when a copy that counts is not as it must be.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS

import argparse
import importlib.util
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from opf import checked, model_of
from rival_opf import SOLVED, Solved, by_pyoptinterface
from rival_problem import AcOpf, problem_of
from rival_published import buses
from rival_turns import cpu

from genba.grid.io import pglib
from genba.grid.io.matpower import read
from genba.grid.kernels.ac_opf import Start, solve_ac_opf
from genba.grid.kernels.opf_model import OpfModel
from genba.grid.records.case import Case

CASES = (
    *("case14_ieee", "case30_ieee", "case57_ieee", "case89_pegase", "case118_ieee", "case118_ieee__api"),
    *(
        "case300_ieee",
        "case500_goc",
        "case793_goc__sad",
        "case1354_pegase",
        "case1888_rte",
        "case2869_pegase",
    ),
)
SAME, MET = 1e-5, 1e-6
LOADS, COSTS = (0.9, 1.05), (0.5, 2.0)


@dataclass(frozen=True)
class Copy:
    """How both sides fared on one copy.

    Arguments:
        genba: CPU seconds of the solve.
        solved: whether genba ended optimal and meets everything.
        rival: Ipopt's answer.
        away: genba's objective to Ipopt's, relative; NaN where Ipopt failed.
        again: whether that is the cheapest from all starts, since the first was dearer than Ipopt's.
    """

    genba: float
    solved: bool
    rival: Solved
    away: float
    again: bool

    @property
    def good(self) -> bool:
        """Tell whether it is as it must be."""
        return self.rival.status != SOLVED or (self.solved and self.away <= SAME)


def perturbed(case: Case, copy: int, seed: int) -> Case:
    """Give a copy with other loads and costs."""
    random = np.random.default_rng([seed, crc32(case.name.encode()), copy])
    load = random.uniform(*LOADS, len(case.bus))
    cost = random.uniform(*COSTS, len(case.cost))
    bus = case.bus.replace(pd=case.bus["pd"] * load, qd=case.bus["qd"] * load)
    return replace(case, bus=bus, cost_data=case.cost_data * cost[:, None])


def rival(problem: AcOpf) -> Solved:
    """Solve with Ipopt, twice if need be."""
    flat = by_pyoptinterface(problem)
    return flat if flat.status == SOLVED else by_pyoptinterface(problem, "middle")


def copies(name: str, count: int, seed: int) -> Iterator[Copy]:
    """Solve the copies of a case."""
    case, _ = read(pglib.path(name))
    solve_ac_opf(model_of(case))  # kernels are loaded
    for copy in range(count):
        other = perturbed(case, copy, seed)
        problem, model = problem_of(other), model_of(other)
        answer = rival(problem)
        one = tried(problem, model, answer, "auto")
        yield one if one.good else tried(problem, model, answer, "best", before=one.genba)


def tried(problem: AcOpf, model: OpfModel, answer: Solved, start: Start, before: float = 0.0) -> Copy:
    """Solve from a start; what was spent before counts."""
    spent, found = cpu(lambda: solve_ac_opf(model, start=start))
    cost, violation = checked(problem, found)
    away = cost / answer.objective - 1 if answer.status == SOLVED else float("nan")
    solved = found.outcome == "optimal" and violation <= MET
    return Copy(before + spent, solved, answer, away, again=start == "best")


def compare(name: str, count: int, seed: int) -> bool:
    """Print a case's row; tell whether all copies are as they must be."""
    seen = list(copies(name, count, seed))
    ipopt = [copy for copy in seen if copy.rival.status == SOLVED]
    both = [copy.away for copy in ipopt if copy.solved]
    again = [place for place, copy in enumerate(seen) if copy.again]
    bad = [place for place, copy in enumerate(seen) if not copy.good]
    cells = [
        *(name, str(len(seen)), str(len(ipopt)), str(sum(copy.solved for copy in seen))),
        *(f"{min(both, default=np.nan):+.0e}", f"{max(both, default=np.nan):+.0e}"),
        *(f"{sum(copy.genba for copy in seen):.2f}", f"{sum(copy.rival.solve_cpu_s for copy in seen):.1f}"),
    ]
    cells += [", ".join(map(str, places)) or "-" for places in (again, bad)]
    print(f"| {' | '.join(cells)} |", flush=True)
    return not bad


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=CASES)
    parser.add_argument("--copies", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--largest", type=int, default=100_000)
    asked = parser.parse_args()
    missing = [name for name in ("casadi", "pyoptinterface") if not importlib.util.find_spec(name)]
    if missing:
        print(f"missing: {', '.join(missing)}; pip install 'genba[rivals]'")
        return 0
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}; CPU seconds\n")
    print("| case | copies | Ipopt solves | genba solves | least to Ipopt | most | genba | Ipopt ", end="")
    print("| from all starts | wrong |")
    print(f"|{'---|' * 10}")
    names = [name for name in asked.cases if buses(name) <= asked.largest]
    return 0 if all([compare(name, asked.copies, asked.seed) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
