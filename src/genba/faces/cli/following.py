"""A run in the foreground: a progress bar for people, plain lines when piped, Ctrl-C to cancel."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn

from genba.core.run import TERMINAL, Run
from genba.faces.cli.telling import every_second
from genba.faces.cli.terminal import err, printable
from genba.faces.eta import Estimate
from genba.faces.words import duration
from genba.factory.factory import Factory
from genba.factory.follow import execute

CANCELLING = "cancelling; Ctrl-C again leaves at once"
Tell = Callable[[Run], None]


def follow(factory: Factory, run: Run, *, quiet: bool) -> Run:
    """Carry a run to its end and give it; `quiet` leaves out plain progress lines."""
    if run.state in TERMINAL:
        return run
    with _progress(quiet=quiet) as tell:
        try:
            return execute(factory, run.id, tell)
        except KeyboardInterrupt:
            # `execute` cancels on the first Ctrl-C; this one came while it looked away, or is the second.
            if factory.run(run.id).cancel_requested:
                raise
            factory.cancel(run.id)
            return execute(factory, run.id, tell)


def _message(run: Run) -> str:
    if run.cancel_requested and run.state not in TERMINAL:
        return CANCELLING
    return run.message or run.state


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Tell]:
    if sys.stderr.isatty():
        with _bar() as progress:
            yield _bar_teller(progress)
    else:
        yield _silent if quiet else _line_teller()


def _silent(run: Run) -> None:
    """Tell nobody."""


def _bar() -> Progress:
    columns = (
        "{task.description}",
        "{task.percentage:>3.0f} %",
        "{task.fields[message]}",
        "{task.fields[eta]}",
    )
    first, *rest = (TextColumn(column, markup=False) for column in columns)
    return Progress(first, BarColumn(bar_width=30), *rest, console=err(), transient=True)


def _bar_teller(progress: Progress) -> Tell:
    task = progress.add_task("", total=1.0, message="", eta="")
    estimate = Estimate()

    def tell(run: Run) -> None:
        nonlocal estimate
        now = time.monotonic()
        estimate = estimate.seen(run.fraction or 0.0, now)
        left = estimate.left(now)
        progress.update(
            task,
            description=run.operation,
            completed=run.fraction or 0.0,
            message=printable(_message(run)),
            eta="" if left is None else f"ETA {duration(round(left), 'en')}",
        )

    return tell


def _line_teller() -> Tell:
    say = every_second()

    def tell(run: Run) -> None:
        line = f"{run.operation}  {run.fraction or 0.0:4.0%}  {_message(run)}"
        say(line, at_once=run.state in TERMINAL)

    return tell
