"""What every sparse linear solver must do, whoever made it; run over all of them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix, tril
from scipy.sparse.linalg import splu

from genba.num.linsolvers.contract import LinearSolver, Pattern, SingularMatrix, Symmetry

CLOSE = 1e-9
"""Relative error of solutions of matrices whose condition is below 1e5: refined to working precision."""
PIVOTED = 20
"""How often SuperLU's own backward error a refined solution may have: ratios of rounding errors scatter."""
ROUNDING = 1e-15
"""Backward errors below this differ by chance only."""


@dataclass(frozen=True)
class Matrix:
    """A matrix as the contract wants it, and whole."""

    pattern: Pattern
    values: np.ndarray
    dense: np.ndarray


def matrix_of(dense: np.ndarray, symmetry: Symmetry, group: np.ndarray | None = None) -> Matrix:
    """Store a dense matrix; a symmetric one keeps its whole diagonal."""
    n = len(dense)
    kept = dense != 0
    if symmetry == "symmetric":
        kept = np.tril(kept) | np.eye(n, dtype=bool)
    columns, rows = np.nonzero(kept.T)
    indptr = np.concatenate([[0], np.cumsum(kept.sum(axis=0))])
    return Matrix(Pattern(n, indptr, rows, symmetry, group), dense[rows, columns], dense)


def revalued(matrix: Matrix, dense: np.ndarray) -> Matrix:
    """Give another matrix of the same pattern."""
    columns = np.repeat(np.arange(matrix.pattern.n), np.diff(matrix.pattern.indptr))
    return replace(matrix, values=dense[matrix.pattern.indices, columns], dense=dense)


def dominant(n: int, seed: int, symmetry: Symmetry) -> np.ndarray:
    """Give a sparse matrix of both signs whose diagonal outweighs its rows: any order of pivots will do."""
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((n, n)) < 4 / n, rng.normal(size=(n, n)), 0.0)
    if symmetry == "symmetric":
        dense = np.tril(dense, -1) + np.tril(dense, -1).T
    np.fill_diagonal(dense, 0.0)
    return dense + np.diag(rng.choice([-1.0, 1.0], n) * (abs(dense).sum(axis=1) + 0.5))


def saddle(n: int, m: int, seed: int) -> Matrix:
    """Give a KKT matrix with a zero block, each constraint in a group with one of its variables."""
    rng = np.random.default_rng(seed)
    hessian = dominant(n, seed, "symmetric")
    np.fill_diagonal(hessian, abs(np.diag(hessian)))
    constraints = np.where(rng.random((m, n)) < 2 / n, rng.normal(size=(m, n)), 0.0)
    constraints[np.arange(m), np.arange(m)] = rng.uniform(1, 2, m)
    dense = np.block([[hessian, constraints.T], [constraints, np.zeros((m, m))]])
    return matrix_of(dense, "symmetric", np.concatenate([np.arange(n), np.arange(m)]))


def taken(solver: LinearSolver, *, batch: bool = False) -> list[Symmetry]:
    symmetries: tuple[Symmetry, ...] = ("symmetric", "general")
    return [symmetry for symmetry in symmetries if solver.supports(batch=batch, symmetry=symmetry)]


def backward_error(dense: np.ndarray, x: np.ndarray, right: np.ndarray) -> float:
    """Give the largest relative change of entries that explains the residual (Higham, theorem 7.3)."""
    return float((abs(right - dense @ x) / (abs(dense) @ abs(x) + abs(right))).max())


def test_a_solver_takes_one_kind_of_matrix_at_least(solver: LinearSolver) -> None:
    assert taken(solver)
    assert solver.name


@pytest.mark.parametrize("n", [1, 2, 3, 30, 200])
def test_a_random_matrix_is_solved(solver: LinearSolver, n: int) -> None:
    for symmetry in taken(solver):
        matrix = matrix_of(dominant(n, n, symmetry), symmetry)
        wanted = np.linspace(-1, 1, n) + 2
        found = solver.analyze(matrix.pattern).factorize(matrix.values).solve(matrix.dense @ wanted)
        assert found.shape == (n,)
        np.testing.assert_allclose(found, wanted, rtol=CLOSE)


