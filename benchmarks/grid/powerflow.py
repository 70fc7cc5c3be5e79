"""Time one power flow from cold, and 1,000 scenarios, beside lightsim2grid, pandapower and power-grid-model.

    python benchmarks/grid/powerflow.py [--cases NAME ...] [--scenarios 1000] [--repeats 7] [--whole]

Cold: the grid lies in memory with the outputs of a balanced start, nothing is analysed. genba's time is
analysis of the pattern, islands, DC start, Newton and the way back to units, to 5e-9 p.u., from magnitudes
in memory. lightsim2grid's is `ac_pf` after `tell_solver_need_reset`, from the angles of genba's DC start
(tolerance 1e-9, its unit of mismatch is another), and, with its own DC start, `dc_pf` before it;
pandapower's is `runpp` with numba, warm, DC start; power-grid-model's is `calculate_power_flow` of a new
model. power-grid-model has no unit that holds its voltage: it is given the reactive outputs that genba
found, so its problem is another and easier one, and it has no part in the scenarios, where those outputs
are what is sought.

Scenarios: every load of every scenario times a factor of its own (seeded), active and reactive. genba's
time is `batch_of` and `solve_block` in memory, losses, extremes and violations of every scenario included;
lightsim2grid's is that of `TimeSeriesCPP.compute_Vs` ("series") and of a loop of `update_loads_p`,
`update_loads_q` and `ac_pf` from the base state ("loop"), voltages only; the ratio is to the faster.
`--whole` adds genba's whole operation: a Parquet file read and checked, everything solved, tabled, and
certified.

One thread each; tools take turns, garbage collected before each, so that every tool finds the caches as
emptied as the next; medians of process CPU seconds. "in a row" is a cold solve again and again, caches warm:
genba, lightsim2grid, its DC start too. The limit:
"Mflop" is what the solutions and factorisations of a cold solve need at least, "Gflop/s" what the scenarios
reach; one core with 512-bit fused multiply and add has a peak of some 50 to 100. Exit status 1 when
voltages differ from lightsim2grid's by more than 1e-8 p.u. (lowest voltages of scenarios: 1e-7).
"""

import argparse
import contextlib
import gc
import io
import platform
import resource
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genba.core.context import Context
from genba.core.inputs import InputFile
from genba.grid.io import pglib
from genba.grid.io.matpower import read
from genba.grid.kernels.scenario_blocks import STATUSES, TABLES, Answers, Batch, batch_of, solve_block
from genba.grid.kernels.scenario_values import Asked
from genba.grid.kernels.scenarios import room_of
from genba.grid.kernels.steady_state import State
from genba.grid.kernels.whole_solution import solve_afresh
from genba.grid.operations.powerflow import Study, blocks_of, powerflow, prepare
from genba.grid.records.case import Case
from genba.grid.records.powerflow import PowerflowParams
from genba.num.parquet import write
from genba.num.table import Column, Columns, table

CASES = ("case118_ieee", "case1354_pegase", "case2869_pegase", "case9241_pegase")
SPREAD = {"case9241_pegase": 0.01}
"""How far loads move from the base, as a share; by more, some scenarios of this case have no solution."""
WARM_UP = 1


