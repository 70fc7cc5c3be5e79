"""Certificate of `line.buffers`: designs counted, intervals and probabilities from the replications."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from genba.core.certificate import Certificate, Claim, at_most, equal
from genba.core.context import Context
from genba.core.errors import InputError
from genba.line.certify.buffer_costs import certify_costs, for_money
from genba.line.certify.replay import replay, speaks_for
from genba.line.certify.slowest_station import slowest
from genba.line.checks.flow import feeders_of
from genba.line.io.opening import read_line
from genba.line.records.buffers import BuffersParams, BuffersResult
from genba.line.records.line import Line

Floats = NDArray[np.float64]
Ways = list[tuple[str, str, int]]

HOUR = 3600.0
ROUNDING = 1e-9  # relative; the same sums in another order
SURE = 5.0
"""Standard errors by which a mean may be beyond what no line can do."""
LONGEST_WARM_UP = 20_000
MIXED = 0.01
"""By how much launched products may differ from their shares: a launch cycle has at most 100 units."""


@dataclass(frozen=True, eq=False)
class Studied:
    """What was studied, read from the file again.

    Arguments:
        params: as asked for.
        line: the line.
        ways: source, target and places today of every way that has a buffer of limited room.
        staff: staff by station today, in the order of the result.
        result: what is certified.
    """

    params: BuffersParams
    line: Line
    ways: Ways
    staff: dict[str, int]
    result: BuffersResult

    def cycles(self, design: int) -> Floats:
        """Give the observations of a design, s."""
        runs = self.result.runs
        rows: Floats = runs["cycle"][runs["design"] == design]
        return rows

    def all_numbers(self) -> list[Mapping[tuple[str, str], int]]:
        """Give the numbers of every design."""
        return [self.numbers(row + 1) for row in range(len(self.result.designs))]

    def numbers(self, design: int) -> dict[tuple[str, str], int]:
        """Give the numbers of a design by source and target; the source is empty for staff."""
        rows = self.result.numbers.where(self.result.numbers["design"] == design)
        keys = zip(rows["source"].tolist(), rows["target"].tolist(), strict=True)
        return dict(zip(keys, rows["amount"].tolist(), strict=True))


@np.errstate(all="ignore")  # what is no number fails its claim
def certify_buffers(params: BuffersParams, result: BuffersResult, ctx: Context) -> Certificate:
    """Certify a choice of places from the line and the reported replications alone."""
    line, _ = read_line(ctx.path(params.line))
    if line is None:
        raise InputError("the line that was studied cannot be read again", where=str(params.line))
    study = Studied(params, line, _ways(line), _staff(params, line), result)
    whole = _whole(study)
    if not whole.holds:  # nothing else can be asked of designs that are not those of this line
        return Certificate(claims=(whole,))
    limits = _limits(study)
    if not limits.holds:  # nor of designs that cannot be
        return Certificate(claims=(whole, limits))
    return Certificate(
        claims=(
            whole,
            limits,
            certify_costs(line, params, result, study.all_numbers()),
            _rates(study),
            _behind(study),
            *_probable(study),
            *_bounds(study),
            _outcome(study),
            *_replayed(study, ctx.seed),
        )
    )


def _ways(line: Line) -> Ways:
    found: Ways = []
    for target, sources in feeders_of(line).items():
        for source in sources:
            room = {buffer.after: buffer.capacity for buffer in line.buffers if buffer.before == target}
            places = room.get(source, room.get(""))
            if places is not None:
                found.append((source, target, places))
    return found


def _staff(params: BuffersParams, line: Line) -> dict[str, int]:
    return {one.id: 1 if params.staffing == "team" else one.servers for one in line.stations}


def _whole(study: Studied) -> Claim:
    """Claim that the tables are those of this line, whole and in step with each other."""
    result, designs = study.result, study.result.designs
    count = len(designs)
    keys = {way[:2] for way in study.ways}
    keys |= set() if study.params.staffing == "fixed" else {("", station) for station in study.staff}
    shown = list(
        zip(result.buffers["source"], result.buffers["target"], result.buffers["before"], strict=True)
    )
    numbers = [study.numbers(design) for design in range(1, count + 1)]
    runs = [
        study.result.runs["replication"][study.result.runs["design"] == design]
        for design in range(1, count + 1)
    ]
    roles = designs["role"].tolist()
    wrong = (
        sorted(shown) != sorted(study.ways),
        dict(zip(result.staff["station"], result.staff["before"], strict=True)) != study.staff,
        designs["design"].tolist() != list(range(1, count + 1)),
        roles.count("selected") != 1 or roles.count("before") != 1 or roles[:1] != ["selected"],
        not set(roles) <= {"selected", "finalist", "before", "frontier"},
        any(set(one) != keys for one in numbers),
        len(result.numbers) != count * len(keys),
        len(result.runs) != sum(len(one) for one in runs),
        any(len(one) < 2 or not np.array_equal(one, np.arange(len(one))) for one in runs),
        not bool(np.all(result.runs["cycle"] > 0)),
        len({tuple(sorted(numbers[row].items())) for row in _finalists(study)}) != len(_finalists(study)),
    )
    return equal(
        "designs",
        float(sum(wrong)),
        expected=0.0,
        method="Ways, stations and today's numbers as in the file; designs whole, finalists all different.",
    )


def _finalists(study: Studied) -> list[int]:
    """Give the rows of the designs that were compared, the selected one first."""
    return [row for row, role in enumerate(study.result.designs["role"]) if role in ("selected", "finalist")]


def _limits(study: Studied) -> Claim:
    """Count places and staff of every design."""
    params, result = study.params, study.result
    finalists = set(_finalists(study))
    today = sum(places for _, _, places in study.ways)
    places = (
        result.places if params.target is not None else params.places if params.places is not None else today
    )
    staff, free = params.staff or sum(study.staff.values()), for_money(params)
    wrong = 0
    for row, (role, stated) in enumerate(zip(result.designs["role"], result.designs["places"], strict=True)):
        numbers = study.numbers(row + 1)
        own = [amount for (source, _), amount in numbers.items() if source]
        crew = [amount for (source, _), amount in numbers.items() if not source]
        wrong += sum(own) != stated
        if role == "before":
            wrong += any(numbers[way[:2]] != way[2] for way in study.ways)
            wrong += any(numbers[key] != study.staff[key[1]] for key in numbers if not key[0])
            continue
        wrong += min(own) < 0 or max(own) > params.per_buffer or min(crew, default=1) < 1
        wrong += bool(crew) and sum(crew) != staff and not free
        wrong += row in finalists and stated != places and not free
        wrong += row in finalists and free and params.places is not None and stated > params.places
    return equal(
        "limits",
        float(wrong + _unlike(study)),
        expected=0.0,
        method="Places and staff of every design summed and held against what was asked for and allowed.",
    )


def _unlike(study: Studied) -> int:
    """Count what the tables before and after have unlike the selected design."""
    result, numbers = study.result, study.numbers(1)
    ways = zip(result.buffers["source"], result.buffers["target"], result.buffers["after"], strict=True)
    wrong = sum(numbers[source, target] != after for source, target, after in ways)
    crew = zip(result.staff["station"], result.staff["before"], result.staff["after"], strict=True)
    wrong += sum(numbers.get(("", station), before) != after for station, before, after in crew)
    return int(wrong + (result.designs["places"][0] != result.places))


def _interval(values: Floats, confidence: float) -> tuple[float, float]:
    """Give the mean and the half-width of its interval by Student's t."""
    quantile = student.ppf((1 + confidence) / 2, len(values) - 1)
    return float(values.mean()), float(quantile * np.sqrt(values.var(ddof=1) / len(values)))


