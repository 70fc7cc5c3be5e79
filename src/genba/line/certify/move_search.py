"""Less change than claimed? Simple bounds, then a search through every assignment, for certificates.

Written apart from the model: tasks are placed one by one, in an order that precedence allows, at every place
that rules leave; a branch ends where a rule is broken or change is no longer less than claimed.
"""

from dataclasses import dataclass, field

LARGEST = 4_000
"""Partial assignments that are looked at before the answer is left open."""
MOST_TASKS = 300


@dataclass(frozen=True)
class Asked:
    """A line and its rules, written out; tasks and places by number from 0, amounts in whole numbers.

    Arguments:
        times: microseconds of each task with each product that counts.
        before: direct predecessors of each task.
        cycle: microseconds.
        servers: of each place.
        new: whether there is no station yet, by place.
        today: place of each task; -1 for a new task.
        allowed: places of each task.
        together, apart: sets of tasks.
        scores: ergonomic scores in thousandths.
        cap: largest sum of scores; None: any.
        most: stations with work.
        spare: places that may be added.
        folded: whether the line is a U.
        prices: change that counts: of each task's move, a new station, one more place.
        costs: money of the same.
        limit: largest sum of money; None: any.
    """

    times: tuple[tuple[int, ...], ...]
    before: tuple[tuple[int, ...], ...]
    cycle: int
    servers: tuple[int, ...]
    new: tuple[bool, ...]
    today: tuple[int, ...]
    allowed: tuple[frozenset[int], ...]
    together: tuple[tuple[int, ...], ...]
    apart: tuple[tuple[int, ...], ...]
    scores: tuple[int, ...]
    cap: int | None
    most: int
    spare: int
    folded: bool
    prices: tuple[tuple[int, ...], int, int]
    costs: tuple[tuple[int, ...], int, int]
    limit: int | None


@dataclass
class _Search:
    asked: Asked
    claimed: int | None
    order: tuple[int, ...]
    position: dict[int, int] = field(default_factory=dict)
    at: dict[int, int] = field(default_factory=dict)
    missing: dict[int, int] = field(default_factory=dict)
    looked: int = 0

    def found(self) -> bool:
        """Give whether the tasks that are left can be placed with less change than claimed."""
        if len(self.at) == len(self.order):
            return True
        task, asked = self.order[len(self.at)], self.asked
        stations = len(asked.servers)
        first = max((self.position[one] for one in asked.before[task]), default=0)
        last = (2 if asked.folded else 1) * stations
        home = asked.today[task]
        for position in sorted(range(first, last), key=lambda p: home not in (p, 2 * stations - 1 - p)):
            place = position if position < stations else 2 * stations - 1 - position
            if place not in asked.allowed[task]:
                continue
            self.looked += 1
            if self.looked > LARGEST:
                return False
            missing = self.missing.get(place, 0)
            self.at[task], self.position[task] = place, position
            if self._possible(task) and self.found():
                return True
            del self.at[task], self.position[task]
            self.missing[place] = missing
        return False

    def _possible(self, task: int) -> bool:
        asked, at, place = self.asked, self.at, self.at[task]
        here = [one for one, where in at.items() if where == place]
        if asked.cap is not None and sum(asked.scores[one] for one in here) > asked.cap:
            return False
        if any(
            task in group and any(at.get(one, place) != place for one in group) for group in asked.together
        ):
            return False
        if any(task in group and len(set(group) & set(here)) > 1 for group in asked.apart):
            return False
        used = set(at.values())
        if len(used) > asked.most:
            return False
        self.missing[place] = places_missing(asked, here, place)
        added = sum(self.missing.values())
        opened = sum(asked.new[where] for where in used)
        if added > asked.spare or (
            asked.limit is not None and change(asked, at, asked.costs, opened, added) > asked.limit
        ):
            return False
        return self.claimed is None or change(asked, at, asked.prices, opened, added) < self.claimed


def places_missing(asked: Asked, tasks: list[int], place: int) -> int:
    """Give how many places must be added for the work of some tasks at one station."""
    if not tasks:
        return 0
    load = max(sum(asked.times[one][product] for one in tasks) for product in range(len(asked.times[0])))
    return max(0, -(-load // asked.cycle) - asked.servers[place])


def change(
    asked: Asked, at: dict[int, int], prices: tuple[tuple[int, ...], int, int], opened: int, added: int
) -> int:
    """Give what an assignment changes, weighed by prices."""
    moves, opening, more = prices
    moved = sum(moves[task] for task, place in at.items() if asked.today[task] not in (-1, place))
    return moved + opened * opening + added * more


def less(asked: Asked, claimed: int | None) -> bool | None:
    """Give whether there is a line with less change than claimed (None: any); None when it is left open."""
    if len(asked.before) > MOST_TASKS:
        return None
    search = _Search(asked, claimed, _sorted(asked.before))
    found = search.found()
    return None if search.looked > LARGEST else found


def _sorted(before: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    order: list[int] = []
    left = list(range(len(before)))
    while left:  # the line has been checked for cycles
        ready = next(task for task in left if all(one in order for one in before[task]))
        order.append(ready)
        left.remove(ready)
    return tuple(order)


def least_change(asked: Asked) -> int:
    """Give a bound of change: too full stations lose tasks, and all but so many stations lose every task."""
    moves = asked.prices[0]
    lost, rest = 0, []
    for place in sorted({place for place in asked.today if place >= 0}):
        tasks = [task for task, where in enumerate(asked.today) if where == place]
        dearest = sum(moves[task] for task in tasks)
        leaving = max(
            _leaving(asked, [(asked.times[task][product], moves[task]) for task in tasks], place)
            for product in range(len(asked.times[0]))
        )
        lost += leaving
        rest.append(dearest - leaving)
    return lost + sum(sorted(rest)[: max(0, len(rest) - asked.most)])


def _leaving(asked: Asked, tasks: list[tuple[int, int]], place: int) -> int:
    """Give the least change that makes one station's work fit: the cheapest, as many as of the longest."""
    excess = sum(time for time, _ in tasks) - asked.cycle * (asked.servers[place] + asked.spare)
    count = 0
    for time, _ in sorted(tasks, reverse=True):
        if excess <= 0:
            break
        excess -= time
        count += 1
    return sum(sorted(price for _, price in tasks)[:count])


def fewest(asked: Asked) -> int:
    """Give how many stations time alone needs, the ones with most places first."""
    work = max(sum(times) for times in zip(*asked.times, strict=True))
    need, count = -(-work // asked.cycle) - asked.spare, 0
    there = sorted((s for s, new in zip(asked.servers, asked.new, strict=True) if not new), reverse=True)
    while need > 0:
        need -= there[count] if count < len(there) else 1
        count += 1
    return max(1, count)
