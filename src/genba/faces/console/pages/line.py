"""The assembly line's start page: a line, a slider for its cycle time, and stations that follow it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from genba.core.domain import Domain
from genba.core.errors import GenbaError
from genba.core.findings import errors_in
from genba.core.run import ACTIVE, Run, State
from genba.core.views import Chart, Views
from genba.faces import labels
from genba.faces.console.certificate import findings
from genba.faces.console.chips import certificate_chip, headline, short_id
from genba.faces.console.fields import Field, fields_of
from genba.faces.console.layout import Visit, alert, empty, frame, heading, section, show
from genba.faces.console.pictures import draw_charts
from genba.faces.console.readings import Readings
from genba.faces.console.reasons import ending_text
from genba.faces.console.runs import listed
from genba.faces.console.sources import sources_of
from genba.faces.console.start import newest
from genba.faces.console.starter import Starter
from genba.faces.console.widgets import Asked, Drawing, ask
from genba.faces.markup import Markup, join, tag
from genba.faces.words import with_unit
from genba.factory.registry import operation
from genba.factory.request import Request

FIRST_LINE = "example:inverter"
BALANCE = "line.balance"
SHOWN = ("yamazumi",)
"""Charts of a balance that follow the slider."""
REACH = (0.6, 2.0)
"""Ends of the slider over the cycle that is planned."""
STEP_S = 0.1
SETTLED_S = 0.35
"""How long the slider rests before a line is balanced for it, s."""
LOOK_S = 0.15
LIMIT_S = 5.0
"""Time that a balance may take while somebody waits for it, s."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A balance that ended, and what to show of it."""

    run: Run
    views: Views | None


async def line_page(visit: Visit, readings: Readings, domain: Domain) -> None:
    """Draw the page."""
    field = next(field for field in fields_of(operation(BALANCE).params) if field.name == "line")
    sources = await asyncio.to_thread(sources_of, visit, readings, domain.name, field)
    runs = await asyncio.to_thread(newest, readings, domain)
    title = visit.word(labels.domain_title(domain))
    with frame(visit, title):
        heading(title)
        bench = Bench(visit, readings, domain)
        with section(visit.say("console.line.start", "A line and its studies")):
            bench.draw_choice(field, sources)
        with section(visit.say("console.line.balance", "Balance for a cycle time")):
            bench.draw_balance()
        with section(visit.say("console.start.newest", "Newest runs")):
            show(listed(visit, runs))
    ui.timer(0.0, bench.begin, once=True)


