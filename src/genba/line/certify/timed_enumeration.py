"""The fewest stations of small timed lines by dynamic programming over sets of tasks: an own method.

Tasks are put one after the other, each as soon as its place and its predecessors at the station allow: some
such order gives every line that is worth having. What can follow depends on the set done and on the station
that is being filled: when its places and tasks are ready, or, where time is lost between tasks, on the first
and the last one of its place. With two sides and losses both, a first task that starts later can help, which
is not tried here.
"""

from collections.abc import Iterator, Sequence

from genba.line.certify.timed_line import REACH, Lost

LARGEST = 20_000
"""States up to which a certificate recomputes an optimum."""
WAYS = 3_000
"""The same for two sides, where ways are compared with one another."""
Way = tuple[int, ...]


def fewest_sided(
    times: Sequence[int], before: Sequence[frozenset[int]], sides: Sequence[str], cycle: int
) -> tuple[int, int] | None:
    """Give the fewest two-sided stations, and of these places; None with more than `WAYS`.

    Nothing is lost between tasks. For each set done: ways to have done it, of which none is as good as
    another in everything: stations, places, when each place of the last station is ready, -1 where nothing is
    done there, and when each of its tasks is finished, -1 for tasks elsewhere.
    """
    n, heads = len(times), [sum(1 << one for one in tasks) for tasks in before]
    fresh = (-1,) * (2 + n)
    layer: dict[int, list[Way]] = {0: [(0, 0, *fresh)]}
    seen = 1
    for _ in range(n):
        following: dict[int, list[Way]] = {}
        for done, ways in layer.items():
            if seen + sum(map(len, following.values())) > WAYS:
                return None
            for task in _next(done, heads):
                kept = following.setdefault(done | 1 << task, [])
                for way in ways:
                    starts = [(way[0] + 1, way[1], *fresh), *([way] if way[0] else [])]
                    for start in starts:
                        for after in _placed(
                            start, task, times[task], before[task], REACH[sides[task]], cycle
                        ):
                            _keep(kept, after)
        layer = following
        seen += sum(map(len, layer.values()))
    return min(((way[0], way[1]) for way in layer[(1 << n) - 1]), default=(n + 1, n + 1))


def _next(done: int, heads: list[int]) -> Iterator[int]:
    return (task for task, head in enumerate(heads) if not done >> task & 1 and not head & ~done)


def _placed(
    way: Way, task: int, time: int, before: frozenset[int], sides: tuple[str, ...], cycle: int
) -> Iterator[Way]:
    """Yield the ways to fill a station further with a task at one of its sides."""
    ready = max((way[4 + one] for one in before), default=0)
    for side in (2 if one == "left" else 3 for one in sides):
        end = max(0, way[side], ready) + time
        if end <= cycle:
            changed = list(way)
            changed[1] += way[side] < 0
            changed[side] = changed[4 + task] = end
            yield tuple(changed)


def _keep(ways: list[Way], way: Way) -> None:
    """Keep a way unless another is as good in everything, and drop those that it is as good as."""
    if not any(_as_good(other, way) for other in ways):
        ways[:] = [other for other in ways if not _as_good(way, other)]
        ways.append(way)


def _as_good(one: Way, other: Way) -> bool:
    """Give whether one way can do whatever the other can, places that are still to open included."""
    if one[0] < other[0]:
        return one[1] + (other[2] >= 0) + (other[3] >= 0) <= other[1]
    missing = sum(other[side] >= 0 > one[side] for side in (2, 3))
    later = any(a > b for a, b in zip(one[2:], other[2:], strict=True))
    return one[0] == other[0] and one[1] + missing <= other[1] and not later


def fewest_with_losses(
    times: Sequence[int], before: Sequence[frozenset[int]], lost: Lost, cycle: int
) -> int | None:
    """Give the fewest stations of one place each with losses; None with more than `LARGEST` states.

    For each set done, with first and last task of the station being filled: pairs of stations and the time
    used in the last one, of which no other is as small in both.
    """
    n, heads = len(times), [sum(1 << one for one in tasks) for tasks in before]
    layer: dict[tuple[int, int, int], set[tuple[int, int]]] = {(0, -1, -1): {(0, 0)}}
    seen = 1
    for _ in range(n):
        following: dict[tuple[int, int, int], set[tuple[int, int]]] = {}
        for (done, first, last), pairs in layer.items():
            closed = min((s for s, used in pairs if used + lost.get((last, first), 0) <= cycle), default=None)
            for task in _next(done, heads):
                larger = done | 1 << task
                for stations, used in pairs:
                    longer = used + lost.get((last, task), 0) + times[task]
                    if last >= 0 and longer <= cycle:
                        _add(following, (larger, first, task), (stations, longer))
                if closed is not None and times[task] <= cycle:
                    _add(following, (larger, task, task), (closed + 1, times[task]))
        layer = following
        seen += sum(map(len, layer.values()))
        if seen > LARGEST:
            return None
    ends = (
        stations
        for (_, first, last), pairs in layer.items()
        for stations, used in pairs
        if used + lost.get((last, first), 0) <= cycle
    )
    return min(ends, default=n + 1)


def _add(
    layer: dict[tuple[int, int, int], set[tuple[int, int]]], key: tuple[int, int, int], pair: tuple[int, int]
) -> None:
    known = layer.setdefault(key, set())
    if not any(s <= pair[0] and used <= pair[1] for s, used in known):
        known -= {one for one in known if pair[0] <= one[0] and pair[1] <= one[1]}
        known.add(pair)
