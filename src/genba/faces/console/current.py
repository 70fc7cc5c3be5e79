"""Keeps a page current while somebody looks, and says so when it cannot."""

import asyncio
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from genba.faces.console.layout import Visit, alert, show
from genba.faces.markup import Markup
from genba.faces.words import moment

P = ParamSpec("P")
T = TypeVar("T")


class Current:
    """The place on a page that warns when what the page shows is old; create it where the warning stands."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.at = time.time_ns()
        self.box = show(Markup(""))

    async def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Read off the event loop; None when that failed, and then the page keeps its last good picture."""
        try:
            found = await asyncio.to_thread(function, *args, **kwargs)
        except Exception as error:  # whatever it is, the reader must know that the page has become old
            self.box.content = self._stale(error)
            return None
        self.at, self.box.content = time.time_ns(), Markup("")
        return found

    def _stale(self, error: Exception) -> Markup:
        words = self.visit.say(
            "console.notice.stale",
            "The record cannot be read: what you see is from {time}. {reason}",
            time=moment(self.at),
            reason=str(error),
        )
        return alert(words, kind="warn")
