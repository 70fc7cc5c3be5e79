"""What the endpoints share: how a request names things, and work that must not run on the event loop."""

from typing import Annotated

from fastapi import Path, Query

RunId = Annotated[
    str,
    Path(pattern=r"^[0-9A-Za-z]{1,26}$", description="Id of a run, or the beginning of one that is unique."),
]
TableName = Annotated[
    str, Path(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$", description="Name of a table of the result.")
]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of a stored file.")]
Cursor = Annotated[str | None, Query(max_length=200, description="The `next` of the page before.")]