def test_several_right_hand_sides_give_what_each_gives_alone(solver: LinearSolver) -> None:
    for symmetry in taken(solver):
        matrix = matrix_of(dominant(25, 1, symmetry), symmetry)
        factors = solver.analyze(matrix.pattern).factorize(matrix.values)
        right = np.random.default_rng(2).normal(size=(25, 3))
        together = factors.solve(right)
        assert together.shape == (25, 3)
        alone = np.column_stack([factors.solve(right[:, k]) for k in range(3)])
        np.testing.assert_allclose(together, alone, rtol=CLOSE)


def test_right_hand_sides_are_left_as_they_are(solver: LinearSolver) -> None:
    for symmetry in taken(solver):
        matrix = matrix_of(dominant(8, 3, symmetry), symmetry)
        right = np.ones((8, 2))
        solver.analyze(matrix.pattern).factorize(matrix.values).solve(right)
        assert (right == 1).all()


@pytest.mark.parametrize("columns", [(), (2,)])
def test_a_batch_gives_what_each_matrix_gives_alone(solver: LinearSolver, columns: tuple[int, ...]) -> None:
    for symmetry in taken(solver, batch=True):
        base = matrix_of(dominant(20, 4, symmetry), symmetry)
        all_ = [
            revalued(base, base.dense * scale + np.diag(np.diag(base.dense))) for scale in (1.0, -0.5, 3.0)
        ]
        right = np.random.default_rng(5).normal(size=(3, 20, *columns))
        analysis = solver.analyze(base.pattern)
        together = analysis.factorize(np.stack([one.values for one in all_])).solve(right)
        assert together.shape == right.shape
        for one, b, x in zip(all_, right, together, strict=True):
            np.testing.assert_allclose(x, np.linalg.solve(one.dense, b), rtol=CLOSE, atol=CLOSE)


def test_a_batch_of_one_keeps_its_axis(solver: LinearSolver) -> None:
    for symmetry in taken(solver, batch=True):
        matrix = matrix_of(dominant(6, 6, symmetry), symmetry)
        factors = solver.analyze(matrix.pattern).factorize(matrix.values[None])
        assert factors.solve(np.ones((1, 6))).shape == (1, 6)
        assert factors.solve(np.ones((1, 6, 4))).shape == (1, 6, 4)


def test_one_analysis_serves_new_values_and_other_sizes_of_batch(solver: LinearSolver) -> None:
    for symmetry in taken(solver):
        base = matrix_of(dominant(15, 7, symmetry), symmetry)
        analysis = solver.analyze(base.pattern)
        other = revalued(base, base.dense + np.diag(np.diag(base.dense)))
        for one in (base, other, base):
            found = analysis.factorize(one.values).solve(np.ones(15))
            np.testing.assert_allclose(one.dense @ found, np.ones(15), rtol=CLOSE)
            if solver.supports(batch=True, symmetry=symmetry):
                found = analysis.factorize(np.stack([one.values, other.values])).solve(np.ones((2, 15)))
                np.testing.assert_allclose(other.dense @ found[1], np.ones(15), rtol=CLOSE)


@pytest.mark.parametrize("seed", range(5))
def test_inertia_equals_the_signs_of_the_eigenvalues(solver: LinearSolver, seed: int) -> None:
    if not solver.gives_inertia:
        pytest.skip("gives no inertia")
    matrix = matrix_of(dominant(40, seed, "symmetric"), "symmetric")
    told = solver.analyze(matrix.pattern).factorize(matrix.values).inertia
    assert told is not None
    signs = np.linalg.eigvalsh(matrix.dense)
    assert (told[0].positive, told[0].negative, told[0].zero) == ((signs > 0).sum(), (signs < 0).sum(), 0)


def test_a_solver_that_gives_no_inertia_says_none(solver: LinearSolver) -> None:
    if solver.gives_inertia:
        pytest.skip("gives inertia")
    matrix = matrix_of(dominant(5, 0, "general"), "general")
    assert solver.analyze(matrix.pattern).factorize(matrix.values).inertia is None


@pytest.mark.parametrize("seed", range(5))
def test_a_saddle_point_is_solved_and_its_inertia_known(solver: LinearSolver, seed: int) -> None:
    if "symmetric" not in taken(solver):
        pytest.skip("takes no symmetric matrix")
    matrix = saddle(30, 12, seed)
    factors = solver.analyze(matrix.pattern).factorize(matrix.values)
    wanted = np.random.default_rng(seed).normal(size=42)
    np.testing.assert_allclose(factors.solve(matrix.dense @ wanted), wanted, rtol=1e-7, atol=CLOSE)
    if factors.inertia is not None:
        assert (factors.inertia[0].positive, factors.inertia[0].negative) == (30, 12)


