"""SALBP-1 by the rivals: OR-Tools CP-SAT with a windowed model, and ranked positional weight.

    python benchmarks/line/rival_salbp.py [--set scholl|20|50|100|1000] [--cpu SECONDS] [--take N] [--seed S]

CP-SAT gets a start from eight priority rules in both directions and is asked for one station less ("prove or
improve"): 0/1 variables in the earliest and latest stations of a task, cumulative variables for precedence,
loads with flags of used stations. It is not asked at all when a simple bound meets the start. One worker;
the limit counts the CPU seconds of the process, building the model included.
"""

import argparse
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import ceil

from ortools.sat.python import cp_model
from salbp_instances import Instance, otto, scholl

POLL_S = 0.05
Rule = Callable[["Graph", int], float]


@dataclass(frozen=True)
class Solved:
    """How a rival fared: stations of its best balance, its proven lower bound and CPU seconds."""

    name: str
    stations: int
    bound: int
    cpu_s: float

    @property
    def proved(self) -> bool:
        """Give whether bound and balance meet."""
        return self.bound == self.stations


class Graph:
    """An instance with all direct and indirect predecessors and successors of every task, as bit masks."""

    def __init__(self, instance: Instance) -> None:
        self.cycle, self.times = instance.cycle, instance.times
        self.before = _closure(len(self.times), instance.pairs)
        self.after = _closure(len(self.times), [(b, a) for a, b in instance.pairs])
        self.pairs = [
            (a, b) for a, b in set(instance.pairs) if not self.after[a] & self.before[b]
        ]  # transitive reduction

    def reversed(self) -> "Graph":
        """Give the instance read from its end."""
        pairs = tuple((b, a) for a, b in self.pairs)
        return Graph(Instance("", self.cycle, self.times, pairs, None))

    def work(self, mask: int) -> int:
        """Give the total time of a set of tasks."""
        return sum(self.times[task] for task in _members(mask))


