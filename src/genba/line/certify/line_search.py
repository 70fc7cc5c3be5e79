"""Is there a line within limits? A search through every assignment, for certificates of small lines.

Written apart from the model: tasks are placed one by one, in an order that precedence allows, at every
station that rules leave; a branch ends where a rule is broken or a limit passed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

from genba.line.certify.balance_question import Asked, Hand

LARGEST = 30_000
"""Partial lines that are looked at before the answer is left open."""
MOST_TASKS = 12
"""Of lines that are searched at all."""
SCORE = 1000


@dataclass(frozen=True)
class Limits:
    """What a line may have at most: places, microseconds of a place, cost and differences of products.

    Arguments:
        places: of all stations; None: any number.
        cycle: work of each place.
        cost: in parts of a unit of money; None: any.
        spread: microseconds between products, over all stations; None: any.
    """

    places: int | None
    cycle: int
    cost: int | None = None
    spread: int | None = None


@dataclass
class _Search:
    asked: Asked
    limits: Limits
    order: tuple[int, ...]
    stations: int
    position: dict[int, int] = field(default_factory=dict)
    at: dict[int, int] = field(default_factory=dict)
    looked: int = 0

    def found(self) -> bool:
        """Give whether the tasks that are left can be placed."""
        if len(self.at) == len(self.order):
            return self._holds()
        task = self.order[len(self.at)]
        first = max((self.position[one] for one in self.asked.before[task]), default=1)
        for position in range(first, (2 if self.asked.folded else 1) * self.stations + 1):
            self.looked += 1
            if self.looked > LARGEST:
                return False
            station = position if position <= self.stations else 2 * self.stations + 1 - position
            self.at[task], self.position[task] = station, position
            if self._possible(task) and self.found():
                return True
            del self.at[task], self.position[task]
        return False

    def _possible(self, task: int) -> bool:
        return (not self.asked.rules or keeps(self.asked, self.at, task)) and self._fits()

    def _choices(self) -> dict[int, list[tuple[int, int, Hand | None]]] | None:
        """Give cost, places and hand of whoever can work at each station; None where nobody can."""
        found = {}
        for station in sorted(set(self.at.values())):
            tasks = [task for task, place in self.at.items() if place == station]
            choices = sorted(choices_of(self.asked, tasks, self.limits.cycle), key=lambda one: one[:2])
            if not choices:
                return None
            found[station] = choices
        return found

    def _fits(self) -> bool:
        choices = self._choices()
        if choices is None:
            return False
        empty = max(choices) - len(choices) if len(self.at) == len(self.order) else 0
        places = sum(min(one[1] for one in row) for row in choices.values()) + empty
        cost = sum(row[0][0] for row in choices.values())
        within = self.limits.places is None or places <= self.limits.places
        return within and (self.limits.cost is None or cost <= self.limits.cost)

    def _holds(self) -> bool:
        """Check a whole line: who works where, and the differences of products."""
        choices = self._choices() or {}
        if self.limits.spread is not None and spread_of(self.asked, self.at) > self.limits.spread:
            return False
        empty = max(choices) - len(choices)
        return any(
            (self.limits.places is None or places + empty <= self.limits.places)
            and (self.limits.cost is None or cost <= self.limits.cost)
            for places, cost in _manned(list(choices.values()), {})
        )


def keeps(asked: Asked, at: dict[int, int], task: int) -> bool:
    """Give whether the tasks placed so far keep the rules about one of them."""
    rules, tasks, station = asked.line.rules, asked.line.tasks, at[task]
    ids = {tasks[one].id: place for one, place in at.items()}
    name = tasks[task].id
    mine = [group for group in rules.together if name in group]
    if any(ids.get(one, station) != station for group in mine for one in group):
        return False
    others = [one for group in rules.apart if name in group for one in group if one != name]
    if any(ids.get(one) == station for one in others):
        return False
    if any(rule.task == name and station not in rule.stations for rule in rules.fixed):
        return False
    score = sum(round(tasks[one].ergonomic * SCORE) for one, place in at.items() if place == station)
    return rules.ergonomic_cap is None or score <= round(rules.ergonomic_cap * SCORE)


def choices_of(asked: Asked, tasks: list[int], cycle: int) -> Iterator[tuple[int, int, Hand | None]]:
    """Yield cost, places and hand of whoever can do some tasks at one station."""
    for hand in asked.hands or (None,):
        rows = asked.products if hand is None else [hand.work(row) for row in asked.products]
        work = max(sum(row[task] for task in tasks) for row in rows)
        places = max(1, -(-work // max(1, cycle)))
        if places <= asked.places and (hand is None or hand.able.issuperset(tasks)):
            yield (hand.cost * places if hand else 0), places, hand


def _manned(
    rows: list[list[tuple[int, int, Hand | None]]], taken: dict[str, int]
) -> Iterator[tuple[int, int]]:
    """Yield places and cost of every way to choose one hand for each station, as many as there are."""
    if not rows:
        yield 0, 0
        return
    for cost, places, hand in rows[0]:
        used = 0 if hand is None else taken.get(hand.name, 0) + places
        if hand is None or used <= hand.count:
            more = taken if hand is None else {**taken, hand.name: used}
            for others, dear in _manned(rows[1:], more):
                yield places + others, cost + dear


def spread_of(asked: Asked, at: dict[int, int]) -> int:
    """Give what lies between the products with most and least work at a station, over all stations."""
    total = 0
    for station in set(at.values()):
        work = [sum(row[task] for task, place in at.items() if place == station) for row in asked.variants]
        total += max(work) - min(work)
    return total


def line_within(asked: Asked, limits: Limits) -> bool | None:
    """Give whether there is a line within limits; None when it is left open."""
    n = len(asked.before)
    if n > MOST_TASKS:
        return None
    stations = n + asked.last_fixed
    stations = stations if limits.places is None else min(stations, limits.places)
    search = _Search(asked, limits, _sorted(asked.before), stations)
    found = search.found()
    return None if search.looked > LARGEST else found


def _sorted(before: tuple[frozenset[int], ...]) -> tuple[int, ...]:
    """Give an order that precedence allows: who has fewer before it, counting the indirect, comes first."""
    return tuple(sorted(range(len(before)), key=lambda task: len(before[task])))


def broken(asked: Asked, station: tuple[int, ...], side: tuple[str, ...] = ()) -> int:
    """Count rules that a whole line breaks; where it has sides, scores are capped at each."""
    rules, tasks = asked.line.rules, asked.line.tasks
    at = {task.id: number for task, number in zip(tasks, station, strict=True)}
    parted = sum(len({at[one] for one in group}) > 1 for group in rules.together)
    met = sum(at[a] == at[b] for group in rules.apart for a, b in combinations(set(group), 2))
    astray = sum(at[one.task] not in one.stations for one in rules.fixed)
    scores: dict[tuple[int, str], int] = {}
    for task, where in zip(tasks, zip(station, side or ("",) * len(tasks), strict=True), strict=True):
        scores[where] = scores.get(where, 0) + round(task.ergonomic * SCORE)
    cap = rules.ergonomic_cap
    strained = 0 if cap is None else sum(score > round(cap * SCORE) for score in scores.values())
    return parted + met + astray + strained
