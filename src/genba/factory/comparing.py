"""Two runs side by side, flattened to places that are equal or differ."""

from collections.abc import Iterator
from typing import Any

from genba.core.columns import Cell
from genba.core.run import Attempt, Run
from genba.factory.answers import Comparison, Difference


def compare(
    left: Run, left_attempts: tuple[Attempt, ...], right: Run, right_attempts: tuple[Attempt, ...]
) -> Comparison:
    """Give what differs between two runs, and how much is equal."""
    first = dict(_places(left, left_attempts))
    second = dict(_places(right, right_attempts))
    paths = list(dict.fromkeys((*first, *second)))
    rows = tuple(
        Difference(path=path, left=first.get(path), right=second.get(path))
        for path in paths
        if first.get(path) != second.get(path)
    )
    return Comparison(left=left.id, right=right.id, rows=rows, same=len(paths) - len(rows))


def _places(run: Run, attempts: tuple[Attempt, ...]) -> Iterator[tuple[str, Cell]]:
    yield "operation", run.operation
    yield "state", run.state.value
    yield "seed", run.seed
    yield from _flat("params", run.params)
    for file in run.inputs:
        yield f"inputs.{file.field}", file.sha256
    yield from _flat("result", run.result)
    for claim in run.certificate.claims if run.certificate else ():
        yield f"claims.{claim.name}.value", claim.value
        yield f"claims.{claim.name}.holds", claim.holds
    yield from _flat("versions", attempts[-1].versions if attempts else {})
    yield "seconds", run.seconds


def _flat(path: str, value: Any) -> Iterator[tuple[str, Cell]]:
    if isinstance(value, dict) and {"artifact", "rows", "head"} <= set(value):
        yield f"{path}.rows", value["rows"]  # a table: its size, and whether its content is the same
        yield f"{path}.artifact", value["artifact"]
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from _flat(f"{path}.{name}", entry)
    elif isinstance(value, list | tuple):
        for position, entry in enumerate(value):
            yield from _flat(f"{path}.{position}", entry)
    else:
        yield path, value
