"""The line balance sheet: what a spreadsheet program computes is the result, and follows what is changed."""

import io
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import openpyxl
import pytest

from genba.core.operation import Say
from genba.faces.words import say
from genba.line.io.balance_sheet import FIRST, HEAD, MOST_CHECKED, SPARE_STATIONS, SPARE_TASKS
from genba.line.operations.balance import balance
from genba.line.records.balance import BalanceParams, BalanceResult
from genba.line.records.line import Line
from genba.line.records.loads import balance as measure
from genba.num.table import table

MEASURES = {
    "Stations": 6,
    "Places": 7,
    "Fullest": 9,
    "Efficiency": 10,
    "Delay": 11,
    "Smoothness": 12,
    "Over": 13,
    "Unplaced": 14,
    "Late": 15,
}
"""Rows of what is measured."""
HOSTILE = ("=1+1", "+SUM(A1:A9)", "-2+3", "@cmd|' /C calc'!A0", '=HYPERLINK("http://x")', "\t=1")


Compute = Callable[..., dict[str, Any]]


def opened(content: bytes) -> Any:
    """Give a workbook with its formulas, to be looked at or changed."""
    return openpyxl.load_workbook(io.BytesIO(content))


def saved(book: Any) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def english(key: str, text: str) -> str:
    return text


def asked(**given: Any) -> tuple[BalanceParams, BalanceResult]:
    """Balance the example, or another line."""
    given = {"line": "example:inverter", "cycle_time": 66.0, **given}
    return balance.parse(given), balance(**given).result


def sheet_of(params: BalanceParams, result: BalanceResult, words: Say = english) -> Any:
    return opened(balance.workbook(params, result, words)).worksheets[0]


def measures(book: Any) -> dict[str, float]:
    """Give the numbers at the top."""
    page = book.worksheets[0]
    return {label: page.cell(row, 3).value for label, row in MEASURES.items()}


def rows(book: Any, column: int, count: int) -> list[Any]:
    return [book.worksheets[0].cell(FIRST + at, column).value for at in range(count)]


@pytest.fixture(scope="module")
def inverter() -> tuple[BalanceParams, BalanceResult]:
    return asked()


def test_a_spreadsheet_program_computes_the_result_in_both_languages(
    inverter: tuple[BalanceParams, BalanceResult], compute: Compute
) -> None:
    params, result = inverter
    written = {name: balance.workbook(params, result, partial(say, name)) for name in ("en", "ja")}
    for book in compute(**written).values():
        found = measures(book)
        assert found["Stations"] == found["Places"] == result.stations
        assert 100 * found["Efficiency"] == pytest.approx(result.efficiency)
        assert 100 * found["Delay"] == pytest.approx(result.balance_delay)
        assert found["Smoothness"] == pytest.approx(result.smoothness)
        assert found["Fullest"] == pytest.approx(result.largest_load)
        assert (found["Over"], found["Unplaced"], found["Late"]) == (0, 0, 0)
        stations = result.stations or 0
        assert rows(book, 15, stations) == pytest.approx(result.workplaces["load"].tolist())
        assert rows(book, 17, stations) == pytest.approx(result.workplaces["idle"].tolist())
        assert rows(book, 8, len(result.assignments)) == pytest.approx(result.assignments["start"].tolist())


def test_all_follows_when_stations_times_places_or_the_cycle_are_changed(
    inverter: tuple[BalanceParams, BalanceResult], compute: Compute
) -> None:
    params, result = inverter
    book = opened(balance.workbook(params, result))
    page, last = book.worksheets[0], FIRST + len(result.assignments) - 1
    page["C4"], page.cell(last, 3).value = 60.0, 1  # the last task now comes before its predecessors
    page.cell(FIRST + 5, 4).value = 30.5
    page.cell(FIRST, 13).value = 2
    page.cell(last - 1, 3).value = 99
    found = measures(compute(changed=saved(book))["changed"])
    loads = [0.0] * (result.stations or 0)
    for at, row in enumerate(result.assignments.rows()):
        time = 30.5 if at == 5 else float(row["time"] or 0)
        number = {last: 1, last - 1: 99}.get(FIRST + at, int(row["station"] or 0))
        if number <= len(loads):
            loads[number - 1] += time
    places = [2, *[1] * (len(loads) - 1)]
    work = math.fsum(loads) + float(result.assignments["time"][-2])
    kept = [(load, count) for load, count in zip(loads, places, strict=True) if load > 0]
    wanted = measure([load for load, _ in kept], 60.0, [count for _, count in kept])
    assert found["Stations"] == len(kept)
    assert found["Places"] == len(kept) + 1
    assert found["Fullest"] == pytest.approx(wanted.bottleneck)
    assert found["Smoothness"] == pytest.approx(wanted.smoothness)
    assert found["Efficiency"] == pytest.approx(work / (60.0 * (len(kept) + 1)))
    assert found["Over"] == sum(load / count > 60.0 + 1e-6 for load, count in kept)
    assert found["Unplaced"] == 1
    assert found["Late"] == 1


def test_on_a_u_a_task_of_the_way_out_may_follow_those_of_later_stations(make: Any, compute: Compute) -> None:
    tasks = [{"id": "a", "time": 5.0}, {"id": "b", "time": 5.0, "after": ["a"]}]
    tasks.append({"id": "c", "time": 5.0, "after": ["a", "b"]})
    legs = {"fits": ("in", "in", "out"), "late": ("in", "out", "in")}
    line = make(tasks=tasks)
    found = compute(**{name: sheet_bytes(line, (1, 2, 1), leg) for name, leg in legs.items()})
    assert measures(found["fits"])["Late"] == 0
    assert measures(found["late"])["Late"] == 1


