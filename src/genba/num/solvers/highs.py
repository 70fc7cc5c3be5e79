"""The door to HiGHS: linear programs with warm starts; call and status only.

HiGHS's own quadratic solver is not used: version 1.15 ends with "solve error" on several PGLib cases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import Cancelled, DeviceError, missing_extra
from genba.num import sparse

try:
    import highspy
except ModuleNotFoundError as error:
    raise missing_extra("highspy", "grid") from error

Floats = NDArray[np.float64]
Watch = Callable[[int], None]
TOLERANCE = 1e-9
DEVEX = 1


@dataclass(frozen=True)
class LinearProgram:
    """Minimise `cost x` within column bounds and row bounds `row_lower <= matrix x <= row_upper`."""

    cost: Floats
    column_lower: Floats
    column_upper: Floats
    matrix: sparse.csc_matrix
    row_lower: Floats
    row_upper: Floats


@dataclass(frozen=True)
class Basis:
    """Which columns and rows are basic or at which bound they stand; HiGHS's own words."""

    columns: list[Any]
    rows: list[Any]


BASIC: Any = highspy.HighsBasisStatus.kBasic
FIXED: Any = highspy.HighsBasisStatus.kLower
"""Status of a column or row whose two bounds are equal."""


@dataclass(frozen=True)
class Answer:
    """What HiGHS says.

    Arguments:
        status: `optimal`; else without numbers, `infeasible` or `unclear` when HiGHS cannot tell.
        objective: the optimum.
        x: columns.
        row_dual: change of the optimum per unit of each row's active bound.
    """

    status: Literal["optimal", "infeasible", "unclear"]
    objective: float
    x: Floats
    row_dual: Floats


class Model:
    """A linear program inside HiGHS; rows can be added, and the next solve starts where the last ended."""

    def __init__(self, program: LinearProgram, *, interior: bool = False) -> None:
        self._highs: Any = highspy.Highs()
        self._set("output_flag", False)
        self._set("threads", 1)
        self._set("solver", "ipm" if interior else "simplex")
        if not interior:
            self._set("primal_feasibility_tolerance", TOLERANCE)
            self._set("dual_feasibility_tolerance", TOLERANCE)
        # Steepest edges would be weighed anew after every warm start, one solve per row.
        self._set("simplex_dual_edge_weight_strategy", DEVEX)
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = program.matrix.shape
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.column_lower, program.column_upper
        lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = program.matrix.indptr, program.matrix.indices
        lp.a_matrix_.value_ = program.matrix.data
        _accept(self._highs.passModel(lp))

    def start_from(self, basis: Basis) -> None:
        """Let the next solve start from a basis."""
        given = highspy.HighsBasis()
        given.col_status, given.row_status, given.valid = basis.columns, basis.rows, True
        _accept(self._highs.setBasis(given))

    def basis(self) -> Basis:
        """Give the basis in which the last solve ended."""
        found = self._highs.getBasis()
        return Basis(list(found.col_status), list(found.row_status))

    def add_rows(self, rows: sparse.csr_matrix, lower: Floats, upper: Floats) -> None:
        """Add rows `lower <= rows x <= upper`."""
        count = rows.shape[0]
        _accept(self._highs.addRows(count, lower, upper, rows.nnz, rows.indptr[:-1], rows.indices, rows.data))

    def solve(self, watch: Watch = lambda iterations: None) -> Answer:
        """Solve; `watch` hears the iterations so far.

        Raises:
            Cancelled: when `watch` raised it.
        """
        raised: list[Cancelled] = []

        def look(event: Any) -> None:
            try:
                watch(int(max(event.data_out.simplex_iteration_count, event.data_out.ipm_iteration_count, 0)))
            except Cancelled as error:  # it must not unwind through C++
                raised.append(error)
                event.interrupt()

        heard = (self._highs.cbSimplexInterrupt, self._highs.cbIpmInterrupt)
        for callback in heard:
            callback.subscribe(look)
        self._highs.run()
        for callback in heard:
            callback.unsubscribe(look)
        if raised:
            raise raised[0]
        return self._answer()

    def _answer(self) -> Answer:
        status = self._highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            none = np.zeros(0)
            told = status == highspy.HighsModelStatus.kInfeasible
            return Answer("infeasible" if told else "unclear", np.nan, none, none)
        solution = self._highs.getSolution()
        objective = float(self._highs.getInfo().objective_function_value)
        return Answer("optimal", objective, np.array(solution.col_value), np.array(solution.row_dual))

    def _set(self, option: str, value: bool | int | float | str) -> None:
        _accept(self._highs.setOptionValue(option, value))


def _accept(status: Any) -> None:
    if status == highspy.HighsStatus.kError:
        raise DeviceError("HiGHS refused the model; report this with the case", where="highs")
