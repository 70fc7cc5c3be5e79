"""Certificate of `line.simulate`: what every simulation must obey, and its figures from their rows anew.

Nothing here simulates. Means of distributions, bounds, intervals and balances are computed from the line and
from the rows of the result.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from genba.core.certificate import Certificate, Claim, at_most, equal
from genba.core.context import Context
from genba.line.checks.flow import feeders_of
from genba.line.io.opening import open_line
from genba.line.records.line import Line, Station
from genba.line.records.pace import DAY, average, net_time
from genba.line.records.simulate import SimulateParams, SimulateResult
from genba.line.records.spread import Time

Floats = NDArray[np.float64]
STATES = ("working", "down", "blocked", "waiting", "starved", "off")
HOUR = 3600.0
CURVED = 0.05
"""How much more than its derivative a difference of 2 or 5 % may be, relative."""
ROUNDING = 1e-9
"""Relative: sums of a million numbers of 53 bits, with a thousand units in the last place to spare."""


@np.errstate(all="ignore")  # what is no number fails its claim
def certify_simulate(params: SimulateParams, result: SimulateResult, ctx: Context) -> Certificate:
    """Certify a simulation: conservation, Little's law, times that add up, exact bounds, intervals anew."""
    line = open_line(params, Context(path=ctx.path))
    listed = _listed(line, params, result)
    if not all(claim.holds for claim in listed):  # nothing else can be asked of other rows
        return Certificate(claims=listed)
    return Certificate(
        claims=(
            *listed,
            _conserved(result),
            _little(line, params, result),
            *_times(line, result),
            _bounded(line, params, result),
            *_intervals(line, params, result),
            _settled(params, result),
            _ranked(result),
            *_answered(result),
            _powered(line, result),
        )
    )


def _listed(line: Line, params: SimulateParams, result: SimulateResult) -> tuple[Claim, ...]:
    ids = sorted(station.id for station in line.stations)
    rows, count = result.run_stations, len(result.runs)
    missing = len(set(ids) ^ set(result.stations["station"].tolist())) + abs(len(ids) - len(result.stations))
    pairs = set(zip(rows["replication"].tolist(), rows["station"].tolist(), strict=True))
    wanted = {(replication, name) for replication in range(count) for name in ids}
    return (
        equal(
            "stations_listed",
            missing + len(pairs ^ wanted) + abs(len(rows) - len(wanted)),
            expected=0,
            method="Stations of the line and rows of every replication; missing, unknown and repeated ones.",
        ),
        equal(
            "window_as_asked",
            float(abs(result.span - params.hours * HOUR) > 1e-6)
            + float(result.confidence != params.confidence),
            expected=0,
            method="Length of the window and confidence are those that were asked for.",
        ),
        at_most(
            "replications_allowed",
            abs(count - result.replications) + max(count - params.replications, 0),
            bound=0,
            unit="1",
            method="Replications beyond those allowed, and the difference of their number from that stated.",
        ),
    )


def _conserved(result: SimulateResult) -> Claim:
    runs = result.runs
    came, went = runs["at_start"] + runs["entered"], runs["left"] + runs["scrapped"] + runs["merged"]
    return at_most(
        "parts_conserved",
        float(np.abs(came - went - runs["at_end"]).max()),
        bound=0,
        unit="1",
        method="Units at the start and entered, less those that left, were scrapped or merged and remain.",
    )


def _little(line: Line, params: SimulateParams, result: SimulateResult) -> Claim:
    """Compare units in the line with rate times time; units in it at both ends make them differ a little.

    Units that left within the window were in the line for L each, summed; the time integral leaves out what
    they spent before it and adds what the remaining ones spend in it. Over all replications the difference
    is at most what the units at both ends can have spent in the line, taken as twice the mean each, and with
    breaks a night and all breaks of a day.
    """
    runs = result.runs
    kept = runs["left"] > 0
    lead = np.where(kept, runs["lead_time"], 0.0)
    by_rate = float((runs["left"] * lead).sum())
    by_time = float((runs["units"] * result.span).sum())
    gone = float(((runs["scrapped"] + runs["merged"]) * result.lead_time).sum())
    night = DAY - net_time(line) if params.breaks else 0.0
    ends = float(((runs["at_start"] + runs["at_end"]) * (2 * result.lead_time + night)).sum())
    return at_most(
        "littles_law",
        abs(by_time - by_rate),
        bound=ends + gone + ROUNDING * by_time,
        unit="s",
        method="Units in the line over time against their times in it; bound: what both ends leave open.",
    )


