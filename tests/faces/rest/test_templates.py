"""Workbooks and templates over REST: what a browser saves, in both languages, and what there is not."""

import io
import tomllib
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from genba.core.run import Run
from genba.factory.factory import Factory
from genba.line import DOMAIN


@pytest.fixture(scope="module")
def balanced(factory: Factory, end: Callable[[str], Run]) -> Run:
    """Give a line that was balanced over the record."""
    return end(factory.submit("line.balance", {"line": "example:starter", "cycle_time": 60.0}).id)


@pytest.mark.parametrize(("language", "title"), [("en", "Line balance"), ("ja", "ライン編成表")])
def test_a_balance_is_given_as_a_workbook(client: Any, balanced: Run, language: str, title: str) -> None:
    response = client.get(f"/v1/runs/{balanced.id}/workbook", params={"language": language})
    assert response.status_code == 200
    named = f'attachment; filename="line.balance-{balanced.id}.xlsx"'
    assert response.headers["content-disposition"] == named
    page = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert page.title == title
    assert page["A1"].value == f"{title}: example:starter"


def test_a_run_without_a_workbook_or_a_result_says_so(client: Any, rehearsed: Run, factory: Factory) -> None:
    waiting = factory.submit("line.balance", {"line": "example:starter"})
    for run, said in ((rehearsed, "has no workbook"), (waiting, "has no result")):
        response = client.get(f"/v1/runs/{run.id}/workbook")
        assert response.status_code == 404
        assert said in response.json()["error"]["message"]
    assert client.get(f"/v1/runs/{rehearsed.id}/workbook", params={"language": "xx"}).status_code == 422


def test_a_template_is_excel_unless_toml_is_asked_for(client: Any) -> None:
    book, text = (client.get("/v1/line/template", params=query) for query in ({}, {"format": "toml"}))
    assert "Tasks" in openpyxl.load_workbook(io.BytesIO(book.content)).sheetnames
    assert tomllib.loads(text.text)["tasks"]
    assert text.content == DOMAIN.template(".toml")
    japanese = client.get("/v1/line/template", params={"format": "toml", "language": "ja"})
    assert japanese.content == DOMAIN.template(".toml", "ja")
    assert text.headers["content-disposition"] == 'attachment; filename="line.toml"'


@pytest.mark.parametrize("format", ["docx", "", "../x", "toml\r\nX: 1"])
def test_another_kind_of_template_is_a_404(client: Any, format: str) -> None:
    response = client.get("/v1/line/template", params={"format": format})
    assert response.status_code == 404
    assert ".xlsx, .toml" in response.json()["error"]["message"]


def test_a_domain_without_templates_has_no_such_address(client: Any) -> None:
    assert client.get("/v1/grid/template").status_code == 404
