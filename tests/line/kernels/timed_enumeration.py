"""All timed lines of a few tasks: places, orders at each, and starts by difference constraints."""

from collections.abc import Iterator
from itertools import pairwise, permutations, product

from genba.line.kernels.timed_line import Timed

Turns = list[tuple[int, ...]]


def fewest_places(timed: Timed) -> tuple[int, int] | None:
    """Give the fewest stations, and of these the fewest places; None when no line keeps all rules."""
    counts = [
        (1 + max(at for at, turn in enumerate(turns) if turn) // timed.sides, sum(map(bool, turns)))
        for turns in lines(timed)
    ]
    return min(counts, default=None)


def lines(timed: Timed) -> Iterator[Turns]:
    """Yield the tasks of each place, in order, of every line for which there are starts."""
    places = range(timed.given.most * timed.sides)
    for place in product(
        *([p for p in places if p % timed.sides in timed.reach(t)] for t in range(len(timed.times)))
    ):
        if not _ruled(timed, place):
            continue
        here = [[t for t, at in enumerate(place) if at == p] for p in places]
        yield from (list(turns) for turns in product(*map(permutations, here)) if starts(timed, list(turns)))


def _ruled(timed: Timed, place: tuple[int, ...]) -> bool:
    given, station = timed.given, [at // timed.sides for at in place]
    pairs = zip(given.start.tolist(), given.end.tolist(), strict=True)
    scores = [0] * (given.most * timed.sides)
    for task, at in enumerate(place):
        scores[at] += 0 if given.scores is None else int(given.scores[task])
    return (
        all(station[one] <= station[other] for one, other in pairs)
        and all(len({station[t] for t in group}) == 1 for group in given.together)
        and all(len({station[t] for t in group}) == len(group) for group in given.apart)
        and all(station[t] in where for t, where in given.allowed.items())
        and (given.cap is None or max(scores) <= given.cap)
    )


def starts(timed: Timed, turns: Turns) -> list[int] | None:
    """Give the earliest starts of tasks in these orders (Bellman and Ford); None when there are none."""
    given, times = timed.given, timed.times.tolist()
    station = {task: at // timed.sides for at, turn in enumerate(turns) for task in turn}
    rows = [
        (one, other, times[one])
        for one, other in zip(given.start.tolist(), given.end.tolist(), strict=True)
        if station[one] == station[other]
    ]
    for turn in filter(None, turns):
        rows += [(one, other, times[one] + timed.loss(one, other)) for one, other in pairwise(turn)]
        rows.append((turn[-1], turn[0], times[turn[-1]] + timed.loss(turn[-1], turn[0]) - given.cycle))
    begin = [0] * len(times)
    for _ in range(len(times) + 1):
        for one, other, gap in rows:
            begin[other] = max(begin[other], begin[one] + gap)
    late = any(begin[one] + gap > begin[other] for one, other, gap in rows)
    return None if late or any(b + t > given.cycle for b, t in zip(begin, times, strict=True)) else begin
