"""`line.redesign`: from today's line to another cycle or other products, with as little change as can be."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from genba.core.context import Context
from genba.core.findings import Finding, FindingKind, Severity
from genba.core.operation import operation
from genba.line.certify.redesign import certify_redesign
from genba.line.io.opening import open_line
from genba.line.kernels.assignment_model import Assigning
from genba.line.kernels.bits import Ints
from genba.line.kernels.fewest_moves import pose_moves, step
from genba.line.operations.redesign_model import CENTS, Job, Layout, assigning, layout, moving, read_job
from genba.line.records.line import Line
from genba.line.records.redesign import FRONTIER, PLACEMENTS, SITES, RedesignParams, RedesignResult
from genba.line.records.whole import PER_SECOND, seconds
from genba.line.views.redesign import view_redesign
from genba.num.solvers import cpsat
from genba.num.table import Table, table

LEFT_OUT = FindingKind(
    "line.redesign_left_out",
    Severity.WARNING,
    "{rules} are not kept by this redesign; check them at the stations it gives.",
)
NANO = 1e9
UP = 10
"""Stations that are tried above today's where even those are too few."""
Outcome = Literal["optimal", "feasible", "infeasible", "unsolved"]


@dataclass(frozen=True, eq=False)
class Plan:
    """What is known about so many stations at most.

    Arguments:
        most: stations.
        outcome: what is known.
        places: today's stations and where new ones may come.
        position: of each task; None without a line.
        station: of each task, a place; None without a line.
        added: places added to each station.
        bound: of what is least: moves, or cost in hundredths; None where no line exists.
    """

    most: int
    outcome: Outcome
    places: Layout
    position: Ints | None = None
    station: Ints | None = None
    added: Ints | None = None
    bound: int | None = None

    @property
    def used(self) -> Ints:
        """Give the places of stations with work."""
        return np.unique(self.station) if self.station is not None else np.zeros(0, np.int64)


@operation(
    "line.redesign",
    certify=certify_redesign,
    views=view_redesign,
    example="example:inverter --cycle-time 58 --goal cost",
)
def redesign(params: RedesignParams, ctx: Context) -> RedesignResult:
    """Redesign a line with as little change as possible, for every number of stations.

    From today's assignment to a new cycle time or other products: for each number of stations the fewest
    moved tasks, or the least cost, with a proven bound. A station that stays keeps its place, people and
    equipment; new ones may come anywhere between.

    Example:
        >>> import genba
        >>> result = genba.line.redesign(line="example:starter", cycle_time=60).result
        >>> result.outcome
        'optimal'
    """
    line = open_line(params, ctx)
    job = read_job(line, params)
    ctx.check(_left_out(line))
    plans = _frontier(job, ctx, ctx.clock() + int(params.time_limit * NANO))
    return _result(job, plans)


def _left_out(line: Line) -> tuple[Finding, ...]:
    names = {
        "setup times": line.rules.setups,
        "walking times": line.rules.walks,
        "side lines": any(station.after is not None for station in line.stations),
    }
    missing = [name for name, given in names.items() if given]
    return (LEFT_OUT.at("rules", rules=", ".join(missing)),) if missing else ()


def _frontier(job: Job, ctx: Context, until: int) -> list[Plan]:
    """Solve from the most stations to the fewest, until none is possible or known."""
    asked = job.params.most_stations
    most = asked or max(job.today, job.floor)
    top = _point(job, most, None, ctx, until)
    while top.outcome == "infeasible" and asked is None and most < job.today + UP:
        most += 1
        top = _point(job, most, None, ctx, until)
    plans = [top]
    while _goes_on(job, plans[-1]) and _next(plans[-1]) >= job.floor:
        plans.append(_point(job, _next(plans[-1]), plans[-1], ctx, until))
    return plans


def _goes_on(job: Job, plan: Plan) -> bool:
    """Give whether fewer stations are worth a look; without places for new ones the model is far smaller."""
    return plan.station is not None or (plan.outcome == "unsolved" and plan.most > job.today)


