"""Scenarios by groups of eight: what a call gives does not depend on where it ends."""

from collections.abc import Callable

import numpy as np
import pytest

from genba.grid.kernels.balance import balanced
from genba.grid.kernels.network import Network
from genba.grid.kernels.newton import SMALLEST_STEP, Budget
from genba.grid.kernels.scenario_figures import FIGURES, LOSSES, LOWEST, PLACES
from genba.grid.kernels.scenario_groups import Base, Noted, solve_groups
from genba.grid.kernels.scenario_lanes import Columns
from genba.grid.kernels.scenarios import fixture_of, room_of, start_of
from genba.grid.kernels.steady_state import Model, Schedule, State, model_of, schedule_of, solve

COUNT = 21
"""Scenarios: two groups and a part of one."""


def columns_of(network: Network, factors: np.ndarray) -> Columns:
    """Give the columns of scenarios whose loads are the case's times a factor each."""
    base, demand = network.base_mva, network.demand * network.base_mva
    units = network.unit_s.real, network.unit_s.imag
    limits = network.unit_qmax, network.unit_qmin, network.unit_pmax, network.unit_pmin
    m = len(network.from_bus)
    one = (
        *(network.shunt.real, network.shunt.imag),
        *units,
        network.unit_vset / base,
        *limits,
        np.zeros(m),
        np.zeros(m),
        np.full(m, 1.0),
    )
    return Columns(demand.real * factors, demand.imag * factors, *(row[None, :] * base for row in one))


def solved_in(calls: int, model: Model, schedule: Schedule, state: State) -> tuple[Noted, int]:
    """Solve scenarios with at most so many steps a call; give the answers and the number of calls."""
    network = model.network
    factors = np.random.default_rng(0).uniform(0.8, 1.2, (COUNT, network.n_bus))
    ones = np.ones(network.n_bus)
    fixture = fixture_of(model, schedule, (0.9 * ones, 1.1 * ones), band=1e-6)
    start, columns = start_of(model, schedule, state, fixture), columns_of(network, factors)
    base = Base(start.vm, start.angles, start.side, start.chord, start.ports, start.y)
    noted = Noted(
        np.zeros(COUNT, np.bool_),
        np.zeros(COUNT, np.int64),
        np.full((COUNT, FIGURES), np.nan),
        np.full((COUNT, PLACES), -1),
    )
    room, p = room_of(start), np.repeat(schedule.p[None, :], COUNT, axis=0)
    group, afresh, made = 0, True, 0
    while group < 3:
        group, afresh = solve_groups(
            start.grid, fixture, columns, base, np.arange(COUNT), p, group, 3, afresh,
            room.work, room.posed, room.group, room.vm, noted, 5e-9, 30, SMALLEST_STEP, 0.1, calls
        )  # fmt: skip
        made += 1
    return noted, made


@pytest.fixture
def base(from_pglib: Callable[[str], Network]) -> tuple[Model, Schedule, State]:
    network = from_pglib("case118_ieee")
    model = model_of(network, distributed=False, reactive_limits=False, budget=Budget(5e-9, 30))
    schedule = schedule_of(network)
    schedule = Schedule(
        schedule.branch_on, schedule.unit_on, schedule.island, balanced(network, schedule, model.plan)
    )
    state = solve(model, schedule, vm=np.ones(118), va=np.zeros(118))
    return model, schedule, state


def test_many_short_calls_give_what_one_gives_bit_for_bit(base: tuple[Model, Schedule, State]) -> None:
    whole, calls = solved_in(1000, *base)
    pieces, more = solved_in(1, *base)
    assert calls == 1
    assert more > 6  # two steps at least of each group
    assert whole.solved.all()
    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_group_gives_what_newton_gives_alone(base: tuple[Model, Schedule, State]) -> None:
    model, schedule, state = base
    found, _ = solved_in(1000, *base)
    factors = np.random.default_rng(0).uniform(0.8, 1.2, (COUNT, 118))
    for row in (0, 9, COUNT - 1):
        network = model.network
        one = Network(**{**vars(network), "demand": network.demand * factors[row]})
        again = model_of(one, distributed=False, reactive_limits=False, budget=model.budget)
        alone = solve(again, schedule, vm=state.at.vm, va=state.at.va)
        assert alone.converged
        losses = 100 * (alone.unit_p.sum() - one.demand.real.sum())
        assert found.figures[row, LOSSES] == pytest.approx(losses, abs=1e-5)
        assert found.figures[row, LOWEST] == pytest.approx(alone.at.vm.min(), abs=1e-7)
