"""Shift files: read and checked; their steps run in parallel, resumed without repeating what is done."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from genba.core.errors import Conflict, InputError, MissingExtra, NotFound, TooLarge
from genba.core.findings import Finding, FindingKind, Severity
from genba.core.inputs import InputFile, input_files
from genba.core.operation import explain
from genba.core.run import ACTIVE, TERMINAL, Run, State
from genba.core.views import Headline
from genba.factory import registry
from genba.factory.checks.shift import check, needs
from genba.factory.factory import Factory
from genba.factory.follow import Foreground
from genba.factory.intake import put
from genba.factory.records.shift import Shift, ShiftStatus, Step, StepStatus
from genba.factory.request import Request
from genba.store.disk import explained

LARGEST = 1 << 20
KEYS = ("title", "defaults", "step")

__all__ = ["Shift", "ShiftRunner", "ShiftStatus", "Step", "StepStatus", "read_shift"]

WRONG_SHIFT = FindingKind("factory.wrong_shift", Severity.ERROR, "{where}: {found}")


def read_shift(path: Path) -> Shift:
    """Read a shift file.

    Raises:
        InputError: with a finding for every fault.
    """
    with explained(path):
        if not path.is_file():
            raise InputError(f"no shift file at {path}", where=str(path))
        if path.stat().st_size > LARGEST:
            raise TooLarge(f"{path}: a shift file has at most {LARGEST} bytes", where=str(path))
        content = path.read_bytes()
    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no TOML file in UTF-8: {error}", where=str(path)) from error
    shift, findings = _understood(document, path)
    if findings:
        messages = "; ".join(finding.message for finding in findings)
        raise InputError(messages, where=str(path), findings=findings)
    return shift


def _understood(document: dict[str, Any], path: Path) -> tuple[Shift, list[Finding]]:
    """Give what a document says as far as it can be understood, and every fault."""
    found = [f"unknown key {key}; allowed are {', '.join(KEYS)}" for key in document if key not in KEYS]
    defaults, entries = document.get("defaults", {}), document.get("step", [])
    if not isinstance(defaults, dict) or not isinstance(entries, list) or not entries:
        found.append("give params as [defaults] and at least one [[step]]")
        defaults, entries = {}, []
    findings = [WRONG_SHIFT.at(path.name, found=fault) for fault in found]
    steps = []
    for position, entry in enumerate(entries, 1):
        try:
            steps.append(_with_defaults(Step.model_validate(entry), defaults, path.parent))
        except ValidationError as error:
            findings.append(WRONG_SHIFT.at(f"step {position}", found=explain(error)))
    shift = Shift(title=str(document.get("title") or path.stem), steps=tuple(steps))
    return shift, [*findings, *check(shift)]


def _with_defaults(step: Step, defaults: dict[str, Any], folder: Path) -> Step:
    """Give a step with the defaults its operation knows, and with paths that start at the file's folder."""
    if step.operation not in registry.operation_names():
        return step  # the check says so
    operation = registry.operation(step.operation)
    known = {name: value for name, value in defaults.items() if name in operation.params.model_fields}
    params = {**known, **step.params}
    try:
        parsed = operation.parse(params)
    except InputError:
        return step.model_copy(update={"params": params})  # the check says what is wrong
    for field, file, _ in input_files(parsed):
        if file.is_local:
            put(params, field, str(folder / file))
    return step.model_copy(update={"params": params})


