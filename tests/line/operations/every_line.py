"""All lines of a few tasks, and what is least among them, for searches to be compared with."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import to_json

Ints = NDArray[np.int64]
CYCLE = 10
STATIONS = 5


@dataclass(frozen=True)
class Staff:
    """Who can work at a station: tasks, speed, cost, number."""

    able: frozenset[int]
    speed: float
    cost: int
    count: int


@dataclass(frozen=True)
class Small:
    """A line of a few tasks with times by product, and who can work at it."""

    times: Ints
    pairs: tuple[tuple[int, int], ...]
    folded: bool = False
    staff: tuple[Staff, ...] = ()

    @property
    def tasks(self) -> int:
        """Give the number of tasks."""
        return int(self.times.shape[1])

    def write(self, folder: Path, **rules: Any) -> str:
        """Write it to a file; staff become robots with a capability of their own for each task."""
        path = folder / "small.json"
        after = [[f"t{a}" for a, b in self.pairs if b == task] for task in range(self.tasks)]
        tasks = [
            {
                "id": f"t{task}",
                "time": int(self.times[0, task]),
                "times": {"long": int(self.times[1, task])},
                "after": after[task],
                "by": "either",
                "capability": f"c{task}" if self.staff else "",
                "ergonomic": float(task % 3),
            }
            for task in range(self.tasks)
        ]
        groups = [
            {
                "id": f"r{at}",
                "kind": "robot",
                "capabilities": [f"c{task}" for task in sorted(one.able)],
                "speed": one.speed,
                "cost": one.cost,
                "count": one.count,
            }
            for at, one in enumerate(self.staff)
        ]
        shares = [{"id": "short", "share": 0.5}, {"id": "long", "share": 0.5}]
        line = {"name": "small", "tasks": tasks, "groups": groups, "products": shares, "rules": rules}
        path.write_bytes(to_json({**line, "shape": "u" if self.folded else "straight"}))
        return str(path)


def some(seed: int, tasks: int = 5, *, folded: bool = False) -> Small:
    """Give a line with some precedence."""
    rng = np.random.default_rng(seed)
    pairs = tuple((a, b) for a in range(tasks) for b in range(a + 1, tasks) if rng.random() < 0.35)
    return Small(rng.integers(1, 9, (2, tasks)), pairs, folded)


def every(small: Small, stations: int = STATIONS) -> Iterator[Ints]:
    """Yield the station of each task from 0, in every way that precedence allows, without empty stations."""
    seen = set()
    for positions in product(range((2 if small.folded else 1) * stations), repeat=small.tasks):
        if any(positions[a] > positions[b] for a, b in small.pairs):
            continue
        at = tuple(p if p < stations else 2 * stations - 1 - p for p in positions)
        if at not in seen and max(at) + 1 == len(set(at)):
            seen.add(at)
            yield np.array(at)


def loads(times: Ints, at: Ints) -> Ints:
    """Give the work at each station with each product."""
    return np.array([np.bincount(at, row) for row in times]).astype(np.int64)


def places(times: Ints, at: Ints, most: int) -> int | None:
    """Give the places that a line needs; None where a station needs too many."""
    deep = -(-loads(times, at).max(axis=0) // CYCLE)
    return None if deep.max() > most else int(np.maximum(1, deep).sum())


def spread(times: Ints, at: Ints) -> int:
    """Give the differences of products, over all stations."""
    work = loads(times, at)
    return int((work.max(axis=0) - work.min(axis=0)).sum())


def cost(small: Small, at: Ints) -> int | None:
    """Give the least cost of a line with one of the staff at each station; None where none can be had."""
    found = []
    for choice in product(range(len(small.staff)), repeat=int(at.max()) + 1):
        fits = all(choice.count(one) <= small.staff[one].count for one in set(choice)) and all(
            small.staff[one].able.issuperset(np.flatnonzero(at == station).tolist())
            and small.times[:, at == station].sum(axis=1).max() <= CYCLE * small.staff[one].speed
            for station, one in enumerate(choice)
        )
        if fits:
            found.append(sum(small.staff[one].cost for one in choice))
    return min(found, default=None)
