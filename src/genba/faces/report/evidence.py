"""What proves the result, and what was found in its inputs."""

from genba.core.certificate import Claim
from genba.core.findings import Finding
from genba.faces import labels
from genba.faces.findings import say_finding
from genba.faces.markup import Markup, tag
from genba.faces.report.opening import chip
from genba.faces.report.sheet import Sheet
from genba.faces.theme import HOLDS_LOOKS, SEVERITY_LOOKS, figure
from genba.faces.words import say_holds, say_severity, say_where

MOST_FINDINGS = 100


def certificate(sheet: Sheet) -> Markup | None:
    """Give every claim with what was found, what is allowed, and how it was checked."""
    proof = sheet.run.certificate
    if proof is None:
        return None
    heads = (
        sheet.say("faces.report.claim", "Claim"),
        sheet.say("faces.report.found", "Found"),
        sheet.say("faces.report.allowed", "Allowed"),
        sheet.say("faces.report.method", "How it was checked"),
        sheet.say("faces.report.holds", "Holds"),
    )
    explained = sheet.say(
        "faces.report.certificate_explained",
        "Checked after the result by code that shares nothing with the code that made it. "
        "It proves what the result states, not that the news is good.",
    )
    return tag(
        "section",
        tag("h2", sheet.say("faces.report.certificate", "Certificate")),
        tag("p", explained, class_="hint"),
        tag(
            "table",
            tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
            tag("tbody", *(_claim(sheet, claim, heads) for claim in proof.claims)),
            class_="stacked claims",
        ),
    )


def findings(sheet: Sheet) -> Markup | None:
    """Give what the checks found in the inputs, most severe first as they came."""
    found = sheet.run.findings
    if not found:
        return None
    more = len(found) - MOST_FINDINGS
    left_out = tag("p", sheet.say("faces.report.more_findings", "{count} more findings.", count=f"{more:,}"))
    return tag(
        "section",
        tag("h2", sheet.say("faces.report.findings", "Findings in the inputs")),
        tag("ul", *(_finding(sheet, entry) for entry in found[:MOST_FINDINGS]), class_="findings"),
        left_out if more > 0 else None,
    )


def claim_figures(claim: Claim) -> tuple[str, str]:
    """Give value and bound; with all digits when rounding would hide why a claim fails."""
    value, bound = figure(claim.value), figure(claim.bound)
    if value == bound and not claim.holds and claim.value is not None:
        value, bound = repr(claim.value), repr(claim.bound)
    unit = "" if claim.unit in ("1", "") else f" {claim.unit}"
    return value + (unit if claim.value is not None else ""), bound + (
        unit if claim.bound is not None else ""
    )


def _claim(sheet: Sheet, claim: Claim, heads: tuple[str, ...]) -> Markup:
    value, bound = claim_figures(claim)
    holds = chip(*HOLDS_LOOKS[claim.holds], say_holds(sheet.language, claim.holds))
    return tag(
        "tr",
        tag("th", sheet.label(labels.claim_label(sheet.run.operation, claim)), scope="row"),
        tag("td", value, class_="number", data_head=heads[1]),
        tag("td", bound, class_="number", data_head=heads[2]),
        tag("td", sheet.label(labels.claim_method(sheet.run.operation, claim)), data_head=heads[3]),
        tag("td", holds, data_head=heads[4]),
    )


def _finding(sheet: Sheet, finding: Finding) -> Markup:
    return tag(
        "li",
        chip(*SEVERITY_LOOKS[finding.severity], say_severity(sheet.language, finding.severity)),
        " ",
        tag("bdi", say_where(sheet.language, finding.where), class_="where"),
        " ",
        tag("bdi", say_finding(sheet.language, finding)),
    )
