"""Lines in SimPy on times drawn before: the independent tool that the recursion is compared with."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import simpy


def departures(
    times: np.ndarray,
    links: Sequence[tuple[int, int, int | None]],
    servers: Sequence[int],
    held: Mapping[tuple[int, int, int | None], int] | None = None,
) -> np.ndarray:
    """Give when parts leave each station, in the order in which they leave.

    Arguments:
        times: how long the n-th part to start holds a server, shape (stations, parts), s.
        links: source, target and places; none: any number.
        servers: equal places of each station.
        held: parts that wait on links at the start; none: nowhere.

    Returns:
        Shape (stations, parts).
    """
    env = simpy.Environment()
    stores = {link: simpy.Store(env) for link in links}
    rooms = {  # a part keeps its place until it leaves the station behind the buffer
        link: simpy.Container(env, init=link[2] + servers[link[1]]) for link in links if link[2] is not None
    }
    for link, parts in (held or {}).items():
        stores[link].items.extend(range(-parts, 0))
        if link in rooms and parts:
            rooms[link].get(parts)
    left: list[list[float]] = [[] for _ in servers]
    started = [0] * len(servers)

    def server(k: int) -> Iterator[Any]:
        feeds = [link for link in links if link[1] == k]
        fed = [link for link in links if link[0] == k]
        while True:
            if feeds:
                yield env.all_of([stores[link].get() for link in feeds])
            n = started[k]
            if n == times.shape[1]:
                return
            started[k] += 1
            yield env.timeout(times[k, n])
            if fed:
                yield env.all_of([rooms[link].get(1) for link in fed if link in rooms])
                yield env.all_of([stores[link].put(n) for link in fed])
            for link in feeds:
                if link in rooms:
                    yield rooms[link].put(1)
            left[k].append(env.now)

    for k, count in enumerate(servers):
        for _ in range(count):
            env.process(server(k))
    env.run()
    return np.array([row[: min(len(row) for row in left)] for row in left])
