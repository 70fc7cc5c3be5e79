import pytest

from genba.core.context import Context, at_work, go_on, heed, wait_for, work_for, working_for
from genba.core.errors import Cancelled, InputError
from genba.core.findings import FindingKind, Severity
from genba.core.inputs import InputFile

WRONG = FindingKind("grid.wrong", Severity.ERROR, "{where} is wrong: found {value}.")
ODD = FindingKind("grid.odd", Severity.WARNING, "{where} is odd.")


def test_progress_stops_a_cancelled_run() -> None:
    with pytest.raises(Cancelled):
        Context(cancelled=lambda: True).progress(0.5, "half")


def test_progress_stays_between_none_and_all() -> None:
    seen: list[tuple[float, str]] = []
    context = Context(report=lambda fraction, message: seen.append((fraction, message)))
    for fraction in (-1.0, 0.5, 2.0):
        context.progress(fraction, "x")
    assert [fraction for fraction, _ in seen] == [0.0, 0.5, 1.0]


def test_progress_of_a_part_is_told_as_that_of_the_whole_and_never_falls() -> None:
    seen: list[float] = []
    context = Context(report=lambda fraction, message: seen.append(fraction))
    context.go_from(0.0, 0.8)
    for fraction in (0.5, 0.25, 1.0):
        context.progress(fraction, "work")
    context.go_from(0.8, 1.0)
    for fraction in (0.0, 0.5):
        context.progress(fraction, "proof")
    context.go_from(0.0, 0.8)  # another run
    context.progress(0.0, "work")
    assert seen == pytest.approx([0.4, 0.4, 0.8, 0.8, 0.9, 0.0])


def test_every_finding_is_kept_and_an_error_stops_the_run() -> None:
    context = Context()
    context.check([ODD.at("bus 1")])
    with pytest.raises(InputError, match="bus 2 is wrong: found 7") as caught:
        context.check([WRONG.at("bus 2", value=7), ODD.at("bus 3")])
    assert [finding.where for finding in caught.value.findings] == ["bus 1", "bus 2", "bus 3"]


def test_in_process_a_stored_file_has_no_path() -> None:
    with pytest.raises(InputError, match=r"genba\.submit"):
        Context().path(InputFile("@01HZX/units"))


def test_what_the_work_waits_for_is_told_beside_its_progress_until_it_goes_on() -> None:
    heard: list[tuple[float, str]] = []
    context = Context(report=lambda fraction, message: heard.append((fraction, message)))
    wait_for("nobody's")
    with at_work(context):
        wait_for("code")
        go_on()
        context.progress(0.5, "solving")
        wait_for("code")
        wait_for("code")
        go_on()
        go_on()
    go_on()
    told = [(0.0, "code"), (0.0, ""), (0.5, "solving"), (0.5, "solving: code"), (0.5, "solving: code")]
    assert heard == [*told, (0.5, "solving")]


def test_who_waits_notices_that_it_is_cancelled() -> None:
    with at_work(Context(cancelled=lambda: True)), pytest.raises(Cancelled):
        wait_for("code")


def test_a_loop_without_progress_heeds_a_wish_to_stop() -> None:
    heed()  # nothing is at work
    with at_work(Context()):
        heed()
    with at_work(Context(cancelled=lambda: True)), pytest.raises(Cancelled):
        heed()


def test_the_context_at_work_is_that_of_the_innermost_operation() -> None:
    one, other = Context(), Context()
    with at_work(one):
        with at_work(other):
            assert working_for() is other
        assert working_for() is one
        work_for(other)
        assert working_for() is other
    assert working_for() is None


def test_what_was_cancelled_waits_for_nothing_when_it_is_run_again() -> None:
    heard: list[str] = []
    context = Context(report=lambda fraction, message: heard.append(message))
    with at_work(context):
        wait_for("code")  # and is cancelled before it goes on
    with at_work(context):
        wait_for("code")
        go_on()
    assert heard == ["code", "code", ""]
