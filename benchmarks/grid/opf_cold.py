"""Time whole processes of AC optimal power flow, start to exit, beside a rival's, and the very first run.

    python benchmarks/grid/opf_cold.py [--cases NAME ...] [--repeats 5]

genba's process is its command line: the case read and checked, solved and certified, with `--in-process
--json`, and as a recorded run, which starts a supervisor and a worker and stores inputs and outputs; kernels
come compiled from the disk. The rival's is rival_opf.py, which reads the case with genba's reader (and so
loads numba and scipy as well), builds the model and solves it with pyoptinterface and Ipopt. They take turns;
figures are medians of CPU seconds, children included. Then genba's very first run, when nothing is compiled:
its kernels go to an empty folder. Exit status 1 when a process fails.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TARGETS = {"case118_ieee": 1.0, "case2869_pegase": 5.0}
RIVAL = Path(__file__).parent / "rival_opf.py"


def seconds(line: list[str], places: dict[str, str]) -> float:
    """Give the CPU seconds of a command and its children."""
    before = os.times()
    ran = subprocess.run(line, env={**os.environ, **places}, capture_output=True, text=True, check=False)
    after = os.times()
    if ran.returncode:
        raise SystemExit(f"{' '.join(line[1:])} ended with {ran.returncode}: {ran.stderr[-2000:]}")
    return after.children_user + after.children_system - before.children_user - before.children_system


def command(name: str, *options: str) -> list[str]:
    """Give genba's command line for a case."""
    return [str(Path(sys.executable).parent / "genba"), "grid", "opf", f"pglib:{name}", *options]


def compare(name: str, repeats: int) -> None:
    """Print the medians of both sides."""
    rival = [sys.executable, str(RIVAL), name]
    genba, recorded, other = [], [], []
    with tempfile.TemporaryDirectory() as home:
        for _ in range(repeats + 1):
            genba.append(seconds(command(name, "--in-process", "--json"), {"GENBA_HOME": home}))
            recorded.append(seconds(command(name), {"GENBA_HOME": home}))
            other.append(seconds(rival, {}))
    # the first of each may compile kernels, fill the home, or read libraries from the disk
    ours, kept, theirs = (statistics.median(times[1:]) for times in (genba, recorded, other))
    ratio, target = theirs / ours, TARGETS.get(name, "-")
    print(f"| {name} | {ours:.2f} | {kept:.2f} | {theirs:.2f} | {ratio:.2f} | {target} |", flush=True)


def first_run(name: str) -> None:
    """Print what a first run costs, and a second."""
    with tempfile.TemporaryDirectory() as kernels, tempfile.TemporaryDirectory() as home:
        places = {"GENBA_KERNELS": kernels, "GENBA_HOME": home}
        first, second = (seconds(command(name), places) for _ in range(2))
    print(f"\nfirst run of {name}, kernels compiled: {first:.1f} CPU s; the second: {second:.2f} CPU s")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=list(TARGETS))
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    print("| whole process, CPU s | genba | recorded | pyoptinterface + Ipopt | ratio | target |")
    print("|---|---|---|---|---|---|")
    for name in asked.cases:
        compare(name, asked.repeats)
    first_run(asked.cases[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