class ShiftRunner:
    """Brings a shift to its end; made anew after an interruption, it goes on where the record stands."""

    def __init__(self, factory: Factory, shift: Shift, slots: int | None = None) -> None:
        self._factory = factory
        self._shift = shift
        self._steps = {step.name: step for step in shift.steps}
        self._foreground = Foreground(factory, slots)
        self._runs: dict[str, Run] = {}
        self._reused: set[str] = set()
        self._settled: dict[str, StepStatus] = {}

    def step(self, timeout: float = 0.1) -> ShiftStatus:
        """Advance, for at most about `timeout` s, and tell how the shift stands.

        Raises:
            DeviceError: when the disk is full or no worker can be started; the next call tries again.
        """
        for step in self._shift.steps:
            self._begin(step)
        if self._active():
            self._foreground.step(timeout)
        for name, run in self._runs.items():
            if run.state in ACTIVE:
                self._runs[name] = self._factory.run(run.id)
        return self.status()

    def status(self) -> ShiftStatus:
        """Tell how the shift stands, without advancing it."""
        steps = tuple(self._status(step) for step in self._shift.steps)
        done = all(step.state in TERMINAL or step.state == "skipped" for step in steps)
        return ShiftStatus(title=self._shift.title, steps=steps, done=done)

    def cancel(self) -> None:
        """Cancel what is under way; what waits for it is then skipped."""
        for run in self._active():
            self._factory.cancel(run.id)

    def close(self) -> None:
        """Leave; what is under way waits for the next supervisor."""
        self._foreground.close()

    def _active(self) -> list[Run]:
        return [run for run in self._runs.values() if run.state in ACTIVE]

    def _begin(self, step: Step) -> None:
        if step.name in self._runs or step.name in self._settled:
            return
        before = {name: self._status(self._steps[name]) for name in needs(step, self._steps)}
        failed = [(name, status) for name, status in before.items() if _has_failed(status)]
        if failed:
            name, status = failed[0]
            self._settled[step.name] = _without_run(step, "skipped", f"{name}: {status.state}")
        elif all(status.state is State.SUCCEEDED for status in before.values()):
            try:
                self._submit(step)
            except (Conflict, InputError, MissingExtra, NotFound) as error:
                self._settled[step.name] = _without_run(step, State.FAILED, error.message)

    def _submit(self, step: Step) -> None:
        """Take the run that did this work before, or make a new one."""
        request = Request(seed=step.seed, limits=step.limits, shift=self._shift.title, step=step.name)
        taken = self._factory.take(step.operation, self._resolved(step), request)
        run = self._factory.queries.same_work(taken.digest, step.seed)
        if run is None:
            run = self._factory.accept(step.operation, taken, request)
        elif run.state is State.SUCCEEDED:
            self._reused.add(step.name)
        self._foreground.add(run.id)
        self._runs[step.name] = self._factory.run(run.id)

    def _resolved(self, step: Step) -> dict[str, Any]:
        """Give the params with `@step` replaced by `@run`."""
        return {name: self._reference(value) for name, value in step.params.items()}

    def _reference(self, value: Any) -> Any:
        named = InputFile(value).output if isinstance(value, str) else None
        if named is None or named[0] not in self._runs:
            return value
        return f"@{self._runs[named[0]].id}" + (f"/{named[1]}" if named[1] else "")

    def _status(self, step: Step) -> StepStatus:
        if step.name in self._settled:
            return self._settled[step.name]
        run = self._runs.get(step.name)
        if run is None:
            waits = ", ".join(needs(step, self._steps))
            return _without_run(step, "waiting", f"after {waits}" if waits else "")
        status = StepStatus(
            name=step.name,
            operation=step.operation,
            run=run.id,
            state=run.state,
            reason=run.reason,
            fraction=run.fraction,
            message=run.message,
            seconds=run.seconds,
            headline=self._headline(run) if run.state in (State.SUCCEEDED, State.REFUSED) else None,
            reused=step.name in self._reused,
        )
        if run.state in TERMINAL:
            self._settled[step.name] = status
        return status

    def _headline(self, run: Run) -> Headline | None:
        return next(iter(self._factory.headlines(run.id)), None)


def _has_failed(status: StepStatus) -> bool:
    return status.state == "skipped" or (status.state in TERMINAL and status.state is not State.SUCCEEDED)


def _without_run(step: Step, state: Any, reason: str) -> StepStatus:
    return StepStatus(
        name=step.name,
        operation=step.operation,
        run=None,
        state=state,
        reason=reason,
        fraction=None,
        message="",
        seconds=None,
        headline=None,
        reused=False,
    )
