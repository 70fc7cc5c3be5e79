"""Plain lines on how far a command is, for streams that no person watches; at most one a second."""

import time
from collections.abc import Callable

from genba.faces.cli.terminal import remark

LINE_EVERY = 1.0
"""Fewest seconds between two plain progress lines."""


def tell_lines(operation: str) -> Callable[[float, str], None]:
    """Give what tells how far an operation is."""
    say = every_second()

    def tell(fraction: float, message: str) -> None:
        say(f"{operation}  {fraction:4.0%}  {message}", at_once=False)

    return tell


def every_second() -> Callable[..., None]:
    """Give what writes a line unless it is the last one again, or comes too soon and need not be at once."""
    said, when = "", -LINE_EVERY

    def say(line: str, *, at_once: bool) -> None:
        nonlocal said, when
        now = time.monotonic()
        if line != said and (now - when >= LINE_EVERY or at_once):
            said, when = line, now
            remark(line)

    return say
