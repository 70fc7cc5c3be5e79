"""The legend that every chart with several kinds of mark has."""

from typing import Any

from genba.faces.theme import Palette

LEGEND_HEIGHT = 28


def legend(colours: Palette, top: int) -> dict[str, Any]:
    """Give a legend in one line, which scrolls where it is too long."""
    return {
        "type": "scroll",
        "top": top,
        "left": 0,
        "itemWidth": 14,
        "textStyle": {"color": colours.ink, "fontSize": 12},
        "pageIconColor": colours.accent,
        "pageIconInactiveColor": colours.line,
        "pageTextStyle": {"color": colours.muted},
    }
