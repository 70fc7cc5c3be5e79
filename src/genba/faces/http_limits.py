"""A limit uvicorn lacks: how long a connection may take to say what it asks.

Each open connection counts against the most that are served at once, so one that says nothing, or drips its
headers, keeps others out. What follows the headers is on the guard's clock.
"""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol


class TimedH11Protocol(H11Protocol):
    """HTTP/1.1 that closes a connection on which no answer is owed and no request becomes complete in time.

    It overrides what uvicorn calls, since uvicorn offers no other way in; each override only adds the watch.
    """

    headers_s: ClassVar[float] = 10.0
    """From the start of the connection, or the end of the last answer, to complete headers, s."""
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what the client sent; only complete headers end the wait."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, unless it is here already."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        upgraded = self.transport.get_protocol() is not self
        owed = self.cycle is not None and not self.cycle.response_complete
        if owed or upgraded or self.transport.is_closing():
            self._forget()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.headers_s, self.transport.close)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
