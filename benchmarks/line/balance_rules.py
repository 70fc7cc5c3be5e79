"""`line.balance` where more than precedence and time bind, on instances of Scholl and of Otto.

    python benchmarks/line/balance_rules.py [--set scholl|20|50|100] [--take N] [--seed S] [--limit SECONDS]

Each instance as a straight line, as a U, with up to two places at a station, with a second product (times 0.6
to 1.4 of the first, seeded; the cycle half as long again) that keeps the cycle too, and then with work spread
evenly. Certificates must hold. CPU seconds of the process, certificates apart; the limit is of wall seconds.
No rival: how the lines differ and what is proved of them is the result.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS

import argparse
import json
import random
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rival_salbp import chosen
from salbp_instances import Instance

from genba.core.context import Context
from genba.line.operations.balance import balance

KINDS: dict[str, dict[str, Any]] = {
    "straight": {},
    "u": {},
    "places": {"places": 2},
    "each": {"mix": "each"},
    "even": {"mix": "each", "smooth": True},
}
LONGER = 1.5
"""Of the cycle for two products, so that the longer times of the second fit."""


@dataclass(frozen=True)
class Solved:
    """How an instance fared: places, proven bound, fullest place and its bound, CPU seconds."""

    kind: str
    name: str
    places: int | None
    bound: int
    load: float | None
    load_bound: float | None
    cpu_s: float


def write(instance: Instance, kind: str, folder: Path) -> Path:
    """Write an instance as a file of the line."""
    draw = random.Random(instance.name)
    both = kind in ("each", "even")
    tasks = [
        {
            "id": f"t{task}",
            "time": time_s,
            "times": {"other": max(1, round(time_s * draw.uniform(0.6, 1.4)))} if both else {},
            "after": [f"t{a}" for a, b in instance.pairs if b == task],
        }
        for task, time_s in enumerate(instance.times)
    ]
    products = [{"id": "one", "share": 0.5}, {"id": "other", "share": 0.5}] if both else []
    path = folder / "line.json"
    shape = "u" if kind == "u" else "straight"
    path.write_text(json.dumps({"name": kind, "shape": shape, "tasks": tasks, "products": products}))
    return path


def solve(instance: Instance, kind: str, folder: Path, limit: float) -> Solved:
    """Balance one instance and check it."""
    cycle = instance.cycle * (LONGER if kind in ("each", "even") else 1)
    given = {"line": str(write(instance, kind, folder)), "cycle_time": cycle, "time_limit": limit}
    params, context = balance.parse({**given, **KINDS[kind]}), Context(path=balance.path)
    began = time.process_time()
    result = balance.function(params, context)
    spent = time.process_time() - began
    failed = balance.certify(params, result, context).failed
    if failed:
        raise SystemExit(f"{instance.name} as {kind}: {[claim.name for claim in failed]}")
    return Solved(
        kind,
        instance.name,
        result.places,
        result.lower_bound,
        result.largest_load,
        result.load_bound,
        round(spent, 2),
    )


def main() -> None:
    """Print one line of JSON per instance and kind, then the totals of each kind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", default="scholl", choices=("scholl", "20", "50", "100"))
    parser.add_argument("--take", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=20.0, help="wall seconds for each")
    asked = parser.parse_args()
    instances, solved = chosen(asked.set, take=asked.take, seed=asked.seed), []
    with tempfile.TemporaryDirectory() as folder:
        for instance in instances:
            for kind in KINDS:
                solved.append(solve(instance, kind, Path(folder), asked.limit))
                print(json.dumps(asdict(solved[-1])), flush=True)
    for kind in KINDS:
        mine = [one for one in solved if one.kind == kind]
        proved = sum(one.places == one.bound for one in mine)
        even = sum(one.load_bound is not None and one.load == one.load_bound for one in mine)
        places, cpu = sum(one.places or 0 for one in mine), sum(one.cpu_s for one in mine)
        print(f"{kind}: {proved} of {len(mine)} proved, {even} evenly, {places} places, {cpu:.1f} CPU s")


if __name__ == "__main__":
    main()
