"""The command `genba`: finds the command that is meant, loads it alone, and turns errors into exit codes."""

import atexit
import gc
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from cyclopts import App, Group

from genba import __version__
from genba.factory.registry import domains

WELCOME = """genba: an open AI factory for physical systems. AI proposes, physics certifies.

First steps: `genba demo`, `genba grid powerflow pglib:case118_ieee`, `genba ps`, `genba up`.
"""
HUNG_UP = 1
"""Exit code when the reader of stdout went away; rich, which prints the help, gives the same."""
THREADS = ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Libraries read these when they are loaded; their idle threads cost a small command a tenth of its time."""
STUDIES = Group("Studies", sort_key=1)
RUNS = Group("Runs", sort_key=2)
HOUSE = Group("House", sort_key=3)
COMMANDS = (
    (
        STUDIES,
        "shift",
        "shifts:shift",
        "Run the steps of a shift file together; resume what was interrupted.",
    ),
    (STUDIES, "demo", "shifts:demo", "Run the built-in first shift on a real transmission grid."),
    (STUDIES, "operations", "operations:listing", "List every operation."),
    (RUNS, "ps", "runs:ps", "List runs, newest first."),
    (RUNS, "show", "runs:show", "Show one run: certificate, values, tables, inputs, versions and events."),
    (RUNS, "logs", "runs:logs", "Print the log of a run."),
    (RUNS, "compare", "runs:compare", "Show where two runs differ."),
    (RUNS, "cancel", "changes:cancel", "Cancel a run that has not ended."),
    (RUNS, "retry", "changes:retry", "Run again what was refused, failed or cancelled."),
    (RUNS, "rerun", "changes:rerun", "Make a new run of an old one with some params changed."),
    (RUNS, "note", "changes:note", "Keep a note with a run."),
    (RUNS, "tag", "changes:tag", "Set the tags of a run."),
    (RUNS, "report", "exports:report", "Write a run's report as one self-contained HTML file."),
    (RUNS, "workbook", "exports:workbook", "Write a run's result as a workbook with live formulas."),
    (RUNS, "table", "exports:table", "Write one table of a run as CSV, Excel or Parquet."),
    (HOUSE, "up", "up:up", "Keep the supervisor and the server running until Ctrl-C."),
    (
        HOUSE,
        "doctor",
        "doctor:doctor",
        "Check home, record, extras and disk; --sealed looks for a network.",
    ),
    (HOUSE, "backup", "upkeep:backup", "Copy the home directory's record and artifacts into one file."),
    (HOUSE, "restore", "upkeep:restore", "Bring a backup back into an empty home directory."),
    (HOUSE, "db", "upkeep:db", "Care for the record's database."),
)


def build() -> App:
    """Give the command line; nothing behind a command is imported before that command is asked for."""
    app = App(
        name="genba",
        help=WELCOME,
        version=__version__,
        help_format="plaintext",
        result_action="return_value",
    )
    for domain in domains():
        app.command(
            f"genba.faces.cli.operations:{domain.name}",
            name=domain.name,
            help=domain.title,
            group=STUDIES,
            sort_key=-1,
        )
    for flag in ("--help", "--version"):
        app[flag].group = HOUSE
    for order, (group, name, path, help_line) in enumerate(COMMANDS):
        app.command(f"genba.faces.cli.{path}", name=name, help=help_line, group=group, sort_key=order)
    return app


def main(tokens: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; without tokens, the one that this process was started for."""
    if tokens is None:
        _spare_collections()
    tokens = tuple(sys.argv[1:] if tokens is None else tokens)
    for name in THREADS:
        os.environ.setdefault(name, "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an odd file name must not end a command
    try:
        return _answered(tokens)
    except BrokenPipeError:
        # The interpreter flushes stdout once more at its end; that must meet something open.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return HUNG_UP


def _spare_collections() -> None:
    """Keep the collector of cycles from what is loaded, and from what the system frees at the end anyway.

    Searching modules and compiled code while they load and once more when they go takes a small command a
    quarter of its time.
    """
    gc.disable()
    atexit.register(_leave)


def _leave() -> None:
    """Leave the rest to the system; but DuckDB's bindings report all that was not collected as lost."""
    (gc.unfreeze if "duckdb" in sys.modules else gc.freeze)()


def _answered(tokens: Sequence[str]) -> int:
    try:
        code = _dispatched(tokens)
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        # Loaded here alone: the words of errors cost more than all of `genba --help`.
        code = import_module("genba.faces.cli.faults").report(error, tokens)
    sys.stdout.flush()
    return code


def _dispatched(tokens: Sequence[str]) -> int:
    command, bound, _ = build().parse_args(tokens, exit_on_error=False, print_error=False)
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    return command(*bound.args, **bound.kwargs) or 0
