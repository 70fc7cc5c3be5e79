"""An assembly line: what is made on it, by which tasks, where, with what, and when.

Times are seconds; a file may give task times in other units (see `io`). Ids are short texts, unique within
their kind. Numbers are taken as they come, even where they make no sense: `checks` tells every fault at once.
"""

import datetime as dt
from typing import Annotated, Literal

from genba.core.inputs import Accepts, InputFile
from genba.core.records import Params
from genba.core.units import (
    KW,
    Currency,
    CurrencyPerHour,
    Metre,
    MetrePerSecond,
    One,
    PerDay,
    Second,
    SquareMetre,
)
from genba.line.records.spread import Memoryless, Part, Work

Side = Literal["left", "right", "either"]
Means = Literal["manual", "robot", "either"]
SUFFIXES = (".toml", ".json", ".xlsx", ".csv", ".in2", ".alb")
"""Files that hold a line."""


class Product(Part):
    """A product or variant."""

    id: str
    name: str = ""
    share: One = 1.0
    """Share of all units made; the shares of all products add to 1."""
    priority: int = 0
    """Where parts compete for a place or an AGV, the larger number goes first."""


class Task(Part):
    """The smallest piece of work that is given to one station whole."""

    id: str
    name: str = ""
    time: Second
    """Time to do it once, at a speed of 1."""
    times: dict[str, Second] = {}
    """Time by product id where it differs; 0 where a product does not need the task."""
    after: tuple[str, ...] = ()
    """Ids of the tasks that must be finished before."""
    tools: tuple[str, ...] = ()
    """Equipment it needs; two tasks that name the same tool can share it within a station."""
    skill: str = ""
    """What the worker must have been trained for; empty: nothing special."""
    by: Means = "manual"
    """Who can do it."""
    capability: str = ""
    """What a resource group must be able to, such as `screwing`; empty: nothing special."""
    side: Side = "either"
    """Side from which it is done, where both sides of the line are worked at."""
    zone: str = ""
    """Place on the product where it is done, such as `top`."""
    ergonomic: One = 0.0
    """Score of the load on the worker's body; the scores of a station add up."""
    value_class: Literal["VA", "NVA", "NNVA"] = "VA"
    """Adds value, does not, or does not but is necessary."""
    move_cost: Currency = 0.0
    """What it costs to move it to another station, equipment included."""


class Breakdown(Part):
    """How a machine fails and is repaired; a bare number is the mean of an exponential time."""

    mtbf: Memoryless
    """Time from the end of a repair to the next failure (MTTF where MTBF includes the repair)."""
    mttr: Memoryless
    """Time from the failure until it runs again, waiting for a crew not included."""
    clock: Literal["operating", "calendar"] = "operating"
    """Whether the time to a failure passes only while it works, or always."""
    crew: str = ""
    """Id of the worker who repairs; empty: somebody is always free."""


class Rework(Part):
    """Parts that must be worked on again."""

    share: One
    """Share of the parts leaving the station, 0 to 1."""
    to: str = ""
    """Id of the station where they go, which takes them as they come; empty: the same station again."""
    work: Work | None = None
    """Time of the repeated work there, of any product; none: as the first time."""


class Power(Part):
    """Electric power by state."""

    working: KW = 0.0
    """While it works."""
    idle: KW = 0.0
    """While it waits for a part or for a place to put one."""
    down: KW = 0.0
    """While it is broken or being repaired."""
    off: KW = 0.0
    """During breaks and outside shifts."""


class Point(Part):
    """A place on the floor, measured from one corner of it."""

    x: Metre
    """Along the width."""
    y: Metre
    """Along the depth."""


class Station(Part):
    """A place where tasks are done; stations stand in the order of the line unless `after` says otherwise."""

    id: str
    name: str = ""
    tasks: tuple[str, ...] = ()
    """Ids of the tasks done here today, in the order in which they are done."""
    work: Work | None = None
    """Time per part; none, or a mean left out: the sum of its tasks' times."""
    servers: int = 1
    """Equal places that work side by side, each on its own part."""
    groups: tuple[str, ...] = ()
    """Ids of the resource groups that stand here."""
    workers: tuple[str, ...] = ()
    """Ids of the workers who work here."""
    after: tuple[str, ...] | None = None
    """Ids of the stations that feed it; none: the one before it; an empty list: parts enter the line here."""
    join: Literal["assembly", "merge"] = "assembly"
    """With several feeders: one part of each becomes one, or any part goes on."""
    breakdown: Breakdown | None = None
    """How it fails; none: never."""
    scrap: One = 0.0
    """Share of the parts leaving it that are thrown away, 0 to 1."""
    rework: Rework | None = None
    """Parts worked on again; none: no part."""
    changeover: Second = 0.0
    """Time lost when the next part is of another product."""
    power: Power = Power()
    """Electric power by state."""
    position: Point | None = None
    """Middle of it on the floor; none: not placed yet."""


class ResourceGroup(Part):
    """A reusable cell of equal resources: people, robots, jigs or AGVs that do the same things."""

    id: str
    name: str = ""
    kind: Literal["human", "robot", "jig", "agv"]
    capabilities: tuple[str, ...] = ()
    """What it is able to, such as `screwing`."""
    count: int = 1
    """How many of them there are."""
    speed: One = 1.0
    """Task times are divided by it."""
    travel: MetrePerSecond = 0.0
    """How fast one moves, loaded or not; 0: it stays where it is."""
    cost: CurrencyPerHour = 0.0
    """Wage, or write-off and upkeep, of one."""
    investment: Currency = 0.0
    """Price of one more."""
    footprint: SquareMetre = 0.0
    """Floor that one takes, its working space included."""
    changeover: Second = 0.0
    """Time until one is ready for another product."""
    breakdown: Breakdown | None = None
    """How one fails; none: never."""


