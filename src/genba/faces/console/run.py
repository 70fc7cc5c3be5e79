"""One run: how it stands, what it states, what proves it, and what can be done with it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from nicegui import ui

from genba.core.run import ACTIVE, Attempt, Event, Run, State
from genba.core.views import Views
from genba.faces import labels
from genba.faces.console.certificate import claims, findings
from genba.faces.console.chips import (
    certificate_chip,
    headline,
    input_name,
    operation_title,
    progress,
    short_id,
    state_chip,
    when,
)
from genba.faces.console.current import Current
from genba.faces.console.history import LiveLog, answers, facts, inputs, timeline
from genba.faces.console.layout import Kind, Visit, alert, frame, section, show
from genba.faces.console.notes import notes
from genba.faces.console.onward import onward
from genba.faces.console.pictures import draw_charts
from genba.faces.console.readings import Readings
from genba.faces.console.reasons import ending_text, reason_text
from genba.faces.console.tables import table_panel, tables_of
from genba.faces.markup import Markup, join, tag
from genba.factory.registry import operation

EVERY_S = 0.7
SELDOM_S = 5.0
"""How often a page asks about a run that ended: it may be retried elsewhere, s."""


@dataclass(frozen=True, slots=True)
class Sight:
    """All that the page shows of a run at one moment."""

    run: Run
    left: float | None
    """How long it still takes, s."""
    views: Views | None
    attempts: tuple[Attempt, ...]
    events: tuple[Event, ...]


def look(readings: Readings, run_id: str) -> Sight:
    """Read a run from the record; blocks."""
    factory = readings.factory
    run = factory.run(run_id)
    return Sight(
        run, readings.left(run), readings.views(run), factory.attempts(run.id), factory.events(run.id)
    )


async def run_page(visit: Visit, readings: Readings, run_id: str) -> None:
    """Draw a run, and keep it current while it is at work."""
    sight = await asyncio.to_thread(look, readings, run_id)
    with frame(visit, f"{operation_title(visit, sight.run.operation)} {input_name(sight.run)}"):
        page = RunPage(visit, readings, sight)
        page.draw()
        page.timer = ui.timer(EVERY_S, page.refresh, immediate=False)


class RunPage:
    """One reader's view of one run."""

    def __init__(self, visit: Visit, readings: Readings, sight: Sight) -> None:
        self.visit, self.readings, self.sight = visit, readings, sight
        self.current = Current(visit)
        self.body = ui.element("div").classes("stack")
        self.timer: ui.timer | None = None

    def draw(self) -> None:
        """Draw everything anew."""
        self.body.clear()
        with self.body:
            self.top = show(top(self.visit, self.sight.run))
            self._actions()
            self.state = show(standing(self.visit, self.sight.run, self.sight.left))
            with ui.element("div").classes("split"):
                with ui.element("div").classes("stack"):
                    self._proof()
                    if not self.sight.run.result:
                        self._log()
                with ui.element("div").classes("stack"):
                    self._question()
                    self._history()
            if self.sight.run.result:
                self._data()
                self._log()

    async def refresh(self) -> None:
        """Bring the page up to date: a little while the run works, everything when its state changes."""
        sight = await self.current.read(look, self.readings, self.sight.run.id)
        if sight is None:
            return
        before, self.sight = self.sight.run, sight
        if (sight.run.state, sight.run.attempt) != (before.state, before.attempt):
            self.draw()
        else:
            self.state.content = standing(self.visit, sight.run, sight.left)
        await self.log.follow()
        if self.timer:
            self.timer.interval = EVERY_S if sight.run.state in ACTIVE else SELDOM_S

    def _actions(self) -> None:
        run, say, factory = self.sight.run, self.visit.say, self.readings.factory
        with ui.element("div").classes("buttons"):
            if run.state in ACTIVE:
                self._act(
                    say("console.run.cancel", "Cancel"), lambda: asyncio.to_thread(factory.cancel, run.id)
                )
            elif run.state is not State.SUCCEEDED:
                self._act(say("console.run.retry", "Retry"), lambda: asyncio.to_thread(factory.retry, run.id))
            show(
                join(*(tag("a", word, href=address, class_="action") for word, address in self._ways())),
                classes="buttons",
            )

    def _ways(self) -> Iterator[tuple[str, str]]:
        """Yield what else can be had of the run, and where."""
        run, say, language = self.sight.run, self.visit.say, self.visit.language
        domain, verb = run.operation.split(".")
        yield say("console.run.rerun", "Change and run again"), f"/{domain}/{verb}?from={run.id}"
        yield say("console.run.compare", "Compare"), f"/compare?left={run.id}"
        if run.result is None:
            return
        yield say("console.run.report", "Report"), f"/v1/runs/{run.id}/report?language={language}"
        if operation(run.operation).book:
            words = say("console.run.workbook", "Excel sheet with formulas")
            yield words, f"/v1/runs/{run.id}/workbook?language={language}"

    def _act(self, word: str, act: Callable[[], Awaitable[Run]]) -> None:
        async def acted() -> None:
            await act()
            await self.refresh()

        ui.button(word, on_click=acted, color=None).props("no-caps flat").classes("action")

    def _proof(self) -> None:
        run, visit, views = self.sight.run, self.visit, self.sight.views
        if views and views.headlines:
            with section(visit.say("console.run.headlines", "Result")):
                show(figures(visit, run, views))
        with section(visit.say("console.run.certificate", "Certificate")):
            show(claims(visit, run))
        if run.findings:
            with section(visit.say("console.run.findings", "Findings about the input")):
                show(findings(visit, run.findings))
        if views and (views.not_covered or views.attribution):
            with section(visit.say("console.run.not_covered", "What this study does not say")):
                show(limits(visit, run.operation, views))

    def _question(self) -> None:
        run, visit = self.sight.run, self.visit
        with section(visit.say("console.run.params", "Parameters")):
            show(answers(visit, run))
        with section(visit.say("console.run.inputs", "Inputs")):
            show(join(inputs(visit, run), onward(visit, run)))
        with section(visit.say("console.run.notes", "Tags and note")), ui.element("div").classes("stack"):
            notes(visit, self.readings, run)

    def _data(self) -> None:
        run, visit, views = self.sight.run, self.visit, self.sight.views
        if views and views.charts:
            draw_charts(visit, run.operation, views.charts)
        tables = tables_of(operation(run.operation), run)
        if tables:
            with section(visit.say("console.run.tables", "Tables")):
                table_panel(visit, self.readings, run, tables)

    def _log(self) -> None:
        with section(self.visit.say("console.run.log", "Log")):
            self.log = LiveLog(self.visit, self.readings, self.sight.run.id)

    def _history(self) -> None:
        sight, visit = self.sight, self.visit
        with section(visit.say("console.run.events", "Events")):
            show(timeline(visit, sight.run, sight.events))
        with section(visit.say("console.run.facts", "Identity and versions")):
            show(facts(visit, sight.run, sight.attempts))


