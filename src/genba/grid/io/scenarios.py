"""Scenarios of a grid: one change of the case per column, one scenario per row.

A column is named after what it changes, as in `--set` without the value: `bus.7.pd` sets, `bus.7.pd*`
multiplies what is there, `*` as id means every row. `scale.load` multiplies the demand of every bus, active
and reactive, `scale.generation` the active output of every unit. Columns act from left to right; an empty
cell leaves what is there. `scenario` (a name; else the number from 1) and `time` (any text) label a row. The
long form has the columns `scenario`, `change` and `value`, and `time` if wanted: one row per change, which
act in the order in which they first appear.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import too_large
from genba.core.findings import Finding, FindingKind, Severity
from genba.core.tally import Tally
from genba.grid.checks.branches import LARGEST_RATIO, SMALLEST_RATING_MVA, SMALLEST_RATIO
from genba.grid.checks.numbers import FARTHEST, LARGEST
from genba.grid.checks.tally import MORE
from genba.grid.io.changes import CHANGE
from genba.grid.io.matrix import LONGEST_SHOWN
from genba.grid.io.sheet import MOST_CELLS, Sheet, read_sheet
from genba.grid.records.case import ENDLESS_MW, Case

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Sizes = dict[tuple[str, str], Floats]
"""Largest size of every row's value in any scenario so far, by table and column."""

MOST_SCENARIOS = 1_000_000
LONGEST_NAME = 64
WORDS = ("scenario", "time", "change")
LONG_VALUE = "value"
CHANGEABLE = {
    "bus": ("pd", "qd", "gs", "bs"),
    "gen": ("pg", "qg", "vg", "qmax", "qmin", "pmax", "pmin", "status"),
    "branch": ("ratio", "shift", "status", "rate_a"),
}
"""What a scenario may change of each table."""
SCALES = {
    "scale.load": (("bus", "pd"), ("bus", "qd")),
    "scale.generation": (("gen", "pg"),),
}
POSITIVE = frozenset(("vg",))
SMALLEST = {"ratio": SMALLEST_RATIO, "rate_a": SMALLEST_RATING_MVA}
"""Smallest value, or factor, that is not 0."""
MOST = {**LARGEST, **FARTHEST, "pmax": ENDLESS_MW, "pmin": ENDLESS_MW, "ratio": LARGEST_RATIO}
"""Largest size of a value, in its unit."""
LARGEST_FACTOR = 1e6
ALLOWED = {
    "size": "-{most} to {most}",
    "status": "0 or 1",
    "gap": "0, or {least} to {most}",
    "positive": "above 0, up to {most}",
}
"""What values may be, in words."""

NO_SCENARIO = FindingKind(
    "grid.scenario_none", Severity.ERROR, "The file has no scenario; write a header and a row for each."
)
COLUMN = FindingKind(
    "grid.scenario_column",
    Severity.ERROR,
    "Found the column {column}; name what it changes, such as bus.7.pd, bus.*.pd* (a factor) or scale.load, "
    "or call it scenario or time.",
)
FIELD = FindingKind(
    "grid.scenario_field",
    Severity.ERROR,
    "Found the column {column}; of {table} a scenario can change: {allowed}. Change others with --set.",
)
ELEMENT = FindingKind(
    "grid.scenario_element",
    Severity.ERROR,
    "Found the column {column}, but the case has no {element}; use a bus number, or a row from 1 to {rows}.",
)
FACTOR = FindingKind(
    "grid.scenario_factor", Severity.ERROR, "Found the column {column}; a status is set, never multiplied."
)
RANGE = FindingKind(
    "grid.scenario_range", Severity.ERROR, "Found {found} in column {column}; allowed: {allowed}."
)
NAME = FindingKind(
    "grid.scenario_name",
    Severity.ERROR,
    "Found the scenario name {found}; give each scenario a name of its own of 1 to 64 printable characters.",
)
TWICE = FindingKind(
    "grid.scenario_twice", Severity.ERROR, "Found {change} twice for the scenario {scenario}; keep one."
)
REPEATED = FindingKind(
    "grid.scenario_change_repeated",
    Severity.ERROR,
    "The column {column} changes what one before it does; keep one.",
)
LONG = FindingKind(
    "grid.scenario_long",
    Severity.ERROR,
    "Found the columns {found}; the long form has scenario, change and value, and may have time.",
)


