"""The form of an operation, made from its Params: the same questions as on every other face."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nicegui import ui
from pydantic import ValidationError

from genba.core.errors import GenbaError, InputError
from genba.core.inputs import InputFile
from genba.core.run import Run
from genba.faces import labels
from genba.faces.console.chips import operation_title, short_id
from genba.faces.console.faults import fault_text
from genba.faces.console.fields import Field, fields_of, fitting, folded
from genba.faces.console.layout import Visit, alert, frame, heading, section, show
from genba.faces.console.readings import Readings
from genba.faces.console.sources import keep, sources_of
from genba.faces.console.widgets import Asked, Drawing, ask
from genba.faces.labels import AnyOperation
from genba.faces.markup import Markup, tag
from genba.factory.request import Request


async def form_page(
    visit: Visit, readings: Readings, operation: AnyOperation, query: Mapping[str, str]
) -> None:
    """Draw the form; `?from=RUN` begins with that run's answers, `?case=...` with single answers."""
    parent = await asyncio.to_thread(readings.factory.run, query["from"]) if "from" in query else None
    fields = fields_of(operation.params)
    given = (answers_of(parent) if parent else {}) | dict(query)
    begin = {field.name: fitting(field, given.get(field.name, field.default)) for field in fields}
    sources = {
        field.name: await asyncio.to_thread(sources_of, visit, readings, operation.domain, field)
        for field in fields
        if field.kind == "file"
    }
    title = operation_title(visit, operation.name)
    with frame(visit, title):
        heading(title, lead=visit.word(labels.summary(operation)))
        if parent:
            show(_parent_line(visit, parent))
        form = Form(visit, readings, operation, parent)
        form.draw(fields, begin, sources)


def answers_of(run: Run) -> dict[str, Any]:
    """Give a run's answers as a form can send them: a path of this machine becomes the file's content."""
    stored = {
        entry.field: f"sha256:{entry.sha256}"
        for entry in run.inputs
        if isinstance(run.params.get(entry.field), str) and InputFile(run.params[entry.field]).is_local
    }
    return run.params | stored


