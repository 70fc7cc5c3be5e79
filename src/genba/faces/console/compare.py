"""Two runs side by side: which answers, values, claims and versions differ."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode

from genba.core.run import Run
from genba.faces.console.chips import (
    certificate_chip,
    input_name,
    operation_title,
    short_id,
    state_chip,
    when,
)
from genba.faces.console.layout import Visit, empty, frame, heading, section, show
from genba.faces.console.lists import table
from genba.faces.console.readings import Readings
from genba.faces.markup import Markup, tag
from genba.faces.words import moment
from genba.factory.answers import Comparison
from genba.factory.request import RunQuery

OFFERED = 100


async def compare_page(visit: Visit, readings: Readings, query: Mapping[str, str]) -> None:
    """Draw the choice of two runs, and how they differ once both are chosen."""
    left, right = query.get("left", ""), query.get("right", "")
    offered = (await asyncio.to_thread(readings.factory.runs, RunQuery(limit=OFFERED))).items
    title = visit.say("console.compare.title", "Compare two runs")
    both = None
    if left and right:
        both = await asyncio.to_thread(lambda: tuple(readings.factory.run(name) for name in (left, right)))
        differences = await asyncio.to_thread(readings.factory.compare, left, right)
    with frame(visit, title):
        heading(title)
        show(choice(visit, offered, left, right), classes="panel")
        if both is None:
            show(empty(visit.say("console.compare.choose", "Choose two runs to see what differs.")))
            return
        with section(visit.say("console.compare.differences", "Differences")):
            show(compared(visit, both, differences))


def choice(visit: Visit, offered: tuple[Run, ...], left: str, right: str) -> Markup:
    """Give the form with both runs."""
    say = visit.say
    return tag(
        "form",
        _select(visit, "left", say("console.compare.left", "Left"), offered, left),
        _select(visit, "right", say("console.compare.right", "Right"), offered, right),
        tag("button", say("console.compare.show", "Compare"), type="submit", class_="action main-action"),
        tag(
            "a",
            say("console.compare.swap", "Swap sides"),
            href=f"/compare?{urlencode({'left': right, 'right': left})}",
        ),
        action="/compare",
        method="get",
        class_="filters",
    )


def _select(visit: Visit, name: str, label: str, offered: tuple[Run, ...], chosen: str) -> Markup:
    known = [(run.id, _words(visit, run)) for run in offered]
    if chosen and chosen not in dict(known):
        known.insert(0, (chosen, short_id(chosen)))
    entries = [
        tag("option", word, value=value, selected=value == chosen) for value, word in [("", "–"), *known]
    ]
    select = tag("select", *entries, name=name, id=f"compare-{name}", class_="plain")
    return tag("div", tag("label", label, for_=f"compare-{name}"), select, class_="grow")


def _words(visit: Visit, run: Run) -> str:
    parts = operation_title(visit, run.operation), input_name(run), moment(run.created), short_id(run.id)
    return " · ".join(part for part in parts if part)


def compared(visit: Visit, both: tuple[Run, ...], differences: Comparison) -> Markup:
    """Give the rows that differ."""
    heads = [tag("span", visit.say("console.compare.field", "Field")), *(_side(visit, run) for run in both)]
    rows = [
        (
            tag("span", row.path, class_="mono"),
            tag("span", _shown(row.left), class_="mono"),
            tag("span", _shown(row.right), class_="mono"),
        )
        for row in differences.rows
    ]
    same = visit.say("console.compare.same", "{count} other fields are the same.", count=differences.same)
    listed = table(heads, rows) if rows else empty(visit.say("console.compare.equal", "Nothing differs."))
    return tag("div", listed, tag("p", same, class_="muted"), class_="diff")


def _side(visit: Visit, run: Run) -> Markup:
    name = tag("a", operation_title(visit, run.operation), " ", short_id(run.id), href=f"/runs/{run.id}")
    return tag(
        "div",
        name,
        tag("div", when(visit, run.created)),
        tag("div", state_chip(visit, run.state)),
        tag("div", certificate_chip(visit, run.certificate)),
    )


def _shown(value: object) -> str:
    return "–" if value is None else str(value)
