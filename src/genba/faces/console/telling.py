"""What a run tells of its progress, in the reader's language; operations tell it in English."""

import re

from genba.core.run import Run
from genba.faces import labels
from genba.faces.console.layout import Visit

NUMBER = re.compile(r"(?:(?<= )-)?\d+(?:[.,]\d+)*(?:e[+-]\d+)?|\b(?:inf|nan)\b")
HERE = "#"
"""Stands for a number in a sentence of progress; in every language they come in the same order."""
BETWEEN = ": "
"""Stands between what is at work and what it is at."""
EVERYWHERE = (
    ("console.progress.certifying", "certifying"),
    ("console.progress.compiling", "compiling kernels, once on this machine"),
)
"""What every domain's runs may tell."""
KEYS = {english: key for key, english in EVERYWHERE}


def progress_text(visit: Visit, run: Run) -> str:
    """Give the newest message of a run; what has no words of its own stays as the operation told it."""
    domain = run.operation.partition(".")[0]
    return BETWEEN.join(_part(visit, domain, part) for part in run.message.split(BETWEEN))


def template_of(part: str) -> str:
    """Give a part of a message with the sign for a number in the place of each."""
    return NUMBER.sub(HERE, part)


def _part(visit: Visit, domain: str, part: str) -> str:
    template = template_of(part)
    key, english = labels.progress(domain, template)
    text = visit.say(KEYS.get(template, key), english)
    numbers = NUMBER.findall(part)
    if text.count(HERE) != len(numbers):
        return part
    return re.sub(HERE, lambda found: numbers.pop(0), text)