class Bench:
    """One reader's line: which one, at which cycle time, and how it is balanced then."""

    def __init__(self, visit: Visit, readings: Readings, domain: Domain) -> None:
        self.visit, self.readings, self.domain = visit, readings, domain
        self.starter = Starter(visit, readings)
        self.asked: str | None = None
        """Run whose end is awaited; a newer wish takes its place."""
        self.slider: ui.slider | None = None
        """There once a first balance has set its ends."""

    def draw_choice(self, field: Field, sources: dict[str, str]) -> None:
        """Draw the choice of a line and a button for each study."""
        first = FIRST_LINE if FIRST_LINE in sources else None
        drawing = Drawing(self.visit, operation(BALANCE), first, sources, self._chosen, self.starter.upload)
        with ui.element("div").classes("stack"):
            self.line: Asked = ask(field, drawing)
            self.starter.place()
            with ui.element("div").classes("buttons"):
                self.starter.buttons(self.domain, self._study)

    def draw_balance(self) -> None:
        """Draw the place of the slider and of what follows it."""
        with ui.element("div").classes("stack"):
            self.place = ui.element("div").classes("field")
            self.state = show(Markup(""))
            self.figures = show(Markup(""))
            self.pictures = ui.element("div").classes("stack")
        self.rest = ui.timer(SETTLED_S, self._settled, active=False)

    async def begin(self) -> None:
        """Balance the line for its planned cycle, which sets the ends of the slider."""
        self.place.clear()
        self.slider = None
        self._forget()
        if not self.line.read():
            self.figures.content = empty(self.visit.say("console.line.choose", "Choose a line first."))
            return
        seen = await self._balanced(None)
        if seen is not None and seen.run.result:
            self._draw_slider(float(seen.run.result["cycle_time"]))

    def _draw_slider(self, cycle: float) -> None:
        words = self.visit.say("console.line.cycle", "Cycle time")
        sentence = self.visit.say(
            "console.line.slide", "Move it: the line is balanced anew, with a proven bound."
        )
        low, high = (round(end * cycle, 1) for end in REACH)
        with self.place:
            show(tag("span", with_unit(words, "s"), class_="field-label"))
            self.slider = ui.slider(
                min=low, max=high, step=STEP_S, value=round(cycle, 1), on_change=self._slid
            )
            self.slider.props("label label-always").classes("said").props["aria-label"] = words
            show(tag("span", sentence), classes="sentence")

    def _slid(self) -> None:
        self.rest.deactivate()
        self.rest.activate()

    async def _settled(self) -> None:
        self.rest.deactivate()
        if self.slider is not None:
            await self._balanced(float(self.slider.value))

    async def _balanced(self, cycle: float | None) -> Seen | None:
        """Balance the line in an ephemeral run and show it, unless the slider has moved on."""
        params = {"line": self.line.read(), "time_limit": LIMIT_S}
        params |= {} if cycle is None else {"cycle_time": cycle}
        self.state.content = tag("span", self.visit.say("console.line.busy", "Balancing"), class_="muted")
        try:
            run = await asyncio.to_thread(self._submitted, params)
            seen = await self._ended(run)
        except GenbaError as error:
            self._forget()
            self.state.content = alert(error.message)
            return None
        if seen is not None:
            self._show(seen)
        return seen

    def _submitted(self, params: dict[str, object]) -> Run:
        factory, before = self.readings.factory, self.asked
        run = factory.submit(BALANCE, params, Request(ephemeral=True, local_files=False))
        self.asked = run.id
        if before is not None and factory.run(before).state in ACTIVE:
            factory.cancel(before)
        return run

    async def _ended(self, run: Run) -> Seen | None:
        """Wait for the end of a run; None when another one was asked for meanwhile."""
        while run.state in ACTIVE:
            await asyncio.sleep(LOOK_S)
            if self.asked != run.id:
                return None
            run = await asyncio.to_thread(self.readings.factory.run, run.id)
        return Seen(run, await asyncio.to_thread(self.readings.views, run))

    def _forget(self) -> None:
        """Take away what belongs to another line or another cycle time."""
        self.state.content, self.figures.content = Markup(""), Markup("")
        self.pictures.clear()

    def _show(self, seen: Seen) -> None:
        run, views = seen.run, seen.views
        if run.state is not State.SUCCEEDED or views is None:
            self._forget()
            self.state.content = _failure(self.visit, run)
            return
        self.state.content = _credit(self.visit, run)
        values = [headline(self.visit, run.operation, value) for value in views.headlines]
        self.figures.content = tag("dl", *values, class_="headlines")
        charts: tuple[Chart, ...] = tuple(chart for chart in views.charts if chart.key in SHOWN)
        self.pictures.clear()
        with self.pictures:
            draw_charts(self.visit, run.operation, charts)

    def _chosen(self, name: str) -> None:
        ui.timer(0.0, self.begin, once=True)

    def _study(self, name: str) -> dict[str, Any] | None:
        """Give what a study of the line begins with: at the slider's cycle time where it takes one."""
        line = self.line.read()
        if not line:
            self.starter.complain(self.visit.say("console.line.choose", "Choose a line first."))
            return None
        params = {"line": line}
        if "cycle_time" in operation(name).params.model_fields and self.slider is not None:
            params["cycle_time"] = float(self.slider.value)
        return params


def _credit(visit: Visit, run: Run) -> Markup:
    link = tag("a", short_id(run.id), href=f"/runs/{run.id}")
    chip = certificate_chip(visit, run.certificate)
    return tag("div", join(link, chip, tag("span", _verdict(visit, run))), class_="credit")


def _verdict(visit: Visit, run: Run) -> str:
    """Say how good the line is, and no more than was proved, or what the certificate had to trust."""
    result, say = run.result or {}, visit.say
    if result.get("stations") is None:
        return say("console.line.none", "No line was found for this cycle time.")
    if result["outcome"] != "optimal":
        return say("console.line.open", "Not proved: a line of fewer stations may exist.")
    claims = run.certificate.claims if run.certificate else ()
    if any("trusted" in claim.name for claim in claims):
        return say("console.line.searched", "A search that left nothing out found no line of fewer stations.")
    return say("console.line.proved", "Proved: no line of fewer stations keeps this cycle time.")


def _failure(visit: Visit, run: Run) -> Markup:
    """Tell why there is no line: of a file with faults, or a cycle too short, all that the checks found."""
    if not errors_in(run.findings):
        return alert(ending_text(visit, run))
    lead = visit.say("console.line.faults", "It cannot be planned like this, for these reasons:")
    return join(alert(lead), findings(visit, run.findings))
