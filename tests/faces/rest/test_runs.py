"""Runs over REST: the record, and what may be changed."""

from collections.abc import Callable
from typing import Any

import pytest

from genba.core.envelope import envelope_of
from genba.core.run import Run
from genba.factory.factory import Factory

UNKNOWN = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"


def test_every_list_is_items_and_next(client: Any, rehearsed: Run) -> None:
    lists = [
        "/v1/operations",
        "/v1/runs",
        f"/v1/runs/{rehearsed.id}/events",
        f"/v1/runs/{rehearsed.id}/attempts",
    ]
    for path in lists:
        body = client.get(path).json()
        assert body.keys() == {"items", "next"}, path
        assert body["items"], path


def test_a_run_is_its_envelope(client: Any, rehearsed: Run) -> None:
    response = client.get(f"/v1/runs/{rehearsed.id}")
    assert response.json() == envelope_of(rehearsed).model_dump(mode="json")
    assert response.json()["certificate"]["holds"] is True


def test_the_record_is_the_whole_run(client: Any, rehearsed: Run) -> None:
    assert client.get(f"/v1/runs/{rehearsed.id}/record").json() == rehearsed.model_dump(mode="json")


def test_times_in_lists_are_rfc_3339(client: Any, rehearsed: Run) -> None:
    events = client.get(f"/v1/runs/{rehearsed.id}/events").json()["items"]
    assert all(event["at"].endswith("Z") and "T" in event["at"] for event in events)
    assert events[-1]["after"] == "succeeded"
    attempt = client.get(f"/v1/runs/{rehearsed.id}/attempts").json()["items"][0]
    assert attempt["number"] == 1
    assert attempt["versions"]["genba"]


def test_runs_are_listed_newest_first_and_page_by_page(client: Any, factory: Factory) -> None:
    for seconds in (1, 2, 3):
        factory.submit("factory.probe", {"seconds": seconds}, _tagged("paged"))
    seen, cursor = [], None
    for _ in range(3):
        query = {"tag": "paged", "limit": 1} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/runs", params=query).json()
        seen += [item["params"]["seconds"] for item in page["items"]]
        cursor = page["next"]
    assert seen == [3.0, 2.0, 1.0]
    assert cursor is None


def _tagged(tag: str) -> Any:
    from genba.factory.request import Request

    return Request(tags=(tag,))


def test_runs_are_filtered(client: Any, rehearsed: Run) -> None:
    query = {"state": ["succeeded"], "operation": "factory.probe"}
    found = client.get("/v1/runs", params=query).json()["items"]
    assert rehearsed.id in [item["id"] for item in found]
    assert {item["state"] for item in found} == {"succeeded"}
    assert all(item["holds"] for item in found)
    assert client.get("/v1/runs", params={"operation": "no.such"}).json()["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 501},
        {"state": "asleep"},
        {"tag": ""},
        {"cursor": "x" * 300},
        {"cursor": "bogus"},
    ],
)
def test_a_wrong_query_is_a_422(client: Any, query: dict[str, Any]) -> None:
    response = client.get("/v1/runs", params=query)
    assert response.status_code == 422
    assert next(iter(query)) in response.json()["error"]["message"]


ABOUT_A_RUN = ["", "/record", "/events", "/attempts", "/views", "/log", "/report", "/tables/buses"] + [
    "/log/stream",
    "/progress/stream",
    f"/compare?with={UNKNOWN}",
]


@pytest.mark.parametrize("path", ABOUT_A_RUN)
def test_an_unknown_run_is_a_404(client: Any, path: str) -> None:
    response = client.get(f"/v1/runs/{UNKNOWN}{path}")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("name", ["%25", "%2e%2e", "%27%20OR%201=1", "a" * 27, "%00", "%F0%9F%98%80"])
def test_a_hostile_run_id_is_a_4xx(client: Any, name: str) -> None:
    assert client.get(f"/v1/runs/{name}").status_code in (404, 422)


def test_a_run_is_cancelled_then_retried(client: Any, factory: Factory) -> None:
    run = factory.submit("factory.probe", {"seconds": 60})
    assert client.post(f"/v1/runs/{run.id}/cancel").json()["status"] == "cancelled"
    retried = client.post(f"/v1/runs/{run.id}/retry")
    assert (retried.status_code, retried.json()["status"], retried.json()["run"]) == (202, "accepted", run.id)
    factory.cancel(run.id)


def test_what_the_record_forbids_is_a_409(client: Any, rehearsed: Run) -> None:
    response = client.post(f"/v1/runs/{rehearsed.id}/retry")
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "conflict"


def test_a_rerun_is_a_new_run_with_its_parent(client: Any, rehearsed: Run, factory: Factory) -> None:
    response = client.post(f"/v1/runs/{rehearsed.id}/rerun", json={"changes": {"seconds": 0.2}})
    assert response.status_code == 202
    run = factory.run(response.json()["run"])
    assert (run.parent, run.params["seconds"]) == (rehearsed.id, 0.2)


@pytest.mark.parametrize("changes", [{"file": "/etc/passwd"}, {"file": "case.m"}, {"nothing": 1}, {}])
def test_a_rerun_reads_no_path_of_the_server(client: Any, rehearsed: Run, changes: dict[str, Any]) -> None:
    response = client.post(f"/v1/runs/{rehearsed.id}/rerun", json={"changes": changes})
    assert response.status_code == 422


def test_tags_and_note_are_set_one_by_one(client: Any, rehearsed: Run) -> None:
    path = f"/v1/runs/{rehearsed.id}"
    assert client.request("PATCH", path, json={"tags": ["a", "b"]}).json()["tags"] == ["a", "b"]
    said = client.request("PATCH", path, json={"note": "<script>alert(1)</script>"}).json()
    assert (said["tags"], said["note"]) == (["a", "b"], "<script>alert(1)</script>")
    assert client.request("PATCH", path, json={"tags": []}).json()["tags"] == []


@pytest.mark.parametrize(
    "said", [{"tags": ["a" * 65]}, {"tags": ["\x00"]}, {"note": 1}, {"state": "succeeded"}]
)
def test_a_wrong_annotation_is_a_422(client: Any, rehearsed: Run, said: dict[str, Any]) -> None:
    assert client.request("PATCH", f"/v1/runs/{rehearsed.id}", json=said).status_code == 422


def test_runs_are_compared(client: Any, rehearsed: Run, factory: Factory, end: Callable[[str], Run]) -> None:
    other = end(factory.submit("factory.probe", {"seconds": 0.2}).id)
    body = client.get(f"/v1/runs/{rehearsed.id}/compare", params={"with": other.id}).json()
    assert body == factory.compare(rehearsed.id, other.id).model_dump(mode="json")
    assert "params.seconds" in [row["path"] for row in body["rows"]]


def test_health_tells_whether_runs_are_carried_out(client: Any, factory: Factory) -> None:
    body = client.get("/v1/health").json()
    assert body["supervisor"] is None
    assert body["home"] == str(factory.home)
    assert body["writable"] is True


def test_views_are_plain_data(client: Any, rehearsed: Run, factory: Factory) -> None:
    response = client.get(f"/v1/runs/{rehearsed.id}/views")
    assert response.json() == factory.views(rehearsed.id).model_dump(mode="json")


def test_a_result_that_does_not_exist_yet_has_no_views(client: Any, factory: Factory) -> None:
    run = factory.submit("factory.probe", {"seconds": 61})
    assert client.get(f"/v1/runs/{run.id}/views").status_code in (404, 409)
    factory.cancel(run.id)
