"""The server: REST and console of one home, on loopback, in one process that `genba up` starts.

It serves until it is told to end (SIGTERM, SIGINT) or until the pipe that is its standard input closes, which
happens when its parent ends in whatever way.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import stat
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from genba.core.errors import DeviceError, GenbaError, InputError
from genba.core.home import home
from genba.faces.console.site import add_console
from genba.faces.guard import MIB, Guard
from genba.faces.http_limits import TimedH11Protocol
from genba.faces.rest.api import add_rest
from genba.factory.factory import Factory
from genba.store.disk import explained, write_durably

logger = logging.getLogger("genba.faces.serve")  # also when it is run as `__main__`

HOSTS = {"127.0.0.1": socket.AF_INET, "localhost": socket.AF_INET, "::1": socket.AF_INET6}
PORT = 8420
MORE_PORTS = 50
BACKLOG = 128
GRACE_S = 2
"""How long open streams and requests may go on after the end was asked for."""
LOOK_EVERY_S = 0.1
END_S = 3.0
"""When the process ends at the latest, after the end was asked for."""
LARGEST_HEADERS = 32 * 1024
MOST_CONNECTIONS = 512


def build_app(factory: Factory) -> FastAPI:
    """Give the whole web application of a factory: REST, console, and the guard before both."""
    app = FastAPI(title="genba", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    add_rest(app, factory)
    add_console(app, factory)
    app.add_middleware(Guard)
    return app


def check_bind(host: str) -> None:
    """Refuse to listen on anything but loopback.

    Raises:
        InputError: when other machines could reach `host`.
    """
    if host not in HOSTS:
        raise InputError(
            f"found {host!r}; genba has no log-in yet, so it listens on loopback only ({', '.join(HOSTS)}): "
            "reach it from another machine through an SSH tunnel with the same port number",
            where="host",
        )


def bind(host: str, port: int) -> socket.socket:
    """Give a socket that listens on `port`, or on the next free one; 0 means any.

    Raises:
        InputError: when `host` is not loopback.
        DeviceError: when none of the ports is free.
    """
    check_bind(host)
    for candidate in range(port, min(port + MORE_PORTS, 65_535) + 1):
        listening = _listen(host, candidate)
        if listening is not None:
            return listening
    raise DeviceError(
        f"no port from {port} to {port + MORE_PORTS} is free on {host}; choose another with --port"
    )


def configuration(app: ASGIApp, http: type[TimedH11Protocol] = TimedH11Protocol) -> uvicorn.Config:
    """Give the settings of the server of `app`: what bounds its connections, headers and end."""
    return uvicorn.Config(
        app,
        http=http,  # h11 bounds the size of headers, ours also their time
        h11_max_incomplete_event_size=LARGEST_HEADERS,
        ws_max_size=MIB,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )


def run(where: Path, *, host: str = "127.0.0.1", port: int = PORT) -> None:
    """Serve the home `where` until the process is told to end."""
    with closing(bind(host, port)) as listening, closing(Factory.open(where)) as factory:
        server = uvicorn.Server(configuration(build_app(factory)))
        _end_on_signal(server)
        _end_with_parent(server)
        with _announced(where, host, listening.getsockname()[1]):
            asyncio.run(_serve(server, listening))


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, as the command line asks; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -P -m genba.faces.serve", description=__doc__)
    parser.add_argument("--home", type=Path, help="home directory")
    parser.add_argument("--host", default="127.0.0.1", help="a name of this machine's loopback")
    parser.add_argument("--port", type=int, default=PORT, help="first port to try")
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        run(home(asked.home), host=asked.host, port=asked.port)
    except GenbaError as error:
        logger.error("%s", error.message)
        return error.exit_code
    return 0


def _listen(host: str, port: int) -> socket.socket | None:
    listening = socket.socket(HOSTS[host], socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port is free again at once
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        return None
    return listening


async def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    watching = asyncio.create_task(_end_at_the_latest(server))
    try:
        await server.serve([listening])
    finally:
        watching.cancel()


async def _end_at_the_latest(server: uvicorn.Server) -> None:
    """End the process although a thread may hang in a request; the record is safe against that."""
    while not server.should_exit:
        await asyncio.sleep(LOOK_EVERY_S)
    last = threading.Timer(END_S, os._exit, (0,))
    last.daemon = True
    last.start()


def _end_on_signal(server: uvicorn.Server) -> None:
    """Let SIGTERM and SIGINT end the server, also before it has begun; uvicorn repeats them at its end."""

    def end(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def _end_with_parent(server: uvicorn.Server) -> None:
    """End the server when standard input, if it is a pipe, closes."""
    descriptor = sys.__stdin__.fileno() if sys.__stdin__ else -1
    if descriptor < 0 or not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return

    def wait() -> None:
        while os.read(descriptor, 1024):
            pass
        server.should_exit = True

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


@contextmanager
def _announced(where: Path, host: str, port: int) -> Iterator[None]:
    """Keep `server.json` in the home while the server listens."""
    name = f"[{host}]" if ":" in host else host
    told = {"pid": os.getpid(), "port": port, "address": f"http://{name}:{port}"}
    file = where / "server.json"
    with explained(file):
        write_durably(file, json.dumps(told).encode())
    logger.info("serving %s at %s", where, told["address"])
    try:
        yield
    finally:
        with suppress(OSError, ValueError):  # another server may have taken the home over
            if json.loads(file.read_bytes()) == told:
                file.unlink()


if __name__ == "__main__":
    sys.exit(main())
