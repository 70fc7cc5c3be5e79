"""Time power flows and N-1 beside lightsim2grid and pandapower, on the same operating points.

    python benchmarks/grid_powerflow.py [--cases NAME ...] [--contingency NAME ...] [--repeats 5]

Power flow: balanced outputs, first voltage flat in magnitude with DC angles, tolerance 1e-8 p.u.
(lightsim2grid 1e-9, its unit of mismatch is another). genba's time is the whole operation: the file read and
checked, solved, tabled and certified; "its solve" is `prepare` and `solve` with the grid in memory: analysis
of the pattern, DC angles and balance. lightsim2grid's is `ac_pf` from the same angles; pandapower's is
`runpp` with numba, warm; their conversion is left out. N-1 of every branch: genba's time is the whole
operation too, certificate included; "its study" is without the certificate; lightsim2grid's is
`ContingencyAnalysisCPP.compute` from the same voltages, on one thread, which skips outages that split the
grid and judges no limits. The tools take turns, garbage collected before each; figures are medians of
process CPU seconds. Exit status 1 when voltages differ from lightsim2grid's by more than 1e-8 p.u. (N-1:
1e-6); pandapower's are shown, but its converter changes transformers with capacitive charging, and its
tolerance is in MVA.
"""

import argparse
import contextlib
import gc
import importlib.util
import io
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from genba.core.context import Context
from genba.core.inputs import InputFile
from genba.core.operation import Outcome
from genba.grid.io import pglib
from genba.grid.io.matpower import read
from genba.grid.kernels.balance import first_angles
from genba.grid.kernels.outages import Outage, aftermath, solve_after
from genba.grid.kernels.steady_state import solve
from genba.grid.operations.contingency import REUSE, contingency
from genba.grid.operations.powerflow import Study, powerflow, prepare
from genba.grid.records.case import Case
from genba.grid.records.powerflow import PowerflowParams

CASES = ("case118_ieee", "case1354_pegase", "case2869_pegase", "case9241_pegase")
SAMPLE = 40
"""Outages whose voltages are compared."""


