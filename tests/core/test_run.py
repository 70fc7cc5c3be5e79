"""The state machine against the design's text, written down a second time here."""

import pytest

from genba.core.run import ACTIVE, TERMINAL, TRANSITIONS, State

BEFORE_THE_END = ("accepted", "placed", "submitted", "running")
DRAWN = {
    *zip(BEFORE_THE_END, BEFORE_THE_END[1:], strict=False),
    *(("running", end) for end in ("succeeded", "refused", "failed")),
    *((state, end) for state in BEFORE_THE_END for end in ("cancelled", "failed")),
    *((state, "lost") for state in ("submitted", "running")),
    *(("lost", after) for after in ("placed", "failed")),
    *((end, "accepted") for end in ("refused", "failed", "cancelled")),
}


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_a_change_is_allowed_exactly_when_the_design_draws_it(before: State, after: State) -> None:
    assert (after in TRANSITIONS[before]) == ((before.value, after.value) in DRAWN)


def test_a_run_ends_in_one_of_four_states_and_nothing_leaves_success() -> None:
    assert {state.value for state in TERMINAL} == {"succeeded", "refused", "failed", "cancelled"}
    assert frozenset(State) == TERMINAL | ACTIVE
    assert not TRANSITIONS[State.SUCCEEDED]
