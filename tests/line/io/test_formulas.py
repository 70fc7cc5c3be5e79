"""The workbook's formulas, evaluated here by a small reader of them, give what our own functions give."""

import datetime as dt
import io
import math
import re

import openpyxl
import pytest

from genba.core.tally import Tally
from genba.line.checks.tally import MORE
from genba.line.io import example, excel, template, toml
from genba.line.io.formulas import RESULT
from genba.line.io.japanese import SHEETS
from genba.line.records.loads import balance, station_loads
from genba.line.records.pace import average, net_time, planned_cycle, takt

TOKEN = re.compile(
    r"\s*(?:(?P<text>\"[^\"]*\")|(?P<ref>(?:[A-Za-z]+!)?\$?[A-Z]+(?::\$?[A-Z]+|\$?\d+(?!\w)))|"
    r"(?P<number>\d+\.?\d*(?:e-?\d+)?)|(?P<call>[A-Z]+)\(|(?P<sign><>|>=|<=|[-+*/^=<>(),]))"
)
STRENGTH = {"=": 1, "<>": 1, "<": 1, ">": 1, "+": 2, "-": 2, "*": 3, "/": 3, "^": 4}
SIGNS = {
    "=": lambda a, b: blank(a) == blank(b),
    "<>": lambda a, b: blank(a) != blank(b),
    ">": lambda a, b: number(a) > number(b),
    "+": lambda a, b: number(a) + number(b),
    "-": lambda a, b: number(a) - number(b),
    "*": lambda a, b: number(a) * number(b),
    "/": lambda a, b: number(a) / number(b),
    "^": lambda a, b: number(a) ** number(b),
}


def number(value):
    if isinstance(value, dt.time):
        return (value.hour * 3600 + value.minute * 60 + value.second) / 86400
    if value is None:
        return 0.0
    if isinstance(value, str):
        raise TypeError("#VALUE!")
    return value


def blank(value):
    return "" if value is None else value


def joined(sign, a, b):
    return lambda: SIGNS[sign](a(), b())


class Book:
    """Evaluates formulas; what they need is computed when it is asked for."""

    def __init__(self, content):
        self.book = openpyxl.load_workbook(io.BytesIO(content))
        self.known = {}

    def cell(self, sheet, place):
        if (sheet, place) not in self.known:
            held = self.book[sheet][place].value
            formula = isinstance(held, str) and self.book[sheet][place].data_type == "f"
            self.known[sheet, place] = self.value(held[1:], sheet) if formula else held
        return self.known[sheet, place]

    def column(self, sheet, letter):
        return [self.cell(sheet, f"{letter}{row}") for row in range(1, self.book[sheet].max_row + 1)]

    def value(self, text, sheet):
        tokens = [(match.lastgroup, match[match.lastgroup]) for match in TOKEN.finditer(text)]
        assert "".join(match[0] for match in TOKEN.finditer(text)) == text
        run, rest = self.parsed(tokens, 0, sheet)
        assert rest == []
        return run()

    def parsed(self, tokens, least, sheet):
        left, tokens = self.atom(tokens, sheet)
        while tokens and STRENGTH.get(tokens[0][1], 0) > least:
            sign = tokens[0][1]
            right, tokens = self.parsed(tokens[1:], STRENGTH[sign], sheet)
            left = joined(sign, left, right)
        return left, tokens

    def atom(self, tokens, sheet):
        (kind, said), *tokens = tokens
        if kind == "call":
            name, parts = said, []
            while said != ")":
                part, tokens = self.parsed(tokens, 0, sheet)
                parts.append(part)
                (_, said), *tokens = tokens
            return (lambda: getattr(self, f"do_{name.lower()}")(*parts)), tokens
        if said == "(":
            inner, tokens = self.parsed(tokens, 0, sheet)
            return inner, tokens[1:]
        if said == "-":
            inner, tokens = self.parsed(tokens, 3, sheet)
            return (lambda: -number(inner())), tokens
        if kind == "ref":
            home, _, place = said.replace("$", "").rpartition("!")
            first, colon, _ = place.partition(":")
            where = home or sheet
            return (lambda: self.column(where, first) if colon else self.cell(where, place)), tokens
        return (lambda: said[1:-1] if kind == "text" else float(said)), tokens

    def do_if(self, condition, yes, no):
        return yes() if condition() else no()

    def do_iferror(self, part, otherwise):
        try:
            return part()
        except (TypeError, ZeroDivisionError):
            return otherwise()

    def do_sum(self, column):
        return math.fsum(cell for cell in column() if isinstance(cell, int | float))

    def do_max(self, column):
        return max((cell for cell in column() if isinstance(cell, int | float)), default=0.0)

    def do_sumifs(self, what, where, wanted):
        pairs = zip(what(), where(), strict=True)
        return math.fsum(cell for cell, at in pairs if at == wanted() and isinstance(cell, int | float))

    def do_isnumber(self, part):
        return isinstance(part(), int | float)

    def do_mod(self, part, divisor):
        return number(part()) % number(divisor())

    def do_round(self, part, digits):
        return round(number(part()), int(number(digits())))

    def do_sqrt(self, part):
        return math.sqrt(number(part()))


