"""The greatest efficiency of `line.balance`: stations and cycle together, both within limits."""

from dataclasses import replace

import numpy as np

from genba.core.context import Context
from genba.core.errors import InputError
from genba.line.kernels.bits import Ints
from genba.line.kernels.precedence import topological
from genba.line.kernels.salbpe import Limits, Widening, advance_efficiency, begin_efficiency
from genba.line.operations.balance_model import Found, Job, binds
from genba.line.operations.balance_search import until_ended
from genba.line.records.balance import BalanceParams
from genba.line.records.whole import common_unit, seconds


def most_efficient(job: Job, params: BalanceParams, ctx: Context, until: int) -> Found:
    """Search for the least product of stations and cycle, up to the job's cycle and stations.

    Raises:
        InputError: when more than precedence and one time of each task counts, or no number of stations is
            within the limits.
    """
    _refuse_others(job, params)
    unit = common_unit(tuple(job.times.tolist()))
    n = len(job.times)
    least, most = params.stations_from or 1, min(job.stations or n, n)
    if least > most:
        told = f"at least {least} stations are asked for, and {n} tasks fill {most} of those allowed at most"
        raise InputError(told, where="stations_from")
    limits = Limits(job.cycle // unit, least, most)
    state = until_ended(
        begin_efficiency(job.times // unit, job.start, job.end, limits),
        advance_efficiency,
        lambda at: f"best {at.stations} stations of {seconds(at.cycle * unit)} s, {_told(at)} % at most",
        ctx,
        until,
    )
    if state.station is None:
        bound = limits.most + 1 if state.impossible else 1
        return Found(None, bound, job.cycle, None, state.proof, state.expanded, impossible=state.impossible)
    station = _spread_out(state.station, state.stations, topological(n, job.start, job.end))
    # fewer stations with this cycle would be a product below the bound
    bound = max(least, -(-state.bound // state.cycle))
    found = Found(station, bound, state.cycle * unit, None, state.proof, state.expanded)
    return replace(found, product_bound=state.bound * unit)


def _refuse_others(job: Job, params: BalanceParams) -> None:
    """Refuse what this search does not keep.

    Raises:
        InputError: as above.
    """
    rules = job.line.rules
    timed = job.line.shape == "two-sided" or (params.rules and (rules.setups or rules.walks))
    if timed or not job.plain or binds(job, params) or params.smooth:
        message = (
            "the greatest efficiency counts precedence and one time of each task alone: no rules, U, two "
            "sides, staff, places side by side, products apart or even work; leave them out, or ask for the "
            "shortest cycle of a number of stations"
        )
        raise InputError(message, where="objective")


def _told(state: Widening) -> str:
    return f"{100 * int(state.times.sum()) / state.bound:.2f}"


def _spread_out(station: Ints, stations: int, order: Ints) -> Ints:
    """Give a line of exactly so many stations: those with several tasks are split where there are fewer."""
    rows = order[np.argsort(station[order], kind="stable")]
    steps = np.diff(station[rows])
    spare = np.flatnonzero(steps == 0)[: stations - 1 - int(station.max())]
    steps[spare] = 1
    spread = np.zeros_like(station)
    spread[rows] = np.concatenate([[0], np.cumsum(steps)])
    return spread
