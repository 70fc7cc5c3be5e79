"""`genba up`: the supervisor in this process, the server in a child, until Ctrl-C."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import FrameType
from typing import Annotated

from cyclopts import Group, Parameter

from genba.core.errors import missing_extra
from genba.core.run import ACTIVE
from genba.faces.cli.extras import installed
from genba.faces.cli.options import HERE, Access
from genba.faces.cli.server import ServerChild, server_command
from genba.faces.cli.terminal import document, out, remark, text
from genba.factory.factory import Factory
from genba.factory.request import RunQuery
from genba.factory.supervisor import Supervisor

LOOPBACK = "127.0.0.1"
STEP = 0.25
"""Seconds of one turn of the loop: how fast Ctrl-C and a fallen server are seen."""
SERVING = Group("Serving")


@Parameter(name="*", group=SERVING)
@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What runs beside the supervisor, and for how long."""

    port: Annotated[int, Parameter(help="First port tried; the next free one is taken.")] = 8420
    host: Annotated[str, Parameter(help="A name of this machine's loopback; others are refused.")] = LOOPBACK
    no_server: Annotated[bool, Parameter(negative="", help="Run the supervisor alone.")] = False
    drain: Annotated[bool, Parameter(negative="", help="End as soon as every run has ended.")] = False


ALONE_HERE = Serving()


def up(*, serving: Serving = ALONE_HERE, access: Access = HERE) -> int:
    """Keep the supervisor and the server running until Ctrl-C."""
    _check(serving)
    with access.factory() as factory, _stop_on_signals() as stopped:
        supervisor = Supervisor(factory)
        child = None if serving.no_server else _child(factory, serving)
        try:
            _keep_up(factory, supervisor, child=child, stopped=stopped, serving=serving, access=access)
        finally:
            if child:
                child.end()
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


def _child(factory: Factory, serving: Serving) -> ServerChild:
    command = server_command(factory.home, host=serving.host, port=serving.port)
    return ServerChild(command, factory.home / "server.json")


def _keep_up(
    factory: Factory,
    supervisor: Supervisor,
    *,
    child: ServerChild | None,
    stopped: Callable[[], bool],
    serving: Serving,
    access: Access,
) -> None:
    told: str | None = None
    if child is None:
        _tell(factory, "no server", as_json=access.json)
    while not stopped() and not (serving.drain and _idle(factory)):
        if child:
            if sentence := child.tend(time.monotonic()):
                remark(sentence)
            address = child.address()
            if address and address != told:
                _tell(factory, address, as_json=access.json)
                told = address
        supervisor.step(STEP)


def _tell(factory: Factory, address: str, *, as_json: bool) -> None:
    if as_json:
        document({"address": address, "home": str(factory.home), "pid": os.getpid()})
        return
    out().print(text(f"genba is up: {address}", "bold"))
    remark(f"home {factory.home}; Ctrl-C ends it")


def _idle(factory: Factory) -> bool:
    return not factory.runs(RunQuery(states=tuple(ACTIVE), limit=1)).items


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
