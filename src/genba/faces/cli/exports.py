"""Runs as files for others: `report`, `workbook` and `table`."""

import shutil
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from genba.core.run import Run
from genba.faces.cli.document import document
from genba.faces.cli.options import HERE, Access, RunId
from genba.faces.cli.record import opened
from genba.faces.cli.terminal import show, text
from genba.faces.tables import csv_pieces, file_name
from genba.faces.words import say
from genba.factory.factory import Factory

Output = Annotated[
    Path | None,
    Parameter(name=("--output", "-o"), metavar="FILE", help="Where; else a name made of the run's."),
]


Language = Annotated[Literal["en", "ja"], Parameter(help="Language of the file.")]


def report(
    run: RunId,
    *,
    output: Output = None,
    language: Language = "en",
    access: Access = HERE,
) -> int:
    """Write a run's report as one self-contained HTML file."""
    with opened(access) as factory:
        found = factory.run(run)
        path = output or Path(file_name(found.operation, found.id, suffix=".html"))
        writer = import_module("genba.faces.report.page")  # brings the renderer of the server extra
        writer.write_report(factory, found.id, path, language=language)
    return _written(found, path, access)


def workbook(
    run: RunId,
    *,
    output: Output = None,
    language: Language = "en",
    access: Access = HERE,
) -> int:
    """Write a run's result as an Excel workbook with live formulas, such as a line balance sheet."""
    with opened(access) as factory:
        found = factory.run(run)
        content = factory.workbook(found.id, partial(say, language))
    path = output or Path(file_name(found.operation, found.id, suffix=".xlsx"))
    path.write_bytes(content)
    return _written(found, path, access)


def table(
    run: RunId,
    name: Annotated[str, Parameter(help="Name of the table, such as violations.")],
    *,
    format: Annotated[Literal["csv", "xlsx", "parquet"], Parameter(help="Kind of file.")] = "csv",
    output: Annotated[
        Path | None,
        Parameter(
            name=("--output", "-o"),
            metavar="FILE",
            help="Where; else CSV goes to stdout, others to a name made of the run's.",
        ),
    ] = None,
    access: Access = HERE,
) -> int:
    """Write one table of a run as CSV, Excel or Parquet."""
    with opened(access) as factory:
        found = factory.run(run)
        if format == "csv" and output is None and not access.json:
            for piece in csv_pieces(factory.table(found.id, name)):
                sys.stdout.buffer.write(piece)
            return 0
        path = output or Path(file_name(found.operation, found.id, name, suffix=f".{format}"))
        _write(factory, found, name, format=format, path=path)
    return _written(found, path, access)


def _write(factory: Factory, run: Run, name: str, *, format: str, path: Path) -> None:
    if format == "parquet":
        shutil.copyfile(factory.output(run.id, name)[1], path)
        return
    rows = factory.table(run.id, name)
    if format == "xlsx":
        import_module("genba.faces.excel").write(rows, path)  # needs the excel extra
        return
    with path.open("wb") as file:
        file.writelines(csv_pieces(rows, bom=True))


def _written(run: Run, path: Path, access: Access) -> int:
    if access.json:
        document({"run": run.id, "file": str(path.absolute()), "bytes": path.stat().st_size})
    else:
        show(text(path))
    return 0