def _rates(study: Studied) -> Claim:
    result, confidence = study.result, study.params.confidence / 100
    gaps = []
    for design in range(1, len(result.designs) + 1):
        mean, width = _interval(study.cycles(design), confidence)
        rate = (HOUR / mean, HOUR / mean * width / mean)
        stated = [(result.designs["throughput"][design - 1], result.designs["half_width"][design - 1])]
        role = result.designs["role"][design - 1]
        stated += [(result.throughput, result.throughput_half_width)] if role == "selected" else []
        before = (result.throughput_before, result.throughput_before_half_width)
        stated += [before] if role == "before" else []
        gaps += [abs(a - b) / rate[0] for pair in stated for a, b in zip(pair, rate, strict=True)]
    return at_most(
        "throughput",
        float(np.max(gaps)),
        bound=ROUNDING,
        unit="1",
        method="One over the mean of the reported replications, with its interval by Student's t; relative.",
    )


def _gap(study: Studied, design: int) -> tuple[Floats, float]:
    """Give the paired differences to the selected design, s, and its mean over the same replications, s."""
    best, other = study.cycles(1), study.cycles(design)
    both = min(len(best), len(other))
    return other[:both] - best[:both], float(best[:both].mean())


def _behind(study: Studied) -> Claim:
    result, gaps = study.result, []
    for row in range(len(result.designs)):
        paired, base = _gap(study, row + 1)
        mean, width = _interval(paired, study.params.confidence / 100)
        gaps.append(abs(result.designs["behind"][row] - 100 * mean / base))
        gaps.append(abs(result.designs["behind_half_width"][row] - 100 * width / base))
    return at_most(
        "differences",
        float(np.max(gaps)),
        bound=100 * ROUNDING,
        unit="%",
        method="Differences of replications with equal random numbers, with their interval by Student's t.",
    )


