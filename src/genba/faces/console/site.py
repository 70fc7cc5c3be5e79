"""Mounts the console's pages in the server; NiceGUI is configured here and nowhere else."""

import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from nicegui import app as pages
from nicegui import ui

from genba.core.errors import GenbaError, NotFound
from genba.faces.console import head
from genba.faces.console.compare import compare_page
from genba.faces.console.floor import floor_page
from genba.faces.console.form import form_page
from genba.faces.console.layout import Visit, alert, frame, heading, show, visit_of
from genba.faces.console.pages.grid import grid_page
from genba.faces.console.pages.line import line_page
from genba.faces.console.readings import Readings
from genba.faces.console.run import run_page
from genba.faces.console.runs import runs_page
from genba.faces.console.start import start_page
from genba.faces.markup import tag
from genba.factory.factory import Factory
from genba.factory.registry import domain, operation

logger = logging.getLogger(__name__)

OWN_START = {"grid": grid_page, "line": line_page}
"""Domains with a start page of their own."""
BUILD_S = 20.0
"""How long a page may take to read the record before it is given up, s."""


def add_console(app: FastAPI, factory: Factory) -> None:
    """Add every page to the server; must come after all other routes, since it answers every other path."""
    readings = Readings(factory)
    pages.add_static_files(head.ADDRESS, head.STATIC, max_cache_age=31_536_000)
    page = ui.page

    @page("/", response_timeout=BUILD_S)
    async def floor(request: Request) -> None:
        await guarded(request, lambda visit: floor_page(visit, readings))

    @page("/runs", response_timeout=BUILD_S)
    async def runs(request: Request) -> None:
        await guarded(request, lambda visit: runs_page(visit, readings, request.query_params))

    @page("/runs/{run_id}", response_timeout=BUILD_S)
    async def one_run(request: Request, run_id: str) -> None:
        await guarded(request, lambda visit: run_page(visit, readings, run_id))

    @page("/compare", response_timeout=BUILD_S)
    async def compare(request: Request) -> None:
        await guarded(request, lambda visit: compare_page(visit, readings, request.query_params))

    @page("/{name}", response_timeout=BUILD_S)
    async def start(request: Request, name: str) -> None:
        async def draw(visit: Visit) -> None:
            await OWN_START.get(name, start_page)(visit, readings, domain(name))

        await guarded(request, draw)

    @page("/{name}/{verb}", response_timeout=BUILD_S)
    async def form(request: Request, name: str, verb: str) -> None:
        async def draw(visit: Visit) -> None:
            await form_page(visit, readings, operation(f"{name}.{verb}"), request.query_params)

        await guarded(request, draw)

    async def elsewhere(request: Request) -> None:
        await guarded(request, nowhere)

    _mount(app, elsewhere)


async def guarded(request: Request, draw: Callable[[Visit], Awaitable[None]]) -> None:
    """Draw a page, or in its place what went wrong, with the matching HTTP status."""
    visit = visit_of(request)
    try:
        await draw(visit)
    except Exception as error:  # a boundary: the reader gets a page that says what happened
        if not isinstance(error, GenbaError):
            logger.exception("the page %s failed", visit.path)
        ui.context.client.content.clear()
        refuse(visit, error)


def refuse(visit: Visit, error: Exception) -> None:
    """Draw the page that stands in the place of one that cannot be shown."""
    say = visit.say
    known = isinstance(error, GenbaError)
    title = say("console.error.title", "This page cannot be shown")
    if isinstance(error, NotFound):
        title = say("console.error.missing", "Not found")
    ui.status_code(error.http_status if isinstance(error, GenbaError) else 500)
    unexpected = say("console.error.unexpected", "Something unexpected happened; the server's log says what.")
    with frame(visit, title):
        heading(title)
        show(alert(str(error) if known else unexpected))
        show(tag("a", say("console.error.floor", "Back to the floor"), href="/", class_="action"))


async def nowhere(visit: Visit) -> None:
    """Say that there is no such page."""
    raise NotFound(
        visit.say("console.error.no_page", "There is no page at {path}.", path=visit.path), where=visit.path
    )


def _mount(app: FastAPI, elsewhere: Callable[[Request], Awaitable[None]]) -> None:
    # NiceGUI's application is global: a second server in one process starts afresh
    pages.user_middleware.clear()
    pages.middleware_stack = None
    ui.run_with(
        app,
        root=elsewhere,
        title="genba",
        favicon=head.FAVICON,
        dark=None,
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=10.0,
        binding_refresh_interval=None,
    )
