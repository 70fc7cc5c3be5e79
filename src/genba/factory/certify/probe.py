"""Certificate of `factory.probe`."""

from math import ceil

from genba.core.certificate import Certificate, equal
from genba.core.context import Context
from genba.factory.records.probe import STEP_S, ProbeParams, ProbeResult


def certify_probe(params: ProbeParams, result: ProbeResult, ctx: Context) -> Certificate:
    """Check the steps, their sum and the length of the file."""
    steps = ceil(params.seconds / STEP_S)
    length = ctx.path(params.file).stat().st_size if params.file else 0
    return Certificate(
        claims=(
            equal("steps", result.steps, expected=steps, method="Waiting time over the length of a step."),
            equal("total", result.total, expected=steps * (steps + 1) / 2, method="Gauss's closed form."),
            equal("bytes_read", result.bytes_read, expected=length, method="Length that the disk gives."),
        )
    )
