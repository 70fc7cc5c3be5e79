"""The command line in this process: its exit code and what it wrote."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from genba.faces.cli.main import main


@dataclass(frozen=True)
class Answer:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Give the one document on stdout."""
        return json.loads(self.out)


def call(*tokens: object) -> Answer:
    """Run one command in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(token) for token in tokens])
    out.flush()
    return Answer(code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode())  # type: ignore[attr-defined]


@contextmanager
def started(*tokens: object) -> Iterator[subprocess.Popen[str]]:
    """Run one command as a process of its own, ended for certain."""
    command = [sys.executable, "-P", "-m", "genba", *(str(token) for token in tokens)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def genba() -> Callable[..., Answer]:
    return call


@pytest.fixture(scope="session")
def start() -> Callable[..., Any]:
    return started


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home that the tests of one file share, because making one costs a second."""
    return tmp_path_factory.mktemp("home")
