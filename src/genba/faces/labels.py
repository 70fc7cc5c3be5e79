"""What each part of the contract is called: key and English, in one place for forms, tables and tests.

`say(language, *param_label(operation, "start"))` words a field; `keys_of` lists every key that an operation
needs, made by the same functions, so that no face can ask for a key that the test does not know.
"""

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo

from genba.core.certificate import Certificate, Claim
from genba.core.columns import Column, Columns
from genba.core.domain import Domain
from genba.core.findings import FindingKind
from genba.core.operation import Operation
from genba.core.units import Unit
from genba.core.views import Chart, GanttChart, Headline, NetworkChart, SankeyChart, Views
from genba.num.table import TableOf

AnyOperation = Operation[Any, Any]
SPELLED = {"kv": "kV", "mva": "MVA", "opf": "optimal power flow", "powerflow": "power flow"}
"""Words of names that plain English spells otherwise."""
NO_LETTERS = re.compile(r"[^a-z]+")


class Text(NamedTuple):
    """A key and the English beside it."""

    key: str
    english: str


def domain_title(domain: Domain) -> Text:
    """Give a production line's title."""
    return Text(f"{domain.name}.title", domain.title)


def title(operation: AnyOperation) -> Text:
    """Give an operation's name for people."""
    return title_of(operation.name)


def title_of(name: str) -> Text:
    """Give the name for people of an operation that a record names, offered here or not."""
    return Text(f"{name}.title", _plain(name.partition(".")[2]))


def summary(operation: AnyOperation) -> Text:
    """Give an operation's one-line description."""
    return Text(f"{operation.name}.summary", operation.summary)


def param_label(operation: AnyOperation, field: str) -> Text:
    """Give the label of a form field."""
    return Text(f"{operation.name}.params.{field}.label", _plain(field))


def param_sentence(operation: AnyOperation, field: str) -> Text:
    """Give the help text of a form field."""
    return Text(
        f"{operation.name}.params.{field}.sentence", operation.params.model_fields[field].description or ""
    )


def result_label(operation: AnyOperation, field: str) -> Text:
    """Give the label of a field of the result."""
    return Text(f"{operation.name}.result.{field}.label", _plain(field))


def result_sentence(operation: AnyOperation, field: str) -> Text:
    """Give what a field of the result means."""
    return Text(
        f"{operation.name}.result.{field}.sentence", operation.result.model_fields[field].description or ""
    )


def outcome(operation: AnyOperation, value: str) -> Text:
    """Give the word for how the work ended."""
    return Text(f"{operation.name}.outcome.{value}", _plain(value))


def table_title(domain: str, columns: Columns) -> Text:
    """Give the title of a table."""
    return Text(f"{domain}.table.{columns.name}.title", _plain(columns.name))


def column_sentence(domain: str, table: str, name: str, english: str) -> Text:
    """Give what a column of a table means."""
    return Text(f"{domain}.table.{table}.{name}", english)


def column_label(domain: str, column: Column) -> Text:
    """Give the heading of a column, alike in all tables of a domain; in English it is the name in files."""
    return Text(f"{domain}.column.{column.name}", column.name)


def word(domain: str, template: str) -> Text:
    """Give what tables and charts say in words, with # for each number."""
    return Text(f"{domain}.word.{_key(template)}", template)


def phrase(template: str) -> Text:
    """Give what a finding says is allowed or wanted, with # for each number."""
    return Text(f"phrase.{_key(template)}", template)


def headline(operation: str, shown: Headline) -> Text:
    """Give the label of a value read first."""
    return Text(f"{operation}.headline.{shown.key}", shown.label)


def claim_label(operation: str, claim: Claim) -> Text:
    """Give a claim's name for people."""
    return Text(f"{operation}.claim.{claim.name}", _plain(claim.name))


def claim_method(operation: str, claim: Claim) -> Text:
    """Give how a claim was checked."""
    return Text(f"{operation}.claim.{claim.name}.method", claim.method)


def not_covered(operation: str, place: int, english: str) -> Text:
    """Give a sentence on what the study does not say."""
    return Text(f"{operation}.not_covered.{place}", english)


def progress(domain: str, template: str) -> Text:
    """Give a sentence that runs tell of their progress, with # for each number."""
    return Text(f"{domain}.progress.{_key(template)}", template)


def tables(operation: AnyOperation) -> Iterator[tuple[str, Columns]]:
    """Yield `(field, columns)` for every table of an operation's result."""
    for name, field in operation.result.model_fields.items():
        for mark in field.metadata:
            if isinstance(mark, TableOf):
                yield name, mark.columns


