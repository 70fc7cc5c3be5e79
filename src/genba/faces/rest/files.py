"""Endpoints that carry files: artifacts, tables, logs and reports."""

import tempfile
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import IO, Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from starlette.responses import FileResponse, StreamingResponse

from genba.core.errors import NotFound
from genba.faces.report.page import report_html
from genba.faces.rest.requests import RunId, Sha256, TableName
from genba.faces.rest.streams import LARGEST_OFFSET
from genba.faces.tables import TablePage, csv_pieces, file_name, page
from genba.faces.words import say
from genba.factory.answers import LogChunk
from genba.factory.factory import Factory
from genba.num.table import Table

MOST_ROWS = 10_000
MOST_BYTES = 1 << 20
PIECE = 1 << 16
IN_MEMORY = 8 << 20
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
Answers = dict[int | str, dict[str, Any]]
TABLE_ANSWERS: Answers = {200: {"model": TablePage, "content": {kind: {} for kind in MEDIA_TYPES.values()}}}
ARTIFACT_ANSWERS: Answers = {200: {"content": {"application/octet-stream": {}}}}
REPORT_ANSWERS: Answers = {200: {"content": {"text/html": {}}}}
BOOK_ANSWERS: Answers = {200: {"content": {MEDIA_TYPES["xlsx"]: {}}}}
FOREVER = "private, max-age=31536000, immutable"


def files(factory: Factory) -> APIRouter:
    """Give the endpoints that hand out files."""
    router = APIRouter(tags=["files"])
    _add_texts(router, factory)
    _add_downloads(router, factory)
    return router


def _add_texts(router: APIRouter, factory: Factory) -> None:
    @router.get("/runs/{run_id}/log", summary="Give a piece of a log, from a byte offset")
    def log(
        run_id: RunId,
        offset: Annotated[int, Query(ge=0, le=LARGEST_OFFSET)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_BYTES, description="Bytes at most.")] = PIECE,
    ) -> LogChunk:
        return factory.log(run_id, offset, limit)

    @router.get(
        "/runs/{run_id}/report",
        summary="Give the report as one HTML file",
        response_class=Response,
        responses=REPORT_ANSWERS,
    )
    def report(run_id: RunId, language: Literal["en", "ja"] = "en") -> Response:
        text = report_html(factory, run_id, language=language)
        return Response(text, media_type="text/html", headers={"Content-Security-Policy": REPORT_POLICY})


def _add_downloads(router: APIRouter, factory: Factory) -> None:
    @router.get(
        "/runs/{run_id}/tables/{name}",
        summary="Give a table: a page of JSON, or all of it as CSV, Excel or Parquet",
        response_class=Response,
        responses=TABLE_ANSWERS,
    )
    def table(
        run_id: RunId,
        name: TableName,
        format: Literal["json", "csv", "xlsx", "parquet"] = "json",
        offset: Annotated[int, Query(ge=0, le=LARGEST_OFFSET, description="JSON only.")] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="JSON only.")] = 1000,
        bom: Annotated[bool, Query(description="CSV only: begin with a byte order mark, for Excel.")] = False,
    ) -> Response:
        if format == "json":
            rows = page(factory.table(run_id, name), offset=offset, limit=limit)
            return Response(rows.model_dump_json(), media_type=MEDIA_TYPES[format])
        return _download(factory, run_id, name, format=format, bom=bom)

    @router.get(
        "/runs/{run_id}/workbook",
        summary="Give the result as an Excel workbook with live formulas, where its operation has one",
        response_class=Response,
        responses=BOOK_ANSWERS,
    )
    def workbook(run_id: RunId, language: Literal["en", "ja"] = "en") -> Response:
        run = factory.run(run_id)
        content = factory.workbook(run.id, partial(say, language))
        return attachment(content, file_name(run.operation, run.id, suffix=".xlsx"), MEDIA_TYPES["xlsx"])

    @router.get(
        "/artifacts/{sha256}",
        summary="Give a stored file",
        response_class=FileResponse,
        responses=ARTIFACT_ANSWERS,
    )
    def artifact(sha256: Sha256) -> FileResponse:
        return FileResponse(
            factory.artifact(sha256),
            media_type="application/octet-stream",
            filename=sha256,
            headers={"Cache-Control": FOREVER},
        )


def attachment(content: bytes, saved_as: str, media_type: str) -> Response:
    """Give a file that a browser saves under a name, which must be safe."""
    headers = {"Content-Disposition": f'attachment; filename="{saved_as}"'}
    return Response(content, media_type=media_type, headers=headers)


def _download(factory: Factory, run_id: str, name: str, *, format: str, bom: bool) -> Response:
    """Give a whole table as a file that a browser saves under a safe name."""
    run = factory.run(run_id)
    saved_as = file_name(run.operation, run.id, name, suffix=f".{format}")
    if format == "parquet":
        output, path = factory.output(run.id, name)
        if output.media_type != MEDIA_TYPES[format]:
            raise NotFound(f"the output {name!r} of run {run.id} is no table", where=run.id)
        return FileResponse(path, media_type=output.media_type, filename=saved_as)
    rows = factory.table(run.id, name)
    pieces = csv_pieces(rows, bom=bom) if format == "csv" else _workbook(rows)
    headers = {"Content-Disposition": f'attachment; filename="{saved_as}"'}
    return StreamingResponse(pieces, media_type=MEDIA_TYPES[format], headers=headers)


def _workbook(rows: Table) -> Iterator[bytes]:
    """Write an Excel file, then give an iterator over it; what cannot be written is an error before that."""
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (`_pieces` closes it)
    import_module("genba.faces.excel").write(rows, file)  # needs the excel extra
    return _pieces(file)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece
