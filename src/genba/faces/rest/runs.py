"""Endpoints about runs: reading the record, and the changes it allows."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from genba.core.envelope import Envelope, envelope_of
from genba.core.run import Run, State
from genba.core.views import Views
from genba.faces.items import RunItem, run_item
from genba.faces.rest.records import (
    Annotation,
    AttemptList,
    Changes,
    EventList,
    RunList,
    attempt_item,
    event_item,
)
from genba.faces.rest.requests import Cursor, RunId, Token
from genba.factory.answers import Comparison
from genba.factory.factory import Factory
from genba.factory.request import PAGE, Request, RunQuery, Tag


def runs(factory: Factory) -> APIRouter:
    """Give the endpoints about runs."""
    router = APIRouter(tags=["runs"])
    _add_reading(router, factory)
    _add_changing(router, factory)
    return router


def _add_reading(router: APIRouter, factory: Factory) -> None:
    @router.get("/runs", summary="List runs, newest first")
    def index(
        state: Annotated[list[State] | None, Query(max_length=len(State))] = None,
        operation: Annotated[str | None, Query(max_length=100)] = None,
        tag: Tag | None = None,
        shift: Annotated[str | None, Query(max_length=200)] = None,
        cursor: Cursor = None,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = 50,
    ) -> RunList:
        query = RunQuery(
            states=tuple(state or ()), operation=operation, tag=tag, shift=shift, cursor=cursor, limit=limit
        )
        page = factory.runs(query)
        return RunList(items=tuple(map(run_item, page.items)), next=page.next)

    @router.get("/runs/{run_id}", summary="Give a run: its state and, once there is one, its result")
    def envelope(run_id: RunId) -> Envelope:
        return envelope_of(factory.run(run_id))

    @router.get("/runs/{run_id}/record", summary="Give the whole record of a run, times in ns UTC")
    def record(run_id: RunId) -> Run:
        return factory.run(run_id)

    @router.get("/runs/{run_id}/events", summary="Give the history of a run")
    def events(run_id: RunId) -> EventList:
        return EventList(items=tuple(map(event_item, factory.events(run_id))))

    @router.get("/runs/{run_id}/attempts", summary="Give the tries of a run")
    def attempts(run_id: RunId) -> AttemptList:
        return AttemptList(items=tuple(map(attempt_item, factory.attempts(run_id))))

    @router.get("/runs/{run_id}/views", summary="Give headlines and charts of a result as plain data")
    def views(run_id: RunId) -> Views:
        return factory.views(run_id)

    @router.get("/runs/{run_id}/compare", summary="Give where two runs differ")
    def compare(
        run_id: RunId, other: Annotated[str, Query(alias="with", pattern=r"^[0-9A-Za-z]{1,26}$")]
    ) -> Comparison:
        return factory.compare(run_id, other)


def _add_changing(router: APIRouter, factory: Factory) -> None:
    @router.post("/runs/{run_id}/cancel", summary="Cancel a run that has not ended")
    def cancel(run_id: RunId) -> Envelope:
        return envelope_of(factory.cancel(run_id))

    @router.post("/runs/{run_id}/retry", status_code=202, summary="Try again a run that did not succeed")
    def retry(run_id: RunId) -> Envelope:
        return envelope_of(factory.retry(run_id))

    @router.post(
        "/runs/{run_id}/rerun", status_code=202, summary="Run again as a new run, with changed params"
    )
    def rerun(run_id: RunId, asked: Changes, response: Response, token: Token = None) -> Envelope:
        run = factory.rerun(run_id, asked.changes, Request(token=token, local_files=False))
        response.headers["Location"] = f"/v1/runs/{run.id}"
        return envelope_of(run)

    @router.patch("/runs/{run_id}", summary="Set tags and note of a run")
    def annotate(run_id: RunId, said: Annotation) -> RunItem:
        return run_item(factory.annotate(run_id, tags=said.tags, note=said.note))
