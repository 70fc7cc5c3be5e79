"""Small grids for the kernels: written as MATPOWER text, so that the tests speak the field's language."""

from collections.abc import Callable
from pathlib import Path

import pytest

from genba.grid.io.matpower import read
from genba.grid.kernels.network import Network, network_of
from genba.grid.records.case import Case

Rows = list[list[float]]


def as_network(case: Case) -> Network:
    return network_of(case.base_mva, case.bus, case.gen, case.branch)


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Network]:
    """Build a network from rows; what is not given is ordinary."""

    def build(bus: Rows, gen: Rows, branch: Rows) -> Network:
        # bus: number, type, pd, qd[, gs, bs]; gen: bus, p, q, qmax, qmin, v, pmax, pmin
        # branch: from, to, r, x, b[, ratio, shift]
        buses = [
            f"{b[0]} {b[1]} {b[2]} {b[3]} {' '.join(map(str, [*b[4:], 0, 0][:2]))} 1 1 0 1 1 1.1 0.9"
            for b in bus
        ]
        units = [f"{g[0]} {g[1]} {g[2]} {g[3]} {g[4]} {g[5]} 100 1 {g[6]} {g[7]}" for g in gen]
        branches = [
            f"{b[0]} {b[1]} {b[2]} {b[3]} {b[4]} 0 0 0 {' '.join(map(str, [*b[5:], 0, 0][:2]))} 1 -360 360"
            for b in branch
        ]
        text = "function mpc = tiny\nmpc.version = '2';\nmpc.baseMVA = 100;\n"
        for name, rows in (("bus", buses), ("gen", units), ("branch", branches)):
            text += f"mpc.{name} = [\n" + "".join(f"{row};\n" for row in rows) + "];\n"
        path = tmp_path / "tiny.m"
        path.write_text(text)
        return as_network(read(path)[0])

    return build


@pytest.fixture
def from_pglib(pglib: Path) -> Callable[[str], Network]:
    """Give the network of a PGLib case."""
    return lambda name: as_network(read(pglib / f"pglib_opf_{name}.m")[0])


@pytest.fixture
def two_bus(build: Callable[..., Network]) -> Network:
    """One unit at 1 p.u., a lossless line of 0.1 p.u., 50 MW of load at unity power factor."""
    return build([[1, 3, 0, 0], [2, 1, 50, 0]], [[1, 50, 0, 99, -99, 1, 200, 0]], [[1, 2, 0, 0.1, 0]])
