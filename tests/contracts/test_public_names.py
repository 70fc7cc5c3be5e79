"""The public face of the package and what importing it costs."""

import subprocess
import sys

import genba

HEAVY = (
    "alembic",
    "cyclopts",
    "duckdb",
    "fastapi",
    "highspy",
    "nicegui",
    "numba",
    "numpy",
    "pydantic",
    "rich",
    "scipy",
    "sqlalchemy",
)


def test_all_is_sorted_and_every_name_exists() -> None:
    assert sorted(genba.__all__) == genba.__all__
    for name in genba.__all__:
        assert getattr(genba, name) is not None


def test_importing_genba_loads_nothing_heavy() -> None:
    program = f"import genba, sys; print([name for name in {HEAVY} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(genba, "no_such_line")
    assert not hasattr(genba.grid, "no_such_operation")
