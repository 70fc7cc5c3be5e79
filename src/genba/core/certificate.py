"""The certificate: exact checks made after a result, by code that shares nothing with what proposed it."""

import math

from pydantic import computed_field

from genba.core.records import Record


class Claim(Record):
    """One checked statement about a result."""

    name: str
    """Stable name such as `power_balance`; the key of its translations."""
    value: float | None
    """What was found; null when it could not be computed, and then the claim does not hold."""
    bound: float | None
    """What is allowed."""
    unit: str
    """Unit of value and bound; `1` if dimensionless."""
    holds: bool
    method: str
    """One sentence: how it was checked."""


class Certificate(Record):
    """All claims about a result; it certifies what the result states, not that the news is good."""

    claims: tuple[Claim, ...]

    @computed_field  # type: ignore[prop-decorator]  # pydantic's decorator on top of property, as its docs ask
    @property
    def holds(self) -> bool:
        """Whether there is a claim and every claim holds."""
        return bool(self.claims) and all(claim.holds for claim in self.claims)

    @property
    def failed(self) -> tuple[Claim, ...]:
        """The claims that do not hold."""
        return tuple(claim for claim in self.claims if not claim.holds)


def at_most(name: str, value: float, *, bound: float, unit: str, method: str) -> Claim:
    """Claim that `value <= bound`; a NaN or infinite value never holds."""
    finite = math.isfinite(value)
    return Claim(
        name=name,
        value=float(value) if finite else None,
        bound=float(bound),
        unit=unit,
        holds=finite and value <= bound,
        method=method,
    )


def at_least(name: str, value: float, *, bound: float, unit: str, method: str) -> Claim:
    """Claim that `value >= bound`; a NaN or infinite value never holds."""
    finite = math.isfinite(value)
    return Claim(
        name=name,
        value=float(value) if finite else None,
        bound=float(bound),
        unit=unit,
        holds=finite and value >= bound,
        method=method,
    )


def equal(name: str, value: float, *, expected: float, unit: str = "1", method: str) -> Claim:
    """Claim that a count or a flag is exactly `expected`."""
    finite = math.isfinite(value)
    return Claim(
        name=name,
        value=float(value) if finite else None,
        bound=float(expected),
        unit=unit,
        holds=finite and value == expected,
        method=method,
    )