def cpu(function: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()
    start = time.process_time()
    found = function()
    return time.process_time() - start, found


def medians(tools: dict[str, Callable[[], Any]], repeats: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Let the tools take turns; give median CPU seconds and the last result of each."""
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    results: dict[str, Any] = {}
    for _ in range(repeats):
        for name, tool in tools.items():
            spent, results[name] = cpu(tool)
            seconds[name].append(spent)
    return {name: statistics.median(times) for name, times in seconds.items()}, results


def params_of(name: str) -> PowerflowParams:
    return PowerflowParams(case=InputFile(f"pglib:{name}"), generation="balanced")


def ours(params: PowerflowParams, case: Case) -> tuple[Study, np.ndarray]:
    study = prepare(params, case, Context())
    state = solve(study.model, study.schedule, vm=study.vm, va=study.va)
    if not state.converged:
        raise SystemExit(f"{case.name} did not converge")
    return study, state.at.voltage


def ppc(case: Case, p: np.ndarray) -> dict[str, Any]:
    """Give a case in PYPOWER's form with outputs `p`, MW."""
    bus, gen, branch = (
        np.column_stack([rows[name].astype(float) for name in rows.columns.names])
        for rows in (case.bus, case.gen, case.branch)
    )
    gen = np.hstack([gen, np.zeros((len(gen), 11))])
    gen[:, 1] = p
    return {"version": "2", "baseMVA": case.base_mva, "bus": bus, "gen": gen, "branch": branch}


def lightsim(case: Case, study: Study) -> Any:
    from lightsim2grid.network import init_from_matpower

    return init_from_matpower(ppc(case, study.schedule.p * case.base_mva))


def pandapower_run(case: Case, study: Study) -> Callable[[], np.ndarray]:
    import pandapower
    from pandapower.converter.pypower import from_ppc

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        grid = from_ppc(ppc(case, study.schedule.p * case.base_mva), f_hz=50, validate_conversion=False)

    def run() -> np.ndarray:
        tolerance = 1e-8 * case.base_mva
        pandapower.runpp(
            grid, init="dc", calculate_voltage_angles=True, trafo_model="pi", tolerance_mva=tolerance
        )
        degrees = grid.res_bus.va_degree.to_numpy()
        voltage: np.ndarray = grid.res_bus.vm_pu.to_numpy() * np.exp(1j * np.radians(degrees))
        return voltage

    run()  # numba compiles on the first call
    return run


def power_flow(name: str, repeats: int) -> bool:
    params = params_of(name)
    case, _ = read(pglib.path(name))
    study, voltage = ours(params, case)
    context = Context(path=lambda file: pglib.path(name))
    tools: dict[str, Callable[[], Any]] = {
        "genba": lambda: held(powerflow.perform(params, context)),
        "its solve": lambda: ours(params, case)[1],
    }
    if importlib.util.find_spec("lightsim2grid"):
        angles = first_angles(study.model.network, study.schedule, study.schedule.p)
        start = np.exp(1j * np.asarray(angles))

        def light() -> np.ndarray:
            grid.tell_solver_need_reset()
            found: np.ndarray = grid.ac_pf(start.copy(), 30, 1e-9)
            return found

        grid = lightsim(case, study)
        tools["lightsim2grid"] = light
    if importlib.util.find_spec("pandapower"):
        tools["pandapower"] = pandapower_run(case, study)
    seconds, results = medians(tools, repeats)
    cells = [f"{1000 * seconds[tool]:.1f}" if tool in seconds else "-" for tool in COLUMNS]
    rivals = {tool: results[tool] for tool in COLUMNS[2:] if len(results.get(tool, ()))}
    gaps = {tool: float(np.abs(found - voltage).max()) for tool, found in rivals.items()}
    worst = ", ".join(f"{tool} {gap:.0e}" for tool, gap in gaps.items())
    print(f"| {name} | {' | '.join(cells)} | {worst} |")
    return gaps.get("lightsim2grid", 0.0) < 1e-8


COLUMNS = ("genba", "its solve", "lightsim2grid", "pandapower")


def held(outcome: Outcome[Any]) -> Any:
    """Give a result whose certificate holds."""
    if not outcome.certificate.holds:
        raise SystemExit(f"refused: {[claim.name for claim in outcome.certificate.failed]}")
    return outcome.result


def outages(name: str, repeats: int) -> bool:
    case, _ = read(pglib.path(name))
    study, voltage = ours(params_of(name), case)
    params = contingency.parse({"case": f"pglib:{name}", "generation": "balanced", "outages": "branches"})
    context = Context(path=lambda file: pglib.path(name))
    tools: dict[str, Callable[[], Any]] = {
        "genba": lambda: held(contingency.perform(params, context)),
        "its study": lambda: contingency.function(params, context),
    }
    if importlib.util.find_spec("lightsim2grid"):
        grid = lightsim(case, study)
        grid.ac_pf(voltage.copy(), 30, 1e-9)
        tools["lightsim2grid"] = lambda: n_1_of(grid, voltage)
    seconds, results = medians(tools, repeats)
    result = results["genba"]
    count, split = len(case.branch), int((result.outages["status"] == "islanded").sum())
    whole, study_alone = seconds["genba"], seconds["its study"]
    print(f"| {name} | {count} | {split} | {whole:.2f} | {count / whole:.0f} | {study_alone:.2f} ", end="")
    if "lightsim2grid" not in seconds:
        print("| - | - | - |")
        return True
    light = seconds["lightsim2grid"]
    gap = agreement(study, voltage, results["lightsim2grid"])
    print(f"| {light:.2f} | {count / light:.0f} | {gap:.0e} |")
    return gap < 1e-6


def n_1_of(grid: Any, voltage: np.ndarray) -> np.ndarray:
    """Give the voltages of every branch outage, shape (branches, n); 0 where it has none."""
    from lightsim2grid.lightsim2grid_cpp import ContingencyAnalysisCPP

    analysis = ContingencyAnalysisCPP(grid)
    analysis.add_all_n1()
    analysis.compute(voltage.copy(), 30, 1e-9)
    found: np.ndarray = analysis.get_voltages()
    return found


def agreement(study: Study, voltage: np.ndarray, found: np.ndarray) -> float:
    """Give the largest difference of a sample of outages that both solved."""
    model = replace(study.model, budget=replace(study.model.budget, reuse=REUSE))
    state = solve(model, study.schedule, vm=np.abs(voltage), va=np.angle(voltage))
    base = replace(study.schedule, p=state.unit_p)
    transformer = (study.case.branch["ratio"] != 0) | (study.case.branch["shift"] != 0)
    # lightsim2grid lists lines first, then transformers
    order = np.concatenate([np.flatnonzero(~transformer), np.flatnonzero(transformer)])
    gaps = []
    for place in range(0, len(order), max(1, len(order) // SAMPLE)):
        outage = Outage(order[place : place + 1], np.zeros(0, np.int64))
        left = aftermath(model, base, outage, splits=True)
        after = solve_after(model, state, left)
        if after.converged and not left.cut_off.any() and np.abs(found[place]).min() > 0:
            gaps.append(float(np.abs(after.at.voltage - found[place]).max()))
    return max(gaps, default=float("nan"))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=CASES)
    parser.add_argument("--contingency", nargs="*", default=("case118_ieee", "case1354_pegase"))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # the rivals' own
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}\n")
    print("| power flow, CPU ms | genba | its solve | lightsim2grid | pandapower | voltages differ, p.u. |")
    print("|---|---|---|---|---|---|")
    agree = [power_flow(name, options.repeats) for name in options.cases]
    print("\n| N-1, CPU s | branches | islanded | genba | per s | its study | lightsim2grid | per s | gap |")
    print("|---|---|---|---|---|---|---|---|---|")
    agree += [outages(name, max(1, options.repeats // 2)) for name in options.contingency]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
