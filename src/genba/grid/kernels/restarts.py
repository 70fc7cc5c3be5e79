"""What one first voltage did not solve, from others."""

from dataclasses import replace
from typing import Literal

import numpy as np

from genba.grid.kernels.balance import first_voltage
from genba.grid.kernels.network import Bools, Floats
from genba.grid.kernels.steady_state import Model, Schedule, State, solve

OTHERS: tuple[Literal["dc", "flat"], ...] = ("dc", "flat")
"""First voltages tried after the one that was asked for: both lie near a solution of high voltages."""
OPERABLE = 0.5
"""Voltage magnitude that a solution has everywhere before no other first voltage is tried, p.u."""


def solve_or_restart(model: Model, schedule: Schedule, *, vm: Floats, va: Floats) -> State:
    """Solve the power flow from a first voltage, (n,) each, or else from `OTHERS`."""
    state = solve(model, schedule, vm=vm, va=va)
    return state if state.converged else restarted(model, schedule, state, vm=vm, va=va)


def restarted(model: Model, schedule: Schedule, failed: State, *, vm: Floats, va: Floats) -> State:
    """Solve from `OTHERS`, no reactive limit held, what a first voltage (n,) did not, or only inoperably.

    The first solution that is operable is given, else that of the highest lowest voltage; where there is none
    at all, where the first try ended. A solution counts the steps of all tries.
    """
    best, steps = failed, failed.iterations
    live = schedule.island > 0
    for name in OTHERS:
        magnitudes, angles = first_voltage(model, schedule, name)
        if np.array_equal(magnitudes, vm) and np.array_equal(angles, va):
            continue
        state = solve(model, schedule, vm=magnitudes, va=angles)
        steps += state.iterations
        if state.converged and (not best.converged or _lowest(state, live) > _lowest(best, live)):
            best = state
        if best.converged and _lowest(best, live) >= OPERABLE:
            break
    return replace(best, iterations=steps) if best.converged else failed


def operable(state: State, schedule: Schedule) -> bool:
    """Tell whether a state is a solution at which the grid can be run."""
    return state.converged and _lowest(state, schedule.island > 0) >= OPERABLE


def _lowest(state: State, live: Bools) -> float:
    """Give the lowest voltage of the energised buses, p.u."""
    return float(state.at.vm[live].min(initial=np.inf))
