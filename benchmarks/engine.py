"""The engine: no-op runs per second and the time to accept one, beside bare processes in the same minute.

Usage: python benchmarks/engine.py [RUNS]. Prints Markdown. A run is accepted, claimed and published in a
durable transaction each (SQLite, WAL, synchronous FULL), with one more when it lasts; it has a process and a
directory of its own.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import psutil

from genba.core.run import State
from genba.factory.factory import Factory
from genba.factory.request import RunQuery
from genba.factory.supervisor import Supervisor

RUNS = 200
REPEATS = 5
START = "import sys; from genba.faces.cli.main import main; sys.exit(main())"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        accepted, engine, cpu = measure_engine(Path(folder), count)
    true = per_second(lambda: subprocess.run(["true"], check=True), count)
    python = per_second(lambda: subprocess.run([sys.executable, "-S", "-c", "pass"], check=True), count)
    accepted.sort()
    loads = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {loads}\n")
    print("| path | no-op runs/s | CPU ms a run | accept p50 / p99, ms |\n|---|---|---|---|")
    times = f"{1e3 * median(accepted):.1f} / {1e3 * accepted[int(0.99 * len(accepted))]:.1f}"
    name = f"genba engine: {count} runs, 3 to 4 durable transactions each"
    print(f"| {name} | {engine:.0f} | {1e3 * cpu:.0f} | {times} |")
    print(f"| bare `subprocess` of `true`, serial | {true:.0f} | - | - |")
    print(f"| bare `subprocess` of `python -S -c pass`, serial | {python:.0f} | - | - |")
    print("| Slurm 22.05 `sbatch`, default / tuned (not run here) | 3.4 / 11.5 | - | 14 / 69 |")
    print("| Ray 2.60 Jobs REST (not run here) | 0.21 | - | 20 - 70 |\n")
    print("| start | CPU s, median of 5 |\n|---|---|")
    print(f"| `import genba` | {cpu_seconds([sys.executable, '-c', 'import genba']):.2f} |")
    command = [sys.executable, "-c", START, "--help"]
    print(f"| `genba --help` | {cpu_seconds(command):.2f} |")
    print(f"| bare `python -c pass` | {cpu_seconds([sys.executable, '-c', 'pass']):.2f} |")


def measure_engine(home: Path, count: int) -> tuple[list[float], float, float]:
    """Give the seconds each submit took, runs per second from first claim to last end, and CPU s per run."""
    with Factory.open(home) as factory:
        supervisor = Supervisor(factory)
        warm = factory.submit("factory.probe", {})
        supervisor.run(until=lambda: factory.run(warm.id).state is State.SUCCEEDED)
        accepted = []
        for _ in range(count):
            began = time.perf_counter()
            factory.submit("factory.probe", {})
            accepted.append(time.perf_counter() - began)
        began, used = time.perf_counter(), _cpu_of_all()
        supervisor.drain()
        seconds, used = time.perf_counter() - began, _cpu_of_all() - used
        supervisor.close()
        ended = factory.queries.counts()
        if ended != {"succeeded": count + 1}:
            raise SystemExit(f"not every run succeeded: {ended}")
        assert len(factory.runs(RunQuery(limit=1)).items) == 1
    return accepted, count / seconds, used / count


def _cpu_of_all() -> float:
    """Give the processor time of this process, its forkserver and all ended workers, s."""
    times = [process.cpu_times() for process in (psutil.Process(), *psutil.Process().children())]
    own = sum(spent.user + spent.system for spent in times)
    return own + sum(spent.children_user + spent.children_system for spent in times[1:])


def per_second(work: Callable[[], object], count: int) -> float:
    """Give how often `work` can be done in a second."""
    began = time.perf_counter()
    for _ in range(count):
        work()
    return count / (time.perf_counter() - began)


def cpu_seconds(command: list[str]) -> float:
    """Give the processor time of a command, s."""
    times = []
    for _ in range(REPEATS):
        before = os.times()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        times.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return median(times)


if __name__ == "__main__":
    main()
