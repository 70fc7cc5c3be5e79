"""A line goes to both engines alike: the same units at the same times, the same sums within a window."""

from collections.abc import Callable
from dataclasses import fields

import numpy as np

from genba.line.kernels.replications import Observed
from genba.line.operations.simulate import Recursion
from genba.line.operations.simulate_events import Events
from genba.line.operations.simulate_model import flow_of
from genba.line.records.line import Line
from genba.line.records.simulate import SimulateParams

SUMS = 1e-9  # relative: states are summed in another order


def test_both_engines_see_the_same_in_a_window(make: Callable[..., Line]) -> None:
    work = {"kind": "lognormal", "mean": 10.0, "cv": 0.4}
    broken = {"mtbf": 200.0, "mttr": 20.0}
    line = make(
        stations=[
            {"id": "a", "tasks": ["a"], "work": work, "breakdown": broken},
            {"id": "b", "work": work, "breakdown": broken},
            {"id": "c", "work": work},
        ],
        buffers=[{"id": "p", "before": "b", "capacity": 3}],
    )
    flow = flow_of(line)
    params = SimulateParams.model_construct(blocking="after")
    assert flow.reasons == ()
    spans = [(500.0, 4000.0)]
    (theirs,), slow = Recursion(flow, params, 5).observe(0, spans, lambda: None)
    (ours,), quick = Events(flow, params, 5).observe(0, spans, lambda: None)
    count = min(len(slow.left), len(quick.left))
    assert count > 100
    assert np.array_equal(slow.left[:count], quick.left[:count])
    assert np.array_equal(slow.entered[:count], quick.entered[:count])
    for name in {field.name for field in fields(Observed)} - {"working", "down"}:
        one, other = getattr(ours, name), getattr(theirs, name)
        np.testing.assert_allclose(one, other, rtol=SUMS, atol=1e-6, err_msg=name)
    # at the window's edges the recursion does not say when within a part's time its repair took place
    np.testing.assert_allclose(ours.working + ours.down, theirs.working + theirs.down, rtol=SUMS)
