"""What people see of one run: how it stands, its values, its certificate, its tables, and what to do next."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from genba.core.envelope import envelope_of
from genba.core.run import TERMINAL, Run, State
from genba.core.views import Headline
from genba.faces.cli.document import document
from genba.faces.cli.faults import exit_code
from genba.faces.cli.results import heads_of, verdict
from genba.faces.cli.terminal import pairs, printable, remark, show, text
from genba.faces.words import number
from genba.factory.factory import Factory

STYLES = {
    State.SUCCEEDED: "green",
    State.REFUSED: "yellow",
    State.FAILED: "red",
    State.LOST: "red",
    State.RUNNING: "cyan",
}
FIRST_ROWS = 3


def answer(factory: Factory, run: Run, *, as_json: bool) -> int:
    """Give a run as the result of a command, and its exit code."""
    if as_json:
        document(envelope_of(run).model_dump(mode="json"))
    else:
        show(*summary(factory, run), *table_heads(run, FIRST_ROWS))
        remark(next_step(run))
        if run.state not in TERMINAL and not factory.served():
            remark("nobody works on it yet; start the supervisor: genba up")
    return exit_code(run)


def summary(factory: Factory, run: Run) -> Iterator[RenderableType]:
    """Yield how a run stands: state and reason, headline values, certificate, findings."""
    rows: list[tuple[str, object]] = [("run", run.id), ("operation", run.operation), ("state", standing(run))]
    if run.fraction is not None and run.state not in TERMINAL:
        rows.append(("progress", f"{run.fraction:.0%} {run.message}"))
    if run.result is not None:
        rows.append(("outcome", run.result["outcome"]))
        rows += [(entry.label, number(entry.value, entry.unit)) for entry in headlines(factory, run)]
    if run.certificate is not None:
        rows.append(("certificate", verdict(run.certificate)))
    if run.seconds is not None:
        rows.append(("time", f"{run.seconds:.2f} s, certificate included"))
    rows += [(finding.severity, f"{finding.where}: {finding.message}") for finding in run.findings]
    yield pairs(rows)


def headlines(factory: Factory, run: Run) -> tuple[Headline, ...]:
    """Give the values that a person reads first; none before there is a result."""
    return factory.headlines(run.id) if run.result is not None else ()


def standing(run: Run) -> Text:
    """Give the state, with its reason where it did not simply succeed."""
    shown = text(run.state.value, STYLES.get(run.state, ""))
    reason = run.error.message if run.error else run.reason
    if run.state is not State.SUCCEEDED and reason:
        shown.append(f": {printable(reason)}")
    return shown


def table_heads(run: Run, rows: int) -> Iterator[RenderableType]:
    """Yield the first rows of every table of a run's result."""
    yield from heads_of(run.result or {}, rows)


def next_step(run: Run, *, shown: bool = False) -> str:
    """Give the command that helps next; `shown` when `genba show` was the last one."""
    if run.state is State.SUCCEEDED:
        return (
            f"as a page: genba report {run.id}"
            if shown
            else f"more: genba show {run.id}; genba report {run.id}"
        )
    if run.state is State.REFUSED:
        return f"once more: genba retry {run.id}" if shown else f"the failed claims: genba show {run.id}"
    if run.state in (State.FAILED, State.CANCELLED):
        return f"what happened: genba logs {run.id}; once more: genba retry {run.id}"
    return f"watch it: genba logs -f {run.id}"
