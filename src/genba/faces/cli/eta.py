"""How long it still takes: an estimate that does not jump."""

from dataclasses import dataclass, replace

TRUST = 0.3
"""Weight of a new estimate against the one held; one slow step moves the display by less than a third."""
EARLY = 0.02
"""Share of the work before which no estimate is made: the start of a run says little about the rest."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """When the work will be done, judged by the share of it done so far.

    Arguments:
        began: when the work began, s.
        fraction: share done when it was last seen.
        finish: expected end, s; None while too little is known.
    """

    began: float
    fraction: float = 0.0
    finish: float | None = None

    def seen(self, fraction: float, now: float) -> "Estimate":
        """Give the estimate after `fraction` was seen at `now` (s); the same fraction teaches nothing."""
        if fraction < self.fraction:
            return Estimate(began=now, fraction=fraction)  # a new attempt
        if fraction == self.fraction or fraction < EARLY:
            return replace(self, fraction=fraction)
        finish = self.began + (now - self.began) / fraction
        if self.finish is not None:
            finish = self.finish + TRUST * (finish - self.finish)
        return replace(self, fraction=fraction, finish=finish)

    def left(self, now: float) -> float | None:
        """Give the seconds left; between two reports they count down."""
        return None if self.finish is None else max(self.finish - now, 0.0)