def _probable(study: Studied) -> Iterator[Claim]:
    result = study.result
    stated = result.designs["probability"]
    finalists = _finalists(study)
    found = np.full(len(stated), np.nan)
    for row in finalists:
        paired, _ = _gap(study, row + 1)
        mean, error = paired.mean() + result.indifference, paired.std(ddof=1) / np.sqrt(len(paired))
        found[row] = student.cdf(mean / error, len(paired) - 1) if error > 0 else float(mean > 0)
    missing = np.isnan(found)
    gaps = np.abs(found - stated)[~missing]
    least = max(0.0, 1 - float((1 - found[finalists]).sum()))
    wrong = max(
        float(gaps.max()),
        abs(least - result.probability),
        abs(float(np.prod(found[finalists])) - result.probability_slepian),
        float(np.isnan(stated[~missing]).any() or not np.isnan(stated[missing]).all()),
    )
    yield at_most(
        "probability",
        wrong,
        bound=1e-9,
        unit="1",
        method="By design from paired differences and Student's t; together by Bonferroni and by Slepian.",
    )
    first = min(len(study.cycles(row + 1)) for row in finalists)
    start = min(float(study.cycles(row + 1)[:first].mean()) for row in finalists)
    share = result.indifference / (study.params.indifference / 100)
    yield at_most(
        "indifference",
        abs(share / start - 1),
        bound=_spread(study),
        unit="1",
        method="The share asked for of the least mean time; relative, within what a first stage may be off.",
    )


def _spread(study: Studied) -> float:
    """Give five standard errors of a mean of 32 replications, relative."""
    best = study.cycles(1)
    return float(SURE * best.std(ddof=1) / np.sqrt(32) / best.mean()) + ROUNDING


def _bounds(study: Studied) -> Iterator[Claim]:
    """Claim that nothing is faster than its slowest station alone."""
    result = study.result
    numbers = study.all_numbers()
    staffs = [{way[1]: amount for way, amount in one.items() if not way[0]} for one in numbers]
    limits = np.array([slowest(study.line, staff) for staff in staffs])
    excess = []
    for row, limit in enumerate(limits):
        spent = study.cycles(row + 1)
        error = float(spent.std(ddof=1)) / np.sqrt(len(spent))
        excess.append((1 / limit - float(spent.mean()) - SURE * error) * limit)
    mixed = MIXED if len(study.line.products) > 1 else ROUNDING
    yield at_most(
        "slowest_station",
        float(np.max(excess)),
        bound=mixed,
        unit="1",
        method="No design faster than its slowest station, never blocked or starved, failures included, by "
        "more than five standard errors; relative.",
    )
    yield at_most(
        "bound",
        abs(result.bound / (HOUR * limits[0]) - 1),
        bound=mixed,
        unit="1",
        method="Places over work and repairs per unit, the least of all stations; relative.",
    )


