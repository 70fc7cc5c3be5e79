"""A factory in a fresh home, and one engine shared by the tests of a file."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from genba.core.run import TERMINAL, Run
from genba.factory.factory import Factory
from genba.factory.request import PLAIN, Request
from genba.factory.supervisor import Supervisor


class Engine:
    """A home with a supervisor at work."""

    def __init__(self, home: Path) -> None:
        self.factory = Factory.open(home)
        self.supervisor = Supervisor(self.factory, slots=2)

    def submit(self, params: Mapping[str, Any] | None = None, request: Request = PLAIN) -> Run:
        return self.factory.submit("factory.probe", params or {}, request)

    def until(self, run: Run, reached: Callable[[Run], bool]) -> Run:
        """Step until a run is as wanted."""
        self.supervisor.run(until=lambda: reached(self.factory.run(run.id)))
        return self.factory.run(run.id)

    def end(self, run: Run) -> Run:
        return self.until(run, lambda found: found.state in TERMINAL)

    def make(self, params: Mapping[str, Any] | None = None, request: Request = PLAIN) -> Run:
        return self.end(self.submit(params, request))

    def close(self) -> None:
        self.supervisor.close()
        self.factory.close()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(tmp_path_factory.mktemp("engine"))
    yield engine
    engine.close()


@pytest.fixture
def factory(tmp_path: Path) -> Iterator[Factory]:
    with Factory.open(tmp_path / "home") as opened:
        yield opened
