"""The line balance sheet of a result as an Excel workbook: change a station or the cycle, and all follows.

One sheet: measures and Yamazumi at the top, tasks below, stations beside them. Yellow cells are typed in,
grey ones are formulas. It is written only; a line is described in the template's workbook.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any, get_args

from genba.core.inputs import InputFile
from genba.core.operation import Say
from genba.line.records.balance import BalanceParams, BalanceResult
from genba.num import workbook
from genba.num.workbook import Choice, Drawn, Formula, Highlight, Look, Sheet, Stacks

HEAD = 21
"""Row of the headings of tasks and stations."""
FIRST = HEAD + 1
SPARE_TASKS, SPARE_STATIONS = 10, 3
MOST_CHECKED = 2000
"""Tasks up to which a sheet adds up starts and looks for predecessors: both look at all tasks for each."""
TYPED, COMPUTED, HEADING, OVER = "FFF8DC", "EDEDED", "D9E1F2", "F4B6A6"
CLASSES = ("VA", "NVA", "NNVA")
COLOURS = {"VA": "0072B2", "NVA": "D55E00", "NNVA": "009E73", "cycle": "B3320B", "takt": "5B6670"}
"""As the console's charts have them."""
IN, OUT = "in", "out"
AFTER_ALL = 1_000_000
"""Beyond twice the number of any station."""
CYCLE, TAKT = "$C$4", "$C$5"
CLOSE = "0.000001"
"""A microsecond: what sums of decimal fractions may miss, s."""
OUTCOMES = get_args(BalanceResult.model_fields["outcome"].annotation)
WIDTHS = (10.0, 44.0, 10.0, 10.0, 10.0, 12.0, 18.0, 10.0, 24.0)
"""Of the columns of tasks; those of stations are as wide as their headings."""
GAP, SIDED = 3.0, 14.0
"""Widths of the column between them, and of that column where it tells leg or side."""
NARROWEST = 9.0


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the rows of tasks and of stations reach.

    Arguments:
        tasks: rows of tasks, spare ones with them.
        stations: rows of stations, spare ones with them.
        checked: whether starts and precedence are computed.
        takt: whether the line has one.
        legs: whether it is a U, whose tasks are done on the way in or on the way out.
        sides: whether tasks are done from the left or from the right; their starts are not computed.
    """

    tasks: int
    stations: int
    checked: bool
    takt: bool
    legs: bool
    sides: bool

    def of_tasks(self, letter: str) -> str:
        """Give a column of all tasks."""
        return f"${letter}${FIRST}:${letter}${HEAD + self.tasks}"

    def of_stations(self, letter: str) -> str:
        """Give a column of all stations."""
        return f"${letter}${FIRST}:${letter}${HEAD + self.stations}"


def content(params: BalanceParams, result: BalanceResult, say: Say) -> bytes:
    """Give the sheet of a balance; without a line, its head alone.

    Arguments:
        params: what was asked.
        result: what is laid out.
        say: gives a text in the reader's language.

    Raises:
        MissingExtra: when openpyxl is not installed.
    """
    rows = len(result.assignments)
    extent = Extent(
        rows + SPARE_TASKS,
        (result.stations or 0) + SPARE_STATIONS,
        rows <= MOST_CHECKED,
        result.takt is not None,
        any(row.get("leg") for row in result.assignments.rows()),
        any(row.get("side") for row in result.assignments.rows()),
    )
    target = io.BytesIO()
    workbook.write([_sheet(params, result, extent, partial(_said, say))], target)
    return target.getvalue()


def _said(say: Say, name: str, english: str) -> str:
    """Give a text of the sheet, or the word for an outcome that the result's field has."""
    place = "outcome" if name in OUTCOMES else "sheet"
    return say(f"line.balance.{place}.{name}", english)