def _replayed(study: Studied, seed: int) -> Iterator[Claim]:
    """Claim that today's and the selected design do what they do in another program."""
    params, result, line = study.params, study.result, study.line
    units = (result.warm_up, params.units)
    crowded = params.staffing == "parallel" and max(result.staff["after"]) > 1
    if crowded or not 0 < result.warm_up <= LONGEST_WARM_UP or not speaks_for(line, sum(units)):
        return
    before = result.designs["role"].tolist().index("before")
    room = {(source, target): 0 for target, sources in feeders_of(line).items() for source in sources}
    for source, target in list(room):
        own = {buffer.after: buffer.capacity for buffer in line.buffers if buffer.before == target}
        if own.get(source, own.get("", 0)) is None:  # as many as needed
            del room[source, target]
    gaps = []
    for row in (0, before):
        numbers = study.numbers(row + 1)
        places = room | {way: amount for way, amount in numbers.items() if way[0]}
        people = {way[1]: amount for way, amount in numbers.items() if not way[0]}
        ours, again = (
            study.cycles(row + 1),
            replay(line, places, people, units, seed, params.blocking == "before"),
        )
        error = np.sqrt(ours.var(ddof=1) / len(ours) + again.var(ddof=1) / len(again))
        gaps.append(abs(ours.mean() - again.mean()) - ROUNDING * ours.mean() > SURE * error)
    yield equal(
        "replayed",
        float(sum(gaps)),
        expected=0.0,
        method="The selected design and today's, simulated by another program with other random numbers, "
        "within five standard errors.",
    )


def _outcome(study: Studied) -> Claim:
    """Claim that the outcome is what the probabilities and the target say."""
    result, target = study.result, study.params.target
    sure = result.complete and result.probability >= study.params.confidence / 100
    if target is None:
        fits = result.outcome == ("selected" if sure else "open") and result.target_probability is None
    else:
        full = all(n == study.params.per_buffer for key, n in study.numbers(1).items() if key[0])
        reached = result.throughput >= target
        nothing = result.cost if for_money(study.params) else result.places
        fewest = nothing == 0 or any(
            role == "frontier" and rate < target and _a_step_below(study, places, cost)
            for role, places, cost, rate in zip(
                *(result.designs[name] for name in ("role", "places", "cost", "throughput")), strict=True
            )
        )
        fits = {
            "selected": sure and reached and fewest,
            "unreachable": full and not reached,
            "open": not (sure and reached and fewest),
        }[result.outcome] and _target(study, HOUR / target)
    return equal(
        "outcome",
        float(fits),
        expected=1.0,
        method="`selected` after a whole search with the probability asked for, the target reached and "
        "missed with one place fewer (or at a lower cost); `unreachable` with full buffers; else `open`.",
    )


def _a_step_below(study: Studied, places: int, cost: float) -> bool:
    """Tell whether a design has one place fewer than the selected one, or costs less where that counts."""
    if for_money(study.params):
        return cost < study.result.cost
    return places == study.result.places - 1


def _target(study: Studied, cycle: float) -> bool:
    """Tell whether the probability of reaching the target is that of the replications."""
    spent = study.cycles(1)
    gap, error = cycle - spent.mean(), spent.std(ddof=1) / np.sqrt(len(spent))
    found = student.cdf(gap / error, len(spent) - 1) if error > 0 else float(gap >= 0)
    stated = study.result.target_probability
    return stated is not None and abs(found - stated) <= ROUNDING
