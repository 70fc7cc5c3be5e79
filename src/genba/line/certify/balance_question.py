"""The question of `line.balance` read from the file again, and the line of the result beside it."""

from dataclasses import dataclass

from genba.core.context import Context
from genba.line.certify.timed_line import Lost, lost_between
from genba.line.io.opening import open_line
from genba.line.records.balance import BalanceParams, BalanceResult
from genba.line.records.line import Line, Task
from genba.line.records.pace import planned_cycle
from genba.line.records.whole import task_pairs, task_times, whole

MONEY = 10_000
"""Parts of a unit of money that costs per hour are compared to."""


@dataclass(frozen=True)
class Hand:
    """Who or what can work at a station.

    Arguments:
        name: as the result names it.
        able: tasks by place.
        speed: times are divided by it.
        cost: of one in an hour, in parts of a unit of money.
        count: how many there are.
    """

    name: str
    able: frozenset[int]
    speed: float
    cost: int
    count: int

    def work(self, times: tuple[int, ...]) -> tuple[int, ...]:
        """Give what tasks take, microseconds."""
        return tuple(round(time / self.speed) for time in times)


@dataclass(frozen=True)
class Asked:
    """What a line must keep to; tasks by place in the file, times in microseconds.

    Arguments:
        line: read anew.
        products: times with each product that must keep the cycle.
        variants: times of all products that are made.
        before: all direct and indirect predecessors.
        pairs: direct precedences.
        cycle: as asked; all work where the shortest is asked for.
        places: most of them at one station.
        most: places in all; None: any number.
        hands: who can work at a station; nothing where that does not matter.
        rules: whether those of the line hold.
        losing: whether setups and walking count where the line has them.
    """

    line: Line
    products: tuple[tuple[int, ...], ...]
    variants: tuple[tuple[int, ...], ...]
    before: tuple[frozenset[int], ...]
    pairs: tuple[tuple[int, int], ...]
    cycle: int
    places: int
    most: int | None
    hands: tuple[Hand, ...]
    rules: bool
    losing: bool

    @property
    def folded(self) -> bool:
        """Give whether the line is a U."""
        return self.line.shape == "u"

    @property
    def sided(self) -> bool:
        """Give whether both sides of the line are worked at."""
        return self.line.shape == "two-sided"

    @property
    def timed(self) -> bool:
        """Give whether it matters when a task starts."""
        return self.sided or bool(self.lost)

    @property
    def lost(self) -> Lost:
        """Give what is lost between tasks, where that counts."""
        return lost_between(self.line) if self.losing else {}

    @property
    def deepest(self) -> int:
        """Give the most places of a station."""
        return 2 if self.sided else self.places

    @property
    def plain(self) -> bool:
        """Give whether precedence and one time for each task are all there is, rules apart."""
        alike = len(set(self.products)) == 1
        return alike and self.places == 1 and not self.folded and not self.sided and not self.hands

    @property
    def fastest(self) -> tuple[tuple[int, ...], ...]:
        """Give the times of tasks with whoever is fastest at them."""
        return tuple(
            tuple(
                min((hand.work(times)[task] for hand in self.hands if task in hand.able), default=time)
                for task, time in enumerate(times)
            )
            for times in self.products
        )

    @property
    def last_fixed(self) -> int:
        """Give the last station that a rule names; those before it may stand empty."""
        numbers = [number for one in self.line.rules.fixed for number in one.stations] if self.rules else []
        return max(numbers, default=0)


@dataclass(frozen=True)
class Stated:
    """The line of the result, tasks in the order of the file.

    Arguments:
        station: of each task from 1; 0 for one that the result leaves out.
        out: whether each task is on the way out of a U.
        places: of each station.
        hand: number of who works at each station; -1: nobody in particular; -2: a name that is unknown.
        strangers: rows that name no task or one named before, no station of the line, or no leg.
    """

    station: tuple[int, ...]
    out: tuple[bool, ...]
    places: tuple[int, ...]
    hand: tuple[int, ...]
    strangers: int

    def positions(self) -> list[int]:
        """Give where each task is on the way of a unit: out of a U stations come in reverse."""
        last = 2 * len(self.places) + 1
        return [last - at if out else at for at, out in zip(self.station, self.out, strict=True)]

    def tasks(self, station: int) -> list[int]:
        """Give the tasks at a station."""
        return [task for task, at in enumerate(self.station) if at == station]

    def work(self, asked: Asked) -> list[list[int]]:
        """Give the work at every station with each product, microseconds."""
        found = []
        for number, hand in enumerate(self.hand, start=1):
            rows = [asked.hands[hand].work(row) for row in asked.products] if hand >= 0 else asked.products
            found.append([sum(row[task] for task in self.tasks(number)) for row in rows])
        return found


