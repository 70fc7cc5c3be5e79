"""What a report carries inside itself: its style, its script with ECharts, and the policy that names them."""

import base64
import hashlib
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from genba.core.errors import missing_extra
from genba.faces.markup import Markup, tag
from genba.faces.theme import DARK, FONT, LIGHT, MONOSPACE, Palette

HERE = Path(__file__).parent
LICENCE = "/* Apache ECharts, Apache License 2.0, (c) The Apache Software Foundation. */"
ALIAS = re.compile(r"import\{(?P<alias>[\w$]+) as (?P<local>\w+)\b.*?\}from\"\./(?P<file>[\w.-]+\.js)\"")
EXPORTS = re.compile(r"export\{(?P<names>[^}]*)\};?\s*(//# sourceMappingURL=\S*)?\s*$")

EXPORTED = re.compile(r"(?P<inner>[\w$]+) as (?P<outer>[\w$]+)")


def style() -> Markup:
    """Give the style sheet, with the colours of both themes."""
    dark = "@media (prefers-color-scheme: dark) {:root {color-scheme: dark;" + _variables(DARK) + "}}"
    fonts = f":root {{--font: {FONT}; --mono: {MONOSPACE};}}"
    light = f":root {{color-scheme: light;{_variables(LIGHT)}}}"
    paper = f"@media print {{:root {{color-scheme: light;{_variables(LIGHT)}}}}}"
    body = (HERE / "style.css").read_text(encoding="utf-8")
    return tag("style", Markup("\n".join((fonts, light, f"@media screen {{{dark}}}", paper, body))))


def data(name: str, value: Any) -> Markup:
    """Give JSON that a script finds by its id; no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return tag("script", Markup(safe), type="application/json", id=name)


@cache
def program() -> str:
    """Give the report's one script: ECharts as NiceGUI's wheel brings it, then what draws the charts.

    Raises:
        MissingExtra: when NiceGUI is not installed.
    """
    spec = find_spec("nicegui")
    if spec is None or spec.origin is None:
        raise missing_extra("nicegui", "server")
    library, name = _echarts(Path(spec.origin).parent / "elements" / "echart" / "dist")
    drawing = (HERE / "charts.js").read_text(encoding="utf-8")
    return f"{LICENCE}\n{library}\nconst echarts = {name};\n{drawing}"


def policy(script: str | None) -> Markup:
    """Give the content security policy: nothing from outside, and no script but the one with this hash."""
    allowed = "'none'"
    if script is not None:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        allowed = f"'sha256-{digest}'"
    rules = (
        "default-src 'none'",
        f"script-src {allowed}",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return tag("meta", http_equiv="Content-Security-Policy", content="; ".join(rules))


def _echarts(folder: Path) -> tuple[str, str]:
    """Give ECharts without its exports, and the name that its namespace has inside."""
    alias = ALIAS.search((folder / "index.js").read_text(encoding="utf-8"))
    if alias is None:
        raise missing_extra("nicegui 3.x", "server")
    source = (folder / alias["file"]).read_text(encoding="utf-8")
    exports = EXPORTS.search(source)
    if exports is None:
        raise missing_extra("nicegui 3.x", "server")
    inside = {outer: inner for inner, outer in EXPORTED.findall(exports["names"])}
    return source[: exports.start()], inside[alias["alias"]]


def _variables(colours: Palette) -> str:
    names = ("paper", "surface", "ink", "muted", "line", "accent", "good", "warning", "bad")
    return "".join(f"--{name}: {getattr(colours, name)};" for name in names)