def unit_of(field: FieldInfo) -> str:
    """Give the unit of a field of Params or Result; empty for what is no quantity."""
    marks = [*field.metadata, *_marks_within(field.annotation)]
    return next((mark.symbol for mark in marks if isinstance(mark, Unit)), "")


def keys_of(operation: AnyOperation, examples: Iterable[tuple[Views, Certificate]] = ()) -> dict[str, str]:
    """Give the English of every key that an operation needs, by key.

    Arguments:
        operation: the declaration.
        examples: views and certificates of small runs: only they name charts, headlines and claims.
    """
    texts = [*_declared(operation)]
    for views, certificate in examples:
        texts += _shown(operation.name, views)
        texts += [text for claim in certificate.claims for text in _claimed(operation.name, claim)]
    return dict(texts)


def keys_of_domain(domain: Domain) -> dict[str, str]:
    """Give the English of the domain's own keys: its title, its progress and its kinds of finding."""
    kinds = keys_of_findings(domain.name)
    told = (progress(domain.name, template) for template in domain.progress)
    return dict([domain_title(domain), *told]) | kinds


def keys_of_findings(package: str) -> dict[str, str]:
    """Give the English of every kind of finding that a package declares, by its code."""
    kinds = _finding_kinds(package)
    return {kind.code: kind.template for kind in kinds if kind.code.startswith(f"{package}.")}


def _declared(operation: AnyOperation) -> Iterator[Text]:
    yield title(operation)
    yield summary(operation)
    for field in operation.params.model_fields:
        yield param_label(operation, field)
        yield param_sentence(operation, field)
    with_tables = dict(tables(operation))
    for field in operation.result.model_fields:
        yield result_label(operation, field)
        yield result_sentence(operation, field)
    for value in get_args(operation.result.model_fields["outcome"].annotation):
        yield outcome(operation, value)
    for columns in with_tables.values():
        yield table_title(operation.domain, columns)
        for column in columns.columns:
            yield column_label(operation.domain, column)
            yield column_sentence(operation.domain, columns.name, column.name, column.sentence)
            yield from (word(operation.domain, template) for template in column.words)


def _shown(operation: str, views: Views) -> Iterator[Text]:
    for shown in views.headlines:
        yield headline(operation, shown)
    for chart in views.charts:
        yield from _charted(f"{operation}.chart.{chart.key}", chart)
    for place, sentence in enumerate(views.not_covered):
        yield not_covered(operation, place, sentence)


def _charted(key: str, chart: Chart) -> Iterator[Text]:
    domain = key.partition(".")[0]
    yield Text(f"{key}.title", chart.title)
    if isinstance(chart, NetworkChart):
        yield Text(f"{key}.nodes", chart.node_value.label)
        yield Text(f"{key}.links", chart.link_value.label)
        for symbol, meaning in chart.symbols.items():
            yield Text(f"{key}.symbol.{symbol}", meaning)
        return
    if isinstance(chart, SankeyChart):
        yield Text(f"{key}.value", chart.value.label)
        yield from (word(domain, template) for template in chart.words)
        return
    yield Text(f"{key}.x", chart.x.label)
    if isinstance(chart, GanttChart):
        for state in dict.fromkeys(span.state for span in chart.spans):
            yield Text(f"{key}.state.{state}", state)
        return
    yield Text(f"{key}.y", chart.y.label)
    for series in chart.series:
        if series.proper:
            continue
        yield Text(f"{key}.series.{series.name}", series.name)
    yield from (word(domain, template) for template in chart.words)
    for mark in chart.marks:
        yield Text(f"{key}.mark.{mark.label}", mark.label)


def _claimed(operation: str, claim: Claim) -> Iterator[Text]:
    yield claim_label(operation, claim)
    yield claim_method(operation, claim)


def _finding_kinds(package: str) -> Iterator[FindingKind]:
    """Yield every kind of finding that a package declares, wherever in it that is."""
    folder = import_module(f"genba.{package}").__path__[0]
    for file in sorted(Path(folder).rglob("*.py")):
        if "FindingKind(" in file.read_text(encoding="utf-8"):
            module = ".".join((f"genba.{package}", *file.relative_to(folder).with_suffix("").parts))
            values = vars(import_module(module)).values()
            yield from (value for value in values if isinstance(value, FindingKind))


def _marks_within(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__metadata__", ())
    if get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from _marks_within(part)


def _key(template: str) -> str:
    return NO_LETTERS.sub("_", template.lower()).strip("_")


def _plain(name: str) -> str:
    words = [SPELLED.get(word, word) for word in name.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]