def _sheet(params: BalanceParams, result: BalanceResult, extent: Extent, say: Say) -> Sheet:
    title = say("title", "Line balance")
    head = [*_head(params, result, extent, say)]
    head += [[] for _ in range(HEAD - 1 - len(head))]
    tasks = [_task_heads(extent, say), *_tasks(result, extent, say)]
    stations = [_station_heads(extent, say), *_stations(result, extent)]
    beside = zip_longest(tasks, stations, fillvalue=[None] * len(tasks[0]))
    body = [[*task, *station] for task, station in beside]
    return Sheet(
        name=workbook.sheet_name(title),
        rows=[*head, *body],
        widths=[
            *WIDTHS,
            SIDED if extent.legs or extent.sides else GAP,
            *(_width(str(look.value)) for look in stations[0]),
        ],
        highlights=_highlights(extent),
        choices=[*_choices(extent)],
        charts=[_yamazumi(extent, say)] if result.stations else [],
        landscape=True,
    )


def _head(params: BalanceParams, result: BalanceResult, extent: Extent, say: Say) -> Iterator[list[Any]]:
    """Yield title, hint and measures: label, value, unit."""
    yield [Look(f"{say('title', 'Line balance')}: {_source(params.line)}", bold=True, size=16)]
    yield [Look(say("hint", "Yellow cells can be changed; grey ones are formulas and follow."), italic=True)]
    yield []
    yield _typed(say("cycle_time", "Cycle time"), result.cycle_time, "s")
    yield _typed(say("takt", "Takt"), result.takt, "s")
    for name, english, text, shape, unit in _measures(extent):
        yield [None, Look(say(name, english), bold=True), _computed(text, shape), Look(unit, italic=True)]
    yield []
    yield [None, say("outcome", "What the run found"), say(result.outcome, result.outcome.capitalize())]
    least = say("lower_bound", "Stations at least, for the run's cycle and times")
    places = say("places_bound", "Places at least, for the run's cycle and times")
    yield [None, places if params.places > 1 else least, result.lower_bound]
    if params.mix == "each":
        yield [
            None,
            Look(say("each", "Times are each task's longest; the run kept the cycle for each product")),
        ]


def _source(line: InputFile) -> str:
    """Name the line as people do: the entry of a catalogue, a file without its folders."""
    return str(line) if line.catalogue or not line.is_local else str(line).replace("\\", "/").split("/")[-1]


def _typed(label: str, value: float | None, unit: str) -> list[Any]:
    return [None, Look(label, bold=True), Look(value, fill=TYPED, format="0.00"), Look(unit, italic=True)]


