"""Certificate of `line.redesign`: every line keeps every rule, and less change is looked for."""

import math
from dataclasses import dataclass

import numpy as np

from genba.core.certificate import Certificate, Claim, at_most, equal
from genba.core.context import Context
from genba.line.certify.move_search import LARGEST, Asked, change, fewest, least_change, less, places_missing
from genba.line.certify.redesign_question import CENTS, asked_of, today_of
from genba.line.io.opening import open_line
from genba.line.records.line import Line
from genba.line.records.redesign import RedesignParams, RedesignResult
from genba.line.records.whole import PER_SECOND

ROUNDING_S = 1e-6
"""A microsecond: times are compared as whole ones."""
ROUNDING = 1e-6
Rows = list[dict[str, object]]


@dataclass(frozen=True)
class Point:
    """One row of the frontier with its line.

    Arguments:
        row: of the frontier.
        asked: the question it answers, read from the file again.
        at: place of each task; empty without a line.
        position: on the way of a unit.
        sites, tasks: rows of the result.
        strangers: rows that do not fit the file.
    """

    row: dict[str, object]
    asked: Asked
    at: dict[int, int]
    position: dict[int, int]
    sites: Rows
    tasks: Rows
    strangers: int

    def number(self, name: str) -> float:
        """Give a number of the row; not a number where it is missing."""
        return _number(self.row[name])


def _number(value: object) -> float:
    return math.nan if value is None else float(str(value))


@np.errstate(all="ignore")  # what is no number fails its claim
def certify_redesign(params: RedesignParams, result: RedesignResult, ctx: Context) -> Certificate:
    """Check every line of the frontier against the file, then bounds and outcomes."""
    line = open_line(params, Context(path=ctx.path))
    points = [_point(line, params, result, dict(row)) for row in result.frontier.rows()]
    same = _every_task(line, points)
    if not same.holds or not points:  # nothing else can be asked of another line
        return Certificate(claims=(same,))
    lines = [point for point in points if point.at]
    return Certificate(
        claims=(
            same,
            *_kept(line, params, lines),
            _figures(params, lines),
            _frontier(params, points),
            *_bounds(params, points),
            _told(line, params, result, points),
        )
    )


def _point(line: Line, params: RedesignParams, result: RedesignResult, row: dict[str, object]) -> Point:
    most = int(str(row["most"]))
    sites: Rows = [dict(r) for r in result.sites.rows() if r["most"] == most]
    tasks: Rows = [dict(r) for r in result.placements.rows() if r["most"] == most]
    names = [str(site["station"]) for site in sites] or [station.id for station in line.stations]
    asked = asked_of(line, params, most, names)
    place_of = {str(site["station"]): place for place, site in enumerate(sites)}
    task_of = {task.id: at for at, task in enumerate(line.tasks)}
    at: dict[int, int] = {}
    position: dict[int, int] = {}
    strangers = 0
    for told in tasks:
        task, place = task_of.get(str(told["task"])), place_of.get(str(told["station"]))
        if task is None or place is None or task in at:
            strangers += 1
            continue
        at[task] = place
        position[task] = 2 * len(sites) - 1 - place if told["way"] == "out" else place
        strangers += told["place"] != place + 1 or told["way"] not in (
            ("in", "out") if asked.folded else ("",)
        )
        strangers += told["today"] != (
            line.stations[today_of(line)[task]].id if today_of(line)[task] >= 0 else ""
        )
    return Point(row, asked, at, position, sites, tasks, strangers)


def _every_task(line: Line, points: list[Point]) -> Claim:
    wrong = sum(point.strangers for point in points)
    ids = [station.id for station in line.stations]
    for point in points:
        if point.row["outcome"] in ("infeasible", "unsolved") and not point.tasks and not point.sites:
            continue
        names = [str(site["station"]) for site in point.sites]
        news = [name for name in names if name not in ids]
        wrong += len(line.tasks) - len(point.at)
        wrong += [name for name in names if name in ids] != ids
        wrong += news != [f"new {number + 1}" for number in range(len(news))]
        wrong += [site["place"] for site in point.sites] != list(range(1, len(names) + 1))
    return equal(
        "every_task_once",
        float(wrong if points else 1),
        expected=0,
        method="Tasks left out, repeated or unknown, and stations missing or out of their order are counted.",
    )


