"""Options that commands share, each declared once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from genba.core.run import Limits

ANYWHERE = Group("Everywhere", sort_key=3)
RUN = Group("Run", sort_key=2)
LIMITS = Limits()

RunId = Annotated[str, Parameter(help="Run id, or a beginning that no other run shares.")]


@Parameter(name="*", group=ANYWHERE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where the record is, and whom the answer is for."""

    json: Annotated[
        bool, Parameter(negative="", show_default=False, help="Give one JSON document on stdout.")
    ] = False
    home: Annotated[
        Path | None,
        Parameter(metavar="DIR", help="Home directory. [default: $GENBA_HOME or the data directory]"),
    ] = None


@Parameter(name="*", group=RUN)
@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How one run is requested, whatever its operation."""

    seed: Annotated[int, Parameter(help="Seed of every random choice.")] = 0
    threads: Annotated[int, Parameter(help="Threads of the run.")] = LIMITS.threads
    backend: Annotated[str, Parameter(help="Where arrays live: cpu, or a GPU such as cuda:0.")] = (
        LIMITS.backend
    )
    memory_mib: Annotated[int, Parameter(help="Largest private memory. [MiB]")] = LIMITS.memory_mib
    wall_s: Annotated[int, Parameter(help="Longest wall time. [s]")] = LIMITS.wall_s
    tag: Annotated[
        tuple[str, ...], Parameter(negative="", show_default=False, help="Tag of the run; may be repeated.")
    ] = ()
    note: Annotated[str, Parameter(show_default=False, help="Note kept with the run.")] = ""
    token: Annotated[
        str | None,
        Parameter(help="Idempotency token: the same token and params give the same run, once."),
    ] = None
    detach: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Leave the run to the supervisor of `genba up`."),
    ] = False

    in_process: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Run in this process; nothing is recorded."),
    ] = False

    @property
    def limits(self) -> Limits:
        """Give what an attempt may use, and where."""
        return Limits(
            memory_mib=self.memory_mib, wall_s=self.wall_s, threads=self.threads, backend=self.backend
        )


HERE = Access()
PLAIN = RunOptions()
