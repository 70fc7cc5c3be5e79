"""Nanoseconds UTC, as the record keeps them, as programs read them."""

from datetime import UTC, datetime

SECOND = 1_000_000_000


def rfc3339(nanoseconds: int) -> str:
    """Give an instant for a program: `2026-01-31T12:00:00.123456Z`."""
    seconds, rest = divmod(nanoseconds, SECOND)
    whole = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    return whole.isoformat(timespec="microseconds").replace("+00:00", "Z")
