"""The units of a dispatch or an optimal power flow as a case's own, for studies that start from them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from genba.core.errors import input_error
from genba.core.findings import FindingKind, Severity
from genba.grid.records.case import Case
from genba.grid.records.dispatch import DISPATCH_UNITS
from genba.num import parquet

COLUMNS = {"pg": "p", "qg": "q", "vg": "vm"}
"""Columns of the case, and those of a dispatch that replace them."""

OTHER = FindingKind(
    "grid.dispatch_other",
    Severity.ERROR,
    "{file} dispatches {found} units which are not the {units} of {case}; give the dispatch of the same case",
)
OPEN = FindingKind(
    "grid.dispatch_open",
    Severity.ERROR,
    "{file} leaves a unit without an output; give a finished dispatch",
)


def dispatched(case: Case, path: Path) -> Case:
    """Give the case with the outputs of a dispatch, reactive ones and voltages where it has any.

    Raises:
        InputError: when the file holds no units, those of another case, or unfinished ones.
    """
    units, gen = parquet.read(DISPATCH_UNITS, path), case.gen
    numbers = np.arange(1, len(gen) + 1)
    if not (np.array_equal(units["unit"], numbers) and np.array_equal(units["bus"], gen["bus"])):
        raise input_error(
            OTHER, "generation", file=path.name, found=len(units), units=len(numbers), case=case.name
        )
    if not np.isfinite(units["p"]).all():
        raise input_error(OPEN, "generation", file=path.name)
    given = {name: np.where(np.isfinite(units[own]), units[own], gen[name]) for name, own in COLUMNS.items()}
    return replace(case, gen=gen.replace(**given))