class Buffer(Part):
    """Places for parts before a station; where there is none, a part waits in the station it comes from."""

    id: str
    before: str
    """Id of the station whose parts wait here."""
    after: str = ""
    """Id of the station they come from, where several feed it; empty: all of them."""
    capacity: int | None = None
    """Places; none: as many as needed."""
    contents: int = 0
    """Parts that wait here at the start."""
    place_cost: Currency = 0.0
    """Price of one more place; 0: not known, so none is bought."""


class Link(Part):
    """How parts travel from one station to another; where there is none, at once."""

    source: str
    """Id of the station that they leave."""
    target: str
    """Id of the station that they go to."""
    by: Literal["conveyor", "agv", "hand"] = "conveyor"
    """What carries them."""
    distance: Metre = 0.0
    """Length of the way."""
    time: Second | None = None
    """Time on the way; none: the distance over the group's travel speed."""
    group: str = ""
    """Id of the resource group that carries them."""
    capacity: int | None = None
    """Parts that can be on the way at once; none: any number."""


class Pause(Part):
    """A time within a shift when nobody works."""

    start: dt.time
    """Time of day when it begins."""
    end: dt.time
    """Time of day when work goes on."""


class Shift(Part):
    """A time of day when the line runs; one that ends before it starts runs past midnight."""

    id: str
    name: str = ""
    start: dt.time
    """Time of day when it begins."""
    end: dt.time
    """Time of day when it ends."""
    breaks: tuple[Pause, ...] = ()
    """When nobody works."""


class Worker(Part):
    """People who have been trained alike."""

    id: str
    name: str = ""
    skills: tuple[str, ...] = ()
    """What they have been trained for."""
    count: int = 1
    """How many of them there are in a shift."""
    cost: CurrencyPerHour = 0.0
    """Wage of one."""


class Floor(Part):
    """The room for the line."""

    width: Metre
    """Size along x."""
    depth: Metre
    """Size along y."""


class Fixed(Part):
    """A task that must be done at certain stations."""

    task: str
    stations: tuple[int, ...]
    """Numbers of the stations it may be at, from 1 along the line."""


class Setup(Part):
    """Time lost at a place of a station when one task follows another."""

    task: str
    """Id of the task that ends."""
    then: str
    """Id of the task that begins next there: on this unit or, after the last one, on the next."""
    time: Second
    """Time in between; a walk between their zones is added to it, of several setups the longest counts."""


class Walk(Part):
    """Time lost at a place of a station when work moves between two zones of the product, or within one."""

    zone: str
    """Zone of the task that ends."""
    then: str
    """Zone of the task that begins next there: on this unit or, after the last one, on the next."""
    time: Second
    """Time in between; a setup of the two tasks is added to it, of several walks the longest counts."""


class Rules(Part):
    """What an assignment of tasks to stations must keep to besides precedence and time."""

    together: tuple[tuple[str, ...], ...] = ()
    """Sets of task ids that must be at one station."""
    apart: tuple[tuple[str, ...], ...] = ()
    """Sets of task ids of which no two may be at one station."""
    fixed: tuple[Fixed, ...] = ()
    """Tasks that cannot be at every station."""
    ergonomic_cap: One | None = None
    """Largest sum of ergonomic scores at one station, or at each side of a two-sided one; none: any."""
    setups: tuple[Setup, ...] = ()
    """Times lost between tasks."""
    walks: tuple[Walk, ...] = ()
    """Times lost between zones."""


class Demand(Part):
    """How much must be made, and at what pace that is planned."""

    per_day: PerDay | None = None
    """Good units needed in a working day; takt is the net time of all shifts over it."""
    allowance: One = 1.0
    """Share of the takt that is planned on, to leave room for stoppages; 0.85 to 0.95 is usual."""
    cycle: Second | None = None
    """Planned cycle where it is given outright; none: takt times allowance."""


class Line(Part):
    """An assembly line as it is today, and what is asked of it."""

    name: str
    description: str = ""
    """Where the data come from and what is particular about them."""
    currency: str = ""
    """What amounts of money are in, such as `JPY`."""
    shape: Literal["straight", "u", "two-sided"] = "straight"
    """How the line lies: a worker of a U reaches both its legs; two sides are worked at at the same time."""
    products: tuple[Product, ...] = ()
    """What is made; none: one product without a name."""
    tasks: tuple[Task, ...]
    """All work on a unit."""
    stations: tuple[Station, ...] = ()
    """Where it is done today, along the line."""
    groups: tuple[ResourceGroup, ...] = ()
    """Reusable cells of people, robots, jigs and AGVs."""
    buffers: tuple[Buffer, ...] = ()
    """Places for waiting parts."""
    links: tuple[Link, ...] = ()
    """How parts travel."""
    shifts: tuple[Shift, ...] = ()
    """When the line runs."""
    workers: tuple[Worker, ...] = ()
    """Who works on it."""
    floor: Floor | None = None
    """Room for it; none: not measured."""
    rules: Rules = Rules()
    """What an assignment must keep to."""
    demand: Demand = Demand()
    """How much must be made."""
    arrivals: Memoryless | None = None
    """Time between the parts that reach the line; none: the first station is never short of one."""


class LineParams(Params):
    """What every study of a line starts from."""

    line: Annotated[InputFile, Accepts(SUFFIXES)]
    """Assembly line: TOML, JSON or Excel as the template has it, a CSV of tasks, Scholl .IN2 or Otto .alb."""
