"""Time and check AC optimal power flows beside Ipopt (by pyoptinterface and casadi) and PYPOWER.

    python benchmarks/grid/opf.py [--cases NAME ...] [--all] [--largest BUSES] [--repeats 5] [--fresh BUSES]

genba's time is `solve_ac_opf` with the model in memory: start, ordering, analysis, iterations, multipliers;
its model's building and the certificate are beside. The rivals' time is the solver's call alone, their
building beside; all at tolerance 1e-8, on one thread, from a flat start. The tools take turns, garbage
collected before each; figures are medians of process CPU seconds, and a tool that took longer than 20 s is
not called again. Above `--fresh` buses (and with `--all` by default) Ipopt is not run: its objective and
seconds are those of ipopt_objectives.csv (rival_sweep.py), marked with *. MadNLP's published seconds (wall,
on a GPU) stand beside. Objective and violation of genba's point are recomputed here, from the rivals'
problem.

Exit status 1 when an answer is not as it must be: costlier than Ipopt's by more than 1e-6 (relative) or than
PGLib's BASELINE.md by 1e-4, below the bound of its second-order cone relaxation, a violation above 1e-6 p.u.,
or a certificate that does not hold. Times below their targets are told, and do not change the status.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS

import argparse
import importlib.util
import math
import platform
import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import rival_opf
from rival_opf import SOLVED, Solved
from rival_problem import AcOpf, problem_of
from rival_published import MADNLP_1E_8, baseline, buses
from rival_sweep import objectives
from rival_turns import cpu, medians

from genba.core.context import Context
from genba.grid.io import pglib
from genba.grid.io.matpower import read
from genba.grid.kernels.ac_opf import solve_ac_opf
from genba.grid.kernels.islands import islands
from genba.grid.kernels.network import network_of
from genba.grid.kernels.opf_model import AcSolution, OpfLimits, OpfModel, opf_model
from genba.grid.kernels.sources import CostRows, sources_of
from genba.grid.operations.opf import opf
from genba.grid.records.case import Case
from genba.grid.records.opf import OpfParams

CASES = (
    *("case118_ieee", "case1354_pegase", "case1888_rte", "case2000_goc", "case2742_goc", "case2869_pegase"),
    *("case4661_sdet", "case6468_rte", "case8387_pegase", "case9241_pegase"),
)
SAME, PUBLISHED, MET = 1e-6, 1e-4, 1e-6
LARGE, FACTOR, MEAN = 1354, 25.0, 40.0
"""From this number of buses on every case is to be so much faster than its fastest rival, and their mean."""
FACTORS = {"case118_ieee": 12.0, "case9241_pegase": 40.0}
HEAD = (
    "| case | objective | to Ipopt | to BASELINE | violation | it | build | genba | certificate "
    "| Ipopt it | pyoptinterface | casadi | PYPOWER | ratio | MadNLP |"
)


@dataclass
class Row:
    """What was seen of a case.

    Arguments:
        name: of the case.
        faults: what is not as it must be.
        ratio: CPU seconds of the fastest rival that solved it, over genba's; NaN without one.
    """

    name: str
    faults: list[str] = field(default_factory=list)
    ratio: float = math.nan


def model_of(case: Case) -> OpfModel:
    """Build what the kernel takes, from a case in memory."""
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    count = len(case.gen)
    costs = CostRows(
        model=case.cost["model"][:count], terms=case.cost["terms"][:count], data=case.cost_data[:count]
    )
    branch = case.branch
    free = (branch["angmin"] == 0) & (branch["angmax"] == 0)
    limits = OpfLimits(
        vm_min=case.bus["vmin"],
        vm_max=case.bus["vmax"],
        rating=np.where(branch["rate_a"] > 0, branch["rate_a"] / case.base_mva, np.inf),
        angle_min=np.where(free | (branch["angmin"] <= -360), -np.inf, np.radians(branch["angmin"])),
        angle_max=np.where(free | (branch["angmax"] >= 360), np.inf, np.radians(branch["angmax"])),
    )
    return opf_model(network, sources_of(network, costs), limits, island=islands(network))


def checked(problem: AcOpf, found: AcSolution) -> tuple[float, float]:
    """Give cost and violation of a point, by the rivals' problem."""
    voltage = found.vm * np.exp(1j * found.va)
    return problem.cost_at(found.p), problem.violation(voltage, found.p + 1j * found.q)


