"""The assembly line's page: stations follow the slider, and a study starts from it."""

from collections.abc import Callable
from typing import Any

STATIONS = ".headlines .headline:first-child .quantity"


def stations(page: Any) -> int:
    return int(page.locator(STATIONS).first.inner_text().split()[0])


def test_stations_follow_the_slider(browse: Callable[..., Any], console: Any) -> None:
    reader = browse(console.address)
    page = reader.open("/line")
    page.wait_for_selector(".q-slider.said")
    before = stations(page)
    track = page.locator(".q-slider__track-container").first
    size = track.bounding_box()
    track.click(position={"x": 0.9 * size["width"], "y": size["height"] / 2})
    page.wait_for_function(f"parseInt(document.querySelector('{STATIONS}').innerText) < {before}")
    page.wait_for_selector(".chart canvas")
    assert stations(page) < before
    assert reader.complaints == []


def test_runs_of_the_slider_are_not_listed_but_a_study_is(browse: Callable[..., Any], console: Any) -> None:
    reader = browse(console.address)
    page = reader.open("/line")
    page.wait_for_selector(".q-slider.said")
    assert page.locator("a[href^='/runs/']").count() == 1  # that of the slider's own balance
    page.get_by_role("button", name="Sequence").click()
    page.wait_for_url("**/runs/*")
    page.wait_for_selector(".chart canvas")
    page = reader.open("/line")
    page.wait_for_selector(".q-slider.said")
    assert page.locator("a[href^='/runs/']").count() >= 2
    assert reader.complaints == []
