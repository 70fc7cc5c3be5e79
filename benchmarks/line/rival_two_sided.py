"""Two-sided lines by the rival: the published mixed-integer model, solved by HiGHS.

    python benchmarks/line/rival_two_sided.py [FOLDER] [--cpu SECONDS] [--most TASKS]

Without a folder, six lines of 12 and 20 tasks are drawn. FOLDER holds instances
`P<tasks>_<stations>_0.txt` in the format of the public collection
zixiangliwust/Instances_Cobot_Two_sided_ALBP2 (MIT licence), which carries the classical instances P9, P12,
P24 (Kim, Kim and Kim 2000), P16, P65, P205 (Lee, Kim and Kim 2001) and P148 (Bartholdi 1993).

The model is that of Kim, Song and Kim (2009): flags of task, station and side, finish times, and a big M for
every two tasks that may be neighbours; here for the fewest stations. One thread, no start given.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import highspy

CYCLES = {
    9: (3, 4, 5, 6),
    12: (4, 5, 6, 7),
    16: (15, 16, 18, 19, 20, 21, 22),
    24: (18, 20, 24, 25, 30, 35, 40),
    65: (326, 381, 435, 490, 544),
    148: (204, 255, 306, 357, 408, 459, 510),
    205: (1133, 1322, 1510, 1699, 1888, 2077, 2266, 2454, 2643, 2832),
}
"""Cycle times that the literature asks for."""


@dataclass(frozen=True)
class TwoSided:
    """One instance; tasks count from 0, `sides` are L, R and E."""

    name: str
    cycle: int
    times: tuple[int, ...]
    sides: str
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Solved:
    """How a rival fared: stations of its best line or None, its proven bound, and CPU seconds."""

    name: str
    stations: int | None
    bound: int
    cpu_s: float


def instances(folder: Path | None, most: int) -> Iterator[TwoSided]:
    """Yield the instances of a folder with so many tasks at most, small ones first; drawn ones without."""
    if folder is None:
        yield from (drawn(tasks, seed) for tasks in (12, 20) for seed in range(3))
        return
    for tasks, cycles in CYCLES.items():
        found = sorted(folder.glob(f"P{tasks}_*_0.txt"))
        if tasks > most or not found:
            continue
        block = dict(part.split(">", 1) for part in found[0].read_text(encoding="utf-8").split("<")[1:])
        times = tuple(int(row.split()[1]) for row in block["task times"].strip().splitlines())
        sides = "".join(row.split()[1] for row in block["task directions"].strip().splitlines())
        rows = (row.split(",") for row in block["precedence relations"].strip().splitlines())
        pairs = tuple((int(before) - 1, int(after) - 1) for before, after in rows)
        for cycle in cycles:
            yield TwoSided(f"P{tasks}_c{cycle}", cycle, times, sides, pairs)


def drawn(tasks: int, seed: int) -> TwoSided:
    """Draw a line: a quarter of its tasks on either side, each after up to two of the six before it."""
    dice = random.Random(seed)
    times = tuple(dice.randint(1, 30) for _ in range(tasks))
    sides = "".join(dice.choice("LREE") for _ in range(tasks))
    pairs = {
        (dice.randrange(max(0, task - 6), task), task)
        for task in range(1, tasks)
        for _ in range(dice.randint(0, 2))
    }
    return TwoSided(f"drawn_{tasks}_{seed}", 60, times, sides, tuple(sorted(pairs)))


def by_published_model(instance: TwoSided, *, cpu_s: float) -> Solved:
    """Ask for the fewest stations within a limit of CPU seconds."""
    began = time.process_time()
    model = highspy.Highs()
    model.silent()
    model.setOptionValue("threads", 1)
    _pose(model, instance)

    def late(event: Any) -> None:
        if time.process_time() - began > cpu_s:
            event.interrupt()

    model.cbMipInterrupt.subscribe(late)
    model.solve()
    info = model.getInfo()
    known = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    bound = max(0.0, info.mip_dual_bound)
    return Solved(
        instance.name,
        round(info.objective_function_value) if known else None,
        int(-(-(bound - 1e-6) // 1)),
        time.process_time() - began,
    )


def _pose(model: highspy.Highs, given: TwoSided) -> None:
    n, cycle = len(given.times), given.cycle
    most = max(-(-sum(given.times) // cycle), 2) + 2  # more than any of these instances needs
    reach = ["LR" if side == "E" else side for side in given.sides]
    at = [{(s, side): model.addBinary() for s in range(most) for side in reach[t]} for t in range(n)]
    finish = [model.addVariable(lb=given.times[t], ub=cycle) for t in range(n)]
    used = [model.addBinary() for _ in range(most)]
    for task in range(n):
        model.addConstr(sum(at[task].values()) == 1)
        for (station, _), flag in at[task].items():
            model.addConstr(flag <= used[station])
    for one, two in zip(used, used[1:], strict=False):
        model.addConstr(two <= one)
    number = [sum(s * flag for (s, _), flag in row.items()) for row in at]
    here = [[sum(f for (s, _), f in row.items() if s == k) for k in range(most)] for row in at]
    for one, two in given.pairs:
        model.addConstr(number[one] <= number[two])
        for k in range(most):
            model.addConstr(
                finish[two] - finish[one] >= given.times[two] - 2 * cycle * (2 - here[one][k] - here[two][k])
            )
    for one, two in combinations(range(n), 2):
        shared = sorted(set(at[one]) & set(at[two]))
        if not shared:
            continue
        order = model.addBinary()
        for place in shared:
            apart = 2 * cycle * (2 - at[one][place] - at[two][place])
            model.addConstr(finish[two] - finish[one] >= given.times[two] - apart - 2 * cycle * (1 - order))
            model.addConstr(finish[one] - finish[two] >= given.times[one] - apart - 2 * cycle * order)
    model.setObjective(sum(used))
    model.setMinimize()


def main() -> None:
    """Print one line of JSON per instance."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--cpu", type=float, default=60.0, help="limit per instance, CPU seconds")
    parser.add_argument("--most", type=int, default=65, help="tasks of an instance at most")
    asked = parser.parse_args()
    for instance in instances(asked.folder, asked.most):
        print(json.dumps(asdict(by_published_model(instance, cpu_s=asked.cpu))), flush=True)


if __name__ == "__main__":
    main()
