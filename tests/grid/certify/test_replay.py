"""Outages solved again by a contingency study's certificate: on which threads, from which limits."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.core.context import Context, at_work
from genba.core.errors import Cancelled
from genba.core.operation import PROPOSED
from genba.grid.certify.circuit import circuit
from genba.grid.certify.newton import pattern
from genba.grid.certify.outages import Outage, aftermath
from genba.grid.certify.replay import Study, solve_again
from genba.grid.certify.retry import attempt
from genba.grid.certify.schedule import schedule, studied
from genba.grid.certify.twoport import two_ports
from genba.grid.certify.violations import limits, loads
from genba.grid.io import matpower
from genba.grid.operations.contingency import contingency
from genba.grid.records.contingency import ContingencyParams

Certify = Callable[..., Any]


@pytest.mark.parametrize("granted", [1, 2])
def test_outages_are_solved_again_on_no_more_threads_than_granted(
    certified: Certify, monkeypatch: pytest.MonkeyPatch, granted: int
) -> None:
    monkeypatch.setattr("genba.grid.certify.replay.BATCH", 4)  # two looks at least at threads in use
    run = certified("contingency")
    before, seen = threading.active_count(), []
    run.context.threads, silent = granted, run.context.report
    run.context.report = lambda fraction, message: seen.append(threading.active_count() - before)
    try:
        assert run.of(run.result).holds
    finally:
        run.context.threads, run.context.report = 1, silent
    assert len(seen) > 1
    assert 0 < max(seen) <= granted


def test_the_certificate_heeds_a_wish_to_stop_after_every_outage(certified: Certify) -> None:
    run = certified("contingency")
    looks, silent = [], run.context.cancelled
    run.context.cancelled = lambda: looks.append(None) or False
    try:
        assert run.of(run.result).holds
    finally:
        run.context.cancelled = silent
    again = min(run.params.audit, run.result.studied)
    assert len(looks) > again


def test_an_independent_power_flow_heeds_a_wish_to_stop_at_every_step(certified: Certify) -> None:
    run = certified("contingency")
    grid = studied(run.params, run.context)
    with at_work(Context(cancelled=lambda: True)), pytest.raises(Cancelled):
        attempt(grid, schedule(grid), run.params)


def test_certifying_is_told_as_the_last_part_of_the_work(tmp_path: Path) -> None:
    (tmp_path / "lift.m").write_text(LIFT)
    told: list[tuple[float, str]] = []
    contingency(
        Context(report=lambda *said: told.append(said)),
        case=str(tmp_path / "lift.m"),
        reactive_limits=True,
    )
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert max(fraction for fraction, said in told if "certifying" not in said) <= PROPOSED
    assert min(fraction for fraction, said in told if "certifying" in said) == PROPOSED


# Unit 2 stands at its lower limit while branch 2 feeds its bus. Over branch 1 alone, 300 MW arrive only with
# reactive power from that unit: 1.05^2 / 0.4 p.u. = 276 MW without, 1.05 / 0.2 p.u. = 525 MW when it holds 1.
LIFT = """function mpc = lift
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [ 1 3 0 0 0 0 1 1 0 1 1 1.1 0.9; 2 2 300 0 0 0 1 1 0 1 1 1.1 0.9 ];
mpc.gen = [ 1 300 0 900 -900 1.05 100 1 400 0; 2 0 0 400 0 1 100 1 9 0 ];
mpc.branch = [ 1 2 0 0.2 0 0 0 0 0 0 1 0 0; 1 2 0 0.02 0 0 0 0 0 0 1 0 0 ];
"""


def test_an_outage_is_solved_again_without_the_limits_of_the_base_as_well(tmp_path: Path) -> None:
    (tmp_path / "lift.m").write_text(LIFT)
    params, context = (
        contingency.parse({"case": str(tmp_path / "lift.m"), "reactive_limits": True}),
        Context(),
    )
    result = contingency.function(params, context)
    assert result.units["limit"].tolist() == ["", "qmin"]
    lost = int(np.flatnonzero(result.outages["outage"] == "branch.2")[0])
    assert result.outages["status"][lost] == "secure"
    assert contingency.certify(params, result, context).failed == ()
    status = result.outages["status"].copy()
    status[lost] = "diverged"
    denied = result.model_copy(
        update={"outages": result.outages.replace(status=status), "diverged": 1, "outcome": "insecure"}
    )
    assert "divergences" in {claim.name for claim in contingency.certify(params, denied, context).failed}


TWIN = """function mpc = twin
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [ 1 3 0 0 0 0 1 1 0 1 1 1.1 0.9; 2 1 50 0 0 0 1 1 0 1 1 1.1 0.9 ];
mpc.gen = [ 1 50 0 99 -99 1 100 1 200 0 ];
mpc.branch = [ 1 2 0 0.1 0 0 0 0 0 0 1 0 0; 1 2 0 0.1 0 0 0 0 0 0 1 0 0 ];
"""


def test_what_the_base_does_not_lead_to_is_found_from_other_starts() -> None:
    """From half a turn across the line Newton's method finds the lower of two voltages, a collapse."""
    grid, params = circuit(matpower.parse(TWIN)[0]), ContingencyParams(case="twin.m")
    bounds, v = limits(grid, params), np.array([1.0, np.exp(3.0j)])
    base = loads(grid, two_ports(grid), v, bounds)
    p = grid.case.gen["pg"].astype(float)
    study = Study(params, grid, pattern(grid), bounds, v, p, np.zeros(2), base)
    lost = Outage("branch.2", np.array([1]), np.zeros(0, np.int64))
    work = [(lost, aftermath(grid, lost, p))]
    assert solve_again(study, work, Context(), starts=()) == [[]]
    ((found,),) = solve_again(study, work, Context())
    high = np.sqrt((1 + np.sqrt(1 - 4 * (0.5 * 0.1) ** 2)) / 2)  # v^4 - v^2 + (p x)^2 = 0
    assert found.value[len(grid.start) + 1] == pytest.approx(high, abs=1e-7)
