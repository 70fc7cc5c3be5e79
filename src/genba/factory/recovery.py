"""Whether somebody still cares for an attempt, and how its processes are ended when nobody does."""

from enum import Enum

from genba.factory import processes
from genba.factory.attempt import AttemptDirectory
from genba.store.disk import explained
from genba.store.queries import Held

LONGEST_LEASE_NS = 60_000_000_000


class Standing(Enum):
    """Who holds an attempt."""

    HELD = "held"
    ABANDONED = "abandoned"


def standing(held: Held, now: int) -> Standing:
    """Tell whether an attempt's supervisor lives.

    Where the process can be looked at, that decides, and no clock does. Where it cannot (another boot,
    another container), the lease decides; one that ends too far ahead comes from a clock set back.
    """
    living = processes.alive(held.owner.rpartition(".")[0])
    if living is None:
        in_lease = held.lease_until is not None and now < held.lease_until <= now + LONGEST_LEASE_NS
        return Standing.HELD if in_lease else Standing.ABANDONED
    return Standing.HELD if living else Standing.ABANDONED


def end_processes(directory: AttemptDirectory, worker: str) -> None:
    """Kill whatever an attempt left running, so that no run is worked on twice.

    Arguments:
        directory: of the attempt; tells the worker when the record does not know it yet.
        worker: identity of the worker, or nothing.
    """
    processes.end_group(worker or _written(directory))
    processes.end_marked(directory.key)


def _written(directory: AttemptDirectory) -> str:
    with explained(directory.worker):
        return directory.worker.read_text(encoding="ascii") if directory.worker.exists() else ""
