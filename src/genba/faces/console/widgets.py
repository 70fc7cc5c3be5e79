"""One control for each question of a form; a control gives a value and shows what is wrong with it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nicegui import events, ui

from genba.faces import labels
from genba.faces.console.fields import Field
from genba.faces.console.layout import Visit, show
from genba.faces.labels import AnyOperation
from genba.faces.markup import Markup, join, prose, tag
from genba.faces.words import say_unit, with_unit
from genba.factory.registry import domain


@dataclass(frozen=True, slots=True)
class Asked:
    """A drawn question: `read` gives the answer, None when left alone; `complain` shows a fault."""

    field: Field
    read: Callable[[], Any]
    complain: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What drawing a question needs beside the question."""

    visit: Visit
    operation: AnyOperation
    value: Any
    """The answer to begin with."""
    sources: dict[str, str]
    """For a file: what can be chosen, by the text that the params name it with."""
    changed: Callable[[str], None]
    """Told the field's name whenever its answer changes."""
    upload: Callable[[str, Path], Awaitable[str]] | None = None
    """Keeps an uploaded file and gives the text that names it."""


def ask(field: Field, drawing: Drawing) -> Asked:
    """Draw one question with its label, sentence and control."""
    wide = " wide" if field.kind == "list" or field.suffixes else ""
    with ui.element("div").classes(f"field{wide}") as box:
        draw = {"switch": _switch, "choice": _choice, "file": _file, "list": _list}.get(field.kind, _text)
        asked = draw(field, drawing)
        show(_sentence(field, drawing), classes="sentence")
    box.props["data-field"] = field.name
    return asked


def _label(field: Field, drawing: Drawing, target: str | None) -> None:
    visit = drawing.visit
    words = visit.word(labels.param_label(drawing.operation, field.name))
    need = (
        tag("span", f" · {visit.say('console.form.required', 'required')}", class_="need")
        if field.required
        else None
    )
    words = with_unit(words, say_unit(visit.language, field.unit))
    show(tag("label", words, need, class_="field-label", for_=target))


def _sentence(field: Field, drawing: Drawing) -> Markup:
    visit = drawing.visit
    words = visit.word(labels.param_sentence(drawing.operation, field.name))
    more = f" ({field.range})" if field.range else ""
    return tag("span", prose(words), more)


def _control(control: Any, field: Field, drawing: Drawing) -> Any:
    control.props("outlined dense").without_auto_validation()  # it would clear what the form says
    control.props["for"] = f"field-{field.name}"
    control.on_value_change(lambda: drawing.changed(field.name))
    return control


def _complainer(control: Any) -> Callable[[str], None]:
    def complain(text: str) -> None:
        control.error = text or None

    return complain


def _text(field: Field, drawing: Drawing) -> Asked:
    _label(field, drawing, f"field-{field.name}")
    shown = "" if drawing.value is None else f"{drawing.value}"
    control = _control(ui.input(value=shown), field, drawing)
    if field.kind == "number":
        least, most = field.bounds
        control.props["type"] = "number"
        control.props["step"] = "1" if field.whole else "any"
        control.props["min"], control.props["max"] = least or None, most or None
        if field.unit not in ("1", ""):
            control.props["suffix"] = field.unit
    return Asked(
        field, lambda: control.value if control.value not in ("", None) else None, _complainer(control)
    )


def _choice(field: Field, drawing: Drawing) -> Asked:
    _label(field, drawing, f"field-{field.name}")
    options = {choice: _choice_word(drawing, choice) for choice in field.choices}
    control = _control(ui.select(options, value=drawing.value), field, drawing)
    return Asked(field, lambda: control.value, _complainer(control))


def _choice_word(drawing: Drawing, choice: str) -> str:
    return drawing.visit.say(f"console.choice.{choice}", choice)


