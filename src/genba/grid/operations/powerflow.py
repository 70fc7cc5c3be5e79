"""`grid.powerflow`: voltages and flows of one grid state, or the statement that none was found."""

from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.core.context import Context
from genba.core.errors import Cancelled, input_error
from genba.core.inputs import InputFile
from genba.core.operation import operation
from genba.grid.certify.powerflow import certify_powerflow
from genba.grid.checks.asked import MUCH_RECORDED
from genba.grid.checks.scenarios import check_scenarios
from genba.grid.io.dispatched import dispatched
from genba.grid.io.opening import open_case
from genba.grid.io.recorded import Recorded, recorded
from genba.grid.io.scenarios import Scenarios
from genba.grid.io.scenarios import read as read_scenarios
from genba.grid.kernels.admittance import apparent, branch_powers
from genba.grid.kernels.balance import first_voltage, scheduled
from genba.grid.kernels.network import Bools, Floats, Ints, Network, network_of
from genba.grid.kernels.newton import Budget
from genba.grid.kernels.restarts import solve_or_restart
from genba.grid.kernels.scenario_blocks import STATUSES, TABLES, Answers, batch_of, solve_block
from genba.grid.kernels.scenario_figures import (
    BRANCH,
    GENERATION,
    HIGHEST,
    HIGHEST_BUS,
    LIMITED,
    LOAD,
    LOADING,
    LOSSES,
    LOWEST,
    LOWEST_BUS,
    OVERLOADS,
    UNSERVED,
    VOLTAGES,
)
from genba.grid.kernels.scenario_values import Asked
from genba.grid.kernels.scenarios import Room, room_of
from genba.grid.kernels.steady_state import Model, Schedule, State, model_of
from genba.grid.kernels.whole_solution import solve_afresh
from genba.grid.records.case import Case
from genba.grid.records.powerflow import (
    BRANCHES,
    BUSES,
    COLLAPSED,
    UNITS,
    PowerflowParams,
    PowerflowResult,
    StateParams,
)
from genba.grid.records.scenarios import MOST_RECORDED, PASSED, RECORDED, SCENARIOS
from genba.grid.records.unused import refuse_unused
from genba.grid.views.powerflow import headlines_powerflow, view_powerflow
from genba.num.table import Table, table
from genba.num.threads import pool_of

MARGIN = 0.5
"""Share of the tolerance used inside, so that rounding to engineering units stays within it."""
FEWEST, MOST, TOGETHER = 64, 1024, 16_384
"""Scenarios that a thread takes at a time: this many buses in all, within limits."""
KINDS = np.array(["", "pq", "pv", "reference"], dtype=object)
SIDES = np.array(["qmin", "", "qmax"], dtype=object)


@dataclass(frozen=True, eq=False)
class Study:
    """A case made ready for solving.

    Arguments:
        case: what was read.
        model: its equations.
        schedule: what is in service and what each unit is to produce.
        vm: first voltage magnitudes, shape (n,), p.u.
        va: first voltage angles, shape (n,), rad.
    """

    case: Case
    model: Model
    schedule: Schedule
    vm: Floats
    va: Floats


@operation(
    "grid.powerflow",
    certify=certify_powerflow,
    views=view_powerflow,
    headlines=headlines_powerflow,
    example="pglib:case118_ieee --start dc",
)
def powerflow(params: PowerflowParams, ctx: Context) -> PowerflowResult:
    """Solve the AC power flow of a grid: voltages, flows, losses and unit outputs.

    Newton's method in polar coordinates with step-length control, tried from other first voltages where the
    one asked for leads nowhere. Without a solution the outcome is `diverged` and the tables hold the last
    iterate's voltages.

    >>> import genba.grid
    >>> genba.grid.powerflow(case="pglib:case14_ieee", start="dc").result.outcome
    'converged'
    """
    _check(params)
    case = with_outputs(params, open_case(params, ctx), ctx)
    asked = _asked(params, case, ctx)
    ctx.progress(0.1, "preparing")
    study, state = _solved(params, case, ctx)
    result = _report(study, state)
    if asked is None:
        return result
    answers = _study_scenarios(params, study, state, asked, ctx)
    return result.model_copy(update=_scenario_fields(study.case, asked, answers))


def _check(params: PowerflowParams) -> None:
    """Refuse options of scenarios where there are none.

    Raises:
        InputError: when there are some.
    """
    if params.scenarios is None:
        remedy = "give a file of scenarios too"
        refuse_unused(params, ("record", "audit"), beside="a study without scenarios", remedy=remedy)


def with_outputs(params: StateParams, case: Case, ctx: Context) -> Case:
    """Give the case with the outputs asked for.

    Raises:
        InputError: when `generation` names a dispatch of another case.
    """
    return dispatched(case, ctx.path(params.generation)) if isinstance(params.generation, InputFile) else case


def prepare(params: StateParams, case: Case) -> Study:
    """Give the equations, schedule and first voltage of a case with the outputs asked for."""
    network, budget = _posed(params, case)
    distributed = params.slack == "distributed"
    model = model_of(network, distributed=distributed, reactive_limits=params.reactive_limits, budget=budget)
    schedule = scheduled(model, network, balance=params.generation == "balanced")
    vm, va = first_voltage(model, schedule, params.start)
    return Study(case, model, schedule, vm, va)


