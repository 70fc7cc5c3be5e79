"""How a run came about: its log, its events, what it was made from and by which versions."""

import asyncio

from nicegui import ui

from genba.core.errors import GenbaError
from genba.core.run import Attempt, Event, Run
from genba.faces import labels
from genba.faces.console.chips import short_id, when
from genba.faces.console.fields import Field, fields_of
from genba.faces.console.icons import state_icon
from genba.faces.console.layout import Visit, empty, show
from genba.faces.console.lists import pairs
from genba.faces.console.readings import Readings
from genba.faces.console.reasons import happening_text
from genba.faces.markup import Markup, join, tag
from genba.faces.words import duration, moment, number, say_state, size
from genba.factory.registry import operation

LOG_KEPT = 64 * 1024
"""Characters of the log that stay on the page."""
SHOWN_DIGEST = 16


class LiveLog:
    """The end of a run's log, growing while the run does."""

    def __init__(self, visit: Visit, readings: Readings, run_id: str) -> None:
        self.visit, self.readings, self.run_id = visit, readings, run_id
        self.text, self.offset, self.attempt = "", 0, 0
        self.box = show(self._shown())

    async def follow(self) -> None:
        """Read on from where the last reading ended."""
        try:
            piece = await asyncio.to_thread(self.readings.factory.log, self.run_id, self.offset)
        except GenbaError:  # no attempt yet, or its directory is gone: the log stays as it is
            return
        if piece.attempt != self.attempt:
            self.text, self.attempt = "", piece.attempt
            if self.offset:  # another attempt has a log of its own: begin at its start next time
                self.offset = 0
                return
        if piece.next != self.offset:
            self.text, self.offset = (self.text + piece.text)[-LOG_KEPT:], piece.next
            self.box.content = self._shown()
            ui.run_javascript(f"genbaEnd({self.box.id})")

    def _shown(self) -> Markup:
        if not self.text:
            return empty(self.visit.say("console.run.no_log", "The log is empty."))
        label = self.visit.say("console.run.log", "Log")
        return tag("pre", self.text, class_="log", tabindex="0", role="log", aria_label=label)


def timeline(visit: Visit, run: Run, events: tuple[Event, ...]) -> Markup:
    """Give what happened to a run, in order."""
    return tag("ol", *(_event(visit, run, event) for event in events), class_="timeline")


def _event(visit: Visit, run: Run, event: Event) -> Markup:
    title = tag("span", say_state(visit.language, event.after), " · ", when(visit, event.at))
    reason = tag("small", happening_text(visit, run, event.reason)) if event.reason else None
    return tag("li", state_icon(event.after), tag("div", title, reason))


def answers(visit: Visit, run: Run) -> Markup:
    """Give the params of a run."""
    kind = operation(run.operation)
    return pairs(
        (visit.word(labels.param_label(kind, field.name)), _answer(visit, run, field))
        for field in fields_of(kind.params)
        if field.name in run.params
    )


def _answer(visit: Visit, run: Run, field: Field) -> str:
    value = run.params[field.name]
    if isinstance(value, bool):
        return visit.say("console.run.yes", "yes") if value else visit.say("console.run.no", "no")
    if isinstance(value, int | float):
        return number(value, field.unit, visit.language)
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value) or "–"
    if value in field.choices:
        return visit.say(f"console.choice.{value}", str(value))
    stored = next((entry.name for entry in run.inputs if entry.field == field.name), "")
    if str(value).startswith("sha256:") and stored:
        return stored
    return "–" if value is None else str(value)


def inputs(visit: Visit, run: Run) -> Markup:
    """Give the input files with their digests."""
    if not run.inputs:
        return empty(visit.say("console.run.no_inputs", "No input files."))
    return join(*(_input(entry.name, entry.sha256, entry.bytes) for entry in run.inputs))


def _input(name: str, sha256: str, count: int) -> Markup:
    digest = tag("div", f"sha256:{sha256[:SHOWN_DIGEST]}…", class_="mono muted", title=sha256)
    return tag(
        "div",
        tag("a", name, href=f"/v1/artifacts/{sha256}", download=name),
        " ",
        tag("span", size(count), class_="muted"),
        digest,
    )


def facts(visit: Visit, run: Run, attempts: tuple[Attempt, ...]) -> Markup:
    """Give a run's identity and the versions that made it."""
    say = visit.say
    versions = attempts[-1].versions if attempts else {}
    return pairs(
        [
            (say("console.run.id", "Run"), tag("span", run.id, class_="mono")),
            (
                say("console.run.digest", "Digest"),
                tag("span", f"{run.digest[:SHOWN_DIGEST]}…", class_="mono", title=run.digest),
            ),
            (say("console.run.created", "Created"), tag("span", moment(run.created), class_="number")),
            (say("console.run.seconds", "Duration"), duration(run.seconds, visit.language)),
            (say("console.run.attempts", "Attempts"), str(run.attempt)),
            (say("console.run.seed", "Seed"), str(run.seed)),
            (say("console.run.region", "Region"), run.region),
            *_parent(visit, run),
            *((name, tag("span", version, class_="mono")) for name, version in versions.items()),
        ]
    )


def _parent(visit: Visit, run: Run) -> list[tuple[str, Markup]]:
    if run.parent is None:
        return []
    link = tag("a", short_id(run.parent), href=f"/runs/{run.parent}", class_="mono")
    return [(visit.say("console.run.parent", "Made from"), link)]
