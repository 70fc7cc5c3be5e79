"""Lists of data as HTML: tables in a box of their own that scrolls, and pairs of name and value."""

from collections.abc import Iterable, Sequence

from genba.faces.markup import Content, Markup, tag


def table(
    heads: Sequence[Content], rows: Iterable[Sequence[Content]], *, numbers: frozenset[int] = frozenset()
) -> Markup:
    """Give a table.

    Arguments:
        heads: column titles.
        rows: cells, one sequence a row.
        numbers: places of the columns that hold numbers, which are set to the right.
    """
    head = tag(
        "tr",
        *(tag("th", title, scope="col", class_=_side(place, numbers)) for place, title in enumerate(heads)),
    )
    body = [
        tag("tr", *(tag("td", cell, class_=_side(place, numbers)) for place, cell in enumerate(row)))
        for row in rows
    ]
    whole = tag("table", tag("thead", head), tag("tbody", *body), class_="list")
    return tag(
        "div", whole, class_="scroll", tabindex="0", role="region", aria_label=", ".join(_plain(heads))
    )


def pairs(entries: Iterable[tuple[Content, Content]]) -> Markup:
    """Give names and values."""
    return tag(
        "dl",
        *(part for name, value in entries for part in (tag("dt", name), tag("dd", value))),
        class_="pairs",
    )


def _side(place: int, numbers: frozenset[int]) -> str | None:
    return "num" if place in numbers else None


def _plain(heads: Sequence[Content]) -> list[str]:
    return [str(head) for head in heads if head is not None and not isinstance(head, Markup)]
