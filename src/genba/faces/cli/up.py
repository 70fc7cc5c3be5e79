"""`genba up`: the supervisor in this process, the server in a child, until Ctrl-C."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Annotated

from cyclopts import Group, Parameter

from genba.core.errors import missing_extra
from genba.core.home import home
from genba.faces.cli.document import document
from genba.faces.cli.extras import installed
from genba.faces.cli.options import HERE, Access
from genba.faces.cli.record import opened
from genba.faces.cli.server import ServerChild, server_command
from genba.faces.cli.terminal import remark, show, text
from genba.factory.factory import Factory
from genba.factory.supervisor import Supervisor
from genba.store.database import FILE as RECORD
from genba.store.upgrade import upgrade

LOOPBACK = "127.0.0.1"
SERVING = Group("Serving", sort_key=2)


@Parameter(name="*", group=SERVING)
@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What runs beside the supervisor, and for how long."""

    port: Annotated[int, Parameter(help="First port tried; the next free one is taken.")] = 8420
    host: Annotated[str, Parameter(help="A name of this machine's loopback; others are refused.")] = LOOPBACK
    no_server: Annotated[
        bool, Parameter(negative="", show_default=False, help="Run the supervisor alone.")
    ] = False
    drain: Annotated[
        bool, Parameter(negative="", show_default=False, help="End as soon as every run has ended.")
    ] = False


ALONE_HERE = Serving()


def up(*, serving: Serving = ALONE_HERE, access: Access = HERE) -> int:
    """Keep the supervisor and the server running until Ctrl-C."""
    _check(serving)
    _upgrade(home(access.home))
    with opened(access) as factory, _stop_on_signals() as stopped:
        supervisor = Supervisor(factory)
        server = None if serving.no_server else _child(factory, serving)
        tend = _tending(factory, server, as_json=access.json)

        def over() -> bool:
            tend()
            return stopped() or (serving.drain and not supervisor.busy and factory.idle())

        try:
            supervisor.run(until=over)
        finally:
            if server:
                server.end()
            supervisor.close()
    remark("ended; runs and results are kept")
    return 0


def _check(serving: Serving) -> None:
    """Refuse what cannot be served before anything starts."""
    if serving.no_server:
        return
    if installed("uvicorn") is None:
        raise missing_extra("uvicorn", "server")
    if serving.host != LOOPBACK:
        # Importing the server costs seconds, which only an unusual host has to pay here.
        import_module("genba.faces.serve").check_bind(serving.host)


def _upgrade(place: Path) -> None:
    """Bring an older record to this version, which nothing but `up` and `db upgrade` may do."""
    copy = upgrade(place) if (place / RECORD).exists() else None
    if copy:
        remark(f"the record was upgraded; as it was it is kept in {copy}")


def _child(factory: Factory, serving: Serving) -> ServerChild:
    command = server_command(factory.home, host=serving.host, port=serving.port)
    return ServerChild(command, factory.home / "server.json")


def _tending(factory: Factory, server: ServerChild | None, *, as_json: bool) -> Callable[[], None]:
    """Give what each turn of the loop does beside the runs: keep the server up, tell where it is."""
    told: str | None = None

    def tend() -> None:
        nonlocal told
        sentence = server.tend(time.monotonic()) if server else None
        if sentence:
            remark(sentence)
        address = server.address() if server else "no server"
        if address and address != told:
            _tell(factory, address, as_json=as_json)
            told = address

    return tend


def _tell(factory: Factory, address: str, *, as_json: bool) -> None:
    if as_json:
        document({"address": address, "home": str(factory.home), "pid": os.getpid()})
        return
    show(text(f"genba is up: {address}", "bold"))
    remark(f"home {factory.home}; Ctrl-C ends it")


@contextmanager
def _stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Turn SIGINT and SIGTERM into a question that the loop asks, so that nothing is cut off half-way."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
