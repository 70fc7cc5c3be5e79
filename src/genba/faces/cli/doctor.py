"""`genba doctor`: what this installation has, what it lacks, and how to mend it."""

import platform
import sys
from collections.abc import Iterator
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import RenderableType

from genba import __version__
from genba.core.errors import GenbaError
from genba.core.home import home
from genba.faces.cli.document import document
from genba.faces.cli.extras import Extra, extras
from genba.faces.cli.faults import as_known
from genba.faces.cli.options import HERE, Access
from genba.faces.cli.record import opened
from genba.faces.cli.seal import Leak, assets, leaks
from genba.faces.cli.terminal import pairs, show, table, text
from genba.faces.words import size
from genba.factory.answers import Health


def doctor(
    *,
    sealed: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Name everything that would need a network; nothing is expected.",
        ),
    ] = False,
    access: Access = HERE,
) -> int:
    """Check home, record, extras and disk; --sealed looks for a network."""
    health, fault = _health(access)
    optional, remote = extras(), leaks() if sealed else ()
    facts: dict[str, Any] = {
        "genba": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "home": str(home(access.home)),
    }
    if access.json:
        document(
            facts
            | {"health": health.model_dump(mode="json") if health else None}
            | {"problem": fault.message if fault else None}
            | {"extras": [extra.model_dump() for extra in optional]}
            | ({"remote": [leak.model_dump() for leak in remote]} if sealed else {})
            | ({"network": list(_installations(optional))} if sealed else {})
        )
    else:
        show(pairs((*facts.items(), *_standing(health))), _extras(optional))
        show(_problem(fault), *(_seal(remote, optional) if sealed else ()))
    if fault:
        return fault.exit_code
    return GenbaError.exit_code if remote else 0


def _health(access: Access) -> tuple[Health | None, GenbaError | None]:
    """Give the factory's own account, or why there is none: a doctor does not faint."""
    try:
        with opened(access) as factory:
            return factory.health(), None
    except Exception as error:  # a boundary: whatever is wrong is what the doctor is asked for
        return None, as_known(error)


def _standing(health: Health | None) -> Iterator[tuple[str, object]]:
    """Yield the factory's account in words; nothing where it could not be opened."""
    if health is None:
        return
    alive = f"alive, process {health.supervisor}" if health.supervisor else "not running; start it: genba up"
    yield "supervisor", alive
    yield "runs", ", ".join(f"{count} {state}" for state, count in health.runs.items()) or "none yet"
    yield "disk free", size(health.disk_free)
    yield "writable", "yes" if health.writable else "no"
    yield "versions", ", ".join(f"{name} {version}" for name, version in health.versions.items())


def _extras(optional: tuple[Extra, ...]) -> RenderableType:
    rows = (
        (
            entry.package,
            entry.extra,
            entry.version or text("missing", "yellow"),
            "" if entry.version else entry.install,
        )
        for entry in optional
    )
    return table(("optional package", "extra", "installed", "to install"), rows)


def _problem(fault: GenbaError | None) -> RenderableType | None:
    return text(f"problem: {fault.message}", "bold red") if fault else None


def _installations(optional: tuple[Extra, ...]) -> Iterator[str]:
    """Yield what would ask a package index, and nothing else ever does."""
    return (f"to install {entry.package}: {entry.install}" for entry in optional if not entry.version)


def _seal(remote: tuple[Leak, ...], optional: tuple[Extra, ...]) -> Iterator[RenderableType]:
    for sentence in _installations(optional):
        yield text(f"needs a network, once: {sentence}")
    if remote:
        yield table(("loads from another machine", "file"), ((leak.text, leak.file) for leak in remote))
        return
    yield text(
        f"sealed: nothing needs a network; {len(tuple(assets()))} assets name no other machine", "green"
    )
