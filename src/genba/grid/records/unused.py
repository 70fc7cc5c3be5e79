"""Options that another choice leaves without effect: whoever gives one meant something else."""

from collections.abc import Iterable

from genba.core.errors import InputError
from genba.core.records import Params


def refuse_unused(params: Params, names: Iterable[str], *, beside: str, remedy: str) -> None:
    """Refuse what was asked for in vain; what has its default was not asked for.

    Arguments:
        params: of the study.
        names: fields that have no effect.
        beside: the choice that leaves them without, `formulation dc`.
        remedy: what to choose instead, where leaving them out is not what was meant.

    Raises:
        InputError: when one of the fields has not its default.
    """
    fields = type(params).model_fields
    found = [name for name in names if getattr(params, name) != fields[name].default]
    if found:
        shown = ", ".join(f"{name} {getattr(params, name)}" for name in found)
        raise InputError(
            f"found {shown} beside {beside}, where it has no effect; leave it out, or {remedy}",
            where=found[0],
        )


__all__ = ["refuse_unused"]
