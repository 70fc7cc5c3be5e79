"""What stands in the head of every page: the colours of the reader's theme, our styles, our few scripts."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from genba.faces.markup import Markup, join, tag
from genba.faces.theme import DARK, FONT, LIGHT, MONOSPACE, Palette, Theme

STATIC = Path(__file__).parent / "static"
ADDRESS = "/console/static"
STYLES = ("base.css", "pages.css")
SCRIPT = "console.js"
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="6" fill="#0b62a3"/>'
    '<path d="M7 24V12l6 4v-4l6 4V8h6v16z" fill="#fff"/></svg>'
)


def head(theme: Theme | None) -> Markup:
    """Give the head's content for one theme; None follows the system."""
    colours = {"light": _colours(LIGHT), "dark": _colours(DARK)}
    system = f"@media (prefers-color-scheme: dark) {{:root {{{colours['dark']}}}}}" if theme is None else ""
    fonts = f":root {{--font: {FONT}; --mono: {MONOSPACE}}}"
    own = f":root {{{colours[theme or 'light']}}}"
    styles = [tag("link", rel="stylesheet", href=_address(name)) for name in STYLES]
    return join(tag("style", Markup(f"{fonts} {own} {system}")), *styles, tag("script", src=_address(SCRIPT)))


@cache
def _address(name: str) -> str:
    """Give a file's address, which changes with its content, so that browsers may keep it for ever."""
    return f"{ADDRESS}/{name}?{sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def _colours(palette: Palette) -> str:
    names = ("paper", "surface", "ink", "muted", "line", "accent", "good", "warning", "bad", "missing")
    scheme = "dark" if palette is DARK else "light"
    return f"color-scheme: {scheme}; " + "; ".join(f"--{name}: {getattr(palette, name)}" for name in names)
