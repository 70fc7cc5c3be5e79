"""How long it still takes: an estimate that does not jump."""

from dataclasses import dataclass, replace

TRUST = 0.3
"""Weight of a new estimate against the one held; one slow step moves the display by less than a third."""
EARLY = 0.02
"""Share of the work that must have been seen done before anything is said."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """When the work will be done, judged by its pace since it was first seen to advance.

    Arguments:
        began: when the first progress was seen, s; None before.
        start: share done at that time.
        fraction: share done when it was last seen.
        finish: expected end, s; None while too little is known.
    """

    began: float | None = None
    start: float = 0.0
    fraction: float = 0.0
    finish: float | None = None

    def seen(self, fraction: float, now: float) -> "Estimate":
        """Give the estimate after `fraction` was seen at `now` (s); the same fraction teaches nothing."""
        if fraction == self.fraction:
            return self
        if self.began is None or fraction < self.fraction:  # a new attempt may begin anywhere
            return Estimate(began=now, start=fraction, fraction=fraction)
        done = fraction - self.start
        if done < EARLY:
            return replace(self, fraction=fraction)
        finish = now + (now - self.began) * (1.0 - fraction) / done
        if self.finish is not None:
            finish = self.finish + TRUST * (finish - self.finish)
        return replace(self, fraction=fraction, finish=finish)

    def left(self, now: float) -> float | None:
        """Give the seconds left; between two reports they count down."""
        return None if self.finish is None else max(self.finish - now, 0.0)
