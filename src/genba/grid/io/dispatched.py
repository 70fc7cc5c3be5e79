"""The units of a dispatch or an optimal power flow as a case's own, for studies that start from them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from genba.core.errors import InputError
from genba.grid.records.case import Case
from genba.grid.records.dispatch import DISPATCH_UNITS
from genba.num import parquet

COLUMNS = {"pg": "p", "qg": "q", "vg": "vm"}
"""Columns of the case, and those of a dispatch that replace them."""


def dispatched(case: Case, path: Path) -> Case:
    """Give the case with the outputs of a dispatch, reactive ones and voltages where it has any.

    Raises:
        InputError: when the file holds no units, those of another case, or unfinished ones.
    """
    units, gen = parquet.read(DISPATCH_UNITS, path), case.gen
    numbers = np.arange(1, len(gen) + 1)
    if not (np.array_equal(units["unit"], numbers) and np.array_equal(units["bus"], gen["bus"])):
        raise InputError(
            f"{path.name} dispatches {len(units)} units which are not the {len(numbers)} of {case.name}; "
            "give the dispatch of the same case",
            where="generation",
        )
    if not np.isfinite(units["p"]).all():
        raise InputError(
            f"{path.name} leaves a unit without an output; give a finished dispatch", where="generation"
        )
    given = {name: np.where(np.isfinite(units[own]), units[own], gen[name]) for name, own in COLUMNS.items()}
    return replace(case, gen=gen.replace(**given))
