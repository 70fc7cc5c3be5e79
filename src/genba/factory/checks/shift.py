"""All faults of a shift in one pass: names, operations, dependencies and params."""

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from genba.core.errors import GenbaError
from genba.core.findings import Finding, FindingKind, Severity
from genba.core.inputs import OUTPUT
from genba.factory import registry
from genba.factory.intake import find_local
from genba.factory.records.shift import Shift, Step

DUPLICATE_STEP = FindingKind(
    "factory.duplicate_step", Severity.ERROR, "step {name} is defined {count} times; give each its own name"
)
UNKNOWN_OPERATION = FindingKind(
    "factory.unknown_operation", Severity.ERROR, "{where}: no operation {operation}; there are: {offered}"
)
UNKNOWN_STEP = FindingKind(
    "factory.unknown_step", Severity.ERROR, "{where}: no step or run {name}; the steps are: {offered}"
)
CYCLE = FindingKind(
    "factory.cycle", Severity.ERROR, "steps wait for each other: {path}; remove one of these dependencies"
)
WRONG_PARAMS = FindingKind("factory.wrong_params", Severity.ERROR, "{where}: {found}")

RUN_PREFIX = re.compile(r"[0-9A-HJKMNP-TV-Z]{8,26}")


def check(shift: Shift) -> tuple[Finding, ...]:
    """Give every fault of a shift."""
    return (*_names(shift), *_steps(shift), *_dependencies(shift), *_cycles(shift))


def references(step: Step) -> tuple[str, ...]:
    """Give what a step's params name before the slash of `@name/output`: a step or a run."""
    texts = (value for value in step.params.values() if isinstance(value, str))
    return tuple(match["run"] for text in texts if (match := OUTPUT.fullmatch(text)))


def needs(step: Step, steps: Mapping[str, Step]) -> tuple[str, ...]:
    """Give the steps that must have succeeded before this one."""
    used = (name for name in references(step) if name in steps)
    return tuple(dict.fromkeys((*step.after, *used)))


def _names(shift: Shift) -> Iterator[Finding]:
    names = [step.name for step in shift.steps]
    for name in dict.fromkeys(names):
        if (count := names.count(name)) > 1:
            yield DUPLICATE_STEP.at(f"step {name}", name=name, count=count)


def _steps(shift: Shift) -> Iterator[Finding]:
    for step in shift.steps:
        where = f"step {step.name}"
        if step.operation not in registry.operation_names():
            offered = ", ".join(registry.operation_names())
            yield UNKNOWN_OPERATION.at(where, operation=step.operation, offered=offered)
            continue
        try:
            operation = registry.operation(step.operation)
            find_local(operation.parse(step.params))
        except GenbaError as error:
            yield WRONG_PARAMS.at(where, found=error.message)


def _dependencies(shift: Shift) -> Iterator[Finding]:
    names = {step.name for step in shift.steps}
    offered = ", ".join(sorted(names))
    for step in shift.steps:
        runs = {name for name in references(step) if RUN_PREFIX.fullmatch(name.upper())}
        for name in dict.fromkeys((*step.after, *references(step))):
            if name not in names and name not in runs:
                yield UNKNOWN_STEP.at(f"step {step.name}", name=name, offered=offered)


def _cycles(shift: Shift) -> Iterator[Finding]:
    steps = {step.name: step for step in shift.steps}
    sorter = TopologicalSorter({name: needs(step, steps) for name, step in steps.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        path = " -> ".join(reversed(error.args[1]))
        yield CYCLE.at(f"step {error.args[1][0]}", path=path)
