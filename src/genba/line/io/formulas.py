"""The sheets of the workbook: what is typed in, and the formulas beside it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from genba.line.io.columns import (
    BUFFERS,
    GROUPS,
    LINE,
    LINKS,
    PRODUCTS,
    RULES,
    SHIFTS,
    STATIONS,
    WORKERS,
    Field,
)
from genba.line.io.csv import task_entries, task_fields
from genba.line.io.document import SECONDS
from genba.line.io.rows import cells_of
from genba.line.io.rules import rows_of
from genba.line.records.line import Line
from genba.num.workbook import Formula, Look, Sheet, column_letter

SPARE_TASKS = 100
SPARE_STATIONS = 20
SPARE_SHIFTS = 3
BREAKS = 4
"""Breaks of a shift that there are columns for, at least."""
NARROWEST = 9.0
HEAD = "D9E1F2"
COMPUTED = "EDEDED"
AVERAGE, PLACES, STATION_TIME, PER_PLACE, OF_CYCLE, IDLE, GAP, NET = (
    "average time",
    "places",
    "station time",
    "time per place",
    "share of planned cycle",
    "idle",
    "squared gap",
    "net time",
)
RESULTS = (
    "seconds per time unit",
    "net time per day",
    "takt",
    "planned cycle",
    "sum of task times",
    "places of all stations",
    "longest station time",
    "line efficiency",
    "balance loss",
    "smoothness index",
)
BESIDE = (PLACES, STATION_TIME, PER_PLACE, OF_CYCLE, IDLE, GAP)
"""What is computed beside each station."""
IGNORED = (AVERAGE, NET, *BESIDE, *RESULTS, "setting", "value", "unit", "computed")
"""Headings that reading leaves out."""
UNITLESS = frozenset(("1", ""))
RESULT = {name: len(LINE) + 3 + at for at, name in enumerate(RESULTS)}
"""Row of the sheet Line where each result stands."""


def sheets(line: Line) -> Iterator[Sheet]:
    """Yield the sheets of a workbook that holds a line."""
    products = tuple(dict.fromkeys((*(p.id for p in line.products), *_timed(line))))
    data = line.model_dump(exclude_defaults=True)
    yield _sheet("Line", [*_line_rows(data, products)])
    yield _plain("Products", PRODUCTS, data.get("products", ()))
    yield _tasks(line, products)
    yield _stations(data.get("stations", ()), products)
    for title, fields, section in (
        ("Resources", GROUPS, "groups"),
        ("Buffers", BUFFERS, "buffers"),
        ("Links", LINKS, "links"),
    ):
        yield _plain(title, fields, data.get(section, ()))
    yield _shifts(data.get("shifts", ()))
    yield _plain("Workers", WORKERS, data.get("workers", ()))
    yield _plain("Rules", RULES, rows_of(line.rules))


def _timed(line: Line) -> Iterator[str]:
    return (product for task in line.tasks for product in task.times)


def _plain(title: str, fields: Sequence[Field], entries: Sequence[Mapping[str, Any]]) -> Sheet:
    rows = (cells_of(fields, entry) for entry in entries)
    return _sheet(title, [_head(fields), *rows])


def _sheet(title: str, rows: Sequence[list[Any]]) -> Sheet:
    """Give a sheet whose columns are wide enough for their headings, and first two for ids and names."""
    headings = (len(str(look.value)) + 2.0 for look in rows[0])
    least = (26.0, 30.0, 12.0) if title == "Line" else (12.0, 28.0)
    widths = [max(pair) for pair in zip_longest(headings, least, fillvalue=NARROWEST)]
    return Sheet(title, rows, widths, frozen=1, landscape=True)


def _head(fields: Sequence[Field], computed: Sequence[str] = ()) -> list[Look]:
    """Give the headings with their units; times that have the file's own unit carry none."""
    texts = [
        column.heading
        if column.unit in UNITLESS or column.path.startswith("time")
        else f"{column.heading} [{column.unit}]"
        for column in fields
    ]
    typed = [Look(text, bold=True, fill=HEAD) for text in texts]
    return [*typed, *(Look(text, bold=True, fill=COMPUTED) for text in computed)]


