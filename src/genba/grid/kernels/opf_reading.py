"""Points and multipliers of an optimal power flow's program, read back in its model's order and units."""

from dataclasses import dataclass

import numpy as np

from genba.grid.kernels.network import Floats
from genba.grid.kernels.opf_program import OpfProgram, measures


@dataclass(frozen=True, eq=False)
class Point:
    """Something of every variable: buses (n,), then sources (g,)."""

    va: Floats
    vm: Floats
    p: Floats
    q: Floats


@dataclass(frozen=True, eq=False)
class Unmet:
    """By how much balances (n,) and limits (m,) are violated, p.u. and rad; balances with their sign."""

    p: Floats
    q: Floats
    over_from: Floats
    over_to: Floats
    over_angle: Floats


@dataclass(frozen=True, eq=False)
class Reading:
    """Reads the vectors of one program."""

    program: OpfProgram

    def split(self, x: Floats) -> Point:
        """Give the parts of a vector of variables (2n + 2g,) in the model's order."""
        n, g = self.program.buses, self.program.sources
        position = self.program.plan.fill.position
        return Point(x[:n][position], x[n : 2 * n][position], x[2 * n : 2 * n + g], x[2 * n + g :])

    def point(self, x: Floats) -> Point:
        """Give the state, every reference turned to its angle."""
        model, found = self.program.model, self.split(x)
        turn = (found.va - model.va)[model.reference]
        return Point(found.va - turn[model.island], found.vm, found.p, found.q)

    def balances(self, yc: Floats) -> tuple[Floats, Floats]:
        """Give the multipliers of the unscaled active and reactive balances, (n,) each."""
        n, position = self.program.buses, self.program.plan.fill.position
        y = yc * self.program.scaling[0]
        return y[:n][position], y[n:][position]

    def limits(self, yd: Floats) -> tuple[Floats, Floats, Floats]:
        """Give the multipliers of `|power|^2 - rating^2` at both ends and of angle differences, (m,) each."""
        plan, rating = self.program.plan, self.program.model.rating
        y = np.append(yd * self.program.scaling[1], 0.0)  # row -1 is a limit that is not there
        found = np.zeros((3, len(plan.branch)))
        found[:, plan.branch] = y[plan.row].T
        measure = np.where(
            np.isfinite(rating), measures(np.where(np.isfinite(rating), rating, 1.0) ** 2), 1.0
        )
        return found[0] / measure, found[1] / measure, found[2]

    def unmet(self, x: Floats) -> Unmet:
        """Give what the point (2n + 2g,) leaves unmet; bounds of variables it always meets."""
        program, model = self.program, self.program.model
        c, d = np.empty(program.equalities), np.empty(program.inequalities)
        program.values(x, c, d)
        p, q = self.balances(c / program.scaling[0] ** 2)
        power = np.empty((len(program.plan.branch), 4))
        power[program.plan.branch] = program.powers
        va = self.split(x).va
        angle = va[model.start] - va[model.end]
        return Unmet(
            p=p,
            q=q,
            over_from=np.maximum(np.hypot(power[:, 0], power[:, 1]) - model.rating, 0.0),
            over_to=np.maximum(np.hypot(power[:, 2], power[:, 3]) - model.rating, 0.0),
            over_angle=np.maximum(np.maximum(angle - model.angle_max, model.angle_min - angle), 0.0),
        )

    def nothing(self) -> Unmet:
        """Give what a feasible point leaves unmet."""
        n, m = self.program.buses, len(self.program.plan.branch)
        return Unmet(np.zeros(n), np.zeros(n), np.zeros(m), np.zeros(m), np.zeros(m))
