"""Run ids: 26 letters and digits that sort by the time they were given."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(at: int, entropy: int) -> str:
    """Give the ULID of a moment; two ids of one millisecond still sort by time.

    Arguments:
        at: nanoseconds UTC.
        entropy: random number; its lowest 60 bits are used.

    Source: ULID specification (48 bits of milliseconds, 80 bits free), Crockford's base 32. The first 20
    of the free bits hold the nanoseconds within the millisecond.
    """
    milliseconds, nanoseconds = divmod(at, 1_000_000)
    number = milliseconds << 80 | nanoseconds << 60 | entropy & (1 << 60) - 1
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
