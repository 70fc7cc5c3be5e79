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
Filling = tuple[int, ...]


def fewest_sided(
    times: Sequence[int], before: Sequence[frozenset[int]], sides: Sequence[str], cycle: int
) -> int | None:
    """Give the fewest two-sided stations, nothing lost between tasks; None with more than `LARGEST` states.

    For each set done: the fewest stations, and ways to fill the last of them: when either place is ready and
    when each of its tasks is finished, -1 for tasks elsewhere. A way that is no later in anything replaces
    another.
    """
    n, heads = len(times), [sum(1 << one for one in tasks) for tasks in before]
    empty: Filling = (0, 0, *(-1,) * n)
    layer: dict[int, tuple[int, list[Filling]]] = {0: (1, [empty])}
    seen = 1
    for _ in range(n):
        following: dict[int, tuple[int, list[Filling]]] = {}
        for done, (stations, ways) in layer.items():
            for task in _next(done, heads):
                for way in ways:
                    for after in _placed(way, task, times[task], before[task], REACH[sides[task]], cycle):
                        _keep(following, done | 1 << task, stations, after)
                for after in _placed(empty, task, times[task], frozenset(), REACH[sides[task]], cycle):
                    _keep(following, done | 1 << task, stations + 1, after)
        layer = following
        seen += sum(len(ways) for _, ways in layer.values())
        if seen > LARGEST:
            return None
    return layer.get((1 << n) - 1, (n + 1, []))[0]


def _next(done: int, heads: list[int]) -> Iterator[int]:
    return (task for task, head in enumerate(heads) if not done >> task & 1 and not head & ~done)


def _placed(
    way: Filling, task: int, time: int, before: frozenset[int], sides: tuple[str, ...], cycle: int
) -> Iterator[Filling]:
    """Yield the ways to fill a station further with a task at one of its sides."""
    ready = max((way[2 + one] for one in before), default=0)
    for side in (0 if one == "left" else 1 for one in sides):
        end = max(way[side], ready) + time
        if end <= cycle:
            changed = list(way)
            changed[side] = changed[2 + task] = end
            yield tuple(changed)


def _keep(layer: dict[int, tuple[int, list[Filling]]], done: int, stations: int, way: Filling) -> None:
    """Keep a way unless another is no later in anything; fewer stations are better in every case."""
    known, ways = layer.get(done, (stations + 1, []))
    if stations > known:
        return
    if stations < known:
        ways = []
    if not any(all(a <= b for a, b in zip(other, way, strict=True)) for other in ways):
        ways = [other for other in ways if not all(a <= b for a, b in zip(way, other, strict=True))]
        layer[done] = (stations, [*ways, way])


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