def _switch(field: Field, drawing: Drawing) -> Asked:
    words = drawing.visit.word(labels.param_label(drawing.operation, field.name))
    control = ui.switch(words, value=bool(drawing.value)).props("dense").classes("field-label")
    control.on_value_change(lambda: drawing.changed(field.name))
    return Asked(field, lambda: control.value, lambda text: None)  # neither answer can be wrong


def _file(field: Field, drawing: Drawing) -> Asked:
    _label(field, drawing, f"field-{field.name}")
    options = {choice: _choice_word(drawing, choice) for choice in field.choices} | drawing.sources
    if drawing.value and drawing.value not in options:
        options[drawing.value] = drawing.value
    with ui.element("div").classes("file-row"):
        control = _control(ui.select(options, value=drawing.value, with_input=True), field, drawing)
        if drawing.upload and field.suffixes:
            _uploader(field, drawing, control, options)
    if field.suffixes:
        _templates(field, drawing)
    return Asked(field, lambda: control.value, _complainer(control))


def _templates(field: Field, drawing: Drawing) -> None:
    """Offer the domain's files to be filled in, of the kinds that this question takes."""
    name, say = drawing.operation.domain, drawing.visit.say
    offered = [suffix for suffix in domain(name).templates if suffix in field.suffixes]
    words = {".xlsx": say("console.form.excel", "Excel"), ".toml": say("console.form.toml", "TOML text")}
    base = f"/v1/{name}/template?language={drawing.visit.language}&format="
    links = (
        tag("a", words[suffix], href=base + suffix.removeprefix("."), download=True) for suffix in offered
    )
    if offered:
        lead = tag("span", say("console.form.template", "A file to fill in:"))
        show(join(lead, *links), classes="links sentence")


def _uploader(field: Field, drawing: Drawing, control: ui.select, offered: dict[str, str]) -> None:
    keep = drawing.upload
    assert keep is not None

    async def arrived(event: events.UploadEventArguments) -> None:
        with TemporaryDirectory() as place:
            path = Path(place) / "upload"
            await event.file.save(path)
            named = await keep(event.file.name, path)
        if named:
            control.set_options({**offered, named: event.file.name}, value=named)
        uploader.reset()

    uploader = ui.upload(auto_upload=True, on_upload=arrived)
    uploader.props["accept"] = ",".join(field.suffixes)
    words = drawing.visit.say("console.form.upload", "Upload a file")
    pick = ui.button(words, on_click=lambda: uploader.run_method("pickFiles"), color=None)
    pick.props("flat no-caps").classes("action")


def _list(field: Field, drawing: Drawing) -> Asked:
    visit, entries = drawing.visit, list[ui.input]()
    words = visit.word(labels.param_label(drawing.operation, field.name))
    with ui.element("div").classes("list-field").props("role=group") as box:
        box.props["aria-label"] = words
        _label(field, drawing, None)
        rows = ui.element("div").classes("list-field")
        wrong = show(Markup(""))

    def add(value: str = "") -> None:
        with rows, ui.element("div").classes("list-row") as row:
            entry = ui.input(value=value, on_change=lambda: drawing.changed(field.name)).props(
                "outlined dense"
            )
            entry.props["aria-label"] = words
            entries.append(entry)
            drop = visit.say("console.form.drop", "Remove")
            ui.button(drop, on_click=lambda: remove(row, entry), color=None).props("flat no-caps").classes(
                "action"
            )

    def remove(row: ui.element, entry: ui.input) -> None:
        entries.remove(entry)
        row.delete()
        drawing.changed(field.name)

    for value in drawing.value or ():
        add(str(value))
    with box:
        more = visit.say("console.form.add", "Add an entry")
        ui.button(more, on_click=lambda: add(), color=None).props("flat no-caps").classes("action")

    def complain(text: str) -> None:
        wrong.content = tag("div", text, class_="tone-bad", role="alert") if text else Markup("")

    return Asked(field, lambda: [entry.value for entry in entries if entry.value], complain)
