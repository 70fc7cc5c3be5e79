"""Where to put places: steepest descent by moves of one place from here to there, wide moves first.

Every design is tried on the same random numbers, so means of designs differ by little but their design. Where
there are more moves than can be tried, they are tried in the order of what one place more at the one end and
one fewer at the other do alone: sensitivities by a whole place. Several of these moves at once are tried too,
so that a design far from the best gets there in few steps. Where one trial is long, only the entries under
the highest and lowest pressure are looked at.

Source: Hooke and Jeeves (1961), pattern search; for moves of places, Gershwin and Schor, Efficient algorithms
for buffer space allocation (Annals of Operations Research 93, 2000).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genba.line.kernels.design_trials import Design

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Observe = Callable[[Sequence[Design]], Floats]
"""Gives what designs cost in each replication, shape (designs, replications)."""
Change = tuple[tuple[int, int], ...]
"""Entries and by how much they change."""
TRIED, TRIED_UNDER_PRESSURE = 12, 6
"""Moves that are tried from one design; all where there are no more."""
LIKELY = 6
"""Entries that are looked at for more, and for fewer, where pressures say where to look."""
TOGETHER = (2, 4, 8)
"""How many of the best moves are tried at once."""
NEARLY_FREE = 1e-3
"""Price, over the cheapest move's, of a move that costs nothing."""
WIDE = 4
"""The first moves are this share of an even spread."""


@dataclass(frozen=True, eq=False)
class Space:
    """What may be chosen.

    Arguments:
        least: smallest number of each entry, shape (entries,).
        most: largest, same shape.
        kind: what each entry counts (0 places, 1 staff); moves stay within a kind, same shape.
        possible: whether a design can be chosen at all.
        free: whether totals are free, so that an entry may grow without another that shrinks.
    """

    least: Ints
    most: Ints
    kind: Ints
    possible: Callable[[Design], bool] = lambda design: True
    free: bool = False

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
        price: what a design costs; none: nothing. Where given, moves are chosen by what they bring for it.
        pressure: how much each entry of a design holds the line up, shape (entries,); none: all are tried.
        known: cost of every design tried, in each replication.
    """

    space: Space
    observe: Observe
    late: Callable[[], bool] = lambda: False
    price: Callable[[Design], float] | None = None
    pressure: Callable[[Design], Floats] | None = None
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

    def best(self, count: int, totals: Sequence[int] | None) -> list[Design]:
        """Give the best designs known of these totals by kind, or of any, the best first."""
        known = [
            design
            for design in self.known
            if self.space.holds(design)
            and all(self.space.total(design, kind) == total for kind, total in enumerate(totals or ()))
        ]
        means = self.means(known)
        return [known[row] for row in np.argsort(means, kind="stable")[:count]]

    def _better(self, at: Design, step: int) -> Design | None:
        moves = self._moves(at, step)
        if not moves:
            return None
        means = self.means([at, *moves])
        saved = means[0] - means[1:]
        best = int(np.argmax(saved if self.price is None else saved / self._prices(at, moves)))
        return moves[best] if saved[best] > 0 else None

    def _prices(self, at: Design, moves: Sequence[Design]) -> Floats:
        """Give what moves cost more than a design; those that cost nothing are nearly free."""
        assert self.price is not None
        more = np.array([self.price(move) for move in moves]) - self.price(at)
        least = more[more > 0].min(initial=np.inf)
        return np.maximum(more, NEARLY_FREE * least if least < np.inf else 1.0)

    def _moves(self, at: Design, step: int) -> list[Design]:
        """Give the moves to try; the most promising ones, alone and together, where there are too many."""
        changes = self._changes(at, step)
        if len(changes) <= TRIED:
            return [moved(at, change) for change in changes]
        if self.pressure is not None:
            changes = _likely(changes, self.pressure(at))
        fewer = self._alone(at, -step, {entry for change in changes for entry, by in change if by < 0})
        more = self._alone(at, step, {entry for change in changes for entry, by in change if by > 0})
        alone, here = {True: more, False: fewer}, float(self.means([at])[0])

        def loss(change: Change) -> tuple[float, Change]:
            return sum(alone[by > 0][entry] - here for entry, by in change), change

        order = sorted(changes, key=loss)
        tried = order[: TRIED if self.pressure is None else TRIED_UNDER_PRESSURE]
        return [*(moved(at, change) for change in tried), *self._together(at, order)]

    def _changes(self, at: Design, step: int) -> list[Change]:
        """Give all changes by one move that lead to a design which may be chosen."""
        kind, entries = self.space.kind, range(len(at))
        changes: list[Change] = [
            ((a, -step), (b, step)) for a in entries for b in entries if a != b and kind[a] == kind[b]
        ]
        if self.space.free:
            changes += [((b, step),) for b in entries]
        return [change for change in changes if self.space.holds(moved(at, change))]

    def _together(self, at: Design, order: Sequence[Change]) -> Iterator[Design]:
        """Yield designs after the first few moves at once, no entry changed twice."""
        count, touched = 0, set[int]()
        for change in order:
            further = moved(at, change)
            if touched.isdisjoint(entry for entry, _ in change) and self.space.holds(further):
                at, count = further, count + 1
                touched.update(entry for entry, _ in change)
                if count in TOGETHER:
                    yield at

    def _alone(self, at: Design, step: int, entries: Iterable[int]) -> dict[int, float]:
        """Give the mean cost of a step at each of some entries alone; they have room for it."""
        rows = sorted(entries)
        means = self.means([moved(at, ((row, step),)) for row in rows])
        return dict(zip(rows, means.tolist(), strict=True))


def _likely(changes: Sequence[Change], pressure: Floats) -> list[Change]:
    """Give the changes from entries under low pressure to entries under high pressure."""
    high = set(np.argsort(-pressure, kind="stable")[:LIKELY].tolist())
    low = set(np.argsort(pressure, kind="stable")[:LIKELY].tolist())
    likely = [change for change in changes if all(at in (high if by > 0 else low) for at, by in change)]
    return likely or list(changes)


def moved(design: Design, changes: Iterable[tuple[int, int]]) -> Design:
    """Give a design with some entries changed."""
    numbers = list(design)
    for entry, change in changes:
        numbers[entry] += change
    return tuple(numbers)


__all__ = ["Search", "Space", "moved", "spread"]
