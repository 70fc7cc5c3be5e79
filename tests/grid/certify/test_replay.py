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
from genba.grid.certify.outages import Aftermath, Outage, aftermath
from genba.grid.certify.replay import Study, solvable, solve_again
from genba.grid.certify.retry import attempt
from genba.grid.certify.schedule import schedule, studied
from genba.grid.certify.twoport import two_ports
from genba.grid.certify.violations import Loads, limits, loads
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


def twin(load: float, angle: float) -> tuple[Study, list[tuple[Outage, Aftermath]]]:
    """Give a study of TWIN with this load (MW) from 1 p.u. at an angle (rad), and the loss of a line."""
    text = TWIN.replace("2 1 50", f"2 1 {load}")
    grid, params = circuit(matpower.parse(text)[0]), ContingencyParams(case="twin.m")
    bounds, v = limits(grid, params), np.array([1.0, np.exp(1j * angle)])
    base = loads(grid, two_ports(grid), v, bounds)
    p = grid.case.gen["pg"].astype(float)
    study = Study(params, grid, pattern(grid), bounds, v, p, np.zeros(2), base)
    lost = Outage("branch.2", np.array([1]), np.zeros(0, np.int64))
    return study, [(lost, aftermath(grid, lost, p))]


def roots(load: float) -> tuple[float, float]:
    """Give the two voltages at a load over one line of TWIN: v^4 - v^2 + (p x)^2 = 0."""
    part = np.sqrt(1 - 4 * (load / 100 * 0.1) ** 2)
    return float(np.sqrt((1 - part) / 2)), float(np.sqrt((1 + part) / 2))


def test_what_the_base_does_not_lead_to_is_found_from_other_starts() -> None:
    """From half a turn across the line Newton's method finds the lower of two voltages, a collapse."""
    study, work = twin(50, angle=3.0)
    ((found,),) = solve_again(study, work, Context())
    assert found.value[len(study.grid.start) + 1] == pytest.approx(roots(50)[1], abs=1e-7)


def test_a_divergence_is_refuted_by_what_only_other_starts_lead_to() -> None:
    assert solvable(*twin(50, angle=3.0), Context()) == [True]
    most = 100 / (2 * 0.1)  # MW at unity power factor
    assert solvable(*twin(1.01 * most, angle=0.1), Context()) == [False]


def test_a_low_solution_is_found_by_way_of_the_voltages_reported() -> None:
    study, work = twin(300, angle=0.1)
    (low, high), place = roots(300), len(study.grid.start) + 1

    def is_low(outage: Outage, found: Loads) -> bool:
        return abs(float(found.value[place]) - low) < 1e-6

    (without,) = solve_again(study, work, Context(), borne_out=is_low)
    assert {round(float(found.value[place]), 6) for found in without} == {round(high, 6)}
    for told in (low, low + 0.02):  # values are no less compared: this is a start
        reported = {"branch.2": np.array([0.0, told])}
        (found,) = solve_again(
            study, work, Context(), borne_out=is_low, told=lambda outage, of=reported: of[outage.name]
        )
        assert found[-1].value[place] == pytest.approx(low, abs=1e-6)
