"""Views of `factory.probe`."""

from genba.core.views import Headline, Views
from genba.factory.records.probe import ProbeParams, ProbeResult


def view_probe(params: ProbeParams, result: ProbeResult) -> Views:
    """Show the steps waited."""
    return Views(
        headlines=(Headline(key="steps", label="Steps waited", value=float(result.steps), unit="1"),),
        not_covered=("A rehearsal says nothing about any plant, grid or railway.",),
    )
