"""A shift: several operations with dependencies, run and resumed together; and how one stands."""

from typing import Annotated, Any, Literal

from pydantic import Field

from genba.core.records import Record
from genba.core.run import Limits, State
from genba.core.views import Headline

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class Step(Record):
    """One operation of a shift."""

    name: Name
    operation: str
    params: dict[str, Any] = {}
    """Params of the operation; `@other/output` names an output of another step."""
    after: tuple[Name, ...] = ()
    """Steps that must have succeeded first, besides those whose outputs are used."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    limits: Limits = Limits()


class Shift(Record):
    """What a shift file says, defaults and paths resolved."""

    title: str
    steps: tuple[Step, ...]


class StepStatus(Record):
    """How one step stands."""

    name: str
    operation: str
    run: str | None
    """Its run; null before it has one."""
    state: State | Literal["waiting", "skipped"]
    reason: str
    """Why it waits, was skipped or ended as it did."""
    fraction: float | None
    """Share of the work done, 0 to 1."""
    message: str
    seconds: float | None
    """Wall time of the work, s."""
    headline: Headline | None
    """The first value of its result."""
    reused: bool
    """Whether the work had been done before, so that nothing was repeated."""


class ShiftStatus(Record):
    """How a shift stands."""

    title: str
    steps: tuple[StepStatus, ...]
    done: bool
    """Whether nothing more will happen."""

    @property
    def succeeded(self) -> bool:
        """Whether every step has succeeded."""
        return all(step.state is State.SUCCEEDED for step in self.steps)
