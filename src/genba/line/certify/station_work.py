"""The work at each station of a line, added up from its tasks by the certificates themselves."""

from genba.line.records.line import Line, Station


def work_at(line: Line, station: Station, product: str | None = None) -> float:
    """Give the mean time of a station per unit, s: of one product, or of the average unit."""
    if station.work is not None and station.work.mean is not None:
        return station.work.mean
    made = {one.id: one.share for one in line.products} or {"": 1.0}
    shares = made if product is None else {product: 1.0}
    mine = [task for task in line.tasks if task.id in station.tasks]
    return sum(share * task.times.get(name, task.time) for task in mine for name, share in shares.items())
