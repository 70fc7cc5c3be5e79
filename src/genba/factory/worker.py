"""What happens inside a worker: read the spec, perform the operation, leave the outcome."""

import logging
import os
import platform
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from genba import __version__
from genba.core.context import Context
from genba.core.envelope import fault_of
from genba.core.errors import DeviceError, GenbaError, InputError
from genba.core.findings import Finding
from genba.core.inputs import InputFile
from genba.core.operation import Outcome
from genba.core.run import Fault, RunSpec
from genba.factory import processes, registry
from genba.factory.attempt import AttemptDirectory, AttemptOutcome
from genba.factory.outputs import CheckpointFile, OutputFolder
from genba.factory.progress import ProgressFile
from genba.store.artifacts import ArtifactStore
from genba.store.disk import write_durably

STACK = 512 * 1024
PACKAGES = ("duckdb", "highspy", "numpy", "pydantic", "scipy")

logger = logging.getLogger(__name__)


def preload(operations: Iterable[str]) -> None:
    """Import what some operations need, before any worker is forked."""
    for name in operations:
        try:
            operation = registry.operation(name)
            for record in (RunSpec, AttemptOutcome, operation.params, operation.result):
                record.model_rebuild(force=True)  # else every worker builds its validators anew
        except Exception:  # whatever is wrong with one operation is reported by its own runs
            logger.exception("%s could not be imported", name)
    versions()


def work(spec_path: Path, lifeline: int) -> int:
    """Perform one attempt; gives the exit status of the worker."""
    began = time.monotonic()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    threading.stack_size(STACK)  # the memory limit counts stacks as well
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    threading.Thread(target=_die_at_end_of, args=(lifeline,), daemon=True).start()
    spec = RunSpec.model_validate_json(spec_path.read_bytes())
    directory = AttemptDirectory(spec_path.parents[3], spec.run, spec.attempt)
    directory.worker.write_text(processes.identity(os.getpid()) or "", encoding="ascii")
    os.environ[processes.MARK] = directory.key  # what it starts inherits it; its own was fixed by the fork
    progress = ProgressFile(directory)
    threading.Thread(target=progress.beat, daemon=True).start()
    outputs = OutputFolder(directory.outputs)
    context = Context(
        backend=spec.backend,
        threads=spec.limits.threads,
        seed=spec.seed,
        path=_paths(spec.files),
        report=progress.report,
        cancelled=stop.is_set,
        checkpoint=CheckpointFile(directory.checkpoint),
        artifacts=outputs,
    )
    outcome = _attempt(spec, context, outputs)
    progress.flush()
    update = {"seconds": round(time.monotonic() - began, 6)}
    timed = _within(directory.path, outcome).model_copy(update=update)
    write_durably(directory.outcome, timed.model_dump_json().encode())
    return 0


def _attempt(spec: RunSpec, context: Context, outputs: OutputFolder) -> AttemptOutcome:
    try:
        return _performed(spec, context, outputs)
    except GenbaError as error:
        logger.error("%s", error.message)
        more = (finding for finding in error.findings if finding not in context.findings)
        return _failed(spec, fault_of(error), (*context.findings, *more))
    except MemoryError:
        _lift_memory_limit()
        traceback.print_exc()
        limit = f"memory limit of {spec.limits.memory_mib} MiB reached; allow more or study a smaller case"
        return _failed(spec, fault_of(DeviceError(limit)))
    except Exception as error:  # the boundary: whatever an operation raises becomes data
        traceback.print_exc()
        last = traceback.format_exception_only(error)[-1].strip()
        return _failed(spec, Fault(code="error", message=last))


def _performed(spec: RunSpec, context: Context, outputs: OutputFolder) -> AttemptOutcome:
    operation = registry.operation(spec.operation)
    done: Outcome[Any] = operation.perform(operation.params.model_validate(spec.params), context)
    result = done.result.model_dump(mode="json", context={"save_table": outputs.save_table})
    return AttemptOutcome(
        run=spec.run,
        attempt=spec.attempt,
        result=result,
        claims=done.certificate.claims,
        findings=done.findings,
        outputs=outputs.written(),
        versions=versions(),
    )


def _failed(spec: RunSpec, fault: Fault, findings: tuple[Finding, ...] = ()) -> AttemptOutcome:
    return AttemptOutcome(
        run=spec.run, attempt=spec.attempt, findings=findings, error=fault, versions=versions()
    )


def _within(place: Path, outcome: AttemptOutcome) -> AttemptOutcome:
    """Name files of the attempt from there on: where it lies is no business of who asked."""

    def told(text: Any) -> Any:
        return text.replace(f"{place}/", "") if isinstance(text, str) else text

    findings = []
    for finding in outcome.findings:
        arguments = {name: told(value) for name, value in finding.arguments.items()}
        update = {"where": told(finding.where), "message": told(finding.message), "arguments": arguments}
        findings.append(finding.model_copy(update=update))
    error = outcome.error
    if error is not None:
        update = {"message": told(error.message), "where": told(error.where)}
        error = error.model_copy(update=update)
    return outcome.model_copy(update={"findings": tuple(findings), "error": error})


def _paths(files: Mapping[str, str]) -> Callable[[InputFile], Path]:
    """Give the function that finds an input file and checks that it is what was asked for."""

    def path(file: InputFile) -> Path:
        if file not in files:
            raise InputError(f"{file} is not an input of this run", where=str(file))
        link = Path(files[file])
        ArtifactStore(link.resolve().parents[2]).checked(link.resolve().name)
        return link

    return path


def _lift_memory_limit() -> None:
    """Give back what is needed to write down that the limit was reached."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _die_at_end_of(lifeline: int) -> None:
    """End the whole process group when the supervisor, which alone can write to the pipe, is gone."""
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


@cache
def versions() -> dict[str, str]:
    """Give the versions of genba, Python and the numerical packages that are installed."""
    found = {"genba": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
