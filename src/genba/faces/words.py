"""What a person reads, in English or Japanese: texts by key, numbers with units, times.

English stands in the code, beside its key; Japanese lies in the `words.ja.toml` of each domain and of the
faces, loaded when first asked for.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import genba
from genba.core.findings import Severity
from genba.core.run import State
from genba.faces.theme import figure

SECOND_NS = 1_000_000_000
MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86_400
NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")

STATES: dict[State, str] = {
    State.ACCEPTED: "Accepted",
    State.PLACED: "Placed",
    State.SUBMITTED: "Starting",
    State.RUNNING: "Running",
    State.LOST: "Lost",
    State.SUCCEEDED: "Succeeded",
    State.REFUSED: "Refused",
    State.FAILED: "Failed",
    State.CANCELLED: "Cancelled",
}
SEVERITIES: dict[Severity, str] = {
    Severity.ERROR: "Error",
    Severity.WARNING: "Warning",
    Severity.NOTE: "Note",
}
UNITS = (
    ("faces.unit.flow_or_voltage", "MVA or p.u."),
    ("faces.unit.of_a_limit", "MVA, °, p.u., MW or Mvar"),
    ("faces.unit.of_an_amount", "MW, Mvar, MVA or °"),
    ("faces.unit.of_a_shadow_price", "$/h per unit of the limit"),
    ("faces.unit.of_a_voltage_price", "$/h per p.u."),
    ("faces.unit.of_a_record", "p.u., °, MW, Mvar or %"),
    ("faces.unit.currency", "currency"),
    ("faces.unit.currency_per_hour", "currency/h"),
)
"""Units that are words; all others are signs, alike in every language."""
UNIT_KEYS = {english: key for key, english in UNITS}
PLACES = (
    (re.compile(r"^scenario (.+)(?=: (?:gen|branch) \d+)"), "faces.where.scenario", "scenario {name}"),
    (re.compile(r"(?:^|(?<=\())line (\d+)"), "faces.where.line", "line {name}"),
    (re.compile(r"^row (\d+)"), "faces.where.row", "row {name}"),
)
"""How places in files are written, the key of their translation and their English."""


def languages() -> tuple[str, ...]:
    """Give the languages that every text exists in."""
    return ("en", "ja")


def say(language: str, key: str, english: str, **arguments: Any) -> str:
    """Give a text in the reader's language; English where the language has no such key.

    Arguments:
        language: one of `languages()`; an unknown one reads English.
        key: stable name of the text.
        english: the text in English, with `{placeholders}` when there are arguments.
        arguments: what the placeholders stand for; without any, a translation's `{0}`, `{1}` stand for the
            numbers of the English sentence, in order, as a certificate's methods need it.
    """
    template = _words_in(language).get(key, english)
    if arguments:
        return template.format(**arguments)
    return _with_numbers_of(english, template) if template is not english and "{0}" in template else template


def _with_numbers_of(english: str, template: str) -> str:
    try:
        return template.format(*NUMBERS.findall(english))
    except (IndexError, KeyError, ValueError):  # the sentence is older than its translation
        return english


def say_state(language: str, state: State) -> str:
    """Give the word for a run's state."""
    return say(language, f"faces.state.{state}", STATES[state])


def say_severity(language: str, severity: Severity) -> str:
    """Give the word for a finding's severity."""
    return say(language, f"faces.severity.{severity}", SEVERITIES[severity])


def say_holds(language: str, holds: bool) -> str:
    """Give the word for whether a claim or a certificate holds."""
    if holds:
        return say(language, "faces.holds.yes", "holds")
    return say(language, "faces.holds.no", "does not hold")


def say_where(language: str, where: str) -> str:
    """Give the place of a finding; elements and files have the names that they have in data."""
    for pattern, key, english in PLACES:
        found = pattern.search(where)
        if found is not None:
            said = say(language, key, english, name=found[1])
            where = f"{where[: found.start()]}{said}{where[found.end() :]}"
    return where


def say_unit(language: str, unit: str) -> str:
    """Give a unit as the reader's language writes it."""
    return say(language, UNIT_KEYS[unit], unit) if unit in UNIT_KEYS else unit


def number(value: float | None, unit: str, language: str = "en") -> str:
    """Give a number with its unit: `73,059.70 MW`; a missing one has no unit."""
    text = figure(value, unit)
    if value is None or unit in ("1", ""):
        return text
    return f"{text}{unit}" if unit == "°" else f"{text} {say_unit(language, unit)}"


def with_unit(label: str, unit: str) -> str:
    """Give the heading of a column or an axis: `Voltage (p.u.)`."""
    return label if unit in ("1", "") else f"{label} ({unit})"


def age(then: int, now: int, language: str) -> str:
    """Give how long ago `then` was (both nanoseconds UTC): `5 min ago`."""
    seconds = max(0, now - then) // SECOND_NS
    if seconds < MINUTE_S:
        return say(language, "faces.age.now", "just now")
    if seconds < HOUR_S:
        return say(language, "faces.age.minutes", "{count} min ago", count=seconds // MINUTE_S)
    if seconds < DAY_S:
        return say(language, "faces.age.hours", "{count} h ago", count=seconds // HOUR_S)
    return say(language, "faces.age.days", "{count} d ago", count=seconds // DAY_S)


def duration(seconds: float | None, language: str) -> str:
    """Give a span of time: `0.43 s`, `2 min 5 s`, `1 h 3 min`."""
    if seconds is None:
        return "–"
    if seconds < MINUTE_S:
        return say(language, "faces.duration.seconds", "{count} s", count=f"{seconds:.3g}")
    whole = round(seconds)
    if whole < HOUR_S:
        minutes, rest = divmod(whole, MINUTE_S)
        return say(language, "faces.duration.minutes", "{minutes} min {rest} s", minutes=minutes, rest=rest)
    hours, rest = divmod(whole // MINUTE_S, MINUTE_S)
    return say(language, "faces.duration.hours", "{hours} h {rest} min", hours=hours, rest=rest)


def moment(at: int) -> str:
    """Give a time (nanoseconds UTC) to the second: `2026-11-23 06:19:31 UTC`."""
    return datetime.fromtimestamp(at // SECOND_NS, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def size(count: int) -> str:
    """Give a number of bytes: `512 B`, `1.2 MB`."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def translations(language: str) -> Mapping[str, str]:
    """Give every text of a language by key, read from its files; English has none, it stands in the code."""
    package = Path(genba.__file__).parent
    return {
        key: text
        for file in sorted(package.rglob(f"words.{language}.toml"))
        for key, text in _flat(tomllib.loads(file.read_text(encoding="utf-8")))
    }


@cache
def _loaded(language: str) -> Mapping[str, str]:
    return translations(language)


def _words_in(language: str) -> Mapping[str, str]:
    return _loaded(language) if language in languages() else {}


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)
