"""The forkserver alone: what it is asked to do comes when a worker is not there yet, or no longer."""

import signal
from collections.abc import Iterator
from contextlib import closing

import pytest

from genba.factory.attempt import AttemptDirectory
from genba.factory.factory import Factory
from genba.factory.forks import Forkserver
from genba.factory.launching import prepare

WORKERS = 8


@pytest.fixture
def forkserver(factory: Factory) -> Iterator[Forkserver]:
    with closing(Forkserver(factory.home)) as started:
        yield started


def test_a_worker_killed_before_it_leads_its_group_ends_alone(
    factory: Factory, forkserver: Forkserver
) -> None:
    run = factory.submit("factory.probe", {"ending": "hang"})
    keys = set()
    for attempt in range(WORKERS):  # all are asked for before the forkserver listens: it obeys without pause
        directory = AttemptDirectory(factory.home, run.id, attempt)
        prepare(directory, run, factory.artifacts)
        forkserver.spawn(directory.key, directory.spec, operation=run.operation, memory_mib=512)
        forkserver.signal(directory.key, signal.SIGKILL)
        keys.add(directory.key)
    assert _ended(forkserver, keys) == dict.fromkeys(keys, -signal.SIGKILL)
    assert forkserver.alive


def _ended(forkserver: Forkserver, keys: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    while forkserver.alive and set(found) != keys:
        reports = forkserver.reports(1.0)
        found.update({report["ended"]: report["status"] for report in reports if "ended" in report})
    return found
