"""The house as CONVENTIONS draws it: sizes, annotations, imports, look-alike domains; from syntax trees."""

import ast
import statistics
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
FILES = sorted((SOURCE / "genba").rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
FUNCTIONS = [
    (path, node)
    for path, tree in TREES.items()
    for node in ast.walk(tree)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]
DOMAINS = ("grid", "line", "factory")
BASE = {
    "alembic",
    "cyclopts",
    "genba",
    "numpy",
    "psutil",
    "pydantic",
    "pydantic_core",
    "rich",
    "sqlalchemy",
}
SHARED_EXTRAS = {"scipy", "fastapi", "starlette", "nicegui", "uvicorn"}
"""Frameworks of one face or one line, which many of its files speak; every other package has one door."""
METHODS = ("ipm", "ldl", "linsolvers", "lu", "solvers")
"""What proposes in `num`: no certificate may use it."""


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def imports_of(tree: ast.Module) -> set[str]:
    """Give the names that a file imports anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(str(node.module))
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_no_file_is_over_600_lines_and_nine_in_ten_are_within_400() -> None:
    lines = {path.name: len(path.read_text().splitlines()) for path in FILES}
    assert {name: count for name, count in lines.items() if count > 600} == {}
    assert statistics.quantiles(lines.values(), n=10)[-1] <= 400


def test_functions_are_short() -> None:
    lengths = [(node.end_lineno or 0) - node.lineno + 1 for _, node in FUNCTIONS]
    assert statistics.median(lengths) < 10
    assert statistics.quantiles(lengths, n=10)[-1] <= 45


def test_everything_is_annotated() -> None:
    bare = [
        f"{path.name}:{node.lineno} {node.name}"
        for path, node in FUNCTIONS
        if node.returns is None
        or any(
            a.annotation is None
            for a in (*node.args.args, *node.args.kwonlyargs)
            if a.arg not in ("self", "cls")
        )
    ]
    assert bare == []


def test_no_import_cycle() -> None:
    graph = {
        name: {found for found in imports_of(TREES[path]) if found in MODULES and found != name}
        for name, path in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {error.args[1]}")


def test_an_optional_package_is_imported_in_exactly_one_file() -> None:
    where: dict[str, set[str]] = defaultdict(set)
    for path, tree in TREES.items():
        for name in imports_of(tree):
            where[name.split(".")[0]].add(module_of(path))
    optional = {
        package: files
        for package, files in where.items()
        if package not in BASE | SHARED_EXTRAS and not _is_standard(package)
    }
    assert {package: files for package, files in optional.items() if len(files) != 1} == {}


def _is_standard(package: str) -> bool:
    import sys

    return package in sys.stdlib_module_names


@pytest.mark.parametrize("domain", DOMAINS)
def test_domains_look_alike(domain: str) -> None:
    folder = SOURCE / "genba" / domain
    stems = {
        kind: {path.stem for path in (folder / kind).glob("*.py") if path.stem != "__init__"}
        for kind in ("operations", "certify", "views", "records")
    }
    assert stems["operations"]
    parts = {stem for stem in stems["operations"] if stem.rpartition("_")[0] in stems["operations"]}
    stems["operations"] -= parts  # a long operation's halves carry its name: opf_study, opf_report
    for kind in ("certify", "views", "records"):
        assert stems["operations"] <= stems[kind], f"{domain}/{kind} lacks an operation's file"
    assert (folder / "README.md").exists()
    assert (folder / "words.ja.toml").exists()


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "manager", "misc"])
def test_no_file_has_a_name_that_says_nothing(name: str) -> None:
    assert [path for path in FILES if path.stem == name] == []


def test_only_boundaries_catch_every_exception() -> None:
    places = {
        str(path.relative_to(SOURCE / "genba"))
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
        )
    }
    assert {
        place for place in places if place != "factory/worker.py" and not place.startswith("faces/")
    } == set()


def test_print_stays_in_the_command_line() -> None:
    places = {
        str(path.relative_to(SOURCE / "genba"))
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert {place for place in places if not place.startswith("faces/cli/")} == set()


def test_certificates_share_nothing_with_what_proposes() -> None:
    for domain in DOMAINS:
        for path in (SOURCE / "genba" / domain / "certify").glob("*.py"):
            shared = {
                name
                for name in imports_of(TREES[path])
                if name.startswith(
                    (
                        f"genba.{domain}.kernels",
                        f"genba.{domain}.operations",
                        *(f"genba.num.{p}" for p in METHODS),
                    )
                )
            }
            assert shared == set(), f"{path.name} imports {shared}"