def _next(plan: Plan) -> int:
    """Give the next number of stations; an optimal line with fewer than allowed answers for all between."""
    return (len(plan.used) if plan.outcome == "optimal" else plan.most) - 1


def _told(best: float | None, bound: float | None) -> str:
    """Tell how good the best plan is, in moves or money."""
    if best is None:
        return "looking for a plan"
    return f"improving the plan found, {best}" if bound is None else f"best {best}, at least {bound}"


def _point(job: Job, most: int, last: Plan | None, ctx: Context, until: int) -> Plan:
    places = layout(job, most)
    given, change = assigning(job, most, places), moving(job, places)
    posed = pose_moves(given, change)
    if posed is None or most < job.floor:
        return Plan(most, "infeasible", places)
    near = _near(change.today, places, last)
    used = np.array(sorted({given.station(p) for p in near.tolist() if p >= 0}), np.int64)
    posed.start_from(near, np.zeros(given.stations, np.int64), used)

    def watch(best: float | None, bound: float | None) -> None:
        ctx.progress(0.5, f"{most} stations: {_told(best, bound)}")

    answer = cpsat.solve(
        posed.program,
        watch,
        limit_s=max(0.1, (until - ctx.clock()) / NANO),
        work=job.params.work_limit,
        seed=ctx.seed,
        workers=max(1, ctx.threads),
    )
    if not answer.values:
        known: Outcome = "infeasible" if answer.status == "infeasible" else "unsolved"
        return Plan(
            most, known, places, bound=None if known == "infeasible" else _bound(answer, given, job, last)
        )
    position = posed.positions(answer.values)
    return Plan(
        most,
        "optimal" if answer.status == "optimal" else "feasible",
        places,
        position,
        np.array([given.station(p) for p in position.tolist()], np.int64),
        posed.places_added(answer.values),
        _bound(answer, given, job, last),
    )


def _near(today: Ints, places: Layout, last: Plan | None) -> Ints:
    """Give the positions of the point before, where the places are the same, else of today."""
    same = last is not None and last.position is not None and last.places == places
    return last.position if same and last is not None and last.position is not None else today


def _bound(answer: cpsat.FlagAnswer, given: Assigning, job: Job, last: Plan | None) -> int:
    """Give the bound; with fewer stations no less change is needed than with more."""
    found = max(0, math.ceil((answer.bound or 0.0) - 1e-6))
    own = found // step(given) if job.params.goal == "cost" else found
    return max(own, last.bound or 0) if last is not None else own


def _result(job: Job, plans: list[Plan]) -> RedesignResult:
    lines = [plan for plan in plans if plan.station is not None]
    impossible = [plan.most for plan in plans if plan.outcome == "infeasible"]
    moves = [int(_moved(job, plan).sum()) for plan in lines]
    return RedesignResult(
        outcome=_outcome(plans),
        cycle_time=seconds(job.cycle),
        stations_today=sum(bool(station.tasks) for station in job.line.stations),
        fewest_stations=min((len(plan.used) for plan in lines), default=None),
        stations_bound=max([job.floor, *(most + 1 for most in impossible)]),
        least_moves=min(moves, default=None),
        frontier=_points(job, plans),
        placements=_placements(job, lines),
        sites=_sites(job, lines),
    )


def _outcome(plans: list[Plan]) -> Outcome:
    if all(plan.station is None for plan in plans):
        return "infeasible" if plans[-1].outcome == "infeasible" else "unsolved"
    return "optimal" if all(plan.outcome in ("optimal", "infeasible") for plan in plans) else "feasible"


def _moved(job: Job, plan: Plan) -> Ints:
    today = moving(job, plan.places).today
    return np.asarray((today >= 0) & (today != plan.station), np.int64)


def _points(job: Job, plans: list[Plan]) -> Table:
    rows = [_row(job, plan) for plan in plans]
    return table(FRONTIER, **{name: [row[name] for row in rows] for name in FRONTIER.names})


