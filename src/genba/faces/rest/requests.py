"""How a request names things."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Header, Path, Query, Request
from fastapi.dependencies.models import Dependant

from genba.core.errors import InputError
from genba.factory.request import CURSOR

RunId = Annotated[
    str,
    Path(pattern=r"^[0-9A-Za-z]{1,26}$", description="Id of a run, or the beginning of one that is unique."),
]
TableName = Annotated[
    str, Path(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$", description="Name of a table of the result.")
]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of a stored file.")]
Cursor = Annotated[str | None, Query(pattern=CURSOR, description="The `next` of the page before.")]
Token = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key and the same params give the same run; other params are a conflict.",
    ),
]


def refuse_unknown(request: Request) -> None:
    """Refuse a query that says what the endpoint does not read.

    Raises:
        InputError: naming the first such parameter, and those that there are.
    """
    known = dict.fromkeys(_read_by(request.scope["route"].dependant))
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is not None:
        allowed = f"it takes {', '.join(known)}" if known else "it takes none"
        raise InputError(f"found the query parameter {unknown[:80]!r}; {allowed}", where=unknown[:80])


def _read_by(dependant: Dependant) -> Iterator[str]:
    """Yield the name of every query parameter that an endpoint or a dependency of it reads."""
    yield from (field.alias for field in dependant.query_params)
    for part in dependant.dependencies:
        yield from _read_by(part)
