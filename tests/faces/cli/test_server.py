"""The server child is started again with growing pauses, and ends with its parent."""

import json
import sys
from pathlib import Path

import pytest

from genba.faces.cli.server import FIRST_PAUSE, LONGEST_PAUSE, STEADY, ServerChild, server_command

FALLS = (sys.executable, "-S", "-c", "raise SystemExit(3)")
STAYS = (sys.executable, "-S", "-c", "import sys; sys.stdin.read()")
ANNOUNCES = (
    sys.executable,
    "-S",
    "-c",
    "import json, os, pathlib, sys\n"
    "told = {'pid': os.getpid(), 'port': 1, 'address': 'http://127.0.0.1:1'}\n"
    "new = pathlib.Path(sys.argv[1] + '.new')\n"
    "new.write_text(json.dumps(told))\n"
    "new.rename(sys.argv[1])\n"
    "sys.stdin.read()",
)


def ended(child: ServerChild, now: float) -> str:
    """Start the child at `now`, wait for its end, and give what is said about it."""
    child.tend(now)
    assert child._process
    child._process.wait(20)
    sentence = child.tend(now)
    assert sentence
    return sentence


def test_a_fallen_server_is_started_again_after_a_doubling_pause(tmp_path: Path) -> None:
    child, now, pauses = ServerChild(FALLS, tmp_path / "server.json"), 0.0, []
    for _ in range(3):
        assert "code 3" in ended(child, now)
        child.tend(now)
        assert child._process is None, "not before the pause is over"
        pauses.append(child._next - now)
        now = child._next
    assert pauses == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    child._pause = 2 * LONGEST_PAUSE
    ended(child, now)
    assert child._pause == LONGEST_PAUSE


def test_a_server_that_was_well_for_long_starts_at_once_again(tmp_path: Path) -> None:
    child = ServerChild(FALLS, tmp_path / "server.json")
    child._pause = LONGEST_PAUSE
    child.tend(0.0)
    assert child._process
    child._process.wait(20)
    child.tend(STEADY + 1)
    assert child._next == STEADY + 1 + FIRST_PAUSE


def test_the_address_is_that_of_this_very_child(tmp_path: Path) -> None:
    file = tmp_path / "server.json"
    file.write_text(json.dumps({"pid": -1, "address": "http://stale"}))
    child = ServerChild((*ANNOUNCES, str(file)), file)
    assert child.address() is None
    child.tend(0.0)
    try:
        while (found := child.address()) is None:
            assert child._process
            assert child._process.poll() is None
    finally:
        child.end()
    assert found == "http://127.0.0.1:1"
    assert child.address() is None


def test_the_child_ends_when_its_lifeline_closes(tmp_path: Path) -> None:
    child = ServerChild(STAYS, tmp_path / "server.json")
    child.tend(0.0)
    assert child._process
    assert child._process.stdin
    child._process.stdin.close()
    assert child._process.wait(20) == 0
    child.end()


def test_ending_twice_is_harmless(tmp_path: Path) -> None:
    child = ServerChild(STAYS, tmp_path / "server.json")
    child.tend(0.0)
    child.end()
    child.end()


def test_the_working_directory_cannot_shadow_a_module(tmp_path: Path) -> None:
    assert "-P" in server_command(tmp_path, host="127.0.0.1", port=8420)


@pytest.mark.parametrize("part", ["--home", "--host", "--port"])
def test_the_server_is_told_where(tmp_path: Path, part: str) -> None:
    assert part in server_command(tmp_path, host="127.0.0.1", port=8420)