def medians(tools: Mapping[str, Callable[[], Any]], repeats: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Let the tools take turns; give median CPU seconds and the last result of each."""
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    results: dict[str, Any] = {}
    for number in range(WARM_UP + repeats):
        for name, tool in tools.items():
            gc.collect()
            start = time.process_time()
            results[name] = tool()
            if number >= WARM_UP:
                seconds[name].append(time.process_time() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}, results


def in_a_row(tools: Mapping[str, Callable[[], Any]], turns: int = 15, runs: int = 20) -> dict[str, float]:
    """Let the tools take turns of many runs each; give median CPU seconds of a run."""
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    for _ in range(turns):
        for name, tool in tools.items():
            start = time.process_time()
            for _ in range(runs):
                tool()
            seconds[name].append((time.process_time() - start) / runs)
    return {name: statistics.median(times) for name, times in seconds.items()}


def ppc(case: Case, p: np.ndarray) -> dict[str, Any]:
    """Give a case in PYPOWER's form with outputs `p`, MW."""
    bus, gen, branch = (
        np.column_stack([rows[name].astype(float) for name in rows.columns.names])
        for rows in (case.bus, case.gen, case.branch)
    )
    gen = np.hstack([gen, np.zeros((len(gen), 11))])
    gen[:, 1] = p
    return {"version": "2", "baseMVA": case.base_mva, "bus": bus, "gen": gen, "branch": branch}


def cold(study: Study) -> State:
    """Solve with nothing analysed."""
    return solve_afresh(study.model.network, study.model.budget, study.vm).state


def pandapower_run(case: Case, p: np.ndarray) -> Callable[[], np.ndarray]:
    import pandapower
    from pandapower.converter.pypower import from_ppc

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        grid = from_ppc(ppc(case, p), f_hz=50, validate_conversion=False)

    def run() -> np.ndarray:
        tolerance = 1e-8 * case.base_mva
        pandapower.runpp(
            grid, init="dc", calculate_voltage_angles=True, trafo_model="pi", tolerance_mva=tolerance
        )
        degrees = grid.res_bus.va_degree.to_numpy()
        return np.asarray(grid.res_bus.vm_pu.to_numpy() * np.exp(1j * np.radians(degrees)))

    return run


def power_grid_model_run(study: Study, state: State) -> Callable[[], np.ndarray]:
    """Give a run of the same state with every unit's reactive output given; all nodes rated 1 kV."""
    from power_grid_model import PowerGridModel, initialize_array

    network, n = study.model.network, study.model.network.n_bus
    size, ohm = network.base_mva * 1e6, 1e6 / (network.base_mva * 1e6)
    given, on, m = 0, network.branch_on, int(network.branch_on.sum())

    def rows(kind: str, count: int) -> Any:
        nonlocal given
        array = initialize_array("input", kind, count)
        array["id"] = np.arange(given, given + count)
        given += count
        return array

    node, branch, load = rows("node", n), rows("generic_branch", m), rows("sym_load", n)
    unit, shunt, source = rows("sym_gen", n), rows("shunt", n), rows("source", 1)
    reference = int(np.flatnonzero(state.kind == 3)[0])
    node["u_rated"] = 1e3
    branch["from_node"], branch["to_node"] = network.from_bus[on], network.to_bus[on]
    branch["from_status"] = branch["to_status"] = 1
    branch["r1"], branch["x1"] = network.impedance.real[on] * ohm, network.impedance.imag[on] * ohm
    branch["g1"], branch["b1"] = 0.0, network.charging[on] / ohm
    branch["k"], branch["theta"] = np.abs(network.tap)[on], np.angle(network.tap)[on]
    branch["sn"] = size
    produced = np.bincount(network.unit_bus, state.unit_p, n) + 1j * np.bincount(
        network.unit_bus, state.unit_q, n
    )
    produced[reference] = 0.0
    for array, power in ((load, network.demand), (unit, produced)):
        array["node"], array["status"], array["type"] = np.arange(n), 1, 0
        array["p_specified"], array["q_specified"] = power.real * size, power.imag * size
    shunt["node"], shunt["status"] = np.arange(n), 1
    shunt["g1"], shunt["b1"] = network.shunt.real / ohm, network.shunt.imag / ohm
    source["node"], source["status"], source["sk"], source["rx_ratio"] = reference, 1, 1e22, 0.1
    source["u_ref"], source["u_ref_angle"] = state.at.vm[reference], state.at.va[reference]
    names = "node", "generic_branch", "sym_load", "sym_gen", "shunt", "source"
    grid = dict(zip(names, (node, branch, load, unit, shunt, source), strict=True))

    def run() -> np.ndarray:
        answer = PowerGridModel(grid).calculate_power_flow(error_tolerance=1e-8, max_iterations=30)["node"]
        return np.asarray(answer["u_pu"] * np.exp(1j * answer["u_angle"]))

    return run


def time_cold(name: str, study: Study, repeats: int) -> bool:
    from lightsim2grid.network import init_from_matpower

    case, model = study.case, study.model
    state = cold(study)
    if not state.converged:
        raise SystemExit(f"{name} did not converge")
    grid = init_from_matpower(ppc(case, case.gen["pg"]))
    start = np.exp(1j * study.va)

    def light() -> np.ndarray:
        grid.tell_solver_need_reset()
        return np.asarray(grid.ac_pf(start.copy(), 30, 1e-9))

    def light_from_dc() -> np.ndarray:
        grid.tell_solver_need_reset()
        first = grid.dc_pf(np.ones(len(start), complex), 30, 1e-9)
        return np.asarray(grid.ac_pf(first, 30, 1e-9))

    tools: dict[str, Callable[[], Any]] = {
        "genba": lambda: cold(study).at.voltage,
        "lightsim2grid": light,
        "its dc_pf too": light_from_dc,
        "pandapower": pandapower_run(case, case.gen["pg"]),
        "power-grid-model": power_grid_model_run(study, state),
    }
    for name_of in ("pandapower", "power-grid-model"):
        try:
            tools[name_of]()
        except Exception as error:  # what a rival cannot solve is said, and left out
            print(f"{name_of} on {name}: {str(error).splitlines()[0][:90]}", file=sys.stderr)
            del tools[name_of]
    seconds, results = medians(tools, repeats)
    gaps = {
        tool: float(np.abs(found - results["genba"]).max())
        for tool, found in results.items()
        if tool != "genba" and len(found)
    }
    cells = [f"{1000 * seconds[tool]:.2f}" if tool in seconds else "-" for tool in COLD]
    step, _, factor = work(model.plan.structure, len(model.plan.cols))
    limit = (state.iterations + 1) * (step + factor)
    ratio = fastest(seconds) / seconds["genba"]
    warm = in_a_row({tool: tools[tool] for tool in COLD[:3]})
    row = " / ".join(f"{1000 * spent:.2f}" for spent in warm.values())
    apart = ", ".join(f"{gap:.0e}" for gap in gaps.values())
    print(
        f"| {name} | {' | '.join(cells)} | {ratio:.2f} | {row} | {fastest(warm) / warm['genba']:.2f} "
        f"| {limit / 1e6:.1f} | {apart} |",
        flush=True,
    )
    return gaps["lightsim2grid"] < 1e-8


COLD = ("genba", "lightsim2grid", "its dc_pf too", "pandapower", "power-grid-model")


def fastest(seconds: Mapping[str, float]) -> float:
    """Give the seconds of lightsim2grid, with or without its own DC start."""
    return min(seconds["lightsim2grid"], seconds["its dc_pf too"])


def work(structure: Any, entries: int) -> tuple[float, float, float]:
    """Give operations of a solution and mismatch, bytes of the factors, operations of a factorisation."""
    blocks, n = len(structure.lower_columns), structure.n
    right = np.diff(structure.upper_start)
    updates = int(right[structure.lower_columns].sum())
    return 16.0 * blocks + 16.0 * entries + 72.0 * n, 64.0 * blocks + 32.0 * n, 16.0 * (updates + blocks)


def batch_study(study: Study, state: State) -> Batch:
    none = np.zeros(0, np.int64)
    wanted = (*((kind, name) for name, kind in TABLES.items()), *STATUSES, ("bus", "vmin"), ("bus", "vmax"))
    columns = {
        (kind, name): np.ascontiguousarray(getattr(study.case, kind)[name][None, :], np.float64)
        for kind, name in wanted
    }
    return batch_of(
        study.model,
        study.schedule,
        state,
        case=columns,
        asked=Asked((none, none), (none, none), (none, none), (none, none, none)),
        balanced=False,
        first="dc",
        band=1e-6,
        heed=lambda: None,
    )


def solve_all(study: Study, state: State, pd: np.ndarray, qd: np.ndarray) -> Answers:
    batch = batch_study(study, state)
    room, answers = room_of(batch.start), Answers.empty(len(pd), 0)
    for rows in blocks_of(len(pd), study.model.network.n_bus):
        changed = {("bus", "pd"): pd[rows], ("bus", "qd"): qd[rows]}
        answers.put(rows, solve_block(batch, changed, len(rows), room))
    return answers


def time_batch(name: str, study: Study, count: int, repeats: int, *, whole: bool) -> bool:
    from lightsim2grid.lightsim2grid_cpp import TimeSeriesCPP
    from lightsim2grid.network import init_from_matpower

    case, state = study.case, cold(study)
    base = state.at.voltage
    grid = init_from_matpower(ppc(case, state.unit_p * case.base_mva))
    grid.ac_pf(base.copy(), 30, 1e-9)
    loads = grid.get_loads()
    at = np.array([load.bus_id for load in loads])
    spread = SPREAD.get(name, 0.1)
    factors = np.random.default_rng(0).uniform(1 - spread, 1 + spread, (count, len(at)))
    p = factors * np.array([load.target_p_mw for load in loads])
    q = factors * np.array([load.target_q_mvar for load in loads])
    bus_factors = np.ones((count, len(case.bus)))
    bus_factors[:, at] = factors
    pd, qd = case.bus["pd"] * bus_factors, case.bus["qd"] * bus_factors
    units = np.tile([unit.target_p_mw for unit in grid.get_generators()], (count, 1))
    static = np.zeros((count, len(grid.get_static_generators())))
    every = np.ones(len(at), bool)

    def series() -> np.ndarray:
        run = TimeSeriesCPP(grid)
        run.compute_Vs(units, static, p, q, base.copy(), 30, 1e-9)
        return np.asarray(run.get_voltages())

    def loop() -> np.ndarray:
        found = np.zeros((count, len(base)), complex)
        for row in range(count):
            grid.update_loads_p(every, p[row])
            grid.update_loads_q(every, q[row])
            answer = grid.ac_pf(base.copy(), 30, 1e-9)
            if len(answer):
                found[row] = answer
        return found

    tools: dict[str, Callable[[], Any]] = {
        "genba": lambda: solve_all(study, state, pd, qd),
        "series": series,
        "loop": loop,
    }
    seconds, results = medians(tools, repeats)
    answers, light = results["genba"], results["loop"]
    both = answers.solved & (np.abs(light).min(axis=1) > 0)
    lowest = np.abs(light).min(axis=1)
    gap = float(np.abs(answers.figures[both, 4] - lowest[both]).max())
    rival = min(seconds["series"], seconds["loop"])
    flops, size, _ = work(study.model.plan.structure, len(study.model.plan.cols))
    rate = answers.steps.sum() * flops / seconds["genba"] / 1e9
    each = {tool: 1e6 * spent / count for tool, spent in seconds.items()}
    print(
        f"| {name} | ±{100 * spread:.0f} % | {int(answers.solved.sum())} | {each['genba']:.0f} "
        f"| {each['series']:.0f} | {each['loop']:.0f} | {rival / seconds['genba']:.1f} "
        f"| {answers.steps.mean():.1f} | {size / 2**20:.2f} | {rate:.1f} | {gap:.0e} |",
        flush=True,
    )
    if whole:
        time_whole(name, case, bus_factors)
    return gap < 1e-7 and bool(both.any())


def time_whole(name: str, case: Case, factors: np.ndarray) -> None:
    """Time the operation from a Parquet file to its certificate."""
    buses = np.flatnonzero((case.bus["pd"] != 0) | (case.bus["qd"] != 0))
    names = [f"bus.{case.bus['bus'][row]}.{column}*" for row in buses for column in ("pd", "qd")]
    columns = Columns("scenarios", tuple(Column(column, "float", "1", "Factor.") for column in names))
    values = {column: factors[:, buses[place // 2]] for place, column in enumerate(names)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scenarios.parquet"
        write(table(columns, **values), file)
        params = powerflow.parse({"case": f"pglib:{name}", "generation": "balanced", "scenarios": str(file)})
        context = Context(path=lambda one: pglib.path(name) if one.catalogue else Path(one))
        start = time.process_time()
        result = powerflow.function(params, context)
        solved = time.process_time()
        certificate = powerflow.certify(params, result, context)
        spent = time.process_time() - solved
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(
        f"  whole: {solved - start:.2f} CPU-s from the file to the tables, {spent:.2f} for the certificate, "
        f"{'holds' if certificate.holds else 'refused'}; {peak:.0f} MiB at most"
    )


def study_of(name: str) -> Study:
    """Give a case whose own outputs are balanced."""
    case, _ = read(pglib.path(name))
    params = PowerflowParams(case=InputFile(f"pglib:{name}"), generation="balanced")
    found = prepare(params, case)
    p = found.schedule.p * case.base_mva
    balanced = Case(**{**vars(case), "gen": case.gen.replace(pg=p)})
    params = PowerflowParams(case=InputFile(f"pglib:{name}"))
    return prepare(params, balanced)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=CASES)
    parser.add_argument("--scenarios", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # the rivals' own
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}\n")
    print(f"| cold, CPU ms | {' | '.join(COLD)} | ratio ", end="")
    print("| in a row | ratio | Mflop | voltages differ, p.u. |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    studies = {name: study_of(name) for name in options.cases}
    agree = [time_cold(name, study, options.repeats) for name, study in studies.items()]
    print("\n| scenarios | loads | solved | genba, CPU µs each | lightsim2grid, series | loop ", end="")
    print("| ratio | steps | factors, MiB | Gflop/s | lowest voltages differ, p.u. |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    repeats = max(1, options.repeats // 2)
    for name, study in studies.items():
        agree.append(time_batch(name, study, options.scenarios, repeats, whole=options.whole))
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
