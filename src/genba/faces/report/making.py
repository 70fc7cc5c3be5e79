"""How the result was made, how to make it again, what it does not say, and whose data it rests on."""

import shlex
from typing import Any

from genba.core.inputs import InputFile
from genba.core.run import Limits, Run
from genba.faces import labels
from genba.faces.markup import Markup, prose, tag
from genba.faces.report.sheet import Sheet
from genba.faces.theme import figure
from genba.faces.words import size


def inputs(sheet: Sheet) -> Markup | None:
    """Give every input file with its size and digest."""
    if not sheet.run.inputs:
        return None
    rows = [
        tag(
            "tr",
            tag("th", tag("bdi", entry.name), scope="row"),
            tag("td", size(entry.bytes), class_="number"),
            tag("td", tag("code", f"sha256:{entry.sha256}", class_="digest")),
        )
        for entry in sheet.run.inputs
    ]
    return tag(
        "section",
        tag("h2", sheet.say("faces.report.inputs", "Input files")),
        tag("table", tag("tbody", *rows), class_="stacked pairs"),
    )


def params(sheet: Sheet) -> Markup:
    """Give every param with its value, its unit and its sentence."""
    return tag(
        "section",
        tag("h2", sheet.say("faces.report.params", "Params")),
        tag("table", tag("tbody", *(_param(sheet, n) for n in _known(sheet))), class_="stacked pairs"),
    )


def versions(sheet: Sheet) -> Markup | None:
    """Give the software, the machine's region and the digest that identify this run."""
    if not sheet.attempts:
        return None
    last = sheet.attempts[-1]
    facts = {
        sheet.say("faces.report.digest", "Digest of the request"): sheet.run.digest,
        sheet.say("faces.report.place", "Region and backend"): f"{last.region}, {last.backend}",
        **last.versions,
    }
    rows = [
        tag("tr", tag("th", name, scope="row"), tag("td", tag("code", value, class_="digest")))
        for name, value in facts.items()
    ]
    return tag(
        "section",
        tag("h2", sheet.say("faces.report.versions", "Versions")),
        tag("table", tag("tbody", *rows), class_="stacked pairs"),
    )


def not_covered(sheet: Sheet) -> Markup | None:
    """Say what the study does not cover."""
    sentences = sheet.views.not_covered
    if not sentences:
        return None
    worded = (
        sheet.label(labels.not_covered(sheet.run.operation, n, text)) for n, text in enumerate(sentences)
    )
    return tag(
        "section",
        tag("h2", sheet.say("faces.report.not_covered", "What this study does not cover")),
        tag("ul", *(tag("li", sentence) for sentence in worded)),
    )


def reproduce(sheet: Sheet) -> Markup:
    """Give the command that makes this result again."""
    said = sheet.say(
        "faces.report.reproduce_explained",
        "The same inputs, params, seed and version give the same result. Compare the digests of the inputs.",
    )
    return tag(
        "section",
        tag("h2", sheet.say("faces.report.reproduce", "How to reproduce")),
        tag("pre", tag("code", command(sheet))),
        tag("p", said, class_="hint"),
    )


def attribution(sheet: Sheet) -> Markup:
    """Credit the data, and end the page."""
    credit = sheet.views.attribution
    made = sheet.say("faces.report.made_by", "Made by genba. This page loads nothing from a network.")
    said = sheet.say("faces.report.data", "Data:")
    return tag("footer", tag("p", f"{said} ", tag("bdi", credit)) if credit else None, tag("p", made))


def command(sheet: Sheet) -> str:
    """Give the command line of a run: its file first, then what differs from the defaults."""
    run, fields = sheet.run, sheet.operation.params.model_fields
    words = ["genba", sheet.operation.domain, sheet.operation.verb]
    for name, value in run.params.items():
        field = fields.get(name)
        if field is None or (not field.is_required() and value == _plain(field.get_default())):
            continue
        if field.is_required() and field.annotation is InputFile:
            words.insert(3, str(value))
        else:
            words += _option(name.replace("_", "-"), value)
    return shlex.join(words + _request_options(run))


def _option(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, list | tuple):
        return [f"--{name}={entry}" for entry in value]
    return [f"--{name}={value}"]


def _request_options(run: Run) -> list[str]:
    options = [f"--seed={run.seed}"] if run.seed else []
    if run.limits.threads != Limits().threads:
        options.append(f"--threads={run.limits.threads}")
    if run.limits.backend != Limits().backend:
        options.append(f"--backend={run.limits.backend}")
    return options


def _known(sheet: Sheet) -> list[str]:
    return [name for name in sheet.run.params if name in sheet.operation.params.model_fields]


def _param(sheet: Sheet, name: str) -> Markup:
    field = sheet.operation.params.model_fields[name]
    unit = labels.unit_of(field)
    value = sheet.run.params[name]
    shown = _worded(sheet, value)
    return tag(
        "tr",
        tag("th", sheet.label(labels.param_label(sheet.operation, name)), scope="row"),
        tag(
            "td",
            tag("bdi", f"{shown} {unit}" if unit not in ("", "1") and value is not None else shown),
        ),
        tag("td", prose(sheet.label(labels.param_sentence(sheet.operation, name))), class_="hint"),
    )


def _worded(sheet: Sheet, value: Any) -> str:
    if value is None or value in ([], ()):
        return "–"
    if isinstance(value, bool):
        return sheet.say("faces.report.yes", "yes") if value else sheet.say("faces.report.no", "no")
    if isinstance(value, list | tuple):
        return ", ".join(str(entry) for entry in value)
    return figure(value) if isinstance(value, float) else str(value)


def _plain(default: Any) -> Any:
    return list(default) if isinstance(default, tuple) else default
