"""Tools that find optima without any of our code."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from genba.grid.kernels.opf_model import AcSolution, IterationTrace, OpfModel

Solver = Callable[..., AcSolution]


@pytest.fixture(scope="session")
def ipopt() -> Solver:
    """Give Ipopt, of casadi, in the place of our own method; derivatives are casadi's."""
    casadi = pytest.importorskip("casadi", reason="casadi is not installed")

    def solve(model: OpfModel, **unused: Any) -> AcSolution:
        n, g = len(model.demand), len(model.p)
        va, vm, p, q = (casadi.SX.sym(name, size) for name, size in zip("avpq", (n, n, g, g), strict=True))
        active, reactive, limits, upper = _written(casadi, model, va, vm, p=p, q=q)
        cost = sum(casadi.dot(casadi.DM(column), p**k) for k, column in enumerate(model.cost.T))
        x, rows = casadi.vertcat(va, vm, p, q), casadi.vertcat(active, reactive, limits)
        reference = np.full(n, np.inf)
        reference[model.reference] = 0.0
        held = np.where(np.isinf(reference), 0.0, model.va)
        bounds = {
            "lbx": np.concatenate([held - reference, model.vm_min, model.p_min, model.q_min]),
            "ubx": np.concatenate([held + reference, model.vm_max, model.p_max, model.q_max]),
            "lbg": np.concatenate([np.zeros(2 * n), np.full(len(upper), -np.inf)]),
            "ubg": np.concatenate([np.zeros(2 * n), upper]),
        }
        options = {"ipopt": {"print_level": 0, "sb": "yes", "tol": 1e-9}, "print_time": False}
        solver = casadi.nlpsol("opf", "ipopt", {"x": x, "f": cost, "g": rows}, options)
        flat = np.concatenate([np.zeros(n), np.ones(n), np.zeros(2 * g)])
        found = solver(x0=flat, **bounds)
        assert solver.stats()["success"]
        return _read(model, *(np.array(found[name]).ravel() for name in ("x", "lam_g", "lam_x")))

    return solve


def _written(casadi: Any, model: OpfModel, va: Any, vm: Any, *, p: Any, q: Any) -> tuple[Any, ...]:
    """Write balances, limits of flows at both ends, and angle limits as two rows each."""
    n, m = len(model.demand), len(model.start)
    active, reactive = [casadi.SX(d) for d in model.demand.real], [casadi.SX(d) for d in model.demand.imag]
    for bus in range(n):
        active[bus] += model.shunt.real[bus] * vm[bus] ** 2
        reactive[bus] -= model.shunt.imag[bus] * vm[bus] ** 2
    for source, bus in enumerate(model.source_bus.tolist()):
        active[bus] -= p[source]
        reactive[bus] -= q[source]
    flows = [[], []]
    for branch in range(m):
        f, t = int(model.start[branch]), int(model.end[branch])
        ff, ft, tf, tt = model.two_port[:, branch]
        c, s, vv = casadi.cos(va[f] - va[t]), casadi.sin(va[f] - va[t]), vm[f] * vm[t]
        pf = ff.real * vm[f] ** 2 + vv * (ft.real * c + ft.imag * s)
        qf = -ff.imag * vm[f] ** 2 + vv * (ft.real * s - ft.imag * c)
        pt = tt.real * vm[t] ** 2 + vv * (tf.real * c - tf.imag * s)
        qt = -tt.imag * vm[t] ** 2 - vv * (tf.real * s + tf.imag * c)
        active[f], reactive[f] = active[f] + pf, reactive[f] + qf
        active[t], reactive[t] = active[t] + pt, reactive[t] + qt
        flows[0].append(pf**2 + qf**2)
        flows[1].append(pt**2 + qt**2)
    rated, low, high = _limited(model)
    difference = [va[int(model.start[b])] - va[int(model.end[b])] for b in range(m)]
    limits = [flows[0][b] for b in rated] + [flows[1][b] for b in rated]
    limits += [-difference[b] for b in low] + [difference[b] for b in high]
    squares = model.rating[rated] ** 2
    upper = np.concatenate([squares, squares, -model.angle_min[low], model.angle_max[high]])
    return casadi.vertcat(*active), casadi.vertcat(*reactive), casadi.vertcat(*limits), upper


def _limited(model: OpfModel) -> tuple[Any, ...]:
    return tuple(
        np.flatnonzero(np.isfinite(column)) for column in (model.rating, model.angle_min, model.angle_max)
    )


def _read(model: OpfModel, x: Any, rows: Any, bounds: Any) -> AcSolution:
    n, g, m = len(model.demand), len(model.p), len(model.start)
    rated, low, high = _limited(model)
    va, vm, p, q = np.split(x, np.cumsum([n, n, g]))
    at = np.cumsum([n, n, len(rated), len(rated), len(low)])
    price_p, price_q, *parts = np.split(rows, at)
    spread = [np.zeros(m) for _ in parts]
    for whole, where, part in zip(spread, (rated, rated, low, high), parts, strict=True):
        whole[where] = part
    below, above = np.maximum(-bounds, 0.0), np.maximum(bounds, 0.0)
    (_, low_vm, low_p, low_q), (_, high_vm, high_p, high_q) = (
        np.split(side, np.cumsum([n, n, g])) for side in (below, above)
    )
    none = np.zeros(1)
    return AcSolution(
        outcome="optimal",
        objective=model.cost_at(p),
        iterations=0,
        vm=vm,
        va=va,
        p=p,
        q=q,
        price_p=price_p,
        price_q=price_q,
        low_vm=low_vm,
        high_vm=high_vm,
        low_p=low_p,
        high_p=high_p,
        low_q=low_q,
        high_q=high_q,
        from_price=spread[0],
        to_price=spread[1],
        low_angle=spread[2],
        high_angle=spread[3],
        short_p=np.zeros(n),
        short_q=np.zeros(n),
        over_from=np.zeros(m),
        over_to=np.zeros(m),
        over_angle=np.zeros(m),
        trace=IterationTrace(none, none, none, none, none, none, none > 0),
        ends=(),
    )
