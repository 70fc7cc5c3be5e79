"""Solve every PGLib case with pyoptinterface + Ipopt and keep the objectives; it goes on where it stopped.

    python benchmarks/grid/rival_sweep.py ROWS.jsonl [--minutes 120] [--cases NAME ...] [--csv]

Smallest case first, one process per case, one line of JSON per case. Where Ipopt does not succeed from the
flat start it tries once more from outputs in the middle of their ranges; the row says so. Ipopt may use 600
CPU seconds, 1,500 above 20,000 buses. After `--minutes` no further case begins. `--csv` writes the rows to
ipopt_objectives.csv, which opf.py and opf_perturbed.py compare with where they do not solve afresh.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rival_opf import SOLVED, by_pyoptinterface, load

from genba.grid.io import pglib

TABLE = Path(__file__).parent / "ipopt_objectives.csv"
COLUMNS = ("case", "status", "start", "objective", "iterations", "solve_cpu_s")
LARGE, SECONDS, SECONDS_LARGE = 20_000, 600.0, 1500.0


def solve(name: str) -> dict[str, Any]:
    """Give the row of a case."""
    problem = load(name)
    seconds = SECONDS_LARGE if len(problem.vmin) > LARGE else SECONDS
    row: dict[str, Any] = {"case": name, "start": "flat"}
    row |= asdict(by_pyoptinterface(problem, seconds=seconds))
    if row["status"] != SOLVED:
        again = by_pyoptinterface(problem, "middle", seconds=seconds)
        if again.status == SOLVED:
            return {"case": name, "start": "middle", **asdict(again), "flat": row["status"]}
        row["middle"] = again.status
    return row


def solved_rows(path: Path) -> dict[str, dict[str, Any]]:
    """Give the rows so far, by case."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {row["case"]: row for row in map(json.loads, lines)}


def objectives() -> dict[str, dict[str, str]]:
    """Give the table's rows, by case."""
    if not TABLE.exists():
        return {}
    with TABLE.open(newline="") as file:
        return {row["case"]: row for row in csv.DictReader(file)}


def write_table(rows: dict[str, dict[str, Any]]) -> None:
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name in pglib.names():
            if name in rows:
                row = rows[name]
                numbers = f"{row['objective']:.12e}", row["iterations"], f"{row['solve_cpu_s']:.3f}"
                writer.writerow([name, row["status"], row["start"], *numbers])


def sweep(path: Path, names: list[str], minutes: float) -> None:
    """Append the rows that are missing."""
    end = time.monotonic() + 60 * minutes
    done = solved_rows(path)
    for name in names:
        if name in done or time.monotonic() > end:
            continue
        command = [sys.executable, __file__, str(path), "--one", name]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        line = ran.stdout.splitlines()[-1] if ran.returncode == 0 else ""
        if not line:
            nan = float("nan")
            lost = {"start": "flat", "objective": nan, "iterations": -1, "solve_cpu_s": nan}
            line = json.dumps({"case": name, "status": f"exit {ran.returncode}", **lost})
            print(ran.stderr[-2000:], file=sys.stderr)
        print(line, flush=True)
        with path.open("a") as file:
            file.write(line + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", type=Path)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--cases", nargs="*", default=pglib.names())
    parser.add_argument("--csv", action="store_true")
    parser.add_argument("--one", help="solve only this case, here, and print its row")
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(solve(asked.one)))
        return 0
    if not asked.csv:
        sweep(asked.rows, list(asked.cases), asked.minutes)
    else:
        write_table(solved_rows(asked.rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