@pytest.mark.parametrize("decades", [3, 8])
@pytest.mark.parametrize("seed", range(3))
def test_an_ill_scaled_matrix_is_solved_as_well_as_by_pivoted_lu(
    solver: LinearSolver, seed: int, decades: int
) -> None:
    rng = np.random.default_rng(seed)
    for symmetry in taken(solver):
        rows = 10.0 ** rng.uniform(-decades, decades, 60)
        columns = rows if symmetry == "symmetric" else 10.0 ** rng.uniform(-decades, decades, 60)
        dense = rows[:, None] * dominant(60, seed, symmetry) * columns
        matrix = matrix_of(dense, symmetry)
        right = dense @ rng.normal(size=60)
        found = solver.analyze(matrix.pattern).factorize(matrix.values).solve(right)
        theirs = backward_error(dense, splu(csc_matrix(dense)).solve(right), right)
        assert backward_error(dense, found, right) <= PIVOTED * max(theirs, ROUNDING)


def test_an_ill_scaled_matrix_keeps_its_inertia(solver: LinearSolver) -> None:
    if not solver.gives_inertia:
        pytest.skip("gives no inertia")
    plain = dominant(50, 9, "symmetric")
    scale = 10.0 ** np.random.default_rng(9).uniform(-8, 8, 50)
    matrix = matrix_of(scale[:, None] * plain * scale, "symmetric")
    told = solver.analyze(matrix.pattern).factorize(matrix.values).inertia
    assert told is not None
    assert told[0].positive == (np.linalg.eigvalsh(plain) > 0).sum()  # Sylvester's law of inertia


SMALL = 1500
"""Unknowns beyond which solvers that work on dense matrices are left out."""


