"""The guard in front of every face: who may ask, how much and how long, and what a browser may then do.

One pure-ASGI middleware for `http` and `websocket`. A page of another site that a browser shows can reach a
server on loopback, directly or by DNS rebinding, so Host and Origin are checked here too.
"""

import asyncio
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genba.core.errors import GenbaError, NotFound, TooLarge
from genba.faces.rest.errors import Forbidden, Overdue, TooSlow, answer, unexpected

logger = logging.getLogger(__name__)

NAMES = ("127.0.0.1", "localhost", "[::1]")
HTTP_PORT = 80
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
LONGEST_NUMBER = 20
UPLOADS = "/v1/uploads"
CONSOLE_FILES = "/_nicegui/"
MIB = 1 << 20

# NiceGUI compiles templates in the browser and has inline scripts and styles; nothing comes from elsewhere.
PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}
FOR_PAGES = {b"content-security-policy": PAGE_POLICY.encode()}
FOR_DATA = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cache-control": b"no-store",
}
CONTROL = re.compile(r"[\x00-\x1f\x7f]")

# One piece of JSON: a string, with or without its end, or a mark that opens, closes or separates.
PIECE = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?|[][{},]', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What one request may be; more is refused.

    Arguments:
        body: bytes of a body that is held in memory.
        upload: bytes of a body that is streamed to a file.
        depth: nesting of JSON.
        elements: brackets, strings and commas of JSON.
        headers: number of headers.
        pause: seconds between two pieces of a body.
        arrival: seconds until a body is complete.
        work: seconds from the complete body to the start of the answer; the answer itself may stream on.
        websockets: number of websockets open at once; each page that is shown holds one.
        messages: number of messages on one websocket in `window` seconds.
        window: seconds over which messages are counted.
    """

    body: int = MIB
    upload: int = 256 * MIB
    depth: int = 32
    elements: int = 50_000
    headers: int = 100
    pause: float = 20.0
    arrival: float = 600.0
    work: float = 60.0
    websockets: int = 128
    messages: int = 1000
    window: float = 5.0


class Guard:
    """Lets through what is allowed, and answers the rest with an envelope."""

    def __init__(self, app: ASGIApp, allowed: Allowed | None = None) -> None:
        self.app = app
        self.allowed = allowed or Allowed()
        self._websockets = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            await self._http(_Exchange(scope, receive, send, self.allowed))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, exchange: "_Exchange") -> None:
        clock = asyncio.timeout(None)
        try:
            check_caller(exchange.scope, headers=self.allowed.headers)
            async with clock:
                await exchange.run(self.app, clock)
        except TimeoutError as error:
            await exchange.refuse(exchange.late() if clock.expired() else error)
        except Exception as error:  # a boundary: whatever happens, the client gets an envelope
            await exchange.refuse(exchange.refusal or error)
        else:
            if exchange.refusal is not None:
                await exchange.refuse(exchange.refusal)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_caller(scope, headers=self.allowed.headers)
        except GenbaError as error:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": error.code})
            return
        if self._websockets >= self.allowed.websockets:
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": "too_many"})
            return
        talk = _Talk(receive, send, self.allowed)
        self._websockets += 1
        try:
            await self.app(scope, talk.receive, talk.send)
        finally:
            self._websockets -= 1


class _Talk:
    """One websocket as the application sees it: closed when the client sends too much at once."""

    def __init__(self, receive: Receive, send: Send, allowed: Allowed) -> None:
        self._receive = receive
        self._send = send
        self._allowed = allowed
        self._window_end = 0.0
        self._count = 0
        self._closed = False

    async def receive(self) -> Message:
        """Give the application the client's next message, or the end when that one is too much."""
        message = await self._receive()
        if self._closed or message["type"] != "websocket.receive":
            return message
        try:
            self._measure(message)
        except TooLarge as error:
            logger.warning("closed a websocket: %s", error.message)
            self._closed = True
            await self._send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": error.code})
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
        return message

    async def send(self, message: Message) -> None:
        """Pass on a message of the application while the websocket is open."""
        if not self._closed:
            await self._send(message)

    def _measure(self, message: Message) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._window_end:
            self._window_end, self._count = now + self._allowed.window, 0
        self._count += 1
        if self._count > self._allowed.messages:
            raise TooLarge(f"more than {self._allowed.messages} messages in {self._allowed.window:g} s")
        text = (message.get("text") or "").encode()
        check_shape(text, depth=self._allowed.depth, elements=self._allowed.elements)


