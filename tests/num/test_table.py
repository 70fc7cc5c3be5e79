from typing import Annotated

import numpy as np
import pytest
from pydantic import ValidationError

from genba.core.columns import Column, Columns, TableRef
from genba.core.records import Result
from genba.num.table import Table, TableOf, table

PUMPS = Columns(
    "pumps",
    (
        Column("pump", "int", "1", "Number."),
        Column("flow", "float", "m³/h", "Flow."),
        Column("name", "text", "", "Name."),
        Column("runs", "bool", "1", "Whether it runs."),
    ),
)


class PumpResult(Result):
    """Pumps."""

    pumps: Annotated[Table, TableOf(PUMPS)]
    """Every pump."""


def pumps(rows: int = 3) -> Table:
    flow = np.linspace(1.0, 2.0, rows)
    flow[-1] = np.nan
    return table(PUMPS, pump=np.arange(rows), flow=flow, name=["a"] * rows, runs=np.ones(rows, bool))


def test_a_missing_number_is_null_in_rows() -> None:
    assert pumps().rows()[-1] == {"pump": 2, "flow": None, "name": "a", "runs": True}


def test_json_holds_a_reference_with_at_most_twenty_rows() -> None:
    stored: dict[str, Table] = {}

    def save(name: str, saved: Table) -> str:
        stored[name] = saved
        return "ab" * 32

    dumped = PumpResult(outcome="ok", pumps=pumps(50)).model_dump(mode="json", context={"save_table": save})
    reference = TableRef.model_validate(dumped["pumps"])
    assert (reference.rows, len(reference.head), reference.artifact) == (50, 20, "ab" * 32)
    assert [column.unit for column in reference.columns] == ["1", "m³/h", "", "1"]
    restored = PumpResult.model_validate(
        dumped, context={"load_table": lambda columns, ref: stored[columns.name]}
    )
    assert restored.pumps is stored["pumps"]


def test_a_reference_without_a_store_is_refused() -> None:
    dumped = PumpResult(outcome="ok", pumps=pumps()).model_dump(mode="json")
    with pytest.raises(ValidationError, match="store"):
        PumpResult.model_validate(dumped)


def test_a_table_of_other_columns_is_refused() -> None:
    other = table(Columns("other", (Column("x", "int", "1", "X."),)), x=[1])
    with pytest.raises(ValidationError, match="need pumps"):
        PumpResult(outcome="ok", pumps=other)


@pytest.mark.parametrize(
    "arrays",
    [
        {"pump": [1], "flow": [1.0], "name": ["a"]},
        {"pump": [1], "flow": [1.0, 2.0], "name": ["a"], "runs": [True]},
        {"pump": [1], "flow": [1.0], "name": ["a"], "runs": [True], "more": [1]},
    ],
)
def test_missing_unequal_or_unknown_columns_are_refused(arrays: dict[str, list[object]]) -> None:
    with pytest.raises(ValueError, match="pumps"):
        table(PUMPS, **arrays)
