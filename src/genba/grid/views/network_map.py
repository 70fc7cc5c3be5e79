"""The map of a grid that has no coordinates, for every view that draws one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genba.core.views import Axis, Link, NetworkChart, Node, Symbol
from genba.grid.kernels.layout import layout
from genba.num.table import Table

LARGEST = 3000
"""Buses drawn; of a larger grid the highest voltage levels are."""
SYMBOLS = {"reference": "triangle", "pv": "square"}
MEANINGS: dict[Symbol, str] = {
    "triangle": "Reference bus",
    "square": "Voltage-controlled bus",
    "circle": "Other bus",
}
VOLTAGE_RANGE = (0.9, 1.1)
VOLTAGE = Axis(label="Voltage", unit="p.u.")
TAIL = 2.0
"""Share of values at either end that a scale may leave to its end colours, %."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shade:
    """What colours the buses: a value of each, what it means, and the ends of the scale."""

    values: Floats
    axis: Axis
    ends: tuple[float, float]


def shade_of(values: Floats, axis: Axis) -> Shade:
    """Give a shade whose scale spans most values, so that a few far off do not make all others alike."""
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, [TAIL, 100 - TAIL]).tolist() if len(known) else (0.0, 1.0)
    return Shade(values, axis, (low, high) if high > low else (low - 0.5, low + 0.5))


def network_map(
    buses: Table,
    branches: Table,
    link_value: Floats,
    *,
    key: str,
    title: str,
    axis: Axis,
    shade: Shade | None = None,
) -> NetworkChart:
    """Draw a grid: buses coloured by voltage or another value, branches by a value of each.

    Arguments:
        buses: of a power flow.
        branches: of a power flow.
        link_value: value of each branch, NaN where unknown; of parallel branches the largest is shown.
        key: stable name; a grid too large to draw whole gets `_backbone` behind it.
        title: what the map shows.
        axis: what the link value means.
        shade: what colours the buses; their voltage when not given.
    """
    shade = shade or Shade(buses["vm"], VOLTAGE, VOLTAGE_RANGE)
    shown = _backbone(buses)
    order = np.argsort(buses["bus"])
    ends = [order[np.searchsorted(buses["bus"][order], branches[name])] for name in ("from_bus", "to_bus")]
    drawn = branches["in_service"] & shown[ends[0]] & shown[ends[1]] & (ends[0] != ends[1])
    rows = _largest_of_parallels(np.flatnonzero(drawn), ends, link_value)
    place = np.cumsum(shown) - 1
    places = layout(int(shown.sum()), place[ends[0][rows]], place[ends[1][rows]])
    whole = bool(shown.all())
    known = link_value[rows][np.isfinite(link_value[rows])]
    return NetworkChart(
        key=key if whole else f"{key}_backbone",
        title=title if whole else f"{title}: the highest voltage levels",
        nodes=_nodes(buses.where(shown), shade.values[shown], places),
        links=tuple(_link(branches, row, link_value[row], axis) for row in rows.tolist()),
        node_value=shade.axis,
        link_value=axis,
        node_range=shade.ends,
        link_range=(0.0, max(100.0 if axis.unit == "%" else 1.0, float(known.max(initial=0.0)))),
        symbols=MEANINGS,
    )


def _backbone(buses: Table) -> NDArray[np.bool_]:
    """Choose whole voltage levels from the top, as many as can be drawn; of one that is too large, a part."""
    count = len(buses)
    shown = np.zeros(count, dtype=bool)
    if count <= LARGEST:
        return ~shown
    for level in np.unique(buses["base_kv"])[::-1]:
        members = np.flatnonzero(buses["base_kv"] == level)
        if shown.sum() + len(members) > LARGEST:
            if not shown.any():
                shown[members[:LARGEST]] = True
            break
        shown[members] = True
    return shown


def _largest_of_parallels(
    rows: NDArray[np.int64], ends: list[NDArray[np.int64]], value: Floats
) -> NDArray[np.int64]:
    """Keep one branch for each pair of buses."""
    low, high = np.minimum(ends[0], ends[1])[rows], np.maximum(ends[0], ends[1])[rows]
    size = np.nan_to_num(value[rows], nan=-1.0)
    order = np.lexsort((-size, high, low))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
    return np.asarray(rows[order[first]])


def _nodes(buses: Table, values: Floats, places: Floats) -> tuple[Node, ...]:
    cells = zip(buses["bus"].tolist(), buses["kind"].tolist(), values.tolist(), places, strict=True)
    return tuple(
        Node(
            id=str(bus),
            x=round(float(place[0]), 3),
            y=round(float(place[1]), 3),
            value=value if np.isfinite(value) else None,
            symbol=SYMBOLS.get(kind, "circle"),
        )
        for bus, kind, value, place in cells
    )


def _link(branches: Table, row: int, value: float, axis: Axis) -> Link:
    source, target = str(branches["from_bus"][row]), str(branches["to_bus"][row])
    known = bool(np.isfinite(value))
    unit = "" if axis.unit == "1" else f" {axis.unit}"
    return Link(
        source=source,
        target=target,
        value=float(value) if known else None,
        text=f"branch.{row + 1} ({source}-{target})" + (f": {value:.4g}{unit}" if known else ""),
    )
