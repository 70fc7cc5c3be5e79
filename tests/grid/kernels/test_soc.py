"""The relaxation against PGLib's published gaps, its bound against hand results and sampled states."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genba.grid.io.matpower import read
from genba.grid.kernels.admittance import branch_powers
from genba.grid.kernels.islands import islands
from genba.grid.kernels.lagrangian import Proof, lower_bound
from genba.grid.kernels.network import bus_sum, network_of
from genba.grid.kernels.opf_model import OpfLimits, OpfModel, opf_model
from genba.grid.kernels.soc import soc_opf
from genba.grid.kernels.sources import CostRows, sources_of

PRINTED = 0.016
"""PGLib prints gaps to 0.01 %, of costs with five digits; the solver adds what it is off."""


def _quiet(standing: object) -> bool:
    return False


@pytest.fixture
def model(pglib: Path) -> Callable[[str], OpfModel]:
    """Give the model of a PGLib case."""

    def model(name: str) -> OpfModel:
        case = read(pglib / name.partition("__")[2] / f"pglib_opf_{name}.m")[0]
        network = network_of(case.base_mva, case.bus, case.gen, case.branch)
        costs = CostRows(model=case.cost["model"], terms=case.cost["terms"], data=case.cost_data)
        rate = case.branch["rate_a"]
        limits = OpfLimits(
            vm_min=case.bus["vmin"],
            vm_max=case.bus["vmax"],
            rating=np.where(rate > 0, rate / case.base_mva, np.inf),
            angle_min=np.radians(case.branch["angmin"]),
            angle_max=np.radians(case.branch["angmax"]),
        )
        return opf_model(network, sources_of(network, costs), limits, island=islands(network))

    return model


def _baseline(pglib: Path, name: str) -> tuple[float, float]:
    """Give PGLib's AC cost and SOC gap."""
    row = next(
        row
        for row in (pglib / "BASELINE.md").read_text().splitlines()
        if row.startswith(f"| pglib_opf_{name} ")
    )
    cells = [cell.strip() for cell in row.split("|")]
    return float(cells[5]), float(cells[7])


@pytest.mark.parametrize(
    "name",
    [
        *("case3_lmbd", "case5_pjm", "case14_ieee", "case30_ieee", "case89_pegase", "case118_ieee"),
        *("case162_ieee_dtc", "case300_ieee", "case5_pjm__sad", "case14_ieee__sad", "case118_ieee__sad"),
        *("case39_epri__sad", "case24_ieee_rts__sad", "case118_ieee__api", "case300_ieee__api"),
    ],
)
def test_the_proven_bound_reaches_pglibs_published_gap(
    pglib: Path, model: Callable[[str], OpfModel], name: str
) -> None:
    grid = model(name)
    found = soc_opf(grid, _quiet)
    cost, gap = _baseline(pglib, name)
    bound = lower_bound(grid, found.proof)
    assert 100 * (cost - bound) / cost == pytest.approx(gap, abs=PRINTED)
    assert bound <= found.objective * (1 + 1e-4)


def test_the_bound_of_two_buses_is_that_by_hand(build: Callable[..., object]) -> None:
    """A lossless line of 0.1 p.u. to 50 MW at 20 $/MWh: 1000 $/h, and no relaxation can be exact to less."""
    network = build([[1, 3, 0, 0], [2, 1, 50, 0]], [[1, 50, 0, 99, -99, 1, 200, 0]], [[1, 2, 0, 0.1, 0]])
    costs = CostRows(model=np.array([2]), terms=np.array([2]), data=np.array([[20.0, 0.0]]))
    none = np.full(1, np.inf)
    limits = OpfLimits(
        vm_min=np.full(2, 0.9), vm_max=np.full(2, 1.1), rating=none, angle_min=-none, angle_max=none
    )
    grid = opf_model(network, sources_of(network, costs), limits, island=islands(network))  # type: ignore[arg-type]
    found = soc_opf(grid, _quiet)
    assert found.objective == pytest.approx(1000.0, rel=1e-6)
    assert lower_bound(grid, found.proof) == pytest.approx(1000.0, rel=1e-6)
    assert found.proof.price.real == pytest.approx([2000.0, 2000.0], rel=1e-5)


def test_no_multipliers_prove_more_than_a_state_that_exists_costs(
    model: Callable[[str], OpfModel],
) -> None:
    """Weak duality by brute force: a state is drawn, the case made around it, multipliers are drawn too."""
    random = np.random.default_rng(7)
    grid = model("case14_ieee__sad")
    buses, branches = len(grid.demand), len(grid.start)
    for _ in range(200):
        vm = random.uniform(grid.vm_min, grid.vm_max)
        va = random.uniform(-0.02, 0.02, buses)
        voltage = vm * np.exp(1j * va)
        s_from, s_to = branch_powers(grid.two_port, voltage, ends=(grid.start, grid.end))
        p, q = random.uniform(grid.p_min, grid.p_max), random.uniform(grid.q_min, grid.q_max)
        given, taken = np.zeros(buses, complex), np.abs(voltage) ** 2 * grid.shunt.conj()
        np.add.at(given, grid.source_bus, p + 1j * q)
        np.add.at(taken, grid.start, s_from)
        np.add.at(taken, grid.end, s_to)
        difference = va[grid.start] - va[grid.end]
        drawn = replace(
            grid,
            demand=given - taken,
            rating=np.maximum(np.abs(s_from), np.abs(s_to)) * random.choice([1.0, 1.5], branches),
            angle_min=np.minimum(difference, random.choice([-0.5, 0.0, 0.005], branches)),
            angle_max=np.maximum(difference, random.choice([0.5, 0.01], branches)),
        )
        proof = Proof(
            price=random.normal(2000, 800, buses) + 1j * random.normal(0, 300, buses),
            pull_from=random.normal(0, 500, branches) + 1j * random.normal(0, 500, branches),
            pull_to=random.normal(0, 500, branches) + 1j * random.normal(0, 500, branches),
            vm=random.uniform(0.9, 1.1, buses),
        )
        assert lower_bound(drawn, proof) <= drawn.cost_at(p) + 1e-6


def test_the_least_slack_proves_that_a_case_is_infeasible(model: Callable[[str], OpfModel]) -> None:
    grid = model("case14_ieee")
    short = replace(grid, demand=grid.demand * 3)  # pmax is below that
    found = soc_opf(short, _quiet, elastic=True)
    proven = lower_bound(short, found.proof, costs=False)
    assert found.objective == pytest.approx(proven, rel=1e-4)
    assert proven > 1.0
    left = bus_sum(np.arange(14), found.short_p, 14).sum()
    assert left >= short.demand.real.sum() - short.p_max.sum() - 1e-6


def test_a_feasible_case_needs_no_slack(model: Callable[[str], OpfModel]) -> None:
    grid = model("case14_ieee")
    found = soc_opf(grid, _quiet, elastic=True)
    assert found.objective == pytest.approx(0.0, abs=1e-6)
    assert lower_bound(grid, found.proof, costs=False) <= 1e-9
