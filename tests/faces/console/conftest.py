"""What tests of the console share: a factory at work, its real server, and a real browser in front."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from genba.core.run import TERMINAL, Run
from genba.factory.factory import Factory, Request

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
START_S = 120.0
WORK_S = 300.0
LOOK_S = 0.05
SLOW_MS = 60_000
LANGUAGES = {"en": "en-US", "ja": "ja-JP"}


@dataclass
class Console:
    """A running console and the factory behind it."""

    address: str
    factory: Factory
    process: subprocess.Popen[bytes]

    def made(self, operation: str, tags: tuple[str, ...] = (), note: str = "", **params: Any) -> Run:
        """Give a run that has ended."""
        run = self.factory.submit(operation, params, Request(tags=tags, note=note))
        return self.ended(run.id)

    def ended(self, run_id: str) -> Run:
        """Wait until a run has ended."""
        last = time.monotonic() + WORK_S
        while time.monotonic() < last:
            run = self.factory.run(run_id)
            if run.state in TERMINAL:
                return run
            time.sleep(LOOK_S)
        raise AssertionError(f"{run_id} has not ended within {WORK_S} s")


@dataclass
class Reader:
    """One person's browser, and all that it asked for or complained about."""

    page: Any
    address: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Any:
        """Go to a page of the console and wait until it is drawn and connected."""
        self.page.goto(self.address + path)
        self.page.wait_for_selector(".main h1")
        self.page.wait_for_function("window.socket?.connected === true")
        return self.page

    def listen(self, said: Any) -> None:
        """Remember an error that the browser reports."""
        if said.type == "error":
            self.complaints.append(said.text)

    def refuse(self, dialog: Any) -> None:
        """Remember a dialog, which only a script of somebody else would open."""
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def overflow(self) -> int:
        """Give by how many pixels the page is wider than its window."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return wide

    def foreign(self) -> list[str]:
        """Give the requests that did not go to this machine's console."""
        home = (self.address, self.address.replace("http", "ws", 1), "data:", "blob:")
        return [url for url in self.requests if not url.startswith(home)]


@contextmanager
def at_work(home: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that serves a home until the end of the block."""
    command = [sys.executable, "-P", *arguments, "--home", str(home), "--port", "0"]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))
    }
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(START_S)


def announced(process: subprocess.Popen[bytes], home: Path) -> str:
    """Wait for the address of the server."""
    last = time.monotonic() + START_S
    while time.monotonic() < last and process.poll() is None:
        if (home / "server.json").exists():
            address: str = json.loads((home / "server.json").read_bytes())["address"]
            return address
        time.sleep(LOOK_S)
    raise AssertionError("the server has not announced itself")


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Give a console whose factory is at work, as `genba up` starts it."""
    home = tmp_path_factory.mktemp("console") / "home"
    with at_work(home, "-m", "genba", "up") as process:
        address = announced(process, home)
        with Factory.open(home) as factory:
            yield Console(address, factory, process)


@pytest.fixture
def serve_alone() -> Callable[[Path], Any]:
    """Give a function that serves a home without a supervisor: a context of process and address."""

    @contextmanager
    def serve(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
        with at_work(home, "-m", "genba.faces.serve") as process:
            yield process, announced(process, home)

    return serve


@pytest.fixture(scope="module")  # its event loop must not outlive the module: others run their own
def chromium() -> Iterator[Any]:
    """Give a real browser, or skip."""
    driver = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install 'genba[dev]'"
    )
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: apt-get install chromium")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Any) -> Iterator[Callable[..., Reader]]:
    """Give a function that opens a browser without cookies; none may have asked another machine."""
    readers: list[Reader] = []

    def open_browser(
        address: str, *, language: str = "en", theme: str = "light", width: int = 1280
    ) -> Reader:
        context = chromium.new_context(
            locale=LANGUAGES[language], color_scheme=theme, viewport={"width": width, "height": 900}
        )
        context.set_default_timeout(SLOW_MS)
        reader = Reader(context.new_page(), address)
        readers.append(reader)
        reader.page.on("request", lambda request: reader.requests.append(request.url))
        reader.page.on("websocket", lambda socket: reader.requests.append(socket.url))
        reader.page.on("pageerror", lambda error: reader.complaints.append(str(error)))
        reader.page.on("dialog", reader.refuse)
        reader.page.on("console", reader.listen)
        return reader

    yield open_browser
    for reader in readers:
        reader.page.context.close()
    assert [url for reader in readers for url in reader.foreign()] == []


@pytest.fixture
def reader(browse: Callable[..., Reader], console: Console) -> Reader:
    """Give an English reader at a wide screen."""
    return browse(console.address)
