"""Time DC optimal power flows, model building included, beside PyPSA and linopy with HiGHS.

    python benchmarks/grid/dc_opf.py [--cases NAME ...] [--repeats 5] [--all LARGEST] [--profile NAME]

genba's time begins with the case in memory and ends with the solved dispatch: network, islands, costs,
program, solution; "operation" is `grid.dispatch` with its result's tables, the file read and checked too;
its certificate is beside. The rivals begin with the DC network's arrays in per unit, so they convert less;
linopy has angles and flows, PyPSA its cycle formulation; both hand their model to HiGHS in memory. Flows
follow PowerModels' DCP, which both can express; `--formulation dcmp` follows MATPOWER, with taps and
shifts, its operation is `grid.opf --formulation dc`, and PyPSA is left out where a branch shifts. The tools
take turns, garbage collected before each; figures are medians of process CPU seconds on one thread. Exit
status 1 when a cost differs from a rival's that solved by more than 1e-6 (relative), or a certificate does
not hold. PyPSA, whose time grows fast, is left out above 3,000 buses (`--pypsa LARGEST`). `--all LARGEST`
runs every PGLib case up to so many buses against linopy alone, once each. `--profile` shows where the time
goes.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS

import argparse
import cProfile
import importlib.util
import math
import platform
import pstats
import statistics
import sys
from collections.abc import Callable
from typing import Any

from rival_dc import by_linopy, by_pypsa
from rival_published import baseline, buses
from rival_turns import medians

from genba.core.context import Context
from genba.grid.io import pglib
from genba.grid.io.matpower import read
from genba.grid.kernels.dc_opf import Curves, DcNetwork, dc_opf
from genba.grid.operations.dispatch import curves_of, dc_network, dispatch, grid_of
from genba.grid.operations.opf import opf
from genba.grid.records.case import Case
from genba.grid.records.dispatch import DispatchParams

CASES = (
    *("case118_ieee", "case1354_pegase", "case2000_goc", "case2869_pegase", "case4661_sdet"),
    *("case6468_rte", "case9241_pegase", "case10000_goc"),
)
SAME, TARGET = 1e-6, 5.0
HEAD = (
    "| case | cost, $/h | genba | operation | certificate | linopy | ratio | PyPSA | ratio | costs differ |"
)


def arrays(case: Case, formulation: str) -> tuple[DcNetwork, Curves]:
    """Build what the kernel takes, from a case in memory."""
    grid = grid_of(case)
    params = DispatchParams.model_validate({"case": "pglib:case5_pjm", "formulation": formulation})
    return dc_network(grid, params), curves_of(grid, Context())


def ours(case: Case, formulation: str) -> float:
    net, curves = arrays(case, formulation)
    solved = dc_opf(net, curves)
    return curves.at(solved.p) if solved.possible else math.nan


def compare(name: str, formulation: str, repeats: int, *, pypsa: bool) -> tuple[bool, float]:
    """Print a case's row; tell whether it is as it must be, and the ratio to the fastest rival."""
    case, _ = read(pglib.path(name))
    net, curves = arrays(case, formulation)
    context = Context(path=lambda file: pglib.path(name))
    named: Any = dispatch if formulation == "dcp" else opf
    params = named.parse({"case": f"pglib:{name}", "formulation": "dcp" if formulation == "dcp" else "dc"})
    result = named.function(params, context)
    tools: dict[str, Callable[[], Any]] = {
        "genba": lambda: ours(case, formulation),
        "operation": lambda: named.function(params, context).cost or math.nan,
        "certificate": lambda: named.certify(params, result, context).holds,
        "linopy": lambda: by_linopy(net, curves),
    }
    if pypsa and not net.shift.any():
        tools["pypsa"] = lambda: by_pypsa(net, curves, case.base_mva)
    seconds, costs = medians(tools, repeats)
    cost = costs["genba"]
    gaps = {tool: abs(costs[tool] / cost - 1) for tool in tools if tool not in ("genba", "certificate")}
    rivals = [tool for tool in ("linopy", "pypsa") if not math.isnan(costs.get(tool, math.nan))]
    ratio = min((seconds[tool] / seconds["genba"] for tool in rivals), default=math.nan)
    cells = [f"{seconds['genba']:.4f}", f"{seconds['operation']:.3f}", f"{seconds['certificate']:.3f}"]
    for tool in ("linopy", "pypsa"):
        factor = f"{seconds[tool] / seconds['genba']:.0f}" if tool in rivals else "-"
        cells += [_solved(seconds, costs, tool), factor]
    worst = max((gaps[tool] for tool in rivals), default=math.nan)
    print(f"| {name} | {cost:.6e} | {' | '.join(cells)} | {worst:.0e} |", flush=True)
    same = not worst > SAME and not gaps["operation"] > SAME
    return same and bool(costs["certificate"]), ratio


def _solved(seconds: dict[str, float], costs: dict[str, float], tool: str) -> str:
    if tool not in seconds:
        return "-"
    return f"{seconds[tool]:.2f}" + (" (no optimum)" if math.isnan(costs[tool]) else "")


def profile(name: str, formulation: str) -> None:
    """Show the calls in which most of genba's time is spent."""
    case, _ = read(pglib.path(name))
    ours(case, formulation)
    profiler = cProfile.Profile()
    profiler.runcall(ours, case, formulation)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats("genba|highs", 28)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=CASES)
    parser.add_argument("--formulation", choices=("dcp", "dcmp"), default="dcp")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--pypsa", type=int, metavar="LARGEST", default=3000)
    parser.add_argument("--all", type=int, metavar="LARGEST")
    parser.add_argument("--profile", metavar="NAME")
    asked = parser.parse_args()
    if asked.profile:
        profile(asked.profile, asked.formulation)
        return 0
    if not importlib.util.find_spec("linopy"):
        print("linopy is missing: pip install 'genba[rivals]'")
        return 0
    print(f"{platform.machine()}, Python {platform.python_version()}; CPU seconds\n\n{HEAD}")
    print("|---|---|---|---|---|---|---|---|---|---|")
    names = list(asked.cases)
    if asked.all:
        feasible = {name for name, row in baseline().items() if not math.isnan(row.dc)}
        names = [name for name in pglib.names() if buses(name) <= asked.all and name in feasible]
    net, curves = arrays(read(pglib.path("case5_pjm"))[0], "dcp")
    by_linopy(net, curves), by_pypsa(net, curves, 100.0)  # the rivals' first call imports
    repeats, pypsa = (1, 0) if asked.all else (asked.repeats, asked.pypsa)
    rows = [compare(name, asked.formulation, repeats, pypsa=buses(name) <= pypsa) for name in names]
    ratios = [ratio for _, ratio in rows if not math.isnan(ratio)]
    if ratios:
        print(f"\nratio to the faster rival: {min(ratios):.1f} or more, ", end="")
        print(f"geometric mean {statistics.geometric_mean(ratios):.1f}; target {TARGET:.0f}")
    return 0 if all(good for good, _ in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
