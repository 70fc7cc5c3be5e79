"""From designs that were compared to the result of `line.buffers`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from genba.line.kernels.design_trials import Design
from genba.line.kernels.output_analysis import interval
from genba.line.kernels.ranking_selection import Selection, in_zone
from genba.line.operations.buffers_task import HOUR, bound
from genba.line.operations.simulate_model import Flow
from genba.line.records.buffers import (
    ALLOCATED,
    DESIGNS,
    NUMBERS,
    OBSERVED,
    STAFFED,
    BuffersParams,
    BuffersResult,
)
from genba.num.table import Table, table

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Chosen:
    """What was found.

    Arguments:
        params: as asked for.
        flow: the line.
        open: links whose places were chosen, in the order of a design's first entries.
        events: whether the event engine tried them.
        prices: of one more of each entry than today.
        cost: gives what a design has beyond today's, at these prices.
        warm_up: units before those that count.
        tried: designs that the search simulated.
        designs: finalists, the selected one first.
        selection: how they were compared, in that order.
        today: the design as it is.
        others: designs of other numbers of places.
        fresh: observations of today's and of the others, s, (replications,) each.
        reached: whether the number of places is settled.
        searched: whether the search came to its own end.
        full: whether the selected design has all the places that are allowed.
    """

    params: BuffersParams
    flow: Flow
    open: tuple[int, ...]
    events: bool
    prices: Floats
    cost: Callable[[Design], float]
    warm_up: int
    tried: int
    designs: list[Design]
    selection: Selection
    today: Design
    others: list[Design]
    fresh: list[Floats]
    reached: bool
    searched: bool
    full: bool

    @property
    def rows(self) -> list[tuple[str, Design, Floats]]:
        """Give role, numbers and observations of every design."""
        roles = ["selected"] + ["finalist"] * (len(self.designs) - 1)
        compared = zip(roles, self.designs, self.selection.observed, strict=True)
        rest = zip(
            ["before"] + ["frontier"] * len(self.others), [self.today, *self.others], self.fresh, strict=True
        )
        return [*compared, *rest]

    def places(self, design: Design) -> int:
        """Give the places of a design together."""
        return sum(design[: len(self.open)])


def report(done: Chosen) -> BuffersResult:
    """Put everything into the result."""
    selection, confidence = done.selection, done.params.confidence / 100
    best = selection.observed[0]
    after, before = throughput(best, confidence), throughput(done.fresh[0], confidence)
    probable = in_zone(selection.observed, 0, selection.zone)
    target = None if done.params.target is None else reaching(best, HOUR / done.params.target)
    return BuffersResult(
        outcome=_outcome(done, after[0]),
        places=done.places(done.designs[0]),
        cost=done.cost(done.designs[0]),
        throughput=after[0],
        throughput_half_width=after[1],
        throughput_before=before[0],
        throughput_before_half_width=before[1],
        bound=HOUR * bound(done.flow, _staff(done, done.designs[0])),
        probability=selection.probability,
        probability_slepian=float(np.prod(probable)),
        target_probability=target,
        indifference=selection.zone,
        complete=_complete(done),
        engine="events" if done.events else "recursion",
        engine_reasons=done.flow.reasons,
        warm_up=done.warm_up,
        tried=done.tried,
        buffers=_allocated(done),
        staff=_staffed(done),
        designs=_designs(done, probable),
        numbers=_numbers(done),
        runs=_runs(done),
    )


def _outcome(done: Chosen, found: float) -> Literal["selected", "open", "unreachable"]:
    target = done.params.target
    if target is not None and found < target:
        return "unreachable" if done.full else "open"
    return "selected" if _complete(done) and done.selection.settled else "open"


def _complete(done: Chosen) -> bool:
    return done.searched and done.reached and done.selection.ended


def throughput(spent: Floats, confidence: float) -> tuple[float, float]:
    """Give units per hour and the half-width of their interval from mean times between departures, s."""
    found = interval(spent, confidence)
    rate = HOUR / found.mean
    return rate, rate * found.relative


def reaching(spent: Floats, cycle: float) -> float:
    """Give the probability that the mean is no more than a time, s, by Student's t."""
    error = float(spent.std(ddof=1)) / len(spent) ** 0.5
    gap = cycle - float(spent.mean())
    return float(stdtr(len(spent) - 1, gap / error)) if error > 0 else float(gap >= 0)


def _staff(done: Chosen, design: Design) -> list[int]:
    """Give the staff of a design by station."""
    return list(design[len(done.open) :]) or [one.servers for one in done.flow.stations]


def _allocated(done: Chosen) -> Table:
    ways = [done.flow.links[link] for link in done.open]
    ids = done.flow.ids
    return table(
        ALLOCATED,
        source=[ids[way.source] for way in ways],
        target=[ids[way.target] for way in ways],
        before=done.today[: len(ways)],
        after=done.designs[0][: len(ways)],
        price=done.prices[: len(ways)],
    )


def _staffed(done: Chosen) -> Table:
    count = len(done.open)
    spread = done.params.staffing != "fixed"
    today = done.today[count:] if spread else tuple(one.servers for one in done.flow.stations)
    after = done.designs[0][count:] if spread else today
    prices = done.prices[count:] if spread else np.zeros(len(today))
    names = np.array(done.flow.ids, object)
    return table(STAFFED, station=names, before=today, after=after, price=prices)


def _designs(done: Chosen, probable: Floats) -> Table:
    confidence, best = done.params.confidence / 100, done.selection.observed[0]
    rows: list[dict[str, Any]] = []
    for number, (role, design, spent) in enumerate(done.rows):
        rate, width = throughput(spent, confidence)
        base = best[: len(spent)]
        behind = interval(spent[: len(base)] - base, confidence)
        rows.append(
            {
                "design": number + 1,
                "role": role,
                "places": done.places(design),
                "cost": done.cost(design),
                "throughput": rate,
                "half_width": width,
                "behind": 100 * behind.mean / float(base.mean()),
                "behind_half_width": 100 * behind.half_width / float(base.mean()),
                "probability": probable[number] if number < len(probable) else np.nan,
            }
        )
    return table(DESIGNS, **{name: [row[name] for row in rows] for name in DESIGNS.names})


def _numbers(done: Chosen) -> Table:
    ids, ways = done.flow.ids, [done.flow.links[link] for link in done.open]
    sources = [ids[way.source] for way in ways] + [""] * (len(done.today) - len(ways))
    targets = [ids[way.target] for way in ways] + list(ids[: len(done.today) - len(ways)])
    designs = [design for _, design, _ in done.rows]
    return table(
        NUMBERS,
        design=np.repeat(np.arange(1, len(designs) + 1), len(done.today)),
        source=np.array(sources * len(designs), object),
        target=np.array(targets * len(designs), object),
        amount=np.array(designs).ravel(),
    )


def _runs(done: Chosen) -> Table:
    spent = [observed for _, _, observed in done.rows]
    return table(
        OBSERVED,
        design=np.repeat(np.arange(1, len(spent) + 1), [len(one) for one in spent]),
        replication=np.concatenate([np.arange(len(one)) for one in spent]),
        cycle=np.concatenate(spent),
    )


__all__ = ["Chosen", "reaching", "report", "throughput"]
