import os
import socket

import pytest

from genba.core.errors import InputError, TooLarge
from genba.grid.io.matpower import read
from genba.num.text import LARGEST, decode, read_bytes

CASE = (
    "function mpc = x\nmpc.version = '2';\nmpc.baseMVA = 100;\nmpc.bus = [ % {comment}\n"
    "1 3 0 0 0 0 1 1 0 230 1 1.1 0.9];\nmpc.gen = [1 0 0 1 -1 1 100 1 1 0];\nmpc.branch = [];\n"
    "mpc.bus_name = {{'{name}'}};\n"
)


def written(path, content):
    path.write_bytes(content)
    return path


def test_japanese_names_in_shift_jis_are_read_and_reported(tmp_path):
    text = CASE.format(comment="母線データ 表示能力ソ", name="表示能力ソ")
    case, findings = read(written(tmp_path / "x.m", text.encode("cp932")))
    assert case.extra_sections["bus_name"] == "{'表示能力ソ'}"
    assert findings[0].code == "grid.encoding"
    assert findings[0].arguments == {"encoding": "Shift_JIS"}


def test_western_text_that_is_not_utf8_is_read_and_reported(tmp_path):
    case, findings = read(
        written(tmp_path / "x.m", CASE.format(comment="", name="Zürich é").encode("latin-1"))
    )
    assert case.extra_sections["bus_name"] == "{'Zürich é'}"
    assert "latin-1" in findings[0].message


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("\n", " \t\n\n"),
    ],
)
def test_byte_order_mark_and_line_ends_change_nothing(tmp_path, changed):
    text = CASE.format(comment="母線", name="東京")
    plain, _ = read(written(tmp_path / "plain.m", text.encode()))
    case, findings = read(written(tmp_path / "x.m", changed(text).encode()))
    assert case.extra_sections == plain.extra_sections
    assert case.bus.rows() == plain.bus.rows()
    assert [found.code for found in findings] == ["grid.section_kept"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1.*empty|empty"),
        (b" \r\n\t\n", "empty"),
        (b"MATLAB 5.0 MAT-file\n\0\1IM", "line 2.*NUL"),
        (b"\x7fELF\2\1\1\0\0\0", "line 1.*NUL"),
        (CASE.encode("utf-16"), "UTF-16"),
        (bytes(range(1, 256)) * 40, "line 1"),
        (b"{" * 200_000, "line 1"),
        (b"just some words\n", "computes"),
    ],
)
def test_what_is_no_case_is_refused_with_one_sentence(tmp_path, content, message):
    with pytest.raises(InputError, match=message) as caught:
        read(written(tmp_path / "x.m", content))
    assert len(caught.value.message) < 400


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "x.m"
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)  # a hole: it takes no room on the disk
    with pytest.raises(TooLarge, match=str(LARGEST)):
        read(path)


def test_a_limit_counts_bytes_exactly(tmp_path):
    path = written(tmp_path / "x.m", b"12345")
    assert read_bytes(path, wanted="a case", largest=5) == b"12345"
    with pytest.raises(TooLarge):
        read_bytes(path, wanted="a case", largest=4)


def test_missing_files_folders_and_hostile_names_are_input_errors(tmp_path):
    for path in (tmp_path / "absent.m", tmp_path, tmp_path / "a\0b", tmp_path / ("x" * 5000)):
        with pytest.raises(InputError, match=r"cannot be read|not a regular file"):
            read(path)


def test_a_pipe_or_socket_is_refused_without_waiting(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.m")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.m")
        for name in ("pipe.m", "socket.m"):
            with pytest.raises(InputError, match="not a regular file"):
                read(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_an_input_error(tmp_path):
    path = written(tmp_path / "x.m", b"x")
    path.chmod(0)
    with pytest.raises(InputError, match="cannot be read"):
        read(path)


def test_lines_end_in_one_way_only():
    assert decode(b"a\r\nb\rc\nd", wanted="a case") == ("a\nb\nc\nd", "utf-8")
