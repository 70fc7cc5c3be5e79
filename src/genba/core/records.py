"""Frozen records: the base of every Params, every Result and every word that travels as JSON."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Immutable data whose unknown fields, NaN and infinities are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        populate_by_name=True,
    )


class Params(Record):
    """What a user asks of an operation; the docstring of each field is its sentence on every face."""


class Result(Record):
    """What an operation states; it holds no wall time, no path and no host name."""

    outcome: str
    """How the work ended in the words of the field, such as `optimal` or `diverged`."""
