"""Where a file question finds its answers: catalogues, outputs and inputs of earlier runs, uploads."""

from functools import partial
from importlib import import_module
from pathlib import Path

from genba.core.errors import MissingExtra
from genba.core.run import State
from genba.faces.console.chips import operation_title, short_id
from genba.faces.console.fields import Field
from genba.faces.console.layout import Visit
from genba.faces.console.readings import Readings
from genba.faces.words import moment
from genba.factory.registry import domain
from genba.factory.request import RunQuery

LARGEST = 256 * 2**20
"""An upload may have at most this many bytes; the guard allows the same."""
PIECE = 2**20
LOOKED_BACK = 100
"""Newest runs whose files are offered."""


def sources_of(visit: Visit, readings: Readings, domain_name: str, field: Field) -> dict[str, str]:
    """Give what a file question offers: the text that the params name it with, and its words."""
    offered: dict[str, str] = {}
    if field.suffixes:
        offered |= _catalogued(domain_name)
    runs = readings.factory.runs(RunQuery(states=(State.SUCCEEDED,), limit=LOOKED_BACK)).items
    for run in runs:
        made = moment(run.created)
        for entry in run.artifacts:
            if entry.name.partition(".")[0] == field.output:
                offered[f"@{run.id}"] = (
                    f"{operation_title(visit, run.operation)} · {short_id(run.id)} · {made}"
                )
            elif field.suffixes and entry.name.endswith(field.suffixes):
                offered[f"@{run.id}/{entry.name}"] = f"{entry.name} · {short_id(run.id)} · {made}"
        for given in run.inputs if field.suffixes else ():
            text = str(run.params.get(given.field, ""))
            if text.startswith("sha256:") and given.name.endswith(field.suffixes):
                offered.setdefault(
                    text, f"{given.name} · {visit.say('console.form.uploaded', 'uploaded before')}"
                )
    return offered


def keep(readings: Readings, name: str, path: Path) -> str:
    """Store an uploaded file and give the text that names it; blocks."""
    with path.open("rb") as file:
        pieces = iter(partial(file.read, PIECE), b"")
        return f"sha256:{readings.factory.upload(name, pieces, largest=LARGEST).sha256}"


def _catalogued(domain_name: str) -> dict[str, str]:
    offered: dict[str, str] = {}
    for scheme, module in domain(domain_name).catalogues.items():
        try:
            names = import_module(f"genba.{domain_name}.io.{module}").names()
        except MissingExtra:  # the extra with the cases is not installed; uploads remain
            continue
        offered |= {f"{scheme}:{name}": f"{name} ({scheme})" for name in names}
    return offered
