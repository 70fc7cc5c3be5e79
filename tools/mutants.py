"""Mutation testing of the certificates and of the record's state machine with mutmut, on a sample by seed.

Usage: python tools/mutants.py [SAMPLE [SEED]]. A sample of 0 takes every mutant (hours). What mutmut changes
is in pyproject.toml; sentences and names are left alone. Exit 1 when fewer than 85 % are killed.
"""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUTMUT = Path(sys.executable).parent / "mutmut"
FIRST = "genba.grid.certify.cost.*"
KILLED = ("killed", "timeout", "segfault")
LEAST = 0.85


def main(sample: int, seed: int) -> None:
    """Make the mutants, test a sample of them, and tell the share that the tests kill."""
    _run("run", FIRST)  # makes every mutant, tests one file's
    names = sorted(_results())
    chosen = names if sample == 0 else random.Random(seed).sample(names, min(sample, len(names)))
    _run("run", *chosen)
    results = _results()
    counts = Counter(results[name] for name in chosen)
    killed = sum(counts[status] for status in KILLED)
    print(f"{len(chosen)} of {len(names)} mutants (seed {seed}): {dict(counts)}")
    print(f"killed: {killed / len(chosen):.1%} (at least {LEAST:.0%})")
    for name in chosen:
        if results[name] not in KILLED:
            print(f"  {results[name]}: {name}")
    sys.exit(killed < LEAST * len(chosen))


def _results() -> dict[str, str]:
    """Give the status of every mutant by its name."""
    shown = subprocess.run(
        [MUTMUT, "results", "--all", "true"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    pairs = (line.strip().rsplit(": ", 1) for line in shown.stdout.splitlines() if ": " in line)
    return dict(pair for pair in pairs if pair[0].startswith("genba."))


def _run(*arguments: str) -> None:
    subprocess.run([MUTMUT, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    main(*(int(argument) for argument in (sys.argv[1:] + ["400", "0"][len(sys.argv) - 1 :])))
