"""`genba DOMAIN template`: a file that a user fills in."""

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from genba.core.domain import Domain
from genba.core.errors import Conflict
from genba.faces.cli.document import document
from genba.faces.cli.options import HERE, Access
from genba.faces.cli.terminal import show, text
from genba.factory import registry


def __getattr__(name: str) -> App:
    """Give the command of a domain (`line`), as lazy paths name it."""
    if name not in registry.DOMAINS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    app = App(name="template", help="Write a file to be filled in; what stands in it is invented.")
    app.default(partial(template, registry.domain(name)))
    return app


def template(
    domain: Annotated[Domain, Parameter(parse=False)],
    path: Annotated[Path | None, Parameter(help="Where; its suffix chooses the kind of file.")] = None,
    /,
    *,
    toml: Annotated[bool, Parameter(negative="", help="Write TOML where PATH has no suffix.")] = False,
    language: Annotated[Literal["en", "ja"], Parameter(help="Language of the file.")] = "en",
    access: Access = HERE,
) -> int:
    """Write a file to be filled in; never over one that is there."""
    suffix = ".toml" if toml else domain.templates[0]
    target = path or Path(domain.name)
    target = target if target.suffix else target.with_suffix(suffix)
    content = domain.template(target.suffix.lower(), language)
    try:
        with target.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise Conflict(f"{target} is there already; name another file", where=str(target)) from error
    if access.json:
        document({"file": str(target.absolute()), "bytes": len(content)})
    else:
        show(text(target))
    return 0
