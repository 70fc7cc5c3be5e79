"""Every text of the console exists in both languages, with the same placeholders."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import genba.faces.console
from genba.faces.console import faults, reasons
from genba.faces.console.fields import fields_of
from genba.factory.registry import domains, operations

HERE = Path(genba.faces.console.__file__).parent
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _spoken() -> dict[str, str]:
    """Read every `say("console...", "...")` of the source."""
    calls = [
        node
        for file in HERE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and len(node.args) > 1
    ]
    pairs = [tuple(getattr(part, "value", None) for part in call.args[:2]) for call in calls]
    found = {key: text for key, text in pairs if isinstance(key, str) and key.startswith("console.")}
    found |= {f"console.fault.{kind}": text for kind, text in faults.ENGLISH.items()}
    found |= {f"console.reason.{kind}": text for kind, text in reasons.ENGLISH.items()}
    found |= {f"console.domain.{domain.name}": domain.name for domain in domains()}
    fields = [field for operation in operations() for field in fields_of(operation.params)]
    return found | {f"console.choice.{word}": word for field in fields for word in field.choices}


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in table.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


@pytest.fixture(scope="module")
def japanese() -> dict[str, str]:
    return _flat(tomllib.loads((HERE / "words.ja.toml").read_text(encoding="utf-8")))


def test_no_text_lacks_japanese_and_no_japanese_is_left_over(japanese: dict[str, str]) -> None:
    assert japanese.keys() == _spoken().keys()


def test_both_languages_have_the_same_placeholders(japanese: dict[str, str]) -> None:
    spoken = _spoken()
    wrong = [
        key
        for key in japanese
        if set(PLACEHOLDER.findall(japanese[key])) != set(PLACEHOLDER.findall(spoken[key]))
    ]
    assert wrong == []


def test_one_key_has_one_english_text() -> None:
    texts: dict[str, set[str]] = {}
    for file in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and len(node.args) > 1:
                key, english = (getattr(part, "value", None) for part in node.args[:2])
                if isinstance(key, str) and key.startswith("console.") and isinstance(english, str):
                    texts.setdefault(key, set()).add(english)
    assert {key: found for key, found in texts.items() if len(found) > 1} == {}
