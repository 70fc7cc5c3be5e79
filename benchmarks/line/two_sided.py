"""Two-sided lines by genba beside the published model, on the same instances.

    python benchmarks/line/two_sided.py [FOLDER] [--limit SECONDS] [--cpu SECONDS] [--most TASKS] [--alone]

Instances as in `rival_two_sided.py`. `line.balance` reads each from a file, with one thread and a limit of
wall seconds; CPU seconds of the process are told, certificate included, which must hold. The rival is asked
for the fewest stations alone, with a limit of CPU seconds, unless `--alone`.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rival_two_sided import TwoSided, by_published_model, instances

from genba.core.context import Context
from genba.line.operations.balance import balance

SIDES = {"L": "left", "R": "right", "E": "either"}


@dataclass(frozen=True)
class Balanced:
    """How an instance fared: stations and places with their bounds, what proves the first, CPU seconds."""

    name: str
    stations: int
    bound: int
    places: int
    places_bound: int
    proof: str
    cpu_s: float


def balanced(instance: TwoSided, folder: Path, *, limit_s: float) -> Balanced:
    """Balance one instance within a limit of wall seconds; stop unless its certificate holds."""
    path = folder / f"{instance.name}.json"
    before: dict[int, list[str]] = {}
    for one, other in instance.pairs:
        before.setdefault(other, []).append(str(one))
    tasks = [
        {"id": str(at), "time": time_s, "side": SIDES[side], "after": before.get(at, [])}
        for at, (time_s, side) in enumerate(zip(instance.times, instance.sides, strict=True))
    ]
    path.write_text(
        json.dumps({"name": instance.name, "shape": "two-sided", "tasks": tasks}), encoding="utf-8"
    )
    began = time.process_time()
    context = Context(path=balance.path, threads=1)
    found = balance(context, line=str(path), cycle_time=instance.cycle, time_limit=limit_s)
    spent, result = time.process_time() - began, found.result
    if not found.certificate.holds or result.stations is None:
        raise SystemExit(f"{instance.name}: {[claim.name for claim in found.certificate.failed]}")
    return Balanced(
        instance.name,
        result.stations,
        result.lower_bound,
        result.places or 0,
        result.places_bound or 0,
        result.proof,
        spent,
    )


def main() -> None:
    """Print one line of JSON per instance, then the totals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--limit", type=float, default=60.0, help="of line.balance, wall seconds")
    parser.add_argument("--cpu", type=float, default=10.0, help="of the rival, CPU seconds")
    parser.add_argument("--most", type=int, default=205, help="tasks of an instance at most")
    parser.add_argument("--alone", action="store_true", help="leave the rival out")
    asked = parser.parse_args()
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number, instance in enumerate(instances(asked.folder, asked.most)):
            if not number:
                balanced(instance, Path(folder), limit_s=asked.limit)  # compiles kernels
            ours.append(balanced(instance, Path(folder), limit_s=asked.limit))
            print(json.dumps(asdict(ours[-1])), flush=True)
            if not asked.alone:
                theirs.append(by_published_model(instance, cpu_s=asked.cpu))
                print(json.dumps(asdict(theirs[-1])), flush=True)
    proved = [one for one in ours if one.stations == one.bound]
    print(
        f"genba: {len(proved)} of {len(ours)} proved, places too "
        f"{sum(one.places == one.places_bound for one in proved)}, "
        f"{sum(one.stations for one in ours)} stations, {sum(one.cpu_s for one in ours):.1f} CPU s"
    )
    if theirs:
        print(
            f"published model: {sum(one.stations == one.bound for one in theirs)} proved, "
            f"{sum(one.stations or 0 for one in theirs)} stations where found, "
            f"{sum(one.cpu_s for one in theirs):.1f} CPU s"
        )


if __name__ == "__main__":
    main()