def _times(line: Line, result: SimulateResult) -> tuple[Claim, ...]:
    servers = {station.id: station.servers for station in line.stations}
    rows = result.run_stations
    whole = np.array([servers[name] for name in rows["station"].tolist()]) * result.span
    total = np.sum([rows[state] for state in STATES], axis=0)
    least = min(float(rows[state].min()) for state in STATES)
    return (
        at_most(
            "station_time",
            float(np.abs(total / whole - 1).max()) * 100,
            bound=100 * ROUNDING,
            unit="%",
            method="All states of every station and replication together against the window.",
        ),
        at_most(
            "no_negative_time",
            -least,
            bound=0,
            unit="s",
            method="No station spends less than no time in a state.",
        ),
    )


def mean_of(time: Time, otherwise: float) -> float:
    """Give the mean of a time, s; `otherwise` stands in where it has none."""
    if time.kind == "triangular":
        return ((time.low or 0.0) + (time.mode or 0.0) + (time.high or 0.0)) / 3
    if time.kind == "empirical":
        return math.fsum(time.values) / len(time.values)
    mean = otherwise if time.mean is None else time.mean
    if time.kind == "normal" and time.cv > 0:
        above = 1 / time.cv
        return mean + mean * time.cv * float(norm.pdf(above) / norm.cdf(above))
    return mean


def capacity_of(line: Line, station: Station) -> float:
    """Give the units per second that a station could make if it were never starved nor blocked."""
    times = {task.id: average(task, line) for task in line.tasks}
    tasks = sum(times.get(task, 0.0) for task in station.tasks)
    work = mean_of(station.work, tasks) if station.work is not None else tasks
    if work <= 0:
        return math.inf
    rate, broken = station.servers / work, station.breakdown
    if broken is None:
        return rate
    between, repair = mean_of(broken.mtbf, 0.0), mean_of(broken.mttr, 0.0)
    return rate * between / (between + repair)


def rate_of(line: Line) -> float:
    """Give the units per second that a line could make with endless buffers.

    A station is no faster than what feeds it: the slowest feeder of an assembly, all of a merge together.
    """
    feeders, rate = feeders_of(line), math.inf if line.arrivals is None else 1 / mean_of(line.arrivals, 0.0)
    waiting = {station.id: station for station in line.stations}
    made: dict[str, float] = {}
    while waiting:
        ready = [name for name in waiting if all(feeder in made for feeder in feeders[name])]
        for name in ready:
            station = waiting.pop(name)
            fed = [made[feeder] for feeder in feeders[name]] or [math.inf]
            together = sum(fed) if station.join == "merge" else min(fed)
            made[name] = min(capacity_of(line, station), together)
    last = set(made) - {feeder for names in feeders.values() for feeder in names}
    return min(rate, sum(made[name] for name in last))


def _bounded(line: Line, params: SimulateParams, result: SimulateResult) -> Claim:
    wide = _half_width(result.runs["throughput"], 0.9999)
    return at_most(
        "throughput_bounded",
        result.throughput - (wide if math.isfinite(wide) else 0.0),
        bound=rate_of(line) * HOUR * (1 + ROUNDING) + HOUR / result.span,
        unit="1/h",
        method=(
            "Lower end of the throughput's interval at 99.99 % against the slowest station's rate with its "
            "availability, or arrivals; one unit per window for its edges."
        ),
    )


def _half_width(values: Floats, confidence: float) -> float:
    count = len(values)
    if count < 2:
        return math.inf
    return float(student.ppf(0.5 + confidence / 2, count - 1) * np.std(values, ddof=1) / math.sqrt(count))


def _ratio(above: Floats, below: Floats, confidence: float) -> tuple[float, float]:
    mean = float(above.sum() / below.sum())
    return mean, _half_width((above - mean * below) / below.mean(), confidence)


def _intervals(line: Line, params: SimulateParams, result: SimulateResult) -> tuple[Claim, ...]:
    runs, level = result.runs, params.confidence / 100
    left = runs["left"]
    some = left > 0
    lead = _ratio(np.where(some, runs["lead_time"], 0.0) * left, left, level)
    used = np.where(some, np.nan_to_num(runs["energy"]) * left, _used(line, result))
    energy = _ratio(used, left, level)
    rates = left / result.span * HOUR
    stated = (
        (result.throughput, result.throughput_half_width, *_mean(rates, level)),
        (result.units, result.units_half_width, *_mean(runs["units"], level)),
        (result.lead_time, result.lead_time_half_width, *lead),
        (result.energy, result.energy_half_width, *energy),
    )
    gaps = [np.abs(runs["throughput"] - rates).max() / max(float(rates.mean()), 1e-12)]
    gaps += [
        _apart(value, anew, abs(anew)) + _apart(width, wide, abs(anew)) for value, width, anew, wide in stated
    ]
    return (
        at_most(
            "intervals_recomputed",
            float(np.max(gaps)),
            bound=1e-8,
            unit="1",
            method="Rates of the replications, means and half-widths by Student's t, relative to the mean.",
        ),
        at_most(
            "shares_recomputed",
            _shares_apart(result, level),
            bound=1e-6,
            unit="%",
            method="Shares of every state and their half-widths from the replications' rows.",
        ),
    )


