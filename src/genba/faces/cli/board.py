"""The board of a shift: one line per step, alive for people, line by line when piped."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from genba.core.run import ACTIVE, State
from genba.faces.cli.rendering import STYLES
from genba.faces.cli.terminal import err, remark, table, text
from genba.faces.eta import Estimate
from genba.faces.words import duration, number
from genba.factory.records.shift import ShiftStatus, StepStatus

BAR_WIDTH = 20
REFRESHES = 5
"""Pictures a second."""
Tell = Callable[[ShiftStatus, str], None]
"""Takes how a shift stands, and a remark or nothing."""


@contextmanager
def board(*, quiet: bool) -> Iterator[Tell]:
    """Give what shows each standing of a shift on stderr; `quiet` leaves out plain lines."""
    if sys.stderr.isatty():
        with Live(console=err(), transient=True, refresh_per_second=REFRESHES) as live:
            estimates: dict[str, Estimate] = {}

            def tell(status: ShiftStatus, note: str) -> None:
                live.update(_picture(status, estimates, now=time.monotonic(), note=note))

            yield tell
    else:
        yield _liner(quiet=quiet)


def summary(status: ShiftStatus) -> Table:
    """Give how a shift ended, one row per step."""
    rows = (
        (step.name, step.operation, _state(step), _value(step), duration(step.seconds, "en"), step.run or "-")
        for step in status.steps
    )
    return table(("step", "operation", "state", "value", "time", "run"), rows)


def _picture(status: ShiftStatus, estimates: dict[str, Estimate], *, now: float, note: str) -> Table:
    made = Table(title=text(status.title), caption=text(note), box=None, pad_edge=False)
    made.title_justify = made.caption_justify = "left"
    for header in ("step", "operation", "state", "progress", "ETA", "value"):
        made.add_column(header)
    for step in status.steps:
        made.add_row(*_cells(step, estimates, now))
    return made


def _cells(step: StepStatus, estimates: dict[str, Estimate], now: float) -> tuple[RenderableType, ...]:
    left = _left(step, estimates, now)
    eta = "" if left is None else duration(round(left), "en")
    value = step.message if step.state in ACTIVE else _value(step)
    return text(step.name), text(step.operation), _state(step), _bar(step), text(eta), text(value)


def _left(step: StepStatus, estimates: dict[str, Estimate], now: float) -> float | None:
    if step.state not in ACTIVE:
        return None
    estimates[step.name] = estimates.get(step.name, Estimate()).seen(step.fraction or 0.0, now)
    return estimates[step.name].left(now)


def _bar(step: StepStatus) -> RenderableType:
    done = 1.0 if step.state is State.SUCCEEDED else step.fraction
    return "" if done is None else ProgressBar(total=1.0, completed=done, width=BAR_WIDTH)


def _state(step: StepStatus) -> Text:
    style = STYLES.get(step.state, "dim") if isinstance(step.state, State) else "dim"
    shown = text("done before" if step.reused else str(step.state), style)
    if step.state in (State.REFUSED, State.FAILED, State.CANCELLED, "skipped"):
        shown.append_text(text(f": {step.reason}"))
    return shown


def _value(step: StepStatus) -> str:
    return f"{step.headline.label} {number(step.headline.value, step.headline.unit)}" if step.headline else ""


def _liner(*, quiet: bool) -> Tell:
    """Give what prints a line whenever the state of a step has changed."""
    said: dict[str, str] = {}

    def tell(status: ShiftStatus, note: str) -> None:
        if note and "" not in said:
            remark(note)
            said[""] = note
        for step in status.steps:
            if not quiet and said.get(step.name) != step.state:
                remark(f"{step.name}  {_state(step).plain}  {_value(step)}".rstrip())
            said[step.name] = step.state

    return tell
