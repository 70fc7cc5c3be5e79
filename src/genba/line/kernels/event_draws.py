"""The next number of a stream: a constant, a given one, or one out of a random block."""

import numpy as np

import genba.line.kernels.event_cells as at
from genba.line.kernels.event_cells import Cells, Numbers
from genba.line.kernels.event_world import CONSTANT, DRAWS_SPENT, GIVEN, UNIFORM
from genba.line.kernels.laws import ROW
from genba.line.kernels.random_blocks import DRAWS, draw_block, uniform_block
from genba.num.jit import inlined, kernel


@inlined
def draw(m: Cells, x: Numbers, stream: int) -> float:
    """Give a stream's next draw; the run ends when given draws are used up."""
    n = m[stream + at.STREAM_USED]
    m[stream + at.STREAM_USED] = n + 1
    kind = m[stream + at.STREAM_KIND]
    if kind == CONSTANT:
        return float(x[stream + at.STREAM_VALUE])
    if kind == GIVEN:
        if n >= m[stream + at.STREAM_COUNT]:
            m[at.STATUS] = DRAWS_SPENT
            return 0.0
        return float(x[m[stream + at.STREAM_BEGIN] + n])
    place = n % DRAWS
    if place == 0:
        fill(m, x, stream, n // DRAWS)
    return float(x[stream + at.STREAM_BLOCK + place])


@kernel
def fill(m: Cells, x: Numbers, stream: int, block: int) -> None:
    """Draw a block of a stream."""
    begin = stream + at.STREAM_BLOCK
    out = x[begin : begin + DRAWS]
    key = m[m[at.KEY] : m[at.KEY] + 2].view(np.uint64)
    number, purpose = m[stream + at.STREAM_NUMBER], m[stream + at.STREAM_PURPOSE]
    if m[stream + at.STREAM_KIND] == UNIFORM:
        uniform_block(out, key, m[at.REPLICATION], number, purpose, block)
    else:
        law = x[m[stream + at.STREAM_LAW] : m[stream + at.STREAM_LAW] + ROW]
        table = x[m[at.TABLE] : m[at.TABLE_END]]
        draw_block(out, key, m[at.REPLICATION], number, purpose, block, law, table)


__all__ = ["draw", "fill"]
