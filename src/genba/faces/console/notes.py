"""Tags and note of a run, which stay editable after it ended."""

import asyncio

from nicegui import ui

from genba.core.run import Run
from genba.faces.console.layout import Visit
from genba.faces.console.readings import Readings

LONGEST_NOTE = 2000


def notes(visit: Visit, readings: Readings, run: Run) -> None:
    """Draw both, with one button that keeps them."""
    say = visit.say
    tags = ui.input(say("console.form.tags", "Tags"), value=" ".join(run.tags)).props("outlined dense")
    note = ui.textarea(say("console.form.note", "Note"), value=run.note).props(
        f"outlined dense autogrow maxlength={LONGEST_NOTE}"
    )

    async def save() -> None:
        words = tuple(dict.fromkeys((tags.value or "").split()))
        await asyncio.to_thread(readings.factory.annotate, run.id, tags=words, note=note.value or "")
        ui.notify(say("console.run.saved", "Saved."), type="positive")

    ui.button(say("console.run.save", "Save"), on_click=save, color=None).props("no-caps flat").classes(
        "action"
    )
