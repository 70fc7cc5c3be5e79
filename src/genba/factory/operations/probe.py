"""`factory.probe`: rehearse the engine with work that waits, holds memory and ends as asked."""

import os
import signal
import time
from itertools import count
from math import ceil

from genba.core.context import Context
from genba.core.operation import operation
from genba.factory.certify.probe import certify_probe
from genba.factory.records.probe import STEP_S, ProbeParams, ProbeResult
from genba.factory.views.probe import view_probe

MIB = 1 << 20
PAGE = 4096


@operation("factory.probe", certify=certify_probe, views=view_probe, example="--seconds 1")
def probe(params: ProbeParams, ctx: Context) -> ProbeResult:
    """Rehearse the engine: wait, hold memory, read a file, then end as asked.

    Operators rehearse alarms with it; the engine's tests and benchmarks run it.

    >>> import genba.factory
    >>> genba.factory.probe(seconds=0.1).result.outcome
    'rehearsed'
    """
    held = _hold(params.memory)
    content = ctx.path(params.file).read_bytes() if params.file else b""
    if params.file:
        ctx.artifacts.write("echo", content, "application/octet-stream")
    steps = ceil(params.seconds / STEP_S)
    total = _wait(steps, ctx)
    _end(params.ending)
    del held
    wrong = 1.0 if params.ending == "refuse" else 0.0
    return ProbeResult(outcome="rehearsed", steps=steps, total=total + wrong, bytes_read=len(content))


def _hold(mebibytes: float) -> bytearray:
    held = bytearray(int(mebibytes * MIB))
    for page in range(0, len(held), PAGE):
        held[page] = 1  # memory is only ours once it is written
    return held


def _wait(steps: int, ctx: Context) -> float:
    saved = ctx.checkpoint.load()
    done, total = (int(part) for part in saved.split()) if saved else (0, 0)
    while done < steps:
        time.sleep(STEP_S)
        done += 1
        total += done
        ctx.checkpoint.save(b"%d %d" % (done, total))
        ctx.progress(done / steps, f"step {done} of {steps}")
    return float(total)


def _end(ending: str) -> None:
    if ending == "fail":
        raise RuntimeError("the probe was asked to fail")
    if ending == "crash":
        os.abort()
    if ending == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for _ in count():
            time.sleep(STEP_S)