MANY = FindingKind(
    "grid.scenario_many", Severity.ERROR, "found {found} scenarios; at most {most} are studied at once"
)
MANY_CHANGES = FindingKind(
    "grid.scenario_many_changes",
    Severity.ERROR,
    "found {rows} scenarios of {columns} changes; give fewer of one",
)


@dataclass(frozen=True, eq=False)
class Group:
    """Changes of one column of one table that act together, each on a row of its own.

    Arguments:
        table: bus, gen or branch.
        column: the column that changes.
        multiplies: whether values are factors.
        rows: rows of the table, shape (k,).
        sources: columns of the scenarios' values, shape (k,).
    """

    table: str
    column: str
    multiplies: bool
    rows: Ints
    sources: Ints


@dataclass(frozen=True, eq=False)
class Scenarios:
    """What a file of scenarios says about a case.

    Arguments:
        names: name of each scenario.
        times: what each says of time, empty where nothing.
        groups: what the columns change, in the order in which they act.
        values: cells, NaN where empty, shape (scenarios, columns).
    """

    names: tuple[str, ...]
    times: tuple[str, ...]
    groups: tuple[Group, ...]
    values: Floats

    def __len__(self) -> int:
        """Give the number of scenarios."""
        return len(self.names)

    def changes(self, column: tuple[str, str]) -> bool:
        """Tell whether some scenario may change a column of a table."""
        return any((group.table, group.column) == column for group in self.groups)

    def columns(self, case: Case, rows: Ints) -> dict[tuple[str, str], Floats]:
        """Give the columns that change, for some scenarios, shape (scenarios, rows of the table) each."""
        found: dict[tuple[str, str], Floats] = {}
        for group in self.groups:
            key = (group.table, group.column)
            if key not in found:
                base = getattr(case, group.table)[group.column].astype(np.float64)
                found[key] = np.repeat(base[None, :], len(rows), axis=0)
            before = found[key][:, group.rows]  # (scenarios, k)
            given = self.values[rows[:, None], group.sources]
            after = before * given if group.multiplies else given
            found[key][:, group.rows] = np.where(np.isnan(given), before, after)
        return found

    def case(self, case: Case, row: int) -> Case:
        """Give the case of one scenario."""
        changed = self.columns(case, np.array([row]))
        tables: dict[str, dict[str, Any]] = {}
        for (table, column), values in changed.items():
            tables.setdefault(table, {})[column] = values[0]
        return replace(case, **{name: getattr(case, name).replace(**new) for name, new in tables.items()})


def read(path: Path, case: Case) -> tuple[Scenarios, tuple[Finding, ...]]:
    """Read the scenarios of a case, and every fault of the file.

    Raises:
        TooLarge: when the file has more than 256 MiB or 40 million numbers.
        InputError: when it is neither CSV nor Parquet.
    """
    tally = Tally(MORE)
    sheet = read_sheet(path, tally, words=WORDS)
    if "change" in sheet.texts or LONG_VALUE in sheet.names:
        sheet = _widened(sheet, tally)
    if not len(sheet.numbers):
        tally.add(NO_SCENARIO, "file")
    if len(sheet.numbers) > MOST_SCENARIOS:
        raise too_large(MANY, "file", found=f"{len(sheet.numbers):,}", most=f"{MOST_SCENARIOS:,}")
    groups = tuple(_joined(_groups(sheet, case, tally)))
    names = _names(sheet, tally)
    times = tuple(sheet.texts.get("time", [""] * len(names)))
    # a header that is wrong may be why cells are
    findings = sorted(tally.findings(), key=lambda finding: finding.where != "header")
    return Scenarios(names, times, groups, sheet.numbers), tuple(findings)


