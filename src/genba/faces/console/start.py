"""The start page of a domain that has no page of its own: its operations and its newest runs."""

import asyncio

from genba.core.domain import Domain
from genba.core.run import Run
from genba.faces import labels
from genba.faces.console.floor import start
from genba.faces.console.layout import Visit, frame, heading, section, show
from genba.faces.console.readings import Readings
from genba.faces.console.runs import listed
from genba.faces.markup import join
from genba.factory.request import RunQuery

LOOKED_BACK = 100
SHOWN = 8


async def start_page(visit: Visit, readings: Readings, domain: Domain) -> None:
    """Draw a domain."""
    runs = await asyncio.to_thread(newest, readings, domain)
    title = visit.word(labels.domain_title(domain))
    with frame(visit, title):
        heading(title)
        with section(visit.say("console.floor.start", "Start a study")):
            show(join(*(start(visit, operation) for operation in domain.operations())), classes="starts")
        with section(visit.say("console.start.newest", "Newest runs")):
            show(listed(visit, runs))


def newest(readings: Readings, domain: Domain) -> tuple[Run, ...]:
    """Give the newest runs of a domain but those of sliders; blocks."""
    runs = readings.factory.runs(RunQuery(limit=LOOKED_BACK)).items
    own = (run for run in runs if run.operation.startswith(f"{domain.name}.") and not run.ephemeral)
    return tuple(own)[:SHOWN]
