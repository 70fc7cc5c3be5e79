"""How a report opens: what was asked, how it ended, and the values read first."""

from genba.core.run import ACTIVE, State
from genba.core.views import Headline
from genba.faces import labels
from genba.faces.findings import say_fault
from genba.faces.labels import Text
from genba.faces.markup import Markup, join, tag
from genba.faces.report.sheet import Sheet
from genba.faces.theme import HOLDS_LOOKS, STATE_LOOKS, Tone, figure
from genba.faces.words import duration, moment, say_holds, say_state, say_unit


def name(sheet: Sheet) -> Text:
    """Give the operation's name for people."""
    return labels.title(sheet.operation)


def header(sheet: Sheet) -> Markup:
    """Give title, standing, and where this run is found again."""
    run = sheet.run
    return tag(
        "header",
        tag("p", "genba", class_="brand"),
        tag("h1", sheet.label(name(sheet))),
        tag("p", sheet.label(labels.summary(sheet.operation)), class_="lead"),
        tag("p", *_standing(sheet), class_="standing"),
        tag(
            "dl",
            *_fact(sheet.say("faces.report.run", "Run"), tag("code", run.id)),
            *_fact(sheet.say("faces.report.operation", "Operation"), tag("code", run.operation)),
            *_fact(sheet.say("faces.report.requested", "Requested"), moment(run.created)),
            *_fact(sheet.say("faces.report.duration", "Duration"), duration(run.seconds, sheet.language)),
            *_fact(sheet.say("faces.report.attempt", "Attempt"), str(run.attempt)),
            *_fact(sheet.say("faces.report.seed", "Seed"), str(run.seed)),
            *_optional(sheet),
            class_="facts",
        ),
    )


def trouble(sheet: Sheet) -> Markup | None:
    """Say why there is no result that holds, when there is none."""
    run = sheet.run
    if run.state is State.SUCCEEDED:
        return None
    failed = run.certificate.failed if run.certificate else ()
    if run.state in ACTIVE:
        return tag(
            "p", sheet.say("faces.report.unfinished", "This run has not ended: there is no result yet.")
        )
    said = say_fault(sheet.language, run)
    claims = [tag("li", sheet.label(labels.claim_label(run.operation, claim))) for claim in failed]
    return tag(
        "section",
        tag("h2", sheet.say("faces.report.trouble", "Why there is no certified result")),
        tag("p", tag("bdi", run.reason)) if run.reason and not claims and not run.error else None,
        tag("pre", f"{run.error.code}: {said or run.error.message}", class_="error") if run.error else None,
        tag("p", tag("code", run.error.where)) if run.error and run.error.where else None,
        tag("p", sheet.say("faces.report.failed_claims", "Claims that do not hold:")) if claims else None,
        tag("ul", *claims) if claims else None,
        class_="trouble quiet" if run.state is State.CANCELLED else "trouble",
    )


def headlines(sheet: Sheet) -> Markup | None:
    """Give the values that a person reads first."""
    if not sheet.views.headlines:
        return None
    return tag("section", *(_card(sheet, shown) for shown in sheet.views.headlines), class_="cards")


def chip(tone: Tone, mark: str, word: str) -> Markup:
    """Give a standing as mark and word; its colour only repeats them."""
    return tag("span", tag("span", mark, aria_hidden="true", class_="mark"), word, class_=f"chip {tone}")


def _standing(sheet: Sheet) -> tuple[Markup | None, ...]:
    run = sheet.run
    outcome = (run.result or {}).get("outcome")
    certificate = None
    if run.certificate is not None:
        tone, mark = HOLDS_LOOKS[run.certificate.holds]
        word = say_holds(sheet.language, run.certificate.holds)
        certificate = chip(tone, mark, f"{sheet.say('faces.report.certificate', 'Certificate')}: {word}")
    return (
        chip(*STATE_LOOKS[run.state], say_state(sheet.language, run.state)),
        certificate,
        None
        if outcome is None
        else tag(
            "span",
            f"{sheet.say('faces.report.outcome', 'Outcome')}: ",
            tag("strong", sheet.label(labels.outcome(sheet.operation, str(outcome)))),
            class_="outcome",
        ),
    )


def _optional(sheet: Sheet) -> list[Markup]:
    run = sheet.run
    facts: list[Markup] = []
    if run.tags:
        tags = join(*(tag("span", tag("bdi", entry), class_="tag") for entry in run.tags))
        facts += _fact(sheet.say("faces.report.tags", "Tags"), tags)
    if run.note:
        facts += _fact(sheet.say("faces.report.note", "Note"), tag("bdi", run.note))
    if run.shift:
        facts += _fact(
            sheet.say("faces.report.shift", "Shift"), tag("bdi", f"{run.shift} / {run.step or ''}")
        )
    if run.parent:
        facts += _fact(sheet.say("faces.report.parent", "Changed from run"), tag("code", run.parent))
    return facts


def _fact(label: str, value: Markup | str) -> list[Markup]:
    return [tag("div", tag("dt", label), tag("dd", value))]


def _card(sheet: Sheet, shown: Headline) -> Markup:
    unit = (
        None
        if shown.unit in ("1", "") or shown.value is None
        else tag("span", say_unit(sheet.language, shown.unit), class_="unit")
    )
    return tag(
        "div",
        tag("div", sheet.label(labels.headline(sheet.run.operation, shown)), class_="name"),
        tag("div", figure(shown.value, shown.unit), unit, class_="value"),
        class_="card",
    )
