"""What to show of a redesign: change against stations, then the line before and after, and what moves."""

from collections import defaultdict

from genba.core.views import (
    Axis,
    BarChart,
    Chart,
    Flow,
    Headline,
    LineChart,
    Mark,
    SankeyChart,
    Series,
    Views,
)
from genba.line.records.redesign import OUTCOMES, RedesignParams, RedesignResult
from genba.num.table import Table

MOST_STATIONS = 60
"""More than a screen can tell apart."""
NOT_COVERED = (
    "Setup and walking times, side lines and the speed of resource groups are not part of the redesign.",
    "A new station is taken to be staffed and equipped for what is done there; its price is what was given.",
)
Rows = list[dict[str, object]]


def view_redesign(params: RedesignParams, result: RedesignResult) -> Views:
    """Give the views of a redesign; pictures show the line with the fewest stations."""
    lines = [row for row in result.frontier.rows() if row["stations"]]
    charts: list[Chart] = [_frontier(params, result)]
    if lines:
        most = int(lines[-1]["most"] or 0)
        charts += _line(result, most)
    return Views(headlines=_headlines(result), charts=tuple(charts), not_covered=NOT_COVERED)


def _headlines(result: RedesignResult) -> tuple[Headline, ...]:
    fewest, moves = result.fewest_stations, result.least_moves
    return (
        Headline(key="fewest", label="Fewest stations", value=_number(fewest), unit="1"),
        Headline(key="stations_today", label="Stations today", value=float(result.stations_today), unit="1"),
        Headline(key="least_moves", label="Least moved tasks", value=_number(moves), unit="1"),
        Headline(key="cycle_time", label="Cycle time", value=result.cycle_time, unit="s"),
    )


def _number(value: int | None) -> float | None:
    return None if value is None else float(value)


def _frontier(params: RedesignParams, result: RedesignResult) -> LineChart:
    rows = [row for row in result.frontier.rows() if row["stations"]][::-1]
    what, unit = ("cost", "currency") if params.goal == "cost" else ("moves", "1")
    label = "Cost of change" if params.goal == "cost" else "Moved tasks"
    stations = tuple(float(row["stations"] or 0) for row in rows)
    return LineChart(
        key="cost_frontier" if params.goal == "cost" else "move_frontier",
        title="Change against stations",
        x=Axis(label="Stations", unit="1"),
        y=Axis(label=label, unit=unit),
        series=(
            Series(
                name="Found",
                x=stations,
                y=tuple(float(row[what] or 0) for row in rows),
                text=tuple(f"{row['outcome']}; {row['moves']} moved" for row in rows),
            ),
            Series(name="At least", x=stations, y=tuple(float(row[f"{what}_bound"] or 0) for row in rows)),
        ),
        words=(*OUTCOMES, "# moved"),
    )


def _line(result: RedesignResult, most: int) -> list[Chart]:
    tasks = _chosen(result.placements, most)
    sites = _chosen(result.sites, most)
    moved = [row for row in tasks if row["moved"]]
    charts: list[Chart] = []
    if len(sites) <= MOST_STATIONS:
        today = [str(row["station"]) for row in sites if not str(row["station"]).startswith("new ")]
        charts.append(_yamazumi("before", "Yamazumi: today's line", tasks, today, "today", result))
        after = [str(row["station"]) for row in sites if row["tasks"]]
        charts.append(_yamazumi("after", "Yamazumi: fewest stations", tasks, after, "station", result))
    return [*charts, _moves(moved)] if moved else charts


def _chosen(table: Table, most: int) -> Rows:
    return [dict(row) for row in table.where(table["most"] == most).rows()]


def _yamazumi(
    key: str, title: str, tasks: Rows, stations: list[str], where: str, result: RedesignResult
) -> BarChart:
    """Stack the tasks of every station: the k-th series of a name holds the k-th task of each."""
    stacks: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in sorted(tasks, key=lambda row: bool(row["moved"])):
        stacks[str(row[where])].append(row)
    tallest = max((len(stacks[station]) for station in stations), default=0)
    series = [
        Series(
            name="Moves" if moves else "Stays",
            x=tuple(stations),
            y=tuple(_time(stacks[station], k, moves) for station in stations),
            text=tuple(_told(stacks[station], k) for station in stations),
        )
        for k in range(tallest)
        for moves in (False, True)
        if any(_time(stacks[station], k, moves) is not None for station in stations)
    ]
    return BarChart(
        key=key,
        title=title,
        x=Axis(label="Station", unit="1", scale="category"),
        y=Axis(label="Time", unit="s"),
        stacked=True,
        series=tuple(series),
        marks=(Mark(label="Cycle time", y=result.cycle_time),),
    )


def _time(stack: Rows, k: int, moves: bool) -> float | None:
    return float(str(stack[k]["time"])) if k < len(stack) and bool(stack[k]["moved"]) == moves else None


def _told(stack: Rows, k: int) -> str:
    return f"{stack[k]['task']} {stack[k]['name']}".strip() if k < len(stack) else ""


def _moves(moved: Rows) -> SankeyChart:
    count: dict[tuple[str, str], int] = defaultdict(int)
    for row in moved:
        count[f"{row['today']}: today", f"{row['station']}: after"] += 1
    return SankeyChart(
        key="moves",
        title="Tasks that move",
        value=Axis(label="Tasks", unit="1"),
        flows=tuple(Flow(source=a, target=b, value=float(number)) for (a, b), number in count.items()),
        words=("today", "after"),
    )
