"""Bounds on bins by dual feasible functions: values of which no load that fits has more than a whole.

A function's value of a time is an integer over the function's denominator; the sum over tasks, rounded up, is
a bound on stations. LB1, LB2 and LB3 of the literature are the first three.

Source: Fekete and Schepers (2001), New classes of fast lower bounds for bin packing problems; Carlier,
Clautiaux and Moukrim (2007), New reduction procedures and lower bounds for the two-dimensional bin packing
problem, for the rounded function; Scholl and Becker (2006) for LB1 to LB3.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

FUNCTIONS = 24
"""Functions that a search carries; a constant, so that sums of them are done in vectors."""
CARRIED = 14
"""Of these, functions that stay; the others are learned on the way."""
FRACTIONS = 30
"""Largest k of the functions that round multiples of 1/(k + 1)."""
COMPOSED = 8
"""The same where small times have been cut off before."""
THRESHOLDS = 60
"""Thresholds that are tried at most."""


def bound_values(times: Ints, cycle: int) -> tuple[Ints, Ints]:
    """Give the `CARRIED` functions with the best bounds: values, shape (n, FUNCTIONS), and denominators.

    Identity, halves and thirds come first; places without a function have values 0 and denominator 1.
    """
    found, seen = [], set()
    for values, whole in functions(times, cycle):
        key = (values / whole).tobytes()
        if key not in seen:
            seen.add(key)
            found.append((int(values.sum()) / whole, values, whole))
    chosen = found[:3] + sorted(found[3:], key=lambda one: -one[0])[: CARRIED - len(found[:3])]
    table, wholes = np.zeros((FUNCTIONS, len(times)), np.int64), np.ones(FUNCTIONS, np.int64)
    for place, (_, values, whole) in enumerate(chosen):
        table[place], wholes[place] = values, whole
    return np.ascontiguousarray(table.T), wholes


def functions(times: Ints, cycle: int) -> Iterator[tuple[Ints, int]]:
    """Yield values and denominator of every function that is tried."""
    yield times, cycle
    for k in range(1, FRACTIONS + 1):
        yield fractions(times, cycle, k)
    small = thresholds(times, cycle)
    for least in small:
        cut = cut_off(times, cycle, least)
        yield cut, cycle
        for k in range(1, COMPOSED + 1):
            yield fractions(cut, cycle, k)
    for step in small:
        yield rounded(times, cycle, step)


def thresholds(times: Ints, cycle: int) -> list[int]:
    """Give times, and what they leave of a cycle, that are at most half a cycle; thinned evenly."""
    every = np.unique(np.concatenate([times, cycle - times, cycle - times + 1]))
    every = every[(every > 0) & (2 * every <= cycle)]
    if len(every) > THRESHOLDS:
        every = every[np.linspace(0, len(every) - 1, THRESHOLDS).round().astype(np.int64)]
    return [int(one) for one in every]


def fractions(times: Ints, cycle: int, k: int) -> tuple[Ints, int]:
    """Give times rounded down to k-ths by multiples of 1/(k + 1); exact multiples stay as they are."""
    pieces, rest = np.divmod((k + 1) * times, cycle)
    return np.where(rest == 0, k * times, pieces * cycle), k * cycle


def cut_off(times: Ints, cycle: int, least: int) -> Ints:
    """Give 0 for times under `least` and the whole cycle for those that leave less than `least`."""
    return np.where(times > cycle - least, cycle, np.where(times < least, 0, times))


def rounded(times: Ints, cycle: int, step: int) -> tuple[Ints, int]:
    """Give times in steps: small ones rounded down, large ones what small ones leave of the whole."""
    whole = 2 * (cycle // step)
    large = whole - 2 * ((cycle - times) // step)
    half = np.where(2 * times == cycle, cycle // step, 2 * (times // step))
    return np.where(2 * times > cycle, large, half), whole
