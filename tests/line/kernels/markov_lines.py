"""Throughput of three exponential stations with finite buffers, exactly: their Markov chain, solved.

Blocking after service. A state is how many parts are at station 2 and 3, waiting and in service; one more
than fits means that the station before holds its finished part.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import coo_array, diags_array, vstack
from scipy.sparse.linalg import spsolve

State = tuple[int, int]


def throughput(rates: Sequence[float], places: Sequence[int]) -> float:
    """Give units per s.

    Arguments:
        rates: service rates of the three stations, 1/s.
        places: waiting places before the second and the third.
    """
    most = (places[0] + 2, places[1] + 2)
    states = [(i, j) for i in range(most[0] + 1) for j in range(most[1] + 1) if i or j < most[1]]
    number = {state: row for row, state in enumerate(states)}
    steps = [(number[a], number[b], rate) for a in states for b, rate in _steps(a, most, rates)]
    source, target, rate = (np.array(column) for column in zip(*steps, strict=True))
    flow = coo_array((rate.astype(float), (target, source)), shape=(len(states),) * 2).tocsr()
    balance = flow - diags_array(flow.sum(axis=0))
    chain = vstack([np.ones((1, len(states))), balance[1:]]).tocsc()
    first = np.eye(1, len(states))[0]
    chance = spsolve(chain, first)
    return float(rates[2] * sum(p for p, (_, j) in zip(chance, states, strict=True) if j))


def _steps(state: State, most: State, rates: Sequence[float]) -> Iterator[tuple[State, float]]:
    i, j = state
    if i < most[0]:
        yield (i + 1, j), rates[0]
    if i and j < most[1]:  # a part that finds no place stays at station 2
        yield ((i - 1, j + 1) if j < most[1] - 1 else (i, j + 1)), rates[1]
    if j:
        yield ((i - 1, j - 1) if j == most[1] else (i, j - 1)), rates[2]
