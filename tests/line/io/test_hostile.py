"""Files that were cut off, made up or filled in otherwise than meant: one clear report, soon."""

import io
import time
import zipfile

import openpyxl
import pytest

from genba.core.context import Context
from genba.core.errors import InputError, NotFound, TooLarge
from genba.core.inputs import InputFile
from genba.core.tally import Tally
from genba.line.checks.tally import MORE
from genba.line.io import alb, csv, document, example, excel, json, scholl, toml
from genba.line.io.opening import open_line
from genba.line.records.line import LineParams

IN2 = "3\n4\n5\n6\n1,2\n2,3\n-1,-1\n"
ALB = (
    "<number of tasks>\n3\n\n<cycle time>\n1000\n\n<order strength>\n0,268\n\n<task times>\n1 4\n2 5\n3 6\n\n"
    "<precedence relations>\n1,2\n2,3\n\n<end>\n"
)


def read(form, content):
    tally = Tally(MORE)
    line = form.read(content if isinstance(content, bytes) else content.encode(), tally, name="x")
    return line, tally.findings()


def codes(findings):
    return [finding.code for finding in findings]


def opened(path):
    return open_line(LineParams(line=InputFile(str(path))), Context())


def workbook(sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    return book


def saved(book):
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize("cut", range(0, len(ALB) - 8, 7))
def test_a_cut_off_alb_is_never_taken_for_whole(cut):
    try:
        _, findings = read(alb, ALB[:cut])
    except InputError:
        return
    assert "line.cut_off" in codes(findings)


@pytest.mark.parametrize("cut", range(0, len(IN2) - 2))
def test_a_cut_off_in2_is_never_taken_for_whole(cut):
    try:
        _, findings = read(scholl, IN2[:cut])
    except InputError:
        return
    assert any(finding.severity == "error" for finding in findings)


def test_every_wrong_line_of_a_graph_is_told_with_its_number():
    line, findings = read(scholl, "3\n4\nfive\n6\n1,2\n2,9\nx,y\n-1,-1\n")
    assert [finding.where for finding in findings] == ["line 3", "line 6", "line 7"]
    assert line.tasks[1].after == ("1",)


def test_an_unknown_block_of_alb_is_skipped_and_told():
    line, findings = read(alb, "<comment>\nhello 1\n" + ALB)
    assert codes(findings) == ["line.block_skipped"]
    assert (line.demand.cycle, [task.time for task in line.tasks]) == (1000.0, [4.0, 5.0, 6.0])


@pytest.mark.parametrize("count", ["1000000", "9" * 5000])
@pytest.mark.parametrize("form", [scholl, alb])
def test_more_tasks_than_are_read_are_refused_before_they_are_read(form, count):
    text = IN2.replace("3", count, 1) if form is scholl else ALB.replace("\n3\n", f"\n{count}\n", 1)
    with pytest.raises(TooLarge, match="at most 100,000"):
        read(form, text)


def test_a_million_tasks_are_refused_in_every_text_format():
    many = 1_000_000
    sheets = {
        csv: "id,time\n" + "".join(f"{i},1\n" for i in range(many)),
        json: '{"tasks": [' + ",".join(['{"id":"a","time":1}'] * many) + "]}",
    }
    for form, text in sheets.items():
        with pytest.raises(TooLarge, match="100,000"):
            read(form, text)


def test_reading_takes_time_in_proportion_to_the_tasks():
    def seconds(count):
        text = "id,time,after\n" + "".join(f"{i},1,{max(i - 1, 0) or ''}\n" for i in range(1, count))
        start = time.process_time()
        read(csv, text)
        return time.process_time() - start

    seconds(100)
    few, many = min(seconds(2_000) for _ in range(3)), min(seconds(32_000) for _ in range(2))
    assert many < 16 * few * 3  # quadratic work would take 16 times as long again


@pytest.mark.parametrize(
    ("form", "content"),
    [
        (toml, "name = 'x"),
        (toml, "a = " + "[" * 5000 + "]" * 5000),
        (toml, "a = " + "9" * 10_000),
        (json, '{"tasks": '),
        (json, "[" * 100_000),
        (json, "[]"),
        (json, '{"name": "a", "name": "b", "tasks": []}'),
        (excel, b"PK\x03\x04 nothing"),
        (excel, b"no workbook"),
        (csv, ""),
        (csv, 'id,time\n"1,2'),
        (scholl, "three\n"),
        (alb, "<end>\n"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(form, content):
    with pytest.raises(InputError) as told:
        read(form, content)
    assert 10 < len(told.value.message) < 400
    assert "\n" not in told.value.message.strip()


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
def test_a_cut_off_workbook_is_one_sentence(keep):
    content = saved(workbook({"Tasks": [["id", "time"], ["a", 1]]}))
    with pytest.raises(InputError, match="workbook"):
        read(excel, content[: int(len(content) * keep)])


PARTS = zipfile.ZipFile(io.BytesIO(saved(workbook({"Tasks": [["id", "time"], ["a", 1]]}))))


@pytest.mark.parametrize("damaged", ["[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_a_damaged_part_of_a_workbook_is_one_sentence(damaged):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in PARTS.namelist():
            archive.writestr(name, b"<a><b>" if name == damaged else PARTS.read(name))
    with pytest.raises(InputError, match="workbook"):
        read(excel, target.getvalue())


def test_a_zip_bomb_is_refused_unopened():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "x")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(140):
                part.write(b"\0" * 2**20)
    assert len(target.getvalue()) < 2**20
    with pytest.raises(TooLarge, match="unpacks to"):
        read(excel, target.getvalue())


def test_a_row_far_below_ends_the_reading():
    whole = zipfile.ZipFile(io.BytesIO(saved(workbook({"Tasks": [["id", "time"], ["a", 1]]}))))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in whole.namelist():
            content = whole.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b'r="2"', b'r="999999999999"').replace(
                    b'="A2"', b'="A999999999999"'
                )
                content = content.replace(b'="B2"', b'="B999999999999"')
            archive.writestr(name, content)
    with pytest.raises(InputError):
        read(excel, target.getvalue())


def test_people_fill_in_sheets_otherwise_than_meant():
    rows = [
        ["Task ID", "Task time [TMU]", "Predecessors", "workstation", "Remarks"],
        [1, 100, None, 1, "x"],
        [2.0, "12,5", "1", 1, None],
        [3, "#DIV/0!", "1; 2", 2, None],
        [None, None, None, None, None],
        [4, "soon", "1,3", 2, None],
        [5, True, "-", 2, None],
    ]
    line, findings = read(excel, saved(workbook({"Sheet1": rows})))
    assert [(task.id, task.after) for task in line.tasks] == [
        ("1", ()), ("2", ("1",)), ("3", ("1", "2")), ("4", ("1", "3")), ("5", ()),
    ]  # fmt: skip
    assert (line.tasks[0].time, line.tasks[1].time) == (pytest.approx(3.6), pytest.approx(0.45))
    assert [station.tasks for station in line.stations] == [("1", "2"), ("3", "4", "5")]
    wrong = [finding for finding in findings if finding.code == "line.cell"]
    assert [finding.where for finding in wrong] == ["Tasks row 4", "Tasks row 6", "Tasks row 7"]
    assert codes(findings).count("line.column_unknown") == 1


def test_a_formula_that_nobody_computed_and_merged_cells_are_told():
    book = workbook({"Tasks": [["id", "time", "station"], ["a", "=1+1", "S"], ["b", 2, None]]})
    book["Tasks"].merge_cells("C2:C3")
    _, findings = read(excel, saved(book))
    told = {finding.code: finding for finding in findings}
    assert told["line.formula"].arguments["cell"] == "B2"
    assert told["line.merged"].arguments["cells"] == "C2:C3"


def test_all_faults_of_a_document_and_of_the_line_come_at_once(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(
        "time_unit = 'parsec'\n"
        "[[tasks]]\nid = 'a'\ntime = 'long'\n"
        "[[tasks]]\nid = 'b'\ntime = nan\nafter = ['c']\ncolour = 'red'\n"
        "[[tasks]]\nid = 'c'\ntime = -1\nafter = ['b', 'nobody']\n"
        "[[stations]]\nid = 's'\nbreakdown = { mtbf = 10, mttr = -5 }\nservers = 0\n"
    )
    with pytest.raises(InputError) as told:
        opened(path)
    errors = [finding for finding in told.value.findings if finding.severity == "error"]
    assert {(finding.code, finding.where) for finding in errors} == {
        ("line.time_unit", "time_unit"),
        ("line.field", "task a"),
        ("line.field_unknown", "task b"),
        ("line.not_finite", "task b"),
        ("line.negative", "task c"),
        ("line.id_unknown", "task c"),
        ("line.cycle", "task c"),
        ("line.negative", "station s"),
        ("line.too_small", "station s"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [("x", ALB), ("x", IN2), ("x", "id;time\na;1\n"), ("x", '{"tasks":[{"id":"a","time":1}]}'),
     ("x", "# a\nname = 'b'\n[[tasks]]\nid='a'\ntime=1\n"), ("X.IN2", IN2), ("X.ALB", ALB)],
)  # fmt: skip
def test_a_file_is_known_by_its_suffix_or_its_beginning(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert opened(tmp_path / name).tasks


@pytest.mark.parametrize("name", ["x.pdf", "x.xls", "x.toml.bak", "noise"])
def test_any_other_file_is_refused_with_what_is_read(tmp_path, name):
    (tmp_path / name).write_bytes(b"%PDF-1.7")
    with pytest.raises(InputError, match=r"\.toml, \.json, \.xlsx, \.csv, \.in2 or \.alb"):
        opened(tmp_path / name)


@pytest.mark.parametrize("name", ["../inverter", "nothing", "x" * 500, "*"])
def test_no_name_leads_out_of_the_examples(name):
    with pytest.raises(NotFound, match="inverter"):
        example.path(name)


def test_deep_data_that_are_no_line_are_refused():
    deep = {"tasks": [{"id": "a", "time": 1, "x": {}}]}
    inner = deep["tasks"][0]["x"]
    for _ in range(5000):
        inner["x"] = {}
        inner = inner["x"]
    tally = Tally(MORE)
    assert document.line_of(deep, tally, name="x") is None
    assert codes(tally.findings()) == ["line.field_unknown"]