def _posed(params: StateParams, case: Case) -> tuple[Network, Budget]:
    """Give the case as arrays, and when to stop."""
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    return network, Budget(MARGIN * params.tolerance, params.max_iterations, lowest=COLLAPSED)


def _solved(params: StateParams, case: Case, ctx: Context) -> tuple[Study, State]:
    """Prepare a case and solve it, in one call where nothing has to be balanced or to settle."""
    settled = params.slack == "single" and not params.reactive_limits
    if not settled or params.start != "dc" or params.generation == "balanced":
        study = prepare(params, case)
        ctx.progress(0.2, "solving")
        return study, solve_or_restart(study.model, study.schedule, vm=study.vm, va=study.va, follows=True)
    network, budget = _posed(params, case)
    ctx.progress(0.2, "solving")
    found = solve_afresh(network, budget)
    return Study(case, found.model, found.schedule, found.vm, found.va), found.state


def state_tables(study: Study, state: State) -> tuple[Table, Table, Table]:
    """Give buses, branches and units of a state; a state that did not converge has no flows and outputs."""
    return _buses(study, state), _branches(study, state), _units(study, state)


def _buses(study: Study, state: State) -> Table:
    bus, island = study.case.bus, study.schedule.island
    live = island > 0
    return table(
        BUSES,
        bus=bus["bus"],
        island=island,
        kind=np.where(live, KINDS[state.kind], "off").astype(object),
        base_kv=bus["base_kv"],
        vm=np.where(live, state.at.vm, np.nan),
        va=np.where(live, np.degrees(state.at.va), np.nan),
        pd=np.where(live, bus["pd"], 0.0),
        qd=np.where(live, bus["qd"], 0.0),
        vmin=bus["vmin"],
        vmax=bus["vmax"],
    )


def _branches(study: Study, state: State) -> Table:
    branch, network = study.case.branch, study.model.network
    ends = (network.from_bus, network.to_bus)
    flowing = study.schedule.branch_on & (study.schedule.island[network.from_bus] > 0)
    known = flowing & state.converged
    into_from, into_to = (
        np.where(known, power * study.case.base_mva, np.nan)
        for power in branch_powers(study.model.admittance.two_port, state.at.voltage, ends=ends)
    )
    rating = np.where(branch["rate_a"] > 0, branch["rate_a"], np.nan)
    return table(
        BRANCHES,
        branch=np.arange(1, len(branch) + 1),
        from_bus=branch["from_bus"],
        to_bus=branch["to_bus"],
        in_service=flowing,
        p_from=_known(into_from.real, known),
        q_from=_known(into_from.imag, known),
        p_to=_known(into_to.real, known),
        q_to=_known(into_to.imag, known),
        rating=rating,
        loading=100.0 * apparent(into_from, into_to) / rating,
    )


def _units(study: Study, state: State) -> Table:
    gen, on, base = study.case.gen, study.schedule.unit_on, study.case.base_mva
    side = np.where(on, state.side[study.model.network.unit_bus], 0)
    return table(
        UNITS,
        unit=np.arange(1, len(gen) + 1),
        bus=gen["bus"],
        in_service=on,
        p=_known(state.unit_p * base, state.converged),
        q=_known(state.unit_q * base, state.converged),
        limit=SIDES[side + 1] if state.converged else np.full(len(gen), "", dtype=object),
    )


def _known(values: Floats, known: Bools | bool) -> Floats:
    return np.where(known, values, np.nan)


def _report(study: Study, state: State) -> PowerflowResult:
    buses, branches, units = state_tables(study, state)
    load = float(buses["pd"].sum())
    generation = float(units["p"].sum()) if state.converged else None
    live: NDArray[np.bool_] = study.schedule.island > 0
    return PowerflowResult(
        outcome="converged" if state.converged else "diverged",
        iterations=state.iterations,
        largest_mismatch=state.at.mismatch if np.isfinite(state.at.mismatch) else None,
        load=load,
        generation=generation,
        losses=None if generation is None else generation - load,
        reactive_generation=float(units["q"].sum()) if state.converged else None,
        unserved=float(study.case.bus["pd"][~live].sum()),
        islands=int(study.schedule.island.max(initial=0)),
        buses=buses,
        branches=branches,
        units=units,
    )


@dataclass(frozen=True, eq=False)
class _Asked:
    """Scenarios, and what to keep of each."""

    scenarios: Scenarios
    recorded: Recorded


def _asked(params: PowerflowParams, case: Case, ctx: Context) -> _Asked | None:
    """Read what is asked about scenarios; None when there are none.

    Raises:
        InputError: with every fault of the file or of what its scenarios make of the case, or when more is to
            be recorded than can be.
    """
    if params.scenarios is None:
        return None
    found, findings = read_scenarios(ctx.path(params.scenarios), case)
    ctx.check(findings)
    ctx.check(check_scenarios(case, found))
    kept = recorded(params.record, case)
    if len(found) * len(kept.names) > MOST_RECORDED:
        raise input_error(
            MUCH_RECORDED,
            "record",
            values=f"{len(kept.names):,}",
            scenarios=f"{len(found):,}",
            most=f"{MOST_RECORDED:,}",
        )
    return _Asked(found, kept)