class _Exchange:
    """One request and its answer as the application sees them: counted, timed, checked, with our headers."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, allowed: Allowed) -> None:
        self.scope = scope
        self.refusal: GenbaError | None = None
        """Why the body was cut off; it outranks what the application makes of that."""
        self._receive = receive
        self._send = send
        self._allowed = allowed
        self._streamed = is_upload(scope)
        self._largest = allowed.upload if self._streamed else allowed.body
        self._begun = asyncio.get_running_loop().time()
        self._clock: asyncio.Timeout | None = None
        self._count = 0
        self._complete = False
        self._answering = False
        self._left = False
        self._held: Message | None = None

    async def run(self, app: ASGIApp, clock: asyncio.Timeout) -> None:
        """Let the application answer while `clock` is set for what is being waited for."""
        self._clock = clock
        try:
            await self._prepare()
            await app(self.scope, self.receive, self.send)
        finally:
            self._clock = None

    async def receive(self) -> Message:
        """Give the application its next message."""
        if self._held is not None:
            message, self._held = self._held, None
        else:
            message = await self._receive() if self._complete else await self._next()
        self._left = self._left or message["type"] == "http.disconnect"
        return message

    async def send(self, message: Message) -> None:
        """Pass on a message of the application, unless its request has been refused."""
        if self.refusal is not None and not self._answering:
            return
        if message["type"] == "http.response.start":
            self._set_clock(None)
            self._answering = True
            message = {**message, "headers": protected(self.scope["path"], message.get("headers", ()))}
        await self._send(message)

    def late(self) -> GenbaError:
        """Give the error of a clock that ran out: the client's when its body is missing, else ours."""
        if self._complete:
            return Overdue(f"no answer within {self._allowed.work:g} s; ask for less, or submit it as a run")
        return TooSlow(
            f"the body was not complete: at most {self._allowed.pause:g} s may pass between two pieces "
            f"and {self._allowed.arrival:g} s in all"
        )

    async def refuse(self, error: Exception) -> None:
        """Answer with an error, when the answer has not begun and there is somebody to read it."""
        path = self.scope["path"]
        if self._left:
            logger.debug("the client left %r before its answer", path)
            return
        response = answer(error) if isinstance(error, GenbaError) else unexpected(error, path)
        if self._answering:
            return  # the server cuts an answer short that was not completed, and the client notices
        self.refusal = None
        await response(self.scope, self._receive, self.send)

    async def _prepare(self) -> None:
        """Refuse a body that says it is too large; hold a small one and check its shape."""
        self._measure(announced_length(self.scope))
        if self._streamed:
            return
        pieces: list[bytes] = []
        while not self._complete:
            message = await self._next()
            if message["type"] != "http.request":
                self._held = message
                return
            pieces.append(message.get("body", b""))
        body = b"".join(pieces)
        check_shape(body, depth=self._allowed.depth, elements=self._allowed.elements)
        self._held = {"type": "http.request", "body": body, "more_body": False}

    async def _next(self) -> Message:
        """Wait for the client's next piece, on its time; what follows is on ours."""
        now = asyncio.get_running_loop().time
        self._set_clock(min(now() + self._allowed.pause, self._begun + self._allowed.arrival))
        message = await self._receive()
        self._complete = not message.get("more_body", False)
        self._set_clock(now() + self._allowed.work)
        self._count += len(message.get("body", b""))
        self._measure(self._count)
        return message

    def _set_clock(self, when: float | None) -> None:
        if self._clock is not None and not self._answering:
            self._clock.reschedule(when)

    def _measure(self, count: int) -> None:
        if count > self._largest:
            self.refusal = TooLarge(f"the body is larger than the {self._largest} bytes allowed here")
            raise self.refusal


def check_caller(scope: Scope, *, headers: int) -> None:
    """Refuse a request that was not meant for this server, or that a page of another site makes.

    Raises:
        Forbidden: when Host or Origin is not this server's own address.
        NotFound: when the path holds a control character, at which routes and logs would break.
        TooLarge: when there are more headers than `headers`.
    """
    if CONTROL.search(scope["path"]):
        raise NotFound("there is nothing at this address: it holds a control character")
    if len(scope["headers"]) > headers:
        raise TooLarge(f"found {len(scope['headers'])} headers; at most {headers} are allowed")
    hosts = _values(scope, b"host")
    port = (scope.get("server") or ("", None))[1]
    allowed = {f"{name}:{port}" for name in NAMES} | (set(NAMES) if port == HTTP_PORT else set())
    if len(hosts) != 1 or hosts[0].lower() not in allowed:
        raise Forbidden(f"the Host header must be one of {', '.join(sorted(allowed))}", where="Host")
    origins = _values(scope, b"origin")
    if any(origin.lower() not in {f"http://{name}" for name in allowed} for origin in origins):
        raise Forbidden("a page of another site must not use this server", where="Origin")


def check_shape(body: bytes, *, depth: int, elements: int) -> None:
    """Refuse JSON that is nested too deeply or has too many elements, before a parser meets it.

    Raises:
        TooLarge: when a limit is passed.
    """
    level = 0
    for count, piece in enumerate(PIECE.finditer(body), start=1):
        mark = piece[0]
        level += (mark in b"[{") - (mark in b"]}")
        if level > depth:
            raise TooLarge(f"the JSON is nested more than {depth} levels deep")
        if count > elements:
            raise TooLarge(f"the JSON has more than {elements} elements")


def is_upload(scope: Scope) -> bool:
    """Tell whether a request's body is a file, which is streamed to disk."""
    path: str = scope["path"]
    kind = "".join(_values(scope, b"content-type"))
    return path == UPLOADS or (path.startswith(CONSOLE_FILES) and kind.startswith("multipart/form-data"))


def announced_length(scope: Scope) -> int:
    """Give the length that a request states for its body; 0 when it states none."""
    stated = [text[:LONGEST_NUMBER] for text in _values(scope, b"content-length")]
    return max((int(text) for text in stated if text.isdecimal()), default=0)


def protected(path: str, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Give the headers of an answer with those that bind a browser; the application's own come first."""
    given = list(headers)
    ours = HEADERS | (FOR_DATA if path.startswith("/v1/") else FOR_PAGES)
    names = {name.lower() for name, _ in given}
    return given + [(name, value) for name, value in ours.items() if name not in names]


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
