"""Simulate ten stations beside SimPy, Ciw and salabim, and compare departures on drawn times.

    python benchmarks/line/simulation.py [--repeats 5] [--parts 20000] [--drawn 4096]

The line is `Row` of `rival_simulation`. With random numbers, genba draws everything itself and also counts
states, buffers, lead times and units in the line, sixteen replications side by side, which the rivals do not:
they note when parts leave the last station. On drawn times both sides give every departure of every station;
genba's sixteen lanes hold sixteen different samples, of which SimPy simulates one per repeat, and the
departures must be equal to the last bit. Tools take turns; figures are medians of process CPU seconds on one
thread, compilation left out. Exit status 1 when a departure differs, a throughput is off by more than 2 %,
or a target is missed.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS

import argparse
import gc
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rival_simulation import Floats, Row, by_ciw, by_salabim, by_simpy, by_simpy_drawn, occupations

from genba.line.kernels import laws as known
from genba.line.kernels.flow_blocks import departures
from genba.line.kernels.flow_model import FlowLink, FlowStation, Model, model_of
from genba.line.kernels.occupations import OPERATING
from genba.line.kernels.random_blocks import DRAWS, LANES
from genba.line.kernels.replications import Run, observe

RANDOM, DRAWN, SAME = 300.0, 1500.0, 0.02


def model(row: Row) -> Model:
    """Give the line as genba takes it."""
    station = FlowStation(
        known.lognormal(row.work, row.cv),
        1,
        known.exponential(row.mtbf),
        known.exponential(row.mttr),
        OPERATING,
    )
    links = [FlowLink(k, k + 1, row.places) for k in range(row.stations - 1)]
    return model_of([station] * row.stations, links)


def by_genba(line: Model, parts: int, seed: int) -> tuple[float, int]:
    """Simulate LANES replications of about so many parts; give parts per second and units that left."""
    (seen,), _ = observe(line.seeded(seed), 0, [(0.0, parts / 0.8)])
    return float(seen.exits.mean() / (parts / 0.8)), int(seen.exits.sum())


def by_genba_drawn(line: Model, work: Floats, left: Floats) -> Floats:
    """Write all departures on drawn times; work and `left` of shape (blocks, stations, DRAWS, LANES)."""
    run = Run(line, 0)
    departures(line.plan, run.state, run.chance, work, left)
    return left


def cpu(function: Callable[[], Any]) -> tuple[float, Any]:
    """Give the process CPU seconds of a call and what it gave."""
    gc.collect()
    start = time.process_time()
    found = function()
    return time.process_time() - start, found


def drawn(row: Row, parts: int) -> tuple[Floats, Floats]:
    """Draw times, shape (blocks, stations, DRAWS, LANES), and the same by lane: (LANES, parts, stations)."""
    rng = np.random.default_rng(1)
    blocks = parts // DRAWS
    shape = (blocks, row.stations, DRAWS, LANES)
    work = occupations(row, rng, int(np.prod(shape))).reshape(shape)
    by_lane = np.ascontiguousarray(work.transpose(3, 0, 2, 1).reshape(LANES, blocks * DRAWS, row.stations))
    return work, by_lane


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--parts", type=int, default=20_000)
    parser.add_argument("--drawn", type=int, default=4096, help="parts on drawn times")
    asked = parser.parse_args()
    row, parts = Row(), asked.parts
    line = model(row)
    work, by_lane = drawn(row, asked.drawn)
    few = max(parts // 5, 500)
    (
        by_genba(line, 200, 0),
        by_genba_drawn(line, work[:2], np.zeros_like(work[:2])),
        by_simpy(row, 50, 0),
    )  # compiled, imported
    room = np.zeros_like(work)
    rates: dict[str, list[float]] = {}
    made: dict[str, list[float]] = {}
    equal = True
    for repeat in range(asked.repeats):
        seconds, (found, units) = cpu(lambda seed=repeat: by_genba(line, parts, seed))
        rates.setdefault("genba", []).append(units / seconds)
        made.setdefault("genba", []).append(found)
        for name, rival, count in (
            ("SimPy", by_simpy, parts),
            ("Ciw", by_ciw, few),
            ("salabim", by_salabim, few),
        ):
            seconds, found = cpu(lambda rival=rival, count=count, seed=repeat: rival(row, count, seed))
            rates.setdefault(name, []).append(count / seconds)
            made.setdefault(name, []).append(found)
        seconds, left = cpu(lambda: by_genba_drawn(line, work, room))
        rates.setdefault("genba, drawn", []).append(work.size / row.stations / seconds)
        lane = repeat % LANES
        seconds, theirs = cpu(lambda lane=lane: by_simpy_drawn(by_lane[lane], row.places))
        rates.setdefault("SimPy, drawn", []).append(len(by_lane[lane]) / seconds)
        ours = left[..., lane].transpose(0, 2, 1).reshape(-1, row.stations)
        equal &= bool(np.array_equal(ours, theirs))
    middle = {name: statistics.median(values) for name, values in rates.items()}
    print(f"{platform.machine()}, Python {platform.python_version()}; CPU seconds, {asked.repeats} repeats\n")
    print("| tool | parts per s | station-cycles per s | to SimPy | throughput |\n|---|---|---|---|---|")
    for name, rate in middle.items():
        base = middle["SimPy, drawn" if name.endswith("drawn") else "SimPy"]
        mean = f"{statistics.mean(made[name]):.4f}" if name in made else "-"
        print(f"| {name} | {rate:,.0f} | {rate * row.stations:,.0f} | {rate / base:,.2f} | {mean} |")
    print(f"\ndepartures equal to the last bit: {equal}; targets {RANDOM:.0f} and {DRAWN:.0f} to SimPy")
    fast = middle["genba"] / middle["SimPy"] >= RANDOM
    fast &= middle["genba, drawn"] / middle["SimPy, drawn"] >= DRAWN
    alike = all(abs(statistics.mean(v) / statistics.mean(made["genba"]) - 1) < SAME for v in made.values())
    return 0 if equal and fast and alike else 1


if __name__ == "__main__":
    sys.exit(main())
