"""Starts studies from a page of a domain: a button each, uploads, and what went wrong in one place."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nicegui import ui

from genba.core.domain import Domain
from genba.core.errors import GenbaError
from genba.faces.console.chips import operation_title
from genba.faces.console.layout import Visit, alert, show
from genba.faces.console.readings import Readings
from genba.faces.console.sources import keep
from genba.faces.markup import Markup
from genba.factory.request import Request


class Starter:
    """The place on a page from which studies are started; `place` draws where it tells what went wrong."""

    def __init__(self, visit: Visit, readings: Readings) -> None:
        self.visit, self.readings = visit, readings

    def place(self) -> None:
        """Draw where faults are told."""
        self.banner = show(Markup(""))

    def complain(self, text: str) -> None:
        """Tell what went wrong."""
        self.banner.content = alert(text)

    def buttons(self, domain: Domain, params: Callable[[str], Mapping[str, Any] | None]) -> None:
        """Draw a button for each operation; `params` gives what it starts with, None where it cannot."""
        for entry in domain.operations():
            self._button(entry.name, params)

    def _button(self, name: str, params: Callable[[str], Mapping[str, Any] | None]) -> None:
        async def begin() -> None:
            asked = params(name)
            if asked is not None:
                await self.begin(name, asked)

        button = ui.button(operation_title(self.visit, name), on_click=begin, color=None)
        button.props("no-caps unelevated").classes("action main-action")

    async def begin(self, name: str, params: Mapping[str, Any]) -> None:
        """Submit a study and go to its run."""
        submit = self.readings.factory.submit
        try:
            run = await asyncio.to_thread(submit, name, params, Request(local_files=False))
        except GenbaError as error:
            self.complain(error.message)
            return
        ui.navigate.to(f"/runs/{run.id}")

    async def upload(self, name: str, path: Path) -> str:
        """Keep an uploaded file and give the text that names it, empty when it was refused."""
        try:
            return await asyncio.to_thread(keep, self.readings, name, path)
        except GenbaError as error:
            self.complain(error.message)
            return ""
