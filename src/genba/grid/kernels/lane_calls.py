"""A kernel called again and again with arguments of the same types."""

from collections.abc import Callable
from typing import Any

from numba import typeof


def resolved(kernel: Callable[..., Any], arguments: tuple[Any, ...]) -> Callable[..., Any]:
    """Give the machine code of a kernel that has just been called with these arguments.

    A call of a kernel looks at the type of every array that it is given, those in named tuples too: of some
    fifty that takes twice as long as handing them over. The code that is given here only hands over, and
    must be given arrays of the same number type, dimensions and layout ever after.
    """
    dispatcher: Any = kernel
    known = list(dispatcher.overloads.values())
    if len(known) == 1:  # then it was the one that served the call
        code: Callable[..., Any] = known[0].entry_point
        return code
    types: Callable[[Any], Any] = typeof
    served: Callable[..., Any] = dispatcher.compile(tuple(types(argument) for argument in arguments))
    return served


__all__ = ["resolved"]
