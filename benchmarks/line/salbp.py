"""SALBP-1 by genba on the instances of Scholl and of Otto.

    python benchmarks/line/salbp.py [--set scholl|20|50|100|1000] [--cpu SECONDS] [--take N] [--seed S]

Process CPU seconds per instance, preparation included, kernels compiled before. Every line is checked here:
each task in one station, none before a predecessor, no station over the cycle time.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS

import argparse
import json
import time
from dataclasses import asdict, dataclass

import numpy as np
from rival_salbp import by_positional_weight, chosen
from salbp_instances import Instance, scholl

from genba.line.kernels.windows import Windowed, advance_windows, begin_windows

STEPS = 500_000


@dataclass(frozen=True)
class Solved:
    """How an instance fared: stations, proven bound, what proves it, states expanded and CPU seconds."""

    name: str
    stations: int
    bound: int
    proof: str
    explored: int
    cpu_s: float


def solve(instance: Instance, *, cpu_s: float) -> Solved:
    """Balance one instance within a limit of CPU seconds."""
    began = time.process_time()
    pairs = np.array(instance.pairs, np.int64).reshape(-1, 2)
    state = begin_windows(np.array(instance.times), pairs[:, 0], pairs[:, 1], instance.cycle)
    while not state.ended and time.process_time() - began < cpu_s:
        state = advance_windows(state, STEPS)
    spent = time.process_time() - began
    check(instance, state)
    return Solved(instance.name, state.stations, state.bound, state.proof, state.expanded, spent)


def check(instance: Instance, state: Windowed) -> None:
    """Stop unless the line is one and, where the optimum is known, the proven one equals it."""
    load = np.bincount(state.station, instance.times)
    fits = len(load) == state.stations and load.max() <= instance.cycle and load.min() > 0
    ordered = all(state.station[before] <= state.station[after] for before, after in instance.pairs)
    known = instance.known is None or state.bound <= instance.known <= state.stations
    if not (fits and ordered and known):
        raise SystemExit(f"{instance.name}: fits {fits}, ordered {ordered}, agrees {known}")


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
    began = time.process_time()
    for instance in (scholl()[0], scholl()[-1]):
        solve(instance, cpu_s=1.0)
    print(f"compiled and warmed up in {time.process_time() - began:.1f} CPU s")
    solved, weight = [], 0
    for instance in chosen(asked.set, take=asked.take, seed=asked.seed):
        solved.append(solve(instance, cpu_s=asked.cpu))
        weight += by_positional_weight(instance)
        print(json.dumps(asdict(solved[-1]) | {"known": instance.known}), flush=True)
    spent = [one.cpu_s for one in solved]
    gap = np.mean([1 - one.bound / one.stations for one in solved])
    print(
        f"genba: {sum(one.proof != 'none' for one in solved)} of {len(solved)} proved, "
        f"{sum(one.stations for one in solved)} stations, mean gap {gap:.2%}, {sum(spent):.1f} CPU s, "
        f"median {np.median(spent):.3f}, most {max(spent):.1f}; ranked positional weight: {weight} stations"
    )


if __name__ == "__main__":
    main()
