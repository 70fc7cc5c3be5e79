"""How every face looks: colours that stay apart for colour-blind readers, marks beside them, number formats.

Source: categorical colours after Okabe and Ito (2008), "Color Universal Design"; both scales change lightness
steadily, so they read in greyscale too, and neither needs red against green.
"""

import math
from dataclasses import dataclass
from typing import Literal

from genba.core.findings import Severity
from genba.core.run import State

Theme = Literal["light", "dark"]
Tone = Literal["good", "warning", "bad", "busy", "quiet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of one theme."""

    paper: str
    surface: str
    ink: str
    muted: str
    line: str
    accent: str
    good: str
    warning: str
    bad: str
    missing: str
    """What has no value."""
    series: tuple[str, ...]
    """Categories, in order."""
    sequential: tuple[str, ...]
    """From little to much; much stands out."""
    diverging: tuple[str, ...]
    """From too low over neutral to too high."""


LIGHT = Palette(
    paper="#ffffff",
    surface="#f6f8fa",
    ink="#1c2329",
    muted="#5b6670",
    line="#d5dbe1",
    accent="#0b62a3",
    good="#00694e",
    warning="#8a5a00",
    bad="#b3320b",
    missing="#9aa4ad",
    series=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07b00", "#56b4e9", "#4d4d4d"),
    sequential=("#c8d0d7", "#c9b98a", "#e0a33a", "#c9601c", "#7f2704"),
    diverging=("#0b4f8a", "#5da0d0", "#b9c0c6", "#ee964b", "#9c3a06"),
)
DARK = Palette(
    paper="#12171c",
    surface="#1a2128",
    ink="#e6ebef",
    muted="#9fabb6",
    line="#36414b",
    accent="#6cb6ff",
    good="#3fc79a",
    warning="#e8b04a",
    bad="#ff8a5c",
    missing="#66717b",
    series=("#56b4e9", "#e69f00", "#2fc79f", "#e39bc5", "#f0e442", "#ff7f4d", "#c3ccd4"),
    sequential=("#414e59", "#6b5a45", "#a8702a", "#e69f00", "#fff0b3"),
    diverging=("#7cc0ff", "#3d7fb8", "#6b7580", "#c9792b", "#ffb870"),
)
FONT = (
    'system-ui, -apple-system, "Segoe UI", "Hiragino Sans", "Hiragino Kaku Gothic ProN", "Yu Gothic UI", '
    'Meiryo, "Noto Sans JP", "Noto Sans CJK JP", sans-serif'
)
MONOSPACE = 'ui-monospace, "SF Mono", "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace'

STATE_LOOKS: dict[State, tuple[Tone, str]] = {
    State.ACCEPTED: ("quiet", "○"),
    State.PLACED: ("quiet", "○"),
    State.SUBMITTED: ("busy", "◔"),
    State.RUNNING: ("busy", "▶"),
    State.LOST: ("warning", "?"),
    State.SUCCEEDED: ("good", "✓"),
    State.REFUSED: ("bad", "⊘"),
    State.FAILED: ("bad", "✕"),
    State.CANCELLED: ("quiet", "—"),
}
"""Tone and mark of each state; the mark stands beside the word, so that no meaning rests on colour."""
SEVERITY_LOOKS: dict[Severity, tuple[Tone, str]] = {
    Severity.ERROR: ("bad", "✕"),
    Severity.WARNING: ("warning", "!"),
    Severity.NOTE: ("quiet", "i"),
}
HOLDS_LOOKS: dict[bool, tuple[Tone, str]] = {True: ("good", "✓"), False: ("bad", "✕")}

DECIMALS = {
    "MW": 2,
    "Mvar": 2,
    "MVA": 2,
    "kV": 2,
    "p.u.": 4,
    "%": 1,
    "°": 2,
    "$": 2,
    "$/h": 2,
    "$/MWh": 2,
    "$/°h": 3,
    "s": 2,
    "MiB": 0,
}
"""Digits behind the point, by unit; four significant digits for any other."""
LARGEST_PLAIN = 1e9


def palette(theme: Theme) -> Palette:
    """Give the colours of a theme."""
    return DARK if theme == "dark" else LIGHT


def figure(value: float | None, unit: str = "1") -> str:
    """Give a number as people read it, without unit: `73,059.70`, `1.0342`, `3.1×10⁻¹²`, `–` when missing."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if float(value).is_integer() and (unit not in DECIMALS or isinstance(value, int)):
        return f"{int(value):,}" if abs(value) < LARGEST_PLAIN else _scientific(value)
    decimals = DECIMALS.get(unit)
    if abs(value) >= LARGEST_PLAIN or abs(value) < (0.5 * 10.0**-decimals if decimals is not None else 1e-4):
        return _scientific(value)
    return f"{value:,.{decimals}f}" if decimals is not None else _significant(value)


def column_figure(value: float, unit: str) -> str:
    """Give a number for a column of its unit: always the same digits behind the point, so that they align."""
    decimals = DECIMALS.get(unit)
    if decimals is None or not math.isfinite(value) or abs(value) >= LARGEST_PLAIN:
        return figure(value, unit)
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"


def _significant(value: float, digits: int = 4) -> str:
    behind = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{behind}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scientific(value: float) -> str:
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa}×10{raised}"
