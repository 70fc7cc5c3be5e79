"""A real spreadsheet program for tests: LibreOffice without a window, which computes what a workbook says."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

LONGEST_S = 120.0


@pytest.fixture
def compute(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Give a function that opens workbooks in the program and gives what it computed, or skip."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-calc")

    def computed(**books: bytes) -> dict[str, Any]:
        for name, content in books.items():
            (tmp_path / f"{name}.xlsx").write_bytes(content)
        out = tmp_path / "computed"
        files = [str(tmp_path / f"{name}.xlsx") for name in books]
        own = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
        command = [program, own, "--headless", "--convert-to", "xlsx", "--outdir", str(out), *files]
        subprocess.run(command, check=True, capture_output=True, timeout=LONGEST_S)
        return {name: openpyxl.load_workbook(out / f"{name}.xlsx", data_only=True) for name in books}

    return computed
