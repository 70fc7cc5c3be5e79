"""Uploads: a raw body becomes a stored file, or leaves nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import CancelledError
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from genba.core.errors import Cancelled
from genba.faces.guard import Allowed
from genba.faces.rest.records import Uploaded
from genba.faces.rest.streams import Places
from genba.factory.factory import Factory

LARGEST = Allowed().upload
MOST_UPLOADS = 8
BODY = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


def uploads(factory: Factory, *, largest: int = LARGEST) -> APIRouter:
    """Give the endpoint that stores a file of at most `largest` bytes."""
    places = Places(MOST_UPLOADS, "uploads")
    router = APIRouter(tags=["files"], dependencies=[Depends(places.take)])

    @router.post(
        "/uploads",
        status_code=201,
        summary="Store a file: the body is its content, as it is",
        openapi_extra={"requestBody": BODY},
    )
    async def upload(
        request: Request,
        name: Annotated[str, Query(description="What to call it in lists; a path is cut off.")] = "upload",
    ) -> Uploaded:
        body = _Body(request.stream())
        try:
            ref = await run_in_threadpool(factory.upload, name, body, largest=largest)
        finally:
            body.stop()
        return Uploaded(name=ref.name, sha256=ref.sha256, bytes=ref.bytes, file=f"sha256:{ref.sha256}")

    return router


class _Body:
    """The body of a request as a plain iterator, for a thread; the event loop fetches each piece."""

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._fetching: asyncio.Task[Any] | None = None
        self._stopped = False

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces.

        Raises:
            Cancelled: when the request ended without its body.
        """
        try:
            while (piece := asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()) is not None:
                yield piece
        except CancelledError as error:
            raise Cancelled("the request ended before its body was complete") from error

    def stop(self) -> None:
        """Let a thread that still waits for a piece go, with an error; called on the event loop."""
        self._stopped = True
        if self._fetching is not None:
            self._fetching.cancel()

    async def _next(self) -> bytes | None:
        if self._stopped:
            raise CancelledError
        self._fetching = asyncio.current_task()
        piece = await anext(self._stream, None)
        self._fetching = None
        return piece
