"""What pages read more than once; every function here blocks and runs off the event loop."""

import time
from collections import OrderedDict
from threading import Lock

from genba.core.errors import GenbaError
from genba.core.run import ACTIVE, Run
from genba.core.views import Views
from genba.faces.eta import Estimate
from genba.factory.factory import Factory

KEPT = 32
"""Views kept at hand."""
FOLLOWED = 256
"""Runs at work whose pace is remembered."""


class Readings:
    """The factory, with views of ended runs and the pace of those at work at hand; safe between threads."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self._views: OrderedDict[tuple[str, int], Views | None] = OrderedDict()
        self._paces: OrderedDict[str, Estimate] = OrderedDict()
        self._lock = Lock()

    def views(self, run: Run) -> Views | None:
        """Give what to show of a run's result, or None when there is no result."""
        if run.result is None:
            return None
        key = (run.id, run.attempt)  # what an ended attempt stated never changes
        with self._lock:
            if key in self._views:
                self._views.move_to_end(key)
                return self._views[key]
        views = self._read(run)
        with self._lock:
            self._views[key] = views
            while len(self._views) > KEPT:
                self._views.popitem(last=False)
        return views

    def left(self, run: Run) -> float | None:
        """Give how long a run still takes by its pace since it was first looked at, s; None while unknown."""
        now = time.monotonic()
        with self._lock:
            before = self._paces.pop(run.id, Estimate())
            if run.state not in ACTIVE:
                return None
            self._paces[run.id] = estimate = before.seen(run.fraction or 0.0, now)
            while len(self._paces) > FOLLOWED:
                self._paces.popitem(last=False)
        return estimate.left(now)

    def _read(self, run: Run) -> Views | None:
        try:
            return self.factory.views(run.id)
        except GenbaError:  # a lost table must not hide the rest of the page, which names it
            return None
