"""Every operation is a command, with help made of its records."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

from genba.core.operation import Operation
from genba.faces.cli import operations
from genba.faces.cli.options import Access, RunOptions
from genba.factory import registry

OPERATIONS = list(registry.operations())
each = pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS])


def help_of(app: App, capsys: pytest.CaptureFixture[str]) -> str:
    app.help_format = "plaintext"
    app.help_print([])
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


@each
def test_help_names_every_field_in_one_group_and_shows_the_example(
    operation: Operation[Any, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")  # no sentence is wrapped
    shown = help_of(operations.operation_app(operation), capsys)
    assert operation.summary in shown
    assert ">>>" not in shown
    assert f"Example: genba {operation.domain} {operation.verb} {operation.example}".strip() in shown
    assert "─ Parameters ─" not in shown, "every option has its group"
    schema = operation.params.model_json_schema()
    for name, field in schema["properties"].items():
        assert f"--{name.replace('_', '-')}" in shown
        assert " ".join(str(field["description"]).split()) in shown


@each
def test_no_field_hides_an_option_that_every_run_has(operation: Operation[Any, Any]) -> None:
    shared = set(RunOptions.__dataclass_fields__) | set(Access.__dataclass_fields__)
    assert shared & set(operation.params.model_fields) == set()


@each
def test_the_example_can_be_read(operation: Operation[Any, Any]) -> None:
    app = operations.operation_app(operation)
    _, bound, unused = app.parse_args(operation.example, exit_on_error=False, print_error=False)
    assert not unused
    values = {name: value for name, value in bound.arguments.items() if not name.startswith("_")}
    operation.parse(values)


@pytest.mark.parametrize("name", registry.DOMAINS)
def test_a_domain_lists_its_operations(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")  # no sentence is wrapped
    shown = help_of(operations.domain_app(name), capsys)
    for operation in registry.domain(name).operations():
        assert f"{operation.verb} {operation.summary}" in shown


def test_there_is_no_other_attribute() -> None:
    with pytest.raises(AttributeError):
        _ = operations.no_such_domain  # type: ignore[attr-defined]


def test_a_run_in_this_process_is_certified_and_leaves_nothing(
    pglib: Path, tmp_path: Path, genba: Callable[..., Any]
) -> None:
    case = pglib / "pglib_opf_case14_ieee.m"
    answer = genba("grid", "dispatch", case, "--in-process", "--json", "--home", tmp_path / "home")
    assert answer.code == 0
    assert answer.json["run"] is None
    assert answer.json["status"] == "succeeded"
    assert answer.json["certificate"]["holds"]
    assert answer.json["result"]["outcome"] == "optimal"
    assert not (tmp_path / "home").exists()
    shown = genba("grid", "dispatch", case, "--in-process", "--home", tmp_path / "home")
    assert "certificate holds" in " ".join(shown.out.split())


def test_a_wrong_input_is_reported_by_a_run_in_this_process(
    tmp_path: Path, genba: Callable[..., Any]
) -> None:
    answer = genba("grid", "dispatch", tmp_path / "none.m", "--in-process", "--json")
    assert answer.code == 2
    assert answer.json["error"]["code"] in ("input", "not_found")


def test_tables_without_rows_are_named_in_one_line(
    pglib: Path, tmp_path: Path, genba: Callable[..., Any]
) -> None:
    case = pglib / "pglib_opf_case14_ieee.m"
    shown = genba("grid", "opf", case, "--in-process", "--home", tmp_path / "home").out
    assert "\nempty: relaxations, starts, bound_buses, bound_branches" in shown
    assert "\nrelaxations" not in shown
