"""Every production line and every operation, by name; nothing is imported before it is asked for."""

from importlib import import_module
from typing import Any

from genba.core.domain import Domain
from genba.core.errors import NotFound
from genba.core.operation import Operation

DOMAINS = ("grid", "line", "factory")


def domain(name: str) -> Domain:
    """Give one production line.

    Raises:
        NotFound: naming those that exist.
    """
    if name not in DOMAINS:
        raise NotFound(f"no production line {name!r}; there are: {', '.join(DOMAINS)}", where=name)
    found: Domain = import_module(f"genba.{name}").DOMAIN
    return found


def domains() -> tuple[Domain, ...]:
    """Give every production line."""
    return tuple(domain(name) for name in DOMAINS)


def operation_names() -> tuple[str, ...]:
    """Give the full name of every operation, without importing any."""
    return tuple(f"{line.name}.{verb}" for line in domains() for verb in line.verbs)


def operation(name: str) -> Operation[Any, Any]:
    """Give one operation by its full name, such as `grid.powerflow`.

    Raises:
        NotFound: naming those that exist.
    """
    line, _, verb = name.partition(".")
    if name not in operation_names():
        raise NotFound(f"no operation {name!r}; there are: {', '.join(operation_names())}", where=name)
    return domain(line).operation(verb)


def operations() -> tuple[Operation[Any, Any], ...]:
    """Give every operation."""
    return tuple(operation(name) for name in operation_names())