def late_kkt(case: str) -> tuple[Pattern, np.ndarray, np.ndarray]:
    """Give the last KKT matrix of a PGLib case's optimal power flow, its values and right-hand side.

    `kkt_matrices` of benchmarks/grid/rival_kkt.py gave it: four unknowns a bus, entries from 1e-16 to 6e14.
    """
    with np.load(Path(__file__).parent / f"kkt_{case}.npz") as kept:
        n = len(kept["indptr"]) - 1
        places = kept["indptr"].astype(np.int64), kept["indices"].astype(np.int64)
        return Pattern(n, *places, "symmetric", np.arange(n) // 4), kept["values"], kept["right"]


@pytest.mark.parametrize("case", ["case300_ieee", "case1354_pegase"])
def test_a_late_kkt_matrix_is_solved_as_well_as_by_pivoted_lu(
    solver: LinearSolver, request: pytest.FixtureRequest, case: str
) -> None:
    pattern, values, right = late_kkt(case)
    name = request.node.callspec.params["solver"]
    if "symmetric" not in taken(solver) or name == "block_lu":
        pytest.skip("takes no symmetric matrix, or no groups of four")
    if pattern.n > SMALL and ("memory" in name or "dense" in name):
        pytest.skip("works on dense matrices")
    lower = csc_matrix((values, pattern.indices, pattern.indptr), (pattern.n, pattern.n))
    whole = csc_matrix(lower + tril(lower, -1).T)
    factors = solver.analyze(pattern).factorize(values)

    def error(x: np.ndarray) -> float:
        return float((abs(right - whole @ x) / (abs(whole) @ abs(x) + abs(right))).max())

    assert error(factors.solve(right)) <= PIVOTED * max(error(splu(whole).solve(right)), ROUNDING)
    if factors.inertia is not None:
        assert factors.inertia[0].negative == pattern.n // 2


def test_a_diagonal_matrix_is_divided_by(solver: LinearSolver) -> None:
    for symmetry in taken(solver):
        diagonal = np.array([2.0, -4.0, 1e-9, 1e9])
        matrix = matrix_of(np.diag(diagonal), symmetry)
        factors = solver.analyze(matrix.pattern).factorize(matrix.values)
        np.testing.assert_allclose(factors.solve(np.ones(4)), 1 / diagonal, rtol=1e-14)
        if symmetry == "symmetric" and solver.gives_inertia:
            assert factors.inertia is not None
            assert (factors.inertia[0].positive, factors.inertia[0].negative) == (3, 1)


@pytest.mark.parametrize("value", [3.0, -3.0])
def test_one_number_is_a_matrix(solver: LinearSolver, value: float) -> None:
    for symmetry in taken(solver):
        matrix = matrix_of(np.array([[value]]), symmetry)
        factors = solver.analyze(matrix.pattern).factorize(matrix.values)
        assert factors.solve(np.array([6.0])) == pytest.approx([6 / value])


SINGULAR = {
    "a zero": np.zeros((1, 1)),
    "two equal rows": np.array([[1.0, 1.0], [1.0, 1.0]]),
    "an empty row": np.diag([1.0, 0.0, 2.0]),
    "a row that is the sum of two": np.array([[2.0, 0.0, 2.0], [0.0, 4.0, 4.0], [2.0, 4.0, 6.0]]),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_a_singular_matrix_has_no_factors(solver: LinearSolver, name: str) -> None:
    for symmetry in taken(solver):
        matrix = matrix_of(SINGULAR[name], symmetry)
        with pytest.raises(SingularMatrix):
            solver.analyze(matrix.pattern).factorize(matrix.values)


def test_an_analysis_outlives_a_singular_matrix(solver: LinearSolver) -> None:
    for symmetry in taken(solver):
        good = matrix_of(np.array([[1.0, 2.0], [2.0, -1.0]]), symmetry)
        analysis = solver.analyze(good.pattern)
        with pytest.raises(SingularMatrix):
            analysis.factorize(revalued(good, np.ones((2, 2))).values)
        np.testing.assert_allclose(analysis.factorize(good.values).solve(np.array([5.0, 0.0])), [1.0, 2.0])


def test_one_singular_matrix_of_a_batch_is_named_as_such(solver: LinearSolver) -> None:
    for symmetry in taken(solver, batch=True):
        good = matrix_of(np.array([[3.0, 2.0], [2.0, -1.0]]), symmetry)
        bad = revalued(good, np.ones((2, 2)))
        with pytest.raises(SingularMatrix):
            solver.analyze(good.pattern).factorize(np.stack([good.values, bad.values]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_entry_that_is_not_finite_is_refused(solver: LinearSolver, value: float) -> None:
    for symmetry in taken(solver):
        matrix = matrix_of(dominant(10, 10, symmetry), symmetry)
        values = matrix.values.copy()
        values[len(values) // 2] = value
        with pytest.raises(SingularMatrix):
            solver.analyze(matrix.pattern).factorize(values)


def test_nothing_on_the_right_gives_nothing(solver: LinearSolver) -> None:
    for symmetry in taken(solver):
        matrix = matrix_of(dominant(10, 11, symmetry), symmetry)
        assert not solver.analyze(matrix.pattern).factorize(matrix.values).solve(np.zeros(10)).any()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40), power=st.integers(-30, 30))
def test_scaling_both_sides_by_a_power_of_two_changes_nothing(
    solver: LinearSolver, seed: int, n: int, power: int
) -> None:
    for symmetry in taken(solver):
        matrix = matrix_of(dominant(n, seed, symmetry), symmetry)
        right = np.random.default_rng(seed).normal(size=n)
        analysis = solver.analyze(matrix.pattern)
        plain = analysis.factorize(matrix.values).solve(right)
        scaled = analysis.factorize(matrix.values * 2.0**power).solve(right * 2.0**power)
        np.testing.assert_allclose(scaled, plain, rtol=CLOSE, atol=1e-14)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40))
def test_the_order_of_unknowns_does_not_matter(solver: LinearSolver, seed: int, n: int) -> None:
    order = np.random.default_rng(seed).permutation(n)
    for symmetry in taken(solver):
        dense = dominant(n, seed, symmetry)
        plain, moved = matrix_of(dense, symmetry), matrix_of(dense[np.ix_(order, order)], symmetry)
        right = np.random.default_rng(seed + 1).normal(size=n)
        first = solver.analyze(plain.pattern).factorize(plain.values).solve(right)
        second = solver.analyze(moved.pattern).factorize(moved.values).solve(right[order])
        np.testing.assert_allclose(second, first[order], rtol=CLOSE, atol=1e-14)
