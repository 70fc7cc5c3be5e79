"""Instances in the format of Otto, Otto and Scholl (`.alb`): blocks under headers in angle brackets.

Blocks are `<number of tasks>`, `<cycle time>`, `<order strength>` (with a decimal comma), `<task times>`,
`<precedence relations>` and `<end>`. What other blocks say is not kept, and that is told.

Source: A. Otto, C. Otto, A. Scholl, Systematic data generation and test design for solution algorithms on the
example of SALBPGen, European Journal of Operational Research 228 (2013), 33-45; the files themselves.
"""

from graphlib import TopologicalSorter

from genba.core.errors import input_error
from genba.core.findings import FindingKind, Severity
from genba.core.tally import Tally
from genba.line.io.scholl import CUT_OFF, LONGEST_SHOWN, TIME, graph, number_in, pair, plain, task_count
from genba.line.records.line import Demand, Line
from genba.num.text import decode

WANTED = "an instance as .alb"
CYCLE = FindingKind("line.graph_cycle", Severity.ERROR, "Found {found}; write the cycle time, a number.")
SKIPPED = FindingKind("line.block_skipped", Severity.NOTE, "The block {header} is not used and not kept.")
COUNT, CYCLE_TIME, STRENGTH = "<number of tasks>", "<cycle time>", "<order strength>"
TIMES, PRECEDENCE, END = "<task times>", "<precedence relations>", "<end>"

Numbered = list[tuple[int, str]]
NO_HEADER = FindingKind("line.no_header", Severity.ERROR, "found no {header}; give {wanted}")


def read(content: bytes, tally: Tally, *, name: str) -> Line | None:
    """Give the tasks and the cycle time in an `.alb` file; the tally receives every fault.

    Raises:
        TooLarge: when there are more than 100,000 tasks.
        InputError: when the file does not say how many tasks there are.
    """
    text, _ = decode(content, wanted=WANTED)
    blocks = _blocks(text)
    if not blocks.get(COUNT):
        raise input_error(NO_HEADER, "line 1", header=COUNT, wanted=WANTED)
    count = task_count(*blocks[COUNT][0])
    for header in blocks.keys() - {COUNT, CYCLE_TIME, STRENGTH, TIMES, PRECEDENCE, END}:
        tally.add(SKIPPED, "file", header=header[:LONGEST_SHOWN])
    times = _times(blocks.get(TIMES, []), count, tally)
    pairs = [found for at, line in blocks.get(PRECEDENCE, []) for found in pair(at, line, count, tally)]
    if END not in blocks:
        tally.add(CUT_OFF, "end of file", mark=END)
    line = graph(name, times, pairs)
    return line.model_copy(update={"demand": Demand(cycle=_cycle(blocks.get(CYCLE_TIME, []), tally))})


def write(line: Line) -> str:
    """Give the tasks and the planned cycle of a line as `.alb`; tasks are numbered in their order."""
    number = {task.id: at for at, task in enumerate(line.tasks, start=1)}
    cycle = [] if line.demand.cycle is None else [CYCLE_TIME, plain(line.demand.cycle), ""]
    strength = f"{order_strength(line):.3f}".rstrip("0").rstrip(".").replace(".", ",")
    times = (f"{number[task.id]} {plain(task.time)}" for task in line.tasks)
    pairs = (f"{number[before]},{number[task.id]}" for task in line.tasks for before in task.after)
    head = (COUNT, str(len(number)), "", *cycle, STRENGTH, strength, "")
    return "\n".join((*head, TIMES, *times, "", PRECEDENCE, *pairs, "", END)) + "\n"


def order_strength(line: Line) -> float:
    """Give the share of all pairs of tasks that are ordered, directly or not; NaN below two tasks."""
    ids = {task.id: at for at, task in enumerate(line.tasks)}
    before = {at: [ids[i] for i in task.after] for at, task in enumerate(line.tasks)}
    reached: dict[int, int] = {}  # each task's predecessors as bits
    for at in TopologicalSorter(before).static_order():
        reached[at] = 0
        for i in before[at]:
            reached[at] |= reached[i] | 1 << i
    pairs = len(ids) * (len(ids) - 1) / 2
    return sum(bits.bit_count() for bits in reached.values()) / pairs if pairs else float("nan")


def _blocks(text: str) -> dict[str, Numbered]:
    """Give the numbered lines under each header, without empty ones."""
    blocks: dict[str, Numbered] = {}
    here: Numbered = []
    for at, line in enumerate(text.split("\n"), start=1):
        said = line.strip()
        if said.startswith("<") and said.endswith(">"):
            here = blocks.setdefault(said.lower(), [])
        elif said:
            here.append((at, said))
    return blocks


def _times(lines: Numbered, count: int, tally: Tally) -> list[float]:
    times: list[float | None] = [None] * count
    for at, line in lines:
        task, _, rest = line.partition(" ")
        time = number_in(rest.strip())
        known = task.isascii() and task.isdigit() and len(task) < 10 and 1 <= int(task) <= count
        if not known or time is None:
            tally.add(TIME, f"line {at}", found=repr(line[:LONGEST_SHOWN]), task=task[:LONGEST_SHOWN])
        if known:
            times[int(task) - 1] = 1.0 if time is None else time
    for task_number, given in enumerate(times, start=1):
        if given is None:
            tally.add(TIME, f"task {task_number}", found="nothing", task=task_number)
    return [1.0 if given is None else given for given in times]


def _cycle(lines: Numbered, tally: Tally) -> float | None:
    at, text = lines[0] if lines else (0, "")
    cycle = number_in(text)
    if lines and cycle is None:
        tally.add(CYCLE, f"line {at}", found=repr(text[:LONGEST_SHOWN]))
    return cycle