def _measures(extent: Extent) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield name, English, formula, format and unit of what is measured at the whole line."""
    of, task = extent.of_stations, extent.of_tasks
    used, places, each, lost = f"({of('L')}>0)", of("M"), of("O"), of("P")
    paid = f"SUMPRODUCT({used}*{places})*{CYCLE}"
    share = f"SUM({task('D')})/({paid})"
    gaps = f"SUMPRODUCT({used}*{places}*(MAX({each})-{each})^2)"
    yield "stations", "Stations", f"SUMPRODUCT({used}*1)", "0", ""
    yield "places", "Places at all stations", f"SUMPRODUCT({used}*{places})", "0", ""
    yield "work", "Work on one unit", f"SUM({task('D')})", "0.00", "s"
    yield "fullest", "Fullest place", f"MAX({each})", "0.00", "s"
    yield "efficiency", "Line efficiency", f'IFERROR({share},"")', "0.0%", ""
    yield "delay", "Balance delay", f'IFERROR(1-{share},"")', "0.0%", ""
    yield "smoothness", "Smoothness index", f"SQRT({gaps})", "0.00", "s"
    yield "over", "Stations above the cycle time", f"SUMPRODUCT(({each}+{lost}>{CYCLE}+{CLOSE})*1)", "0", ""
    yield "unplaced", "Tasks at no station of the list", f"COUNTA({task('A')})-SUM({of('L')})", "0", ""
    if extent.checked:
        yield "late", "Tasks before a predecessor", f'SUMPRODUCT(({task("I")}<>"")*1)', "0", ""


def _headings(texts: Sequence[str]) -> list[Any]:
    return [Look(text, bold=True, fill=HEADING, centred=True) for text in texts]


def _width(heading: str) -> float:
    """Give the width of a column; a letter that is no ASCII takes two."""
    return max(NARROWEST, 2.0 + sum(1.0 if letter.isascii() else 2.0 for letter in heading))


def _task_heads(extent: Extent, say: Say) -> list[Any]:
    leg, side = (_headings([text])[0] for text in (say("leg", "Leg"), say("side", "Side")))
    texts = (
        say("task", "Task"),
        say("name", "What is done"),
        say("station", "Station"),
        f"{say('time', 'Time')} [s]",
        f"{say('lost', 'Lost')} [s]",
        say("value_class", "Value class"),
        say("after", "After"),
        f"{say('start', 'Start')} [s]",
        say("check", "Precedence"),
    )
    return [*_headings(texts), leg if extent.legs else side if extent.sides else None]


def _tasks(result: BalanceResult, extent: Extent, say: Say) -> Iterator[list[Any]]:
    """Yield a row for each task, and spare ones."""
    wrong = say("too_early", "before a predecessor").replace('"', '""')
    known = frozenset(str(row["task"]) for row in result.assignments.rows())
    given: list[dict[str, Any]] = [*result.assignments.rows(), *({} for _ in range(SPARE_TASKS))]
    for number, row in enumerate(given, start=FIRST):
        yield [
            Look(row.get("task"), fill=TYPED),
            Look(row.get("name"), fill=TYPED),
            Look(row.get("station"), fill=TYPED),
            Look(row.get("time"), fill=TYPED, format="0.00"),
            Look(row.get("lost"), fill=TYPED, format="0.00;-0.00;"),
            Look(row.get("value_class"), fill=TYPED, centred=True),
            Look(";".join(_ids(str(row.get("after") or ""), known)) or None, fill=TYPED),
            _start(number, row, extent),
            _check(number, extent, wrong),
            Look(row.get("leg") or row.get("side"), fill=TYPED) if extent.legs or extent.sides else None,
        ]


def _ids(text: str, known: frozenset[str]) -> Iterator[str]:
    """Part ids that stand with a space between them, though ids may have spaces too."""
    words = text.split(" ")
    while words:
        longest = next((n for n in range(len(words), 0, -1) if " ".join(words[:n]) in known), 1)
        yield " ".join(words[:longest])
        words = words[longest:]


def _start(row: int, told: Mapping[str, Any], extent: Extent) -> Look:
    """Give when a task starts within its station: after all above it, and what is lost between them.

    Rows may be sorted: each looks only above itself. What is lost before the first task of a station is lost
    since the unit before, and delays nothing. On two sides tasks wait for each other, as the run has it.
    """
    if not extent.checked or extent.sides:
        return Look(told.get("start"), fill=TYPED, format="0.00")
    here = f"C${HEAD}:C{row - 1},C{row}"
    before = "+".join(f"SUMIFS({letter}${HEAD}:{letter}{row - 1},{here})" for letter in "DE")
    first = f"INDEX({extent.of_tasks('E')},MATCH(C{row},{extent.of_tasks('C')},0))"
    start = f"IF(COUNTIF({here})=0,0,{before}+E{row}-{first})"
    return _computed(f'IF(A{row}="","",{start})', "0.00")


def _check(row: int, extent: Extent, wrong: str) -> Look | None:
    """Say whether a task stands before a predecessor, which is looked for by its id among all tasks."""
    if not extent.checked:
        return None
    before = f'ISNUMBER(FIND(";"&{extent.of_tasks("A")}&";",";"&G{row}&";"))'
    along = _along(extent.of_tasks("C"), extent.of_tasks("J"), extent)
    late = f"SUMPRODUCT({before}*({along}>{_along(f'C{row}', f'J{row}', extent)}))"
    return _computed(f'IF(G{row}="","",IF({late}>0,"{wrong}",""))', "General")


def _along(station: str, leg: str, extent: Extent) -> str:
    """Give how far along the line a task is done: on the way out of a U, later stations come earlier."""
    return f'({station}+({leg}="{OUT}")*({AFTER_ALL}-2*{station}))' if extent.legs else station


def _choices(extent: Extent) -> Iterator[Choice]:
    yield Choice(extent.of_tasks("F").replace("$", ""), CLASSES)
    if extent.legs:
        yield Choice(extent.of_tasks("J").replace("$", ""), (IN, OUT))


def _station_heads(extent: Extent, say: Say) -> list[Any]:
    texts = [
        say("station", "Station"),
        say("tasks", "Tasks"),
        say("beside", "Places"),
        f"{say('load', 'Load')} [s]",
        f"{say('per_place', 'Load per place')} [s]",
        f"{say('lost', 'Lost')} [s]",
        f"{say('idle', 'Idle')} [s]",
        say("use", "Use"),
        *(f"{kind} [s]" for kind in CLASSES),
        f"{say('cycle_time', 'Cycle time')} [s]",
    ]
    return _headings([*texts, f"{say('takt', 'Takt')} [s]"] if extent.takt else texts)


def _stations(result: BalanceResult, extent: Extent) -> Iterator[list[Any]]:
    """Yield a row for each station, and spare ones."""
    time, lost, at, kind = (extent.of_tasks(letter) for letter in "DECF")
    places = [row.get("places", 1) for row in result.workplaces.rows()] + [1] * SPARE_STATIONS
    for row in range(FIRST, FIRST + extent.stations):
        own = [f'SUMIFS({time},{at},K{row},{kind},"{name}")/M{row}' for name in CLASSES[1:]]
        formulas = (
            (f"SUMIFS({time},{at},K{row})", "0.00"),
            (f"N{row}/M{row}", "0.00"),
            (f"SUMIFS({lost},{at},K{row})/M{row}", "0.00;-0.00;"),
            (f"{CYCLE}-O{row}-P{row}", "0.00"),
            (f'IFERROR(O{row}/{CYCLE},"")', "0.0%"),
            (f"O{row}-T{row}-U{row}", "0.00"),  # a class left empty counts as VA, as in a line's file
            *((text, "0.00") for text in own),
            (CYCLE, "0.00"),
            *([(TAKT, "0.00")] if extent.takt else []),
        )
        yield [
            row - HEAD,
            _computed(f"COUNTIF({at},K{row})", "0"),
            Look(places[row - FIRST], fill=TYPED),
            *(_computed(text, shape) for text, shape in formulas),
        ]


def _highlights(extent: Extent) -> list[Highlight]:
    """Give what turns red: a station above the cycle, its idle time, a task that is misplaced."""
    above = f"$O{FIRST}+$P{FIRST}>{CYCLE}+{CLOSE}"
    found = [
        Highlight(f"K{FIRST}:R{HEAD + extent.stations}", above, OVER),
        Highlight("C13:C15", "C13>0", OVER),
    ]
    if extent.checked:
        found.append(Highlight(f"A{FIRST}:I{HEAD + extent.tasks}", f'$I{FIRST}<>""', OVER))
    return found


def _yamazumi(extent: Extent, say: Say) -> Stacks:
    lines = [Drawn(22, COLOURS["cycle"]), *([Drawn(23, COLOURS["takt"])] if extent.takt else [])]
    return Stacks(
        title=say("yamazumi", "Yamazumi: work at each station"),
        x=say("station", "Station"),
        y=f"{say('time', 'Time')} [s]",
        at="E3",
        size=(30.0, 9.0),
        first=FIRST,
        last=HEAD + extent.stations,
        names=11,
        bars=[Drawn(19 + at, COLOURS[kind]) for at, kind in enumerate(CLASSES)],
        lines=lines,
    )


def _computed(text: str, shape: str) -> Look:
    return Look(Formula(f"={text}"), fill=COMPUTED, format=shape)
