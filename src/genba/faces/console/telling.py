"""What a run tells of its progress, in the reader's language; operations tell it in English."""

from genba.core.run import Run
from genba.faces import labels
from genba.faces.console.layout import Visit
from genba.faces.labels import Text
from genba.faces.phrases import say_phrase

EVERYWHERE = (
    ("console.progress.certifying", "certifying"),
    ("console.progress.compiling", "compiling kernels, once on this machine"),
)
"""What every domain's runs may tell."""
KEYS = {english: key for key, english in EVERYWHERE}


def progress_text(visit: Visit, run: Run) -> str:
    """Give the newest message of a run; what has no words of its own stays as the operation told it."""
    domain = run.operation.partition(".")[0]

    def text_of(template: str) -> Text:
        key, english = labels.progress(domain, template)
        return Text(KEYS.get(template, key), english)

    return say_phrase(visit.language, run.message, text_of)
