"""The AC optimal power flow that rivals solve, as arrays: PGLib's polar formulation.

De-energised buses and what hangs on them are left out; a rating of 0 limits nothing; angle limits of 0 and 0,
or beyond +-360 degrees, limit nothing; costs are polynomials up to the second order, reactive ones ignored.
One bus of each island is the angle reference.

Source: Babaeinejadsarookolaee et al., The Power Grid Library, arXiv:1908.02788, model 1.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from genba.grid.io import pglib
from genba.grid.io.matpower import read
from genba.grid.kernels.admittance import two_ports
from genba.grid.kernels.islands import islands, references
from genba.grid.kernels.network import Bools, Floats, Ints, Network, Phasors, bus_sum, network_of
from genba.grid.records.case import Case

POLYNOMIAL = 2
Start = Literal["flat", "middle"]


@dataclass(frozen=True, kw_only=True, eq=False)
class AcOpf:
    """An AC optimal power flow in per unit and radians; n buses, g units, m branches.

    Arguments:
        name: the case's name.
        base_mva: power base, MVA.
        reference: buses whose angle is 0.
        vmin, vmax: limits of the magnitudes, shape (n,).
        demand: power demanded, shape (n,).
        shunt: shunt admittance, shape (n,).
        start, end: bus at the from and the to end of each branch, shape (m,).
        flow: coefficients of the four flows of a branch, shape (4, 3, m): active and reactive power into its
            from end, then into its to end, each `a v^2 + vf vt (b cos + c sin)` of the angle difference.
        rating: largest apparent power, infinite where there is none, shape (m,).
        low, high: limits of the angle difference, infinite where there is none, shape (m,).
        host: bus of each unit, shape (g,).
        least, most: limits of the outputs p + jq, shape (g,).
        cost: $/h over per-unit active outputs, coefficients of p^2, p and 1, shape (3, g).
    """

    name: str
    base_mva: float
    reference: Ints
    vmin: Floats
    vmax: Floats
    demand: Phasors
    shunt: Phasors
    start: Ints
    end: Ints
    flow: Floats
    rating: Floats
    low: Floats
    high: Floats
    host: Ints
    least: Phasors
    most: Phasors
    cost: Floats

    def first_outputs(self, start: Start) -> Phasors:
        """Give the outputs that a solve starts from: none at all, or the middle of what is allowed."""
        if start == "flat":
            return np.zeros(len(self.host), complex)
        p, q = (
            np.where(np.isfinite(low + high), (low + high) / 2, np.clip(0.0, low, high))
            for low, high in ((self.least.real, self.most.real), (self.least.imag, self.most.imag))
        )
        return np.asarray(p + 1j * q)

    def cost_at(self, p: Floats) -> float:
        """Give the cost of outputs (g,), $/h."""
        return float(((self.cost[0] * p + self.cost[1]) * p + self.cost[2]).sum())

    def violation(self, voltage: Phasors, outputs: Phasors) -> float:
        """Give the largest violation of a balance or a limit at a point, p.u. and radians.

        Arguments:
            voltage: shape (n,).
            outputs: shape (g,).
        """
        n, angle = len(voltage), np.angle(voltage[self.start] * voltage[self.end].conj())
        magnitude = np.abs(voltage)
        into = self._into(magnitude[self.start], magnitude[self.end], angle)
        left = self.demand + self.shunt.conj() * magnitude**2
        for rows, power in ((self.start, into[0]), (self.end, into[1]), (self.host, -outputs)):
            left = left + bus_sum(rows, power.real, n) + 1j * bus_sum(rows, power.imag, n)
        beyond = [
            *(np.abs(left.real), np.abs(left.imag)),
            *(self.vmin - magnitude, magnitude - self.vmax, self.low - angle, angle - self.high),
            *(self.least.real - outputs.real, outputs.real - self.most.real),
            *(self.least.imag - outputs.imag, outputs.imag - self.most.imag),
            *(np.abs(power) - self.rating for power in into),
        ]
        return max(float(part.max(initial=0.0)) for part in beyond)

    def _into(self, v_from: Floats, v_to: Floats, angle: Floats) -> tuple[Phasors, Phasors]:
        """Give the complex powers into the from and the to ends, shape (m,) each."""
        squares = v_from**2, v_to**2
        p_from, q_from, p_to, q_to = (
            a * squares[row // 2] + v_from * v_to * (b * np.cos(angle) + c * np.sin(angle))
            for row, (a, b, c) in enumerate(self.flow)
        )
        return p_from + 1j * q_from, p_to + 1j * q_to


def load(name: str) -> AcOpf:
    """Give the problem of a PGLib case, such as `case118_ieee__api`."""
    return problem_of(read(pglib.path(name))[0])


def problem_of(case: Case) -> AcOpf:
    """Give the problem of a case."""
    net = network_of(case.base_mva, case.bus, case.gen, case.branch)
    island = islands(net)
    alive, running = island > 0, np.flatnonzero(net.unit_on)
    on = np.flatnonzero(net.branch_on & (island[net.from_bus] > 0))
    place = np.cumsum(alive) - 1
    chosen, _ = references(net, island, net.unit_on)
    bus, branch = case.bus.where(alive), case.branch.where(on)
    low, high = _angle_limits(branch["angmin"], branch["angmax"])
    return AcOpf(
        name=case.name.removeprefix(pglib.PREFIX),
        base_mva=net.base_mva,
        reference=place[chosen[1:]],
        vmin=bus["vmin"],
        vmax=bus["vmax"],
        demand=net.demand[alive],
        shunt=net.shunt[alive],
        start=place[net.from_bus[on]],
        end=place[net.to_bus[on]],
        flow=_flow(net)[:, :, on],
        rating=np.where(branch["rate_a"] > 0, branch["rate_a"] / net.base_mva, np.inf),
        low=low,
        high=high,
        host=place[net.unit_bus[running]],
        least=net.unit_pmin[running] + 1j * net.unit_qmin[running],
        most=net.unit_pmax[running] + 1j * net.unit_qmax[running],
        cost=_cost(case, running),
    )


def _flow(net: Network) -> Floats:
    """Give the coefficients of all branches, shape (4, 3, branches)."""
    yff, yft, ytf, ytt = two_ports(net)
    return np.array(
        [
            [yff.real, yft.real, yft.imag],
            [-yff.imag, -yft.imag, yft.real],
            [ytt.real, ytf.real, -ytf.imag],
            [-ytt.imag, -ytf.imag, -ytf.real],
        ]
    )


def _angle_limits(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Give limits in radians, infinite where there is none."""
    none: Bools = (low == 0) & (high == 0)
    return (
        np.where(none | (low <= -360), -np.inf, np.radians(low)),
        np.where(none | (high >= 360), np.inf, np.radians(high)),
    )


def _cost(case: Case, running: Ints) -> Floats:
    """Give coefficients over per-unit outputs, highest order first, shape (3, g)."""
    rows = case.cost.where(running)
    terms, data = rows["terms"], case.cost_data[running]
    if (rows["model"] != POLYNOMIAL).any():
        raise SystemExit(f"{case.name}: only polynomial costs are compared")
    cost = np.zeros((3, len(running)))
    for row, count in enumerate(terms.tolist()):
        lowest_first = data[row, :count][::-1]
        if lowest_first[3:].any():
            raise SystemExit(f"{case.name}: a cost is above the second order")
        cost[2 - np.arange(min(3, count)), row] = lowest_first[:3]
    return cost * np.array([case.base_mva**2, case.base_mva, 1.0])[:, None]
