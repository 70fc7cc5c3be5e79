"""Endpoints that follow from the registry: what there is, and one POST per operation."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from genba.core.envelope import Envelope, envelope_of
from genba.core.operation import Operation
from genba.core.run import BACKEND, TERMINAL, Limits, Run
from genba.faces.rest.examples import example_body
from genba.faces.rest.records import OperationDescription, OperationItem, OperationList
from genba.faces.rest.requests import Token
from genba.factory import registry
from genba.factory.factory import Factory
from genba.factory.request import LONGEST_NOTE, Request, Tag

LARGEST_SEED = 2**63 - 1
LONGEST_WAIT_S = 30.0
DEFAULT = Limits()
FIRST_LOOK_S = 0.02
LAST_LOOK_S = 0.5


class Asked(BaseModel):
    """What a request for a run says besides its params."""

    request: Request
    wait_s: float


def read_limits(
    threads: Annotated[int, Query(ge=1, le=1024, description="Threads of the run.")] = DEFAULT.threads,
    memory_mib: Annotated[int, Query(ge=16, le=2**24, description="Largest private memory, MiB.")] = (
        DEFAULT.memory_mib
    ),
    wall_s: Annotated[int, Query(ge=1, le=30 * 86_400, description="Longest wall time, s.")] = DEFAULT.wall_s,
    backend: Annotated[
        str, Query(pattern=BACKEND, description="Where arrays live: cpu, or a GPU such as cuda:0.")
    ] = DEFAULT.backend,
) -> Limits:
    """Read what an attempt may use."""
    return Limits(threads=threads, memory_mib=memory_mib, wall_s=wall_s, backend=backend)


def read_asked(
    limits: Annotated[Limits, Depends(read_limits)],
    token: Token = None,
    seed: Annotated[int, Query(ge=0, le=LARGEST_SEED, description="Seed of the random numbers.")] = 0,
    tag: Annotated[list[Tag] | None, Query(max_length=50, description="A tag; may be repeated.")] = None,
    wait_s: Annotated[
        float, Query(ge=0, le=LONGEST_WAIT_S, description="How long to wait for the run's end, s.")
    ] = 0.0,
    note: Annotated[str, Query(max_length=LONGEST_NOTE, description="Note kept with the run.")] = "",
) -> Asked:
    """Read the header and the query."""
    request = Request(
        token=token, seed=seed, limits=limits, tags=tuple(tag or ()), note=note, local_files=False
    )
    return Asked(request=request, wait_s=wait_s)


def operations(factory: Factory) -> APIRouter:
    """Give the endpoints of the registry."""
    router = APIRouter(tags=["operations"])

    @router.get("/operations", summary="List every operation")
    def index() -> OperationList:
        return OperationList(items=tuple(_item(operation) for operation in registry.operations()))

    @router.get("/operations/{name}", summary="Describe one operation")
    def describe(name: str) -> OperationDescription:
        return _description(registry.operation(name))

    for operation in registry.operations():
        _add(router, operation, factory)
    return router


def _add(router: APIRouter, operation: Operation[Any, Any], factory: Factory) -> None:
    """Add `POST /{domain}/{verb}` with the operation's own record as its body."""
    router.add_api_route(
        f"/{operation.domain}/{operation.verb}",
        _endpoint(operation, factory),
        methods=["POST"],
        status_code=202,
        operation_id=f"{operation.domain}_{operation.verb}",
        tags=[operation.domain],
        summary=operation.summary,
        description=operation.description,
        response_description="The run as it stands; follow it at /v1/runs/{id}.",
        responses={200: {"model": Envelope, "description": "The run has ended."}},
    )


def _endpoint(
    operation: Operation[Any, Any], factory: Factory
) -> Callable[[Any, Asked, Response], Awaitable[Envelope]]:
    async def submit(
        params: BaseModel, asked: Annotated[Asked, Depends(read_asked)], response: Response
    ) -> Envelope:
        given = params.model_dump(mode="json", exclude_unset=True)
        run = await run_in_threadpool(factory.submit, operation.name, given, asked.request)
        run = await _ended(factory, run, asked.wait_s)
        response.status_code = 200 if run.state in TERMINAL else 202
        response.headers["Location"] = f"/v1/runs/{run.id}"
        return envelope_of(run)

    body = Body(openapi_examples={"example": {"value": example_body(operation)}})
    submit.__annotations__["params"] = Annotated[operation.params, body]
    return submit


async def _ended(factory: Factory, run: Run, wait_s: float) -> Run:
    """Wait for the end of a run, at most `wait_s`; give the run as it then stands."""
    now = asyncio.get_running_loop().time
    until, pause = now() + wait_s, FIRST_LOOK_S
    while run.state not in TERMINAL and now() < until:
        await asyncio.sleep(min(pause, max(until - now(), 0.0)))
        pause = min(2 * pause, LAST_LOOK_S)
        run = await run_in_threadpool(factory.run, run.id)
    return run


def _item(operation: Operation[Any, Any]) -> OperationItem:
    return OperationItem(
        name=operation.name,
        domain=operation.domain,
        verb=operation.verb,
        summary=operation.summary,
        example=operation.example,
    )


def _description(operation: Operation[Any, Any]) -> OperationDescription:
    return OperationDescription(
        **_item(operation).model_dump(),
        description=operation.description,
        params=operation.params.model_json_schema(),
        result=operation.result.model_json_schema(mode="serialization"),
    )
