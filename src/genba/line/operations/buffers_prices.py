"""What one more place, and one more of the staff, costs."""

from genba.line.operations.simulate_model import Flow
from genba.line.records.buffers import BuffersParams
from genba.line.records.line import Line, ResourceGroup, Station


def prices_of(line: Line, flow: Flow, links: tuple[int, ...], params: BuffersParams) -> list[float]:
    """Give the price of one more than today: of a place on each open link, then of staff at each station.

    A parallel place takes one more of each resource group at its station and one of its workers; a team takes
    a worker alone. Wages and write-offs count over `wage_hours`; of several workers the cheapest is taken.
    """
    ways = [(flow.ids[flow.links[link].source], flow.ids[flow.links[link].target]) for link in links]
    places = [_place(line, source, target) for source, target in ways]
    if params.staffing == "fixed":
        return places
    return places + [_staff(line, line.stations[place], params) for place in flow.order]


def _place(line: Line, source: str, target: str) -> float:
    mine = [buffer for buffer in line.buffers if buffer.before == target and buffer.after in ("", source)]
    return next((buffer for buffer in mine if buffer.after), mine[0]).place_cost


def _staff(line: Line, station: Station, params: BuffersParams) -> float:
    groups = [group for group in line.groups if group.id in station.groups]
    wages = [worker.cost for worker in line.workers if worker.id in station.workers]
    person = min(wages, default=0.0) * params.wage_hours
    if params.staffing == "parallel":
        return person + sum(_one_more(group, params) for group in groups)
    people = [_one_more(group, params) for group in groups if group.kind == "human"]
    return person if wages else min(people, default=0.0)


def _one_more(group: ResourceGroup, params: BuffersParams) -> float:
    return group.investment + group.cost * params.wage_hours


__all__ = ["prices_of"]