def rivals_of(problem: AcOpf, case: Case, *, pypower: int) -> dict[str, Callable[[], Solved]]:
    """Give the rivals' calls by name."""
    tools: dict[str, Callable[[], Solved]] = {
        "pyoptinterface": lambda: rival_opf.by_pyoptinterface(problem),
        "casadi": lambda: rival_opf.by_casadi(problem),
    }
    if len(problem.vmin) <= pypower:
        tools["PYPOWER"] = lambda: rival_opf.by_pypower(case)
    return tools


def in_turns(
    tools: dict[str, Callable[[], Solved]], ours: Callable[[], AcSolution], repeats: int
) -> tuple[float, AcSolution, dict[str, Solved]]:
    """Give genba's median seconds and last answer, and the rivals' answers with their median solve times."""
    taken: dict[str, list[Solved]] = {name: [] for name in tools}

    def noted(name: str) -> None:
        taken[name].append(tools[name]())

    calls: dict[str, Callable[[], Any]] = {"genba": ours}
    calls |= {name: lambda name=name: noted(name) for name in tools}  # type: ignore[misc]
    seconds, results = medians(calls, repeats)
    answers = {
        name: Solved(
            rows[-1].status,
            rows[-1].objective,
            rows[-1].iterations,
            statistics.median(row.build_cpu_s for row in rows),
            statistics.median(row.solve_cpu_s for row in rows),
        )
        for name, rows in taken.items()
    }
    return seconds["genba"], results["genba"], answers


def compare(name: str, repeats: int, *, fresh: bool, pypower: int, certify: bool) -> Row:
    """Run a case, print its row and give what was seen."""
    case, _ = read(pglib.path(name))
    problem, row = problem_of(case), Row(name)
    build, model = cpu(lambda: model_of(case))
    solve_ac_opf(model)  # kernels are loaded
    tools = rivals_of(problem, case, pypower=pypower) if fresh else {}
    seconds, found, answers = in_turns(tools, lambda: solve_ac_opf(model), repeats)
    mark = "" if fresh else "*"
    if not fresh:
        answers = recorded(name)
    cost, violation = checked(problem, found)
    best = min((one.objective for one in answers.values() if one.status == SOLVED), default=math.nan)
    to_ipopt, to_baseline = cost / best - 1, cost / baseline()[name].ac - 1
    certificate = certified(name, row) if certify else math.nan
    if found.outcome != "optimal":
        row.faults.append(found.outcome)
    judge(row, cost, violation, to_ipopt=to_ipopt, to_baseline=to_baseline)
    solved = [one.solve_cpu_s for one in answers.values() if one.status == SOLVED]
    row.ratio = min(solved, default=math.nan) / seconds
    ipopt = answers.get("pyoptinterface")
    cells = [
        *(name, f"{cost:.6e}", f"{to_ipopt:+.0e}", f"{to_baseline:+.0e}", f"{violation:.0e}"),
        *(str(found.iterations), f"{build:.3f}", f"{seconds:.4f}", f"{certificate:.3f}"),
        str(ipopt.iterations if ipopt else "-"),
        *(timed(answers.get(tool), mark) for tool in ("pyoptinterface", "casadi", "PYPOWER")),
        *(f"{row.ratio:.1f}", MADNLP_1E_8.get(name, "-")),
    ]
    print(f"| {' | '.join(cells)} | {', '.join(row.faults)}".rstrip(" "), flush=True)
    return row


