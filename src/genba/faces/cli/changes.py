"""Changing what runs there are and how they are kept: `cancel`, `retry`, `rerun`, `note` and `tag`."""

import json
from typing import Annotated, Any

from cyclopts import Parameter

from genba.core.errors import InputError
from genba.core.run import Run
from genba.faces.cli.document import document
from genba.faces.cli.following import follow
from genba.faces.cli.options import HERE, Access, RunId
from genba.faces.cli.record import opened
from genba.faces.cli.rendering import answer
from genba.faces.cli.terminal import pairs, show
from genba.faces.items import run_item
from genba.factory.factory import Factory

Detach = Annotated[
    bool, Parameter(negative="", show_default=False, help="Leave the run to the supervisor of `genba up`.")
]


def cancel(run: RunId, *, access: Access = HERE) -> int:
    """Cancel a run that has not ended."""
    with opened(access) as factory:
        return _changed(factory.cancel(run), access)


def retry(run: RunId, *, detach: Detach = False, access: Access = HERE) -> int:
    """Run again what was refused, failed or cancelled."""
    with opened(access) as factory:
        return _carried_out(factory, factory.retry(run), detach=detach, access=access)


def rerun(
    run: RunId,
    *,
    set_param: Annotated[
        tuple[str, ...], Parameter(negative="", help="Param to change, name=value; may be repeated.")
    ] = (),
    detach: Detach = False,
    access: Access = HERE,
) -> int:
    """Make a new run of an old one with some params changed."""
    changes = dict(_change(text) for text in set_param)
    with opened(access) as factory:
        return _carried_out(factory, factory.rerun(run, changes), detach=detach, access=access)


def note(run: RunId, text: str, *, access: Access = HERE) -> int:
    """Keep a note with a run."""
    with opened(access) as factory:
        return _changed(factory.annotate(run, note=text), access)


def tag(run: RunId, *tags: str, access: Access = HERE) -> int:
    """Set the tags of a run."""
    with opened(access) as factory:
        return _changed(factory.annotate(run, tags=tags), access)


def _change(text: str) -> tuple[str, Any]:
    """Read `name=value`; a value that is JSON, such as `[1, 2]` or `true`, is taken as that."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise InputError(f"found {text!r}; --set-param takes name=value", where="set_param")
    try:
        return name.replace("-", "_"), json.loads(value)
    except ValueError:
        return name.replace("-", "_"), value


def _carried_out(factory: Factory, run: Run, *, detach: bool, access: Access) -> int:
    ended = run if detach else follow(factory, run, quiet=access.json)
    return answer(factory, ended, as_json=access.json)


def _changed(run: Run, access: Access) -> int:
    if access.json:
        document(run_item(run).model_dump(mode="json"))
    else:
        rows = {"run": run.id, "state": run.state.value, "tags": ", ".join(run.tags), "note": run.note}
        show(pairs((name, value) for name, value in rows.items() if value))
    return 0
