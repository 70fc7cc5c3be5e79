"""What is wrong with an input, in the reader's language: findings, and the one that a run failed on."""

from genba.core.findings import Argument, Finding, errors_in
from genba.core.run import Run
from genba.faces import labels
from genba.faces.phrases import say_whole
from genba.faces.words import say

PHRASED = frozenset(("allowed", "wanted"))
"""Arguments of findings that may be phrases; all others are names and numbers, alike in every language."""


def say_finding(language: str, finding: Finding) -> str:
    """Give a finding's sentence; the English message where the language's template does not fit it."""
    template = say(language, finding.code, "")
    if not template:
        return finding.message
    arguments = {name: _argument(language, name, value) for name, value in finding.arguments.items()}
    try:
        return template.format(where=finding.where, **arguments)
    except (KeyError, IndexError, ValueError):  # an older record, from before the template changed
        return finding.message


def say_fault(language: str, run: Run) -> str:
    """Give the finding that a run failed on; empty when it failed on none."""
    wrong = errors_in(run.findings)
    if run.error is None or not wrong or wrong[0].message not in run.error.message:
        return ""
    text, others = say_finding(language, wrong[0]), len(wrong) - 1
    more = say(language, "faces.fault.more", " (and {count} more)", count=others) if others else ""
    return text + more


def _argument(language: str, name: str, value: Argument) -> Argument:
    if name not in PHRASED or not isinstance(value, str):
        return value
    return say_whole(language, value, labels.phrase)
