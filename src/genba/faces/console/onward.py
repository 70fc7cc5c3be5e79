"""From one run to the next: the other studies of its domain that take the same file."""

from collections.abc import Iterator
from urllib.parse import urlencode

from genba.core.run import Run
from genba.faces.console.chips import operation_title
from genba.faces.console.fields import fields_of
from genba.faces.console.form import answers_of
from genba.faces.console.layout import Visit
from genba.faces.markup import Markup, tag
from genba.factory.registry import domain


def onward(visit: Visit, run: Run) -> Markup:
    """Give links to the forms of other studies, begun with what this run was made from."""
    links = [
        tag("a", operation_title(visit, name), href=f"/{name.replace('.', '/')}?{query}")
        for name, query in _others(run)
    ]
    if not links:
        return Markup("")
    lead = tag("span", visit.say("console.run.onward", "Go on with the same input:"), class_="muted")
    return tag("div", lead, *links, class_="links")


def _others(run: Run) -> Iterator[tuple[str, str]]:
    """Yield each operation that needs files which this run had, and the query that its form begins with."""
    given, files = answers_of(run), {entry.field for entry in run.inputs}
    for other in domain(run.operation.partition(".")[0]).operations():
        needed = {field.name for field in fields_of(other.params) if field.kind == "file" and field.required}
        if other.name != run.operation and needed and needed <= files:
            yield other.name, urlencode({name: given[name] for name in sorted(needed)})
