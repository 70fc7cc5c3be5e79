"""The assembly line's page: stations follow the slider, and a study starts from it."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

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


BROKEN = """
tasks = [
  { id = "a", time = -5, after = ["b"] },
  { id = "b", time = 10, after = ["a", "zz"] },
]
"""


def test_a_broken_file_is_one_report_and_nothing_of_the_line_before_stays(
    browse: Callable[..., Any], console: Any, tmp_path: Path
) -> None:
    (tmp_path / "broken.toml").write_text(BROKEN)
    reader = browse(console.address, language="ja")
    page = reader.open("/line")
    page.wait_for_selector(".chart canvas")
    page.set_input_files("input[type=file]", tmp_path / "broken.toml")
    page.get_by_text("このままでは計画できない").wait_for()
    told = page.locator(".panel", has_text="サイクルタイムに対する編成").inner_text()
    for said in ("負にはできない", "zz", "互いに先行し合っている"):
        assert said in told
    assert page.locator(".chart").count() == page.locator(".headline").count() == 0
    assert page.locator(".q-slider").count() == 0
    assert reader.complaints == []


def test_the_page_says_what_is_proved_of_the_stations(browse: Callable[..., Any], console: Any) -> None:
    page = browse(console.address).open("/line")
    page.wait_for_selector(".q-slider.said")
    least = page.locator(".headline", has_text="Stations at least").locator(".quantity").inner_text()
    proved = int(least.split()[0]) == stations(page)
    said = page.locator(".credit").inner_text()
    assert ("no line of fewer stations" in said) == proved
    assert ("may exist" in said) != proved


@pytest.mark.parametrize("path", ["/line", "/line/simulate"])
def test_a_file_to_fill_in_is_offered_where_a_line_is_asked_for(
    browse: Callable[..., Any], console: Any, path: str
) -> None:
    page = browse(console.address).open(path)
    for name, magic in (("Excel", b"PK"), ("TOML text", b"#")):
        with page.expect_download() as waited:
            page.get_by_role("link", name=name, exact=True).first.click()
        assert Path(waited.value.path()).read_bytes().startswith(magic)


def test_a_balance_goes_on_as_a_workbook_or_as_another_study(
    browse: Callable[..., Any], console: Any
) -> None:
    run = console.made("line.balance", line="example:starter", cycle_time=60.0)
    reader = browse(console.address, language="ja")
    page = reader.open(f"/runs/{run.id}")
    with page.expect_download() as waited:
        page.get_by_role("link", name="Excel の表（計算式つき）").click()
    assert waited.value.suggested_filename == f"line.balance-{run.id}.xlsx"
    assert load_workbook(io.BytesIO(Path(waited.value.path()).read_bytes())).sheetnames == ["ライン編成表"]
    page.get_by_role("link", name="バッファと人員の配分").click()
    page.wait_for_url("**/line/buffers?line=example%3Astarter")
    page.wait_for_selector("[data-field=line] input")
    assert page.locator("[data-field=line] input").first.input_value() == "starter (example)"
    assert reader.complaints == []
