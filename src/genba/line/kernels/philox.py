"""Philox4x32-10: random bits as a function of a key and a counter, without a state.

Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011), section 3.3.
"""

from typing import Any

import numpy as np

from genba.num.jit import inlined, kernel

M0, M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
W0, W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
LOW, WORD = np.uint64(0xFFFFFFFF), np.uint64(32)
FRACTION, SHIFT, ONE = np.uint64(0x3FF0000000000000), np.uint64(12), np.uint64(1)
BELOW_ONE = 1.0 - 2.0**-53

Words = tuple[Any, Any, Any, Any]
"""Four words of 32 bits, each in the low half of 64 bits."""


@inlined
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Words:
    """Give the four random words of one counter under one key."""
    for _ in range(10):
        p0, p1 = M0 * c0, M1 * c2
        c0, c1, c2, c3 = (p1 >> WORD) ^ c1 ^ k0, p1 & LOW, (p0 >> WORD) ^ c3 ^ k1, p0 & LOW
        k0, k1 = (k0 + W0) & LOW, (k1 + W1) & LOW
    return c0, c1, c2, c3


@inlined
def unit(high: Any, low: Any) -> Any:
    """Give the number in (0, 1) that two words stand for: an odd multiple of 2**-53, never 0 or 1."""
    bits = (((high << WORD) | low) >> SHIFT) | FRACTION
    return np.uint64(bits).view(np.float64) - BELOW_ONE


@kernel
def philox_words(counter: Any, key: Any, out: Any) -> None:
    """Write the words of one counter; counter shape (4,), key (2,), out (4,), all uint64."""
    c0, c1, c2, c3 = philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1])
    out[0], out[1], out[2], out[3] = c0, c1, c2, c3


__all__ = ["LOW", "ONE", "WORD", "philox", "philox_words", "unit"]
