"""Time limits on what precedes a request, over real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp
from websockets.asyncio.client import connect

from genba.faces import serve
from genba.faces.guard import Allowed, Guard
from genba.faces.http_limits import TimedH11Protocol

LIMIT_S = 0.3
LONG_S = 3 * LIMIT_S
"""How long what is allowed to last is watched."""
PATIENCE_S = 10.0
"""Leeway for a slow machine."""
GET = b"GET /soon HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"


class Impatient(TimedH11Protocol):
    """The protocol with a limit that a test can wait for."""

    headers_s = LIMIT_S


def application() -> FastAPI:
    """Give an application with a short answer, a long stream, and a websocket that echoes."""
    app = FastAPI()

    @app.api_route("/soon", methods=["GET", "POST"])
    def soon() -> str:
        return "here"

    @app.get("/stream")
    def stream() -> StreamingResponse:
        async def beats() -> AsyncIterator[str]:
            yield "data: first\n\n"
            await asyncio.sleep(LONG_S)
            yield "data: last\n\n"

        return StreamingResponse(beats(), media_type="text/event-stream")

    @app.websocket("/talk")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        async for said in socket.iter_text():
            await socket.send_text(said)

    return app


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """Serve `app` as genba does, with a short limit; give the port."""
    with serve.bind("127.0.0.1", 0) as listening:
        server = uvicorn.Server(serve.configuration(app, http=Impatient))
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def dialled(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def dribble(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """Send a piece again and again, faster than any limit on silence."""
    while not writer.is_closing():
        writer.write(piece)
        await asyncio.sleep(LIMIT_S / 10)


async def heard(port: int, first: bytes, drip: bytes = b"") -> tuple[bytes, float]:
    """Send `first`, then `drip` without end; give what was answered and when the server closed, s."""
    async with dialled(port) as (reader, writer), asyncio.timeout(PATIENCE_S):
        begun = time.monotonic()
        writer.write(first)
        dripping = asyncio.create_task(dribble(writer, drip)) if drip else None
        answered = b""
        try:
            while piece := await reader.read(65_536):
                answered += piece
        except ConnectionResetError:
            pass  # the server closed while a drop was on its way
        finally:
            if dripping is not None:
                dripping.cancel()
        return answered, time.monotonic() - begun


@pytest.mark.parametrize(
    ("first", "drip"),
    [(b"", b""), (b"GET / HT", b""), (GET % 1, b"X-Drop: 1\r\n"), (b"GET /", b"x")],
    ids=["silent", "half a line", "a header at a time", "a letter at a time"],
)
def test_a_connection_without_complete_headers_is_closed(first: bytes, drip: bytes) -> None:
    async def ask() -> tuple[bytes, float]:
        async with served(application()) as port:
            return await heard(port, first, drip)

    answered, seconds = asyncio.run(ask())
    assert answered == b""
    assert seconds >= LIMIT_S * 0.9


@pytest.mark.parametrize("drip", [b"", GET[:5]], ids=["silent", "dripping"])
def test_the_wait_for_the_next_request_is_bounded_too(drip: bytes) -> None:
    async def ask() -> tuple[bytes, float]:
        async with served(application()) as port:
            return await heard(port, GET % port + b"\r\n", drip)

    answered, seconds = asyncio.run(ask())
    assert answered.startswith(b"HTTP/1.1 200")
    assert seconds >= LIMIT_S * 0.9


def test_the_rest_of_a_refused_body_cannot_hold_the_connection() -> None:
    async def ask() -> bytes:
        app = Guard(application(), Allowed(body=10))
        async with served(app) as port:
            head = GET.replace(b"GET", b"POST") % port + b"Content-Length: 1000000\r\n\r\n"
            return (await heard(port, head, b"x"))[0]

    assert asyncio.run(ask()).startswith(b"HTTP/1.1 413")


def test_a_connection_in_use_stays_open_beyond_the_limit() -> None:
    async def ask() -> int:
        async with served(application()) as port, dialled(port) as (reader, writer):
            begun, answers = time.monotonic(), 0
            while time.monotonic() - begun < LONG_S:
                writer.write(GET % port + b"\r\n")
                assert (await reader.readuntil(b'"here"')).startswith(b"HTTP/1.1 200")
                answers += 1
                await asyncio.sleep(LIMIT_S / 3)
            return answers

    assert asyncio.run(ask()) > 3


def test_a_stream_outlives_the_limit() -> None:
    async def ask() -> bytes:
        async with served(application()) as port, dialled(port) as (reader, writer):
            writer.write((GET % port).replace(b"/soon", b"/stream") + b"\r\n")
            async with asyncio.timeout(PATIENCE_S):
                return await reader.readuntil(b"last")

    assert b"data: first" in asyncio.run(ask())


def test_a_websocket_outlives_the_limit() -> None:
    async def ask() -> str | bytes:
        async with served(Guard(application())) as port, connect(f"ws://127.0.0.1:{port}/talk") as socket:
            await asyncio.sleep(LONG_S)
            await socket.send("still here")
            return await socket.recv()

    assert asyncio.run(ask()) == "still here"


def test_silent_connections_keep_nobody_out_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "MOST_CONNECTIONS", 4)

    async def ask() -> list[bytes]:
        async with served(application()) as port:
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
            before, _ = await heard(port, GET % port + b"\r\n")
            async with asyncio.timeout(PATIENCE_S):
                assert [await reader.read() for reader, _ in silent] == [b""] * 4
            after, _ = await heard(port, GET % port + b"\r\n")
            for _, writer in silent:
                writer.close()
            return [before[:12], after[:12]]

    assert asyncio.run(ask()) == [b"HTTP/1.1 503", b"HTTP/1.1 200"]
