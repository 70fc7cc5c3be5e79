"""The console's icons, drawn on a 24 by 24 grid with one stroke; each stands beside a word."""

from genba.core.run import State
from genba.faces.markup import Markup, tag

PATHS = {
    "accepted": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7v5l3 2",
    "placed": "M12 21s7-6.500 7-11a7 7 0 1 0-14 0c0 4.500 7 11 7 11M12 8a2 2 0 1 0 0 4a2 2 0 1 0 0-4",
    "submitted": "M4 12h13M12 6l6 6-6 6",
    "running": "M8 5l11 7-11 7z",
    "lost": "M9 9a3 3 0 1 1 4 2.800c-1 .5-1 1.200-1 2.200M12 18v.1",
    "succeeded": "M5 12.500l4.500 4.500L19 7",
    "refused": "M12 3l8 3v6c0 5-3.500 8-8 9c-4.500-1-8-4-8-9V6zM9 9.500l6 6M15 9.500l-6 6",
    "failed": "M6 6l12 12M18 6L6 18",
    "cancelled": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M6 6l12 12",
    "holds": "M12 3l8 3v6c0 5-3.500 8-8 9c-4.500-1-8-4-8-9V6zM8.500 12l2.500 2.500l4.500-5",
    "none": "M6 12h12",
    "warning": "M12 4l9 16H3zM12 10v5M12 17.500v.1",
    "sun": "M12 8a4 4 0 1 0 0 8 4 4 0 1 0 0-8"
    "M12 2v3m0 14v3M2 12h3m14 0h3M5 5l2 2m10 10 2 2m0-14-2 2M7 17l-2 2",
    "moon": "M20 14.500A8.500 8.500 0 1 1 9.500 4a7 7 0 0 0 10.500 10.500",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "arrow": "M5 12h14M13 6l6 6-6 6",
}


def icon(name: str) -> Markup:
    """Give an icon that screen readers pass over."""
    path = tag("path", d=PATHS[name])
    return tag("svg", path, class_="icon", viewBox="0 0 24 24", aria_hidden="true")


def state_icon(state: State) -> Markup:
    """Give the icon of a run's state."""
    return icon(state.value)
