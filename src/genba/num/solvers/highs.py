"""The door to HiGHS: linear programs with warm restarts; call and status only.

HiGHS's own quadratic solver is not used: version 1.15 ends with "solve error" on several PGLib cases.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from genba.core.errors import Cancelled, DeviceError, missing_extra

try:
    import highspy
except ModuleNotFoundError as error:
    raise missing_extra("highspy", "grid") from error

Floats = NDArray[np.float64]
Watch = Callable[[int], None]
Algorithm = Literal["choose", "simplex", "ipm"]


@dataclass(frozen=True)
class LinearProgram:
    """Minimise `cost x` within column bounds and row bounds `row_lower <= matrix x <= row_upper`."""

    cost: Floats
    column_lower: Floats
    column_upper: Floats
    matrix: csc_matrix
    row_lower: Floats
    row_upper: Floats


@dataclass(frozen=True)
class Answer:
    """What HiGHS says.

    Arguments:
        status: `optimal`, or `infeasible` and then without numbers.
        x: columns.
        row_dual: change of the optimum per unit of a row's active bound.
        column_dual: the same for a column's active bound.
    """

    status: Literal["optimal", "infeasible"]
    objective: float
    x: Floats
    row_dual: Floats
    column_dual: Floats


class Model:
    """A linear program inside HiGHS; rows can be added, and the next solve starts where the last ended."""

    def __init__(self, program: LinearProgram, *, algorithm: Algorithm = "choose") -> None:
        self._highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy leaves it so
        self._set("output_flag", False)
        self._set("threads", 1)
        self._set("solver", algorithm)
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = program.matrix.shape
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.column_lower, program.column_upper
        lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = program.matrix.indptr, program.matrix.indices
        lp.a_matrix_.value_ = program.matrix.data
        _accept(self._highs.passModel(lp))

    def add_rows(self, rows: csr_matrix, lower: Floats, upper: Floats) -> None:
        """Add rows `lower <= rows x <= upper`."""
        _accept(
            self._highs.addRows(
                rows.shape[0], lower, upper, rows.nnz, rows.indptr[:-1], rows.indices, rows.data
            )
        )
        self._set("solver", "simplex")  # the basis at hand is worth more than a fresh interior point

    def solve(self, watch: Watch = lambda iterations: None) -> Answer:
        """Solve; `watch` hears the iterations so far.

        Raises:
            Cancelled: when `watch` raised it.
            DeviceError: when HiGHS ends without an answer.
        """
        raised: list[Cancelled] = []

        def look(event: Any) -> None:
            try:
                watch(int(event.data_out.simplex_iteration_count) + int(event.data_out.ipm_iteration_count))
            except Cancelled as error:  # it must not unwind through C++
                raised.append(error)
                event.interrupt()

        for callback in (self._highs.cbSimplexInterrupt, self._highs.cbIpmInterrupt):
            callback.subscribe(look)
        self._highs.run()
        for callback in (self._highs.cbSimplexInterrupt, self._highs.cbIpmInterrupt):
            callback.unsubscribe(look)
        if raised:
            raise raised[0]
        return self._answer()

    def _answer(self) -> Answer:
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            none = np.zeros(0)
            return Answer("infeasible", np.nan, none, none, none)
        if status != highspy.HighsModelStatus.kOptimal:
            raise DeviceError(
                f"HiGHS ended without an answer: {self._highs.modelStatusToString(status)}", where="highs"
            )
        solution = self._highs.getSolution()
        return Answer(
            "optimal",
            float(self._highs.getInfo().objective_function_value),
            np.array(solution.col_value),
            np.array(solution.row_dual),
            np.array(solution.col_dual),
        )

    def _set(self, option: str, value: bool | int | str) -> None:
        _accept(self._highs.setOptionValue(option, value))


def _accept(status: Any) -> None:
    if status == highspy.HighsStatus.kError:
        raise DeviceError("HiGHS refused the model; report this with the case", where="highs")
