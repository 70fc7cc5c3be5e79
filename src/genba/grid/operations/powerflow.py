"""`grid.powerflow`: voltages and flows of one grid state, or the statement that none was found."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genba.core.context import Context
from genba.core.inputs import InputFile
from genba.core.operation import operation
from genba.grid.certify.powerflow import certify_powerflow
from genba.grid.io.dispatched import dispatched
from genba.grid.io.opening import open_case
from genba.grid.kernels.admittance import apparent, branch_powers
from genba.grid.kernels.balance import balanced, first_angles
from genba.grid.kernels.islands import references
from genba.grid.kernels.network import Bools, Floats, network_of
from genba.grid.kernels.newton import Budget
from genba.grid.kernels.steady_state import Model, Schedule, State, model_of, schedule_of, solve
from genba.grid.records.case import Case
from genba.grid.records.powerflow import (
    BRANCHES,
    BUSES,
    COLLAPSED,
    UNITS,
    PowerflowParams,
    PowerflowResult,
)
from genba.grid.views.powerflow import view_powerflow
from genba.num.table import Table, table

MARGIN = 0.5
"""Share of the tolerance used inside, so that rounding to engineering units stays within it."""
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
    example="pglib:case118_ieee --start dc",
)
def powerflow(params: PowerflowParams, ctx: Context) -> PowerflowResult:
    """Solve the AC power flow of a grid: voltages, flows, losses and unit outputs.

    Newton's method in polar coordinates with step-length control. Without a solution the outcome is
    `diverged` and the tables hold the last iterate's voltages.

    >>> import genba.grid
    >>> genba.grid.powerflow(case="pglib:case14_ieee", start="dc").result.outcome
    'converged'
    """
    case = open_case(params, ctx)
    ctx.progress(0.2, "preparing")
    study = prepare(params, case, ctx)
    ctx.progress(0.4, "solving")
    state = solve(study.model, study.schedule, vm=study.vm, va=study.va)
    ctx.progress(0.9, "reporting")
    return _report(study, state)


def prepare(params: PowerflowParams, case: Case, ctx: Context) -> Study:
    """Give a case's equations, schedule and first voltage.

    Raises:
        InputError: when `generation` names a dispatch of another case.
    """
    if isinstance(params.generation, InputFile):
        case = dispatched(case, ctx.path(params.generation))
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    budget = Budget(MARGIN * params.tolerance, params.max_iterations, lowest=COLLAPSED)
    distributed = params.slack == "distributed"
    model = model_of(network, distributed=distributed, reactive_limits=params.reactive_limits, budget=budget)
    schedule = _scheduled(params, model)
    vm, va = _first_voltage(params, model, schedule)
    return Study(case, model, schedule, vm, va)


def _scheduled(params: PowerflowParams, model: Model) -> Schedule:
    schedule = schedule_of(model.network)
    if params.generation == "balanced":
        return replace(schedule, p=balanced(model.network, schedule))
    return schedule


def _first_voltage(params: PowerflowParams, model: Model, schedule: Schedule) -> tuple[Floats, Floats]:
    network = model.network
    if params.start == "case":
        return np.where(network.vm > 0, network.vm, 1.0), network.va
    bus, _ = references(network, schedule.island, schedule.unit_on)
    flat = np.where(schedule.island > 0, network.va[bus[schedule.island]], 0.0)
    angles = first_angles(network, schedule, schedule.p) if params.start == "dc" else None
    return np.ones(network.n_bus), flat if angles is None else angles


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
