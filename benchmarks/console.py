"""First Contentful Paint of the console's pages in real Chromium; the mark is 2 s on a warm server.

The rival is the run's self-contained report, one HTML file without any script of a framework before its text.
Run: python benchmarks/console.py (needs chromium and the extras `server` and `cases`; about a minute).
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from genba.core.run import TERMINAL
from genba.factory.factory import Factory

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TIMES = 5
MARK_S = 2.0
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
CASE = "pglib:case1354_pegase"


def main() -> int:
    """Measure each page in a browser with an empty cache, and print a table."""
    if CHROMIUM is None:
        print("no chromium here: nothing was measured")
        return 0
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; the mark is {MARK_S} s\n")
    print("| page | First Contentful Paint, s | all, s |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as place, _served(Path(place)) as address, sync_playwright() as play:
        pages = _pages(Path(place))
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        worst = 0.0
        for name, path in pages.items():
            _paint(browser, address + path)  # warms the server: imports and file caches
            seconds = [_paint(browser, address + path) for _ in range(TIMES)]
            median = statistics.median(seconds)
            worst = max(worst, median) if name != "report (rival)" else worst
            print(f"| {name} | {median:.2f} | {', '.join(f'{value:.2f}' for value in seconds)} |")
        browser.close()
    return 0 if worst <= MARK_S else 1


def _pages(home: Path) -> dict[str, str]:
    with Factory.open(home) as factory:
        run = factory.submit("grid.powerflow", {"case": CASE, "generation": "balanced"})
        while factory.run(run.id).state not in TERMINAL:
            time.sleep(0.1)
    return {
        "floor": "/",
        "runs": "/runs",
        "run": f"/runs/{run.id}",
        "form": "/grid/powerflow",
        "grid": "/grid",
        "report (rival)": f"/v1/runs/{run.id}/report",
    }


def _paint(browser: Any, address: str) -> float:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.wait_for_function(f"({PAINT}) !== null")
    seconds = float(page.evaluate(PAINT)) / 1000
    context.close()
    return seconds


@contextmanager
def _served(home: Path) -> Any:
    command = [sys.executable, "-P", "-m", "genba", "up", "--home", str(home), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        told = home / "server.json"
        while not told.exists():
            if process.poll() is not None:
                raise RuntimeError("genba up ended before it served")
            time.sleep(0.1)
        yield json.loads(told.read_bytes())["address"]
        process.terminate()


if __name__ == "__main__":
    sys.exit(main())
