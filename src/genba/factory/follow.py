"""Seeing a run through to its end from the foreground."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genba.core.run import TERMINAL, Run
from genba.factory.factory import Factory
from genba.factory.request import PLAIN, Request
from genba.factory.supervisor import Supervisor

POLL_S = 0.1


class Foreground:
    """Advances some runs: by a supervisor of its own, or by waiting while `genba up` serves the home."""

    def __init__(self, factory: Factory, slots: int | None = None) -> None:
        self._factory = factory
        self._slots = slots
        self._runs: set[str] = set()
        self._supervisor: Supervisor | None = None

    def add(self, run_id: str) -> None:
        """Care for one more run."""
        self._runs.add(run_id)

    def step(self, timeout: float = POLL_S) -> None:
        """Advance, for at most `timeout` s."""
        if self._supervisor is None and not self._factory.served():
            self._supervisor = Supervisor(self._factory, only=self._runs, slots=self._slots)
        if self._supervisor is None:
            time.sleep(min(timeout, POLL_S))
        else:
            self._supervisor.step(timeout)

    def close(self) -> None:
        """Leave; runs that are still under way wait for the next supervisor."""
        if self._supervisor is not None:
            self._supervisor.close()
            self._supervisor = None


def execute(factory: Factory, run_id: str, on_change: Callable[[Run], None] = lambda run: None) -> Run:
    """See one run through and give how it ended.

    Arguments:
        factory: the home.
        run_id: the run, or the beginning of its id.
        on_change: called whenever state, progress or message have changed.

    A first Ctrl-C cancels the run; a second one leaves at once.
    """
    run = factory.run(run_id)
    on_change(run)
    foreground = Foreground(factory)
    foreground.add(run.id)
    asked = False
    try:
        while run.state not in TERMINAL:
            try:
                foreground.step()
            except KeyboardInterrupt:
                if asked:
                    raise
                asked = True
                factory.cancel(run.id)
            fresh = factory.run(run.id)
            if fresh != run:
                on_change(fresh)
            run = fresh
    finally:
        foreground.close()
    return run


def submit(
    operation: str,
    /,
    *,
    wait: bool = True,
    home: Path | str | None = None,
    request: Request = PLAIN,
    **params: Any,
) -> Run:
    """Make a Run in a home, and by default wait until it has ended.

    >>> genba.submit("grid.powerflow", case="pglib:case118_ieee").state  # doctest: +SKIP
    <State.SUCCEEDED: 'succeeded'>
    """
    with Factory.open(home) as factory:
        run = factory.submit(operation, params, request)
        return execute(factory, run.id) if wait else run
