"""First points of an AC optimal power flow."""

import numpy as np

from genba.grid.kernels.network import Floats, Ints, bus_sum
from genba.grid.kernels.opf_model import OpfModel
from genba.grid.kernels.opf_program import Plan
from genba.num.ldl.blocks import BlockLdl

LOSS_SHARE = 0.01
"""Losses that a first dispatch allows for, as a share of the demand."""
STIFFEST = 1e5
"""Largest admittance that counts, p.u."""
MIDDLE = 10.0
"""Pull of every voltage towards the middle of its limits, against the admittances of its branches."""
HELD, LOOSE = 1e4, 1e-6
"""Pull of the reference angles, and of all others, to 0."""


def flat_start(model: OpfModel, plan: Plan) -> Floats:
    """Give 1 p.u. everywhere and no output, in the program's order, shape (2n + 2g,)."""
    n, g = len(model.demand), len(model.source_bus)
    return np.concatenate([np.zeros(n), np.ones(n), np.zeros(2 * g)])


def case_start(model: OpfModel, plan: Plan) -> Floats:
    """Give the model's own point in the program's order."""
    order = plan.fill.order
    return np.concatenate([model.va[order], model.vm[order], model.p, model.q])


def dc_start(model: OpfModel, plan: Plan) -> Floats:
    """Give a proportional dispatch, its DC angles, and voltages that follow the tap ratios.

    Angles minimise `sum b (va_f - va_t - shift)^2 / 2` less injections, magnitudes
    `sum b (v_f / ratio - v_t)^2 + sum (v - middle)^2`, with b the size of the branch's admittance: one
    factorisation in blocks. Flat magnitudes are hopeless where transformers are far from their nominal ratio.
    """
    n, order = len(model.demand), plan.fill.order
    p = _proportional(model)
    _, yft, ytf, ytt = model.two_port[:, plan.branch]
    yff = model.two_port[0, plan.branch]
    shift = -0.5 * np.angle(ytf / yft)
    ratio = np.minimum(np.maximum(np.sqrt(np.abs(ytt) / np.maximum(np.abs(yff), 1e-300)), 0.5), 2.0)
    b = np.minimum(np.abs(yft), STIFFEST)
    given = bus_sum(plan.source_bus, p, n) - (model.demand.real + model.shunt.real)[order]
    given -= _mean_by_island(given, model.island[order])
    given += bus_sum(plan.start, b * shift, n) - bus_sum(plan.end, b * shift, n)
    low, high = model.vm_min[order], model.vm_max[order]
    va, vm = _solved(plan, b, 1.0 / ratio, given, MIDDLE * 0.5 * (low + high))
    va -= va[plan.anchored][model.island[order]]
    ends = np.isfinite(model.q_min) & np.isfinite(model.q_max)
    q = 0.5 * (np.where(ends, model.q_min, 0.0) + np.where(ends, model.q_max, 0.0))
    return np.concatenate([va, np.minimum(np.maximum(vm, low), high), p, q])


def _proportional(model: OpfModel) -> Floats:
    """Give outputs that meet the demand of all islands at one share of every range, shape (g,)."""
    low = np.where(np.isfinite(model.p_min), model.p_min, 0.0)
    high = np.where(np.isfinite(model.p_max), model.p_max, np.maximum(low, 0.0))
    load = float((model.demand.real + model.shunt.real).sum()) * (1 + LOSS_SHARE)
    share = (load - low.sum()) / max(float((high - low).sum()), 1e-9)
    return np.asarray(low + min(max(share, 0.0), 1.0) * (high - low))


def _mean_by_island(values: Floats, island: Ints) -> Floats:
    count = int(island.max(initial=0)) + 1
    mean = bus_sum(island, values, count) / np.maximum(np.bincount(island, minlength=count), 1)
    return np.asarray(mean[island])


def _solved(plan: Plan, b: Floats, share: Floats, angle: Floats, magnitude: Floats) -> tuple[Floats, Floats]:
    """Solve both weighted Laplacians at once, as the first two unknowns of every block."""
    n = len(angle)
    diagonal = np.zeros((n, 16))
    diagonal[:, 0] = LOOSE + bus_sum(plan.start, b, n) + bus_sum(plan.end, b, n)
    diagonal[plan.anchored, 0] += HELD
    diagonal[:, 5] = MIDDLE + bus_sum(plan.start, b * share**2, n) + bus_sum(plan.end, b, n)
    diagonal[:, 10] = diagonal[:, 15] = 1.0
    entries = np.zeros((len(plan.entry_rows), 16))
    apart = plan.start != plan.end
    place = np.where(plan.entry >= 0, plan.entry, -1 - plan.entry)[apart]
    entries[:, 0] = bus_sum(place, -b[apart], len(entries))
    entries[:, 5] = bus_sum(place, -(b * share)[apart], len(entries))
    factors = BlockLdl(plan.fill, plan.entry_start, plan.entry_rows)
    factors.factorize(entries, diagonal)
    right = np.zeros((n, 4))
    right[:, 0], right[:, 1] = angle, magnitude
    factors.solve(right)
    return right[:, 0].copy(), right[:, 1].copy()
