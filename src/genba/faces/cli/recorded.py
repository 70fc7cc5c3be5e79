"""An operation as a recorded run: submitted, followed to its end unless detached, and shown."""

from typing import Any

from genba.faces.cli.following import follow
from genba.faces.cli.options import Access, RunOptions
from genba.faces.cli.record import opened
from genba.faces.cli.rendering import answer
from genba.factory.request import Request


def run_recorded(operation: str, values: dict[str, Any], *, options: RunOptions, access: Access) -> int:
    """Have the factory perform an operation, and give the exit code."""
    with opened(access) as factory:
        run = factory.submit(operation, values, request_of(options))
        if not options.detach:
            run = follow(factory, run, quiet=access.json)
        return answer(factory, run, as_json=access.json)


def request_of(options: RunOptions) -> Request:
    """Give what the factory takes."""
    return Request(
        token=options.token, seed=options.seed, limits=options.limits, tags=options.tag, note=options.note
    )
