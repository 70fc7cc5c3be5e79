"""Making an attempt's directory: the spec, and the input files under the names a user gave them."""

from typing import Any

from genba.core.run import Run, RunSpec
from genba.factory.attempt import AttemptDirectory
from genba.store.artifacts import ArtifactStore
from genba.store.disk import explained


def prepare(directory: AttemptDirectory, run: Run, store: ArtifactStore) -> None:
    """Write what a worker needs to know.

    Raises:
        DeviceError: when the disk is full or cannot be written.
    """
    with explained(directory.path):
        directory.path.mkdir(parents=True, exist_ok=True)
        files = {}
        for file in run.inputs:
            folder = directory.inputs / file.field
            folder.mkdir(parents=True, exist_ok=True)
            link = folder / file.name
            link.symlink_to(store.path(file.sha256))  # a reader may go by the suffix
            files[named_in(run.params, file.field)] = str(link)
        spec = RunSpec(
            run=run.id,
            attempt=run.attempt,
            operation=run.operation,
            params=run.params,
            files=files,
            limits=run.limits,
            seed=run.seed,
            backend=run.limits.backend,
        )
        directory.spec.write_text(spec.model_dump_json(), encoding="utf-8")


def named_in(params: dict[str, Any], path: str) -> str:
    """Give the text at a field path such as `case` or `grid.case`."""
    value: Any = params
    for part in path.split("."):
        value = value[part]
    return str(value)
