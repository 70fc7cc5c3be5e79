"""Reading the record: `ps`, `show`, `logs` and `compare`."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Group, Parameter
from rich.console import RenderableType

from genba.core.envelope import envelope_of
from genba.core.run import TERMINAL, Run, State
from genba.faces.cli.document import document
from genba.faces.cli.faults import exit_code
from genba.faces.cli.options import HERE, Access, RunId
from genba.faces.cli.record import opened
from genba.faces.cli.rendering import STYLES, next_step, summary, table_heads
from genba.faces.cli.results import claims
from genba.faces.cli.terminal import pairs, printable, remark, table, text
from genba.faces.cli.terminal import show as print_blocks
from genba.faces.items import run_item
from genba.faces.theme import figure
from genba.faces.words import moment
from genba.factory.factory import Factory
from genba.factory.request import RunQuery

FILTERS = Group("Filters", sort_key=2)
POLL = 0.2
"""Seconds between two looks at the end of a growing log."""
ROWS = 5


@Parameter(name="*", group=FILTERS)
@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which runs are listed."""

    state: Annotated[
        tuple[State, ...], Parameter(negative="", help="Runs in this state; may be repeated.")
    ] = ()
    operation: Annotated[str | None, Parameter(help="Runs of this operation, such as grid.powerflow.")] = None
    tag: Annotated[str | None, Parameter(help="Runs with this tag.")] = None
    shift: Annotated[str | None, Parameter(help="Runs of this shift.")] = None
    limit: Annotated[int, Parameter(help="Most runs listed, up to 500.")] = 20
    cursor: Annotated[str | None, Parameter(help="Go on where the last list ended: its `next`.")] = None

    def query(self) -> RunQuery:
        """Give what the factory takes."""
        return RunQuery(
            states=self.state,
            operation=self.operation,
            tag=self.tag,
            shift=self.shift,
            cursor=self.cursor,
            limit=self.limit,
        )


ALL = Filters()


def ps(*, filters: Filters = ALL, access: Access = HERE) -> int:
    """List runs, newest first."""
    with opened(access) as factory:
        page = factory.runs(filters.query())
    if access.json:
        document({"items": [run_item(run).model_dump(mode="json") for run in page.items], "next": page.next})
        return 0
    print_blocks(table(("run", "operation", "state", "progress", "created", "tags"), map(_row, page.items)))
    if page.next:
        remark(f"more: genba ps --cursor {page.next}")
    return 0


def _row(run: Run) -> tuple[object, ...]:
    state = text(run.state.value, STYLES.get(run.state, ""))
    progress = "" if run.fraction is None or run.state in TERMINAL else f"{run.fraction:.0%} {run.message}"
    return run.id, run.operation, state, progress, moment(run.created), ", ".join(run.tags)


def show(
    run: RunId,
    *,
    rows: Annotated[int, Parameter(help="Rows shown of each table, up to 20.")] = ROWS,
    access: Access = HERE,
) -> int:
    """Show one run: certificate, values, tables, inputs, versions and events."""
    with opened(access) as factory:
        found = factory.run(run)
        if access.json:
            document(envelope_of(found).model_dump(mode="json"))
        else:
            print_blocks(*_everything(factory, found, rows))
            remark(next_step(found, shown=True))
    return 0


def _everything(factory: Factory, run: Run, rows: int) -> Iterator[RenderableType]:
    yield from summary(factory, run)
    if run.certificate is not None:
        yield from _section("certificate", claims(run.certificate))
    yield from table_heads(run, rows)
    yield from _section("params", pairs(run.params.items()))
    if run.inputs:
        yield from _section(
            "inputs",
            table(
                ("field", "name", "bytes", "sha256"),
                ((entry.field, entry.name, figure(entry.bytes), entry.sha256) for entry in run.inputs),
                right=(2,),
            ),
        )
    if run.artifacts:
        yield from _section(
            "outputs",
            table(
                ("name", "bytes", "sha256"),
                ((entry.name, figure(entry.bytes), entry.sha256) for entry in run.artifacts),
                right=(1,),
            ),
        )
    yield from _history(factory, run)


def _history(factory: Factory, run: Run) -> Iterator[RenderableType]:
    attempts = factory.attempts(run.id)
    if attempts:
        yield from _section("versions", pairs(sorted(attempts[-1].versions.items())))
    rows = (
        (moment(event.at), event.attempt, event.after.value, event.reason) for event in factory.events(run.id)
    )
    yield from _section("events", table(("time", "attempt", "state", "reason"), rows))
    about = {"digest": run.digest, "seed": run.seed, "parent": run.parent, "tags": ", ".join(run.tags)}
    about |= {"note": run.note, "shift": run.shift, "step": run.step}
    yield from _section(
        "record", pairs((name, value) for name, value in about.items() if value not in (None, ""))
    )


def _section(title: str, body: RenderableType) -> Iterator[RenderableType]:
    yield text(f"\n{title}", "bold")
    yield body


def logs(
    run: RunId,
    *,
    follow: Annotated[
        bool,
        Parameter(
            name=("--follow", "-f"), negative="", show_default=False, help="Wait for more until the run ends."
        ),
    ] = False,
    access: Access = HERE,
) -> int:
    """Print the log of a run."""
    with opened(access) as factory:
        run_id = factory.run(run).id
        for offset, text in _chunks(factory, run_id, follow=follow):
            if access.json:
                document({"offset": offset, "text": text}, one_line=True)
            else:
                sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
                sys.stdout.flush()
        return exit_code(factory.run(run_id)) if follow else 0


def _chunks(factory: Factory, run_id: str, *, follow: bool) -> Iterator[tuple[int, str]]:
    """Yield the log piece by piece with the byte offset of each; a new attempt starts again at 0."""
    offset, attempt = 0, None
    while True:
        chunk = factory.log(run_id, offset)
        if attempt not in (None, chunk.attempt):
            offset, attempt = 0, chunk.attempt
            continue
        if chunk.text:
            yield offset, chunk.text
        elif chunk.ended or not follow:
            return
        else:
            time.sleep(POLL)
        offset, attempt = chunk.next, chunk.attempt


def compare(left: RunId, right: RunId, *, access: Access = HERE) -> int:
    """Show where two runs differ."""
    with opened(access) as factory:
        comparison = factory.compare(left, right)
    if access.json:
        document(comparison.model_dump(mode="json"))
        return 0
    rows = ((row.path, _side(row.left), _side(row.right)) for row in comparison.rows)
    print_blocks(table(("what", left, right), rows), text(f"{comparison.same} fields are the same", "dim"))
    return 0


def _side(value: object) -> str:
    if isinstance(value, int | float):
        return figure(value)
    return "-" if value is None else str(value)
