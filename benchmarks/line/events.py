"""Run the event engine and SimPy on a line with AGVs, a repair crew, rework, variants and breaks.

    python benchmarks/line/events.py [--parts 20000] [--repeats 5] [--seeds 20]

The line is `Yard` of `rival_events`, the same for both; each draws its own random times from the same laws
(genba from its counter-based blocks, SimPy from numpy in blocks of a thousand). Both count departures, lead
times, scrap, rework, and time worked, broken and blocked by station; time blocked is not compared, because
genba does not count it during breaks. Speed: process CPU seconds, median of
interleaved repeats, from the built line to its statistics; compilation is not counted. Statistics: means of
seeds, as many for each, with 95 % intervals (Student); exit status 1 when the difference of two means is
more than 2.6 standard errors on more than 5 % of the measures, or twice that on any.

The limit: `hold` is the time of one pop and one push of the pending events alone, at the number of events
that this line has pending; `draw` that of one lognormal draw. What an event takes beyond both is the state's.
"""

import argparse
import gc
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from rival_events import Yard, by_simpy, draws
from scipy.stats import t as student

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_cells import numbers
from genba.line.kernels.event_heap import pop, push
from genba.line.kernels.event_plan import (
    END,
    EventCalendar,
    EventFleet,
    EventPlan,
    EventQueue,
    EventRoute,
    EventSource,
    EventStation,
)
from genba.line.kernels.event_run import EventTrace, run, trace_of
from genba.line.kernels.event_template import start, template_of
from genba.line.kernels.event_world import DOWN, SETTING, WORKING
from genba.line.kernels.laws import exponential, lognormal
from genba.line.kernels.random_blocks import draw_block, key_of

Floats = NDArray[np.float64]
ACCEPTED, ODD, SHARE = 2.6, 5.2, 0.05


def plan_of(yard: Yard, seed: int) -> EventPlan:
    """Give the rival's line as the event engine takes it."""
    count, bench = len(yard.work), yard.bench
    routes = [EventRoute(station=k, queue=k + 1, **_way(yard, k, k + 1)) for k in range(bench - 1)]
    to_bench, back = len(routes), len(routes) + 1
    routes += [
        EventRoute(station=yard.test, queue=bench),
        EventRoute(station=bench, queue=yard.test - 1, **_way(yard, bench, yard.test - 1)),
    ]
    onward = [*range(bench - 1), END, back]
    travel = np.array([[yard.travel(a, b) for b in range(count)] for a in range(count)])
    return EventPlan(
        stations=tuple(_station(yard, k, onward[k], to_bench) for k in range(count)),
        queues=tuple(
            EventQueue(station=k, places=places if k else None) for k, places in enumerate(yard.places)
        ),
        routes=tuple(routes),
        sources=(EventSource(queue=0),),
        fleets=(EventFleet(travel=travel, home=(0,) * yard.agvs),),
        teams=(yard.crew,),
        calendars=(EventCalendar(yard.period, yard.breaks),),
        sequence=yard.sequence,
        priorities=(0, 0),
        seed=seed,
    )


def _way(yard: Yard, start_: int, end: int) -> dict[str, Any]:
    return {"time": yard.travel(start_, end), "fleet": 0} if end in yard.driven else {}


def _station(yard: Yard, k: int, onward: int, to_bench: int) -> EventStation:
    tested = k == yard.test
    return EventStation(
        work=lognormal(yard.work[k], yard.cv),
        onward=(onward,),
        factor=(1.0, yard.factor[k]),
        setup=yard.setup[k] * (1.0 - np.eye(2)),
        clock="operating",
        uptime=exponential(yard.mtbf),
        repair=exponential(yard.mttr),
        crew=(0,),
        calendar=0,
        scrap=yard.scrap if tested else 0.0,
        rework=yard.rework if tested else 0.0,
        rework_route=to_bench if tested else None,
    )


def by_genba(template: Any, replication: int, parts: int) -> EventTrace:
    """Run the event engine until `parts` good ones have left."""
    trace = trace_of(run(start(template, replication, parts=parts)))
    if trace.ending != "done":
        raise SystemExit(f"the run ended {trace.ending}")
    return trace


def measures_of_genba(trace: EventTrace) -> Floats:
    """Give throughput, lead time and shares by station."""
    share = trace.states / trace.now
    work, down = share[:, WORKING] + share[:, SETTING], share[:, DOWN]
    ended = len(trace.departed) + trace.scrapped
    first = (
        3600 * len(trace.departed) / trace.departed[-1],
        trace.lead.mean(),
        trace.scrapped / ended,
        trace.reworked.sum() / ended,
        trace.loads.sum() / ended,
    )
    return np.array([*first, *work, down[0], down.sum()])


