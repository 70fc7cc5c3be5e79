"""What a result looks like: headlines and charts as plain data that one renderer turns into pictures."""

from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from genba.core.records import Record


class Axis(Record):
    """One axis: its English label, its unit, and how it is divided."""

    label: str
    unit: str
    scale: Literal["linear", "log", "category"] = "linear"


class Series(Record):
    """One named sequence of points; `x` and `y` have equal length, a gap is null."""

    name: str
    x: tuple[float | str, ...]
    y: tuple[float | None, ...]
    text: tuple[str, ...] = ()
    """One hover text per point, or none at all."""
    proper: bool = False
    """Whether the name comes from the data, such as a product's, and is the same in every language."""


class Mark(Record):
    """A horizontal line across a chart, such as a limit."""

    label: str
    y: float


class _Plot(Record):
    key: str
    """Stable name such as `voltage_profile`; the key of its translations."""
    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()
    words: tuple[str, ...] = ()
    """What categories and hover texts say in words of ours, # for each number; the rest are names."""


class LineChart(_Plot):
    """Values along an ordered axis."""

    kind: Literal["line"] = "line"


class BarChart(_Plot):
    """Values by category; a histogram has one bar per class.

    Stacked series stand on each other; those of one name share a colour and an entry of the legend.
    """

    kind: Literal["bar"] = "bar"
    stacked: bool = False


class ScatterChart(_Plot):
    """Points in a plane."""

    kind: Literal["scatter"] = "scatter"


Symbol = Literal["circle", "square", "triangle"]


class Node(Record):
    """A point of a network; `value` chooses its colour on the chart's scale, null is grey."""

    id: str
    x: float
    y: float
    value: float | None = None
    symbol: Symbol = "circle"
    text: str = ""


class Link(Record):
    """A connection of two nodes; `value` chooses its colour and width, null is grey."""

    source: str
    target: str
    value: float | None = None
    text: str = ""


class NetworkChart(Record):
    """A network whose nodes have been placed by the view."""

    kind: Literal["network"] = "network"
    key: str
    title: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    node_value: Axis
    link_value: Axis
    node_range: tuple[float, float]
    link_range: tuple[float, float]
    symbols: dict[Symbol, str] = {}
    """What each symbol stands for; none when nodes are all of a kind."""


class Span(Record):
    """A stretch of one row of a Gantt chart; spans of one `state` share a colour."""

    row: str
    start: float
    end: float
    state: str
    text: str = ""


class GanttChart(Record):
    """What happens when, in rows from top to bottom."""

    kind: Literal["gantt"] = "gantt"
    key: str
    title: str
    x: Axis
    rows: tuple[str, ...]
    spans: tuple[Span, ...]


class Flow(Record):
    """How much goes from one node of a Sankey chart to another."""

    source: str
    target: str
    value: float


class SankeyChart(Record):
    """Flows drawn as wide as they are; no flow may close a circle, so what returns has a node of its own."""

    kind: Literal["sankey"] = "sankey"
    key: str
    title: str
    value: Axis
    flows: tuple[Flow, ...]
    words: tuple[str, ...] = ()
    """What nodes say in words of ours; the rest are names."""

    @model_validator(mode="after")
    def _without_circle(self) -> Self:
        graph: dict[str, set[str]] = {}
        for flow in self.flows:
            graph.setdefault(flow.target, set()).add(flow.source)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            raise ValueError(f"flows close a circle: {' > '.join(error.args[1])}") from error
        return self


Chart = Annotated[
    LineChart | BarChart | ScatterChart | NetworkChart | GanttChart | SankeyChart, Field(discriminator="kind")
]


class Headline(Record):
    """One value that a person reads first."""

    key: str
    label: str
    value: float | None
    unit: str


class Views(Record):
    """What to show of one result, most important first; every table of the result is shown too."""

    headlines: tuple[Headline, ...] = ()
    charts: tuple[Chart, ...] = ()
    attribution: str = ""
    """Who is to be credited for the input data."""
    not_covered: tuple[str, ...] = ()
    """What the study does not say, one sentence each."""
