"""`genba line template`: a file to fill in, never over another."""

import json

import pytest

from genba.core.errors import Conflict, NotFound
from genba.faces.cli.options import Access
from genba.faces.cli.templates import template
from genba.line import DOMAIN


def test_the_template_is_excel_unless_toml_is_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert template(DOMAIN) == 0
    assert template(DOMAIN, toml=True) == 0
    assert (tmp_path / "line.xlsx").read_bytes().startswith(b"PK")
    assert "[[tasks]]" in (tmp_path / "line.toml").read_text(encoding="utf-8")
    assert capsys.readouterr().out.split() == ["line.xlsx", "line.toml"]


def test_what_is_there_is_never_written_over(tmp_path):
    (tmp_path / "mine.toml").write_text("mine")
    with pytest.raises(Conflict, match="there already"):
        template(DOMAIN, tmp_path / "mine.toml")
    assert (tmp_path / "mine.toml").read_text() == "mine"


def test_a_kind_that_there_is_not_names_those_there_are(tmp_path):
    with pytest.raises(NotFound, match=r"\.xlsx, \.toml"):
        template(DOMAIN, tmp_path / "x.docx")
    assert not (tmp_path / "x.docx").exists()


def test_json_says_what_was_written(tmp_path, capsys):
    template(DOMAIN, tmp_path / "x.toml", access=Access(json=True))
    said = json.loads(capsys.readouterr().out)
    assert said["bytes"] == (tmp_path / "x.toml").stat().st_size


def test_a_japanese_template_is_written_where_it_is_asked_for(tmp_path):
    template(DOMAIN, tmp_path / "x.toml", language="ja")
    assert (tmp_path / "x.toml").read_bytes() == DOMAIN.template(".toml", "ja")
    assert "記入用" in (tmp_path / "x.toml").read_text(encoding="utf-8")
