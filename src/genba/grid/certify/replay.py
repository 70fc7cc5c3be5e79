"""Outages solved again, on all threads, by the certificates' own Newton method."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from genba.core.context import Context
from genba.grid.certify.circuit import Circuit, Complexes, Floats
from genba.grid.certify.newton import Pattern
from genba.grid.certify.outages import Aftermath, Outage, plan_after
from genba.grid.certify.pool import heeding
from genba.grid.certify.retry import STARTS, first_voltage, settle
from genba.grid.certify.twoport import two_ports
from genba.grid.certify.violations import Limits, Loads, loads
from genba.grid.records.contingency import ContingencyParams

STEPS = 30  # Newton steps granted to an outage
BATCH = 64  # outages between two reports
BEFORE = 0.15  # share of the progress that is told before any outage is solved again


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


def solve_again(
    study: Study,
    work: list[tuple[Outage, Aftermath]],
    ctx: Context,
    *,
    steps: int = STEPS,
    starts: tuple[str, ...] = STARTS,
    borne_out: Callable[[Outage, Loads], bool] = _anything,
) -> list[list[Loads]]:
    """Give the loads of outages in every solution found; SuperLU works outside the interpreter's lock.

    Where the state of the base leads to no solution that bears out what is reported, first voltages of these
    names are tried.
    """
    done: list[list[Loads]] = []
    solve = partial(_solve, study, steps=steps, starts=starts, borne_out=borne_out)
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
    work: tuple[Outage, Aftermath],
    *,
    steps: int,
    starts: tuple[str, ...],
    borne_out: Callable[[Outage, Loads], bool],
) -> list[Loads]:
    outage, left = work
    ports, plan = two_ports(left.grid), plan_after(left, outage, study.p)
    found = None
    for side in (study.side, np.zeros_like(study.side)) if study.side.any() else (study.side,):
        # that of the base is where the study begins; held buses may be what stands in the way
        found = found or settle(
            left.grid, plan, study.shape, ports, study.v, study.params, steps=steps, side=side
        )
    every: list[Loads] = []
    for start in (*starts, None):
        if found is not None:
            every.append(loads(left.grid, ports, found.v, study.bounds))
            if borne_out(outage, every[-1]):
                break
        if start is not None:
            v = first_voltage(left.grid, plan, start)
            found = settle(left.grid, plan, study.shape, ports, v, study.params, steps=steps)
    return every
