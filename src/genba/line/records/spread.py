"""How long something takes: one value, or a distribution of it."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict

from genba.core.records import Record
from genba.core.units import One, Second

Kind = Literal[
    "deterministic", "exponential", "normal", "lognormal", "gamma", "weibull", "triangular", "empirical"
]


class Part(Record):
    """A record of the line; not-a-number and infinities are let in, so that checks can say where they are."""

    model_config = ConfigDict(allow_inf_nan=True)


class Time(Part):
    """A time that may vary: a kind of distribution and the numbers which that kind needs.

    deterministic and exponential: `mean`. normal, lognormal, gamma and weibull: `mean` and `cv`; the normal
    is cut off at 0, and both numbers are those before the cut. triangular: `low`, `mode`, `high`. empirical:
    `values`, each as likely as any other.
    """

    kind: Kind
    """Distribution."""
    mean: Second | None = None
    """Mean; where a station's mean is left out it is the sum of its tasks' times."""
    cv: One = 0.0
    """Standard deviation over mean."""
    low: Second | None = None
    """Shortest time of a triangular distribution."""
    mode: Second | None = None
    """Most likely time of a triangular distribution."""
    high: Second | None = None
    """Longest time of a triangular distribution."""
    values: tuple[Second, ...] = ()
    """Times that were observed."""


def _fixed(given: Any) -> Any:
    """Take a bare number for a time that does not vary."""
    return {"kind": "deterministic", "mean": given} if isinstance(given, int | float) else given


def _memoryless(given: Any) -> Any:
    """Take a bare number for the mean of an exponential time."""
    return {"kind": "exponential", "mean": given} if isinstance(given, int | float) else given


Work = Annotated[Time, BeforeValidator(_fixed)]
"""A time of work; a bare number does not vary."""
Memoryless = Annotated[Time, BeforeValidator(_memoryless)]
"""A time between or during failures; a bare number is the mean of an exponential time."""
