"""The guard: who may ask, how much, how long."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request, WebSocket
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genba.core.errors import TooLarge
from genba.faces.guard import Allowed, Guard, announced_length, check_shape

HOME = "http://127.0.0.1:8420"
SMALL = Allowed(body=1000, upload=5000, depth=4, elements=50, headers=20, pause=0.05, arrival=5.0, work=5.0)


def echo() -> FastAPI:
    """Give an application that answers with the length of what it received."""
    app = FastAPI()

    @app.api_route("/v1/echo", methods=["GET", "POST"])
    @app.post("/v1/uploads")
    async def answer(request: Request) -> int:
        return len(await request.body())

    @app.get("/page")
    def page() -> str:
        return "a page"

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret of the server")

    @app.websocket("/talk")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    return app


@pytest.fixture
def client(connect: Callable[[ASGIApp], Any]) -> Any:
    app = echo()
    app.add_middleware(Guard, allowed=SMALL)
    return connect(app)


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 500


@pytest.mark.parametrize("host", ["127.0.0.1:8420", "localhost:8420", "LOCALHOST:8420", "[::1]:8420"])
def test_our_own_names_are_served(client: Any, host: str) -> None:
    assert client.get("/v1/echo", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8420",
        "127.0.0.1",
        "127.0.0.1:9999",
        "127.0.0.1.evil.example:8420",
        "localhost:8420@evil.example",
        "0.0.0.0:8420",
        "",
    ],
)
def test_a_rebound_name_is_refused(client: Any, host: str) -> None:
    response = client.get("/v1/echo", headers={"Host": host})
    assert response.status_code == 403
    assert response.json()["error"]["where"] == "Host"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://127.0.0.1:8420", "http://localhost:3000", "null"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_of_another_site_is_refused(client: Any, method: str, origin: str) -> None:
    response = client.request(method, "/v1/echo", headers={"Origin": origin})
    assert response.status_code == 403
    assert response.json()["error"] == {
        "code": "forbidden",
        "message": "a page of another site must not use this server",
        "where": "Origin",
    }


def test_our_own_page_may_post(client: Any) -> None:
    assert client.post("/v1/echo", headers={"Origin": HOME}).json() == 0


@pytest.mark.parametrize(
    "headers",
    [
        [(b"host", b"127.0.0.1:8420"), (b"origin", b"http://evil.example")],
        [(b"host", b"evil.example:8420"), (b"origin", b"http://evil.example:8420")],
        [(b"host", b"evil.example:8420")],
    ],
)
def test_a_websocket_of_another_site_is_closed_before_it_opens(headers: list[tuple[bytes, bytes]]) -> None:
    sent = asyncio.run(exchange(Guard(echo()), scope("/talk", type="websocket", headers=headers), never))
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 1008)]


def test_our_own_page_may_open_a_websocket() -> None:
    async def connected() -> Message:
        return {"type": "websocket.connect"}

    own = [(b"host", b"127.0.0.1:8420"), (b"origin", HOME.encode())]
    sent = asyncio.run(exchange(Guard(echo()), scope("/talk", type="websocket", headers=own), connected))
    assert [message.get("text") for message in sent[:2]] == [None, "hello"]


async def dialogue(guard: Guard, said: list[str]) -> list[Message]:
    """Open a websocket, say all of `said`, and leave; give what the server sent."""
    messages: Iterator[Message] = iter(
        [
            {"type": "websocket.connect"},
            *({"type": "websocket.receive", "text": text} for text in said),
            {"type": "websocket.disconnect", "code": 1000},
        ]
    )

    async def receive() -> Message:
        return next(messages)

    return await exchange(guard, scope("/parrot", type="websocket"), receive)


def parrot() -> FastAPI:
    """Give an application that repeats what a websocket says, and also when it has ended."""
    app = FastAPI()

    @app.websocket("/parrot")
    async def repeat(socket: WebSocket) -> None:
        await socket.accept()
        while (message := await socket.receive())["type"] == "websocket.receive":
            await socket.send_text(message["text"])
        await socket.send_text("goodbye")

    return app


@pytest.mark.parametrize(
    ("said", "heard"),
    [(["2"] * 4, ["2"] * 3), (["2", "42[[[[[1]]]]]", "2"], ["2"]), (["[" + "1," * 60 + "1]"], [])],
    ids=["too many", "too deep", "too long"],
)
def test_a_websocket_that_says_too_much_is_closed(said: list[str], heard: list[str]) -> None:
    guard = Guard(parrot(), Allowed(messages=3, window=60.0, depth=4, elements=50))
    sent = asyncio.run(dialogue(guard, said))
    assert [message["text"] for message in sent[1:-1]] == heard
    assert (sent[-1]["type"], sent[-1]["code"]) == ("websocket.close", 1008)


def test_messages_are_counted_anew_in_each_window() -> None:
    guard = Guard(parrot(), Allowed(messages=1, window=0.0))
    assert [message.get("text") for message in asyncio.run(dialogue(guard, ["2"] * 9))][1:-1] == ["2"] * 9


def test_websockets_beyond_the_most_are_refused_until_one_ends() -> None:
    async def ask() -> list[str]:
        guard, leaves = Guard(echo(), Allowed(websockets=1)), asyncio.Event()

        async def stay() -> Message:
            await leaves.wait()
            return {"type": "websocket.disconnect", "code": 1000}

        async def arrive() -> Message:
            return {"type": "websocket.connect"}

        asked = scope("/talk", type="websocket")
        first = asyncio.create_task(exchange(guard, asked, stay))
        await asyncio.sleep(0)  # the first is inside
        while_open = await exchange(guard, asked, arrive)
        leaves.set()
        await asyncio.gather(first, return_exceptions=True)
        after = await exchange(guard, asked, arrive)
        return [while_open[0]["type"], after[0]["type"]]

    assert asyncio.run(ask()) == ["websocket.close", "websocket.accept"]


def test_a_body_within_the_limit_arrives_whole(client: Any) -> None:
    assert client.post("/v1/echo", content=b"x" * 1000).json() == 1000
    assert client.post("/v1/uploads", content=b"x" * 5000).json() == 5000


@pytest.mark.parametrize(("path", "size"), [("/v1/echo", 1001), ("/v1/uploads", 5001)])
def test_a_larger_body_is_refused(client: Any, path: str, size: int) -> None:
    announced = client.post(path, content=b"x" * size)
    in_pieces = client.post(path, content=pieces(size // 500 + 1))
    assert [announced.status_code, in_pieces.status_code] == [413, 413]
    assert in_pieces.json()["error"]["code"] == "too_large"


def test_json_within_the_depth_arrives(client: Any) -> None:
    assert client.post("/v1/echo", content=b"[[[[1]]]]").status_code == 200
    assert client.post("/v1/echo", content=b'["[[[[[[[["]').status_code == 200


@pytest.mark.parametrize(
    "body", [b"[[[[[1]]]]]", b'{"a":' * 5 + b"1" + b"}" * 5, b"[" * 900, b"[" + b"1," * 60 + b"1]"]
)
def test_deep_or_endless_json_is_refused(client: Any, body: bytes) -> None:
    assert client.post("/v1/echo", content=body).status_code == 413


@pytest.mark.parametrize("path", ["/v1/echo%0A", "/v1/%00", "/page%0d%0aSet-Cookie:a=b", "/%7f"])
def test_a_path_with_a_control_character_leads_nowhere(client: Any, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


def test_many_headers_are_refused(client: Any) -> None:
    assert client.get("/v1/echo", headers={f"X-{count}": "1" for count in range(30)}).status_code == 413


def test_an_unexpected_error_says_nothing_of_the_server(
    client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/broken")
    assert response.status_code == 500
    assert response.json()["status"] == "error"
    assert "secret" not in response.text
    assert "secret of the server" in caplog.text


def test_every_answer_binds_the_browser(client: Any) -> None:
    for path in ("/v1/echo", "/page", "/no-such-page", "/broken"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "http" not in headers["Content-Security-Policy"], "no remote origin"
    assert client.get("/v1/echo").headers["Content-Security-Policy"].startswith("default-src 'none'")


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_valid_json_is_as_deep_as_it_nests(value: Any) -> None:
    text = json.dumps(value).encode()
    check_shape(text, depth=max(depth(value), 1), elements=10**6)
    if depth(value) > 1:
        with pytest.raises(TooLarge):
            check_shape(text, depth=depth(value) - 1, elements=10**6)


def depth(value: Any) -> int:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, inner), default=0)
    return 0


@given(st.binary())
def test_any_bytes_are_judged_without_an_error(body: bytes) -> None:
    check_shape(body, depth=10**6, elements=10**6)


@pytest.mark.parametrize(
    "body", [b'"' + b'\\"' * 500_000, b'"' * 1_000_000, b"\\" * 1_000_000, b"[" * 1_000_000]
)
def test_a_hostile_body_is_judged_quickly(body: bytes) -> None:
    with pytest.raises(TooLarge):
        check_shape(b"[" * 33 + body, depth=32, elements=50_000)
    check_shape(body[:40_000], depth=50_000, elements=50_000)


@pytest.mark.parametrize(
    ("stated", "length"), [(b"12", 12), (b"-1", 0), (b"x", 0), (b"9" * 5000, 10**20 - 1)]
)
def test_a_stated_length_is_read_safely(stated: bytes, length: int) -> None:
    assert announced_length({"headers": [(b"content-length", stated)]}) == length


def scope(path: str = "/v1/echo", **more: Any) -> Scope:
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8420")],
        "server": ("127.0.0.1", 8420),
        **more,
    }


async def exchange(app: Any, asked: Scope, receive: Receive) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async with asyncio.timeout(10):
        await app(asked, receive, send)
    return sent


async def never() -> Message:
    """Play a client that sends nothing more."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("unreachable")


