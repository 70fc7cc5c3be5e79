"""The state of the one region, `local`: who works there, how busy it is, and how much room is left."""

import os

from genba.core.run import State
from genba.faces.console.chips import chip
from genba.faces.console.icons import icon
from genba.faces.console.layout import Visit, alert
from genba.faces.console.lists import pairs
from genba.faces.markup import Markup, join, tag
from genba.faces.words import say_state, size
from genba.factory.answers import Health

TIGHT_BYTES = 2**30
"""Less free disk than this is marked."""
WAITING = (State.ACCEPTED, State.PLACED)
BUSY = (State.SUBMITTED, State.RUNNING)


def region(visit: Visit, health: Health) -> Markup:
    """Give the panel's content."""
    say = visit.say
    ended = [state for state in State if state not in (*WAITING, *BUSY) and health.runs.get(state)]
    counts = [(say_state(visit.language, state), f"{health.runs[state]:,}") for state in ended]
    waiting = sum(health.runs.get(state, 0) for state in WAITING)
    rows = [
        (say("console.region.supervisor", "Supervisor"), _supervisor(visit, health)),
        (say("console.region.slots", "Slots"), _slots(visit, health)),
        (say("console.region.waiting", "Waiting"), tag("span", f"{waiting:,}", class_="number")),
        (say("console.region.disk", "Free disk"), tag("span", size(health.disk_free), class_="number")),
        *((word, tag("span", count, class_="number")) for word, count in counts),
        ("genba", tag("span", health.versions.get("genba", "–"), class_="mono")),
    ]
    return join(tag("h3", "local"), pairs(rows), *_warnings(visit, health))


def _supervisor(visit: Visit, health: Health) -> Markup:
    if health.supervisor is None:
        return chip("warning", icon("warning"), visit.say("console.region.absent", "not at work"))
    return chip("good", icon("succeeded"), visit.say("console.region.present", "at work"))


def _slots(visit: Visit, health: Health) -> Markup:
    total = os.cpu_count() or 1
    used = sum(health.runs.get(state, 0) for state in BUSY)
    boxes = [tag("i", class_="used" if place < used else None) for place in range(max(total, used))]
    words = visit.say("console.region.used", "{used} of {total} in use", used=used, total=total)
    return tag(
        "div", tag("span", *boxes, class_="slots", aria_hidden="true"), tag("span", words, class_="number")
    )


def _warnings(visit: Visit, health: Health) -> list[Markup]:
    found = []
    if not health.writable:
        words = visit.say(
            "console.region.read_only", "{home} cannot be written to: no run can start.", home=health.home
        )
        found.append(alert(words))
    if health.disk_free < TIGHT_BYTES:
        words = visit.say("console.region.tight", "The disk is nearly full: runs may fail.")
        found.append(alert(words, kind="warn"))
    return found
