"""`grid.dispatch`: the cheapest outputs of units that a DC network can carry, with nodal prices."""

from dataclasses import dataclass

import numpy as np

from genba.core.context import Context
from genba.core.findings import FindingKind, Severity
from genba.core.operation import operation
from genba.grid.certify.dispatch import certify_dispatch
from genba.grid.io.opening import open_case
from genba.grid.kernels.cost_curves import cost_curves, marginal_cost
from genba.grid.kernels.dc_opf import Curves, DcDispatch, DcNetwork, dc_opf
from genba.grid.kernels.islands import islands, references
from genba.grid.kernels.network import Bools, Floats, Ints, Network, network_of
from genba.grid.records.case import Case
from genba.grid.records.dispatch import (
    DISPATCH_BRANCHES,
    DISPATCH_BUSES,
    DISPATCH_UNITS,
    SMALLEST_REACTANCE,
    DispatchParams,
    DispatchResult,
)
from genba.grid.views.dispatch import view_dispatch
from genba.num.table import Table, table

COST_NOT_SOLVED = FindingKind(
    "grid.cost_not_solved",
    Severity.ERROR,
    "The cost of {where} is not convex, or a polynomial above the second order; grid.dispatch solves convex "
    "piecewise linear and quadratic costs: approximate it by one of them.",
)
PER_DEGREE = np.pi / 180


@dataclass(frozen=True)
class Grid:
    """A case as the dispatch sees it: what is alive, and where."""

    case: Case
    network: Network
    island: Ints
    running: Ints
    conducting: Ints

    @property
    def alive(self) -> Bools:
        """Give whether each bus is energised."""
        return self.island > 0


@operation(
    "grid.dispatch",
    certify=certify_dispatch,
    views=view_dispatch,
    example="pglib:case118_ieee --formulation dcp",
)
def dispatch(params: DispatchParams, ctx: Context) -> DispatchResult:
    """Dispatch units at least cost through a DC network, or prove that the limits allow no dispatch.

    A linear program (convex quadratic costs by tangent cuts to a relative gap of 1e-9). Every island has its
    own angle reference; buses without a path to a unit in service are de-energised and counted as unserved.
    When demand cannot be met, a second program finds the least total imbalance, and its multipliers prove it.

    Example:
        >>> import genba
        >>> genba.grid.dispatch(case="pglib:case5_pjm", formulation="dcp").result.outcome
        'optimal'

    Source: Zimmerman, Murillo-Sanchez and Thomas, MATPOWER (2011), section III (dcmp); Coffrin et al.,
    PowerModels.jl (2018), formulation DCP (dcp).
    """
    case = open_case(params, ctx)
    grid = grid_of(case)
    net, curves = dc_network(grid, params), curves_of(grid, ctx)
    ctx.progress(0.1, f"solving {len(net.demand)} buses, {len(net.start)} branches, {len(net.host)} units")
    solved = dc_opf(net, curves, lambda iterations, gap: ctx.progress(*_standing(iterations, gap)))
    return _result(grid, solved, curves)


def _standing(iterations: int, gap: float) -> tuple[float, str]:
    """Give progress as a share and a sentence; the number of iterations to come is not known."""
    share = 0.1 + 0.85 * iterations / (iterations + 3000)
    return share, f"{iterations} iterations" + (f", gap {gap:.0e}" if np.isfinite(gap) else "")


def grid_of(case: Case) -> Grid:
    """Give what is alive of a case."""
    network = network_of(case.base_mva, case.bus, case.gen, case.branch)
    island = islands(network)
    conducting = network.branch_on & (island[network.from_bus] > 0)
    return Grid(case, network, island, np.flatnonzero(network.unit_on), np.flatnonzero(conducting))


def dc_network(grid: Grid, params: DispatchParams) -> DcNetwork:
    """Give the DC network of a grid with the limits that are asked for."""
    net, on, running = grid.network, grid.conducting, grid.running
    branch = grid.case.branch.where(on)
    susceptance, shift = _branch_model(grid, params)
    free = (branch["angmin"] == 0) & (branch["angmax"] == 0) | (not params.angle_limits)
    rated = (branch["rate_a"] > 0) & params.branch_limits
    chosen, _ = references(net, grid.island, net.unit_on)
    return DcNetwork(
        start=net.from_bus[on],
        end=net.to_bus[on],
        susceptance=susceptance,
        shift=shift,
        rating=np.where(rated, branch["rate_a"] / net.base_mva, np.inf),
        low=np.where(free | (branch["angmin"] <= -360), -np.inf, np.radians(branch["angmin"])),
        high=np.where(free | (branch["angmax"] >= 360), np.inf, np.radians(branch["angmax"])),
        host=net.unit_bus[running],
        pmin=net.unit_pmin[running],
        pmax=net.unit_pmax[running],
        demand=_demand(grid) / net.base_mva,
        reference=np.union1d(chosen[chosen >= 0], np.flatnonzero(~grid.alive)),
    )


