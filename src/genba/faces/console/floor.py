"""The floor: what runs now, what came out last, how the region is, and where to start."""

import asyncio
import time
from dataclasses import dataclass

from nicegui import ui

from genba.core.run import ACTIVE, TERMINAL, Run
from genba.core.views import Headline
from genba.faces import labels
from genba.faces.console.chips import (
    certificate_chip,
    headline_of,
    input_name,
    operation_title,
    progress,
    quantity,
    state_chip,
    when,
)
from genba.faces.console.current import Current
from genba.faces.console.icons import icon
from genba.faces.console.layout import Visit, alert, empty, frame, heading, section, show
from genba.faces.console.readings import Readings
from genba.faces.console.reasons import ending_text
from genba.faces.console.region import region
from genba.faces.labels import AnyOperation
from genba.faces.markup import Markup, join, tag
from genba.faces.words import DAY_S, SECOND_NS
from genba.factory.answers import Health
from genba.factory.registry import domains
from genba.factory.request import RunQuery

EVERY_S = 1.5
SHOWN_ACTIVE = 12
SHOWN_NEWEST = 8
SILENT_NS = 60 * SECOND_NS
"""A run whose progress has not changed for this long is marked, ns."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the floor shows at one moment."""

    active: tuple[tuple[Run, int, float | None], ...]
    """Each with the time it last reported, ns UTC, and how long it still takes, s."""
    newest: tuple[tuple[Run, Headline | None], ...]
    health: Health
    at: int
    """Nanoseconds UTC."""


def look(readings: Readings) -> Scene:
    """Read the floor from the record; blocks, so never on the event loop."""
    factory = readings.factory
    active = factory.runs(RunQuery(states=tuple(ACTIVE), limit=SHOWN_ACTIVE))
    newest = factory.runs(RunQuery(states=tuple(TERMINAL), limit=SHOWN_NEWEST))
    pairs = tuple((run, headline_of(readings.views(run))) for run in newest.items)
    moving = tuple((run, factory.reported(run), readings.left(run)) for run in active.items)
    return Scene(moving, pairs, factory.health(), time.time_ns())


async def floor_page(visit: Visit, readings: Readings) -> None:
    """Draw the floor and keep it current while somebody looks."""
    scene = await asyncio.to_thread(look, readings)
    title = visit.say("console.floor.title", "Floor")
    with frame(visit, title):
        lead = visit.say("console.floor.lead", "What this factory is doing, and what came out last.")
        with heading(title, lead=lead):
            show(live_sign(visit))
        current = Current(visit)
        waiting = show(waits(visit, scene))
        with ui.element("div").classes("split"):
            with ui.element("div").classes("stack"):
                with section(visit.say("console.floor.now", "Running now")):
                    now = show(running(visit, scene))
                with section(visit.say("console.floor.newest", "Newest results")):
                    newest = show(results(visit, scene))
            with ui.element("div").classes("stack"):
                with section(visit.say("console.floor.region", "Region")):
                    place = show(region(visit, scene.health))
                with section(visit.say("console.floor.start", "Start a study")):
                    show(starts(visit), classes="starts")

    async def refresh() -> None:
        newer = await current.read(look, readings)
        if newer is not None:
            waiting.content, now.content = waits(visit, newer), running(visit, newer)
            newest.content, place.content = results(visit, newer), region(visit, newer.health)

    ui.timer(EVERY_S, refresh, immediate=False)


def live_sign(visit: Visit) -> Markup:
    """Give the sign that the page is current."""
    words = visit.say("console.floor.live", "Live: this page follows the record")
    return tag("div", tag("i", aria_hidden="true"), words, class_="live")


def waits(visit: Visit, scene: Scene) -> Markup:
    """Give what keeps runs from starting, if anything does."""
    if scene.health.supervisor is not None or not scene.active:
        return Markup("")
    words = visit.say(
        "console.floor.no_supervisor",
        "No supervisor is at work: accepted runs wait. Start one with: genba up",
    )
    return alert(words, kind="warn")


def running(visit: Visit, scene: Scene) -> Markup:
    """Give one card for each run that has not ended."""
    if not scene.active:
        return empty(visit.say("console.floor.quiet", "Nothing is running."))
    return tag("div", *(card(visit, *each, scene.at) for each in scene.active), class_="now")


def card(visit: Visit, run: Run, moved: int, left: float | None, now: int) -> Markup:
    """Give one running study; `moved` is when it last reported, ns UTC, and `left` how long it takes, s."""
    silent = visit.say("console.floor.silent", "no news since") if now - moved > SILENT_NS else ""
    age = tag("span", tag("b", silent, " ", class_="old") if silent else None, when(visit, moved))
    name = tag("span", operation_title(visit, run.operation), class_="cut")
    return tag(
        "a",
        tag("div", name, state_chip(visit, run.state), class_="card-top"),
        tag("div", tag("span", input_name(run), class_="cut"), age, class_="card-sub"),
        progress(visit, run, left),
        href=f"/runs/{run.id}",
        class_="card",
    )


def results(visit: Visit, scene: Scene) -> Markup:
    """Give the board of what ended last."""
    if not scene.newest:
        return empty(
            visit.say("console.floor.none", "No results yet. The first study you start appears here.")
        )
    return tag("div", *(line(visit, run, value, scene.at) for run, value in scene.newest), class_="board")


def line(visit: Visit, run: Run, value: Headline | None, now: int) -> Markup:
    """Give one result: what, its first value, its certificate, its state and its age."""
    old = now - run.updated > DAY_S * SECOND_NS
    mark = tag("div", visit.say("console.floor.old", "older than a day"), class_="old") if old else None
    name = tag("b", operation_title(visit, run.operation))
    what = tag("div", name, tag("small", input_name(run), class_="cut"), class_="what")
    return tag(
        "a",
        what,
        tag("div", *_value(visit, run, value), class_="value"),
        tag("div", state_chip(visit, run.state), class_="state"),
        tag("div", certificate_chip(visit, run.certificate), class_="sign"),
        tag("div", when(visit, run.updated), mark, class_="age"),
        href=f"/runs/{run.id}",
    )


def _value(visit: Visit, run: Run, value: Headline | None) -> tuple[Markup, ...]:
    if value is None:
        return (tag("small", ending_text(visit, run), class_="cut"),)
    label = visit.word(labels.headline(run.operation, value))
    return quantity(visit, value.value, value.unit), tag("small", label)


def starts(visit: Visit) -> Markup:
    """Give a card for each operation."""
    return join(*(start(visit, operation) for domain in domains() for operation in domain.operations()))


def start(visit: Visit, operation: AnyOperation) -> Markup:
    """Give the card that leads to an operation's form."""
    summary = visit.word(labels.summary(operation))
    title = tag("b", operation_title(visit, operation.name), icon("arrow"))
    return tag("a", title, tag("span", summary), href=f"/{operation.domain}/{operation.verb}", class_="start")
