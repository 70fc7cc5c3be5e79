"""The bound by weights over loads: never above the optimum, and as strong as the kernels' own."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.line.certify.enumeration import fewest_stations
from genba.line.certify.load_bound import stations_by_loads
from genba.line.certify.station_bound import stations_needed
from genba.line.kernels.lessons import weighed
from genba.line.kernels.salbp import salbp_of

Case = tuple[list[int], list[frozenset[int]], int]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Give times, all that is before each task, in no order of numbers, and a cycle that holds every task."""
    n = draw(st.integers(1, 9))
    cycle = draw(st.integers(4, 30))
    times = draw(st.lists(st.integers(1, cycle), min_size=n, max_size=n))
    order = draw(st.permutations(range(n)))
    before: dict[int, frozenset[int]] = {}
    for j, task in enumerate(order):
        direct = [one for one in order[:j] if draw(st.booleans())]
        before[task] = frozenset(direct).union(*(before[one] for one in direct))
    return times, [before[task] for task in range(n)], cycle


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_bound_never_passes_the_optimum(case: Case) -> None:
    assert 1 <= stations_by_loads(*case) <= (fewest_stations(*case) or 0)


@settings(max_examples=40, deadline=None)
@given(cases())
def test_what_the_kernels_claim_is_found_again(case: Case) -> None:
    times, before, cycle = case
    pairs = np.array([(a, b) for b, tasks in enumerate(before) for a in tasks], np.int64).reshape(-1, 2)
    start, end = pairs[:, 0], pairs[:, 1]
    ways = (
        salbp_of(np.array(times), start, end, cycle),
        salbp_of(np.array(times), start, end, cycle, backward=True),
    )
    _, bound = weighed(ways, 1)
    assert max(stations_by_loads(*case), stations_needed(*case)) >= bound


def test_precedence_between_short_tasks_counts() -> None:
    """Two tasks of 4 fit together, but 7 lies between them; the bounds by times alone see two stations."""
    case = ([4, 7, 4], [frozenset(), frozenset([0]), frozenset([0, 1])], 10)
    assert stations_by_loads(*case) == 3
    assert stations_needed(*case) == 2


def test_too_many_loads_give_no_bound() -> None:
    case = ([1] * 6, [frozenset[int]()] * 6, 6)  # 63 loads
    assert stations_by_loads(*case, most=62) == 0
    assert stations_by_loads(*case, most=63) == 1
