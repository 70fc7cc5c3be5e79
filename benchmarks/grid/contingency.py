"""Time N-1 of every branch beside lightsim2grid from one secure point, and measure what the screen finds.

    python benchmarks/grid/contingency.py [--cases NAME ...] [--repeats 3] [--threads 1]
        [--whole | --pairs | --cancel]

The operating point is an AC optimal power flow with margins that are feasible: the largest of 0.01, 0.005,
0.002 and 0 p.u. of voltage kept free, then the largest of 30, 20, 10, 5, 2 and 0 % of every rating; its
outputs and set points solved as a power flow to 5e-9 p.u. A first pass finds the outages that both tools
solve and that split nothing; only these are timed, by both: lightsim2grid's `ContingencyAnalysisCPP.compute`
(voltages only, tolerance 1e-9, its unit of mismatch is another) against genba's study of the same outages:
preparation, solution, and the limits of every outage judged. "Unscreened" solves each in AC, "screened" only
what linear steps do not clear. Both run on as many threads as asked for; figures are medians of process CPU
seconds of runs in turns, or with several threads of seconds on the wall, garbage collected before each.
Checked: voltages of a sample equal to lightsim2grid's to 1e-6 p.u., and every outage that violates a limit in
the unscreened study found by the screened one (recall 1). Exit status 1 when either fails.

`--whole` times the whole operation instead: every branch and unit, its tables, its certificate apart.
`--pairs` compares the ranking of pairs of branches with the AC solution of all of them, from balanced
outputs: of the pairs that pass a rating which neither loss alone passes, the share among the first 20, 50,
100 and 500 ranked, and among as many drawn at random. `--cancel` tells how long a study goes on after a wish
to stop that comes half a second, and three seconds, after its base is solved.
"""

import argparse
import platform
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from rival_turns import cpu, medians

from genba.core.context import Context
from genba.core.errors import Cancelled
from genba.grid.io import pglib
from genba.grid.io.changes import apply
from genba.grid.io.matpower import read
from genba.grid.kernels import outage_study
from genba.grid.kernels.limits import RATING
from genba.grid.kernels.network import PQ, PV, REFERENCE
from genba.grid.kernels.outage_lanes import UNSOLVED, desk_of
from genba.grid.kernels.outage_rounds import first_of
from genba.grid.kernels.outage_stream import go_on
from genba.grid.kernels.outage_study import MANY, WORTH
from genba.grid.kernels.outage_verdicts import Lost, Passed, Study, Verdicts, passed, verdicts_of
from genba.grid.kernels.steady_state import solve
from genba.grid.operations import contingency as operation
from genba.grid.operations.contingency import Base, contingency
from genba.grid.operations.opf import opf
from genba.grid.operations.powerflow import prepare
from genba.grid.records.case import Case
from genba.num.lu.lanes import LANES

CASES = ("case118_ieee", "case300_ieee", "case1354_pegase", "case1888_rte", "case2848_rte", "case2869_pegase")
FLOW_MARGINS, VOLTAGE_MARGINS = (30.0, 20.0, 10.0, 5.0, 2.0, 0.0), (0.01, 0.005, 0.002, 0.0)
"""What is kept free of ratings, %, and of voltage limits, p.u."""
SAMPLE = 96
"""Outages whose voltages are compared."""


@dataclass(frozen=True)
class Point:
    """A case whose outputs and set points are those of an optimal power flow."""

    case: Case
    changes: tuple[str, ...]
    margin: float
    voltage_margin: float
    base: Base


