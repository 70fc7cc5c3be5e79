"""Where to put places: steepest descent by moves of one place from here to there, wide moves first.

Every design is tried on the same random numbers, so means of designs differ by little but their design. Where
there are more moves than can be tried, they are tried in the order of what one place more at the one end and
one fewer at the other do alone: sensitivities by a whole place.

Source: Hooke and Jeeves (1961), pattern search; for moves of places, Gershwin and Schor, Efficient algorithms
for buffer space allocation (Annals of Operations Research 93, 2000).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.design_trials import Design

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Observe = Callable[[Sequence[Design]], Floats]
"""Gives what designs cost in each replication, shape (designs, replications)."""
TRIED = 12
"""Moves that are tried from one design; all where there are no more."""
WIDE = 4
"""The first moves are this share of an even spread."""


@dataclass(frozen=True, eq=False)
class Space:
    """What may be chosen.

    Arguments:
        least: smallest number of each entry, shape (entries,).
        most: largest, same shape.
        kind: what each entry counts (0 places, 1 staff); moves stay within a kind, same shape.
        possible: whether a design can be tried at all.
    """

    least: Ints
    most: Ints
    kind: Ints
    possible: Callable[[Design], bool] = lambda design: True

    def holds(self, design: Design) -> bool:
        """Tell whether a design is one that may be chosen."""
        numbers = np.array(design)
        return bool((numbers >= self.least).all() and (numbers <= self.most).all() and self.possible(design))

    def total(self, design: Design, kind: int) -> int:
        """Give how much of a kind a design has."""
        return int(np.array(design)[self.kind == kind].sum())


def spread(space: Space, totals: Sequence[int], weights: Floats) -> Design:
    """Give a design of these totals by kind, as near to its weights as limits allow.

    Arguments:
        space: what may be chosen; the totals fit its limits.
        totals: how much of each kind.
        weights: what shares are in proportion to, shape (entries,).
    """
    numbers = space.least.copy()
    for kind, total in enumerate(totals):
        own = np.flatnonzero(space.kind == kind)
        for _ in range(total - int(space.least[own].sum())):
            free = own[numbers[own] < space.most[own]]
            numbers[free[np.argmax(weights[free] / (numbers[free] + 0.5))]] += 1
    return tuple(numbers.tolist())


@dataclass(eq=False)
class Search:
    """A search and what it has tried.

    Arguments:
        space: what may be chosen.
        observe: tries designs.
        late: whether to stop with the best so far.
        known: cost of every design tried, in each replication.
    """

    space: Space
    observe: Observe
    late: Callable[[], bool] = lambda: False
    known: dict[Design, Floats] = field(default_factory=dict)

    def means(self, designs: Sequence[Design]) -> Floats:
        """Give mean costs, shape (designs,); those that are not known yet are tried."""
        new = list(dict.fromkeys(design for design in designs if design not in self.known))
        if new:
            self.known.update(zip(new, self.observe(new), strict=True))
        return np.array([self.known[design].mean() for design in designs])

    def climb(self, start: Design) -> Design:
        """Move on from a design until no move that is tried makes it better; moves get shorter."""
        at, step = start, max(1, sum(start) // (WIDE * len(start)))
        self.means([at])
        while step and not self.late():
            better = self._better(at, step)
            at, step = (at, step // 2) if better is None else (better, step)
        return at

    def best(self, count: int, totals: Sequence[int]) -> list[Design]:
        """Give the best designs known of these totals by kind, the best first."""
        known = [
            design
            for design in self.known
            if self.space.holds(design)
            and all(self.space.total(design, kind) == total for kind, total in enumerate(totals))
        ]
        means = self.means(known)
        return [known[row] for row in np.argsort(means, kind="stable")[:count]]

    def _better(self, at: Design, step: int) -> Design | None:
        moves = self._moves(at, step)
        if not moves:
            return None
        means = self.means([at, *moves])
        best = int(np.argmin(means[1:]))
        return moves[best] if means[1 + best] < means[0] else None

    def _moves(self, at: Design, step: int) -> list[Design]:
        """Give the moves to try; the most promising ones where there are too many."""
        kind, entries = self.space.kind, range(len(at))
        pairs = [(a, b) for a in entries for b in entries if a != b and kind[a] == kind[b]]
        moves = {pair: moved(at, ((pair[0], -step), (pair[1], step))) for pair in pairs}
        moves = {pair: move for pair, move in moves.items() if self.space.holds(move)}
        if len(moves) <= TRIED:
            return list(moves.values())
        fewer = self._alone(at, -step, {a for a, _ in moves})
        more = self._alone(at, step, {b for _, b in moves})
        order = sorted(moves, key=lambda pair: (fewer[pair[0]] + more[pair[1]], pair))
        return [moves[pair] for pair in order[:TRIED]]

    def _alone(self, at: Design, step: int, entries: Iterable[int]) -> dict[int, float]:
        """Give the mean cost of a step at each of some entries alone; they have room for it."""
        rows = sorted(entries)
        means = self.means([moved(at, ((row, step),)) for row in rows])
        return dict(zip(rows, means.tolist(), strict=True))


def moved(design: Design, changes: Iterable[tuple[int, int]]) -> Design:
    """Give a design with some entries changed."""
    numbers = list(design)
    for entry, change in changes:
        numbers[entry] += change
    return tuple(numbers)


__all__ = ["Search", "Space", "moved", "spread"]