def _mean(values: Floats, confidence: float) -> tuple[float, float]:
    return float(np.mean(values)), _half_width(values, confidence)


def _apart(one: float, other: float, scale: float) -> float:
    return abs(one - other) / max(scale, 1e-12)


def _shares_apart(result: SimulateResult, level: float) -> float:
    rows, stations = result.run_stations, result.stations
    worst = 0.0
    for at, (name, servers) in enumerate(
        zip(stations["station"].tolist(), stations["servers"].tolist(), strict=True)
    ):
        mine = rows["station"] == name
        for state in STATES:
            mean, width = _mean(100 * rows[state][mine] / (servers * result.span), level)
            worst = max(
                worst, abs(mean - stations[state][at]), abs(width - stations[f"{state}_half_width"][at])
            )
    return worst


def _settled(params: SimulateParams, result: SimulateResult) -> Claim:
    width = 100 * result.throughput_half_width / result.throughput if result.throughput else math.inf
    reached = width <= params.half_width * (1 + ROUNDING)
    return equal(
        "outcome_stated",
        float(reached != (result.outcome == "settled")),
        expected=0,
        method="`settled` exactly when the half-width asked for is reached.",
    )


def _ranked(result: SimulateResult) -> Claim:
    stations = result.stations
    use = stations["working"] + stations["down"]
    answer = stations["gain"] + np.nan_to_num(stations["repair_gain"])
    order = use if result.gains == "none" else answer
    wrong = _disordered(order, stations["rank"]) + _disordered(use, stations["rank_by_use"])
    first = str(stations["station"][int(np.argmin(stations["rank"]))])
    return equal(
        "ranks_recomputed",
        wrong + float(first != result.bottleneck),
        expected=0,
        method="Neighbours out of order by the gains and shares of the table; the bottleneck is the first.",
    )


def _answered(result: SimulateResult) -> tuple[Claim, ...]:
    """Claim that a line whose times are all 1 % shorter makes 1 % more at most."""
    if result.gains == "none":
        return ()
    stations = result.stations
    names = ("gain", "repair_gain")
    together = sum(float(np.nan_to_num(stations[name]).sum()) for name in names)
    wide = sum(float(np.nan_to_num(stations[f"{name}_half_width"]).sum()) for name in names)
    curved = 0.0 if result.gains == "derivative" else CURVED
    return (
        at_most(
            "gains_together",
            together,
            bound=1 + curved + wide + ROUNDING,
            unit="%",
            method="Gains of all stations' work and repairs, 1 % each, against the 1 % that all times bring; "
            "half-widths, and 5 % of it for differences, allowed for.",
        ),
    )


def _used(line: Line, result: SimulateResult) -> Floats:
    """Give the energy of all stations by replication, kWh."""
    power = {station.id: station.power for station in line.stations}
    rows = result.run_stations
    idle = rows["blocked"] + rows["waiting"] + rows["starved"]
    of = [power[name] for name in rows["station"].tolist()]
    used = (
        rows["working"] * np.array([one.working for one in of])
        + rows["down"] * np.array([one.down for one in of])
        + idle * np.array([one.idle for one in of])
        + rows["off"] * np.array([one.off for one in of])
    ) / HOUR
    return np.array([float(used[rows["replication"] == run].sum()) for run in result.runs["replication"]])


def _powered(line: Line, result: SimulateResult) -> Claim:
    """Claim that energy is power by state times the time in it."""
    runs, anew = result.runs, _used(line, result)
    stated = np.where(runs["left"] > 0, np.nan_to_num(runs["energy"]) * runs["left"], anew)
    return at_most(
        "energy_recomputed",
        float(np.abs(stated - anew).max()),
        bound=ROUNDING * max(float(np.abs(anew).max()), 1.0),
        unit="kWh",
        method="Power by state times the time in it, all stations together, against the energy of the units.",
    )


def _disordered(value: Floats, rank: NDArray[np.int64]) -> float:
    if sorted(rank.tolist()) != list(range(1, len(rank) + 1)):
        return float(len(rank))
    ordered = value[np.argsort(rank)]
    return float((np.diff(ordered) > 1e-9).sum())
