"""From what a user asks to what is recorded: params checked, files stored, references resolved."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from genba import __version__
from genba.core.digest import run_digest
from genba.core.errors import Conflict, InputError, NotFound
from genba.core.inputs import InputFile, input_files
from genba.core.operation import Operation
from genba.core.records import Params
from genba.core.run import TERMINAL, ArtifactRef, InputRef, Run, State
from genba.factory import registry
from genba.factory.outputs import PARQUET
from genba.store.artifacts import ArtifactStore
from genba.store.queries import Queries

LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Taken:
    """A request whose files are stored: what the record needs of it."""

    params: dict[str, Any]
    inputs: tuple[InputRef, ...]
    digest: str


class Intake:
    """Takes requests in."""

    def __init__(self, queries: Queries, artifacts: ArtifactStore) -> None:
        self._queries = queries
        self._artifacts = artifacts

    def take(self, operation: Operation[Any, Any], params: Mapping[str, Any], *, local_files: bool) -> Taken:
        """Check params and store the files they name.

        Raises:
            InputError: when params or a local file are wrong.
            NotFound: when a run, an output, an artifact or a catalogue entry does not exist.
            Conflict: when a run whose output is named has not succeeded.
        """
        parsed = operation.parse(dict(params), local_files=local_files)
        plain: dict[str, Any] = parsed.model_dump(mode="json")
        by_content = parsed.model_dump(mode="json")
        inputs = []
        for field, file, default in input_files(parsed):
            name, ref = self._store(field, file, default)
            inputs.append(ref)
            put(plain, field, name)
            put(by_content, field, f"sha256:{ref.sha256}")  # the same content is the same work
        digests = {ref.field: ref.sha256 for ref in inputs}
        digest = run_digest(operation.name, by_content, digests, version=__version__)
        return Taken(plain, tuple(inputs), digest)

    def _store(self, field: str, file: InputFile, default: str | None) -> tuple[str, InputRef]:
        """Give the lasting name of a file, and its reference."""
        if file.is_artifact:
            return str(file), self._artifact(field, file.removeprefix("sha256:"))
        if file.output is not None:
            return self._output(field, *file.output, default)
        path = _path(field, file)
        name = str(path) if file.is_local else str(file)
        stored = self._artifacts.put_file(path)
        return name, InputRef(
            field=field, name=safe_name(path.name), sha256=stored.sha256, bytes=stored.bytes
        )

    def _artifact(self, field: str, sha256: str) -> InputRef:
        known = self._queries.artifact(sha256)
        if known is None:
            raise NotFound(f"{field}: sha256:{sha256} is not stored here; upload it first", where=field)
        return InputRef(field=field, name=known.name, sha256=sha256, bytes=known.bytes)

    def _output(self, field: str, prefix: str, name: str | None, default: str | None) -> tuple[str, InputRef]:
        run = self._queries.run(prefix)
        if run.state is not State.SUCCEEDED:
            wait = "its outputs cannot be used" if run.state in TERMINAL else "wait until it has succeeded"
            raise Conflict(f"{field}: run {run.id} is {run.state}; {wait}", where=field)
        output = _named(field, run, name or default)
        suffix = ".parquet" if output.media_type == PARQUET else ""
        ref = InputRef(field=field, name=f"{output.name}{suffix}", sha256=output.sha256, bytes=output.bytes)
        return f"@{run.id}/{output.name}", ref


def safe_name(name: str) -> str:
    """Give a file name without anything that could leave its directory or confuse a terminal."""
    last = PurePosixPath(name.replace("\\", "/")).name
    kept = "".join(letter for letter in last if letter.isprintable() and letter != "/")
    while len(kept.encode()) > LONGEST_NAME:
        kept = kept[1:]  # the suffix says what it is
    return kept if kept.strip(".") else "file"


def _named(field: str, run: Run, name: str | None) -> ArtifactRef:
    found = next((output for output in run.artifacts if output.name == name), None)
    if found is None:
        offered = ", ".join(output.name for output in run.artifacts) or "none"
        if name is None:
            raise InputError(f"{field}: write @{run.id}/ and one of its outputs: {offered}", where=field)
        raise NotFound(f"{field}: run {run.id} has no output {name!r}; it has: {offered}", where=field)
    return found


def find_local(params: Params) -> None:
    """Look whether the paths and catalogue entries that params name exist.

    Raises:
        InputError: when a path leads to no file.
        NotFound: when there is no such catalogue entry.
        MissingExtra: when the package that brings a catalogue is not installed.
    """
    for field, file, _ in input_files(params):
        if file.is_local or file.catalogue is not None:
            _path(field, file)


def _path(field: str, file: InputFile) -> Path:
    path = Path(file).absolute() if file.is_local else _catalogue_path(file)
    if not path.is_file():
        found = "something that is no regular file" if path.exists() else "nothing"
        raise InputError(f"{field}: found {found} at {path}; give the path of a file", where=field)
    return path


def _catalogue_path(file: InputFile) -> Path:
    scheme, _ = file.catalogue or ("", "")
    lines = registry.domains()
    line = next((line for line in lines if scheme in line.catalogues), None)
    if line is None:
        offered = ", ".join(scheme for line in lines for scheme in line.catalogues)
        raise NotFound(f"no catalogue {scheme!r}; there are: {offered}", where=str(file))
    return line.catalogue_path(file)


def put(values: dict[str, Any], path: str, value: str) -> None:
    """Set the value at a field path such as `case` or `grid.case`."""
    holder, last = _holder(values, path)
    holder[last] = value


def same_content(run: Run) -> dict[str, Any]:
    """Give the params of a run with its local files named by content, whatever their paths hold by now."""
    params = deepcopy(run.params)
    for ref in run.inputs:
        holder, last = _holder(params, ref.field)
        if InputFile(holder[last]).is_local:
            holder[last] = f"sha256:{ref.sha256}"
    return params


def _holder(values: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """Give the record that holds a field, and the field's own name."""
    *parents, last = path.split(".")
    for parent in parents:
        values = values[parent]
    return values, last
