"""The seal is checked by what assets would load, and names what breaks it."""

from pathlib import Path

import pytest

from genba.faces.cli.extras import Extra, extra_of, extras
from genba.faces.cli.seal import assets, leaks, leaks_in


def test_no_asset_loads_from_another_machine() -> None:
    assert leaks() == ()
    assert any(file.suffix == ".js" for file in assets())


@pytest.mark.parametrize(
    "content",
    [
        '<script src="https://cdn.example/x.js"></script>',
        "<link rel=stylesheet href=//fonts.example/css>",
        "body { background: url('http://a.example/b.png') }",
        '@import "https://fonts.example/css";',
        'const x = await fetch("https://a.example/data")',
        'import x from "https://a.example/x.mjs"',
    ],
)
def test_a_remote_load_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "page.html"
    file.write_text(f"first line\n{content}\n", encoding="utf-8")
    (found,) = leaks_in(file)
    assert found.file == str(file)
    assert found.text in content


@pytest.mark.parametrize(
    "content",
    [
        "// see https://example.org/licence",
        '<svg xmlns="http://www.w3.org/2000/svg">',
        '<script src="/static/x.js"></script>',
        "a { background: url(data:image/png;base64,AA//aa) }",
    ],
)
def test_an_address_that_is_not_loaded_is_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "page.html"
    file.write_text(content, encoding="utf-8")
    assert tuple(leaks_in(file)) == ()


def test_every_extra_names_its_command() -> None:
    by_package = {entry.package: entry for entry in extras()}
    assert by_package["openpyxl"].install == "pip install 'genba[excel]'"
    assert all(isinstance(entry, Extra) and entry.extra not in ("dev", "all") for entry in extras())


def test_a_missing_module_of_no_extra_is_a_fault() -> None:
    assert extra_of(ModuleNotFoundError("x", name="no_such_module")) is None