def _widened(sheet: Sheet, tally: Tally) -> Sheet:
    """Give the wide form of a long sheet; a scenario comes where it first appears."""
    if set(sheet.names) != {LONG_VALUE} or not {"scenario", "change"} <= set(sheet.texts):
        found = ", ".join((*sheet.texts, *sheet.names))
        tally.add(LONG, "header", found=found[:LONGEST_SHOWN])
        return replace(sheet, names=(), numbers=np.zeros((len(sheet.places), 0)))
    rows, columns = ({text: place for place, text in enumerate(dict.fromkeys(sheet.texts[name]))}
                     for name in ("scenario", "change"))  # fmt: skip
    if len(rows) * len(columns) > MOST_CELLS:
        raise too_large(MANY_CHANGES, "file", rows=f"{len(rows):,}", columns=f"{len(columns):,}")
    values = np.full((len(rows), len(columns)), np.nan)
    seen: set[tuple[int, int]] = set()
    times, places = [""] * len(rows), [""] * len(rows)
    said = sheet.texts.get("time", [""] * len(sheet.places))
    for line, (scenario, change) in enumerate(
        zip(sheet.texts["scenario"], sheet.texts["change"], strict=True)
    ):
        at = rows[scenario], columns[change]
        if at in seen:
            tally.add(
                TWICE, sheet.places[line], change=change[:LONGEST_SHOWN], scenario=scenario[:LONGEST_NAME]
            )
        seen.add(at)
        values[at] = sheet.numbers[line, 0]
        times[at[0]], places[at[0]] = times[at[0]] or said[line], places[at[0]] or sheet.places[line]
    texts = {"scenario": list(rows), "time": times}
    return Sheet(tuple(columns), values, texts, places)


def _names(sheet: Sheet, tally: Tally) -> tuple[str, ...]:
    named = sheet.texts.get("scenario")
    if named is None:
        return tuple(str(row + 1) for row in range(len(sheet.numbers)))
    seen: set[str] = set()
    for name, place in zip(named, sheet.places, strict=True):
        if name in seen or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            tally.add(NAME, place, found=name[:LONGEST_NAME])
        seen.add(name)
    return tuple(named)


def _groups(sheet: Sheet, case: Case, tally: Tally) -> Iterator[Group]:
    """Yield what each column changes; a column that says nothing is told and left out."""
    seen: set[tuple[str, str, bool, int, int]] = set()
    sizes: Sizes = {}
    for source, name in enumerate(sheet.names):
        if name in SCALES:
            scaled = [_all_rows(case, table, column, source) for table, column in SCALES[name]]
            _tell_range(scaled, sheet, case, sizes, tally)
            yield from scaled
            continue
        group = _group(name, source, case, tally)
        if group is None:
            continue
        key = (*_kind(group), len(group.rows), int(group.rows[0]))
        if key in seen:  # bus.7.pd and bus.07.pd
            tally.add(REPEATED, "header", column=name[:LONGEST_SHOWN])
        else:
            seen.add(key)
            _tell_range([group], sheet, case, sizes, tally)
            yield group


def _all_rows(case: Case, table: str, column: str, source: int) -> Group:
    rows = np.arange(len(getattr(case, table)))
    return Group(table, column, True, rows, np.full(len(rows), source))


def _group(name: str, source: int, case: Case, tally: Tally) -> Group | None:
    match = CHANGE.fullmatch(f"{name}=0")
    shown = name[:LONGEST_SHOWN]
    if match is None or match["table"] not in CHANGEABLE:
        tally.add(COLUMN, "header", column=shown)
        return None
    table, column, multiplies = match["table"], match["column"], match["sign"] == "*="
    if column not in CHANGEABLE[table]:
        tally.add(FIELD, "header", column=shown, table=table, allowed=", ".join(CHANGEABLE[table]))
        return None
    if column == "status" and multiplies:
        tally.add(FACTOR, "header", column=shown)
        return None
    rows = _rows(case, table, match["id"])
    if not len(rows):
        size = len(getattr(case, table))
        tally.add(
            ELEMENT, "header", column=shown, element=f"{table}.{match['id']}"[:LONGEST_SHOWN], rows=size
        )
        return None
    return Group(table, column, multiplies, rows, np.full(len(rows), source))


