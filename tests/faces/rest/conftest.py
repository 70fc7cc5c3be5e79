"""A home with a REST application in front of it, and runs that have ended."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from genba.core.run import TERMINAL, Run
from genba.faces.guard import Guard
from genba.faces.rest.api import add_rest
from genba.factory.factory import Factory
from genba.factory.supervisor import Supervisor


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    with Factory.open(tmp_path_factory.mktemp("home")) as factory:
        yield factory


@pytest.fixture(scope="module")
def app(factory: Factory) -> FastAPI:
    """Give what `serve.build_app` gives, without the console."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    add_rest(app, factory)
    app.add_middleware(Guard)
    return app


@pytest.fixture
def client(app: FastAPI, connect: Callable[[ASGIApp], Any]) -> Any:
    return connect(app)


@pytest.fixture(scope="module")
def end(factory: Factory) -> Callable[[str], Run]:
    """Give a function that brings a run to its end."""

    def end(run_id: str) -> Run:
        supervisor = Supervisor(factory, only={run_id})
        try:
            supervisor.run(until=lambda: factory.run(run_id).state in TERMINAL)
        finally:
            supervisor.close()
        return factory.run(run_id)

    return end


@pytest.fixture(scope="module")
def rehearsed(factory: Factory, end: Callable[[str], Run]) -> Run:
    """Give a probe that has succeeded."""
    return end(factory.submit("factory.probe", {"seconds": 0.1}).id)