def measures_of_simpy(course: Any) -> Floats:
    """Give the same measures."""
    end = course.departures[-1]
    ended = len(course.departures) + course.scrapped
    lead = np.mean(np.subtract(course.departures, course.entries))
    first = (
        3600 * len(course.departures) / end,
        lead,
        course.scrapped / ended,
        course.reworked / ended,
        course.carried / ended,
    )
    down = course.down
    return np.array(
        [*first, *(np.array(course.working) / end), down[0] / end, sum(down) / end, sum(course.blocked) / end]
    )


NAMES = ("parts/h", "lead time, s", "scrapped", "reworked", "loads carried")


def compare(yard: Yard, parts: int, seeds: int) -> bool:
    """Print the statistics of both; tell whether they agree."""
    template = template_of(plan_of(yard, 1))
    ours = np.array([measures_of_genba(by_genba(template, seed, parts)) for seed in range(seeds)])
    theirs = np.array([measures_of_simpy(by_simpy(yard, parts, draws(yard, seed))) for seed in range(seeds)])
    names = [*NAMES, *(f"work {k}" for k in range(len(yard.work))), "down 0", "down, all"]
    factor = student.ppf(0.975, seeds - 1) / np.sqrt(seeds)
    off = []
    print(f"\n| measure, mean of {seeds} seeds and 95 % interval | genba | SimPy |\n|---|---|---|")
    for i, name in enumerate(names):
        a, b = ours[:, i], theirs[:, i]
        error = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / seeds)
        off.append(abs(a.mean() - b.mean()) / error)
        sides = (f"{c.mean():.5g} +- {factor * c.std(ddof=1):.2g}" for c in (a, b))
        print(f"| {name} | {' | '.join(sides)} |")
    print(f"\nlargest difference: {max(off):.1f} standard errors of {len(off)} measures")
    return float(np.mean(np.array(off) > ACCEPTED)) <= SHARE and max(off) < ODD


def cpu(function: Callable[[], Any]) -> tuple[float, Any]:
    """Give the process CPU seconds of a call and what it gave."""
    gc.collect()
    begun = time.process_time()
    found = function()
    return time.process_time() - begun, found


@numba.njit
def holds(m: Any, x: Any, count: int, steps: Any) -> int:
    """Take the first event and put another in, once for each step."""
    for i in range(steps.size):
        now = x[m[at.HEAP] + at.EVENT_TIME]
        count = push(m, x, pop(m, x, count), now + steps[i], i, 0)
    return count


def limits(yard: Yard, pending: int) -> tuple[float, float]:
    """Give the seconds of a hold, and of a lognormal draw."""
    template = template_of(plan_of(yard, 1))
    m = start(template, 0)
    x, count, rng = numbers(m), 0, np.random.default_rng(1)
    for i in range(pending):
        count = push(m, x, count, rng.random(), i, 0)
    steps = rng.random(1_000_000)
    holds(m, x, count, steps[:1])
    hold = min(cpu(lambda: holds(m, x, count, steps))[0] for _ in range(3)) / len(steps)
    law, out, key = np.zeros(6), np.empty(64), key_of(1)
    law[:3] = 3, 0.0, 0.25
    table = np.zeros(1)
    many = range(3000)
    draw = min(
        cpu(lambda: [draw_block(out, key, 0, 0, 0, block, law, table) for block in many])[0] for _ in range(3)
    )
    return hold, draw / (len(many) * 64)


def main() -> None:
    """Print speeds, statistics and limits."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("--parts", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=20)
    asked = parser.parse_args()
    yard = Yard()
    template = template_of(plan_of(yard, 1))
    by_genba(template, 0, 100)
    ours, theirs = [], []
    for repeat in range(asked.repeats):
        ours.append(cpu(lambda repeat=repeat: by_genba(template, repeat, asked.parts)))  # type: ignore[misc]
        theirs.append(cpu(lambda repeat=repeat: by_simpy(yard, asked.parts, draws(yard, repeat))))  # type: ignore[misc]
    print(f"{platform.processor() or platform.machine()}, {asked.parts} good parts\n")
    print("| engine | CPU s | parts/s | events of a part | events/s | ratio |\n|---|---|---|---|---|---|")
    mine, rival = (statistics.median(one[0] for one in side) for side in (ours, theirs))
    ratio = statistics.median(b[0] / a[0] for a, b in zip(ours, theirs, strict=True))
    for name, seconds, events in (
        ("genba event engine", mine, ours[-1][1].events),
        ("SimPy", rival, theirs[-1][1].events),
    ):
        rate = f"{asked.parts / seconds:,.0f} | {events / asked.parts:.1f} | {events / seconds:,.0f}"
        print(f"| {name} | {seconds:.3f} | {rate} | {ratio if seconds == mine else 1:.0f}x |")
    hold, draw = limits(yard, 16)
    each = mine / ours[-1][1].events
    print(f"\nan event takes {1e9 * each:.0f} ns; hold {1e9 * hold:.0f} ns, draw {1e9 * draw:.0f} ns")
    sys.exit(0 if compare(yard, asked.parts, asked.seeds) else 1)


if __name__ == "__main__":
    main()