def _branch_model(grid: Grid, params: DispatchParams) -> tuple[Floats, Floats]:
    """Give susceptance and shift of the conducting branches, p.u. and radians."""
    on = grid.conducting
    impedance = grid.network.impedance[on]
    if params.formulation == "dcp":
        return -(1 / impedance).imag, np.zeros(len(on))
    x = np.where(impedance.imag == 0, SMALLEST_REACTANCE, impedance.imag)
    return 1 / (x * np.abs(grid.network.tap[on])), np.radians(grid.case.branch["shift"][on])


def curves_of(grid: Grid, ctx: Context) -> Curves:
    """Give the costs of the running units; a case without costs has none.

    Raises:
        InputError: when one is not convex or above the second order.
    """
    case, running = grid.case, grid.running
    if not len(case.cost):
        none = np.zeros(len(running), np.int64)
        return cost_curves(none, none, np.zeros((len(running), 0)), base_mva=case.base_mva)[0]
    cost = case.cost.where(running)
    curves, refused = cost_curves(
        cost["model"], cost["terms"], case.cost_data[running], base_mva=case.base_mva
    )
    ctx.check(COST_NOT_SOLVED.at(f"gen {row + 1}") for row in running[refused])
    return curves


def _demand(grid: Grid) -> Floats:
    bus = grid.case.bus
    return np.where(grid.alive, bus["pd"] + bus["gs"], 0.0)


def _result(grid: Grid, solved: DcDispatch, curves: Curves) -> DispatchResult:
    cost = curves.at(solved.p) if solved.possible else None
    shortfall = solved.shortfall * grid.case.base_mva
    return DispatchResult(
        outcome="optimal" if solved.possible else "infeasible",
        cost=cost,
        bound=solved.bound if solved.possible else None,
        shortfall=float(np.abs(shortfall).sum()),
        load=float(_demand(grid).sum()),
        unserved=float(grid.case.bus["pd"][~grid.alive].sum()),
        units=_units(grid, solved, curves),
        buses=_buses(grid, solved, shortfall),
        branches=_branches(grid, solved),
    )


def _price_base(grid: Grid, solved: DcDispatch) -> float:
    """Give what a multiplier per p.u. is divided by: $/h, or p.u. of imbalance, per MW."""
    return grid.case.base_mva if solved.possible else 1.0


def _units(grid: Grid, solved: DcDispatch, curves: Curves) -> Table:
    gen, base = grid.case.gen, grid.case.base_mva
    p, marginal = np.zeros(len(gen)), np.full(len(gen), np.nan)
    p[grid.running] = solved.p * base
    marginal[grid.running] = marginal_cost(curves, solved.p) / base
    return table(
        DISPATCH_UNITS,
        unit=np.arange(1, len(gen) + 1),
        bus=gen["bus"],
        in_service=grid.network.unit_on,
        p=p,
        q=np.full(len(gen), np.nan),
        vm=np.full(len(gen), np.nan),
        pmin=gen["pmin"],
        pmax=gen["pmax"],
        qmin=gen["qmin"],
        qmax=gen["qmax"],
        marginal_cost=marginal,
    )


def _buses(grid: Grid, solved: DcDispatch, shortfall: Floats) -> Table:
    return table(
        DISPATCH_BUSES,
        bus=grid.case.bus["bus"],
        va=np.where(grid.alive, np.degrees(solved.theta), np.nan),
        demand=_demand(grid),
        shortfall=np.where(grid.alive, shortfall, 0.0),
        price=np.where(grid.alive, solved.price / _price_base(grid, solved), np.nan),
    )


def _branches(grid: Grid, solved: DcDispatch) -> Table:
    branch, on = grid.case.branch, grid.conducting
    base, scale = grid.case.base_mva, _price_base(grid, solved)
    rating = np.where(branch["rate_a"] > 0, branch["rate_a"], np.nan)
    p, flow_price, angle_price = np.zeros((3, len(branch)))
    p[on] = solved.flow * base
    flow_price[on] = solved.flow_price / scale
    angle_price[on] = solved.angle_price * PER_DEGREE * base / scale
    in_service = np.zeros(len(branch), bool)
    in_service[on] = True
    return table(
        DISPATCH_BRANCHES,
        branch=np.arange(1, len(branch) + 1),
        from_bus=branch["from_bus"],
        to_bus=branch["to_bus"],
        in_service=in_service,
        p=p,
        rating=rating,
        loading=100 * np.abs(p) / rating,
        flow_price=flow_price,
        angle_price=angle_price,
    )
