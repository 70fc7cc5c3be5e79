"""The certificates' own power flow: its starts, its slack and its reactive limits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from genba.grid.certify.circuit import circuit
from genba.grid.certify.powerflow import voltages
from genba.grid.certify.retry import Settled, _sides, attempt, sides, spread, unsettled
from genba.grid.certify.schedule import schedule, studied
from genba.grid.io import matpower
from genba.grid.records.powerflow import PowerflowParams

Certify = Callable[..., Any]
SAME_PU = 1e-7  # two solutions to 1e-8 p.u. may differ by this much
SAME_MW = 1e-4
RULES: list[dict[str, Any]] = [
    {},
    {"start": "flat"},
    {"start": "case"},
    {"generation": "balanced"},
    {"slack": "distributed"},
    {"generation": "balanced", "slack": "distributed"},
    {"reactive_limits": True, "set": ("gen.2.qmax=20", "gen.3.qmax=10")},
    {"reactive_limits": True, "set": ("gen.2.qmin=36", "gen.3.qmin=21", "gen.2.qmax=60", "gen.3.qmax=60")},
    {"slack": "distributed", "reactive_limits": True, "set": ("gen.2.qmax=20", "gen.3.qmax=10")},
    {"slack": "distributed", "set": ("gen.*.pmax=0", "gen.*.pmin=0")},
    {"slack": "distributed", "set": ("gen.1.pg=190", "gen.2.pg=120")},
    {"generation": "balanced", "set": ("gen.1.pg=190", "gen.2.pg=120")},
    {"slack": "distributed", "set": ("gen.1.pmax=100.4", "gen.2.pmax=60.2", "gen.3.pmax=20.2")},
    {"generation": "balanced", "set": ("gen.1.pmax=100.4", "gen.2.pmax=60.2", "gen.3.pmax=20.2")},
    {"reactive_limits": True, "set": ("gen.2.qmax=31", "gen.3.qmax=20")},  # 51 Mvar; 55 with the demand there
    {"set": ("branch.2.x=0",)},
    {"set": ("bus.2.type=1", "gen.2.qg=30", "gen.3.qg=9")},  # they hold no voltage
    {"set": ("gen.4.status=1",)},  # at a bus that holds no voltage: its reactive output is the case's
]


@pytest.mark.parametrize("params", RULES)
def test_the_state_found_anew_is_the_power_flows(certified: Certify, params: dict[str, Any]) -> None:
    run = certified("powerflow", **params)
    grid = studied(run.params, run.context)
    plan = schedule(grid)
    found = attempt(grid, plan, run.params)
    assert found is not None
    assert found.steps > 0
    assert found.v == pytest.approx(voltages(grid, run.result), abs=SAME_PU)
    assert found.side.tolist() == sides(grid, run.result.units).tolist()
    follows = grid.runs.copy()
    if run.params.slack == "single":
        follows[plan.slack[1:]] = False  # the slack is not in these outputs
    assert found.p[follows] == pytest.approx(run.result.units["p"][follows], abs=SAME_MW)


@pytest.mark.parametrize(
    ("need", "expected"),
    [
        ((0.0, 0.5, -0.25), [0.25, 0.2, 0.05, 0, -0.25, 0]),  # upwards 100, 80 and 20 MW
        ((0.0, -1.7, 0.25), [-0.9, -0.6, -0.2, 0, 0.25, 0]),  # downwards 90, 60 and 20 MW
        ((0.0, 300.0, -99.0), [100, 80, 20, 0, -31, 0]),  # no further than headroom goes
        ((9.0, 0.0, 0.0), [0, 0, 0, 0, 0, 0]),  # nothing is asked of what is dead
    ],
)
def test_a_need_is_spread_along_the_headroom_of_its_direction(
    certified: Certify, need: tuple[float, ...], expected: list[float]
) -> None:
    run = certified("powerflow")
    grid = studied(run.params, run.context)
    assert spread(grid, schedule(grid).p, np.array(need)) == pytest.approx(expected)


def _settled(text: str, **params: Any) -> Settled:
    grid = circuit(matpower.parse(text)[0])
    found = attempt(grid, schedule(grid), PowerflowParams.model_validate({"case": "case.m", **params}))
    assert found is not None
    return found


# Two units serve the demand beside them: at 1 p.u. nothing is missing, and losses only show when solved.
EVEN = """function mpc = even
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [ 1 3 0 0 0 0 1 1 0 1 1 1.1 0.9; 2 2 50 0 0 0 1 1 0 1 1 1.1 0.9 ];
mpc.gen = [ 1 30 0 99 -99 1 100 1 60 20; 2 20 0 99 -99 1 100 1 30 0 ];
mpc.branch = [ 1 2 0.05 0.1 0 0 0 0 0 0 1 0 0 ];
"""


@pytest.mark.parametrize("limits", [False, True])
def test_a_slack_whose_need_began_at_zero_follows_the_headroom_upwards(limits: bool) -> None:
    found = _settled(EVEN, start="flat", slack="distributed", reactive_limits=limits)
    assert not found.side.any()
    moved = found.p - [30, 20]
    assert moved[0] > 0.1
    assert moved[0] / 30 == pytest.approx(moved[1] / 10)  # upwards 30 and 10 MW, downwards 10 and 20


def test_buses_are_switched_jointly_and_then_the_most_urgent_alone(certified: Certify) -> None:
    run = certified("powerflow", "case14_ieee")
    grid = studied(run.params, run.context)
    plan, side, needed = schedule(grid), np.zeros(14), np.zeros(14)
    vm = np.where(plan.held, plan.magnitude, 1.0)
    high = np.bincount(grid.host, grid.case.gen["qmax"], 14)
    needed[1], needed[2], needed[5] = high[1] + 1, high[2] + 3, high[5] + 1e-9  # the last is rounding
    side[7], vm[7] = 1.0, vm[7] + 0.02  # held at its upper limit, above its set point

    def switched(*, joint: bool) -> list[float]:
        return _sides(grid, plan, side, needed, vm, joint=joint)[[1, 2, 5, 7]].tolist()

    assert switched(joint=True) == [1.0, 1.0, 0.0, 0.0]
    assert switched(joint=False) == [0.0, 1.0, 0.0, 1.0]
    vm[7] += 0.02  # more than 3 Mvar of 100 MVA
    assert switched(joint=False) == [0.0, 0.0, 0.0, 0.0]


# --- starts ---

# A chain 1-2-3 without demand, losses or charging: at equal set points no current flows, whatever is shifted.
CHAIN = """function mpc = chain
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
 1 3 0 0 0 0 1 0.9 10 1 1 1.1 0.9;
 2 1 0 0 0 0 1 {vm} {va} 1 1 1.1 0.9;
 3 2 0 0 0 0 1 0.9 {va} 1 1 1.1 0.9;
];
mpc.gen = [ 1 0 0 9 -9 {vg} 100 1 9 0; 3 0 0 0 0 {vg} 100 1 9 0 ];
mpc.branch = [ 1 2 0 0.1 0 0 0 0 0 {shift} 1 0 0; 2 3 0 1 0 0 0 0 0 0 1 0 0 ];
"""


@pytest.mark.parametrize(
    ("chain", "there_at_once"),
    [
        ({"shift": 40, "vg": 1.0, "vm": 0.9, "va": 0}, {"dc"}),
        ({"shift": 0, "vg": 1.0, "vm": 0.9, "va": 0}, {"dc", "flat"}),
        ({"shift": 40, "vg": 1.05, "vm": 1.05, "va": -30}, {"case"}),
    ],
)
def test_the_start_asked_for_is_where_it_starts(chain: dict[str, float], there_at_once: set[str]) -> None:
    """Each chain puts the solution where some starts begin, which then need no step."""
    found = {start: _settled(CHAIN.format(**chain), start=start) for start in ("flat", "dc", "case")}
    assert {start for start, one in found.items() if one.steps == 0} == there_at_once
    for one in found.values():
        assert np.degrees(np.angle(one.v[0])) == pytest.approx(10)  # the reference's of the case


def test_a_unit_that_stands_just_at_its_limit_keeps_its_voltage() -> None:
    still = CHAIN.format(shift=0, vg=1.0, vm=1.0, va=10)
    assert not _settled(still, start="flat", reactive_limits=True).side.any()


@pytest.mark.parametrize("limits", [False, True])
def test_an_iterate_beyond_reactive_limits_is_unsettled_where_they_are_kept(
    certified: Certify, limits: bool
) -> None:
    tight: dict[str, Any] = {"set": ("gen.2.qmax=20", "gen.3.qmax=10")}
    free, held = certified("powerflow", **tight), certified("powerflow", reactive_limits=True, **tight)
    grid = studied(held.params, held.context)
    params = held.params if limits else free.params
    beyond, within = (
        unsettled(grid, schedule(grid), params, voltages(grid, run.result)) for run in (free, held)
    )
    assert np.flatnonzero(beyond).tolist() == ([1] if limits else [])
    assert not within.any()
