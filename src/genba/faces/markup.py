"""HTML that is safe by construction: every text is escaped unless it already is markup."""

from html import escape

VOID = frozenset({"br", "input", "meta"})


class Markup(str):
    """HTML that `tag` has built; a plain `str` is text."""

    __slots__ = ()


Content = Markup | str | int | None
Attribute = str | int | bool | None


def tag(name: str, /, *children: Content, **attributes: Attribute) -> Markup:
    """Give one element.

    Arguments:
        name: element name, written in the source, never data.
        children: markup is kept, any other value is escaped; None is left out.
        attributes: `class_` for `class`, `data_x` for `data-x`; None and False are left out, True is bare.
    """
    pairs = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{name}{pairs}>")
    return Markup(f"<{name}{pairs}>{join(*children)}</{name}>")


def join(*children: Content) -> Markup:
    """Give children one after another, escaped where they are text."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else escape(str(child))
            for child in children
            if child is not None
        )
    )


def prose(sentence: str) -> Markup:
    """Give a docstring's sentence with what stands between backticks as code."""
    parts = sentence.split("`")
    return join(*(tag("code", part) if place % 2 else part for place, part in enumerate(parts)))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
