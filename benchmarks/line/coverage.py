"""How often the 95 % intervals of line.simulate hold the exact value, over many seeds.

    python benchmarks/line/coverage.py [--seeds 2000]

Exact values: two machines that fail in work, from their Markov chain, solved here; M/M/1 and M/G/1 by
Pollaczek and Khinchine; three exponential stations from their chain, solved by the tests' own code. Sixteen
replications each, windows as stated. The share of 2,000 intervals at 95 % has a standard error of 0.5 %. Exit
status 1 when a share lies outside 94 to 96.1 %.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import util
from pathlib import Path

import numpy as np

from genba.core.context import Context
from genba.line.operations.simulate import simulate
from genba.line.records.simulate import SimulateResult

HEAD = 'name = "t"\ntasks = [{id = "a", time = 1.0}]\n'
LOW, HIGH = 94.0, 96.1
MARKOV = Path(__file__).parents[2] / "tests" / "line" / "kernels" / "markov_lines.py"
State = tuple[int, int, int]


@dataclass(frozen=True)
class Case:
    """A line whose mean is known: its file, the exact value, what is compared, and the window in hours."""

    name: str
    body: str
    exact: float
    seen: Callable[[SimulateResult], tuple[float, float]]
    hours: float


def made(result: SimulateResult) -> tuple[float, float]:
    return result.throughput / 3600, result.throughput_half_width / 3600


def lead(result: SimulateResult) -> tuple[float, float]:
    return result.lead_time, result.lead_time_half_width


def two_machines(rates: tuple[float, float], fail: float, repair: float, places: int) -> float:
    """Give the rate of two exponential machines that fail while they work: unknowns are chances of states.

    A state is what stands at the second machine, one more than fits where the first holds its part, and which
    of them run.
    """
    most = places + 2
    states = [(n, a, b) for n in range(most + 1) for a in (0, 1) for b in (0, 1)]
    row = {state: number for number, state in enumerate(states)}
    flow = np.zeros((len(states), len(states)))
    for state in states:
        for target, rate in _steps(state, most, rates, fail, repair):
            flow[row[target], row[state]] += rate
            flow[row[state], row[state]] -= rate
    start = row[0, 1, 1]
    reached = _reached(flow, start)
    flow = flow[np.ix_(reached, reached)]
    flow[-1] = 1.0
    chance = np.linalg.solve(flow, np.eye(len(reached))[-1])
    works = np.array([states[one][0] > 0 and states[one][2] == 1 for one in reached])
    return float(rates[1] * chance[works].sum())


def _steps(
    state: State, most: int, rates: tuple[float, float], fail: float, repair: float
) -> Iterator[tuple[State, float]]:
    n, first, second = state
    if first and n < most:
        yield (n + 1, 1, second), rates[0]
        yield (n, 0, second), fail
    if not first:
        yield (n, 1, second), repair
    if second and n:
        yield (n - 1, first, 1), rates[1]
        yield (n, first, 0), fail
    if not second:
        yield (n, first, 1), repair


def _reached(flow: np.ndarray, start: int) -> list[int]:
    seen, waiting = {start}, [start]
    while waiting:
        new = set(np.flatnonzero(flow[:, waiting.pop()] > 0).tolist()) - seen
        seen |= new
        waiting += list(new)
    return sorted(seen)


def three_stations() -> float:
    """Give the rate of three equal exponential stations with two and one places between them."""
    spec = util.spec_from_file_location("markov_lines", MARKOV)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return float(module.throughput([1.0, 1.0, 1.0], [2, 1]))


def station(name: str, mean: float, more: str = "") -> str:
    return f'{{id = "{name}", work = {{kind = "exponential", mean = {mean!r}}}{more}}}'


def cases() -> tuple[Case, ...]:
    fails = ", breakdown = {mtbf = 50, mttr = 5}"
    pair = f"stations = [{station('A', 1.0, fails)}, {station('B', 1 / 1.2, fails)}]\n"
    waits = 'buffers = [{id = "b", before = "B", capacity = 4}]\n'
    row = f"stations = [{station('A', 1.0)}, {station('B', 1.0)}, {station('C', 1.0)}]\n"
    spaces = 'buffers = [{id = "b", before = "B", capacity = 2}, {id = "c", before = "C", capacity = 1}]\n'
    come = 'arrivals = {kind = "exponential", mean = 1.25}\n'
    even = 'stations = [{id = "A", work = {kind = "lognormal", mean = 1.0, cv = 0.5}}]\n'
    load = 0.8
    return (
        Case(
            "two machines that fail",
            pair + waits,
            two_machines((1.0, 1.2), 1 / 50, 1 / 5, 4),
            made,
            2.0,
        ),
        Case("three exponential stations", row + spaces, three_stations(), made, 1.0),
        Case("M/M/1, time in system", f"stations = [{station('A', 1.0)}]\n{come}", 5.0, lead, 6.0),
        Case("M/G/1, time in system", even + come, 1 + load * 1.25 / (2 * (1 - load)), lead, 6.0),
    )


def covered(case: Case, seeds: int) -> tuple[float, float]:
    """Give the share of intervals that hold the exact value, %, and the mean half-width over it, %."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.toml"
        path.write_text(HEAD + case.body)
        asked = {"line": str(path), "hours": case.hours, "warm_up": 0.5, "half_width": 100.0}
        params = simulate.parse(asked | {"replications": 16, "sensitivities": False, "shown": 0.0})
        hits, widths = 0, 0.0
        for seed in range(seeds):
            value, width = case.seen(simulate.function(params, Context(path=simulate.path, seed=seed)))
            hits += abs(value - case.exact) <= width
            widths += width / case.exact
    return 100 * hits / seeds, 100 * widths / seeds


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=2000)
    seeds = parser.parse_args().seeds
    print(f"{seeds} seeds, 16 replications each\n")
    print("| line | exact | window, h | half-width | holds it | CPU s |\n|---|---|---|---|---|---|")
    good = True
    for case in cases():
        begun = time.process_time()
        share, width = covered(case, seeds)
        good &= LOW <= share <= HIGH
        spent = time.process_time() - begun
        print(
            f"| {case.name} | {case.exact:.6f} | {case.hours:g} | {width:.2f} % | {share:.2f} % "
            f"| {spent:.0f} |",
            flush=True,
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
