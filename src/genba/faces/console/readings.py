"""What pages read more than once; every function here blocks and runs off the event loop."""

from collections import OrderedDict
from threading import Lock

from genba.core.errors import GenbaError
from genba.core.run import Run
from genba.core.views import Views
from genba.factory.factory import Factory

KEPT = 32
"""Views kept at hand."""


class Readings:
    """The factory, with the views of the newest ended runs kept at hand; safe between threads."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self._views: OrderedDict[tuple[str, int], Views | None] = OrderedDict()
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

    def _read(self, run: Run) -> Views | None:
        try:
            return self.factory.views(run.id)
        except GenbaError:  # a lost table must not hide the rest of the page, which names it
            return None
