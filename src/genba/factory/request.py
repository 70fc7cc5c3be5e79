"""What is asked of the factory besides an operation's params."""

from typing import Annotated

from pydantic import Field

from genba.core.records import Record
from genba.core.run import Limits, State
from genba.core.ulid import ALPHABET

Tag = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f,]+$")]
PAGE = 500
CURSOR = f"^[{ALPHABET}]{{26}}$"
"""The id of the last run of a page."""
LONGEST_NOTE = 10_000


class Request(Record):
    """How a run is to be made and remembered."""

    token: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The same token with the same params gives the same run, however often it is sent."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    limits: Limits = Limits()
    tags: Annotated[tuple[Tag, ...], Field(max_length=50)] = ()
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    parent: str | None = None
    """The run that this one changes."""
    shift: str | None = None
    step: str | None = None
    ephemeral: bool = False
    """Whether the record is deleted an hour after the end."""
    local_files: bool = True
    """Whether params may name paths of this machine; servers say no."""


class RunQuery(Record):
    """Which runs to list, newest first."""

    states: tuple[State, ...] = ()
    """Any of these; all when empty."""
    operation: str | None = None
    tag: str | None = None
    shift: str | None = None
    cursor: Annotated[str, Field(pattern=CURSOR)] | None = None
    """`next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=PAGE)] = 50


PLAIN = Request()
NEWEST = RunQuery()