class Form:
    """One reader's form: its questions, which of them were touched, and the way to a run."""

    def __init__(self, visit: Visit, readings: Readings, operation: AnyOperation, parent: Run | None) -> None:
        self.visit, self.readings, self.operation, self.parent = visit, readings, operation, parent
        self.asked: dict[str, Asked] = {}
        self.touched: set[str] = set()

    def draw(
        self, fields: tuple[Field, ...], begin: Mapping[str, Any], sources: Mapping[str, dict[str, str]]
    ) -> None:
        """Draw every question, the options of the run and the button."""
        say = self.visit.say
        first, rest = folded(fields)
        with section(say("console.form.questions", "Parameters")), ui.element("div").classes("stack"):
            with ui.element("div").classes("fields"):
                self._ask(first, begin, sources)
            if rest:
                with _fold(say("console.form.more", "More parameters ({count})", count=len(rest))):
                    self._ask(rest, begin, sources)
            with _fold(say("console.form.options", "Options of the run")):
                self._options()
        self.banner = show(Markup(""))
        with ui.element("div").classes("buttons"):
            word = (
                say("console.form.start", "Start")
                if self.parent is None
                else say("console.form.rerun", "Start again")
            )
            self.button = ui.button(word, on_click=self.submit, color=None).props("no-caps unelevated")
            self.button.classes("action main-action")

    def _ask(
        self, fields: tuple[Field, ...], begin: Mapping[str, Any], sources: Mapping[str, dict[str, str]]
    ) -> None:
        for field in fields:
            drawing = Drawing(
                self.visit,
                self.operation,
                begin[field.name],
                sources.get(field.name, {}),
                self.changed,
                self.upload,
            )
            self.asked[field.name] = ask(field, drawing)

    def _options(self) -> None:
        say = self.visit.say
        self.tags = _option(
            "tags",
            say("console.form.tags", "Tags"),
            say("console.form.tags_sentence", "Words to find the run by, separated by spaces."),
        )
        self.note = _option(
            "note",
            say("console.form.note", "Note"),
            say("console.form.note_sentence", "What this run is for."),
        )
        self.seed = _option(
            "seed",
            say("console.form.seed", "Seed"),
            say(
                "console.form.seed_sentence",
                "Start of the random numbers; the same seed gives the same result.",
            ),
            str(self.parent.seed if self.parent else 0),
        )
        self.seed.props("type=number min=0 step=1")

    def values(self) -> dict[str, Any]:
        """Give the answers; a question left empty is not among them, so its default counts."""
        answers = {name: asked.read() for name, asked in self.asked.items()}
        return {name: value for name, value in answers.items() if value is not None}

    def changed(self, name: str) -> None:
        """Check the form after an answer changed; show what is wrong with the questions touched so far."""
        self.touched.add(name)
        self.check(frozenset(self.touched))

    def check(self, shown: frozenset[str]) -> bool:
        """Show what is wrong beside each question in `shown`; give whether all answers are right."""
        faults: dict[str, list[str]] = {}
        try:
            self.operation.params.model_validate(self.values(), context={"local_files": False})
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                where = str(fault["loc"][0]) if fault["loc"] else ""
                faults.setdefault(where, []).append(fault_text(self.visit, fault))
        for name in shown & self.asked.keys():
            self.asked[name].complain(" ".join(dict.fromkeys(faults.get(name, []))))
        return not faults

    async def upload(self, name: str, path: Path) -> str:
        """Keep an uploaded file; gives the text that names it, empty when it was refused."""
        try:
            return await asyncio.to_thread(keep, self.readings, name, path)
        except GenbaError as error:
            self._say_wrong(error.message)
            return ""

    async def submit(self) -> None:
        """Submit the answers and go to the run, or show every error beside its question."""
        self.banner.content = Markup("")
        if not self.check(frozenset(self.asked)):
            self._say_wrong(
                self.visit.say("console.form.wrong", "Some answers are not right yet; each says why.")
            )
            ui.run_javascript("genbaFaults()")
            return
        self.button.disable()
        try:
            run = await asyncio.to_thread(self._send)
        except GenbaError as error:
            self._say_wrong(error.message)
            self.button.enable()
            return
        ui.navigate.to(f"/runs/{run.id}")

    def _send(self) -> Run:
        factory, values = self.readings.factory, self.values()
        tags = tuple(dict.fromkeys((self.tags.value or "").split()))
        request = Request(seed=self._seed(), tags=tags, note=self.note.value or "", local_files=False)
        if self.parent is None:
            return factory.submit(self.operation.name, values, request)
        before = answers_of(self.parent)
        emptied = {name: asked.field.default for name, asked in self.asked.items() if name not in values}
        changes = {name: value for name, value in (emptied | values).items() if value != before.get(name)}
        return factory.rerun(self.parent.id, changes, request)

    def _seed(self) -> int:
        try:
            return int(self.seed.value or 0)
        except ValueError as error:
            raise InputError(f"seed: found {self.seed.value!r}; give a whole number") from error

    def _say_wrong(self, text: str) -> None:
        self.banner.content = alert(text)


def _parent_line(visit: Visit, parent: Run) -> Markup:
    words = visit.say(
        "console.form.parent",
        "Begins with the answers of run {run}; change what you like.",
        run=short_id(parent.id),
    )
    return tag(
        "p",
        words,
        " ",
        tag("a", visit.say("console.form.see", "See that run"), href=f"/runs/{parent.id}"),
        class_="lead",
    )


def _fold(title: str) -> ui.element:
    with ui.element("details").classes("fold"):
        show(Markup(tag("span", title)), name="summary")
        return ui.element("div").classes("fields")


def _option(name: str, label: str, sentence: str, value: str = "") -> ui.input:
    with ui.element("div").classes("field"):
        show(tag("label", label, class_="field-label", for_=f"option-{name}"))
        control = ui.input(value=value).props("outlined dense")
        control.props["for"] = f"option-{name}"
        show(tag("span", sentence), classes="sentence")
    return control