def _closure(n: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Give the set of all tasks before each task, as a mask."""
    direct: list[list[int]] = [[] for _ in range(n)]
    for before, after in pairs:
        direct[after].append(before)
    found: list[int] = [-1] * n
    waiting = list(range(n))
    while waiting:
        task = waiting[-1]
        left = [other for other in direct[task] if found[other] < 0]
        waiting += left
        if not left:
            waiting.pop()
            found[task] = 0
            for other in direct[task]:
                found[task] |= found[other] | 1 << other
    return found


def _members(mask: int) -> list[int]:
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


RULES: tuple[Rule, ...] = (
    lambda g, j: g.times[j] + g.work(g.after[j]),  # ranked positional weight, Helgeson and Birnie 1961
    lambda g, j: g.times[j],
    lambda g, j: g.after[j].bit_count(),
    lambda g, j: g.times[j] + g.work(g.after[j]) / (1 + g.after[j].bit_count()),
    lambda g, j: (g.times[j] + g.work(g.after[j])) / g.cycle / (1 + _slack(g, j)),
    lambda g, j: g.times[j] / (1 + _slack(g, j)),
    lambda g, j: -_slack(g, j),
    lambda g, j: (1 + g.after[j].bit_count()) / (1 + _slack(g, j)),
)


def _slack(graph: Graph, task: int) -> float:
    """Give how many stations a task can move in, for a line as short as its total time asks."""
    stations = ceil(sum(graph.times) / graph.cycle)
    earliest = ceil((graph.times[task] + graph.work(graph.before[task])) / graph.cycle)
    latest = stations + 1 - ceil((graph.times[task] + graph.work(graph.after[task])) / graph.cycle)
    return max(latest - earliest, 0)


def fill(graph: Graph, rule: Rule) -> list[list[int]]:
    """Fill station after station with the available task of highest priority that fits."""
    rank = sorted(range(len(graph.times)), key=lambda task: -rule(graph, task))
    stations: list[list[int]] = []
    done, room = 0, 0
    while len(rank):
        task = next((j for j in rank if graph.times[j] <= room and not graph.before[j] & ~done), None)
        if task is None:
            stations.append([])
            room = graph.cycle
            continue
        stations[-1].append(task)
        room -= graph.times[task]
        done |= 1 << task
        rank.remove(task)
    return stations


def by_positional_weight(instance: Instance) -> int:
    """Give the stations that ranked positional weight needs."""
    return len(fill(Graph(instance), RULES[0]))


def simple_bound(graph: Graph) -> int:
    """Give the larger of LB1 (total time), LB2 (halves) and LB3 (thirds) of Scholl 1999."""
    share = [Fraction(time, graph.cycle) for time in graph.times]
    halves = sum(Fraction(1) if s > Fraction(1, 2) else Fraction(1, 2) for s in share if s >= Fraction(1, 2))
    return max(ceil(sum(share)), ceil(halves), ceil(sum(map(_third, share))))


def _third(share: Fraction) -> Fraction:
    third, two = Fraction(1, 3), Fraction(2, 3)
    if share > two:
        return Fraction(1)
    if share == two:
        return two
    if share > third:
        return Fraction(1, 2)
    return third if share == third else Fraction(0)


def by_cpsat(instance: Instance, *, cpu_s: float, seed: int = 0) -> Solved:
    """Solve with CP-SAT within a limit of process CPU seconds."""
    began = time.process_time()
    graph = Graph(instance)
    back = graph.reversed()
    best = min(len(fill(way, rule)) for rule in RULES for way in (graph, back))
    bound = simple_bound(graph)
    if bound < best:
        model = windowed_model(graph, bound, best - 1)
        best, bound = _searched(model, best, bound, began + cpu_s, seed) if model else (best, best)
    return Solved(instance.name, best, bound, time.process_time() - began)


def windowed_model(graph: Graph, least: int, most: int) -> cp_model.CpModel | None:
    """Give the model of a line of `least` to `most` stations; None when a task has no station left."""
    earliest = [ceil((t + graph.work(graph.before[j])) / graph.cycle) for j, t in enumerate(graph.times)]
    latest = [
        most + 1 - ceil((t + graph.work(graph.after[j])) / graph.cycle) for j, t in enumerate(graph.times)
    ]
    if any(first > last for first, last in zip(earliest, latest, strict=True)):
        return None
    model = cp_model.CpModel()
    placed = _placed(model, earliest, latest)
    _precede(model, graph, placed, earliest, latest)
    used = {s: 1 if s <= least else model.new_bool_var("") for s in range(1, most + 1)}
    for s in range(1, most + 1):
        load = [graph.times[j] * row[s] for j, (row, _) in enumerate(placed) if s in row]
        model.add(sum(load) <= graph.cycle * used[s])
        if s > least + 1:
            model.add_implication(used[s], used[s - 1])
        if s > least:
            for row, _ in placed:
                if s in row:
                    model.add_implication(row[s], used[s])
    model.minimize(least + sum(used[s] for s in range(least + 1, most + 1)))
    return model


Row = dict[int, cp_model.IntVar]


def _placed(model: cp_model.CpModel, earliest: list[int], latest: list[int]) -> list[tuple[Row, Row]]:
    """Give, for each task, whether it is in a station and whether it is there or before, over its window."""
    found = []
    for first, last in zip(earliest, latest, strict=True):
        here = {s: model.new_bool_var("") for s in range(first, last + 1)}
        model.add_exactly_one(here.values())
        by: Row = {first: here[first]}
        for s in range(first + 1, last):
            by[s] = model.new_bool_var("")
            model.add(by[s] == by[s - 1] + here[s])
        found.append((here, by))
    return found


def _precede(
    model: cp_model.CpModel,
    graph: Graph,
    placed: list[tuple[Row, Row]],
    earliest: list[int],
    latest: list[int],
) -> None:
    """Ask that a task is not done by a station unless its direct predecessors are."""
    for before, after in graph.pairs:
        for s in range(earliest[after], min(latest[after], latest[before] - 1) + 1):
            later = placed[after][1][s] if s < latest[after] else 1
            sooner = placed[before][1].get(s, 0) if s >= earliest[before] else 0
            model.add(later <= sooner)


def _searched(model: cp_model.CpModel, best: int, bound: int, until: float, seed: int) -> tuple[int, int]:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    over = threading.Event()
    watch = threading.Thread(target=_stop_at, args=(solver, until, over))
    watch.start()
    status = solver.solve(model)
    over.set()
    watch.join()
    if status == cp_model.INFEASIBLE:
        return best, best
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        best = round(solver.objective_value)
    return best, max(bound, min(best, ceil(solver.best_objective_bound - 1e-6)))


def _stop_at(solver: cp_model.CpSolver, until: float, over: threading.Event) -> None:
    while not over.wait(POLL_S):
        if time.process_time() >= until:
            solver.stop_search()


def chosen(name: str, *, take: int | None, seed: int) -> list[Instance]:
    """Give the instances of a set, or a seeded sample of them."""
    every = scholl() if name == "scholl" else otto(int(name))
    return every if take is None else random.Random(seed).sample(every, take)


def main() -> None:
    """Print one line of JSON per instance, then the totals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", default="scholl", choices=("scholl", "20", "50", "100", "1000"))
    parser.add_argument("--cpu", type=float, default=60.0, help="limit per instance, CPU seconds")
    parser.add_argument("--take", type=int, help="so many instances, drawn with --seed; default: all")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    solved, weight = [], 0
    for instance in chosen(asked.set, take=asked.take, seed=asked.seed):
        solved.append(by_cpsat(instance, cpu_s=asked.cpu))
        weight += by_positional_weight(instance)
        print(json.dumps(asdict(solved[-1]) | {"known": instance.known}), flush=True)
    stations = sum(one.stations for one in solved)
    print(
        f"CP-SAT: {sum(one.proved for one in solved)} of {len(solved)} proved, {stations} stations, "
        f"{sum(one.cpu_s for one in solved):.1f} CPU s; ranked positional weight: {weight} stations"
    )


if __name__ == "__main__":
    main()
