"""The table of a balance tells of each task what the file has; rows that do not are refused."""

from typing import Any

import pytest

from genba.core.context import Context
from genba.line.operations.balance import balance
from genba.line.records.balance import BalanceResult
from genba.num.table import table

GIVEN = {"line": "example:starter", "cycle_time": 60.0}


def failed(given: dict[str, Any], column: str = "", value: Any = None) -> list[str]:
    """Give the claims that fail once one cell in the first row is changed."""
    context, params = Context(path=balance.path), balance.parse(given)
    result = balance.function(params, context)
    changed = with_cell(result, column, value) if column else result
    return [claim.name for claim in balance.certify(params, changed, context).failed]


def with_cell(result: BalanceResult, column: str, value: Any) -> BalanceResult:
    told = result.assignments
    cells = {name: told[name].tolist() for name in told.columns.names}
    assert cells[column][0] != value
    cells[column][0] = value
    return result.model_copy(update={"assignments": table(told.columns, **cells)})


@pytest.mark.parametrize(
    ("column", "value"), [("name", "another"), ("time", 18.00001), ("after", "T6"), ("value_class", "VA")]
)
def test_a_row_that_tells_something_else_of_its_task_is_refused(column: str, value: Any) -> None:
    assert failed(GIVEN, column, value) == ["rows"]


@pytest.mark.parametrize(
    "more",
    [{}, {"mix": "each"}, {"mix": "average"}, {"staff": True}, {"places": 2, "cycle_time": 30.0}],
    ids=["longest", "each", "average", "staff", "places"],
)
def test_rows_hold_whatever_times_count(more: dict[str, Any]) -> None:
    assert failed({**GIVEN, **more}) == []