def _row(job: Job, plan: Plan) -> dict[str, object]:
    by_cost, bound = job.params.goal == "cost", plan.bound
    row: dict[str, object] = {
        "most": plan.most,
        "outcome": plan.outcome,
        "stations": len(plan.used),
        "moves": -1,
        "moves_bound": -1 if bound is None else 0 if by_cost else bound,
        "cost": math.nan,
        "cost_bound": math.nan if bound is None else bound / CENTS if by_cost else 0.0,
        "opened": 0,
        "closed": 0,
        "places": 0,
    }
    if plan.station is None or plan.added is None:
        return row
    change, moved = moving(job, plan.places), _moved(job, plan)
    opened, added = int(plan.places.new[plan.used].sum()), int(plan.added.sum())
    before = {place for place in change.today.tolist() if place >= 0}
    cost = int(change.move @ moved) + opened * change.opening + added * change.place
    closed = len(before - set(plan.used.tolist()))
    return row | {
        "moves": int(moved.sum()),
        "cost": cost / CENTS,
        "opened": opened,
        "closed": closed,
        "places": added,
    }


def names_of(job: Job, plan: Plan) -> list[str]:
    """Give the name of every place: an id of today, `new 1` and so on, or empty where none is opened."""
    found, count, used = [], 0, set(plan.used.tolist())
    for place, slot in enumerate(plan.places.slots):
        opened = slot is None and place in used
        count += opened
        found.append(job.line.stations[slot].id if slot is not None else f"new {count}" if opened else "")
    return found


def _numbers(job: Job, plan: Plan) -> Ints:
    """Give the number of each place along the line, those that stay empty of a station not counted."""
    return np.cumsum([bool(name) for name in names_of(job, plan)])


def _placements(job: Job, plans: list[Plan]) -> Table:
    columns: dict[str, list[object]] = {name: [] for name in PLACEMENTS.names}
    now = {task: station.id for station in job.line.stations for task in station.tasks}
    for plan in plans:
        assert plan.station is not None  # only plans with a line are given
        assert plan.position is not None
        names, numbers, moved = names_of(job, plan), _numbers(job, plan), _moved(job, plan)
        for at in np.argsort(plan.station, kind="stable").tolist():
            task, place = job.line.tasks[at], int(plan.station[at])
            way = "" if job.line.shape != "u" else "in" if int(plan.position[at]) == place else "out"
            row = (
                plan.most,
                task.id,
                task.name,
                now.get(task.id, ""),
                names[place],
                int(numbers[place]),
                way,
                int(job.times[:, at].max()) / PER_SECOND,
                int(moved[at]),
                round(task.move_cost * CENTS) / CENTS if moved[at] else 0.0,
            )
            for name, value in zip(PLACEMENTS.names, row, strict=True):
                columns[name].append(value)
    return table(PLACEMENTS, **columns)


def _sites(job: Job, plans: list[Plan]) -> Table:
    columns: dict[str, list[object]] = {name: [] for name in SITES.names}
    for plan in plans:
        names, numbers = names_of(job, plan), _numbers(job, plan)
        for place in (place for place, name in enumerate(names) if name):
            row = (plan.most, int(numbers[place]), names[place], *_site(job, plan, place))
            for name, value in zip(SITES.names, row, strict=True):
                columns[name].append(value)
    return table(SITES, **columns)


def _site(job: Job, plan: Plan, place: int) -> tuple[object, ...]:
    assert plan.station is not None  # only plans with a line are given
    assert plan.added is not None
    tasks, slot = np.flatnonzero(plan.station == place), plan.places.slots[place]
    before = slot is not None and bool(job.line.stations[slot].tasks)
    state = "opened" if slot is None else "kept" if len(tasks) and before else "closed" if before else "empty"
    state = "opened" if len(tasks) and not before else state
    servers = (1 if slot is None else job.line.stations[slot].servers) + int(plan.added[place])
    load = int(job.times[:, tasks].sum(axis=1).max()) / PER_SECOND / servers
    scores = sum(job.line.tasks[at].ergonomic for at in tasks.tolist())
    return state, len(tasks), servers, load, job.cycle / PER_SECOND - load, scores
