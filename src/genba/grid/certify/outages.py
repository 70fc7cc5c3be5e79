"""Which outages a study is asked for, and what each leaves alive: `records/contingency` read anew."""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from genba.core.context import Context
from genba.grid.certify.circuit import Bools, Circuit, Floats, Ints
from genba.grid.certify.retry import spread
from genba.grid.certify.schedule import Schedule, schedule_of
from genba.grid.records.contingency import ContingencyParams
from genba.num.table import Table
from genba.num.text import decode, read_bytes

CSV = "a CSV file of contingencies"


@dataclass(frozen=True)
class Outage:
    """What is lost together, by row."""

    name: str
    branches: Ints
    units: Ints


@dataclass(frozen=True)
class Aftermath:
    """What an outage leaves: the circuit, what is cut off, and how much of it."""

    grid: Circuit
    islanded: bool
    lost_load: float
    lost_generation: float


def requested(grid: Circuit, params: ContingencyParams, ctx: Context) -> tuple[Outage, ...]:
    """Give every outage asked for but ranked pairs, in the order branches, units, named, listed."""
    none = np.zeros(0, np.int64)
    branches = [Outage(f"branch.{row + 1}", np.array([row]), none) for row in np.flatnonzero(grid.conducts)]
    units = [Outage(f"gen.{row + 1}", none, np.array([row])) for row in np.flatnonzero(grid.runs)]
    single = {"all": branches + units, "branches": branches, "units": units, "named": []}[params.outages]
    listed = () if params.contingencies is None else _listed(ctx.path(params.contingencies))
    return (*single, *(_named(*text.split("=", 1)) for text in params.named), *listed)


def paired(ranked: Table) -> tuple[Outage, ...]:
    """Give the outages of a ranking; a name that is no pair's loses nothing, and is refused elsewhere."""
    none = np.zeros(0, np.int64)
    pairs = [(str(name), pair_of(str(name))) for name in ranked["outage"]]
    return tuple(Outage(name, np.array(pair or (), np.int64), none) for name, pair in pairs)


def pair_of(name: str) -> tuple[int, int] | None:
    """Give the branch rows of a pair's name; None when it has another form."""
    numbers = [part.removeprefix("branch.") for part in name.split("+")]
    if len(numbers) != 2 or not all(number.isascii() and number.isdigit() for number in numbers):
        return None
    one, other = int(numbers[0]), int(numbers[1])
    return (one - 1, other - 1) if name == f"branch.{one}+branch.{other}" else None


def _listed(path: Path) -> tuple[Outage, ...]:
    """Read a file of contingencies whose form the study has accepted."""
    lines = decode(read_bytes(path, wanted=CSV), wanted=CSV)[0].split("\n")
    head = next(line for line in lines if line.strip())
    rows = csv.reader(lines, delimiter=max(",;\t", key=head.count))
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    return tuple(_named(row[0], row[1]) for row in filled[1:])


def _named(name: str, elements: str) -> Outage:
    rows: dict[str, set[int]] = {"branch": set(), "gen": set()}  # what is named twice is lost once
    for element in elements.split("+"):
        kind, _, row = element.strip().partition(".")
        rows[kind].add(int(row) - 1)
    branches, units = (np.array(sorted(rows[kind]), np.int64) for kind in ("branch", "gen"))
    return Outage(name.strip(), branches, units)


def aftermath(base: Circuit, outage: Outage, p: Floats, *, splits: bool = True) -> Aftermath:
    """Give what an outage leaves of the base; `splits=False` promises that its branches part no island."""
    conducts, runs = base.conducts.copy(), base.runs.copy()
    conducts[outage.branches] = False
    runs[outage.units] = False
    left = replace(base, conducts=conducts, runs=runs)
    island = _largest_parts(left) if splits else _fed(left) if len(outage.units) else base.island
    alive = island > 0
    conducts &= alive[base.start] & alive[base.end]
    runs &= alive[base.host]
    cut = base.alive & ~alive
    bus = base.case.bus
    left_behind = base.runs.copy()
    left_behind[outage.units] = False
    left_behind &= cut[base.host]
    demands = cut & ((bus["pd"] != 0) | (bus["qd"] != 0))
    return Aftermath(
        replace(base, island=island, conducts=conducts, runs=runs),
        bool(demands.any() or left_behind.any()),
        float(bus["pd"][cut].sum()),
        float(p[base.runs & ~runs].sum()),
    )


def _largest_parts(left: Circuit) -> Ints:
    """Give each bus its island, or 0 outside the part that stays: most buses among those with a unit."""
    buses = len(left.island)
    start, end = left.start[left.conducts], left.end[left.conducts]
    pointer = np.concatenate([[0], np.cumsum(np.bincount(start, minlength=buses))])
    links = csr_matrix((np.ones(len(start)), end[np.argsort(start)], pointer), (buses, buses))
    _, part = connected_components(links, directed=False)
    size = np.bincount(part)
    first = np.zeros(len(size), np.int64)
    first[part[::-1]] = np.arange(buses)[::-1]
    fed = np.zeros(len(size), bool)
    fed[part[left.host[left.runs]]] = True
    kept = np.flatnonzero(fed & (left.island[first] > 0))
    kept = kept[np.lexsort((first[kept], -size[kept]))]
    stays = np.zeros(len(size), bool)
    stays[kept[np.unique(left.island[first[kept]], return_index=True)[1]]] = True
    return np.where(stays[part], left.island, 0)


def _fed(left: Circuit) -> Ints:
    """Give each bus its island, or 0 where no unit of it runs any more; no branch parts one."""
    fed = np.zeros(int(left.island.max(initial=0)) + 1, bool)
    fed[left.island[left.host[left.runs]]] = True
    return np.where(fed[left.island], left.island, 0)


def plan_after(left: Aftermath, outage: Outage, p: Floats) -> Schedule:
    """Give the schedule after an outage: base outputs `p` (MW), and lost ones picked up along headroom."""
    grid = left.grid
    kept = np.where(grid.runs, p, 0.0)
    lost = outage.units[grid.alive[grid.host[outage.units]]]
    need = np.zeros(int(grid.island.max(initial=0)) + 1)
    np.add.at(need, grid.island[grid.host[lost]], p[lost])
    return schedule_of(grid, kept + spread(grid, kept, need))


def bridges(grid: Circuit) -> Bools:
    """Give the branches whose loss parts an island.

    Source: Tarjan, A note on finding the bridges of a graph, Information Processing Letters 2 (1974).
    """
    buses = len(grid.island)
    around: list[list[tuple[int, int]]] = [[] for _ in range(buses)]
    for row in np.flatnonzero(grid.conducts).tolist():
        one, other = int(grid.start[row]), int(grid.end[row])
        around[one].append((other, row))
        around[other].append((one, row))
    number, low = [-1] * buses, [0] * buses
    found, count = np.zeros(len(grid.conducts), bool), 0
    for root in range(buses):
        stack = [(root, -1, iter(around[root]))] if number[root] < 0 else []
        while stack:
            bus, came_by, neighbours = stack[-1]
            if number[bus] < 0:
                number[bus] = low[bus] = count
                count += 1
            for other, row in neighbours:
                if row != came_by and number[other] < 0:
                    stack.append((other, row, iter(around[other])))
                    break
                if row != came_by:
                    low[bus] = min(low[bus], number[other])
            else:
                stack.pop()
                if stack:
                    parent = stack[-1][0]
                    low[parent] = min(low[parent], low[bus])
                    found[came_by] = low[bus] > number[parent]
    return found