def _rows(case: Case, table: str, known_by: str) -> Ints:
    """Give the rows that an id names; none when there is no such element."""
    size = len(getattr(case, table))
    if known_by == "*":
        return np.arange(size)
    if not known_by.isdecimal() or len(known_by) > 18:
        return np.zeros(0, np.int64)
    number = int(known_by)
    if table == "bus":
        return np.flatnonzero(case.bus["bus"] == number)
    return np.arange(size)[number - 1 : number] if number else np.zeros(0, np.int64)


def _tell_range(groups: Sequence[Group], sheet: Sheet, case: Case, sizes: Sizes, tally: Tally) -> None:
    """Report cells of a column that no case can have, or that multiply what is there beyond it."""
    column, source = groups[0].column, int(groups[0].sources[0])
    values = sheet.numbers[:, source]
    most = min(_most(group, case, sizes) for group in groups)
    with np.errstate(invalid="ignore"):
        wrong, allowed = np.abs(values) > most, ALLOWED["size"]
        if column == "status":
            wrong, allowed = ~np.isin(values, (0.0, 1.0)), ALLOWED["status"]
        elif column in SMALLEST:
            wrong |= (values != 0) & (values < SMALLEST[column])
            allowed = ALLOWED["gap"]
        elif column in POSITIVE:
            wrong, allowed = wrong | (values <= 0), ALLOWED["positive"]
        wrong &= ~np.isnan(values)
    allowed = allowed.format(least=f"{SMALLEST.get(column, 0.0):g}", most=f"{most:g}")
    for row in np.flatnonzero(wrong).tolist():
        shown = sheet.names[source][:LONGEST_SHOWN]
        tally.add(RANGE, sheet.places[row], found=float(values[row]), column=shown, allowed=allowed)
    largest = float(np.nan_to_num(np.abs(values[~wrong])).max(initial=0.0))
    for group in groups:
        _grow(sizes[group.table, group.column], group, largest)


def _most(group: Group, case: Case, sizes: Sizes) -> float:
    """Give the largest value or factor of a group, after those before it."""
    key, most = (group.table, group.column), MOST.get(group.column, np.inf)
    if key not in sizes:
        size = np.abs(getattr(case, group.table)[group.column].astype(np.float64))
        sizes[key] = np.where(size < most, size, 0.0)  # what has no end may be multiplied
    largest = sizes[key][group.rows].max(initial=0.0)
    if not group.multiplies:
        return most
    return float(min(LARGEST_FACTOR, most / largest)) if largest else LARGEST_FACTOR


def _grow(size: Floats, group: Group, largest: float) -> None:
    """Take into the sizes of a column, in place, what a group can make of them at most."""
    before = size[group.rows]
    size[group.rows] = before * max(largest, 1.0) if group.multiplies else np.maximum(before, largest)


def _joined(groups: Iterator[Group]) -> Iterator[Group]:
    """Yield groups; those that follow each other in changing one column, each other rows of it, as one."""
    waiting: dict[tuple[str, str], list[Group]] = {}
    taken: dict[tuple[str, str], set[int]] = {}
    for group in groups:
        key = (group.table, group.column)
        rows = set(group.rows.tolist())
        before = waiting.setdefault(key, [])
        same = before and before[0].multiplies == group.multiplies
        if before and not (same and taken[key].isdisjoint(rows)):
            yield _merged(before)
            before.clear()
        taken[key] = rows | (taken[key] if before else set())
        before.append(group)
    yield from (_merged(left) for left in waiting.values())


def _kind(group: Group) -> tuple[str, str, bool]:
    return group.table, group.column, group.multiplies


def _merged(groups: Sequence[Group]) -> Group:
    rows, sources = (np.concatenate([getattr(g, n) for g in groups]) for n in ("rows", "sources"))
    return replace(groups[0], rows=rows, sources=sources)


__all__ = ["CHANGEABLE", "Group", "Scenarios", "read"]
