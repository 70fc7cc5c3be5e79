"""Lines for tests: small ones made in place, and published precedence graphs where they are at hand."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genba.core.tally import Tally
from genba.line.checks.tally import MORE
from genba.line.io.document import line_of
from genba.line.records.line import Line

DATA = Path(__file__).parents[3] / "shared" / "data" / "line"
Lines = Callable[..., Line]


@pytest.fixture
def make() -> Lines:
    """Give a function that makes a line of plain fields, which must be read without a fault."""

    def line(**fields: Any) -> Line:
        tally = Tally(MORE)
        found = line_of({"tasks": [{"id": "a", "time": 10.0}], **fields}, tally, name="test")
        assert found is not None
        assert tally.findings() == ()
        return found

    return line


@pytest.fixture(scope="session")
def published() -> Callable[[str], list[dict[str, Any]]]:
    """Give a function that reads a set of published graphs: id, n, c, t (times), pr (pairs from 1)."""

    def graphs(name: str) -> list[dict[str, Any]]:
        path = DATA / f"{name}.jsonl.gz"
        if not path.exists():
            pytest.skip(f"{name} lies in shared/data/line, which is not here")
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    return graphs
