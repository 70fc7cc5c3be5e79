"""What every page shares: who visits and how they read, the header, the landmarks and the notices."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Request
from nicegui import ui

from genba.faces.console.head import head
from genba.faces.console.icons import icon
from genba.faces.labels import Text
from genba.faces.markup import Markup, join, tag
from genba.faces.theme import Theme
from genba.faces.words import languages, say
from genba.factory.registry import domains

Kind = Literal["bad", "warn"]
LANGUAGE_COOKIE = "genba_language"
THEME_COOKIE = "genba_theme"
SYSTEM_COOKIE = "genba_system_theme"
"""What the browser's system prefers; written by the page itself, since a server cannot ask."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One page as one reader sees it."""

    language: str
    theme: Theme | None
    """None follows the reader's system."""
    path: str
    shade: Theme = "light"
    """What charts are drawn for: the chosen theme, else the hint that the browser gave."""

    def say(self, key: str, english: str, **arguments: Any) -> str:
        """Give a text in the reader's language."""
        return say(self.language, key, english, **arguments)

    def word(self, text: Text) -> str:
        """Give the reader's words for a part of the contract."""
        return say(self.language, text.key, text.english)


def visit_of(request: Request) -> Visit:
    """Read language and theme from the cookies, else from what the browser asks for."""
    chosen = request.cookies.get(LANGUAGE_COOKIE) or asked_language(
        request.headers.get("accept-language", "")
    )
    language = chosen if chosen in languages() else "en"
    kept = request.cookies.get(THEME_COOKIE)
    theme: Theme | None = "dark" if kept == "dark" else "light" if kept == "light" else None
    system = request.cookies.get(SYSTEM_COOKIE)
    return Visit(language, theme, request.url.path, theme or ("dark" if system == "dark" else "light"))


def asked_language(accept: str) -> str:
    """Give the first language of an Accept-Language header that the console speaks."""
    asked = (part.partition(";")[0].strip().lower()[:2] for part in accept.split(","))
    return next((name for name in asked if name in languages()), "en")


@contextmanager
def frame(visit: Visit, title: str) -> Iterator[None]:
    """Draw header and landmarks; what is created inside stands in the main landmark."""
    client = ui.context.client
    client.page = copy(client.page)  # language and theme belong to this reader, the page object to all
    client.page.language = "ja" if visit.language == "ja" else "en-US"
    client.page.dark = {"dark": True, "light": False, None: None}[visit.theme]
    client.title = f"{title} · genba"
    client.content.classes("console")
    ui.add_head_html(head(visit.theme))
    skip = visit.say("console.header.skip", "Skip to content")
    show(tag("a", skip, href="#main", class_="skip-link"), classes="skip")
    with ui.element("header").classes("header").props("role=banner"):
        show(_brand(visit), classes="brand-box")
        show(_navigation(visit), classes="nav-box")
        _switches(visit)
    if client.content.parent_slot:  # Quasar's page is a landmark itself and would hold the header
        client.content.parent_slot.parent.props("role=presentation")
    with ui.element("div").props("id=main tabindex=-1 role=main").classes("main"):
        ui.on_exception(lambda error: notice(visit, error))
        yield


def show(markup: Markup, *, name: str = "div", classes: str = "") -> ui.html:
    """Put markup on the page; setting `content` to markup again updates it where it differs."""
    return ui.html(markup, sanitize=False, tag=name).classes(classes)  # `tag` has escaped every text


def heading(title: str, *, lead: str = "") -> ui.element:
    """Draw a page's title line; what is created inside stands at its end."""
    line = ui.element("div").classes("heading")
    with line:
        show(join(tag("h1", title), tag("p", lead, class_="lead") if lead else None))
    return line


def section(title: str, *, classes: str = "") -> ui.element:
    """Draw a panel with a title; what is created inside stands below the title."""
    panel = ui.element("section").classes(f"panel {classes}")
    panel.props["aria-label"] = title
    with panel:
        show(tag("h2", title), classes="panel-title")
    return panel


def empty(text: str, *more: Markup) -> Markup:
    """Give what stands where there is nothing to show yet."""
    return tag("p", text, " ", *more, class_="empty")


def alert(text: str, *more: Markup, kind: Kind = "bad") -> Markup:
    """Give a sentence that must not be overlooked."""
    return tag("div", icon("warning"), tag("div", text, *more), class_=f"alert alert-{kind}", role="alert")


def notice(visit: Visit, error: Exception) -> None:
    """Tell the reader that an action did not work, and why."""
    text = visit.say("console.notice.failed", "That did not work: {reason}", reason=str(error))
    ui.notify(text, type="negative", close_button=visit.say("console.notice.close", "Close"), timeout=0)


def _brand(visit: Visit) -> Markup:
    home = visit.say("console.header.home", "genba: to the floor")
    return tag(
        "a", tag("b", "現場"), tag("span", "genba"), href="/", class_="brand", aria_label=home, lang="ja"
    )


def _navigation(visit: Visit) -> Markup:
    places = [
        ("/", visit.say("console.floor.title", "Floor")),
        ("/runs", visit.say("console.runs.title", "Runs")),
        *((f"/{d.name}", visit.say(f"console.domain.{d.name}", d.name.capitalize())) for d in domains()),
    ]
    links = [
        tag("a", word, href=path, aria_current="page" if _here(visit.path, path) else None)
        for path, word in places
    ]
    label = visit.say("console.header.pages", "Pages")
    menu = visit.say("console.header.menu", "Menu")
    wide = tag("nav", *links, class_="nav-wide", aria_label=label)
    narrow = tag("nav", *links, aria_label=label)
    return join(
        wide, tag("details", tag("summary", icon("menu"), tag("span", menu)), narrow, class_="nav-narrow")
    )


def _here(path: str, target: str) -> bool:
    return path == target or (target != "/" and path.startswith(f"{target}/"))


def _switches(visit: Visit) -> None:
    other, word = ("en", "English") if visit.language == "ja" else ("ja", "日本語")
    with ui.element("div").classes("switches"):
        label = visit.say("console.header.language", "Change language to {other}", other=word)
        button(tag("span", word, lang=other), label, f"() => genbaKeep('{LANGUAGE_COOKIE}', '{other}')")
        theme = visit.say("console.header.theme", "Switch between light and dark")
        button(join(icon("sun"), icon("moon")), theme, f"() => genbaTheme('{THEME_COOKIE}')")


def button(content: Markup, label: str, script: str) -> ui.element:
    """Draw a small button that acts in the browser alone.

    Arguments:
        content: what it shows.
        label: what it does, in words.
        script: a JavaScript function, written in the source, never data.
    """
    drawn = ui.element("button").classes("switch").on("click", js_handler=script)
    drawn.props["type"] = "button"
    drawn.props["aria-label"] = drawn.props["title"] = label
    with drawn:
        show(content, name="span")
    return drawn
