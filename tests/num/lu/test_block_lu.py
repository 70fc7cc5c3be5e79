"""The block LU against scipy's pivoted SuperLU, and lanes against single matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import bsr_matrix, csc_matrix, csr_matrix
from scipy.sparse.linalg import splu

from genba.grid.io import pglib
from genba.grid.io.matpower import read
from genba.num.lu.factor import HOLDS, factorize, factorize_lanes, factors_of
from genba.num.lu.lanes import LANES, aligned
from genba.num.lu.pivot import inverse
from genba.num.lu.solve import (
    backward_lanes_at,
    forward_lanes_at,
    solve,
    solve_each_lane,
    solve_lanes,
    solve_transposed,
)
from genba.num.lu.structure import Structure, structure_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ROUNDING = 1e-11
"""Relative to the largest entry: matrices here have condition numbers up to about 1e4."""


def random_blocks(seed: int, n: int, edges: int) -> tuple[Ints, Ints, Floats]:
    """Give a random diagonally dominant matrix of 2x2 blocks: indptr, indices, values (entries, 4)."""
    rng = np.random.default_rng(seed)
    i, j = rng.integers(0, n, (2, edges))
    keys = np.unique(np.concatenate([i * n + j, j * n + i, np.arange(n) * (n + 1)]))
    indptr, indices = np.searchsorted(keys, np.arange(n + 1) * n), keys % n
    values = rng.normal(size=(len(keys), 4))
    heavy = 6.0 * np.diff(indptr)
    diagonal = np.flatnonzero(keys // n == indices)
    values[diagonal, 0] += heavy
    values[diagonal, 3] -= heavy
    return indptr, indices, values


def whole(indptr: Ints, indices: Ints, values: Floats) -> csc_matrix:
    size = 2 * (len(indptr) - 1)
    return bsr_matrix((values.reshape(-1, 2, 2), indices, indptr), shape=(size, size)).tocsc()


def solved(structure: Structure, values: Floats, right: Floats) -> Floats:
    factors = factors_of(structure)
    assert factorize(structure, values, factors) == HOLDS
    x = right[structure.order]
    solve(structure, factors, x)
    return x[structure.position]


@settings(deadline=None, max_examples=40)  # the first call compiles
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(0, 120))
def test_solutions_are_those_of_superlu(seed: int, n: int, edges: int) -> None:
    indptr, indices, values = random_blocks(seed, n, edges)
    right = np.random.default_rng(seed).normal(size=(n, 2))
    x = solved(structure_of(n, indptr, indices), values, right)
    expected = splu(whole(indptr, indices, values)).solve(right.ravel()).reshape(n, 2)
    assert np.abs(x - expected).max() <= ROUNDING * np.abs(expected).max()


def test_transposed_solutions_are_those_of_superlu() -> None:
    indptr, indices, values = random_blocks(1, 50, 120)
    structure = structure_of(50, indptr, indices)
    factors = factors_of(structure)
    factorize(structure, values, factors)
    right = np.random.default_rng(2).normal(size=(50, 2))
    x = right[structure.order]
    solve_transposed(structure, factors, x)
    expected = splu(whole(indptr, indices, values)).solve(right.ravel(), trans="T").reshape(50, 2)
    assert np.abs(x[structure.position] - expected).max() <= ROUNDING


def test_lanes_give_what_single_right_hand_sides_give() -> None:
    indptr, indices, values = random_blocks(3, 60, 150)
    structure = structure_of(60, indptr, indices)
    factors = factors_of(structure)
    factorize(structure, values, factors)
    right = np.random.default_rng(4).normal(size=(60, 2, LANES))
    lanes = right.copy()
    solve_lanes(structure, factors, lanes)
    for lane in range(LANES):
        one = right[:, :, lane].copy()
        solve(structure, factors, one)
        assert np.abs(one - lanes[:, :, lane]).max() <= ROUNDING


def test_eight_matrices_side_by_side_give_what_each_gives_alone() -> None:
    indptr, indices, values = random_blocks(5, 60, 150)
    structure = structure_of(60, indptr, indices)
    several = values[:, :, None] * np.random.default_rng(6).uniform(0.9, 1.1, (*values.shape, LANES))
    factors, failed = factors_of(structure, lanes=True), np.zeros(LANES, np.int64)
    factorize_lanes(structure, several, factors, failed)
    assert (failed == HOLDS).all()
    right = np.random.default_rng(7).normal(size=(60, 2, LANES))
    lanes = right[structure.order]
    solve_each_lane(structure, factors, lanes)
    for lane in range(LANES):
        alone = solved(structure, several[:, :, lane].copy(), right[:, :, lane])
        assert np.abs(alone - lanes[structure.position, :, lane]).max() <= ROUNDING


@pytest.mark.parametrize("entry", [0.0, np.nan])
def test_a_singular_lane_is_named_and_spoils_no_other(entry: float) -> None:
    indptr, indices, values = random_blocks(8, 30, 60)
    structure = structure_of(30, indptr, indices)
    several = np.repeat(values[:, :, None], LANES, axis=2)
    several[indptr[7] : indptr[8], :, 3] = entry
    factors, failed = factors_of(structure, lanes=True), np.zeros(LANES, np.int64)
    factorize_lanes(structure, several, factors, failed)
    assert failed[3] == structure.position[7]
    assert (np.delete(failed, 3) == HOLDS).all()
    right = np.random.default_rng(9).normal(size=(30, 2, LANES))
    lanes = right[structure.order]
    solve_each_lane(structure, factors, lanes)
    assert (
        np.abs(lanes[structure.position, :, 0] - solved(structure, values, right[:, :, 0])).max() < ROUNDING
    )


def test_a_solution_along_paths_is_that_of_the_whole() -> None:
    indptr, indices, values = random_blocks(10, 80, 90)
    structure = structure_of(80, indptr, indices)
    factors = factors_of(structure)
    factorize(structure, values, factors)
    at, rows = 5, [5]
    while structure.parent[rows[-1]] >= 0:
        rows.append(int(structure.parent[rows[-1]]))
    right = np.zeros((80, 2, LANES))
    right[at, 0, 0], right[at, 1, 1] = 1.0, 1.0
    every, some = right.copy(), right.copy()
    solve_lanes(structure, factors, every)
    forward_lanes_at(structure, factors, some, np.array(rows))
    backward_lanes_at(structure, factors, some, np.array(rows))
    assert np.abs(every[rows] - some[rows]).max() <= ROUNDING


def power_flow_blocks(name: str, *, reference: bool = True) -> tuple[Ints, Ints, Floats]:
    """Give the power-flow Jacobian of a PGLib case at flat voltages, in blocks; without shunts and taps."""
    case, _ = read(pglib.path(name))
    row = {number: place for place, number in enumerate(case.bus["bus"].tolist())}
    f, t = (np.array([row[number] for number in case.branch[end].tolist()]) for end in ("from_bus", "to_bus"))
    n, y = len(row), 1.0 / (case.branch["r"] + 1j * case.branch["x"])
    rows, cols = np.concatenate([f, t, f, t]), np.concatenate([f, t, t, f])
    admittance = csr_matrix((np.concatenate([y, y, -y, -y]), (rows, cols)), shape=(n, n))
    admittance.sort_indices()
    g, b = admittance.data.real, admittance.data.imag
    values = np.stack([-b, g, -g, -b], axis=1)
    kind = case.bus["type"] if reference else np.ones(n)
    of, at = np.repeat(np.arange(n), np.diff(admittance.indptr)), admittance.indices
    given_angle, given_magnitude = kind == 3, kind != 1
    values[given_angle[of], :2], values[given_angle[at], ::2] = 0.0, 0.0
    values[given_magnitude[of], 2:], values[given_magnitude[at], 1::2] = 0.0, 0.0
    diagonal = np.flatnonzero(of == at)
    values[diagonal, 0] += given_angle
    values[diagonal, 3] += given_magnitude
    return admittance.indptr.astype(np.int64), at.astype(np.int64), values


@pytest.mark.parametrize("name", ["case14_ieee", "case118_ieee", "case1354_pegase", "case2848_rte"])
def test_power_flow_jacobians_are_solved_as_superlu_does(name: str) -> None:
    indptr, indices, values = power_flow_blocks(name)
    n = len(indptr) - 1
    right = np.random.default_rng(0).normal(size=(n, 2))
    x = solved(structure_of(n, indptr, indices), values, right)
    matrix = whole(indptr, indices, values)
    expected = splu(matrix).solve(right.ravel())
    residual = np.abs(matrix @ x.ravel() - right.ravel()).max()
    assert residual <= 1e-9 * max(np.abs(expected).max(), 1.0)
    assert np.abs(x.ravel() - expected).max() <= 1e-7 * np.abs(expected).max()


def test_an_island_without_a_reference_is_singular() -> None:
    indptr, indices, values = power_flow_blocks("case14_ieee", reference=False)
    structure = structure_of(14, indptr, indices)
    assert factorize(structure, values, factors_of(structure)) == 13


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4))
def test_a_pivot_block_is_inverted_or_called_singular(entries: list[float]) -> None:
    a, b, c, d = entries
    scale = max(map(abs, entries))
    p, q, r, s, holds = inverse(a, b, c, d, scale)
    if abs(a * d - b * c) <= 1e-9 * scale**2:
        return  # near the border either answer is right
    assert holds
    product = np.array([[a, b], [c, d]]) @ np.array([[p, q], [r, s]])
    assert np.abs(product - np.eye(2)).max() < 1e-6


@pytest.mark.parametrize("block", [(0.0, 0.0, 0.0, 0.0), (1.0, 2.0, 2.0, 4.0), (np.nan, 1.0, 1.0, 0.0)])
def test_a_block_without_an_inverse_is_called_so(block: tuple[float, float, float, float]) -> None:
    a, b, c, d = block
    assert not inverse(a, b, c, d, 4.0)[4]


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 2), (2, 2, 5), (0, 4)])
def test_rows_of_eight_are_lines_of_the_cache(shape: tuple[int, ...]) -> None:
    arrays = [aligned(*shape) for _ in range(20)]  # numpy's own are, in one of four
    for one in arrays:
        assert one.shape == (*shape, LANES)
        assert one.flags.c_contiguous
        assert not one.any()
        assert one.size == 0 or one.__array_interface__["data"][0] % 64 == 0