def top(visit: Visit, run: Run) -> Markup:
    """Give the title line: operation, input, name and age, state and certificate."""
    name = visit.say("console.run.name", "run {run}", run=short_id(run.id))
    words = " · ".join(part for part in (input_name(run), name) if part)
    lead = tag("p", words, " · ", when(visit, run.created), class_="lead")
    title = tag("div", tag("h1", operation_title(visit, run.operation)), lead)
    certificate = certificate_chip(visit, run.certificate) if run.state not in ACTIVE else None
    signs = tag("div", state_chip(visit, run.state), certificate, class_="signs")
    return tag("div", title, signs, class_="heading")


def standing(visit: Visit, run: Run, left: float | None) -> Markup:
    """Give progress while a run works, and the reason when it did not succeed."""
    if run.state in ACTIVE:
        return tag("div", progress(visit, run, left), class_="panel")
    if run.state is State.SUCCEEDED:
        return Markup("")
    kind: Kind = "warn" if run.state is State.CANCELLED else "bad"
    details = [run.reason] if run.state is State.REFUSED else [run.error.where] if run.error else []
    lines = [tag("div", reason_text(visit, line), class_="mono muted") for line in details if line]
    return alert(ending_text(visit, run), *lines, kind=kind)


def figures(visit: Visit, run: Run, views: Views) -> Markup:
    """Give the values that a person reads first, after the outcome."""
    kind = operation(run.operation)
    outcome = visit.word(labels.outcome(kind, str((run.result or {}).get("outcome", ""))))
    label = visit.word(labels.result_label(kind, "outcome"))
    first = tag(
        "div",
        tag("dt", label),
        tag("dd", tag("span", tag("b", outcome), class_="quantity")),
        class_="headline",
    )
    return tag(
        "dl", first, *(headline(visit, run.operation, value) for value in views.headlines), class_="headlines"
    )


def limits(visit: Visit, name: str, views: Views) -> Markup:
    """Give what the study does not cover, and who is credited for the data."""
    sentences = [
        tag("li", visit.word(labels.not_covered(name, place, text)))
        for place, text in enumerate(views.not_covered)
    ]
    credit = tag("p", views.attribution, class_="muted") if views.attribution else None
    return join(tag("ul", *sentences, class_="bullets"), credit)
