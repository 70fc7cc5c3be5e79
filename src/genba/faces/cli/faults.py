"""Errors at the edge: a clear report on stderr or the envelope on stdout, and the exit code of the tree."""

import logging
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from cyclopts import CycloptsError, UnknownCommandError
from pydantic import ValidationError
from rich.text import Text

from genba.core.envelope import envelope_of_error
from genba.core.errors import Cancelled, DeviceError, GenbaError, InputError, MissingExtra
from genba.core.faults import worded
from genba.core.operation import explain
from genba.core.run import Run, State
from genba.faces.cli.document import document
from genba.faces.cli.extras import extra_of
from genba.faces.cli.terminal import err, printable, text
from genba.factory.registry import DOMAINS

log = logging.getLogger(__name__)
BY_STATE = {State.REFUSED: 4, State.CANCELLED: 130}


def report(error: BaseException, tokens: Sequence[str]) -> int:
    """Tell people or programs what went wrong, and give the exit code."""
    known = as_known(error)
    if wants_json(tokens):
        document(envelope_of_error(known, _operation(tokens)).model_dump(mode="json"))
    else:
        console = err()
        for line in _lines(known, _command(error, tokens)):
            console.print(line)
    return known.exit_code


def wants_json(tokens: Sequence[str]) -> bool:
    """Whether `--json` stands among the options; needed where the arguments themselves could not be read."""
    options = tokens[: tokens.index("--")] if "--" in tokens else tokens
    return "--json" in options


def exit_code(run: Run) -> int:
    """Give the exit code of a run: 0 unless it was refused, failed or cancelled."""
    if run.state is not State.FAILED:
        return BY_STATE.get(run.state, 0)
    by_code = {kind.code: kind.exit_code for kind in _kinds(GenbaError)}
    return by_code.get(run.error.code if run.error else "", GenbaError.exit_code)


def as_known(error: BaseException) -> GenbaError:
    """Give any error as one of the tree; what nobody foresaw is logged with its traceback."""
    if isinstance(error, GenbaError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Cancelled("interrupted")
    if isinstance(error, UnknownCommandError):
        return _unknown(error)
    if isinstance(error, CycloptsError):
        return InputError(str(error))
    if isinstance(error, ValidationError):
        return _of_fields(error)
    if isinstance(error, ImportError) and (missing := _missing(error)):
        return missing
    if isinstance(error, OSError) and error.strerror:
        return DeviceError(f"{error.filename or 'the system'}: {error.strerror}")
    log.error("a fault of genba itself; please report it with these lines", exc_info=error)
    return GenbaError(f"{type(error).__name__}: {error}")


def _missing(error: ImportError) -> MissingExtra | None:
    cause = error.__cause__  # the lazy loader of commands chains what it met
    absent = cause if isinstance(cause, ModuleNotFoundError) else error
    return extra_of(absent) if isinstance(absent, ModuleNotFoundError) else None


def _unknown(error: UnknownCommandError) -> InputError:
    """Say which commands there are; the exception's own text would load every one of them."""
    given = (error.unused_tokens or [""])[0]
    offered = [name for name in error.app or () if not name.startswith("-")]
    close = get_close_matches(given, offered, n=1)
    guess = f"did you mean {close[0]}?" if close else f"there are: {', '.join(offered)}"
    return InputError(f"no command {given!r}; {guess}")


def _of_fields(error: ValidationError) -> InputError:
    """Give the error of an option that belongs to no operation, such as --limit."""
    known = InputError(explain(error))
    known.__cause__ = error
    return known


def _lines(error: GenbaError, command: Sequence[str]) -> Iterator[Text]:
    if isinstance(error.__cause__, ValidationError):
        for sentence in worded(error.__cause__.errors(include_url=False)):
            yield _headed("error", "bold red", sentence)
    else:
        where = "" if error.where in error.message else f" ({error.where})"
        yield _headed("error", "bold red", f"{error.message}{where}")
    for finding in error.findings:
        if (finding.message, finding.where) == (error.message, error.where):
            continue  # said above
        yield _headed(finding.severity, "yellow", f"{finding.where}: {finding.message}")
    if isinstance(error, InputError):
        yield text(f"what is allowed: {' '.join(('genba', *command, '--help'))}", "dim")


def _headed(head: str, style: str, sentence: str) -> Text:
    return Text.assemble((f"{head}: ", style), printable(sentence))


def _command(error: BaseException, tokens: Sequence[str]) -> Sequence[str]:
    """Give the command that the error belongs to, as far as it is known."""
    if isinstance(error, CycloptsError):
        return error.command_chain or ()
    operation = _operation(tokens)
    return operation.split(".") if operation else tokens[:1]


def _operation(tokens: Sequence[str]) -> str | None:
    if len(tokens) < 2 or tokens[0] not in DOMAINS or tokens[1].startswith("-"):
        return None
    return f"{tokens[0]}.{tokens[1]}"


def _kinds(kind: type[GenbaError]) -> Iterator[type[GenbaError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)
