"""What the result states: its single values, and the beginning of each of its tables."""

from typing import Any

from genba.core.columns import Cell, Column
from genba.faces import labels
from genba.faces.markup import Markup, prose, tag
from genba.faces.phrases import say_words
from genba.faces.report.sheet import Sheet
from genba.faces.theme import column_figure
from genba.faces.words import number, say_unit, with_unit
from genba.num.table import Table

MOST_ROWS = 200


def result_values(sheet: Sheet) -> Markup | None:
    """Give every single value of the result with its unit and its sentence."""
    result = sheet.run.result
    if result is None:
        return None
    bulk = {field for field, _ in labels.tables(sheet.operation)}
    rows = [_value(sheet, field, result.get(field)) for field in result if _is_single(sheet, field, bulk)]
    if not rows:
        return None
    return tag(
        "section",
        tag("h2", sheet.say("faces.report.values", "Values of the result")),
        tag("table", tag("tbody", *rows), class_="stacked pairs"),
    )


def tables(sheet: Sheet) -> Markup | None:
    """Give the beginning of every table, and how to have all of it."""
    if not sheet.tables:
        return None
    return tag(
        "section",
        tag("h2", sheet.say("faces.report.tables", "Tables")),
        *(_table(sheet, shown) for shown in sheet.tables),
    )


def cell(sheet: Sheet, value: Cell, column: Column) -> str:
    """Give one cell as people read it; whole numbers stay plain, because most of them are names."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return sheet.say("faces.report.yes", "yes") if value else sheet.say("faces.report.no", "no")
    if isinstance(value, float):
        return column_figure(value, column.unit)
    return say_words(sheet.language, sheet.operation.domain, column.words, str(value))


def _is_single(sheet: Sheet, field: str, bulk: set[str]) -> bool:
    return field != "outcome" and field not in bulk and field in sheet.operation.result.model_fields


def _value(sheet: Sheet, field: str, value: Any) -> Markup:
    unit = labels.unit_of(sheet.operation.result.model_fields[field])
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    words = "; ".join(map(str, value)) or "–" if isinstance(value, list | tuple) else str(value)
    shown = number(value, unit, sheet.language) if plain or value is None else words
    return tag(
        "tr",
        tag("th", sheet.label(labels.result_label(sheet.operation, field)), scope="row"),
        tag("td", shown, class_="number" if plain or value is None else "words"),
        tag("td", prose(sheet.label(labels.result_sentence(sheet.operation, field))), class_="hint"),
    )


def _table(sheet: Sheet, shown: Table) -> Markup:
    columns = shown.columns
    title = sheet.label(labels.table_title(sheet.operation.domain, columns))
    rows = sheet.say("faces.report.rows", "{count} rows", count=f"{len(shown):,}")
    if not len(shown):
        nothing = tag("p", sheet.say("faces.report.no_rows", "No rows."), class_="empty")
        return tag("article", tag("h3", title), nothing)
    return tag(
        "article",
        tag("h3", title, " ", tag("span", rows, class_="hint")),
        tag("div", _grid(sheet, shown), class_="scroll", tabindex="0", role="region", aria_label=title),
        _rest(sheet, shown),
        _columns(sheet, shown),
    )


def _grid(sheet: Sheet, shown: Table) -> Markup:
    columns = shown.columns.columns
    heads = (
        tag(
            "th",
            with_unit(_label(sheet, column), say_unit(sheet.language, column.unit)),
            scope="col",
            class_=_align(column),
        )
        for column in columns
    )
    body = (
        tag("tr", *(tag("td", cell(sheet, row[c.name], c), class_=_align(c)) for c in columns))
        for row in shown.rows(0, MOST_ROWS)
    )
    return tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), class_="grid")


def _align(column: Column) -> str | None:
    return "number" if column.dtype in ("int", "float") else None


def _rest(sheet: Sheet, shown: Table) -> Markup:
    more = len(shown) - MOST_ROWS
    command = tag("code", f"genba table {sheet.run.id} {shown.columns.name} --format xlsx")
    said = sheet.say("faces.report.export", "The whole table as CSV, Excel or Parquet:")
    if more > 0:
        left_out = sheet.say("faces.report.more_rows", "{count} more rows.", count=f"{more:,}")
        return tag("p", left_out, " ", said, " ", command, class_="hint")
    return tag("p", said, " ", command, class_="hint")


def _columns(sheet: Sheet, shown: Table) -> Markup:
    entries = [
        tag(
            "div",
            tag("dt", with_unit(_named(sheet, column), say_unit(sheet.language, column.unit))),
            tag("dd", prose(_sentence(sheet, shown, column))),
        )
        for column in shown.columns.columns
    ]
    summary = tag("summary", sheet.say("faces.report.columns", "What the columns mean"))
    return tag("details", summary, tag("dl", *entries, class_="facts"))


def _label(sheet: Sheet, column: Column) -> str:
    return sheet.label(labels.column_label(sheet.operation.domain, column))


def _named(sheet: Sheet, column: Column) -> str:
    """Give a column's heading, and its name in files where that differs."""
    label = _label(sheet, column)
    return label if label == column.name else f"{label} {column.name}"


def _sentence(sheet: Sheet, shown: Table, column: Column) -> str:
    text = labels.column_sentence(sheet.operation.domain, shown.columns.name, column.name, column.sentence)
    return sheet.label(text)
