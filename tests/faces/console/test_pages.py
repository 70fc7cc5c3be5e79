"""Every page, in both languages and at both widths: whole, local, labelled and without complaints."""

from collections.abc import Callable
from typing import Any

import pytest

from genba.faces.console.layout import asked_language

PATHS = (
    "/",
    "/runs",
    "/runs?tag=drill",
    "/runs/{run}",
    "/compare?left={run}&right={other}",
    "/factory",
    "/factory/probe",
    "/grid",
)
HEADINGS = "h1, h2, summary, .field-label, .action, nav a, th:not(.num)"
CONTROLS = ".main input, .main select, .main textarea, .main button, header button"
UNNAMED = f"""() => [...document.querySelectorAll('{CONTROLS}')]
    .filter(e => e.type !== 'file' && !e.closest('.q-uploader, .hidden') && !e.classList.contains('hidden'))
    .filter(e => !e.labels?.length && !e.ariaLabel && !e.innerText?.trim())
    .map(e => e.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def paths(console: Any) -> tuple[str, ...]:
    run = console.made("factory.probe", tags=("drill",), seconds=0.1)
    other = console.made("factory.probe", seconds=0.0)
    return tuple(path.format(run=run.id, other=other.id) for path in PATHS)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_pages_fit_both_widths_and_name_every_part_in_the_readers_language(
    language: str, browse: Callable[..., Any], console: Any, paths: tuple[str, ...]
) -> None:
    reader = browse(console.address, language=language)
    for path in paths:
        page = reader.open(path)
        assert page.get_attribute("html", "lang") == {"en": "en-US", "ja": "ja"}[language], path
        assert page.locator("[role=banner], [role=main]").count() == 2, path
        assert page.locator("h1").count() == 1, path
        assert page.evaluate(UNNAMED) == [], path
        words = page.locator(HEADINGS).all_inner_texts() if language == "ja" else []
        assert [word for word in words if word.strip() and word.isascii()] == [], path
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert reader.overflow() <= 0, (path, width)
    assert reader.complaints == []


def test_the_keyboard_reaches_content_and_menu_with_a_visible_focus(reader: Any) -> None:
    page = reader.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('nav') !== null")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_narrow_header_opens_its_menu(browse: Callable[..., Any], console: Any) -> None:
    page = browse(console.address, width=390).open("/")
    assert not page.locator("nav a", has_text="Runs").first.is_visible()
    page.locator("header summary").click()
    page.locator(".nav-narrow a", has_text="Runs").click()
    page.wait_for_url("**/runs")


@pytest.mark.parametrize("path", ["/runs/ZZZZ", "/nothing", "/grid/nothing", "/a/b/c"])
def test_what_does_not_exist_says_so_with_its_status(path: str, reader: Any) -> None:
    answer = reader.page.goto(reader.address + path)
    assert answer.status == 404
    assert reader.page.locator("h1").inner_text() == "Not found"
    assert reader.page.locator("[role=alert]").inner_text()


def test_language_and_theme_are_kept_by_the_browser(reader: Any) -> None:
    page = reader.open("/runs")
    assert page.locator("body.body--light").count() == 1
    page.get_by_role("button", name="Change language").click()
    page.get_by_role("heading", name="実行一覧").wait_for()
    page.get_by_role("button", name="明るい表示と暗い表示").click()
    page.wait_for_selector("body.body--dark")
    page = reader.open("/")
    assert page.locator("h1").inner_text() == "フロア"
    assert page.locator("body.body--dark").count() == 1
    assert reader.complaints == []


def test_the_theme_follows_the_system_at_first(browse: Callable[..., Any], console: Any) -> None:
    page = browse(console.address, theme="dark").open("/")
    page.wait_for_selector("body.body--dark")
    page.wait_for_function("document.cookie.includes('genba_system_theme=dark')")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("ja,en;q=0.8", "ja"), ("fr-FR, ja;q=0.5", "ja"), ("de, en-GB", "en"), ("", "en"), ('"<>;;,', "en")],
)
def test_the_first_language_comes_from_the_browser(accepted: str, language: str) -> None:
    assert asked_language(accepted) == language
