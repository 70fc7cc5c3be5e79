"""Studies that are told to stop while they work, not only at their start, stop within a second.

The word comes when the process has worked for some time, wherever the study is then. Seconds are those of
the processor, so that a busy machine does not matter.
"""

import time
from random import Random
from typing import Any

import pytest

from genba.core.context import Context
from genba.core.errors import Cancelled
from genba.core.operation import Operation
from genba.line.operations.balance import balance
from genba.line.operations.buffers import buffers
from genba.line.operations.redesign import redesign
from genba.line.operations.simulate import simulate

SECOND = 1.0
STATIONS = 24
WORK = 'work = {kind = "lognormal", mean = 1.0, cv = 0.4}, breakdown = {mtbf = 90, mttr = 6}'


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the file of a long line with many places."""
    path = tmp_path_factory.mktemp("long") / "line.toml"
    stations = "\n".join(f'  {{id = "S{k}", {WORK}}},' for k in range(STATIONS))
    rooms = "\n".join(f'  {{id = "B{k}", before = "S{k}", capacity = 4}},' for k in range(1, STATIONS))
    tasks = 'tasks = [{id = "a", time = 1}]'
    path.write_text(f'name = "long"\n{tasks}\nstations = [\n{stations}\n]\nbuffers = [\n{rooms}\n]\n')
    return str(path)


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the file of 210 tasks, of which threes fill the cycle without a rest: long to find."""
    path, rng = tmp_path_factory.mktemp("hard") / "line.toml", Random(3)
    times: list[int] = []
    for _ in range(70):
        first = rng.randint(2600, 4000)
        second = rng.randint(2600, 7400 - first)
        times += [first, second, 10_000 - first - second]
    rng.shuffle(times)
    rows = "\n".join(f'[[tasks]]\nid = "t{k}"\ntime = {time}' for k, time in enumerate(times))
    path.write_text(f'name = "hard"\n{rows}\n')
    return str(path)


def went_on(
    operation: Operation[Any, Any], file: str, threads: int, *, when: float | str, **given: Any
) -> float:
    """Give how long a study went on after it was told to stop, s of the processor.

    Arguments:
        operation: the study.
        file: of the line.
        threads: that it may use.
        when: it is told to stop: after so much work, s, or as soon as it says this.
        given: what else is asked.
    """
    due = [time.process_time() + when] if isinstance(when, float) else []

    def report(fraction: float, message: str) -> None:
        if message == when and not due:
            due.append(time.process_time())

    context = Context(
        path=operation.path,
        threads=threads,
        report=report,
        cancelled=lambda: bool(due) and time.process_time() >= due[0],
    )
    with pytest.raises(Cancelled):
        operation(context, line=file, **given)
    return time.process_time() - due[0]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("work", [0.2, 1.0])
@pytest.mark.parametrize("engine", ["recursion", "events"])
def test_replications_stop(line: str, engine: str, work: float, threads: int) -> None:
    given = {"engine": engine, "hours": 400.0, "half_width": 1e-6, "replications": 4096}
    assert went_on(simulate, line, threads, when=work, **given) < SECOND * threads


@pytest.mark.parametrize("engine", ["recursion", "events"])
def test_a_long_run_of_batches_stops(line: str, engine: str) -> None:
    given = {"engine": engine, "method": "batches", "hours": 100.0, "half_width": 1e-6, "replications": 4096}
    assert went_on(simulate, line, 1, when=1.5, **given) < SECOND


@pytest.mark.parametrize("engine", ["recursion", "events"])
def test_gains_stop(line: str, engine: str) -> None:
    given = {"engine": engine, "hours": 1.0, "warm_up": 0.2, "half_width": 100.0, "differences": "always"}
    assert went_on(simulate, line, 1, when="asking what throughput depends on", **given) < SECOND


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("work", [0.2, 1.0])
@pytest.mark.parametrize("engine", ["recursion", "events"])
def test_a_search_for_places_stops(line: str, engine: str, work: float, threads: int) -> None:
    given = {"engine": engine, "units": 50_000, "time_limit": 3600.0}
    assert went_on(buffers, line, threads, when=work, **given) < SECOND * threads


@pytest.mark.parametrize("work", [0.2, 1.5])
def test_a_balance_stops(tasks: str, work: float) -> None:
    assert went_on(balance, tasks, 1, when=work, cycle_time=10_000.0, time_limit=600.0) < SECOND


@pytest.mark.parametrize("work", [0.2, 0.8])
def test_a_redesign_stops(work: float) -> None:
    assert went_on(redesign, "example:inverter", 1, when=work, cycle_time=61.4) < SECOND
