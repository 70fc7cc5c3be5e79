"""What tests of the faces share: a client that speaks to an application without a socket."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

ADDRESS = "http://127.0.0.1:8420"


class Client:
    """Asks an application and gives whole answers; an error inside the application is an answer too."""

    def __init__(self, app: ASGIApp) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._runner = asyncio.Runner()
        self._http = httpx.AsyncClient(transport=transport, base_url=ADDRESS)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._http.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def close(self) -> None:
        self._runner.run(self._http.aclose())
        self._runner.close()


@pytest.fixture
def connect() -> Iterator[Callable[[ASGIApp], Client]]:
    """Give a function that opens a client of an application; it is closed after the test."""
    with ExitStack() as opened:

        def open_client(app: ASGIApp) -> Client:
            client = Client(app)
            opened.callback(client.close)
            return client

        yield open_client
