"""Whether prices split as the rules say: energy, losses by an own linearised power flow, and the rest."""

import numpy as np

from genba.core.certificate import Claim, at_most
from genba.grid.certify.circuit import Bools, Circuit, Floats, Ints
from genba.grid.certify.rows import finite_or_zero, worst
from genba.grid.certify.schedule import schedule_of
from genba.grid.certify.twoport import two_ports
from genba.grid.records.opf import OpfParams, OpfResult
from genba.num import sparse

PARTS = 1e-6  # of the largest price: solutions of two factorisations
SMALL = 600  # unknowns up to which a dense solution costs less than importing a sparse one


def price_claims(grid: Circuit, params: OpfParams, result: OpfResult) -> tuple[Claim, ...]:
    """Claim that the parts add up, and that energy and loss are what the rules make them."""
    buses, alive = result.buses, grid.alive
    price = buses["price"]
    scale = max(1.0, finite_or_zero(worst(np.abs(price[alive]))))
    parts = [buses[name] for name in ("energy", "loss", "congestion")]
    reference = schedule_of(grid, np.zeros(len(grid.runs))).reference
    energy = np.zeros(len(price))
    for bus in np.flatnonzero(reference).tolist():
        energy[grid.island == grid.island[bus]] = price[bus]
    factors = _factors(grid, reference, result) if params.formulation == "ac" else np.ones(len(price))
    if params.formulation == "soc" or factors is None:
        stated = sum(float(np.isfinite(part).sum()) for part in parts)
        value = worst(np.array([stated]), np.isnan(price[alive]).astype(float))
    else:
        apart = (sum(parts) - price, parts[0] - energy, parts[1] - energy * (factors - 1))
        value = worst(*(np.abs(part[alive]) for part in apart))
    return (
        at_most(
            "price_parts",
            value,
            bound=PARTS * scale,
            unit="$/MWh",
            method=(
                "Energy is the reference's price, loss follows from an own linearisation of the power "
                "flow, and all parts add up to the price; a relaxation states none."
            ),
        ),
    )


def _factors(grid: Circuit, reference: Bools, result: OpfResult) -> Floats | None:
    """Give what a MW injected at each bus saves at its reference; None where that is undetermined."""
    gen, alive, n = grid.case.gen, grid.alive, len(grid.island)
    held = np.zeros(n, bool)
    held[grid.host[grid.runs & (gen["qmax"] > gen["qmin"])]] = True
    unknown = np.concatenate([alive & ~reference, alive & ~held])
    row, column, value = _jacobian(grid, result)
    given = np.concatenate([reference, np.zeros(n, bool)])[row]
    right = np.zeros(2 * n)
    np.subtract.at(right, column[given], value[given])
    number = np.full(2 * n, -1)
    number[unknown] = np.arange(unknown.sum())
    some = unknown[row] & unknown[column]
    factors = _transposed(number[row[some]], number[column[some]], value[some], right[unknown])
    if factors is None:
        return None
    whole = np.zeros(2 * n)
    whole[unknown] = factors
    whole[:n][reference] = 1.0
    return whole[:n]


def _transposed(row: Ints, column: Ints, value: Floats, right: Floats) -> Floats | None:
    """Solve A' x = b, values of A at the same place added up; None where A has no inverse."""
    size = len(right)
    if size > SMALL:
        matrix = sparse.csc_matrix((value, (row, column)), shape=(size, size))
        try:
            return np.asarray(sparse.linalg.splu(matrix).solve(right, "T"))
        except RuntimeError:
            return None
    whole = np.zeros((size, size))
    np.add.at(whole, (row, column), value)
    try:
        return np.asarray(np.linalg.solve(whole.T, right), np.float64)
    except np.linalg.LinAlgError:
        return None


def _jacobian(grid: Circuit, result: OpfResult) -> tuple[Ints, Ints, Floats]:
    """Give the derivatives of P and Q taken at every bus by angles and magnitudes, branch by branch.

    Rows, columns and values, shape (k,) each; values at the same place add up.
    """
    ports, n = two_ports(grid), len(grid.island)
    vm = np.where(grid.alive, result.buses["vm"], 1.0)
    turn = np.exp(1j * np.radians(np.where(grid.alive, result.buses["va"], 0.0)))
    f, t = grid.start, grid.end
    ahead, back = (
        vm[f] * vm[t] * turn[f] * turn[t].conj() * ports.ft.conj(),
        vm[f] * vm[t] * turn[t] * turn[f].conj() * ports.tf.conj(),
    )
    own = (2 * vm[f] * ports.ff.conj(), 2 * vm[t] * ports.tt.conj())
    buses = np.arange(n)
    rows, columns = np.concatenate([f, f, t, t]), np.concatenate([f, t, f, t])
    by_angle = np.concatenate([1j * ahead, -1j * ahead, -1j * back, 1j * back])
    by_magnitude = np.concatenate(
        [own[0] + ahead / vm[f], ahead / vm[t], back / vm[f], own[1] + back / vm[t]]
    )
    shunt = 2 * vm * ports.shunt.conj()
    more = np.append(rows, buses), np.append(columns, buses), np.append(by_magnitude, shunt)
    parts = [
        (at + n * below, by + n * beside, taken.imag if below else taken.real)
        for beside, (at, by, taken) in enumerate([(rows, columns, by_angle), more])
        for below in (0, 1)
    ]
    row, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    return row, column, value
