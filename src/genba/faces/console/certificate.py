"""The certificate as a table: every claim with what was found, what is allowed and how it was checked."""

from genba.core.certificate import Claim
from genba.core.findings import Finding
from genba.core.run import ACTIVE, Run
from genba.faces import labels
from genba.faces.console.chips import chip, quantity
from genba.faces.console.icons import icon
from genba.faces.console.layout import Visit, empty
from genba.faces.console.lists import table
from genba.faces.findings import say_finding
from genba.faces.markup import Markup, join, prose, tag
from genba.faces.theme import HOLDS_LOOKS, SEVERITY_LOOKS
from genba.faces.words import say_holds, say_severity, say_where

SHOWN_FINDINGS = 50


def claims(visit: Visit, run: Run) -> Markup:
    """Give the claims, or why there are none."""
    certificate = run.certificate
    if certificate is None and run.state in ACTIVE:
        return empty(visit.say("console.certificate.later", "The result is certified when the work is done."))
    if certificate is None:
        return empty(visit.say("console.certificate.absent", "There is no result, so nothing was certified."))
    heads = [
        visit.say("console.certificate.claim", "Claim"),
        visit.say("console.certificate.verdict", "Verdict"),
        visit.say("console.certificate.found", "Found"),
        visit.say("console.certificate.allowed", "Allowed"),
        visit.say("console.certificate.method", "How it was checked"),
    ]
    rows = [_row(visit, run.operation, claim) for claim in certificate.claims]
    return table(heads, rows, numbers=frozenset({2, 3}))


def _row(visit: Visit, operation: str, claim: Claim) -> tuple[Markup, ...]:
    verdict = chip(
        HOLDS_LOOKS[claim.holds][0],
        icon("succeeded" if claim.holds else "failed"),
        say_holds(visit.language, claim.holds),
    )
    method = tag("div", prose(visit.word(labels.claim_method(operation, claim))), class_="method")
    name = tag("b", visit.word(labels.claim_label(operation, claim)))
    return (
        name,
        verdict,
        quantity(visit, claim.value, claim.unit),
        quantity(visit, claim.bound, claim.unit),
        method,
    )


def findings(visit: Visit, found: tuple[Finding, ...]) -> Markup:
    """Give what the checks said about the inputs."""
    heads = [
        visit.say("console.findings.severity", "Severity"),
        visit.say("console.findings.where", "Where"),
        visit.say("console.findings.what", "What"),
    ]
    listed = table(heads, [_finding(visit, finding) for finding in found[:SHOWN_FINDINGS]])
    if len(found) <= SHOWN_FINDINGS:
        return listed
    more = visit.say(
        "console.findings.more", "{count} more in the report.", count=len(found) - SHOWN_FINDINGS
    )
    return join(listed, tag("p", more, class_="muted"))


def _finding(visit: Visit, finding: Finding) -> tuple[Markup, ...]:
    tone = SEVERITY_LOOKS[finding.severity][0]
    sign = chip(tone, icon("warning"), say_severity(visit.language, finding.severity))
    return (
        sign,
        tag("span", say_where(visit.language, finding.where)),
        tag("span", say_finding(visit.language, finding)),
    )