def _kept(line: Line, params: RedesignParams, lines: list[Point]) -> tuple[Claim, ...]:
    late = sum(
        point.position[one] > point.position[task]
        for point in lines
        for task, before in enumerate(point.asked.before)
        for one in before
    )
    over = max((_overload(point) for point in lines), default=0)
    return (
        equal("precedence", late, expected=0, method="Tasks before a predecessor on the way are counted."),
        at_most(
            "within_cycle",
            over / PER_SECOND,
            bound=0.0,
            unit="s",
            method="Work beyond the cycle, by station and product, over all places, in microseconds.",
        ),
        equal(
            "rules",
            sum(_broken(point) for point in lines),
            expected=0,
            method="Broken rules are counted: together, apart, fixed, cap, staffing, places, cost limit.",
        ),
    )


def _overload(point: Point) -> int:
    worst = 0
    for place, site in enumerate(point.sites):
        tasks = [task for task, where in point.at.items() if where == place]
        for product in range(len(point.asked.times[0])):
            work = sum(point.asked.times[task][product] for task in tasks)
            worst = max(worst, work - point.asked.cycle * int(str(site["servers"])))
    return worst


def _broken(point: Point) -> int:
    asked, at = point.asked, point.at
    parted = sum(len({at[one] for one in group}) > 1 for group in asked.together)
    met = sum(len({at[one] for one in set(group)}) < len(set(group)) for group in asked.apart)
    astray = sum(at[task] not in allowed for task, allowed in enumerate(asked.allowed))
    strain = np.bincount(list(at.values()), [asked.scores[task] for task in at], len(point.sites))
    strained = 0 if asked.cap is None else int((strain > asked.cap).sum())
    servers = [int(str(site["servers"])) for site in point.sites]
    added = [told - there for told, there in zip(servers, asked.servers, strict=True)]
    crowded = (min(added) < 0) + (sum(added) > asked.spare)
    opened = sum(asked.new[place] for place in set(at.values()))
    dear = asked.limit is not None and change(asked, at, asked.costs, opened, sum(added)) > asked.limit
    return parted + met + astray + strained + crowded + dear


def _figures(params: RedesignParams, lines: list[Point]) -> Claim:
    return at_most(
        "figures",
        max((_gap(point) for point in lines), default=0.0),
        bound=ROUNDING,
        unit="1",
        method="Moves, cost, stations opened and closed, places, loads and states are counted again.",
    )


def _gap(point: Point) -> float:
    """Give the largest difference between what a point says and what is counted again."""
    asked, at = point.asked, point.at
    used = set(at.values())
    opened = sum(asked.new[place] for place in used)
    added = sum(int(str(site["servers"])) - asked.servers[place] for place, site in enumerate(point.sites))
    moves = sum(asked.today[task] not in (-1, place) for task, place in at.items())
    pairs = [
        (point.number("stations"), len(used)),
        (point.number("moves"), moves),
        (point.number("cost"), change(asked, at, asked.costs, opened, added) / CENTS),
        (point.number("opened"), opened),
        (point.number("closed"), len(set(asked.today) - {-1} - used)),
        (point.number("places"), added),
    ]
    pairs += [pair for place in range(len(point.sites)) for pair in _site(point, place)]
    index = {str(row["task"]): row for row in point.tasks}
    for (task, place), row in zip(sorted(at.items()), _in_order(point, index), strict=True):
        moved = asked.today[task] not in (-1, place)
        pairs += [
            (_number(row["moved"]), moved),
            (_number(row["time"]), max(asked.times[task]) / PER_SECOND),
        ]
        pairs.append((_number(row["cost"]), asked.costs[0][task] / CENTS if moved else 0.0))
    gaps = [abs(float(told) - float(true)) for told, true in pairs]
    return math.nan if any(math.isnan(gap) for gap in gaps) else max(gaps)


def _in_order(point: Point, index: dict[str, dict[str, object]]) -> Rows:
    """Give the rows of tasks in the order of the file."""
    rows = dict(zip(point.at, index.values(), strict=True))
    return [rows[task] for task in sorted(rows)]


