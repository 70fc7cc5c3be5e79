"""The small signs of the console: states, certificates, progress and figures, each with its word."""

import time

from genba.core.certificate import Certificate
from genba.core.inputs import InputFile
from genba.core.run import ACTIVE, Run, State
from genba.core.views import Headline, Views
from genba.faces import labels
from genba.faces.console.icons import icon, state_icon
from genba.faces.console.layout import Visit
from genba.faces.console.telling import progress_text
from genba.faces.markup import Markup, tag
from genba.faces.theme import STATE_LOOKS, figure
from genba.faces.words import SECOND_NS, age, duration, moment, say_holds, say_state, say_unit

NEWEST_ID = 8
"""Characters at the end of a ULID that tell runs of one moment apart."""


def chip(tone: str, sign: Markup, word: str) -> Markup:
    """Give a sign and its word in one tone."""
    return tag("span", sign, tag("span", word), class_=f"chip tone-{tone}")


def state_chip(visit: Visit, state: State) -> Markup:
    """Give a run's state."""
    return chip(STATE_LOOKS[state][0], state_icon(state), say_state(visit.language, state))


def certificate_chip(visit: Visit, certificate: Certificate | None) -> Markup:
    """Give whether a certificate holds, and how many of its claims do."""
    if certificate is None:
        return chip("quiet", icon("none"), visit.say("console.certificate.none", "no certificate"))
    tone, sign = ("good", "holds") if certificate.holds else ("bad", "refused")
    held = len(certificate.claims) - len(certificate.failed)
    word = f"{say_holds(visit.language, certificate.holds)} {held}/{len(certificate.claims)}"
    return chip(tone, icon(sign), word)


def progress(visit: Visit, run: Run, left: float | None = None) -> Markup:
    """Give a bar with its percentage, the newest message and the time left, s; a run that ended has none."""
    if run.state not in ACTIVE:
        return Markup("")
    percent = round(100 * (run.fraction or 0.0))
    label = visit.say("console.run.progress", "Progress")
    bar = tag(
        "div",
        tag("div", class_="bar-fill", style=f"width:{percent}%"),
        class_="bar",
        role="progressbar",
        aria_label=label,
        aria_valuemin="0",
        aria_valuemax="100",
        aria_valuenow=percent,
    )
    words = progress_text(visit, run) or say_state(visit.language, run.state)
    line = tag(
        "div",
        tag("span", f"{percent} %", class_="number"),
        tag("span", words, class_="message"),
        _time_left(visit, left),
        class_="bar-line",
    )
    return tag("div", bar, line, class_="progress")


def _time_left(visit: Visit, left: float | None) -> Markup | None:
    if left is None:
        return None
    about = duration(round(left), visit.language)
    return tag("span", visit.say("console.run.left", "about {time} left", time=about), class_="left")


def headline(visit: Visit, operation: str, value: Headline) -> Markup:
    """Give one large value with its label and unit."""
    label = visit.word(labels.headline(operation, value))
    return tag(
        "div", tag("dt", label), tag("dd", quantity(visit, value.value, value.unit)), class_="headline"
    )


def headline_of(views: Views | None) -> Headline | None:
    """Give the value that a person reads first."""
    return views.headlines[0] if views and views.headlines else None


def quantity(visit: Visit, value: float | None, unit: str) -> Markup:
    """Give a number and its unit."""
    shown = "" if unit in ("1", "") or value is None else say_unit(visit.language, unit)
    return tag(
        "span",
        tag("b", figure(value, unit)),
        tag("span", shown, class_="unit") if shown else None,
        class_="quantity",
    )


def when(visit: Visit, at: int) -> Markup:
    """Give how long ago something was, with the exact time for who asks."""
    return tag("time", age(at, time.time_ns(), visit.language), title=moment(at), datetime=_machine(at))


def short_id(run_id: str) -> str:
    """Give the end of a run's name."""
    return run_id[-NEWEST_ID:]


def input_name(run: Run) -> str:
    """Give what a run was made from: the catalogue's or the file's name of its first input, else nothing."""
    if not run.inputs:
        return ""
    first = run.inputs[0]
    named = run.params.get(first.field)
    return str(named) if isinstance(named, str) and InputFile(named).catalogue else first.name


def operation_title(visit: Visit, operation: str) -> str:
    """Give an operation's name for people."""
    return visit.word(labels.title_of(operation))


def _machine(at: int) -> str:
    return moment(at // SECOND_NS * SECOND_NS).replace(" UTC", "Z").replace(" ", "T")