def judge(row: Row, cost: float, violation: float, *, to_ipopt: float, to_baseline: float) -> None:
    """Note what is not as it must be."""
    if to_ipopt > SAME:
        row.faults.append("costlier than Ipopt")
    if to_baseline > PUBLISHED:
        row.faults.append("costlier than BASELINE")
    if cost < baseline()[row.name].soc_bound * (1 - PUBLISHED):
        row.faults.append("below the bound")
    if not violation <= MET:
        row.faults.append("limits or balances not met")


def certified(name: str, row: Row) -> float:
    """Run the operation; give the certificate's CPU seconds."""
    params, context = (
        OpfParams.model_validate({"case": f"pglib:{name}"}),
        Context(path=lambda f: pglib.path(name)),
    )
    result = opf.function(params, context)
    seconds, certificate = cpu(lambda: opf.certify(params, result, context))
    row.faults += [f"refused: {claim.name}" for claim in certificate.failed]
    return seconds


def recorded(name: str) -> dict[str, Solved]:
    """Give Ipopt's answer from the table."""
    row = objectives().get(name)
    if row is None:
        return {}
    numbers = float(row["objective"]), int(row["iterations"]), math.nan, float(row["solve_cpu_s"])
    return {"pyoptinterface": Solved(row["status"], *numbers)}


def timed(answer: Solved | None, mark: str) -> str:
    """Give building + solving seconds."""
    if answer is None:
        return "-"
    build = "" if math.isnan(answer.build_cpu_s) else f"{answer.build_cpu_s:.2f} + "
    failed = "" if answer.status == SOLVED else f" ({answer.status})"
    return f"{build}{answer.solve_cpu_s:.2f}{mark}{failed}"


def verdict(rows: Iterable[Row]) -> None:
    """Tell how the times stand to their targets."""
    ratios = {row.name: row.ratio for row in rows if not math.isnan(row.ratio)}
    large = {name: ratio for name, ratio in ratios.items() if buses(name) >= LARGE}
    typical = [ratio for name, ratio in large.items() if "__" not in name]
    if typical:
        mean = statistics.geometric_mean(typical)
        print(
            f"\ngeometric mean of {len(typical)} typical cases from {LARGE} buses: {mean:.1f} (target {MEAN})"
        )
    for name, ratio in ratios.items():
        target = FACTORS.get(name, FACTOR if name in large else 0.0)
        if ratio < target:
            print(f"{name}: {ratio:.1f} times faster, the target is {target:.0f}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=CASES)
    parser.add_argument("--all", action="store_true", help="every PGLib case, Ipopt from the table")
    parser.add_argument("--largest", type=int, default=100_000, help="with --all: up to so many buses")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--fresh", type=int, help="run Ipopt up to so many buses")
    parser.add_argument("--pypower", type=int, default=300, help="run PYPOWER up to so many buses")
    parser.add_argument("--no-certificate", action="store_true")
    asked = parser.parse_args()
    missing = [name for name in ("casadi", "pyoptinterface") if not importlib.util.find_spec(name)]
    if missing:
        print(f"missing: {', '.join(missing)}; pip install 'genba[rivals]'")
        return 0
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}; CPU seconds\n")
    rows = table(asked)
    verdict(rows)
    return 1 if any(row.faults for row in rows) else 0


def table(asked: argparse.Namespace) -> list[Row]:
    """Print the table of cases; a rival's seconds are building + solving."""
    names = [name for name in pglib.names() if buses(name) <= asked.largest] if asked.all else asked.cases
    fresh = asked.fresh if asked.fresh is not None else 0 if asked.all else 100_000
    small, _ = read(pglib.path("case5_pjm"))
    for tool in rivals_of(problem_of(small), small, pypower=300).values():
        tool()  # the rivals' first call imports
    print(f"{HEAD}\n{'|---' * 15}|")
    return [
        compare(
            name,
            asked.repeats,
            fresh=buses(name) <= fresh,
            pypower=asked.pypower,
            certify=not asked.no_certificate,
        )
        for name in names
    ]


if __name__ == "__main__":
    sys.exit(main())
