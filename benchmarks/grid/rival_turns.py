"""Let tools take turns and give median process CPU seconds, or seconds on the wall."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any


def cpu(function: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> tuple[float, Any]:
    """Give the seconds of a call, of CPU time by default, garbage collected before it, and what it gave."""
    gc.collect()
    start = clock()
    found = function()
    return clock() - start, found


def medians(
    tools: Mapping[str, Callable[[], Any]],
    repeats: int,
    *,
    once: float = 20.0,
    clock: Callable[[], float] = time.process_time,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Give median seconds and the last result of each tool.

    Arguments:
        tools: what to call, by name; they take turns.
        repeats: calls of each.
        once: a tool whose first call took longer, in seconds, is not called again.
        clock: gives seconds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    results: dict[str, Any] = {}
    for _ in range(repeats):
        for name, tool in tools.items():
            if not seconds[name] or seconds[name][0] < once:
                spent, results[name] = cpu(tool, clock)
                seconds[name].append(spent)
    return {name: statistics.median(times) for name, times in seconds.items()}, results
