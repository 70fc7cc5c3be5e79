"""Whether the lists of a result hold what its tables say: what binds, and what is to be relaxed."""

from collections.abc import Iterator

import numpy as np

from genba.core.certificate import Claim, equal
from genba.grid.certify.circuit import Circuit, Floats
from genba.grid.certify.cost import Costs
from genba.grid.certify.opf_limits import Asked
from genba.grid.records.opf import KINK, PER_VOLT, PRICED, OpfResult
from genba.num.table import Table

Row = tuple[str, str, float, float, float]
"""Element, kind of limit, value, limit, and shadow price or amount."""
BAND = 2.0  # a price within this factor of the threshold may be listed or not
SAME = 1e-6  # relative
SMALL = 2e-6  # p.u. or rad: violations that may be listed or not


def binding_claim(grid: Circuit, limits: Asked, result: OpfResult, curve: Costs) -> Claim:
    """Claim that the list holds every limit whose shadow price counts, once, in order, and nothing else."""
    own = {(row[0], row[1]): row for row in _priced(grid, limits, result, curve)}
    listed = list(_listed(result.binding, ("value", "limit", "price")))
    wrong = _differing(listed, own)
    found = {(row[0], row[1]) for row in listed}
    missing = sum(1 for key, row in own.items() if row[4] > BAND * _threshold(row[1]) and key not in found)
    gain = result.binding["gain"]
    share = np.where(
        np.isin(result.binding["limit_kind"], ("vmin", "vmax")), 0.01, 0.01 * np.abs(result.binding["limit"])
    )
    stated = np.abs(gain - result.binding["price"] * share) > SAME * np.maximum(1.0, np.abs(gain))
    disorder = int((np.diff(gain) > 0).sum()) + len(listed) - len(found)
    return equal(
        "binding",
        wrong + missing + int(stated.sum()) + disorder,
        expected=0,
        method=(
            "Shadow prices of all limits taken from prices, marginal costs and multipliers anew: rows of "
            "the list that are wrong, missing, twice or out of order are counted."
        ),
    )


def relaxations_claim(grid: Circuit, limits: Asked, result: OpfResult) -> Claim:
    """Claim that the list holds every stated violation, largest first, and nothing else."""
    own = {(row[0], row[1]): row for row in _violated(grid, limits, result)}
    listed = list(_listed(result.relaxations, ("amount", "limit", "amount")))
    found = {(row[0], row[1]) for row in listed}
    weight = {"ang": np.pi / 180}
    sizes = [row[4] * weight.get(row[1][:3], 1 / grid.case.base_mva) for row in listed]
    missing = sum(
        1
        for key, row in own.items()
        if row[4] * weight.get(row[1][:3], 1 / grid.case.base_mva) > SMALL and key not in found
    )
    disorder = sum(later > earlier for earlier, later in zip(sizes[:-1], sizes[1:], strict=True))
    return equal(
        "relaxations",
        _differing(listed, own) + missing + disorder + len(listed) - len(found),
        expected=0,
        method=(
            "Stated shortfalls and excesses compared with the list: rows that are wrong, missing, twice or "
            "out of order are counted."
        ),
    )


def _threshold(kind: str) -> float:
    return PRICED * (PER_VOLT if kind in ("vmin", "vmax") else 1.0)


def _listed(rows: Table, names: tuple[str, str, str]) -> Iterator[Row]:
    columns = [rows[name].tolist() for name in ("element", "limit_kind", *names)]
    yield from zip(*columns, strict=True)


def _differing(listed: list[Row], own: dict[tuple[str, str], Row]) -> int:
    """Count listed rows that are not among those found here, or differ from them."""
    wrong = 0
    for row in listed:
        mine = own.get((row[0], row[1]))
        wrong += mine is None or any(
            not abs(a - b) <= SAME * max(1.0, abs(b)) for a, b in zip(row[2:], mine[2:], strict=True)
        )
    return wrong


def _rows(
    names: list[str], kind: str, value: Floats, limit: Floats, price: Floats, least: float
) -> Iterator[Row]:
    for row in np.flatnonzero(price > least).tolist():
        yield names[row], kind, float(value[row]), float(limit[row]), float(price[row])


def _priced(grid: Circuit, limits: Asked, result: OpfResult, curve: Costs) -> Iterator[Row]:
    """Yield every limit whose shadow price reaches half the threshold."""
    branches, buses, units, gen = result.branches, result.buses, result.units, grid.case.gen
    lines, nodes, plants = _names(grid)
    for end in ("from", "to"):
        flow = np.hypot(branches[f"p_{end}"], np.nan_to_num(branches[f"q_{end}"]))
        yield from _rows(lines, f"rating_{end}", flow, limits.limit, branches[f"{end}_price"], PRICED / BAND)
    below, above = curve.marginal(units["p"], KINK)
    paid, reactive = buses["price"][grid.host], buses["reactive_price"][grid.host]
    sides = [
        (lines, "angmin", branches["angle"], limits.angmin, branches["angle_price"]),
        (lines, "angmax", branches["angle"], limits.angmax, -branches["angle_price"]),
        (nodes, "vmin", buses["vm"], limits.vmin, buses["voltage_price"]),
        (nodes, "vmax", buses["vm"], limits.vmax, -buses["voltage_price"]),
        (plants, "pmin", units["p"], gen["pmin"], np.where(grid.runs, below - paid, 0.0)),
        (plants, "pmax", units["p"], gen["pmax"], np.where(grid.runs, paid - above, 0.0)),
        (plants, "qmin", units["q"], gen["qmin"], np.where(grid.runs, -reactive, 0.0)),
        (plants, "qmax", units["q"], gen["qmax"], np.where(grid.runs, reactive, 0.0)),
    ]
    for names, kind, value, limit, price in sides:
        yield from _rows(names, kind, value, limit, price, _threshold(kind) / BAND)


def _names(grid: Circuit) -> tuple[list[str], list[str], list[str]]:
    case = grid.case
    return (
        [f"branch.{row + 1}" for row in range(len(case.branch))],
        [f"bus.{number}" for number in case.bus["bus"].tolist()],
        [f"gen.{row + 1}" for row in range(len(case.gen))],
    )


def _violated(grid: Circuit, limits: Asked, result: OpfResult) -> Iterator[Row]:
    """Yield every stated violation."""
    lines, nodes, _ = _names(grid)
    buses, branches, bus = result.buses, result.branches, grid.case.bus
    active, reactive = buses["shortfall"], buses["reactive_shortfall"]
    angle, over = branches["angle"], branches["over_angle"]
    below = angle < np.nan_to_num(limits.angmin, nan=-np.inf)
    parts = [
        (nodes, "demand", active, bus["pd"]),
        (nodes, "surplus", -active, bus["pd"]),
        (nodes, "reactive_demand", reactive, bus["qd"]),
        (nodes, "reactive_surplus", -reactive, bus["qd"]),
        (lines, "rating", branches["over"], limits.limit),
        (lines, "angmin", np.where(below, over, 0.0), limits.angmin),
        (lines, "angmax", np.where(below, 0.0, over), limits.angmax),
    ]
    for names, kind, amount, limit in parts:
        yield from _rows(names, kind, amount, limit, amount, 0.0)
