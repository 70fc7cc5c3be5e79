"""Shifts: all faults in one report, independent steps together, nothing repeated after an interruption."""

from pathlib import Path

import pytest

from genba.core.errors import InputError
from genba.core.run import State
from genba.factory.factory import Factory
from genba.factory.shift import ShiftRunner, ShiftStatus, read_shift

GOOD = """
title = "rehearsal"

[defaults]
seconds = 0.1

[[step]]
name = "source"
operation = "factory.probe"
params = { file = "input.txt" }

[[step]]
name = "user"
operation = "factory.probe"
params = { file = "@source", seconds = 0.05 }

[[step]]
name = "beside"
operation = "factory.probe"
params = { seconds = 0.15 }
"""


def _file(folder: Path, text: str) -> Path:
    (folder / "input.txt").write_text("input")
    file = folder / "shift.toml"
    file.write_text(text)
    return file


def _end(factory: Factory, file: Path) -> ShiftStatus:
    runner = ShiftRunner(factory, read_shift(file))
    try:
        while not (status := runner.step()).done:
            pass
    finally:
        runner.close()
    return status


def test_a_shift_runs_to_its_end_and_is_not_repeated(factory: Factory, tmp_path: Path) -> None:
    file = _file(tmp_path, GOOD)
    first = _end(factory, file)
    assert first.succeeded
    assert [step.headline.value for step in first.steps] == [2.0, 1.0, 3.0]
    assert not any(step.reused for step in first.steps)
    second = _end(factory, file)
    assert all(step.reused for step in second.steps)
    assert [step.run for step in second.steps] == [step.run for step in first.steps]


def test_an_interrupted_shift_goes_on_with_the_same_runs(factory: Factory, tmp_path: Path) -> None:
    file = _file(tmp_path, GOOD.replace("seconds = 0.1\n", "seconds = 1.0\n"))
    runner = ShiftRunner(factory, read_shift(file))
    while (status := runner.step()).steps[0].state is not State.RUNNING:
        pass
    runner.close()
    before = {step.name: step.run for step in status.steps if step.run}
    after = {step.name: step.run for step in _end(factory, file).steps}
    assert before.items() <= after.items()
    assert len(factory.runs().items) == 3


def test_a_step_that_fails_skips_what_depends_on_it_and_nothing_else(
    factory: Factory, tmp_path: Path
) -> None:
    text = GOOD.replace('"input.txt" }', '"input.txt", ending = "refuse" }')
    states = {step.name: step.state for step in _end(factory, _file(tmp_path, text)).steps}
    assert states == {"source": "refused", "user": "skipped", "beside": "succeeded"}


def test_a_cancelled_shift_ends(factory: Factory, tmp_path: Path) -> None:
    file = _file(tmp_path, GOOD.replace("seconds = 0.1\n", "seconds = 60.0\n"))
    runner = ShiftRunner(factory, read_shift(file))
    while runner.step().steps[0].state is not State.RUNNING:
        pass
    runner.cancel()
    while not (status := runner.step()).done:
        pass
    runner.close()
    assert status.steps[0].state is State.CANCELLED
    assert status.steps[1].state == "skipped"


def test_a_bad_shift_is_reported_whole(tmp_path: Path) -> None:
    bad = """
    titel = "typing error"
    [[step]]
    name = "a"
    operation = "factory.prob"
    [[step]]
    name = "b"
    operation = "factory.probe"
    params = { file = "@nobody" }
    after = ["c"]
    [[step]]
    name = "c"
    operation = "factory.probe"
    params = { seconds = -1, colour = 1 }
    after = ["b"]
    [[step]]
    name = "c"
    operation = "factory.probe"
    params = { file = "missing.txt" }
    [[step]]
    name = "no/slash"
    operation = "factory.probe"
    """
    with pytest.raises(InputError) as caught:
        read_shift(_file(tmp_path, bad))
    assert sorted({finding.code for finding in caught.value.findings}) == [
        "factory.duplicate_step",
        "factory.unknown_operation",
        "factory.unknown_step",
        "factory.wrong_params",
        "factory.wrong_shift",
    ]


def test_a_cycle_is_named(tmp_path: Path) -> None:
    steps = ("a", "b"), ("b", "c"), ("c", "a")
    text = "".join(
        f'[[step]]\nname = "{name}"\noperation = "factory.probe"\nafter = ["{after}"]\n'
        for name, after in steps
    )
    with pytest.raises(InputError, match="wait for each other") as caught:
        read_shift(_file(tmp_path, text))
    assert [finding.code for finding in caught.value.findings] == ["factory.cycle"]


@pytest.mark.parametrize(
    "content",
    [b"", b"title = 'x'", b"= nonsense", "title = '現場'".encode("shift_jis"), b"\0" * 100, b"step = 3"],
)
def test_what_is_no_shift_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "shift.toml"
    file.write_bytes(content)
    with pytest.raises(InputError):
        read_shift(file)


def test_a_missing_shift_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing.toml"):
        read_shift(tmp_path / "nothing.toml")
