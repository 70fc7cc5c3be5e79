"""A balance with the rules of a line, by CP-SAT, from the line and the bound of the search without them."""

from dataclasses import replace

import numpy as np

from genba.core.context import Context
from genba.line.kernels.assignment_goals import pose_cycle, pose_stations
from genba.line.kernels.assignment_model import Posed
from genba.line.kernels.salbp1 import Proof
from genba.line.operations.balance_model import Found, Job, assigning
from genba.line.records.balance import BalanceParams
from genba.num.solvers import cpsat

NANO = 1e9
SPARE = 3
"""Stations that rules are first granted above a line without them."""


def with_rules(job: Job, free: Found, params: BalanceParams, ctx: Context, until: int) -> Found:
    """Search again with rules; the line without them gives the first bound."""
    if free.station is None:
        return free
    most = job.stations or int(free.station.max()) + 1 + SPARE
    while True:
        posed, least = _pose(job, free, params, most)
        answer = _solved(posed, ctx, until)
        final = bool(job.stations) or most >= len(job.times)
        if answer.status != "infeasible" or final:
            return _found(job, free, posed, answer, least)
        most = min(len(job.times), 2 * most)


def _pose(job: Job, free: Found, params: BalanceParams, most: int) -> tuple[Posed | None, int]:
    """Give the program for at most so many stations, and the bound that is known."""
    given = assigning(job, most)
    if params.objective == "cycle":
        low = free.cycle_bound or 0
        posed = pose_cycle(replace(given, shortest=low))
    else:
        low = min(free.bound, most)
        posed = pose_stations(replace(given, least=low))
    if posed is not None and free.station is not None:
        posed.start_from(free.station, np.zeros(0, np.int64), np.unique(free.station), free.cycle)
    return posed, low


def _solved(posed: Posed | None, ctx: Context, until: int) -> cpsat.FlagAnswer:
    if posed is None:
        return cpsat.FlagAnswer("infeasible", None, None, (), 0)
    left = max(1.0, (until - ctx.clock()) / NANO)

    def watch(best: float | None, bound: float | None) -> None:
        ctx.progress(0.9, f"with rules: best {best}, at least {bound}")

    return cpsat.solve(posed.program, watch, limit_s=left, seed=ctx.seed, workers=max(1, ctx.threads))


def _found(job: Job, free: Found, posed: Posed | None, answer: cpsat.FlagAnswer, least: int) -> Found:
    """Read what CP-SAT says; its bound counts as a search exhausted only where it lifts the known one."""
    explored = free.explored + answer.branches
    if posed is None or answer.status == "infeasible":
        return Found(None, free.bound, job.cycle, free.cycle_bound, "exhausted", explored, impossible=True)
    bound = max(least, round(np.ceil((answer.bound or 0) - 1e-6)))
    station = posed.positions(answer.values) if answer.values else None
    proof: Proof = "exhausted" if bound > least else free.proof
    if free.cycle_bound is None:
        return Found(station, bound, job.cycle, None, proof, explored)
    load = job.cycle if station is None else int(np.bincount(station, job.times).max())
    return Found(station, job.stations, load, bound, proof, explored)