def _site(point: Point, place: int) -> list[tuple[float, float]]:
    asked, site = point.asked, point.sites[place]
    tasks = [task for task, where in point.at.items() if where == place]
    servers = int(str(site["servers"]))
    work = max((sum(each) for each in zip(*(asked.times[task] for task in tasks), strict=True)), default=0)
    load = work / PER_SECOND / max(1, servers)
    before = place in asked.today
    state = ("kept" if before else "opened") if tasks else "closed" if before else "empty"
    return [
        (_number(site["tasks"]), len(tasks)),
        (_number(site["load"]), load),
        (_number(site["idle"]), asked.cycle / PER_SECOND - load),
        (_number(site["ergonomic"]), sum(asked.scores[task] for task in tasks) / 1000),
        (float(site["state"] != state), 0.0),
        (float(places_missing(asked, tasks, place) > servers - asked.servers[place]), 0.0),
    ]


def _value(params: RedesignParams, point: Point) -> tuple[float, float]:
    """Give what is least at a point, and its bound."""
    what = "cost" if params.goal == "cost" else "moves"
    return point.number(what), point.number(f"{what}_bound")


def _frontier(params: RedesignParams, points: list[Point]) -> Claim:
    """Count what does not follow: order, monotony, words that bound and value do not bear out."""
    wrong, best, last = 0, -math.inf, None
    for point in points:
        value, bound = _value(params, point)
        if last is not None:
            done = last.number("stations") if last.row["outcome"] == "optimal" else last.number("most")
            wrong += last.row["outcome"] == "infeasible" or point.number("most") != done - 1
        if point.at:
            met = abs(value - bound) < ROUNDING
            wrong += (
                point.row["outcome"] != ("optimal" if met else "feasible") or not bound <= value + ROUNDING
            )
            wrong += point.number("stations") > point.number("most")
            wrong += not bound >= best - ROUNDING
            best = bound
        else:
            wrong += point.row["outcome"] not in ("infeasible", "unsolved") or point.number("stations") != 0
        last = point
    return equal(
        "frontier",
        float(wrong),
        expected=0,
        method="Optimal where value and bound meet; bounds never fall with fewer stations; none left out.",
    )


def _bounds(params: RedesignParams, points: list[Point]) -> tuple[Claim, Claim]:
    """Prove bounds again where simple bounds or an own search can; say how many rest on CP-SAT."""
    verdicts = [_verdict(params, point) for point in points if point.row["outcome"] != "unsolved"]
    return (
        equal(
            "bounds_again",
            float(verdicts.count("refuted")),
            expected=0,
            method="Bounds and impossibilities that are refuted: time of all tasks, tasks that too full and "
            f"closed stations must lose, and a search of up to {LARGEST} partial assignments are tried.",
        ),
        Claim(
            name="bounds_trusted",
            value=float(verdicts.count("open")),
            bound=float(len(points)),
            unit="1",
            holds=True,
            method="Points whose bound or impossibility is not proved again: CP-SAT is taken at its word.",
        ),
    )


def _verdict(params: RedesignParams, point: Point) -> str:
    impossible = point.row["outcome"] == "infeasible"
    asked = point.asked
    if impossible:
        if fewest(asked) > asked.most:
            return "proved"
        claimed = None
    else:
        _, bound = _value(params, point)
        claimed = math.ceil(bound * (CENTS if params.goal == "cost" else 1) - ROUNDING)
        if least_change(asked) >= claimed:
            return "proved"
    found = less(asked, claimed)
    if found:
        return "refuted"
    # Where stations may come that the result does not open, not all places were looked at.
    elsewhere = asked.most > len(asked.servers) - sum(asked.new)
    return "open" if found is None or elsewhere else "proved"


def _told(line: Line, params: RedesignParams, result: RedesignResult, points: list[Point]) -> Claim:
    """Count what the summary gets wrong."""
    lines = [point for point in points if point.at]
    impossible = [int(point.number("most")) + 1 for point in points if point.row["outcome"] == "infeasible"]
    names = [station.id for station in line.stations]
    asked = asked_of(line, params, 1, names)
    proved = all(point.row["outcome"] in ("optimal", "infeasible") for point in points)
    outcome = ("optimal" if proved else "feasible") if lines else str(points[-1].row["outcome"])
    wrong = (
        result.outcome != outcome,
        abs(result.cycle_time - asked.cycle / PER_SECOND) > ROUNDING_S,
        result.stations_today != sum(bool(station.tasks) for station in line.stations),
        result.fewest_stations != min((int(point.number("stations")) for point in lines), default=None),
        result.stations_bound != max([fewest(asked), *impossible]),
        result.least_moves != min((int(point.number("moves")) for point in lines), default=None),
    )
    return equal(
        "summary", float(sum(wrong)), expected=0, method="Outcome and totals follow from the points."
    )
