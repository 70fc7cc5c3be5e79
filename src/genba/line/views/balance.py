"""What to show of a balance: the Yamazumi with cycle and takt, how full stations are, what precedes what."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from genba.core.views import Axis, BarChart, Chart, Headline, Link, Mark, NetworkChart, Node, Series, Views
from genba.line.records.balance import BalanceParams, BalanceResult
from genba.line.views.balance_course import course

MOST_STATIONS, MOST_TASKS = 60, 300
"""More than a screen can tell apart."""
CLASSES = {"VA": "Adds value (VA)", "NVA": "Waste (NVA)", "NNVA": "Necessary, adds no value (NNVA)"}
"""Names of the value classes, in the order of the legend."""
NOT_COVERED = (
    "Times are fixed: variation, breakdowns and blocking are what a simulation shows.",
    "Side lines, and setup and walking times in a U, are not part of the balance.",
)


def view_balance(params: BalanceParams, result: BalanceResult) -> Views:
    """Give the views of a balance; without a line, what is known."""
    return Views(headlines=_headlines(result), charts=tuple(_charts(result)), not_covered=NOT_COVERED)


def _headlines(result: BalanceResult) -> tuple[Headline, ...]:
    stations = None if result.stations is None else float(result.stations)
    return (
        Headline(key="stations", label="Stations", value=stations, unit="1"),
        Headline(key="lower_bound", label="Stations at least", value=float(result.lower_bound), unit="1"),
        *_places_and_cost(result),
        Headline(key="cycle_time", label="Cycle time", value=result.cycle_time, unit="s"),
        Headline(key="efficiency", label="Line efficiency", value=result.efficiency, unit="%"),
        *_at_most(result),
        Headline(key="smoothness", label="Smoothness index", value=result.smoothness, unit="s"),
    )


def _places_and_cost(result: BalanceResult) -> Iterator[Headline]:
    """Yield places where they are not the stations, and what staff costs where it was planned."""
    if result.places != result.stations:
        yield Headline(key="places", label="Places", value=float(result.places or 0), unit="1")
    if result.cost is not None:
        yield Headline(key="cost", label="Cost of staff", value=result.cost, unit="currency/h")


def _at_most(result: BalanceResult) -> Iterator[Headline]:
    """Yield the bound on the efficiency where it was asked for."""
    if result.efficiency_bound is not None:
        yield Headline(
            key="efficiency_bound", label="Efficiency at most", value=result.efficiency_bound, unit="%"
        )


def _charts(result: BalanceResult) -> list[Chart]:
    if result.stations is None:
        return []
    charts: list[Chart] = [_yamazumi(result)] if result.stations <= MOST_STATIONS else []
    cycle = course(result)
    charts += [_use(result)] if cycle is None else [cycle, _use(result)]
    return [*charts, _precedence(result)] if len(result.assignments) <= MOST_TASKS else charts


def _yamazumi(result: BalanceResult) -> BarChart:
    """Stack the tasks of every station in the order in which they are done."""
    marks = [Mark(label="Cycle time", y=result.cycle_time)]
    return BarChart(
        key="yamazumi",
        title="Yamazumi: work at each station",
        x=Axis(label="Station", unit="1", scale="category"),
        y=Axis(label="Time", unit="s"),
        stacked=True,
        series=tuple(_layers(result)),
        marks=(*marks, *([Mark(label="Takt", y=result.takt)] if result.takt is not None else [])),
    )


def _layers(result: BalanceResult) -> Iterator[Series]:
    """Yield the k-th tasks of all stations by value class, in one colour where all are of one class."""
    stacks: dict[str, list[tuple[str, str, float]]] = {bar: [] for bar in _bars(result)}
    lost = dict.fromkeys(stacks, 0.0)
    for row in result.assignments.rows():
        said = f"{_told(row['task'], row['name'])} {row['leg']}".strip()
        bar, share = _bar(result, row)
        stacks[bar].append((str(row["value_class"]), said, float(row["time"] or 0) / share))
        lost[bar] += float(row["lost"] or 0)
    found = {kind for stack in stacks.values() for kind, _, _ in stack}
    names = {kind: name for kind, name in CLASSES.items() if kind in found} if len(found) > 1 else {}
    stations = tuple(stacks)
    for name in names.values():  # the legend has its order from these, which hold nothing
        yield Series(name=name, x=stations, y=(None,) * len(stations), text=("",) * len(stations))
    for k in range(max(len(stack) for stack in stacks.values())):
        level = {bar: stack[k] for bar, stack in stacks.items() if k < len(stack)}
        for kind in sorted({kind for kind, _, _ in level.values()}):
            at = {number: task for number, task in level.items() if task[0] == kind}
            yield Series(
                name=names.get(kind, "Tasks"),
                x=stations,
                y=tuple(at[number][2] if number in at else None for number in stations),
                text=tuple(at[number][1] if number in at else "" for number in stations),
            )
    if any(lost.values()):
        yield Series(
            name="Setup and walking",
            x=stations,
            y=tuple(lost[bar] or None for bar in stations),
            text=("",) * len(stations),
        )


def _bars(result: BalanceResult) -> tuple[str, ...]:
    """Give what has a bar: every station, or every side of one at which something is done."""
    rows = result.assignments.rows()
    if any(row["side"] for row in rows):
        return tuple(dict.fromkeys(_bar(result, row)[0] for row in rows))
    return _stations(result)


def _bar(result: BalanceResult, row: Mapping[str, object]) -> tuple[str, int]:
    """Give the bar of a task, and the places that share its work."""
    station = int(str(row["station"]))
    if row["side"]:
        return f"{station} {row['side']}", 1
    return _stations(result)[station - 1], int(result.workplaces["places"][station - 1])


def _stations(result: BalanceResult) -> tuple[str, ...]:
    """Give stations as an axis names them: number, what works there, places where there are several."""
    return tuple(
        " ".join(
            str(part)
            for part in (row["station"], row["resource"], f"x{row['places']}" if row["places"] != 1 else "")
            if part
        )
        for row in result.workplaces.rows()
    )


def _told(task: object, name: object) -> str:
    return f"{task} {name}".strip()


def _use(result: BalanceResult) -> BarChart:
    places = result.workplaces
    return BarChart(
        key="use",
        title="How full stations are",
        x=Axis(label="Station", unit="1", scale="category"),
        y=Axis(label="Load over cycle", unit="%"),
        series=(
            Series(
                name="Use",
                x=_stations(result),
                y=tuple(places["use"].tolist()),
            ),
        ),
    )


def _precedence(result: BalanceResult) -> NetworkChart:
    """Draw what precedes what: stations from left to right, the tasks of one above each other."""
    rows = result.assignments.rows()
    height: dict[int, int] = defaultdict(int)
    nodes, links = [], []
    for row in rows:
        station = int(row["station"] or 0)
        height[station] += 1
        text = f"{_told(row['task'], row['name'])}: {row['time']:g} s, station {station}"
        nodes.append(
            Node(id=str(row["task"]), x=station, y=-height[station], value=float(row["time"] or 0), text=text)
        )
        links += [Link(source=before, target=str(row["task"])) for before in str(row["after"]).split()]
    longest = max(float(row["time"] or 0) for row in rows)
    return NetworkChart(
        key="precedence",
        title="Precedence diagram, stations from left to right",
        nodes=tuple(nodes),
        links=tuple(links),
        node_value=Axis(label="Time", unit="s"),
        link_value=Axis(label="Precedence", unit="1"),
        node_range=(0.0, longest),
        link_range=(0.0, 1.0),
    )
