import resource
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genba.core.errors import InputError
from genba.core.findings import errors_in
from genba.grid.checks.case import check
from genba.grid.io.matpower import parse
from genba.num.text import decode

VALID = """\
function mpc = small
mpc.version = '2';
mpc.baseMVA = 100;
%% bus data [MW]
mpc.bus = [
	1	3	0	0	0	0	1	1	0	230	1	1.1	0.9; % first
	2	1	50	10	0	5	1	1	0	230	1	1.1	0.9;
];
mpc.gen = [ 1, 50, 0, Inf, -30, 1.02, ...
 100, 1, 80, 0 ];
mpc.branch = [ 1 2 0.01 0.1 0.02 60 70 80 0 0 1 -360 360 ];
mpc.gencost = [ 2 0 0 3 0.1 20 5 ];
mpc.bus_name = { 'one'; "two" };
"""
SPLINTERS = [
    *(b"]", b"[", b"{", b"'", b'"', b"%", b"%{\n", b"\n%}\n", b"...", b"\n", b"\r", b";", b",", b"="),
    *(b"mpc.bus", b"mpc.", b"NaN", b"-", b"1e999", b"function ", b"end", b"0"),
    *(b"\0", b"\xff", b"\x83\x5c", b"\xef\xbb\xbf", b"\x1c", b"\xe3\x80\x80"),
]
HOSTILE = [
    *("1 ", "mpc.bus = [", "mpc.bus=[\n", "mpc.x={\n", "{", "[(", "'", "''", "'\"", "%", "%{\n", "...\n"),
    *("... ", " ", "\n", "\n\n\t", "a", "a.", "mpc.", "mpc.a = 1;", "function \n", "1_", "];", "= ", "1;"),
    "mpc.x = {'a';\n\n",
]
LENGTH = 200_000
SLOWEST = 2.0
"""CPU seconds; a reader that goes over such a text again and again needs minutes."""


def attempt(content: bytes) -> None:
    """Read, check; anything but a case or an InputError is a fault of the reader."""
    try:
        text, encoding = decode(content, wanted="a case")
        case, findings = parse(text, encoding=encoding)
    except InputError:
        return
    assert not errors_in(findings)
    check(case)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_nothing_but_an_input_error(content):
    attempt(content)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(VALID)), st.integers(0, 40), st.sampled_from(SPLINTERS)), max_size=4
    )
)
def test_a_mutated_file_raises_nothing_but_an_input_error(mutations):
    content = VALID.encode()
    for place, cut, splinter in mutations:
        content = content[:place] + splinter + content[place + cut :]
    attempt(content)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(VALID)))
def test_a_file_cut_off_anywhere_is_never_half_a_case(end):
    try:
        case, _ = parse(VALID[:end])
    except InputError:
        return
    assert (len(case.bus), len(case.gen), len(case.branch)) == (2, 1, 1)


@pytest.mark.parametrize("pattern", HOSTILE)
@pytest.mark.parametrize("start", ["", "mpc.bus = [", "mpc.x = {"])
def test_a_huge_hostile_text_is_refused_in_linear_time(start, pattern):
    text = start + pattern * (LENGTH // len(pattern))
    began = time.process_time()
    with pytest.raises(InputError):
        parse(text)
    assert time.process_time() - began < SLOWEST


def test_one_huge_line_takes_memory_in_proportion():
    row = "1 2 0.01 0.1 0.02 60 70 80 0 0 1 -360 360;"
    length = 25 * LENGTH
    rows = length // len(row)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    case, _ = parse(VALID.replace("mpc.branch = [", f"mpc.branch = [{row * rows}"))
    assert len(case.branch) == rows + 1
    assert set(case.lines["branch"].tolist()) == {11}
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 30 * length


def test_a_row_without_end_is_refused_before_it_is_split():
    with pytest.raises(InputError, match="longer than 1048576 characters"):
        parse(VALID.replace("mpc.branch = [", f"mpc.branch = [{'1 ' * 600_000}"))
