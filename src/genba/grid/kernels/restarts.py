"""What one first voltage did not solve, from others."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from genba.grid.kernels.balance import first_voltage
from genba.grid.kernels.continuation import Path, bounded, path_of, solutions_along
from genba.grid.kernels.network import Bools, Floats
from genba.grid.kernels.steady_state import Model, Schedule, State, posed, solve

OTHERS: tuple[Literal["dc", "flat"], ...] = ("dc", "flat")
"""First voltages tried after the one that was asked for: both lie near a solution of high voltages."""
OPERABLE = 0.5
"""Voltage magnitude that a solution has everywhere before no other first voltage is tried, p.u."""
FEW, MOST = 30, 5000
"""Factorisations and buses: where fewer are granted, they may be what lacks; on larger grids a path takes
minutes. Neither follows one."""


def solve_or_restart(
    model: Model, schedule: Schedule, *, vm: Floats, va: Floats, follows: bool = False
) -> State:
    """Solve the power flow from a first voltage, (n,) each, or else as `restarted` does."""
    state = solve(model, schedule, vm=vm, va=va)
    return state if state.converged else restarted(model, schedule, state, vm=vm, va=va, follows=follows)


def restarted(
    model: Model, schedule: Schedule, failed: State, *, vm: Floats, va: Floats, follows: bool = False
) -> State:
    """Solve from `OTHERS`, no reactive limit held, what a first voltage (n,) did not, or only inoperably.

    The first solution that is operable is given, else that of the highest lowest voltage; where there is none
    at all, with `follows` what `_followed` finds from all of them, and then where the first try ended. A
    solution counts the steps of all tries.
    """
    best, steps = failed, failed.iterations
    others = [first_voltage(model, schedule, name) for name in OTHERS]
    live = schedule.island > 0
    for magnitudes, angles in others:
        if np.array_equal(magnitudes, vm) and np.array_equal(angles, va):
            continue
        state = solve(model, schedule, vm=magnitudes, va=angles)
        steps += state.iterations
        if state.converged and (not best.converged or _lowest(state, live) > _lowest(best, live)):
            best = state
        if best.converged and _lowest(best, live) >= OPERABLE:
            break
    if best.converged:
        return replace(best, iterations=steps)
    if not follows or model.budget.factorisations < FEW or len(vm) > MOST:
        return failed
    for magnitudes, angles in ((vm, va), *others):
        found = _followed(model, schedule, vm=magnitudes, va=angles)
        if found is not None:
            return replace(found, iterations=steps + found.iterations)
    return failed


def _followed(model: Model, schedule: Schedule, *, vm: Floats, va: Floats) -> State | None:
    """Solve from where bounded steps from a first voltage end, and from where its path passes solutions.

    The first solution that is operable is given, or else the first.
    """
    equations, magnitudes = posed(model, schedule, vm=vm)
    path = path_of(model.admittance, equations, magnitudes, va)
    best, steps = None, 0
    for magnitudes, angles in _ends(path):
        state = solve(model, schedule, vm=magnitudes, va=angles)
        steps += state.iterations
        if operable(state, schedule):
            return replace(state, iterations=steps)
        if state.converged and best is None:
            best = state
    return None if best is None else replace(best, iterations=steps)


def _ends(path: Path) -> Iterator[tuple[Floats, Floats]]:
    """Yield voltages that may lie near a solution: of bounded steps first, since they cost least."""
    end = bounded(path)
    if end is not None:
        yield end
    yield from solutions_along(path)


def operable(state: State, schedule: Schedule) -> bool:
    """Tell whether a state is a solution at which the grid can be run."""
    return state.converged and _lowest(state, schedule.island > 0) >= OPERABLE


def _lowest(state: State, live: Bools) -> float:
    """Give the lowest voltage of the energised buses, p.u."""
    return float(state.at.vm[live].min(initial=np.inf))