def sheet_bytes(line: Line, stations: tuple[int, ...], legs: tuple[str, ...]) -> bytes:
    """Give the sheet of a line that is balanced by hand."""
    params, result = asked()
    columns = result.assignments.columns
    told = {
        "task": [task.id for task in line.tasks],
        "name": [task.name for task in line.tasks],
        "station": list(stations),
        "leg": list(legs),
        "time": [task.time for task in line.tasks],
        "start": [0.0 for _ in line.tasks],
        "after": [" ".join(task.after) for task in line.tasks],
        "value_class": [task.value_class for task in line.tasks],
    }
    blank = {"text": "", "int": 0, "float": 0.0, "bool": False}
    given = {
        column.name: told.get(column.name, [blank[column.dtype]] * len(line.tasks))
        for column in columns.columns
    }
    return balance.workbook(params, result.model_copy(update={"assignments": table(columns, **given)}))


def test_hostile_texts_stay_texts(make: Any) -> None:
    tasks = [{"id": text.strip() or "x", "name": text, "time": 5.0} for text in HOSTILE]
    page = opened(sheet_bytes(make(tasks=tasks), (1,) * len(tasks), ("",) * len(tasks))).worksheets[0]
    for at, text in enumerate(HOSTILE):
        cell, name = page.cell(FIRST + at, 1), page.cell(FIRST + at, 2)
        assert (cell.data_type, name.data_type) == ("s", "s")
        assert name.value == text
        assert name.quotePrefix
    params, result = asked()
    odd = params.model_copy(update={"line": type(params.line)('=cmd"x')})
    title = sheet_of(odd, result)["A1"]
    assert (title.data_type, title.value) == ("s", 'Line balance: =cmd"x')


def test_ids_with_spaces_are_told_apart(make: Any) -> None:
    tasks = [{"id": "a", "time": 1.0}, {"id": "a b", "time": 1.0}, {"id": "b", "time": 1.0}]
    tasks.append({"id": "c", "time": 1.0, "after": ["a b", "b"]})
    page = opened(sheet_bytes(make(tasks=tasks), (1, 1, 1, 1), ("",) * 4)).worksheets[0]
    assert page.cell(FIRST + 3, 7).value == "a b;b"


def test_the_chart_stacks_value_classes_under_cycle_and_takt(
    inverter: tuple[BalanceParams, BalanceResult],
) -> None:
    page = sheet_of(*inverter)
    (chart,) = page._charts
    assert {series.tx.strRef.f for part in chart._charts for series in part.series} == {
        f"'{page.title}'!{letter}{HEAD}" for letter in "STUVW"
    }
    assert [page[f"{letter}{HEAD}"].value for letter in "STUVW"] == [
        "VA [s]",
        "NVA [s]",
        "NNVA [s]",
        "Cycle time [s]",
        "Takt [s]",
    ]


def test_a_station_above_the_cycle_and_a_misplaced_task_turn_red(
    inverter: tuple[BalanceParams, BalanceResult],
) -> None:
    rules = {
        str(shown.sqref): rule.formula
        for shown in sheet_of(*inverter).conditional_formatting
        for rule in shown.rules
    }
    last = HEAD + (inverter[1].stations or 0) + SPARE_STATIONS
    tasks = HEAD + len(inverter[1].assignments) + SPARE_TASKS
    assert rules[f"K{FIRST}:R{last}"] == [f"$O{FIRST}+$P{FIRST}>$C$4+0.000001"]
    assert rules[f"A{FIRST}:I{tasks}"] == [f'$I{FIRST}<>""']


def test_without_a_line_the_sheet_says_so(inverter: tuple[BalanceParams, BalanceResult]) -> None:
    page = sheet_of(*asked(objective="feasible", stations=5))
    told = {row[1].value: row[2].value for row in page.iter_rows(max_row=HEAD - 1)}
    assert told["What the run found"] == "Infeasible"
    assert page._charts == []


def test_a_long_line_is_written_without_what_looks_at_all_tasks_for_each(make: Any) -> None:
    tasks = [{"id": f"t{at}", "time": 0.01} for at in range(MOST_CHECKED + 1)]
    count = len(tasks)
    page = opened(sheet_bytes(make(tasks=tasks), (1,) * count, ("",) * count)).worksheets[0]
    assert list(texts(page, 8)) == ["0"] * count
    assert list(texts(page, 9)) == []


def texts(page: Any, column: int) -> Iterator[str]:
    return (
        str(row[0].value)
        for row in page.iter_rows(min_row=FIRST, min_col=column, max_col=column)
        if row[0].value is not None
    )


@pytest.mark.parametrize(
    "more", [{"line": "example:starter", "places": 2, "cycle_time": 30.0}, {"mix": "each"}]
)
def test_parallel_places_and_products_each_keep_the_cycle_in_the_sheet_too(
    compute: Compute, more: dict[str, Any]
) -> None:
    params, result = asked(**more)
    found = measures(compute(sheet=balance.workbook(params, result))["sheet"])
    assert found["Places"] == result.places
    assert 100 * found["Efficiency"] == pytest.approx(result.efficiency)
    assert found["Fullest"] == pytest.approx(result.largest_load)
    assert (found["Over"], found["Unplaced"], found["Late"]) == (0, 0, 0)