def secure(name: str) -> Point:
    """Dispatch with the largest margin that is feasible, and solve the base."""
    context = Context(path=lambda file: pglib.path(name))
    for voltage_margin, margin in product(VOLTAGE_MARGINS, FLOW_MARGINS):
        asked = {"case": f"pglib:{name}", "flow_margin": margin, "voltage_margin": voltage_margin}
        found = opf.function(opf.parse(asked), context)
        if found.outcome in ("optimal", "feasible"):
            break
    else:
        raise SystemExit(f"{name}: no operating point")
    vm = dict(zip(found.buses["bus"].tolist(), found.buses["vm"].tolist(), strict=True))
    changes = tuple(
        change
        for unit, (bus, p, q, on) in enumerate(
            zip(*(found.units[name].tolist() for name in ("bus", "p", "q", "in_service")), strict=True), 1
        )
        if on
        for change in (f"gen.{unit}.pg={p!r}", f"gen.{unit}.qg={q!r}", f"gen.{unit}.vg={vm[bus]!r}")
    )
    case = apply(read(pglib.path(name))[0], changes)
    params = contingency.parse({"case": f"pglib:{name}"})
    study = prepare(params, case)
    state = solve(study.model, study.schedule, vm=study.vm, va=study.va)
    if not state.converged:
        raise SystemExit(f"{name} did not converge")
    base = operation._base(params, study, state, operation._monitored(params, case))
    return Point(case, changes, margin, voltage_margin, base)


class Light:
    """lightsim2grid at the operating point."""

    def __init__(self, point: Point, threads: int) -> None:
        from lightsim2grid.lightsim2grid_cpp import ContingencyAnalysisCPP
        from lightsim2grid.network import init_from_matpower

        case, state = point.case, point.base.given.state
        self.voltage = state.at.voltage
        self.grid = init_from_matpower(ppc(case, point.base.given))
        self.grid.ac_pf(self.voltage.copy(), 30, 1e-9)
        self.threads, self.analysis = threads, ContingencyAnalysisCPP
        transformer = (case.branch["ratio"] != 0) | (case.branch["shift"] != 0)
        # lightsim2grid lists lines first, then transformers
        self.order = np.concatenate([np.flatnonzero(~transformer), np.flatnonzero(transformer)])

    def run(self, rows: np.ndarray) -> np.ndarray:
        """Give the voltages of the outages of these branches, shape (rows, n); 0 where it has none."""
        analysis = self.analysis(self.grid)
        if self.threads > 1:
            analysis.nb_thread = self.threads
        place = np.empty(len(self.order), np.int64)
        place[self.order] = np.arange(len(self.order))
        wanted = place[rows]
        for one in wanted.tolist():
            analysis.add_n1(one)
        analysis.compute(self.voltage.copy(), 30, 1e-9)
        return np.asarray(analysis.get_voltages())[np.argsort(np.argsort(wanted))]


def ppc(case: Case, given: Study) -> dict[str, Any]:
    """Give a case in PYPOWER's form at a solved base; the reference is the one that has a unit.

    Units at PQ buses become negative demand: lightsim2grid would have every unit hold its voltage, whatever
    the type of its bus (MATPOWER ignores Vg there).
    """
    bus, gen, branch = (
        np.column_stack([rows[name].astype(float) for name in rows.columns.names])
        for rows in (case.bus, case.gen, case.branch)
    )
    gen = np.hstack([gen, np.zeros((len(gen), 11))])
    state, at, on = given.state, given.model.network.unit_bus, given.schedule.unit_on
    gen[:, 1] = state.unit_p * case.base_mva
    bus[:, 1] = np.where(bus[:, 1] == REFERENCE, PV, bus[:, 1])
    bus[state.kind == REFERENCE, 1] = REFERENCE
    fixed = on & (state.kind[at] == PQ)
    for column, output in ((2, state.unit_p), (3, state.unit_q)):
        np.subtract.at(bus[:, column], at[fixed], output[fixed] * case.base_mva)
    gen[fixed, 7] = 0
    return {"version": "2", "baseMVA": case.base_mva, "bus": bus, "gen": gen, "branch": branch}


def lost(rows: np.ndarray) -> Lost:
    return Lost(list(zip(rows.tolist(), strict=True)), [()] * len(rows))


def ours(base: Base, rows: np.ndarray, threads: int, screen: int | None) -> tuple[Verdicts, Passed]:
    verdicts = verdicts_of(len(rows))
    for _ in outage_study.study(base.given, lost(rows), verdicts, threads=threads, screen=screen):
        pass
    return verdicts, passed(base.given, verdicts)


