"""The tables of a result, a page at a time, with their files and what each column means."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import ui

from genba.core.columns import HEAD_ROWS, Cell, Column, Columns, TableRef
from genba.core.run import Run
from genba.faces import labels
from genba.faces.console.layout import Visit, show
from genba.faces.console.lists import pairs, table
from genba.faces.console.readings import Readings
from genba.faces.labels import AnyOperation
from genba.faces.markup import Markup, join, prose, tag
from genba.faces.phrases import say_words
from genba.faces.theme import figure
from genba.faces.words import say_unit

FORMATS = (("csv", "CSV"), ("xlsx", "Excel"), ("parquet", "Parquet"))


@dataclass(frozen=True, slots=True)
class Shown:
    """One table of a run: its declaration and what the record keeps of it."""

    columns: Columns
    ref: TableRef


def tables_of(operation: AnyOperation, run: Run) -> tuple[Shown, ...]:
    """Give the tables of a run's result in the order of its declaration."""
    result = run.result or {}
    return tuple(
        Shown(columns, TableRef.model_validate(result[field]))
        for field, columns in labels.tables(operation)
        if field in result
    )


def table_panel(visit: Visit, readings: Readings, run: Run, tables: Sequence[Shown]) -> None:
    """Draw the tables; one is open at a time."""
    tabs: list[ui.element] = []

    def open_table(place: int) -> None:
        for other, tab in enumerate(tabs):
            tab.props["aria-selected"] = "true" if other == place else "false"
        chosen.clear()
        with chosen:
            Pages(visit, readings, run, tables[place]).draw()

    with ui.element("div").classes("tabs").props("role=tablist"):
        for place, shown in enumerate(tables):
            tabs.append(_tab(visit, run, shown, partial(open_table, place)))
    chosen = ui.element("div")
    open_table(0)


def _tab(visit: Visit, run: Run, shown: Shown, opened: Any) -> ui.element:
    domain = run.operation.partition(".")[0]
    title = visit.word(labels.table_title(domain, shown.columns))
    with ui.element("button").classes("tab").props("type=button role=tab").on("click", opened) as tab:
        show(join(title, " ", tag("span", f"{shown.ref.rows:,}", class_="muted number")), name="span")
    return tab


class Pages:
    """One table, a page of rows at a time."""

    def __init__(self, visit: Visit, readings: Readings, run: Run, shown: Shown) -> None:
        self.visit, self.readings, self.run, self.shown = visit, readings, run, shown
        self.page = 0
        self.last = max(shown.ref.rows - 1, 0) // HEAD_ROWS
        """Number of the last page, from 0."""

    def draw(self) -> None:
        """Draw the first page, which the record holds itself, and the ways to the others."""
        say = self.visit.say
        self.rows = show(self._rows(self.shown.ref.head))
        with ui.element("div").classes("pager"):
            self.place = show(self._place())
            if self.last:
                _step(say("console.tables.first", "First"), lambda: self.go(0))
                _step(say("console.tables.back", "Back"), lambda: self.go(self.page - 1))
                _step(say("console.tables.on", "Next"), lambda: self.go(self.page + 1))
                _step(say("console.tables.last", "Last"), lambda: self.go(self.last))
                self._box()
            ui.element("div").classes("spacer")
            show(self._files(), classes="links")
        show(self._meanings())

    async def go(self, page: int) -> None:
        """Show a page, numbered from 0; beyond the ends, the nearest."""
        self.page = min(max(page, 0), self.last)
        rows = await asyncio.to_thread(self._read, self.page * HEAD_ROWS)
        self.rows.content, self.place.content = self._rows(rows), self._place()
        self.box.value = self.page + 1

    def _box(self) -> None:
        """Draw the box that takes the number of a page, from 1."""

        async def goes() -> None:
            await self.go(int(self.box.value or 1) - 1)

        self.box = ui.number(value=1, min=1, max=self.last + 1, precision=0)
        self.box.props("dense outlined").classes("page").on("change", goes)
        self.box.props["aria-label"] = self.visit.say("console.tables.page", "Page")
        show(tag("span", f"/ {self.last + 1:,}", class_="number"))

    def _read(self, start: int) -> list[dict[str, Cell]]:
        read = self.readings.factory.table(self.run.id, self.shown.columns.name)
        return read.rows(start, start + HEAD_ROWS)

    def _rows(self, rows: Sequence[dict[str, Cell]]) -> Markup:
        columns = self.shown.columns.columns
        numbers = frozenset(place for place, column in enumerate(columns) if column.dtype in ("int", "float"))
        visit, domain = self.visit, self._domain()
        cells = [[cell_text(visit, domain, column, row[column.name]) for column in columns] for row in rows]
        heads = [column_head(visit, domain, column, self._sentence(column)) for column in columns]
        return tag("div", table(heads, cells, numbers=numbers), class_="tight")

    def _place(self) -> Markup:
        total, start = self.shown.ref.rows, self.page * HEAD_ROWS
        words = self.visit.say(
            "console.tables.place",
            "Rows {first} to {last} of {total}",
            first=f"{min(start + 1, total):,}",
            last=f"{min(start + HEAD_ROWS, total):,}",
            total=f"{total:,}",
        )
        return tag("span", words, class_="number", role="status")

    def _files(self) -> Markup:
        base = f"/v1/runs/{self.run.id}/tables/{self.shown.columns.name}"
        return join(*(tag("a", word, href=f"{base}?format={name}", download=True) for name, word in FORMATS))

    def _meanings(self) -> Markup:
        entries = [
            (self._named(column), prose(self._sentence(column))) for column in self.shown.columns.columns
        ]
        title = self.visit.say("console.tables.meanings", "What the columns mean")
        return tag("details", tag("summary", title), pairs(entries), class_="fold")

    def _sentence(self, column: Column) -> str:
        text = labels.column_sentence(self._domain(), self.shown.columns.name, column.name, column.sentence)
        return self.visit.word(text)

    def _named(self, column: Column) -> Markup:
        """Give a column's heading, and its name in files where that differs."""
        label = self.visit.word(labels.column_label(self._domain(), column))
        return join(label, " ", tag("code", column.name)) if label != column.name else join(label)

    def _domain(self) -> str:
        return self.run.operation.partition(".")[0]


def cell_text(visit: Visit, domain: str, column: Column, value: Cell) -> str:
    """Give one cell as people read it; identifiers keep their digits together."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "✓" if value else "✕"
    if isinstance(value, float):
        return figure(value, column.unit)
    return say_words(visit.language, domain, column.words, str(value))


def column_head(visit: Visit, domain: str, column: Column, sentence: str | None = None) -> Markup:
    """Give the heading of a column with its unit; `sentence` tells who asks what it means."""
    said = say_unit(visit.language, column.unit)
    unit = tag("span", f" {said}", class_="unit") if said not in ("", "1") else None
    return tag("span", visit.word(labels.column_label(domain, column)), unit, title=sentence)


def _step(word: str, act: Any) -> None:
    ui.button(word, on_click=act, color=None).props("flat no-caps").classes("action")
