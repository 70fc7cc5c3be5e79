"""Outages in tiers: lanes first, and one by one what lanes cannot take."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genba.grid.kernels.limits import measure, newly_broken
from genba.grid.kernels.network import Bools, Floats, Ints
from genba.grid.kernels.outage_analysis import analysis_of
from genba.grid.kernels.outage_changes import MOST_SWITCHED
from genba.grid.kernels.outage_lanes import (
    CLEARED,
    PICKED,
    SCREENED,
    SWITCHED,
    TURNED,
    UNSOLVED,
    Grid,
    Rules,
    Work,
)
from genba.grid.kernels.outage_losses import NONE, Losses, account
from genba.grid.kernels.outage_own_factors import basis_of, desk_of
from genba.grid.kernels.outage_own_factors import solve_outages as solve_with_own_factors
from genba.grid.kernels.outage_plan import Ground, batch_of, taken
from genba.grid.kernels.outage_rounds import ROUNDS, Todo, first_of, next_of
from genba.grid.kernels.outage_stream import solve_outages
from genba.grid.kernels.outage_verdicts import Lost, Study, Verdicts
from genba.grid.kernels.outages import Outage, aftermath, solve_after
from genba.grid.kernels.restarts import OPERABLE
from genba.num.lu.lanes import LANES
from genba.num.threads import pool_of

MANY = 45
"""Newton steps that an outage takes side by side, at most."""
SAMPLE, SHARE = 32, 0.02
"""Outages by which the screen is calibrated, and screened ones that are solved all the same: at least, and of
all."""
PICKS = 1.5
"""Outages picked for the audit beforehand, which go on in their lanes when they are cleared, per one that is
wanted."""
SAFETY = 2.5
"""By how much errors may be larger than the largest of those tried; 60 samples of nine grids missed none."""
WORTH = 64
"""Outages from which lanes are worth their preparation."""
SPARES = 5
"""Times as many from which the screen is: of fewer, sample and audit are more than a fifth."""
PASSING = 0.25
"""Share of the sample that passes a limit from which the screen would spare less than it takes."""
CALL = 2_000_000
"""Buses times outages in one call of a kernel: about 0.1 s."""
PLANNED = 200_000
"""The same where each outage has its own plan, which takes 32 bytes a bus."""
OWN = 150_000
"""The same where outages have factors of their own: 0.1 to 0.2 s."""
ROWS = 1 << 12
"""Rows of limits passed for which there is room at first."""
APART = 4
"""Outages per thread between two looks, when they are solved one by one."""

Mapper = Callable[..., Iterator[Any]]
"""What calls a function for every piece: `map`, or that of a pool."""


@dataclass(frozen=True, eq=False)
class Lanes:
    """What lanes read, for all outages, and threads at work at once."""

    ground: Ground
    losses: Losses
    threads: int


def study(
    given: Study, lost: Lost, into: Verdicts, *, threads: int, screen: int | None, worth: int = WORTH
) -> Iterator[int]:
    """Judge every outage; what one gives does not depend on the threads.

    Arguments:
        given: the base.
        lost: branches and units that k outages take.
        into: becomes the verdicts.
        threads: kernels at work at once.
        screen: seed of the outages that calibrate and audit the linearised tier; None leaves that tier out,
            as do few outages, and a sample in which many pass a limit.
        worth: outages from which lanes are used at all.

    Yields:
        How many outages are done, several times a second.
    """
    count = len(lost.branches)
    lanes = _lanes(given, lost, threads) if count >= worth else None
    # a thread for one would only hand the work to and fro
    with pool_of(threads) if threads > 1 else nullcontext() as pool:
        at_work: Mapper = map if pool is None else pool.map
        if lanes is not None:
            yield from _side_by_side(lanes, into, at_work, screen if count >= SPARES * worth else None)
            if np.count_nonzero(~into.converged) >= worth:
                yield from _by_own_factors(lanes, into, at_work)
        left = np.flatnonzero(~into.converged)
        whole = np.zeros(count, bool) if lanes is None or not len(left) else _whole(lanes)
        for start in range(0, len(left), APART * threads):
            some = left[start : start + APART * threads].tolist()
            list(at_work(lambda number: _one(given, lost, number, whole, into), some))
            yield count - len(left) + start + len(some)


def _side_by_side(lanes: Lanes, into: Verdicts, at_work: Mapper, screen: int | None) -> Iterator[int]:
    """Take through lanes what fits into them, and then what the screen cleared and chance picks."""
    fit = np.flatnonzero(lanes.losses.fits)
    _account(lanes, into)
    if screen is None or not len(fit):
        yield from _tier(lanes, first_of(fit), into, at_work)
        return
    random, sample = np.random.default_rng(screen), max(SAMPLE, round(SHARE * len(fit)))
    order, learnt = random.permutation(fit), np.zeros(3)
    yield from _tier(lanes, first_of(order[:sample]), into, at_work, learnt=learnt)
    if _passing(into) > PASSING * sample:
        yield from _tier(lanes, first_of(order[sample:]), into, at_work)
        return
    error = np.where(learnt > 0, SAFETY * learnt, np.inf)  # nothing was learnt: nothing is screened
    picked = np.arange(len(order) - sample) < PICKS * sample
    yield from _tier(lanes, first_of(order[sample:], picked), into, at_work, error)
    wanted = sample - len(into.audited)
    if wanted > 0 and into.screened.any():
        more = random.permutation(np.flatnonzero(into.screened))[:wanted]
        into.converged[more], into.screened[more] = False, False
        into.audited = np.append(into.audited, more)
        yield from _tier(lanes, first_of(more), into, at_work)
    into.audited.sort()


def _passing(into: Verdicts) -> int:
    """Count the outages that pass a limit, of those judged so far."""
    return len(np.unique(np.concatenate([outage for outage, _, _ in into.pieces])))


def _by_own_factors(lanes: Lanes, into: Verdicts, at_work: Mapper) -> Iterator[int]:
    """Solve with factors of their own what fits into lanes and has not been solved by those of the base."""
    left = np.flatnonzero(~into.converged & lanes.losses.fits)
    basis = basis_of(lanes.ground, lanes.losses)
    desks = [desk_of(basis) for _ in range(lanes.threads)]
    most = min(OWN // (len(basis.alone) * LANES), -(-len(left) // (len(desks) * LANES)))
    size = LANES * max(1, most)
    pieces = [left[start : start + size] for start in range(0, len(left), size)]
    for start in range(0, len(pieces), len(desks)):
        group = pieces[start : start + len(desks)]
        for found in at_work(partial(solve_with_own_factors, basis), group, desks[: len(group)]):
            into.converged[found.solved] = True
            into.steps[found.solved] = found.steps
            into.pieces += found.hits
        yield int(into.converged.sum())


def _lanes(given: Study, lost: Lost, threads: int) -> Lanes | None:
    """Prepare lanes; None where there is no branch, or no factors without pivoting."""
    model, schedule, state = given.model, given.schedule, given.state
    if not len(model.network.from_bus):
        return None
    known = analysis_of(
        model,
        schedule,
        state,
        limits=given.limits,
        excess=given.measured.excess,
        band=given.band,
        worse_by=given.worse_by,
    )
    if known is None:
        return None
    # what comes to lie lower is solved by itself, where other first voltages are tried
    model = replace(model, budget=replace(model.budget, lowest=max(model.budget.lowest, OPERABLE)))
    ground = Ground(model, schedule, state, known)
    return Lanes(ground, taken(ground, lost.branches, lost.units), threads)


def _rules(lanes: Lanes, error: Floats | None, learns: bool = False) -> Rules:
    model = lanes.ground.model
    return Rules(
        tolerance=model.budget.tolerance,
        steps=MANY,
        screens=error is not None,
        learns=learns,
        lowest=model.budget.lowest,
        shared=model.distributed,
        guarded=model.reactive_limits,
        error=np.zeros(3) if error is None else error,
    )


def _grid(lanes: Lanes, some: Todo) -> tuple[Grid, Work]:
    batch, count = batch_of(lanes.ground, lanes.losses, some.numbers), len(some.numbers)
    known, outages = lanes.ground.known, some.lay_into(batch.outages)
    grid = Grid(known.point, known.inverse, known.branches, outages, batch.plans, batch.guard, known.watch)
    room = MOST_SWITCHED if lanes.ground.model.reactive_limits else 0
    return grid, Work(
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros((count, 3)),
        np.full((count, room, 2), NONE),
        np.zeros(count, np.int64) if some.picked is None else np.where(some.picked, PICKED, 0),
    )


def _account(lanes: Lanes, into: Verdicts) -> None:
    """Write what outages that lanes can take cut off."""
    known, cut = lanes.ground, (into.islanded, into.cut_off, into.lost_load, into.lost_generation)
    account(lanes.losses, known.parts, known.schedule.p, *cut)


def _tier(
    lanes: Lanes,
    todo: Todo,
    into: Verdicts,
    at_work: Mapper,
    error: Floats | None = None,
    learnt: Floats | None = None,
) -> Iterator[int]:
    """Solve some outages side by side, a piece of them on each thread; yields how many are done.

    After each round buses are switched as `reactive_limits.switched` does for one outage, all that have to at
    a time, and the outages concerned are solved again from the base.

    Arguments:
        lanes: what all read.
        todo: the outages.
        into: the verdicts.
        at_work: calls a function for every piece.
        error: by which the screen leaves them, as in `Rules`; None solves all.
        learnt: becomes the largest errors after one step and two, shape (3,). An error is J^-1 r to first
            order after any step: its bound in terms of r does not depend on which limits a case has, nor on
            how far they are. It is learnt from the first round alone, whose equations are those of the
            outages that the screen looks at.
    """
    rules, threads = _rules(lanes, error, learnt is not None), lanes.threads
    for _ in range(ROUNDS):
        pieces, again = [todo.at(places) for places in _pieces(lanes, todo.numbers)], []
        for start in range(0, len(pieces), threads):
            group = pieces[start : start + threads]
            for piece, found in zip(group, at_work(partial(_piece, lanes, rules), group), strict=True):
                number, switches = piece.numbers, (found.status == SWITCHED) | (found.status == TURNED)
                settled = ~switches & (found.status != UNSOLVED)
                into.converged[number[settled]] = True
                into.screened[number] = found.status == SCREENED
                into.audited = np.append(into.audited, number[found.cleared])
                into.steps[number] = found.steps + (0 if piece.switched is None else into.steps[number])
                into.pieces.append(found.hits)
                if switches.any():
                    turned = piece.turned ^ (found.status == TURNED)
                    again.append(Todo(number, found.switched, turned).at(np.flatnonzero(switches)))
                if learnt is not None:
                    np.maximum(learnt, found.error, out=learnt)
            yield int(into.converged.sum())
        todo = next_of(lanes.ground.point, again)
        if not len(todo.numbers):
            return
        rules, learnt = _rules(lanes, None), None


def _pieces(lanes: Lanes, numbers: Ints) -> Iterator[Ints]:
    """Part outages so that calls of a kernel are short and all threads have one: own plans apart; by place.

    Neighbours in the order of elimination stand together: they share ancestors, along which lanes are solved.
    What cuts something off stands last: lanes beside it would read what it plans.
    """
    buses = len(lanes.ground.point.live)
    branch = lanes.losses.branches[numbers, 0]
    cuts = (branch != NONE) & lanes.ground.parts.bridge[branch]
    order = np.lexsort((lanes.losses.place[numbers], cuts))
    numbers = numbers[order]
    own = lanes.losses.units[numbers] != NONE
    if lanes.ground.model.distributed:
        own |= cuts[order]
    for part, room in ((order[~own], CALL), (order[own], PLANNED)):
        most = min(room // (buses * LANES), -(-len(part) // (lanes.threads * LANES)))
        size = LANES * max(1, most)
        for start in range(0, len(part), size):
            yield part[start : start + size]


@dataclass(frozen=True, eq=False)
class _Found:
    """What a piece gave."""

    status: Ints
    steps: Ints
    error: Floats
    switched: Ints
    cleared: Bools
    hits: tuple[NDArray[np.int32], NDArray[np.int32], Floats]


def _piece(lanes: Lanes, rules: Rules, some: Todo) -> _Found:
    grid, work = _grid(lanes, some)
    found = solve_outages(grid, work, rules, ROWS)
    hits = some.numbers[found.outage].astype(np.int32), found.limit, found.value
    return _Found(work.status, work.steps, work.error.max(axis=0), work.switched, work.audit == CLEARED, hits)


def _whole(lanes: Lanes) -> Bools:
    """Tell which outages are known to part no island, shape (k,)."""
    one, two = lanes.losses.branches.T
    return np.asarray(lanes.losses.plain & (one != NONE) & (two == NONE) & ~lanes.ground.parts.bridge[one])


def _one(given: Study, lost: Lost, number: int, whole: Bools, into: Verdicts) -> None:
    """Solve one outage by itself and judge it."""
    outage = Outage(np.array(lost.branches[number], np.int64), np.array(lost.units[number], np.int64))
    left = aftermath(given.model, given.schedule, outage, splits=not whole[number])
    state = solve_after(given.model, given.state, left)
    into.converged[number], into.steps[number] = state.converged, state.iterations
    into.islanded[number], into.cut_off[number] = left.islanded, left.cut_off.sum()
    into.lost_load[number], into.lost_generation[number] = left.lost_load, left.lost_generation
    if state.converged:
        after = measure(
            given.limits,
            given.model.network,
            given.model.admittance,
            voltage=state.at.voltage,
            branch_on=left.schedule.branch_on,
            live=left.schedule.island > 0,
        )
        rows = newly_broken(given.measured.excess, after.excess, band=given.band, worse_by=given.worse_by)
        into.pieces.append((np.full(len(rows), number, np.int32), rows.astype(np.int32), after.value[rows]))


__all__ = ["study"]
