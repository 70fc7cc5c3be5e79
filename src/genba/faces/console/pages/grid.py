"""The grid's start page: the newest state of the network, its weak points, and the way to the next study."""

import asyncio
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from genba.core.columns import TableRef
from genba.core.domain import Domain
from genba.core.run import Run, State
from genba.core.views import Views
from genba.faces import labels
from genba.faces.console.chips import certificate_chip, headline, input_name, short_id, when
from genba.faces.console.fields import fields_of
from genba.faces.console.layout import Visit, empty, frame, heading, section, show
from genba.faces.console.lists import table
from genba.faces.console.pictures import draw_charts
from genba.faces.console.readings import Readings
from genba.faces.console.runs import listed
from genba.faces.console.sources import sources_of
from genba.faces.console.start import newest
from genba.faces.console.starter import Starter
from genba.faces.console.tables import cell_text, column_head
from genba.faces.console.widgets import Drawing, ask
from genba.faces.markup import Markup, join, tag
from genba.factory.registry import operation
from genba.factory.request import RunQuery
from genba.grid.records.contingency import OUTAGES

FIRST_CASE = "pglib:case118_ieee"
WORST = 10
RANKING = frozenset({"outage", "status", "violations", "worst", "lost_load", "why"})
"""Columns of the worst outages."""
BALANCED: dict[str, dict[str, Any]] = {
    "grid.powerflow": {"generation": "balanced"},
    "grid.contingency": {"generation": "balanced"},
}
"""Packaged cases are inputs of an optimisation: without balance most have no power flow solution."""


@dataclass(frozen=True, slots=True)
class Study:
    """A run that succeeded, with what to show of it."""

    run: Run
    views: Views | None


@dataclass(frozen=True, slots=True)
class Scene:
    """What the page shows."""

    powerflow: Study | None
    contingency: Study | None
    runs: tuple[Run, ...]


def look(readings: Readings, domain: Domain) -> Scene:
    """Read the newest studies; blocks."""
    return Scene(
        _study(readings, "grid.powerflow"), _study(readings, "grid.contingency"), newest(readings, domain)
    )


async def grid_page(visit: Visit, readings: Readings, domain: Domain) -> None:
    """Draw the page."""
    scene = await asyncio.to_thread(look, readings, domain)
    kind = operation("grid.dispatch")
    field = next(field for field in fields_of(kind.params) if field.name == "case")
    sources = await asyncio.to_thread(sources_of, visit, readings, domain.name, field)
    title = visit.word(labels.domain_title(domain))
    with frame(visit, title):
        heading(title)
        with section(visit.say("console.grid.start", "Start a study")), ui.element("div").classes("stack"):
            QuickStart(visit, readings, domain).draw(sources)
        with (
            section(visit.say("console.grid.state", "Newest power flow")),
            ui.element("div").classes("stack"),
        ):
            _state(visit, scene.powerflow)
        with section(visit.say("console.grid.outages", "Worst outages")):
            show(ranking(visit, scene.contingency))
        with section(visit.say("console.start.newest", "Newest runs")):
            show(listed(visit, scene.runs))


class QuickStart:
    """A case and a study: two choices and a button."""

    def __init__(self, visit: Visit, readings: Readings, domain: Domain) -> None:
        self.visit, self.domain = visit, domain
        self.starter = Starter(visit, readings)

    def draw(self, sources: dict[str, str]) -> None:
        """Draw the choices."""
        visit = self.visit
        kind = operation("grid.dispatch")
        field = next(field for field in fields_of(kind.params) if field.name == "case")
        first = FIRST_CASE if FIRST_CASE in sources else None
        self.case = ask(field, Drawing(visit, kind, first, sources, lambda name: None, self.starter.upload))
        self.starter.place()
        with ui.element("div").classes("buttons"):
            self.starter.buttons(self.domain, self._study)
            words = visit.say(
                "console.grid.balance",
                "Power flow and outages spread the imbalance of a case over its units.",
            )
            show(tag("span", words, class_="muted"))

    def _study(self, name: str) -> dict[str, Any] | None:
        case = self.case.read()
        if not case:
            self.starter.complain(self.visit.say("console.grid.choose", "Choose a case first."))
            return None
        return {"case": case, **BALANCED.get(name, {})}


def ranking(visit: Visit, study: Study | None) -> Markup:
    """Give the worst outages of the newest study, with why."""
    if study is None:
        return empty(visit.say("console.grid.no_outages", "No contingency study yet."))
    found = TableRef.model_validate((study.run.result or {})["outages"])
    columns = [column for column in OUTAGES.columns if column.name in RANKING]
    heads = [column_head(visit, "grid", column) for column in columns]
    rows = [
        [cell_text(visit, "grid", column, row[column.name]) for column in columns]
        for row in found.head[:WORST]
    ]
    numbers = frozenset(place for place, column in enumerate(columns) if column.dtype != "text")
    return join(_credit(visit, study), tag("div", table(heads, rows, numbers=numbers), class_="told"))


def _state(visit: Visit, study: Study | None) -> None:
    if study is None:
        show(empty(visit.say("console.grid.no_state", "No power flow yet. Start one above.")))
        return
    show(_credit(visit, study))
    if study.views is None:
        return
    values = [headline(visit, study.run.operation, value) for value in study.views.headlines]
    show(tag("dl", *values, class_="headlines"))
    draw_charts(visit, study.run.operation, study.views.charts)


def _credit(visit: Visit, study: Study) -> Markup:
    link = tag("a", input_name(study.run), " · ", short_id(study.run.id), href=f"/runs/{study.run.id}")
    return tag(
        "div",
        link,
        certificate_chip(visit, study.run.certificate),
        when(visit, study.run.updated),
        class_="credit",
    )


def _study(readings: Readings, name: str) -> Study | None:
    found = readings.factory.runs(RunQuery(operation=name, states=(State.SUCCEEDED,), limit=1)).items
    return Study(found[0], readings.views(found[0])) if found else None