def _line_rows(data: Mapping[str, Any], products: Sequence[str]) -> Iterator[list[Any]]:
    yield [Look(text, bold=True, fill=HEAD) for text in ("setting", "value", "unit")]
    for column, cell in zip(LINE, cells_of(LINE, data), strict=True):
        unit = "" if column.unit in UNITLESS else column.unit
        yield [column.heading, "s" if column.path == "time_unit" else cell, Look(unit, italic=True)]
    yield [Look("computed", bold=True, fill=COMPUTED)]
    place = {column.path: f"B{row}" for row, column in enumerate(LINE, start=2)}
    at = {name: f"B{row}" for name, row in RESULT.items()}
    times = f"Tasks!{_average_column(products)}:{_average_column(products)}"
    letters = _station_letters()
    station = {name: f"Stations!{letter}:{letter}" for name, letter in letters.items()}
    given, needed = place["demand.cycle"], place["demand.per_day"]
    allowance = f'IF({place["demand.allowance"]}="",1,{place["demand.allowance"]})'
    net = f"Shifts!{_net_column(BREAKS)}:{_net_column(BREAKS)}"
    capacity = f"{at['places of all stations']}*{at['planned cycle']}"
    efficiency = f'IFERROR(SUM({station[STATION_TIME]})/({capacity}),"")'
    loss = f'IFERROR(1-{at["line efficiency"]},"")'
    formulas = (
        (_seconds(place["time_unit"]), "s"),
        (f"SUM({net})", "s"),
        (f'IFERROR(IF({at["net time per day"]}>0,{at["net time per day"]}/{needed},""),"")', "s"),
        (f'IF({given}<>"",{given},IFERROR({at["takt"]}*{allowance},""))', "s"),
        (f"SUM({times})", "s"),
        (f"SUM({station[PLACES]})", ""),
        (f"MAX({station[PER_PLACE]})", "s"),
        (efficiency, ""),
        (loss, ""),
        (f"SQRT(SUM({station[GAP]}))", "s"),
    )
    for name, (text, unit) in zip(RESULTS, formulas, strict=True):
        share = name in ("line efficiency", "balance loss")
        yield [name, _computed(text, "0.0%" if share else "0.00"), Look(unit, italic=True)]


def _seconds(cell: str) -> str:
    """Give the formula for the seconds in the time unit that a cell names."""
    text = "1"
    for unit, seconds in SECONDS.items():
        text = f'IF({cell}="{unit}",{seconds!r},{text})'
    return text


def _tasks(line: Line, products: Sequence[str]) -> Sheet:
    fields = task_fields(products)
    rows = [cells_of(fields, entry) for entry in task_entries(line)]
    rows += [[None] * len(fields) for _ in range(SPARE_TASKS)]
    shares = {product.id: f"Products!$C${row}" for row, product in enumerate(line.products, start=2)}
    for number, row in enumerate(rows, start=2):
        row.append(_computed(_average(number, products, shares), "0.00"))
    return _sheet("Tasks", [_head(fields, [f"{AVERAGE} [s]"]), *rows])


def _average(row: int, products: Sequence[str], shares: Mapping[str, str]) -> str:
    """Give the formula for the time of a task on the average unit, s."""
    time, terms = f"C{row}", []
    for at, product in enumerate(products, start=4):
        own = f"{column_letter(at)}{row}"
        if product in shares:
            share = f'IF({shares[product]}="",1,{shares[product]})'
            terms.append(f'{share}*IF({own}="",{time},{own})')
    mean = "+".join(terms) or time
    return f'IF({time}="","",Line!$B${RESULT["seconds per time unit"]}*({mean}))'


