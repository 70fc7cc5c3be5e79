"""The seal, checked: what genba would load from another machine. Nothing is expected."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import genba
from genba.core.records import Record

REMOTE = r"(?:https?:|wss?:)?//[A-Za-z0-9]"
LOADS = re.compile(
    rf"""<(?:script|img|iframe|link|source|video|audio)\b[^>]*?\b(?:src|href)\s*=\s*["']?{REMOTE}"""
    rf"""|url\(\s*["']?{REMOTE}"""
    rf"""|@import\s+["']{REMOTE}"""
    rf"""|\b(?:fetch|importScripts|WebSocket|EventSource|Worker)\(\s*["'`]{REMOTE}"""
    rf"""|\bimport\(\s*["'`]{REMOTE}|\bfrom\s*["']{REMOTE}""",
    re.IGNORECASE,
)
"""Places from which a browser loads at once; an address in a comment, a licence or a name space is none."""
OWN_KINDS = frozenset({".html", ".css", ".js", ".mjs", ".svg", ".json", ".webmanifest"})
PAGE_KINDS = frozenset({".html", ".css"})
AROUND = 60


class Leak(Record):
    """One place that names another machine."""

    file: str
    text: str
    """What stands there."""


def leaks() -> tuple[Leak, ...]:
    """Give every remote address that an asset of genba, or a page of its server's packages, would load."""
    return tuple(leak for file in assets() for leak in leaks_in(file))


def assets() -> Iterator[Path]:
    """Yield the assets of genba, and the pages and style sheets that NiceGUI puts around them."""
    yield from _files(Path(genba.__file__).parent, OWN_KINDS)
    spec = find_spec("nicegui")
    if spec and spec.origin:
        yield from _files(Path(spec.origin).parent / "templates", PAGE_KINDS)
        yield from _files(Path(spec.origin).parent / "static", PAGE_KINDS)


def leaks_in(file: Path) -> Iterator[Leak]:
    """Yield the remote addresses that one file would load."""
    content = file.read_text(encoding="utf-8", errors="replace")
    for match in LOADS.finditer(content):
        shown = content[match.start() : match.end() + AROUND].splitlines()[0]
        yield Leak(file=str(file), text=shown)


def _files(folder: Path, kinds: frozenset[str]) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.suffix in kinds and file.is_file())
