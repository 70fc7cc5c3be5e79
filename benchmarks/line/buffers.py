"""Compare the buffers that `line.buffers` selects with the exact optimum of small lines, over many seeds.

    python benchmarks/line/buffers.py [--seeds 200] [--out table.md]

Three exponential stations in a row; all designs are enumerated by their Markov chains (the tests' solver).
`published`: service rates that sum to 20 and buffers that sum to 20, of which the parts in service take one
place each, so 18 for waiting (Pichitlamken, Nelson and Hong 2006; SimOpt calls it throughput): 3,249 designs.
A seed is right when the selected design is an optimum, or no more than the indifference of 0.5 % below. Also
counted: seeds whose 95 % interval holds the exact throughput of the selected design; that interval follows a
selection and is told of as it is. Exit status 1 when fewer than 95 % of the seeds are right.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.append(str(Path(__file__).parents[2] / "tests" / "line" / "kernels"))
from markov_lines import throughput

from genba.core.context import Context
from genba.line.operations.buffers import buffers

ZONE = 0.5
"""Indifference, per cent of throughput."""
NEEDED = 0.95


@dataclass(frozen=True)
class Case:
    """A line: mean times of its stations, s, places to spread, and staff as teams (0: none)."""

    name: str
    means: tuple[float, ...]
    places: int
    staff: int = 0

    def designs(self) -> Iterator[tuple[tuple[int, ...], tuple[int, int]]]:
        """Yield staff and places of every design."""
        crews: Sequence[tuple[int, ...]] = [(1, 1, 1)]
        if self.staff:
            most = self.staff - 2
            crews = [(a, b, self.staff - a - b) for a in range(1, most + 1) for b in range(1, most - a + 2)]
        for crew in crews:
            for first in range(self.places + 1):
                yield crew, (first, self.places - first)

    def exact(self, crew: Sequence[int], places: Sequence[int]) -> float:
        """Give units per s."""
        return throughput([n / mean for n, mean in zip(crew, self.means, strict=True)], places)

    def write(self, path: Path) -> None:
        """Write the line, all places before the second station."""
        stations = ",".join(
            f'{{id = "S{k}", work = {{kind = "exponential", mean = {mean}}}}}'
            for k, mean in enumerate(self.means)
        )
        room = (("S1", self.places), ("S2", 0))
        waiting = [f'{{id = "B{at}", before = "{at}", capacity = {places}}}' for at, places in room]
        tasks = '[{id = "a", time = 1.0}]'
        path.write_text(
            f'name = "{self.name}"\ntasks = {tasks}\nstations = [{stations}]\n'
            f"buffers = [{', '.join(waiting)}]\n"
        )


CASES = (
    Case("published", (1.0, 1.0, 1.0), 18, 20),
    Case("equal", (1.0, 1.0, 1.0), 8),
    Case("slow middle", (1.0, 1.25, 0.9), 8),
    Case("slow end", (0.8, 1.0, 1.2), 12),
)


@dataclass
class Tally:
    """What came of the seeds of a case."""

    best: int = 0
    right: int = 0
    selected: int = 0
    covered: int = 0
    certified: int = 0


def study(case: Case, path: Path, seed: int, **more: Any) -> tuple[float, Any]:
    """Give the process CPU seconds of a study and its outcome, certificate included."""
    begun = time.process_time()
    context = Context(path=buffers.path, seed=seed)
    outcome = buffers(
        context, line=str(path), places=case.places, indifference=ZONE, time_limit=600.0, **more
    )
    return time.process_time() - begun, outcome


def tally(case: Case, path: Path, seeds: int) -> tuple[Tally, float, int]:
    """Give what came of all seeds, the median CPU seconds and the number of designs."""
    exact = {design: case.exact(*design) for design in case.designs()}
    top = max(exact.values())
    more = {"staffing": "team", "staff": case.staff} if case.staff else {}
    done, seconds = Tally(), []
    for seed in range(seeds):
        spent, outcome = study(case, path, seed, **more)
        seconds.append(spent)
        result = outcome.result
        found = exact[tuple(result.staff["after"].tolist()), tuple(result.buffers["after"].tolist())]
        done.best += found > top * (1 - 1e-9)
        done.right += found >= top * (1 - ZONE / 100)
        done.selected += result.outcome == "selected"
        done.covered += abs(result.throughput / 3600 - found) <= result.throughput_half_width / 3600
        done.certified += outcome.certificate.holds
    return done, statistics.median(seconds), len(exact)


def main() -> None:
    """Print one row per case."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    rows = [
        f"{platform.processor() or platform.machine()}, {asked.seeds} seeds, indifference {ZONE} %\n",
        "| line | designs | right | exactly best | outcome `selected` | interval holds | certified | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    good = True
    with TemporaryDirectory() as folder:
        path = Path(folder) / "line.toml"
        for case in CASES:
            case.write(path)
            study(case, path, 0, units=64, replications=32)  # compiled before it is timed
            done, seconds, designs = tally(case, path, asked.seeds)
            shares = (done.right, done.best, done.selected, done.covered, done.certified)
            columns = " | ".join(f"{100 * share / asked.seeds:.1f} %" for share in shares)
            rows.append(f"| {case.name} | {designs:,} | {columns} | {seconds:.2f} |")
            good &= done.right >= NEEDED * asked.seeds
            print(rows[-1], flush=True)
    print("\n".join(rows))
    if asked.out:
        asked.out.write_text("\n".join(rows) + "\n")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
