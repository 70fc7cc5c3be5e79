"""The directory of an attempt: what an engine puts there, and what the worker leaves behind."""

from pathlib import Path
from typing import Any

from genba.core.certificate import Claim
from genba.core.findings import Finding
from genba.core.records import Record
from genba.core.run import ArtifactRef, Fault


class AttemptOutcome(Record):
    """`outcome.json`: written last, so that where it is, everything else is complete."""

    run: str
    attempt: int
    result: dict[str, Any] | None = None
    claims: tuple[Claim, ...] | None = None
    findings: tuple[Finding, ...] = ()
    outputs: tuple[ArtifactRef, ...] = ()
    error: Fault | None = None
    seconds: float = 0.0
    """Wall time in the worker, certificate included, s."""
    versions: dict[str, str] = {}


class AttemptDirectory:
    """`<home>/runs/<run>/a<attempt>`."""

    def __init__(self, home: Path, run: str, attempt: int) -> None:
        self.run_path = home / "runs" / run
        self.path = self.run_path / f"a{attempt}"
        self.key = f"{run}-a{attempt}"

    @property
    def spec(self) -> Path:
        """What the worker is to do."""
        return self.path / "spec.json"

    @property
    def worker(self) -> Path:
        """Identity of the worker, written by itself before its work begins."""
        return self.path / "worker"

    @property
    def progress(self) -> Path:
        """Progress, one JSON object a line."""
        return self.path / "progress.jsonl"

    def told_at(self) -> int:
        """Give when progress was last told, ns UTC; 0 when there is none, or no longer."""
        try:
            return self.progress.stat().st_mtime_ns
        except OSError:
            return 0

    @property
    def heartbeat(self) -> Path:
        """Touched every second while the worker lives."""
        return self.path / "heartbeat"

    @property
    def log(self) -> Path:
        """What the worker printed."""
        return self.path / "log.txt"

    @property
    def outcome(self) -> Path:
        """How it ended."""
        return self.path / "outcome.json"

    @property
    def inputs(self) -> Path:
        """Links to the input files, under the names a user gave them."""
        return self.path / "inputs"

    @property
    def outputs(self) -> Path:
        """Files that the run makes."""
        return self.path / "outputs"

    @property
    def checkpoint(self) -> Path:
        """What the next attempt goes on from; shared by all attempts of a run."""
        return self.run_path / "checkpoint"

    def output(self, name: str) -> Path:
        """Give the file of one output."""
        return self.outputs / name
