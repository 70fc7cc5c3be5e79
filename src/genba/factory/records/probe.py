"""Params and Result of `factory.probe`."""

from typing import Annotated, Literal

from pydantic import Field

from genba.core.inputs import Accepts, InputFile
from genba.core.records import Params, Result
from genba.core.units import MiB, One, Second

STEP_S = 0.05


class ProbeParams(Params):
    """What the rehearsed work does, and how it ends."""

    seconds: Annotated[Second, Field(ge=0, le=86_400)] = 0.0
    """How long to wait, in steps of 0.05 s, each reported and checkpointed."""
    memory: Annotated[MiB, Field(ge=0, le=1_048_576)] = 0.0
    """Memory to hold while waiting."""
    file: Annotated[InputFile, Accepts(output="echo")] | None = None
    """A file to read and to give back as the output `echo`."""
    ending: Literal["succeed", "refuse", "fail", "crash", "hang"] = "succeed"
    """`refuse` states a wrong sum, `fail` raises, `crash` aborts, `hang` ignores being stopped."""


class ProbeResult(Result):
    """What the rehearsal states."""

    outcome: Literal["rehearsed"]
    """`rehearsed`: the work was done as asked."""
    steps: int
    """Steps waited."""
    total: One
    """Sum of the step numbers from 1; the certificate computes it in closed form."""
    bytes_read: int
    """Length of the file."""
