"""The optional packages of genba: which there are, which are missing, and how to install them."""

import re
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from genba.core.errors import MissingExtra, missing_extra
from genba.core.records import Record

REQUIREMENT = re.compile(r"(?P<package>[A-Za-z0-9_.-]+)[^;]*; extra == ['\"](?P<extra>[a-z]+)['\"]")
COLLECTIONS = frozenset({"all", "dev", "docs"})
"""Extras that gather others, or that only a developer needs."""


class Extra(Record):
    """One optional package."""

    package: str
    extra: str
    """The extra that brings it."""
    version: str | None
    """What is installed; null when it is missing."""
    install: str
    """The command that brings it."""


def extras() -> tuple[Extra, ...]:
    """Give every optional package, as genba's own metadata lists them."""
    found = (REQUIREMENT.match(line) for line in requires("genba") or ())
    return tuple(
        Extra(
            package=match["package"],
            extra=match["extra"],
            version=installed(match["package"]),
            install=f"pip install 'genba[{match['extra']}]'",
        )
        for match in found
        if match and match["extra"] not in COLLECTIONS
    )


def installed(package: str) -> str | None:
    """Give the installed version of a package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def extra_of(error: ModuleNotFoundError) -> MissingExtra | None:
    """Give the error that names the command, when what could not be imported belongs to an extra."""
    module = (error.name or "").partition(".")[0]
    known = {entry.package: entry.extra for entry in extras()}
    if module not in known or find_spec(module):
        return None
    return missing_extra(module, known[module])
