"""Outages solved again, on all threads, by the certificates' own Newton method."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TypeVar

import numpy as np

from genba.core.context import Context
from genba.grid.certify.circuit import Circuit, Complexes, Floats
from genba.grid.certify.newton import Pattern, halved, newton
from genba.grid.certify.outages import Aftermath, Outage, plan_after
from genba.grid.certify.pool import heeding
from genba.grid.certify.retry import STARTS, Method, Settled, first_voltage, granted, plausible, settlements
from genba.grid.certify.schedule import Schedule
from genba.grid.certify.twoport import TwoPorts, two_ports
from genba.grid.certify.violations import Limits, Loads, loads
from genba.grid.records.contingency import ContingencyParams

R = TypeVar("R")
Work = tuple[Outage, Aftermath]

STEPS = 30  # Newton steps granted to an outage
BATCH = 64  # outages between two reports
BEFORE = 0.15  # share of the progress that is told before any outage is solved again
AT_SET_POINT = 1e-6  # p.u.: what is reported no farther from its set point holds it


@dataclass(frozen=True)
class Study:
    """A base and what is needed to solve any outage of it again; `side` as in `Settled`."""

    params: ContingencyParams
    grid: Circuit
    shape: Pattern
    bounds: Limits
    v: Complexes
    p: Floats
    side: Floats
    base: Loads


def _anything(outage: Outage, found: Loads) -> bool:
    return True


def _untold(outage: Outage) -> Floats:
    return np.zeros(1)  # of every bus


def solve_again(
    study: Study,
    work: list[tuple[Outage, Aftermath]],
    ctx: Context,
    *,
    borne_out: Callable[[Outage, Loads], bool] = _anything,
    told: Callable[[Outage], Floats] = _untold,
) -> list[list[Loads]]:
    """Give the loads of outages in the solutions found, until one bears out what is reported.

    The state of the base comes first, then other first voltages, then both by halved steps, and last what
    lies near the voltage magnitudes `told` of an outage, p.u., 0 at buses of which none is.
    """
    return _each(partial(_solve, study, borne_out=borne_out, told=told), work, ctx)


def solvable(study: Study, work: list[tuple[Outage, Aftermath]], ctx: Context) -> list[bool]:
    """Tell of which outages there is a solution: any from the base, a plausible one from other starts."""
    return _each(partial(_solvable, study, steps=granted(study.params, STEPS)), work, ctx)


def _each(solve: Callable[[Work], R], work: list[Work], ctx: Context) -> list[R]:
    """Do the work on all threads; SuperLU works outside the interpreter's lock."""
    done: list[R] = []
    with ThreadPoolExecutor(max(ctx.threads, 1)) as pool:
        for start in range(0, len(work), BATCH):
            heed = partial(
                ctx.progress,
                BEFORE + (1 - BEFORE) * start / len(work),
                f"certifying: {start} of {len(work)} outages solved again",
            )
            heed()
            batch = work[start : start + BATCH]
            done += heeding(pool, solve, batch, heed)
    return done


@np.errstate(all="ignore")  # every thread has its own
def _solve(
    study: Study,
    work: Work,
    *,
    borne_out: Callable[[Outage, Loads], bool],
    told: Callable[[Outage], Floats],
) -> list[Loads]:
    outage, after = work[0], _after(study, *work)
    every: list[Loads] = []
    plain, bent = ((after.from_base(method), after.from_others(method)) for method in (newton, halved))
    for found in chain(*plain, *bent, after.near(told(outage))):
        every.append(loads(after.grid, after.ports, found.v, study.bounds))
        if borne_out(outage, every[-1]):
            break
    return every


@np.errstate(all="ignore")
def _solvable(study: Study, work: Work, *, steps: int) -> bool:
    after = _after(study, *work)
    if next(after.from_base(newton, steps), None) is not None:
        return True
    return any(plausible(after.grid, found) for found in after.from_others(newton, steps))


@dataclass(frozen=True)
class _After:
    """What an outage leaves to be solved, by the parameters and from the base of its study."""

    study: Study
    grid: Circuit
    plan: Schedule
    ports: TwoPorts

    def from_base(self, method: Method, steps: int = STEPS) -> Iterator[Settled]:
        """Yield solutions to which the state of the base leads, with its held buses and without."""
        v, side = self.study.v, self.study.side
        yield from self.found(v, side, method, steps)
        if side.any():  # held buses may be what stands in the way
            yield from self.found(v, np.zeros_like(side), method, steps)

    def from_others(self, method: Method, steps: int = STEPS) -> Iterator[Settled]:
        """Yield solutions to which other first voltages lead."""
        for start in STARTS:
            v = first_voltage(self.grid, self.plan, start)
            yield from self.found(v, np.zeros_like(self.study.side), method, steps)

    def near(self, magnitude: Floats) -> Iterator[Settled]:
        """Yield solutions to which states lead in which buses hold a magnitude, p.u., where it is not 0."""
        study, plan, params = self.study, self.plan, self.study.params
        holds = (magnitude > 0) & ~plan.reference & self.grid.alive
        if not holds.any():
            return
        size = np.where(holds, magnitude, plan.magnitude)
        free = replace(study, params=params.model_copy(update={"reactive_limits": False}))
        holding = replace(self, study=free, plan=replace(plan, held=plan.held | holds, magnitude=size))
        below, side = plan.magnitude - size, study.side
        if params.reactive_limits:
            at_limit = np.where(np.abs(below) > AT_SET_POINT, np.sign(below), 0.0)
            side = np.where(holds & plan.held, at_limit, side)
        for state in holding.found(study.v, np.where(holds, 0.0, study.side), halved, STEPS):
            yield from self.found(state.v, side, halved, STEPS)

    def found(self, v: Complexes, side: Floats, method: Method, steps: int) -> Iterator[Settled]:
        """Yield what `settlements` does."""
        grid, plan, shape, params = self.grid, self.plan, self.study.shape, self.study.params
        return settlements(grid, plan, shape, self.ports, v, params, steps=steps, side=side, method=method)


def _after(study: Study, outage: Outage, left: Aftermath) -> _After:
    return _After(study, left.grid, plan_after(left, outage, study.p), two_ports(left.grid))
