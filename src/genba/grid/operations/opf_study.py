"""The first half of `grid.opf`: a case made ready, with what it is held to and what it costs."""

from dataclasses import dataclass

import numpy as np

from genba.core.context import Context
from genba.grid.checks.opf import NOT_CONVEX
from genba.grid.kernels.binding import Held
from genba.grid.kernels.islands import islands
from genba.grid.kernels.network import Ints, Network, network_of
from genba.grid.kernels.opf_model import OpfLimits, OpfModel, opf_model
from genba.grid.kernels.opf_state import Rows, rows_of
from genba.grid.kernels.sources import CostRows, sources_of
from genba.grid.records.case import Case
from genba.grid.records.opf import OpfParams


@dataclass(frozen=True, eq=False)
class Study:
    """A case made ready: what is alive, what it is held to, and what it costs."""

    case: Case
    network: Network
    island: Ints
    held: Held
    costs: CostRows
    model: OpfModel
    rows: Rows


def study_of(params: OpfParams, case: Case, ctx: Context) -> Study:
    """Make a case ready.

    Raises:
        InputError: when a piecewise cost is not convex.
    """
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    island = islands(network)
    held = _held(params, case, network)
    costs = CostRows(
        model=case.cost["model"][: len(case.gen)],
        terms=case.cost["terms"][: len(case.gen)],
        data=case.cost_data[: len(case.gen)],
    )
    sources = sources_of(network, costs)
    ctx.check(NOT_CONVEX.at(f"gen {row + 1}") for row in sources.refused)
    limits = OpfLimits(
        vm_min=held.vmin,
        vm_max=held.vmax,
        rating=np.where(np.isnan(held.limit), np.inf, held.limit / case.base_mva),
        angle_min=np.where(np.isnan(held.angmin), -np.inf, np.radians(held.angmin)),
        angle_max=np.where(np.isnan(held.angmax), np.inf, np.radians(held.angmax)),
    )
    model = opf_model(network, sources, limits, island=island)
    rows = rows_of(model, buses=len(case.bus), branches=len(case.branch), units=len(case.gen))
    return Study(case, network, island, held, costs, model, rows)


def _held(params: OpfParams, case: Case, network: Network) -> Held:
    """Give what the state is held to, margins included."""
    branch, bus, gen = case.branch, case.bus, case.gen
    rated = (branch["rate_a"] > 0) & params.branch_limits
    free = (branch["angmin"] == 0) & (branch["angmax"] == 0) | (not params.angle_limits)
    middle = (bus["vmin"] + bus["vmax"]) / 2
    return Held(
        limit=np.where(rated, branch["rate_a"] * (1 - params.flow_margin / 100), np.nan),
        angmin=np.where(free | (branch["angmin"] <= -360), np.nan, branch["angmin"]),
        angmax=np.where(free | (branch["angmax"] >= 360), np.nan, branch["angmax"]),
        vmin=np.minimum(bus["vmin"] + params.voltage_margin, middle),
        vmax=np.maximum(bus["vmax"] - params.voltage_margin, middle),
        pmin=gen["pmin"],
        pmax=gen["pmax"],
        qmin=gen["qmin"],
        qmax=gen["qmax"],
        runs=network.unit_on,
        host=network.unit_bus,
    )