def voltages(base: Base, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give which outages lanes solve, and their voltages by bus, shape (rows, n)."""
    lanes = outage_study._lanes(base.given, lost(rows), 1)
    found = np.zeros((len(rows), len(base.case.bus)), complex)
    solved = np.zeros(len(rows), bool)
    assert lanes is not None
    room = 2 * LANES * (len(base.limits.kind) + 2 * len(base.case.bus))
    for first in range(0, len(rows), LANES):
        some = np.arange(first, min(first + LANES, len(rows)))
        grid, work = outage_study._grid(lanes, first_of(some))
        desk = desk_of(grid.point, len(grid.branches.ends), room)
        assert go_on(grid, work, outage_study._rules(lanes, None), desk, len(some))
        solved[some], count = work.status != UNSOLVED, int((work.status != UNSOLVED).sum())
        x = desk.done.room.voltage[lanes.ground.position]  # (n, 2, 8)
        found[some[desk.done.numbers[:count]]] = (x[:, 0] + 1j * x[:, 1]).T[:count]
    return solved, found


def common(point: Point, light: Light) -> np.ndarray:
    """Give the branches whose loss splits nothing and that both tools solve."""
    given = point.base.given
    f = given.model.network.from_bus
    rows = np.flatnonzero(given.schedule.branch_on & (given.schedule.island[f] > 0))
    verdicts, _ = ours(point.base, rows, 1, None)
    theirs = np.abs(light.run(rows)).min(axis=1) > 0
    return rows[verdicts.converged & (verdicts.cut_off == 0) & theirs]


def beside(name: str, repeats: int, threads: int) -> bool:
    """Print one row of the table; tell whether voltages and recall are as they must be."""
    point = secure(name)
    light = Light(point, threads)
    rows = common(point, light)
    tools = {
        "light": lambda: light.run(rows),
        "all": lambda: ours(point.base, rows, threads, None),
        "screened": lambda: ours(point.base, rows, threads, 0),
    }
    clock = time.perf_counter if threads > 1 else time.process_time
    seconds, results = medians(tools, repeats, clock=clock)
    some = rows[:: max(1, len(rows) // SAMPLE)]
    solved, mine = voltages(point.base, some)
    theirs = light.run(some)  # some that it solved among all it does not among these
    gap = float(np.abs(mine - theirs)[solved & (np.abs(theirs).min(axis=1) > 0)].max())
    bad = np.unique(results["all"][1].outage)
    missed = len(np.setdiff1d(bad, np.unique(results["screened"][1].outage)))
    left = int(results["screened"][0].screened.sum())
    rates = {tool: len(rows) / spent for tool, spent in seconds.items()}
    print(
        f"| {name} | {point.margin:.0f}, {point.voltage_margin:g} | {len(rows):,} | "
        f"{rates['light']:,.0f} | {rates['all']:,.0f} | {rates['all'] / rates['light']:.1f} | "
        f"{rates['screened']:,.0f} | {rates['screened'] / rates['light']:.1f} | {left / len(rows):.0%} | "
        f"{len(bad)} | {1.0 - missed / max(len(bad), 1):.3f} | {gap:.0e} |",
        flush=True,
    )
    return gap < 1e-6 and missed == 0


def whole(name: str, repeats: int, threads: int) -> None:
    """Print the time of the whole operation, tables included, and of its certificate."""
    point = secure(name)
    context = Context(path=lambda file: pglib.path(name), threads=threads)
    cells = []
    for screen in ("none", "linear"):
        params = contingency.parse({"case": f"pglib:{name}", "set": point.changes, "screen": screen})
        seconds, results = medians(
            {"run": lambda params=params: contingency.function(params, context)}, repeats
        )
        result = results["run"]
        spent, certificate = cpu(
            lambda params=params, result=result: contingency.certify(params, result, context)
        )
        if not certificate.holds:
            raise SystemExit(f"{name}: refused: {[claim.name for claim in certificate.failed]}")
        cells += [f"{seconds['run']:.2f}", f"{spent:.2f}"]
        if screen == "none":
            cells = [f"{result.studied:,}", f"{result.islanded}", *cells]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def paired(name: str) -> None:
    """Print which share of the pairs that jointly overload a branch the ranking puts first."""
    context = Context(path=lambda file: pglib.path(name))
    params = contingency.parse({"case": f"pglib:{name}", "generation": "balanced", "pairs": 100_000})
    study = prepare(params, read(pglib.path(name))[0])
    state = solve(study.model, study.schedule, vm=study.vm, va=study.va)
    base = operation._base(params, study, state, operation._monitored(params, study.case))
    spent, ranking = cpu(lambda: operation._ranked(params, base, context))
    alone = np.union1d(ranking.first, ranking.second)
    both = list(zip(ranking.first.tolist(), ranking.second.tolist(), strict=True))
    lost = Lost([*((row,) for row in alone.tolist()), *both], [()] * (len(alone) + len(both)))
    verdicts = verdicts_of(len(lost.branches))
    for _ in outage_study.study(base.given, lost, verdicts, threads=1, screen=None):
        pass
    broken = passed(base.given, verdicts)
    over = base.limits.kind[broken.limit] == RATING
    found: dict[tuple[int, ...], set[int]] = {}
    for outage, limit in zip(broken.outage[over].tolist(), broken.limit[over].tolist(), strict=True):
        found.setdefault(lost.branches[outage], set()).add(limit)
    none: set[int] = set()
    new = np.array(
        [bool(found.get(pair, none) - found.get(pair[:1], none) - found.get(pair[1:], none)) for pair in both]
    )
    shares = []
    for count in (20, 50, 100, 500):
        most = min(1.0, count / max(new.sum(), 1))
        shares.append(
            f"{new[:count].sum() / max(new.sum(), 1):.0%} of {most:.0%}, {min(1.0, count / len(both)):.1%}"
        )
    print(f"| {name} | {len(both):,} | {new.sum()} | {spent:.2f} | {' | '.join(shares)} |", flush=True)


def stopped(name: str, threads: int) -> None:
    """Print how long a study goes on after a wish to stop."""
    cells = []
    for delay in (0.5, 3.0):
        solved: list[float] = []

        def heard(fraction: float, message: str, solved: list[float] = solved) -> None:
            if "outages" in message and not solved:
                solved.append(time.perf_counter())

        context = Context(path=lambda file: pglib.path(name), threads=threads, report=heard)
        context.cancelled = lambda solved=solved, delay=delay: (
            bool(solved) and time.perf_counter() > solved[0] + delay
        )
        params = contingency.parse({"case": f"pglib:{name}", "generation": "balanced"})
        try:
            contingency.function(params, context)
            cells.append("done before")
        except Cancelled:
            cells.append(f"{time.perf_counter() - solved[0] - delay:.2f}")
    print(f"| {name} | {threads} | {' | '.join(cells)} |", flush=True)


HEADS: dict[str, Sequence[str]] = {
    "beside": (
        "case",
        "margins, % and p.u.",
        "outages",
        "lightsim2grid, per s",
        "unscreened, per s",
        "ratio",
        "screened, per s",
        "ratio",
        "screened out",
        "with violations",
        "recall",
        "voltages differ, p.u.",
    ),
    "whole": ("case", "outages", "islanded", "run, s", "certificate, s", "screened run, s", "certificate, s"),
    "pairs": ("case", "pairs", "joint overloads", "ranking, CPU s", "first 20", "50", "100", "500"),
    "cancel": ("case", "threads", "after 0.5 s: s", "after 3 s: s"),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=CASES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    for mode in ("whole", "pairs", "cancel"):
        parser.add_argument(f"--{mode}", dest="mode", action="store_const", const=mode, default="beside")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # the rival's own
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}; ", end="")
    print(f"{options.threads} threads, {MANY} steps at most, lanes from {WORTH} outages\n")
    heads = HEADS[options.mode]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name in options.cases if options.mode != "beside" else ():
        if options.mode == "whole":
            whole(name, options.repeats, options.threads)
        elif options.mode == "pairs":
            paired(name)
        else:
            stopped(name, options.threads)
    if options.mode != "beside":
        return 0
    agree = [beside(name, options.repeats, options.threads) for name in options.cases]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
