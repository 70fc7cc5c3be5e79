"""The fewest stations by dynamic programming over all sets of tasks that may be done first: an own method."""

from collections.abc import Sequence

LARGEST = 20_000
"""Sets of tasks that may be done first, up to which a certificate recomputes an optimum."""


def fewest_stations(times: Sequence[int], before: Sequence[frozenset[int]], cycle: int) -> int | None:
    """Give the fewest stations; None when there are more than `LARGEST` sets to look at.

    Sets grow by one task at a time. For each, the fewest stations and then the least time in the last one are
    best in every respect, because what can follow depends on the set alone.

    Source: Jackson (1956); Schrage and Baker (1978) for the sets.
    """
    heads = [sum(1 << one for one in set(tasks)) for tasks in before]
    layer, seen = {0: (1, 0)}, 1
    for _ in times:
        following: dict[int, tuple[int, int]] = {}
        for done, (stations, used) in layer.items():
            for task, time in enumerate(times):
                if done >> task & 1 or heads[task] & ~done:
                    continue
                state = (stations, used + time) if used + time <= cycle else (stations + 1, time)
                larger = done | 1 << task
                following[larger] = min(following.get(larger, state), state)
        layer, seen = following, seen + len(following)
        if seen > LARGEST:
            return None
    return layer[(1 << len(times)) - 1][0]
