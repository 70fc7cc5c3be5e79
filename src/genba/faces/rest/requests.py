"""How a request names things."""

from typing import Annotated

from fastapi import Header, Path, Query

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