def _study_scenarios(
    params: PowerflowParams, study: Study, state: State, asked: _Asked, ctx: Context
) -> Answers:
    """Solve every scenario, block by block on all threads; what one gives does not depend on the others."""
    scenarios, threads = asked.scenarios, max(ctx.threads, 1)

    def heed() -> None:
        if ctx.cancelled():
            raise Cancelled("cancelled on request")

    batch = batch_of(
        study.model,
        study.schedule,
        state,
        case=_case_columns(study.case),
        asked=_places(asked.recorded),
        balanced=params.generation == "balanced",
        first=params.start,
        band=PASSED,
        heed=heed,
    )
    rooms: SimpleQueue[Room] = SimpleQueue()

    def solve_rows(rows: Ints) -> Answers:
        room = rooms.get()
        try:
            return solve_block(batch, scenarios.columns(study.case, rows), len(rows), room)
        finally:
            rooms.put(room)

    for _ in range(threads):
        rooms.put(room_of(batch.start))
    answers = Answers.empty(len(scenarios), len(asked.recorded.names))
    blocks = blocks_of(len(scenarios), study.model.network.n_bus)
    with pool_of(threads) as pool:
        for first in range(0, len(blocks), threads):
            done = f"{blocks[first][0]:,} of {len(scenarios):,} scenarios"
            ctx.progress(0.2 + 0.7 * first / len(blocks), done)
            together = blocks[first : first + threads]
            for rows, found in zip(together, pool.map(solve_rows, together), strict=True):
                answers.put(rows, found)
    return answers


def blocks_of(count: int, n_bus: int) -> list[Ints]:
    """Give the rows of scenarios that a thread takes at a time: many where calls would cost most."""
    size = min(max(TOGETHER // n_bus, FEWEST), MOST)
    return [np.arange(row, min(row + size, count)) for row in range(0, count, size)]


def _case_columns(case: Case) -> dict[tuple[str, str], Floats]:
    """Give the columns of a case that scenarios see, shape (1, rows) each."""
    wanted = (*((table, name) for name, table in TABLES.items()), *STATUSES, ("bus", "vmin"), ("bus", "vmax"))
    return {
        (table, name): np.ascontiguousarray(getattr(case, table)[name][None, :], np.float64)
        for table, name in wanted
    }


def _places(kept: Recorded) -> Asked:
    places = tuple(np.flatnonzero(kept.table == table) for table in ("bus", "branch", "gen"))
    bus, branch, unit = ((kept.row[at], kept.quantity[at]) for at in places)
    return Asked(bus, branch, unit, (places[0], places[1], places[2]))


def _scenario_fields(case: Case, asked: _Asked, answers: Answers) -> dict[str, Any]:
    """Give what a result says of scenarios."""
    rows = _scenario_table(case, asked.scenarios, answers)
    names = np.array(asked.scenarios.names, dtype=object)
    kept = np.array(asked.recorded.names, dtype=object)
    values = table(
        RECORDED,
        scenario=np.repeat(names, len(kept)),
        element=np.tile(kept, len(names)),
        value=answers.values.ravel(),
    )
    return {
        "scenarios_studied": len(rows),
        "scenarios_diverged": int((rows["status"] == "diverged").sum()),
        "scenarios_violated": int(((rows["voltage_violations"] > 0) | (rows["overloads"] > 0)).sum()),
        "scenarios": rows,
        "recorded": values,
    }


def _scenario_table(case: Case, scenarios: Scenarios, answers: Answers) -> Table:
    figures, places = answers.figures, answers.places

    def at(column: Ints, names: Ints) -> Ints:
        return np.where(column >= 0, names[column], 0)

    branches = np.arange(1, len(case.branch) + 1)
    return table(
        SCENARIOS,
        scenario=np.array(scenarios.names, dtype=object),
        time=np.array(scenarios.times, dtype=object),
        status=np.where(answers.solved, "converged", "diverged").astype(object),
        iterations=answers.steps,
        load=figures[:, LOAD],
        unserved=figures[:, UNSERVED],
        generation=figures[:, GENERATION],
        losses=figures[:, LOSSES],
        lowest_voltage=figures[:, LOWEST],
        lowest_bus=at(places[:, LOWEST_BUS], case.bus["bus"]),
        highest_voltage=figures[:, HIGHEST],
        highest_bus=at(places[:, HIGHEST_BUS], case.bus["bus"]),
        largest_loading=figures[:, LOADING],
        largest_branch=at(places[:, BRANCH], branches) if len(branches) else places[:, BRANCH] * 0,
        voltage_violations=np.maximum(places[:, VOLTAGES], 0),
        overloads=np.maximum(places[:, OVERLOADS], 0),
        limited=np.nan_to_num(figures[:, LIMITED]).astype(np.int64),
    )
