"""Read, check and write PGLib's 198 cases; time the reader beside a plain one.

    python benchmarks/grid_read.py [--cases NAME ...] [--repeats 5] [--fewest-buses 0]

The plain reader is what one writes in ten minutes: line by line, one float() a cell, nested lists; it keeps
no line numbers and no unknown sections, and finds no fault. matpowercaseframes joins in when it is installed.
The readers take turns within one process, garbage collected before each; the figure is the median of process
CPU seconds, tables included. Exit status 1 when a case has a finding of severity error, does not come back
bit for bit, or differs from the plain reader in any number.
"""

import argparse
import gc
import importlib.util
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from genba.core.findings import errors_in
from genba.grid.checks.case import check
from genba.grid.io import pglib
from genba.grid.io.matpower import parse, read, write
from genba.grid.records.case import Case

TABLES = ("bus", "gen", "branch", "gencost")


def plain_reader(path: Path) -> dict[str, list[list[float]]]:
    matrices: dict[str, list[list[float]]] = {}
    name = ""
    for raw in path.read_text().splitlines():
        line = raw.split("%")[0].strip()
        if line.startswith("mpc.") and line.endswith("["):
            name = line.split("=")[0].strip().removeprefix("mpc.")
            matrices[name] = []
        elif line.startswith("]"):
            name = ""
        elif name and line:
            matrices[name].append([float(cell) for cell in line.rstrip(";").split()])
    return matrices


def rivals() -> dict[str, Callable[[Path], object]]:
    readers: dict[str, Callable[[Path], object]] = {"genba": read, "plain": plain_reader}
    if importlib.util.find_spec("matpowercaseframes"):
        from matpowercaseframes import CaseFrames

        readers["matpowercaseframes"] = lambda path: CaseFrames(str(path))
    return readers


def matrix(case: Case, name: str) -> np.ndarray:
    """Give a section as the file has it, every column a float."""
    table = {"bus": case.bus, "gen": case.gen, "branch": case.branch, "gencost": case.cost}[name]
    beyond = case.cost_data if name == "gencost" else case.extra_columns.get(name)
    named = np.column_stack([table[column].astype(float) for column in table.columns.names])
    return named if beyond is None else np.hstack([named, beyond])


def faults(path: Path) -> list[str]:
    """Say what is wrong with how a file is read, checked or written."""
    case, findings = read(path)
    again, _ = parse(write(case))
    expected = plain_reader(path)
    wrong = [finding.message for finding in errors_in((*findings, *check(case)))]
    for name in TABLES:
        if not np.array_equal(matrix(case, name), np.array(expected[name])):
            wrong.append(f"{name} differs from the plain reader")
        if matrix(case, name).tobytes() != matrix(again, name).tobytes():
            wrong.append(f"{name} does not come back bit for bit")
    if case.extra_sections != again.extra_sections or case.name != again.name:
        wrong.append("sections or name do not come back")
    return wrong


def seconds(reader: Callable[[Path], object], path: Path) -> float:
    gc.collect()
    began = time.process_time()
    reader(path)
    return time.process_time() - began


def medians(readers: dict[str, Callable[[Path], object]], path: Path, repeats: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(repeats):
        for name, reader in readers.items():
            taken[name].append(seconds(reader, path))
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> int:
    arguments = argparse.ArgumentParser(description="Read, check and write PGLib's cases.")
    arguments.add_argument("--cases", nargs="*", default=None)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--fewest-buses", type=int, default=0)
    asked = arguments.parse_args()
    readers = rivals()
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}; CPU seconds")
    print(f"{'case':34}{'buses':>8}{'MB':>7}" + "".join(f"{name:>20}" for name in readers) + f"{'ratio':>8}")
    bad = 0
    for name in asked.cases or pglib.names():
        path = pglib.path(name)
        buses = len(read(path)[0].bus)
        if buses < asked.fewest_buses:
            continue
        wrong = faults(path)
        bad += bool(wrong)
        taken = medians(readers, path, asked.repeats)
        figures = "".join(f"{value:20.4f}" for value in taken.values())
        ratio = taken["plain"] / taken["genba"]
        print(f"{name:34}{buses:8}{path.stat().st_size / 1e6:7.1f}{figures}{ratio:8.2f} {'; '.join(wrong)}")
    print(f"{bad} cases with faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
