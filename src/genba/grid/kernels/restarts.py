"""What one first voltage did not solve, from others."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from genba.grid.kernels.balance import first_voltage
from genba.grid.kernels.continuation import Path, bounded, path_of, solutions_along
from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.steady_state import Model, Schedule, State, posed, solve

OTHERS: tuple[Literal["dc", "flat"], ...] = ("dc", "flat")
"""First voltages tried after the one that was asked for: both lie near a solution of high voltages."""
OPERABLE = 0.5
"""Voltage magnitude that a solution has everywhere before no other first voltage is tried, p.u."""
FEW = 30
"""Factorisations: where fewer are granted, they may be what lacks, and no path is followed."""


def solve_or_restart(
    model: Model, schedule: Schedule, *, vm: Floats, va: Floats, turns: bool = False
) -> State:
    """Solve the power flow from a first voltage, (n,) each, or else as `restarted` does."""
    state = solve(model, schedule, vm=vm, va=va)
    return state if state.converged else restarted(model, schedule, state, vm=vm, va=va, turns=turns)


def restarted(
    model: Model,
    schedule: Schedule,
    failed: State,
    *,
    vm: Floats,
    va: Floats,
    side: Ints | None = None,
    turns: bool = False,
) -> State:
    """Solve from `OTHERS`, no reactive limit held, what a first voltage (n,) did not, or only inoperably.

    The first solution that is operable is given, else that of the highest lowest voltage; where there is none
    at all, what `_followed` finds, from the reactive limits of `side`; then where the first try ended. A
    solution counts the steps of all tries. With `turns` paths are followed that turn, and from `OTHERS` too:
    for states that can be checked as they are reported.
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
    if best.converged:
        return replace(best, iterations=steps)
    if model.budget.factorisations < FEW:
        return failed
    others = [first_voltage(model, schedule, name) for name in OTHERS] if turns else []
    for magnitudes, angles in ((vm, va), *others):
        found = _followed(model, schedule, vm=magnitudes, va=angles, side=side, turns=turns)
        if found is not None:
            return replace(found, iterations=steps + found.iterations)
    return failed


def _followed(
    model: Model, schedule: Schedule, *, vm: Floats, va: Floats, side: Ints | None, turns: bool
) -> State | None:
    """Solve from where bounded steps from a first voltage end, and from where its path passes solutions.

    Arguments as for `solve`, and `turns` as for `solutions_along`. The first solution that is operable is
    given, or else the first.
    """
    equations, magnitudes, held = posed(model, schedule, vm=vm, side=side)
    path = path_of(model.admittance, equations, magnitudes, va)
    best, steps = None, 0
    for magnitudes, angles in _ends(path, turns=turns):
        state = solve(model, schedule, vm=magnitudes, va=angles, side=held)
        steps += state.iterations
        if operable(state, schedule):
            return replace(state, iterations=steps)
        if state.converged and best is None:
            best = state
    return None if best is None else replace(best, iterations=steps)


def _ends(path: Path, *, turns: bool) -> Iterator[tuple[Floats, Floats]]:
    """Yield voltages that may lie near a solution: of bounded steps first, since they cost least."""
    end = bounded(path)
    if end is not None:
        yield end
    yield from solutions_along(path, turns=turns)


def operable(state: State, schedule: Schedule) -> bool:
    """Tell whether a state is a solution at which the grid can be run."""
    return state.converged and _lowest(state, schedule.island > 0) >= OPERABLE


def _lowest(state: State, live: Bools) -> float:
    """Give the lowest voltage of the energised buses, p.u."""
    return float(state.at.vm[live].min(initial=np.inf))
