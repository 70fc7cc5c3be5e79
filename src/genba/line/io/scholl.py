"""Precedence graphs in the format of Scholl's collection (`.IN2`).

The number of tasks; their times, a line each; pairs `i,j` of direct precedence, tasks numbered from 1; the
mark `-1,-1`. There is no cycle time in it.

Source: https://assembly-line-balancing.de, description of the data sets (Scholl 1993).
"""

from collections.abc import Iterator

from genba.core.errors import input_error, too_large
from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.io.document import MOST_ROWS
from genba.line.records.line import Line, Task
from genba.num.text import decode

WANTED = "a precedence graph as .IN2"
TIME = FindingKind(
    "line.graph_time", Severity.ERROR, "Found {found}; write the time of task {task}, a number."
)
PAIR = FindingKind(
    "line.graph_pair", Severity.ERROR, "Found {found}; write two task numbers from 1 to {tasks}."
)
CUT_OFF = FindingKind(
    "line.cut_off", Severity.ERROR, "The file ends before {mark}; the rest may be lost. Fetch it again."
)
END = "-1,-1"
LONGEST_SHOWN = 40

Numbered = Iterator[tuple[int, str]]
NO_COUNT = FindingKind(
    "line.no_task_count", Severity.ERROR, "line {line}: found {found} in place of the number of tasks"
)
MANY_TASKS = FindingKind("line.many_tasks", Severity.ERROR, "found {found} tasks; at most {most} are read")


def read(content: bytes, tally: Tally, *, name: str) -> Line | None:
    """Give the tasks in an `.IN2` file as a line without stations; the tally receives every fault.

    Raises:
        TooLarge: when there are more than 100,000 tasks.
        InputError: when the file does not begin with the number of tasks.
    """
    text, _ = decode(content, wanted=WANTED)
    lines = ((at, line.strip()) for at, line in enumerate(text.split("\n"), start=1) if line.strip())
    count = task_count(*next(lines))
    times = [_time(next(lines, (0, "")), task, tally) for task in range(1, count + 1)]
    pairs = []
    for at, line in lines:
        if line.replace(" ", "") == END:
            break
        pairs += pair(at, line, count, tally)
    else:
        tally.add(CUT_OFF, "end of file", mark=END)
    return graph(name, times, pairs)


def write(line: Line) -> str:
    """Give the tasks of a line as `.IN2`; tasks are numbered in their order."""
    number = {task.id: at for at, task in enumerate(line.tasks, start=1)}
    times = [plain(task.time) for task in line.tasks]
    pairs = [f"{number[before]},{number[task.id]}" for task in line.tasks for before in task.after]
    return "\n".join((str(len(times)), *times, *pairs, END)) + "\n"


def task_count(at: int, text: str) -> int:
    """Give the number of tasks that a file states.

    Raises:
        TooLarge: when there are more than 100,000.
        InputError: when it is no number.
    """
    if not (text.isascii() and text.isdigit()):
        raise input_error(NO_COUNT, f"line {at}", line=at, found=repr(text[:LONGEST_SHOWN]))
    if len(text) > 9 or int(text) > MOST_ROWS:
        raise too_large(MANY_TASKS, f"line {at}", found=text[:LONGEST_SHOWN], most=f"{MOST_ROWS:,}")
    return int(text)


def pair(at: int, line: str, count: int, tally: Tally) -> list[tuple[int, int]]:
    """Give the pair of task numbers in a line, in a list of its own, or an empty one with a finding."""
    first, _, second = line.partition(",")
    numbers = [int(part) if _is_whole(part) else 0 for part in (first.strip(), second.strip())]
    if all(1 <= number <= count for number in numbers):
        return [(numbers[0], numbers[1])]
    tally.add(PAIR, f"line {at}", found=repr(line[:LONGEST_SHOWN]), tasks=count)
    return []


def number_in(text: str) -> float | None:
    """Give a plain positive or negative number, none when it is none."""
    digits = text.removeprefix("-").replace(".", "", 1)
    return float(text) if digits.isascii() and digits.isdigit() and len(digits) < 300 else None


def graph(name: str, times: list[float], pairs: list[tuple[int, int]]) -> Line:
    """Give a line of tasks numbered from 1, with each precedence once."""
    after: list[dict[str, None]] = [{} for _ in times]
    for before, task in pairs:
        after[task - 1][str(before)] = None
    tasks = (
        Task(id=str(at), time=time, after=tuple(needed))
        for at, (time, needed) in enumerate(zip(times, after, strict=True), start=1)
    )
    return Line(name=name, tasks=tuple(tasks))


def plain(number: float) -> str:
    """Give a number as these files write it: without a point when it is whole."""
    return str(int(number)) if float(number).is_integer() else repr(number)


def _time(line: tuple[int, str], task: int, tally: Tally) -> float:
    at, text = line
    found = number_in(text)
    if found is None:
        where = f"line {at}" if at else "end of file"
        tally.add(TIME, where, found=repr(text[:LONGEST_SHOWN]) if at else "nothing", task=task)
    return 1.0 if found is None else found


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
