"""All runs, newest first: filtered by the address, a page at a time, current while somebody looks."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlencode

from nicegui import ui

from genba.core.run import Run, State
from genba.faces.console.chips import (
    certificate_chip,
    input_name,
    operation_title,
    progress,
    short_id,
    state_chip,
    when,
)
from genba.faces.console.current import Current
from genba.faces.console.layout import Visit, empty, frame, heading, show
from genba.faces.console.lists import table
from genba.faces.console.readings import Readings
from genba.faces.markup import Markup, join, tag
from genba.faces.words import duration, say_state
from genba.factory.registry import operations
from genba.factory.request import RunQuery

EVERY_S = 2.0
ON_A_PAGE = 25


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for."""

    state: State | None
    operation: str
    tag: str
    cursor: str

    def query(self) -> RunQuery:
        """Give the question to the record."""
        return RunQuery(
            states=(self.state,) if self.state else (),
            operation=self.operation or None,
            tag=self.tag or None,
            cursor=self.cursor or None,
            limit=ON_A_PAGE,
        )

    def address(self, cursor: str = "") -> str:
        """Give the address of another page of the same list."""
        asked = {"state": self.state or "", "operation": self.operation, "tag": self.tag, "cursor": cursor}
        words = urlencode({name: value for name, value in asked.items() if value})
        return f"/runs?{words}" if words else "/runs"


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """Read the address; a state that does not exist asks for all."""
    state = query.get("state", "")
    known = State(state) if state in set(State) else None
    return Wanted(known, query.get("operation", ""), query.get("tag", ""), query.get("cursor", ""))


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list at one moment."""

    runs: tuple[Run, ...]
    left: Mapping[str, float | None]
    """How long each run still takes, s, by its id; None while unknown."""
    following: str | None
    """Where older runs begin; None where there are none."""


def look(readings: Readings, wanted: Wanted) -> Listing:
    """Read a page of the list; blocks."""
    page = readings.factory.runs(wanted.query())
    return Listing(page.items, {run.id: readings.left(run) for run in page.items}, page.next)


async def runs_page(visit: Visit, readings: Readings, query: Mapping[str, str]) -> None:
    """Draw the list."""
    wanted = wanted_of(query)
    listing = await asyncio.to_thread(look, readings, wanted)
    title = visit.say("console.runs.title", "Runs")
    with frame(visit, title):
        heading(title)
        current = Current(visit)
        show(filters(visit, wanted), classes="panel")
        rows = show(listed(visit, listing.runs, listing.left), classes="panel")
        show(pager(visit, wanted, listing.following))

    async def refresh() -> None:
        newer = await current.read(look, readings, wanted)
        if newer is not None:
            rows.content = listed(visit, newer.runs, newer.left)

    ui.timer(EVERY_S, refresh, immediate=False)


def filters(visit: Visit, wanted: Wanted) -> Markup:
    """Give the form whose answers become the address."""
    every = visit.say("console.runs.all", "All")
    states = [("", every), *((state.value, say_state(visit.language, state)) for state in State)]
    made = [("", every), *((entry.name, operation_title(visit, entry.name)) for entry in operations())]
    word = tag("input", type="search", name="tag", id="filter-tag", value=wanted.tag, class_="plain")
    return tag(
        "form",
        _choice("state", visit.say("console.runs.state", "State"), states, wanted.state or ""),
        _choice("operation", visit.say("console.runs.operation", "Operation"), made, wanted.operation),
        tag("div", tag("label", visit.say("console.runs.tag", "Tag"), for_="filter-tag"), word),
        tag("button", visit.say("console.runs.filter", "Filter"), type="submit", class_="action"),
        tag("a", visit.say("console.runs.clear", "Show all"), href="/runs"),
        action="/runs",
        method="get",
        class_="filters",
        role="search",
    )


def _choice(name: str, label: str, options: list[tuple[str, str]], chosen: str) -> Markup:
    entries = [tag("option", word, value=value, selected=value == chosen) for value, word in options]
    identity = f"filter-{name}"
    select = tag("select", *entries, name=name, id=identity, class_="plain")
    return tag("div", tag("label", label, for_=identity), select)


def listed(
    visit: Visit, runs: tuple[Run, ...], left: Mapping[str, float | None] = MappingProxyType({})
) -> Markup:
    """Give the table of runs; `left` tells how long those at work still take, s, by their ids."""
    if not runs:
        return empty(visit.say("console.runs.none", "No run matches."))
    heads = [
        visit.say("console.runs.operation", "Operation"),
        visit.say("console.runs.state", "State"),
        visit.say("console.runs.certificate", "Certificate"),
        visit.say("console.runs.age", "Age"),
        visit.say("console.runs.time", "Time"),
        visit.say("console.runs.run", "Run"),
        visit.say("console.runs.tags", "Tags"),
    ]
    return table(heads, [row(visit, run, left.get(run.id)) for run in runs])


def row(visit: Visit, run: Run, left: float | None = None) -> tuple[Markup, ...]:
    """Give one run's cells; `left` is how long it still takes, s."""
    name = tag("a", operation_title(visit, run.operation), href=f"/runs/{run.id}", class_="name")
    return (
        join(name, tag("div", input_name(run), class_="cut muted")),
        join(state_chip(visit, run.state), progress(visit, run, left)),
        certificate_chip(visit, run.certificate),
        when(visit, run.created),
        tag("span", duration(run.seconds, visit.language), class_="number"),
        tag("span", short_id(run.id), class_="mono muted"),
        tag(
            "div",
            *(tag("a", word, href=f"/runs?{urlencode({'tag': word})}") for word in run.tags),
            class_="tags",
        ),
    )


def pager(visit: Visit, wanted: Wanted, following: str | None) -> Markup:
    """Give the ways to newer and older runs."""
    newest = (
        tag("a", visit.say("console.runs.newest", "Newest"), href=wanted.address(), class_="action")
        if wanted.cursor
        else None
    )
    older = (
        tag("a", visit.say("console.runs.older", "Older"), href=wanted.address(following), class_="action")
        if following
        else None
    )
    return tag(
        "nav", newest, older, class_="pager", aria_label=visit.say("console.runs.pages", "Pages of runs")
    )
