"""Rules as rows of a sheet: what kind, which tasks or zones, which stations, what time."""

from typing import Any

from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.io.rows import Rows
from genba.line.records.line import Rules

RULE = FindingKind(
    "line.rule",
    Severity.ERROR,
    "The rule {found} is none; write together or apart with tasks, fixed with a task and stations, setup "
    "with two tasks and a time, or walk with two zones and a time.",
)


def rules_of(rows: Rows, tally: Tally) -> dict[str, Any]:
    """Give the rules as nested data; the tally receives those that are none."""
    found: dict[str, list[Any]] = {}
    for row, place in zip(rows.entries, rows.places, strict=True):
        kind, ids = str(row.get("rule", "")).strip().lower(), row.get("tasks", [])
        stations, time = row.get("stations", []), row.get("time")
        pair = len(ids) == 2 and time is not None
        if kind in ("together", "apart"):
            found.setdefault(kind, []).append(ids)
        elif kind == "fixed" and len(ids) == 1 and all(number.isdecimal() for number in stations):
            found.setdefault("fixed", []).append({"task": ids[0], "stations": stations})
        elif kind == "setup" and pair:
            found.setdefault("setups", []).append({"task": ids[0], "then": ids[1], "time": time})
        elif kind == "walk" and pair:
            found.setdefault("walks", []).append({"zone": ids[0], "then": ids[1], "time": time})
        else:
            tally.add(RULE, place, found=repr(kind)[:40])
    return found


def rows_of(rules: Rules) -> list[dict[str, Any]]:
    """Give the rules as rows."""
    return [
        *({"rule": "together", "tasks": ids} for ids in rules.together),
        *({"rule": "apart", "tasks": ids} for ids in rules.apart),
        *({"rule": "fixed", "tasks": (each.task,), "stations": each.stations} for each in rules.fixed),
        *({"rule": "setup", "tasks": (each.task, each.then), "time": each.time} for each in rules.setups),
        *({"rule": "walk", "tasks": (each.zone, each.then), "time": each.time} for each in rules.walks),
    ]