def asked_of(params: BalanceParams, ctx: Context) -> Asked:
    """Read the question."""
    line = open_line(params, Context(path=ctx.path))
    made = [product.id for product in line.products if product.share > 0]
    each = tuple(tuple(whole(task.times.get(one, task.time)) for task in line.tasks) for one in made)
    products = each if params.mix == "each" and each else (task_times(line, params.mix),)
    given = params.cycle_time if params.cycle_time is not None else planned_cycle(line)
    free = params.objective == "efficiency" and given is None
    longest = [max(times) for times in zip(*products, strict=True)]
    pairs = task_pairs(line)
    return Asked(
        line=line,
        products=products,
        variants=each or (tuple(longest),),
        before=_closed(len(line.tasks), pairs),
        pairs=pairs,
        cycle=sum(longest) if params.objective == "cycle" or free else whole(given or 0.0),
        places=params.places,
        most=params.stations,
        hands=_hands(line) if params.staff or params.objective == "cost" else (),
        rules=params.rules,
        losing=params.rules and line.shape != "u" and _by_stations(params),
    )


def _by_stations(params: BalanceParams) -> bool:
    """Give whether stations or their cycle are asked for, with one place and one time for each task."""
    plain = params.objective in ("stations", "cycle", "feasible") and params.mix != "each"
    return plain and params.places == 1 and not params.staff and not params.smooth


def stated_in(asked: Asked, result: BalanceResult) -> Stated:
    """Read the line of a result."""
    place = {task.id: at for at, task in enumerate(asked.line.tasks)}
    legs = {"in": False, "out": True} if asked.folded else {"": False}
    station, out, strangers = [0] * len(place), [False] * len(place), 0
    for row in result.assignments.rows():
        at, number, leg = place.get(str(row["task"])), int(row["station"] or 0), str(row["leg"])
        if at is None or station[at] or not 1 <= number <= (result.stations or 0) or leg not in legs:
            strangers += 1
        else:
            station[at], out[at] = number, legs[leg]
    hands = {hand.name: number for number, hand in enumerate(asked.hands)} | {"": -1}
    rows = list(result.workplaces.rows())
    strangers += [int(row["station"] or 0) for row in rows] != list(range(1, (result.stations or 0) + 1))
    return Stated(
        tuple(station),
        tuple(out),
        tuple(int(row["places"] or 0) for row in rows),
        tuple(hands.get(str(row["resource"]), -2) for row in rows),
        strangers,
    )


def _closed(n: int, pairs: tuple[tuple[int, int], ...]) -> tuple[frozenset[int], ...]:
    """Give all that is before each task; the line has been checked for cycles."""
    direct: list[list[int]] = [[] for _ in range(n)]
    for one, other in pairs:
        direct[other].append(one)
    found: dict[int, frozenset[int]] = {}
    waiting = list(range(n))
    while waiting:
        task = waiting[-1]
        missing = [one for one in direct[task] if one not in found]
        waiting += missing
        if not missing:
            found[waiting.pop()] = frozenset(direct[task]).union(*(found[one] for one in direct[task]))
    return tuple(found[task] for task in range(n))


def _hands(line: Line) -> tuple[Hand, ...]:
    """Give who can work at a station: workers by skill, groups of people and robots by capability."""
    tools = {what for one in line.groups if one.kind in ("jig", "human") for what in one.capabilities}
    repairing = {one.breakdown.crew for one in line.stations if one.breakdown} | {
        one.breakdown.crew for one in line.groups if one.breakdown
    }
    placed = {name for station in line.stations for name in station.workers}
    found = []
    for one in line.workers:
        if one.count > 0 and (one.id in placed or one.id not in repairing):
            able = _able(line, set(one.skills), tools, by=("manual", "either"))
            found.append(Hand(one.id, able, 1.0, round(one.cost * MONEY), one.count))
    names = {hand.name for hand in found}
    for group in line.groups:
        if group.count > 0 and group.kind in ("human", "robot"):
            by = ("robot", "either") if group.kind == "robot" else ("manual", "either")
            any_skill = group.kind == "robot" or not line.workers
            able = _able(line, None if any_skill else set(group.capabilities), set(group.capabilities), by=by)
            name = f"{group.id} (group)" if group.id in names else group.id
            found.append(Hand(name, able, group.speed, round(group.cost * MONEY), group.count))
    return tuple(found)


def _able(line: Line, skills: set[str] | None, tools: set[str], *, by: tuple[str, ...]) -> frozenset[int]:
    def fits(task: Task) -> bool:
        trained = skills is None or not task.skill or task.skill in skills
        return trained and task.by in by and (not task.capability or task.capability in tools)

    return frozenset(at for at, task in enumerate(line.tasks) if fits(task))
