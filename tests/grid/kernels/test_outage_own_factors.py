"""Outages after which many buses switch: side by side each gives what it gives by itself."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genba.grid.io.matpower import read
from genba.grid.kernels.balance import balanced, first_angles
from genba.grid.kernels.limits import Measured, limits_of, measure
from genba.grid.kernels.network import Network, network_of
from genba.grid.kernels.newton import Budget
from genba.grid.kernels.outage_own_factors import Basis, basis_of, desk_of, solve_outages
from genba.grid.kernels.outage_study import _lanes
from genba.grid.kernels.outage_verdicts import Lost, Study
from genba.grid.kernels.outages import Outage, aftermath, solve_after
from genba.grid.kernels.steady_state import Model, Schedule, State, model_of, schedule_of, solve

SAME_VOLTAGE = 1e-8
"""Two solutions whose mismatch is below 5e-9 p.u. each."""
MANY = 13
"""Buses: more than low-rank changes of the base's factors take."""

Rows = dict[int, tuple[tuple[int, float], ...]]
"""Limits passed and values of each outage."""


def solved(network: Network, *, slack: str, reactive_limits: bool) -> tuple[Model, Schedule, State]:
    budget = Budget(5e-9, 30, lowest=0.1)
    model = model_of(
        network, distributed=slack == "distributed", reactive_limits=reactive_limits, budget=budget
    )
    schedule = schedule_of(network)
    schedule = replace(schedule, p=balanced(network, schedule))
    angles = first_angles(network, schedule, schedule.p)
    assert angles is not None
    state = solve(model, schedule, vm=np.ones(network.n_bus), va=angles)
    assert state.converged
    return model, replace(schedule, p=state.unit_p), state


@pytest.fixture
def tight(pglib: Path) -> Callable[..., tuple[Study, Lost]]:
    """Give a base whose units stand at reactive limits, and all single outages; every bus passes a limit."""

    def tight(name: str, slack: str = "single") -> tuple[Study, Lost]:
        case, _ = read(pglib / f"pglib_opf_{name}.m")
        network = network_of(case.base_mva, case.bus, case.gen, case.branch)
        _, _, state = solved(network, slack=slack, reactive_limits=False)
        upper = np.arange(len(state.unit_q)) % 2 == 0
        network = replace(
            network,
            unit_qmin=np.where(upper, state.unit_q - 0.5, state.unit_q),
            unit_qmax=np.where(upper, state.unit_q, state.unit_q + 0.5),
        )
        model, schedule, state = solved(network, slack=slack, reactive_limits=True)
        m, n = len(network.from_bus), network.n_bus
        limits = limits_of(
            np.full(m, 1.0),
            np.full(n, 0.0),
            np.full(n, 0.01),
            branches=np.ones(m, bool),
            buses=np.ones(n, bool),
        )
        measured = measure(
            limits,
            network,
            model.admittance,
            voltage=state.at.voltage,
            branch_on=schedule.branch_on,
            live=schedule.island > 0,
        )
        nothing_yet = Measured(measured.value, np.where(np.isnan(measured.excess), np.nan, -1.0))
        model = replace(model, budget=replace(model.budget, reuse=0.3))
        given = Study(model, schedule, state, limits, nothing_yet, 1e-6, 1.0)
        branches = np.flatnonzero(schedule.branch_on).tolist()
        units = np.flatnonzero(schedule.unit_on).tolist()
        return given, Lost(
            [(row,) for row in branches] + [()] * len(units),
            [()] * len(branches) + [(row,) for row in units],
        )

    return tight


def alone(given: Study, lost: Lost, numbers: list[int]) -> Iterator[tuple[State, np.ndarray]]:
    """Solve outages by themselves; give states and energised buses."""
    for number in numbers:
        outage = Outage(np.array(lost.branches[number], int), np.array(lost.units[number], int))
        left = aftermath(given.model, given.schedule, outage, splits=True)
        yield solve_after(given.model, given.state, left), left.schedule.island > 0


def basis(given: Study, lost: Lost) -> tuple[Basis, np.ndarray]:
    """Give what lanes share, and the outages that they can take."""
    lanes = _lanes(given, lost, 1)
    assert lanes is not None
    fit = np.flatnonzero(lanes.losses.fits)
    return basis_of(lanes.ground, lanes.losses), fit


def rows_of(basis: Basis, numbers: np.ndarray) -> Rows:
    """Give limits passed and values of each outage that has a solution."""
    found = solve_outages(basis, numbers, desk_of(basis))
    rows: dict[int, list[tuple[int, float]]] = {number: [] for number in found.solved.tolist()}
    for outage, limit, value in found.hits:
        for one in zip(outage.tolist(), limit.tolist(), value.tolist(), strict=True):
            rows[one[0]].append(one[1:])
    return {number: tuple(sorted(rows[number])) for number in rows}


@pytest.mark.parametrize("slack", ["single", "distributed"])
def test_each_outage_gives_what_it_gives_alone(tight: Callable[..., tuple[Study, Lost]], slack: str) -> None:
    given, lost = tight("case118_ieee", slack)
    shared, fit = basis(given, lost)
    rows, switched = rows_of(shared, fit), []
    above = np.flatnonzero(given.limits.limit == 0.01)
    assert len(rows) > 0.9 * len(fit)
    for number, (state, live) in zip(fit.tolist(), alone(given, lost, fit.tolist()), strict=True):
        if number not in rows:
            continue
        found = dict(rows[number])
        vm = np.array([found.get(limit, np.nan) for limit in above.tolist()])
        assert state.converged
        assert np.array_equal(~np.isnan(vm), live[given.limits.row[above]])
        assert np.nanmax(np.abs(vm - state.at.vm[given.limits.row[above]])) < SAME_VOLTAGE
        switched.append((state.side != given.state.side).sum())
    assert np.median(switched) > MANY


def test_neighbours_do_not_matter(tight: Callable[..., tuple[Study, Lost]]) -> None:
    shared, fit = basis(*tight("case118_ieee", "distributed"))
    rows, again = rows_of(shared, fit), rows_of(shared, fit[::-3])
    assert again == {number: rows[number] for number in fit[::-3].tolist() if number in rows}


def test_what_does_not_settle_is_left_out(tight: Callable[..., tuple[Study, Lost]]) -> None:
    given, lost = tight("case118_ieee")
    lowest = float(np.median([state.at.vm.min() for state, _ in alone(given, lost, list(range(40)))]))
    budget = replace(given.model.budget, lowest=lowest)  # so high that many outages fall below it
    given = replace(given, model=replace(given.model, budget=budget))
    shared, fit = basis(given, lost)
    rows = rows_of(shared, fit)
    assert 0 < len(rows) < len(fit)
    for number, (state, _) in zip(list(rows), alone(given, lost, list(rows)), strict=True):
        assert state.converged, number