@pytest.mark.parametrize("path", ["/v1/echo", "/v1/uploads"])
def test_a_body_that_does_not_come_is_a_408(path: str) -> None:
    pieces: Iterator[Message] = iter([{"type": "http.request", "body": b"x", "more_body": True}])

    async def stall() -> Message:
        return next(pieces, None) or await never()

    sent = asyncio.run(exchange(Guard(echo(), SMALL), scope(path), stall))
    assert sent[0]["status"] == 408


def test_a_body_in_endless_pieces_is_a_408() -> None:
    async def trickle() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"", "more_body": True}

    allowed = Allowed(arrival=0.05)
    sent = asyncio.run(exchange(Guard(echo(), allowed), scope("/v1/uploads"), trickle))
    assert sent[0]["status"] == 408


def test_a_handler_that_hangs_in_a_thread_is_a_504() -> None:
    app, release = FastAPI(), threading.Event()

    @app.post("/v1/echo")
    def hang() -> None:
        release.wait(10)

    async def body() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> list[Message]:
        try:
            return await exchange(Guard(app, Allowed(work=0.05)), scope(), body)
        finally:
            release.set()

    sent = asyncio.run(ask())
    assert sent[0]["status"] == 504
    assert b'"overdue"' in sent[1]["body"]


def test_an_answer_that_has_begun_may_take_its_time() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.1)  # longer than the limit, which ends with the start of an answer
        await send({"type": "http.response.body", "body": b"done"})

    async def body() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    sent = asyncio.run(exchange(Guard(slow, Allowed(work=0.02)), scope(), body))
    assert sent[-1]["body"] == b"done"


def test_what_an_application_makes_of_a_refused_body_is_not_sent() -> None:
    async def careless(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            while (await receive())["more_body"]:
                pass
        except TooLarge:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b"oops"})

    async def endless() -> Message:
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    sent = asyncio.run(exchange(Guard(careless, SMALL), scope("/v1/uploads"), endless))
    assert [message.get("status") for message in sent] == [413, None]


def test_who_left_before_the_answer_is_no_unforeseen_error(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise RuntimeError("No response returned.")

    sent: list[Message] = []
    asyncio.run(_left_alone(Guard(app), sent))
    assert sent == []
    assert caplog.records == []


async def _left_alone(guard: Guard, sent: list[Message]) -> None:
    """Send a request whose client is gone as soon as it is complete."""
    messages: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]
    )
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "server": ("127.0.0.1", 8420),
        "headers": [(b"host", b"127.0.0.1:8420")],
    }

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    await guard(scope, receive, send)
