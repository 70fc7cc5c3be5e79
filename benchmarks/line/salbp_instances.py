"""SALBP-1 instances of Scholl and of Otto, as the shared data of the project keeps them."""

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[3] / "shared" / "data" / "line"


@dataclass(frozen=True)
class Instance:
    """One instance; tasks count from 0, `pairs` are direct precedences in the numbering of the file.

    Arguments:
        known: least stations where the table has them proved, else None.
    """

    name: str
    cycle: int
    times: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    known: int | None


def scholl() -> list[Instance]:
    """Give the instances whose optimum the table states, small graphs first."""
    graphs = {row["id"]: row for row in _rows("salbp_scholl")}
    found = []
    for name, stations in _proved("salbp_scholl_optima.csv"):
        graph, _, cycle = name.rpartition("_c")
        found.append(_instance(graphs[graph], name, int(cycle), stations))
    return sorted(found, key=lambda one: len(one.times))


def otto(size: int) -> list[Instance]:
    """Give the instances with `size` tasks, in the order of their numbers."""
    proved = dict(_proved("salbp_otto_best.csv"))
    return [
        _instance(row, row["id"], row["c"], proved.get(row["id"])) for row in _rows(f"salbp_otto_n{size}")
    ]


def _instance(row: dict[str, Any], name: str, cycle: int, known: int | None) -> Instance:
    pairs = tuple((before - 1, after - 1) for before, after in row["pr"])
    return Instance(name, cycle, tuple(row["t"]), pairs, known)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _proved(name: str) -> Iterator[tuple[str, int]]:
    """Yield name and stations of the rows whose provenance is a proof."""
    with (DATA / name).open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["provenance"] == "bbr_proved_here":
                yield row["instance"], int(row["stations"])
