"""The record against a model: the state machine, fencing, and a history without gaps."""

import itertools
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from genba.core.certificate import Certificate, equal
from genba.core.errors import Conflict
from genba.core.run import ACTIVE, TERMINAL, TRANSITIONS, Limits, Run, State
from genba.store.database import Database
from genba.store.queries import Queries
from genba.store.runs import ATTEMPTS, Ending, Runs

HOLDS = Certificate(claims=(equal("right", 1.0, expected=1.0, method="By hand."),))
LEASE_NS = 30


def new_run(run_id: str, token: str | None = None, digest: str = "d", **values: object) -> Run:
    plain = {
        "id": run_id,
        "operation": "factory.probe",
        "params": {"seconds": 0.0},
        "digest": digest,
        "state": State.ACCEPTED,
        "reason": "",
        "attempt": 0,
        "region": "local",
        "seed": 0,
        "limits": Limits(),
        "token": token,
        "parent": None,
        "shift": None,
        "step": None,
        "ephemeral": False,
        "tags": (),
        "note": "",
        "inputs": (),
        "created": 0,
        "updated": 0,
        "cancel_requested": False,
        "fraction": None,
        "message": "",
        "result": None,
        "certificate": None,
        "findings": (),
        "artifacts": (),
        "error": None,
        "seconds": None,
    }
    return Run(**{**plain, **values})  # type: ignore[arg-type]


@dataclass
class Model:
    """What a run should look like."""

    state: State = State.ACCEPTED
    attempt: int = 0
    spent: int = 0
    cancel_requested: bool = False
    history: list[State] = field(default_factory=lambda: [State.ACCEPTED])
    published: int = 0

    def move(self, after: State) -> None:
        assert after in TRANSITIONS[self.state]
        self.state = after
        self.history.append(after)


class RecordMachine(RuleBasedStateMachine):
    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.database = Database.open(self.home)
        clock = itertools.count(1)
        self.record = Runs(self.database, lambda: next(clock))
        self.queries = Queries(self.database)
        self.models: dict[str, Model] = {}
        self.names = itertools.count()

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.home)

    @rule(target=runs)
    def accept(self) -> str:
        run_id = f"{next(self.names):026d}"
        self.record.accept(new_run(run_id))
        self.models[run_id] = Model()
        return run_id

    @rule(run=runs)
    def claim(self, run: str) -> None:
        model = self.models[run]
        taken = self.record.claim("me", (run,), lease_ns=LEASE_NS)
        if model.state in (State.ACCEPTED, State.LOST):
            model.move(State.PLACED)
            model.move(State.SUBMITTED)
            model.attempt += 1
            assert [found.attempt for found in taken] == [model.attempt]
        else:
            assert taken == ()

    @rule(run=runs, back=st.integers(0, 1))
    def start(self, run: str, back: int) -> None:
        model = self.models[run]
        if back == 0 and model.state is State.SUBMITTED:
            self.record.start(run, model.attempt, "worker")
            model.move(State.RUNNING)
        else:
            with pytest.raises(Conflict):
                self.record.start(run, model.attempt - back, "worker")

    @rule(
        run=runs,
        back=st.integers(0, 1),
        state=st.sampled_from((State.SUCCEEDED, State.REFUSED, State.FAILED, State.CANCELLED)),
    )
    def finish(self, run: str, back: int, state: State) -> None:
        model = self.models[run]
        ending = Ending(
            state=state, reason="because", result={"outcome": "x"}, certificate=HOLDS, seconds=0.1
        )
        under_way = model.state in (State.SUBMITTED, State.RUNNING)
        if back or not under_way:
            with pytest.raises(Conflict):
                self.record.finish(run, model.attempt - back, ending)
            return
        self.record.finish(run, model.attempt, ending)
        if model.state is State.SUBMITTED and state in (State.SUCCEEDED, State.REFUSED):
            model.move(State.RUNNING)
        model.move(state)
        model.published += 1

    @rule(run=runs, back=st.integers(0, 1), counts=st.booleans())
    def lose(self, run: str, back: int, counts: bool) -> None:
        model = self.models[run]
        if back or model.state not in (State.SUBMITTED, State.RUNNING):
            with pytest.raises(Conflict):
                self.record.lose(run, model.attempt - back, "gone", counts=counts)
            return
        self.record.lose(run, model.attempt, "gone", counts=counts)
        if model.cancel_requested:
            model.move(State.CANCELLED)
            return
        model.move(State.LOST)
        if not counts:
            model.spent += 1
        elif model.attempt - model.spent >= ATTEMPTS:
            model.move(State.FAILED)

    @rule(run=runs)
    def cancel(self, run: str) -> None:
        model = self.models[run]
        if model.state in (State.SUCCEEDED, State.REFUSED, State.FAILED):
            with pytest.raises(Conflict):
                self.record.cancel(run)
            return
        self.record.cancel(run)
        if model.state is State.CANCELLED:
            return
        if model.state is State.LOST:
            model.move(State.PLACED)
        if model.state in (State.ACCEPTED, State.PLACED):
            model.move(State.CANCELLED)
        model.cancel_requested = True

    @rule(run=runs)
    def retry(self, run: str) -> None:
        model = self.models[run]
        if model.state not in (State.REFUSED, State.FAILED, State.CANCELLED):
            with pytest.raises(Conflict):
                self.record.retry(run)
            return
        self.record.retry(run)
        model.move(State.ACCEPTED)
        model.spent, model.cancel_requested = model.attempt, False

    @rule(run=consumes(runs))
    def forget(self, run: str) -> None:
        if self.models[run].state in ACTIVE:
            with pytest.raises(Conflict):
                self.record.forget(run)
        else:
            self.record.forget(run)
            del self.models[run]

    @invariant()
    def the_record_is_as_the_model(self) -> None:
        for run_id, model in self.models.items():
            run = self.queries.run(run_id)
            assert (run.state, run.attempt, run.cancel_requested) == (
                model.state,
                model.attempt,
                model.cancel_requested,
            )
            assert (run.result is None) == (model.state is State.ACCEPTED or run.error is not None) or (
                model.state not in (State.SUCCEEDED, State.REFUSED)
            )

    @invariant()
    def the_history_has_no_gap(self) -> None:
        for run_id, model in self.models.items():
            events = self.queries.events(run_id)
            assert [event.after for event in events] == model.history
            assert [event.before for event in events] == [None, *model.history[:-1]]
            assert [event.seq for event in events] == sorted(event.seq for event in events)

    @invariant()
    def every_attempt_is_kept_and_only_the_newest_is_open(self) -> None:
        for run_id, model in self.models.items():
            attempts = self.queries.attempts(run_id)
            assert [attempt.number for attempt in attempts] == list(range(1, model.attempt + 1))
            under_way = model.state in (State.SUBMITTED, State.RUNNING)
            open_ones = [attempt.number for attempt in attempts if attempt.ended is None]
            assert open_ones == ([model.attempt] if under_way else [])


RecordMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestRecord = RecordMachine.TestCase


def test_the_machine_is_the_one_of_the_design() -> None:
    drawn = """
    accepted -> placed failed cancelled
    placed -> submitted failed cancelled
    submitted -> running lost failed cancelled
    running -> succeeded refused lost failed cancelled
    lost -> placed failed
    refused -> accepted
    failed -> accepted
    cancelled -> accepted
    """
    lines = (line.split(" -> ") for line in drawn.strip().splitlines())
    expected = {State(before.strip()): {State(after) for after in afters.split()} for before, afters in lines}
    assert {before: set(afters) for before, afters in TRANSITIONS.items() if afters} == expected
    assert {state for state in State if not TRANSITIONS[state] & ACTIVE - {State.ACCEPTED}} == TERMINAL


@pytest.fixture
def database(tmp_path: Path):
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


def test_a_token_gives_the_same_run_again(database: Database) -> None:
    record = Runs(database, lambda: 1)
    first = record.accept(new_run("0" * 26, token="t"))
    assert record.accept(new_run("1" * 26, token="t")).id == first.id


@pytest.mark.parametrize("other", [{"digest": "e"}, {"seed": 1}])
def test_a_token_of_other_work_is_a_conflict(database: Database, other: dict[str, object]) -> None:
    record = Runs(database, lambda: 1)
    record.accept(new_run("0" * 26, token="t"))
    with pytest.raises(Conflict, match="new token"):
        record.accept(new_run("1" * 26, token="t", **other))


def test_only_one_supervisor_takes_an_attempt_over(database: Database) -> None:
    record = Runs(database, lambda: 1)
    record.accept(new_run("0" * 26))
    record.claim("old", ("0" * 26,), lease_ns=1)
    answers = [
        record.take_over("0" * 26, 1, before="old", after=name, lease_ns=1) for name in ("first", "second")
    ]
    assert answers == [True, False]


def test_a_renewed_lease_ends_later_and_others_do_not(database: Database) -> None:
    now = itertools.count(100, 100)
    record, queries = Runs(database, lambda: next(now)), Queries(database)
    for name, owner in (("0" * 26, "me"), ("1" * 26, "you")):
        record.accept(new_run(name))
        record.claim(owner, (name,), lease_ns=5)
    before = {held.owner: held.lease_until for held in queries.held(None)}
    record.renew("me", lease_ns=5)
    after = {held.owner: held.lease_until for held in queries.held(None)}
    assert after["me"] > before["me"]
    assert after["you"] == before["you"]


def test_a_changed_transaction_that_fails_leaves_nothing(database: Database) -> None:
    record, queries = Runs(database, lambda: 1), Queries(database)
    record.accept(new_run("0" * 26))

    def change_and_fail() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE runs SET state = 'failed'")
            raise Conflict("stop")

    with pytest.raises(Conflict):
        change_and_fail()
    assert queries.run("0" * 26).state is State.ACCEPTED


def test_pages_follow_each_other_without_gap_or_repeat(database: Database) -> None:
    record, queries = Runs(database, lambda: 1), Queries(database)
    names = [f"{number:026d}" for number in range(7)]
    for name in names:
        record.accept(new_run(name, tags=("odd",) if int(name) % 2 else ()))

    @dataclass
    class Wanted:
        states: tuple[State, ...] = ()
        operation: str | None = None
        tag: str | None = None
        shift: str | None = None

    first = queries.page(Wanted(), before=None, limit=4)
    second = queries.page(Wanted(), before=first[-1].id, limit=4)
    assert [run.id for run in (*first, *second)] == names[::-1]
    tagged = queries.page(Wanted(tag="odd"), before=None, limit=10)
    assert [int(run.id) for run in tagged] == [5, 3, 1]
    assert queries.page(Wanted(operation="other"), before=None, limit=10) == ()


def test_a_prefix_that_means_several_runs_is_a_conflict(database: Database) -> None:
    record, queries = Runs(database, lambda: 1), Queries(database)
    for name in ("A" * 26, "A" * 25 + "B"):
        record.accept(new_run(name))
    with pytest.raises(Conflict, match="several"):
        queries.run("aaaa")
    assert queries.run("a" * 25 + "b").id == "A" * 25 + "B"
