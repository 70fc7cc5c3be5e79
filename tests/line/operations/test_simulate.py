"""`line.simulate`: exact lines within its intervals, engines that agree, and what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genba.core.context import Context
from genba.core.errors import Cancelled, InputError
from genba.line.operations.simulate import simulate

HEAD = 'name = "t"\ntasks = [{id = "a", time = 1.0}]\n'
EXPONENTIAL = 'work = {kind = "exponential", mean = 1.0}'
TWO = f'stations = [{{id = "A", {EXPONENTIAL}}}, {{id = "B", {EXPONENTIAL}}}]\n'
WIDTHS = 2.0
"""Half-widths at 95 % within which an exact value must lie: the seeds are fixed, and none is chosen."""
Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a function that writes a line and names its file."""

    def written(body: str) -> str:
        path = tmp_path / "line.toml"
        path.write_text(HEAD + body)
        return str(path)

    return written


def run(line: str, seed: int = 1, threads: int = 1, **more: Any) -> Any:
    context = Context(path=simulate.path, seed=seed, threads=threads)
    return simulate(context, line=line, **{"hours": 2.0, "sensitivities": False, **more})


def buffer(places: int) -> str:
    return f'buffers = [{{id = "b", before = "B", capacity = {places}}}]\n'


@pytest.mark.parametrize("engine", ["recursion", "events"])
@pytest.mark.parametrize("places", [0, 1, 4])
def test_two_equal_exponential_stations_make_what_their_chain_says(
    write: Write, engine: str, places: int
) -> None:
    """Places waiting b, blocking after service: rate (b + 2) / (b + 3)."""
    outcome = run(write(TWO + buffer(places)), engine=engine)
    assert outcome.certificate.holds, outcome.certificate.failed
    exact = 3600 * (places + 2) / (places + 3)
    assert abs(outcome.result.throughput - exact) <= WIDTHS * outcome.result.throughput_half_width


@pytest.mark.parametrize(
    ("work", "variation"),
    [(EXPONENTIAL, 1.0), ('work = {kind = "lognormal", mean = 1.0, cv = 0.5}', 0.25), ("work = 1.0", 0.0)],
    ids=["M/M/1", "M/G/1", "M/D/1"],
)
def test_a_queue_takes_as_long_as_pollaczek_and_khinchine_say(
    write: Write, work: str, variation: float
) -> None:
    arrive = 'arrivals = {kind = "exponential", mean = 1.25}\n'
    outcome = run(write(f'stations = [{{id = "A", {work}}}]\n{arrive}'), hours=20.0, half_width=0.5)
    assert outcome.certificate.holds, outcome.certificate.failed
    load = 0.8
    exact = 1.0 + load * (1 + variation) / (2 * (1 - load))
    assert abs(outcome.result.lead_time - exact) <= WIDTHS * outcome.result.lead_time_half_width
    assert outcome.result.throughput == pytest.approx(3600 / 1.25, rel=0.01)


def test_a_machine_that_fails_is_there_for_its_availability(write: Write) -> None:
    line = write('stations = [{id = "A", work = 1.0, breakdown = {mtbf = 90, mttr = 10}}]\n')
    result = run(line, half_width=0.3).result
    assert abs(result.throughput - 3600 * 0.9) <= WIDTHS * result.throughput_half_width
    assert result.stations["down"][0] == pytest.approx(10.0, abs=1.0)


def test_both_engines_say_the_same(write: Write) -> None:
    line = write(TWO + buffer(2))
    one, other = (run(line, engine=engine, warm_up=0.5).result for engine in ("recursion", "events"))
    for name in ("throughput", "lead_time", "units"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9), name


def test_a_bigger_buffer_makes_no_less(write: Write) -> None:
    made = [run(write(TWO + buffer(b)), warm_up=0.5, half_width=5.0).result.throughput for b in (0, 1, 2, 8)]
    assert made == sorted(made)


def test_the_same_seed_gives_the_same_whatever_the_threads(write: Write) -> None:
    line = write(TWO + buffer(1))
    one, two, other = run(line), run(line, threads=2), run(line, seed=2)
    assert one.result.throughput == two.result.throughput
    assert one.result.replications == two.result.replications
    assert one.result.throughput != other.result.throughput


def test_batches_of_one_long_run_agree_with_replications(write: Write) -> None:
    line = write(TWO + buffer(1))
    outcome = run(line, method="batches")
    assert outcome.certificate.holds, outcome.certificate.failed
    assert abs(outcome.result.throughput - 2700) <= WIDTHS * outcome.result.throughput_half_width


def test_the_slow_station_is_the_bottleneck(write: Write) -> None:
    slow = EXPONENTIAL.replace("1.0", "1.6")
    line = write(f'stations = [{{id = "A", {EXPONENTIAL}}}, {{id = "B", {slow}}}]\n' + buffer(3))
    result = run(line, sensitivities=True).result
    assert (result.bottleneck, result.gains) == ("B", "derivative")
    assert result.stations["gain"][1] > result.stations["gain"][0] > 0


def test_parallel_servers_that_wait_to_start_go_to_the_events(write: Write) -> None:
    """The recursion would read departures that have not happened yet."""
    body = f'stations = [{{id = "A", servers = 3, {EXPONENTIAL}}}, {{id = "B", {EXPONENTIAL}}}]\n'
    line = write(body + buffer(1))
    assert run(line).result.engine == "recursion"
    outcome = run(line, blocking="before")
    assert outcome.result.engine == "events"
    assert outcome.certificate.holds, outcome.certificate.failed
    with pytest.raises(InputError, match="cannot express"):
        run(line, blocking="before", engine="recursion")


def test_few_replications_leave_it_open(write: Write) -> None:
    outcome = run(write(TWO), half_width=0.01, replications=16)
    assert outcome.result.outcome == "open"
    assert outcome.certificate.holds


def test_a_line_without_stations_is_refused(write: Write) -> None:
    with pytest.raises(InputError, match="no stations"):
        run(write(""))


def test_a_machine_that_always_fails_is_refused(write: Write) -> None:
    with pytest.raises(InputError, match="fails every"):
        run(write('stations = [{id = "A", work = 1.0, breakdown = {mtbf = 0.0001, mttr = 1}}]\n'))


def test_a_negative_repair_is_refused_with_its_place(write: Write) -> None:
    with pytest.raises(InputError) as caught:
        run(write('stations = [{id = "A", work = 1.0, breakdown = {mtbf = 10, mttr = -1}}]\n'))
    assert any("mttr" in finding.message for finding in caught.value.findings)


def test_a_window_too_long_to_simulate_is_refused(write: Write) -> None:
    with pytest.raises(InputError, match="fewer hours"):
        run(write(TWO), hours=100_000.0)


@pytest.mark.parametrize("engine", ["recursion", "events"])
def test_a_cancelled_simulation_stops(write: Write, engine: str) -> None:
    context = Context(path=simulate.path, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        simulate(context, line=write(TWO), engine=engine)
