"""Let tools take turns and give median process CPU seconds."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any


def cpu(function: Callable[[], Any]) -> tuple[float, Any]:
    """Give the process CPU seconds of a call, garbage collected before it, and what it gave."""
    gc.collect()
    start = time.process_time()
    found = function()
    return time.process_time() - start, found


def medians(
    tools: Mapping[str, Callable[[], Any]], repeats: int, *, once: float = 20.0
) -> tuple[dict[str, float], dict[str, Any]]:
    """Give median CPU seconds and the last result of each tool.

    Arguments:
        tools: what to call, by name; they take turns.
        repeats: calls of each.
        once: a tool whose first call took longer, in CPU seconds, is not called again.
    """
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    results: dict[str, Any] = {}
    for _ in range(repeats):
        for name, tool in tools.items():
            if not seconds[name] or seconds[name][0] < once:
                spent, results[name] = cpu(tool)
                seconds[name].append(spent)
    return {name: statistics.median(times) for name, times in seconds.items()}, results
