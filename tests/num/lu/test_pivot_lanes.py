"""Inverses of eight pivot blocks side by side."""

import numba
import numpy as np
import pytest

from genba.num.lu.lanes import LANES, load, store
from genba.num.lu.pivot import SMALLEST, inverse
from genba.num.lu.pivot_lanes import inverse_lanes


@numba.njit(error_model="numpy")  # type: ignore[misc]
def inverted(blocks: np.ndarray, into: np.ndarray) -> None:
    """Write the inverses of blocks, shape (1, 4, 8), and the sizes of their pivots, shape (1, 6, 8)."""
    found = inverse_lanes(load(blocks, 0, 0), load(blocks, 0, 1), load(blocks, 0, 2), load(blocks, 0, 3))
    store(into, 0, 0, found[0])
    store(into, 0, 1, found[1])
    store(into, 0, 2, found[2])
    store(into, 0, 3, found[3])
    store(into, 0, 4, found[4])
    store(into, 0, 5, found[5])


@pytest.mark.parametrize("seed", range(20))
def test_lanes_are_inverted_as_one_block_is(seed: int) -> None:
    random = np.random.default_rng(seed)
    blocks = random.normal(size=(1, 4, LANES)) * 10.0 ** random.integers(-6, 7, size=(1, 4, LANES))
    blocks[random.random((1, 4, LANES)) < 0.2] = 0.0
    into = np.empty((1, 6, LANES))
    with np.errstate(all="ignore"):
        inverted(blocks, into)
    for lane in range(LANES):
        a, b, c, d = blocks[0, :, lane].tolist()
        scale = float(np.abs(blocks[0, :, lane]).max())
        *wanted, holds = inverse(a, b, c, d, scale)
        assert (into[0, 4:, lane] > SMALLEST * scale).all() == holds
        if holds:
            np.testing.assert_allclose(into[0, :4, lane], wanted, rtol=1e-12)


@pytest.mark.parametrize(
    "wrong", [[[0.0, 0.0], [0.0, 0.0]], [[1.0, 2.0], [2.0, 4.0]], [[np.nan, 1.0], [1.0, np.nan]]]
)
def test_a_block_without_an_inverse_has_a_pivot_of_no_size(wrong: list[list[float]]) -> None:
    blocks, into = np.repeat(np.array(wrong).reshape(1, 4, 1), LANES, axis=2), np.empty((1, 6, LANES))
    inverted(blocks, into)
    assert not (into[0, 4:] > 1e-13).all(axis=0).any()
