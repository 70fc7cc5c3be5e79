"""DC optimal power flow by the rivals: PyPSA and linopy, both with HiGHS.

The problem is the one that genba solves: DC flows, ratings, angle limits, linear and quadratic costs. PyPSA
takes every branch as a line whose rating also holds its angle limit (PGLib's are symmetric) and formulates
Kirchhoff's voltage law by cycles; linopy has angles and flows as variables, written here as its manual does.
Models reach HiGHS directly, not by a file; one thread.
"""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from genba.grid.kernels.dc_opf import Curves, DcNetwork
from genba.grid.kernels.network import Floats

HIGHS = {"threads": 1, "output_flag": False}


def by_pypsa(net: DcNetwork, curves: Curves, base_mva: float) -> float:
    """Build PyPSA's network and its model, solve it and give the cost, $/h."""
    with _silence():
        network = pypsa_network(net, curves, base_mva)
        status = network.optimize(
            solver_name="highs", solver_options=HIGHS, io_api="direct", include_objective_constant=False
        )
    return _cost(status, float(network.model.objective.value), curves)


def pypsa_network(net: DcNetwork, curves: Curves, base_mva: float) -> Any:
    """Give PyPSA's network; powers in MW, every nominal voltage 1 kV."""
    import pypsa

    _no_pieces(curves)
    network = pypsa.Network()
    buses, units = _names("bus", net.demand), _names("unit", net.pmin)
    network.add("Bus", buses, v_nom=1.0)
    network.add("Load", _names("load", net.demand), bus=buses, p_set=net.demand * base_mva)
    network.add(
        "Line",
        _names("branch", net.start),
        bus0=buses[net.start],
        bus1=buses[net.end],
        x=1 / (net.susceptance * base_mva),
        s_nom=_symmetric_limit(net) * base_mva,
    )
    size = np.maximum(np.maximum(np.abs(net.pmin), np.abs(net.pmax)), 1e-6)
    network.add(
        "Generator",
        units,
        bus=buses[net.host],
        p_nom=size * base_mva,
        p_min_pu=net.pmin / size,
        p_max_pu=net.pmax / size,
        marginal_cost=curves.slope / base_mva,
        marginal_cost_quadratic=curves.square / base_mva**2,
    )
    return network


def by_linopy(net: DcNetwork, curves: Curves) -> float:
    """Build linopy's model, solve it and give the cost, $/h."""
    with _silence():
        model = linopy_model(net, curves)
        status = model.solve(solver_name="highs", io_api="direct", **HIGHS)
    return _cost(status, float(model.objective.value), curves)


def linopy_model(net: DcNetwork, curves: Curves) -> Any:
    """Give linopy's model; per unit and radians."""
    import linopy
    import pandas
    import xarray

    _no_pieces(curves)
    unit, bus, branch = (
        pandas.RangeIndex(len(values), name=name)
        for name, values in (("unit", net.pmin), ("bus", net.demand), ("branch", net.start))
    )
    model = linopy.Model()
    p = model.add_variables(net.pmin, net.pmax, coords=[unit], name="p")
    free = np.full(len(bus), np.inf)
    free[net.reference] = 0.0
    angle = model.add_variables(-free, free, coords=[bus], name="angle")
    flow = model.add_variables(-net.rating, net.rating, coords=[branch], name="flow")
    start, end, host = (
        xarray.DataArray(rows, coords=[over])
        for rows, over in ((net.start, branch), (net.end, branch), (net.host, unit))
    )
    difference = angle.sel(bus=start) - angle.sel(bus=end)
    susceptance = xarray.DataArray(net.susceptance, coords=[branch])
    model.add_constraints(flow - susceptance * difference == -net.susceptance * net.shift, name="ohm")
    for name, limit, sign in (("low", net.low, ">="), ("high", net.high, "<=")):
        rows = np.flatnonzero(np.isfinite(limit))
        if len(rows):
            model.add_constraints(difference.isel(branch=rows), sign, limit[rows], name=name)
    # each sum has the buses that occur in it: unless reindexed, sums of equal length are added by place
    given, leaving, arriving = (
        values.groupby(at.rename("bus")).sum().reindex({"bus": bus})
        for values, at in ((p, host), (flow, start), (flow, end))
    )
    balance = given - leaving + arriving
    model.add_constraints(balance == xarray.DataArray(net.demand, coords=[bus]), name="balance")
    cost = (xarray.DataArray(curves.slope, coords=[unit]) * p).sum()
    if curves.square.any():
        cost = cost + (xarray.DataArray(curves.square, coords=[unit]) * p * p).sum()
    model.add_objective(cost)
    return model


def _symmetric_limit(net: DcNetwork) -> Floats:
    """Give the largest flow that rating and angle limits allow, shape (m,)."""
    if net.shift.any() or (net.low != -net.high).any():
        raise SystemExit("PyPSA has no phase shifts and no one-sided angle limits")
    with np.errstate(invalid="ignore"):
        return np.minimum(net.rating, np.abs(net.susceptance) * net.high)


def _no_pieces(curves: Curves) -> None:
    if len(curves.piece_unit):
        raise SystemExit("only polynomial costs are compared")


def _names(kind: str, rows: Any) -> Any:
    return np.array([f"{kind} {row}" for row in range(len(rows))], dtype=object)


def _cost(status: Any, objective: float, curves: Curves) -> float:
    """Give the cost, NaN without an optimum."""
    return objective + float(curves.constant.sum()) if status[0] == "ok" else float("nan")


@contextmanager
def _silence() -> Iterator[None]:
    """Silence what the rivals tell; HiGHS writes past Python, to the descriptor."""
    warnings.simplefilter("ignore")
    for name in ("linopy", "pypsa"):
        logging.getLogger(name).setLevel(logging.ERROR)
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
