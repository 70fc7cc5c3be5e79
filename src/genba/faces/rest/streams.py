"""Server-sent events: the log of a run as it grows, and its progress."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from genba.core.run import TERMINAL, Run
from genba.faces.rest.errors import Busy
from genba.faces.rest.requests import RunId
from genba.factory.factory import Factory

MOST_STREAMS = 64
LARGEST_OFFSET = 2**53
LOOK_EVERY_S = 0.25
SIGN_OF_LIFE_S = 15.0
SIGN_OF_LIFE = b": still here\n\n"
"""A comment; writing it shows whether the client is still there."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Places:
    """Counts what is open, and refuses more than there are places; used on the event loop alone."""

    def __init__(self, most: int, what: str) -> None:
        self.taken = 0
        self._most = most
        self._what = what

    async def take(self) -> AsyncIterator[None]:
        """Hold one place for the length of a request, its answer included: a FastAPI dependency.

        Raises:
            Busy: when all places are taken.
        """
        if self.taken >= self._most:
            raise Busy(f"{self._most} {self._what} are open already; try again when one has ended")
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


def streams(factory: Factory, *, most: int = MOST_STREAMS) -> APIRouter:
    """Give the endpoints that stream; at most `most` are open at a time."""
    places = Places(most, "streams")
    router = APIRouter(tags=["runs"], dependencies=[Depends(places.take)])
    answers: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}

    @router.get(
        "/runs/{run_id}/log/stream",
        summary="Stream a log: `log` events, whose id is the byte offset to go on from, then `end`",
        response_class=StreamingResponse,
        responses=answers,
    )
    async def log_stream(
        run_id: RunId,
        last_event_id: Annotated[int | None, Header(ge=0, le=LARGEST_OFFSET)] = None,
        offset: Annotated[int, Query(ge=0, le=LARGEST_OFFSET)] = 0,
    ) -> StreamingResponse:
        run = await run_in_threadpool(factory.run, run_id)
        return _stream(_log(factory, run.id, offset if last_event_id is None else last_event_id))

    @router.get(
        "/runs/{run_id}/progress/stream",
        summary="Stream a run's state and progress: a `progress` event for each change, then `end`",
        response_class=StreamingResponse,
        responses=answers,
    )
    async def progress_stream(run_id: RunId) -> StreamingResponse:
        run = await run_in_threadpool(factory.run, run_id)
        return _stream(_progress(factory, run))

    return router


def event(name: str, data: dict[str, Any], identity: int | None = None) -> bytes:
    """Give one event as it travels; the data is JSON on one line."""
    head = f"event: {name}\n" + ("" if identity is None else f"id: {identity}\n")
    return f"{head}data: {json.dumps(data)}\n\n".encode()


async def _log(factory: Factory, run_id: str, offset: int) -> AsyncIterator[bytes]:
    pause, attempt = _pauses(), None
    while True:
        chunk = await run_in_threadpool(factory.log, run_id, offset)
        if attempt not in (None, chunk.attempt):
            attempt, offset = chunk.attempt, 0  # a new attempt has a log of its own
            continue
        if chunk.text:
            said = {"text": chunk.text, "next": chunk.next, "attempt": chunk.attempt}
            yield event("log", said, chunk.next)
        elif chunk.ended:
            run = await run_in_threadpool(factory.run, run_id)
            yield event("end", _standing(run), chunk.next)
            return
        elif await pause():
            yield SIGN_OF_LIFE
        attempt, offset = chunk.attempt, chunk.next


async def _progress(factory: Factory, run: Run) -> AsyncIterator[bytes]:
    pause = _pauses()
    said: dict[str, Any] = {}
    while run.state not in TERMINAL:
        if _standing(run) != said:
            said = _standing(run)
            yield event("progress", said)
        if await pause():
            yield SIGN_OF_LIFE
        run = await run_in_threadpool(factory.run, run.id)
    yield event("end", _standing(run))


def _standing(run: Run) -> dict[str, Any]:
    return {"run": run.id, "status": run.state, "fraction": run.fraction, "message": run.message}


def _pauses() -> Callable[[], Any]:
    """Give a function that waits for a moment and tells whether a sign of life is due."""
    now = asyncio.get_running_loop().time
    last = now()

    async def pause() -> bool:
        nonlocal last
        await asyncio.sleep(LOOK_EVERY_S)
        if now() - last < SIGN_OF_LIFE_S:
            return False
        last = now()
        return True

    return pause


def _stream(events: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)
