"""Islands, what an outage leaves, and bridges, against plain search."""

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.grid.kernels.islands import bridges, islands, references, remaining
from genba.grid.kernels.network import Network


def graph(n: int, links: list[tuple[int, int]], on: list[bool], unit_bus: list[int]) -> Network:
    m, g = len(links), len(unit_bus)
    ends = np.array(links, dtype=np.int64).reshape(m, 2)
    return Network(
        base_mva=100.0,
        bus_type=np.where(np.arange(n) == 0, 3, 1),
        demand=np.zeros(n, complex),
        shunt=np.zeros(n, complex),
        vm=np.ones(n),
        va=np.zeros(n),
        unit_bus=np.array(unit_bus, dtype=np.int64),
        unit_s=np.zeros(g, complex),
        unit_vset=np.ones(g),
        unit_pmin=np.zeros(g),
        unit_pmax=np.arange(g, dtype=float),
        unit_qmin=np.zeros(g),
        unit_qmax=np.zeros(g),
        unit_on=np.ones(g, bool),
        from_bus=ends[:, 0],
        to_bus=ends[:, 1],
        impedance=np.full(m, 0.1j),
        charging=np.zeros(m),
        tap=np.ones(m, complex),
        branch_on=np.array(on, dtype=bool),
    )


def parts(n: int, links: list[tuple[int, int]]) -> list[set[int]]:
    found = [{bus} for bus in range(n)]
    for a, b in links:
        left, right = (next(part for part in found if end in part) for end in (a, b))
        if left is not right:
            left |= right
            found.remove(right)
    return found


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]], list[bool], list[int]]:
    n = draw(st.integers(1, 12))
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
    links = draw(st.lists(ends, max_size=20))
    on = draw(st.lists(st.booleans(), min_size=len(links), max_size=len(links)))
    return n, links, on, draw(st.lists(st.integers(0, n - 1), max_size=4))


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_a_branch_is_a_bridge_when_its_loss_makes_one_part_more(drawn: tuple) -> None:
    n, links, on, units = drawn
    running = [link for link, works in zip(links, on, strict=True) if works]
    expected = [
        works and len(parts(n, [*links_without(links, on, row)])) > len(parts(n, running))
        for row, works in enumerate(on)
    ]
    assert bridges(graph(n, links, on, units)).tolist() == expected


def links_without(links: list[tuple[int, int]], on: list[bool], lost: int) -> list[tuple[int, int]]:
    return [link for row, link in enumerate(links) if on[row] and row != lost]


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_an_island_is_a_connected_part_with_a_unit(drawn: tuple) -> None:
    n, links, on, units = drawn
    island = islands(graph(n, links, on, units))
    found = parts(n, [link for link, works in zip(links, on, strict=True) if works])
    powered = sorted((part for part in found if part & set(units)), key=min)
    for number, part in enumerate(powered, 1):
        assert {int(bus) for bus in np.flatnonzero(island == number)} == part
    assert (island > 0).sum() == sum(len(part) for part in powered)


@settings(max_examples=100, deadline=None)
@given(graphs(), st.data())
def test_an_outage_leaves_the_largest_part_that_has_a_unit(drawn: tuple, data: st.DataObject) -> None:
    n, links, on, units = drawn
    network = graph(n, links, on, units)
    before = islands(network)
    lost = data.draw(st.sets(st.integers(0, max(len(links) - 1, 0))))
    still = np.array([works and row not in lost for row, works in enumerate(on)], dtype=bool)
    after = remaining(network, before, still, unit_on=network.unit_on)
    found = parts(n, [link for link, works in zip(links, still, strict=True) if works])
    for number in range(1, before.max() + 1):
        inside = [part for part in found if before[min(part)] == number and part & set(units)]
        kept = max(inside, key=lambda part: (len(part), -min(part)))
        assert {int(bus) for bus in np.flatnonzero(after == number)} == kept


def test_a_reference_is_typed_else_at_the_largest_unit() -> None:
    network = graph(4, [(0, 1), (2, 3)], [True, True], [1, 0, 3, 2])
    bus, unit = references(network, islands(network), network.unit_on)
    assert bus.tolist() == [-1, 0, 2]
    assert unit.tolist() == [-1, 1, 3]


def test_a_typed_reference_without_a_running_unit_is_none(build: Callable[..., Network]) -> None:
    network = graph(3, [(0, 1), (1, 2)], [True, True], [1, 2])
    bus, _ = references(network, islands(network), network.unit_on)
    assert bus.tolist() == [-1, 2]