def inverter():
    line = toml.read(example.path("inverter").read_bytes(), Tally(MORE), name="x")
    assert line is not None
    return line


def shown(line):
    book = Book(excel.write(line))
    return {name: book.cell("Line", f"B{row}") for name, row in RESULT.items()}


def test_the_formulas_of_the_example_give_what_our_functions_give():
    line = inverter()
    loads, cycle = station_loads(line), planned_cycle(line)
    measured, found = balance(loads, cycle), shown(line)
    assert found["net time per day"] == pytest.approx(net_time(line), abs=1e-3)
    assert found["takt"] == pytest.approx(takt(line), rel=1e-9)
    assert found["planned cycle"] == pytest.approx(cycle, rel=1e-9)
    assert found["sum of task times"] == pytest.approx(sum(average(task, line) for task in line.tasks))
    assert found["places of all stations"] == len(line.stations)
    assert found["longest station time"] == pytest.approx(measured.bottleneck)
    assert found["line efficiency"] == pytest.approx(measured.efficiency)
    assert found["balance loss"] == pytest.approx(measured.delay)
    assert found["smoothness index"] == pytest.approx(measured.smoothness)


def test_a_given_cycle_and_parallel_places_reach_the_formulas():
    line = inverter()
    stations = (line.stations[0].model_copy(update={"servers": 2}), *line.stations[1:])
    demand = line.demand.model_copy(update={"cycle": 70.0})
    line = line.model_copy(update={"stations": stations, "demand": demand})
    measured = balance(station_loads(line), 70.0, [station.servers for station in stations])
    found = shown(line)
    assert found["planned cycle"] == 70.0
    assert found["line efficiency"] == pytest.approx(measured.efficiency)
    assert found["smoothness index"] == pytest.approx(measured.smoothness)


def test_more_breaks_than_usual_are_taken_off_by_the_formula():
    breaks = [{"start": f"0{hour}:00", "end": f"0{hour}:05"} for hour in range(6)]
    shift = {"id": "night", "start": "22:00", "end": "06:00", "breaks": breaks}
    line = type(inverter()).model_validate(
        {"name": "x", "tasks": [{"id": "a", "time": 1}], "shifts": [shift]}
    )
    found = shown(line)
    assert found["net time per day"] == pytest.approx(7.5 * 3600)
    assert (found["takt"], found["planned cycle"], found["line efficiency"]) == ("", "", "")


def test_a_spreadsheet_program_computes_the_template_as_our_functions_do(compute):
    starter = toml.read(example.path("starter").read_bytes(), Tally(MORE), name="x")
    lines = {"en": starter, "ja": starter, "inverter": inverter()}
    written = {name: template.content(".xlsx", name) for name in ("en", "ja")}
    books = compute(**written, inverter=excel.write(lines["inverter"]))
    for name, line in lines.items():
        measured = balance(station_loads(line), planned_cycle(line))
        page = books[name].worksheets[0]
        found = {label: page.cell(row, 2).value for label, row in RESULT.items()}
        assert found["takt"] == pytest.approx(takt(line))
        assert found["planned cycle"] == pytest.approx(planned_cycle(line))
        assert found["longest station time"] == pytest.approx(measured.bottleneck)
        assert found["line efficiency"] == pytest.approx(measured.efficiency)
        assert found["balance loss"] == pytest.approx(measured.delay)
        assert found["smoothness index"] == pytest.approx(measured.smoothness)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_a_spreadsheet_program_saves_is_read_as_what_was_written(compute, tmp_path, language):
    compute(inverter=excel.write(inverter(), language))
    tally = Tally(MORE)
    saved = (tmp_path / "computed" / "inverter.xlsx").read_bytes()
    assert excel.read(saved, tally, name="x") == inverter()
    assert tally.findings() == ()


def test_a_japanese_workbook_has_no_english_heading_and_reads_as_the_same_line():
    content, tally = excel.write(inverter(), "ja"), Tally(MORE)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == list(SHEETS.values())
    told = [cell.value for page in book for cell in page[1] if cell.value]
    told += [row[0].value for row in book["ライン"].iter_rows() if row[0].value]
    plain = {re.sub(r" \[.*\]", "", text) for text in told} - {"id", "x", "y"}
    assert [text for text in sorted(plain) if text.isascii()] == []
    assert excel.read(content, tally, name="x") == inverter()
    assert tally.findings() == ()


def test_both_templates_are_one_line_in_two_languages():
    english, japanese = (
        toml.read(template.content(".toml", language), Tally(MORE), name="x") for language in ("en", "ja")
    )
    assert english.name != japanese.name
    assert without_texts(english) == without_texts(japanese)


def without_texts(line):
    """Give a line as plain data without what people read."""
    data = line.model_dump(exclude={"name", "currency"})
    for section in ("products", "tasks", "groups"):
        for entry in data[section]:
            del entry["name"]
    return data
