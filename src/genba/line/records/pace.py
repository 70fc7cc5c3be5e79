"""How fast a line must run: net working time, takt, and the cycle that is planned on; takt and cycle apart.

takt = net working time of a day / good units needed in a day. planned cycle = takt x allowance, unless it is
given outright.
"""

import datetime as dt

from genba.line.records.line import Line, Shift, Task

DAY = 86_400


def of_day(moment: dt.time) -> float:
    """Give the seconds since midnight."""
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6


def length(start: dt.time, end: dt.time) -> float:
    """Give the seconds from a time of day to the next that reads `end`; a whole day where both are equal."""
    return (of_day(end) - of_day(start)) % DAY or DAY


def span(shift: Shift) -> tuple[float, float]:
    """Give start and end of a shift in seconds since the midnight before it; the end may pass 86,400."""
    start = of_day(shift.start)
    return start, start + length(shift.start, shift.end)


def pauses(shift: Shift) -> tuple[tuple[float, float], ...]:
    """Give start and end of each break on the scale of the shift's `span`, cut to the shift, in order."""
    first, last = span(shift)
    found = []
    for pause in shift.breaks:
        start = first + (of_day(pause.start) - first) % DAY
        end = start + (of_day(pause.end) - of_day(pause.start)) % DAY
        found.append((min(start, last), min(end, last)))
    return tuple(sorted(found))


def working(shift: Shift) -> float:
    """Give the seconds of a shift without its breaks; where breaks overlap they count once."""
    first, last = span(shift)
    net, until = last - first, first
    for start, end in pauses(shift):
        net -= max(0.0, end - max(start, until))
        until = max(until, end)
    return net


def net_time(line: Line) -> float:
    """Give the net working time of a day, all shifts together, s."""
    return sum(working(shift) for shift in line.shifts)


def off_times(line: Line) -> tuple[tuple[float, float], ...]:
    """Give when nobody works within a day that begins with the first shift, s from then."""
    spans = sorted((span(shift), pauses(shift)) for shift in line.shifts)
    if not spans:
        return ()
    begin, until, found = spans[0][0][0], 0.0, list[tuple[float, float]]()
    for (first, last), breaks in spans:
        found += [(until, first - begin), *((start - begin, end - begin) for start, end in breaks)]
        until = last - begin
    return _joined([*found, (until, float(DAY))])


def _joined(times: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Give times in order, those that touch made one, and none of no length."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(time for time in times if time[1] > time[0]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def takt(line: Line) -> float | None:
    """Give the time in which each unit is needed, s; none where demand or working time is not known."""
    needed, available = line.demand.per_day, net_time(line)
    return available / needed if needed is not None and needed > 0 and available > 0 else None


def planned_cycle(line: Line) -> float | None:
    """Give the cycle to plan for, s; none where neither it nor a takt is known."""
    if line.demand.cycle is not None:
        return line.demand.cycle
    pace = takt(line)
    return None if pace is None else pace * line.demand.allowance


def time_of(task: Task, product: str) -> float:
    """Give the time of a task on one product, s."""
    return task.times.get(product, task.time)


def longest(task: Task, line: Line) -> float:
    """Give the largest time of a task among the products that are made, s."""
    made = [product.id for product in line.products if product.share > 0]
    return max((time_of(task, product) for product in made), default=task.time)


def average(task: Task, line: Line) -> float:
    """Give the time of a task on the average unit, products weighted by share, s."""
    if not task.times or not line.products:
        return task.time
    return sum(product.share * time_of(task, product.id) for product in line.products)