def _stations(entries: Sequence[Mapping[str, Any]], products: Sequence[str]) -> Sheet:
    rows = [cells_of(STATIONS, entry) for entry in entries]
    rows += [[None] * len(STATIONS) for _ in range(SPARE_STATIONS)]
    letters, cycle = _station_letters(), f"Line!$B${RESULT['planned cycle']}"
    paths = {column.path: column_letter(at) for at, column in enumerate(STATIONS, start=1)}
    average = f"Tasks!{_average_column(products)}:{_average_column(products)}"
    named = _letter_of("station", products)
    for number, row in enumerate(rows, start=2):
        at = {name: f"{letter}{number}" for name, letter in (letters | paths).items()}
        done = f"SUMIFS({average},Tasks!{named}:{named},{at['id']})"
        texts = (
            f'IF({at["servers"]}="",1,{at["servers"]})',
            f"IF(ISNUMBER({at['work']}),{at['work']},{done})",
            f"{at[STATION_TIME]}/{at[PLACES]}",
            f'IFERROR({at[PER_PLACE]}/{cycle},"")',
            f'IFERROR({cycle}-{at[PER_PLACE]},"")',
            f"{at[PLACES]}*(MAX({letters[PER_PLACE]}:{letters[PER_PLACE]})-{at[PER_PLACE]})^2",
        )
        formats = ("0", "0.00", "0.00", "0.0%", "0.00", "0.00")
        row += [
            _computed(f'IF({at["id"]}="","",{text})', shape)
            for text, shape in zip(texts, formats, strict=True)
        ]
    computed = [PLACES, f"{STATION_TIME} [s]", f"{PER_PLACE} [s]", OF_CYCLE, f"{IDLE} [s]", f"{GAP} [s2]"]
    return _sheet("Stations", [_head(STATIONS, computed), *rows])


def _shifts(entries: Sequence[Mapping[str, Any]]) -> Sheet:
    """Give the shifts with times of day that formulas can subtract, the breaks in columns of their own."""
    fields = SHIFTS[:4]
    most = max((BREAKS, *(len(entry.get("breaks", ())) for entry in entries)))
    rows = [
        [
            *(entry.get(column.path) for column in fields),
            *(pause[end] for pause in entry.get("breaks", ()) for end in ("start", "end")),
        ]
        for entry in entries
    ]
    rows += [[] for _ in range(SPARE_SHIFTS)]
    # The column of net times stands where it can be found, before breaks beyond those there is room for.
    for number, row in enumerate(rows, start=2):
        row += [None] * (4 + 2 * most - len(row))
        row.insert(4 + 2 * BREAKS, _computed(_net(number, most), "0"))
    head = _head(fields)
    pauses = [f"break {at} {end}" for at in range(1, most + 1) for end in ("start", "end")]
    head += [Look(text, bold=True, fill=HEAD) for text in pauses]
    head.insert(4 + 2 * BREAKS, Look(f"{NET} [s]", bold=True, fill=COMPUTED))
    return _sheet("Shifts", [head, *rows])


def _net(row: int, most: int) -> str:
    """Give the formula for the working time of a shift, s."""
    pauses = ""
    for at in range(most):
        place = 5 + 2 * at + (at >= BREAKS)
        start, end = f"{column_letter(place)}{row}", f"{column_letter(place + 1)}{row}"
        pauses += f'-IF({start}="",0,MOD({end}-{start},1))'
    return f'IF(C{row}="","",ROUND(86400*(IF(C{row}=D{row},1,MOD(D{row}-C{row},1)){pauses}),3))'


def _net_column(breaks: int) -> str:
    return column_letter(5 + 2 * breaks)


def _average_column(products: Sequence[str]) -> str:
    return column_letter(len(task_fields(products)) + 1)


def _letter_of(path: str, products: Sequence[str]) -> str:
    paths = [column.path for column in task_fields(products)]
    return column_letter(paths.index(path) + 1)


def _station_letters() -> dict[str, str]:
    return {name: column_letter(len(STATIONS) + 1 + at) for at, name in enumerate(BESIDE)}


def _computed(text: str, shape: str) -> Look:
    return Look(Formula(f"={text}"), fill=COMPUTED, format=shape)
