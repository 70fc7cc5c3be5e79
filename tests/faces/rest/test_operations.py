"""One POST per operation, made from its declaration."""

import json
from typing import Any

import pytest

from genba.core.envelope import Envelope
from genba.core.run import Run
from genba.faces.rest.examples import example_body
from genba.factory import registry
from genba.factory.factory import Factory
from genba.factory.request import RunQuery

OPERATIONS = list(registry.operations())
PROBE = "/v1/factory/probe"


def envelope(response: Any) -> Envelope:
    """Read an answer strictly: every answer about a run or an error is an envelope."""
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert body["schema"] == "genba.run/1"
    if body["certificate"]:
        body["certificate"].pop("holds")
    return Envelope.model_validate(body)


def test_openapi_shows_every_operation_with_its_params(client: Any) -> None:
    schema = client.get("/v1/openapi.json").json()
    assert schema["servers"] == [{"url": "/v1"}]
    for operation in OPERATIONS:
        endpoint = schema["paths"][f"/{operation.domain}/{operation.verb}"]["post"]
        body = endpoint["requestBody"]["content"]["application/json"]
        shown = schema["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
        assert shown["properties"].keys() == operation.params.model_fields.keys()
        assert endpoint["summary"] == operation.summary
        assert body["examples"]["example"]["value"] == example_body(operation)
        for status in ("200", "202", "4XX", "5XX"):
            answer = endpoint["responses"][status]["content"]["application/json"]["schema"]
            assert answer["$ref"].endswith("Envelope")


def test_no_page_of_the_server_loads_from_elsewhere(client: Any) -> None:
    assert [client.get(path).status_code for path in ("/docs", "/v1/docs", "/v1/redoc")] == [404] * 3
    assert "cdn" not in client.get("/v1/openapi.json").text


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_the_example_is_the_command_lines(operation: Any) -> None:
    body = example_body(operation)
    assert operation.parse(json.loads(json.dumps(body)), local_files=False)


def test_operations_are_listed_and_described(client: Any) -> None:
    listed = client.get("/v1/operations").json()
    assert [item["name"] for item in listed["items"]] == [operation.name for operation in OPERATIONS]
    assert listed["next"] is None
    for operation in OPERATIONS:
        described = client.get(f"/v1/operations/{operation.name}").json()
        assert described["params"] == operation.params.model_json_schema()
        assert described["result"]["properties"].keys() == operation.result.model_fields.keys()
    assert envelope(client.get("/v1/operations/no.such")).error.code == "not_found"  # type: ignore[union-attr]


def test_a_request_becomes_a_run(client: Any, factory: Factory) -> None:
    response = client.post(
        PROBE, json={"seconds": 0.1}, params={"seed": 7, "tag": ["a", "b"], "backend": "cpu"}
    )
    assert response.status_code == 202
    said = envelope(response)
    assert said.status == "accepted"
    run = factory.run(said.run or "")
    assert (run.params["seconds"], run.seed, run.tags) == (0.1, 7, ("a", "b"))
    assert response.headers["Location"] == f"/v1/runs/{run.id}"


@pytest.mark.parametrize(
    ("method", "address", "told"),
    [
        ("POST", f"{PROBE}?wait=20", "found the query parameter 'wait'; it takes seed, tag, wait_s, note"),
        ("GET", "/v1/runs?limit=5&states=running", "'states'; it takes state, operation, tag"),
        ("GET", "/v1/health?x", "'x'; it takes none"),
    ],
)
def test_a_query_that_nobody_reads_is_refused(
    client: Any, factory: Factory, method: str, address: str, told: str
) -> None:
    before = len(factory.runs(RunQuery()).items)
    response = client.request(method, address, json={} if method == "POST" else None)
    error = envelope(response).error
    assert response.status_code == 422
    assert error is not None
    assert told in error.message
    assert len(factory.runs(RunQuery()).items) == before


def test_the_same_key_gives_the_same_run_and_other_params_conflict(
    client: Any, rehearsed: Run, factory: Factory
) -> None:
    key = {"Idempotency-Key": "order-1"}
    first = client.post(PROBE, json={"seconds": 1}, headers=key)
    again = client.post(PROBE, json={"seconds": 1.0}, headers=key)
    other = client.post(PROBE, json={"seconds": 2}, headers=key)
    assert envelope(first).run == envelope(again).run
    assert other.status_code == 409
    assert envelope(other).error.code == "conflict"  # type: ignore[union-attr]


def test_waiting_ends_with_the_time_asked_for(client: Any) -> None:
    response = client.post(PROBE, json={}, params={"wait_s": 0.05})
    assert response.status_code == 202
    assert client.post(PROBE, json={}, params={"wait_s": 1e9}).status_code == 422


def test_what_has_ended_is_given_with_200(client: Any, factory: Factory) -> None:
    key = {"Idempotency-Key": "cancelled-1"}
    run = envelope(client.post(PROBE, json={}, headers=key)).run
    factory.cancel(run or "")
    response = client.post(PROBE, json={}, headers=key, params={"wait_s": 30})
    assert response.status_code == 200
    assert envelope(response).status == "cancelled"


@pytest.mark.parametrize("file", ["/etc/passwd", "case.m", "../case.m", "C:\\case.m", "file:///etc/passwd"])
def test_a_path_on_the_server_is_refused(client: Any, file: str) -> None:
    response = client.post(PROBE, json={"file": file})
    assert response.status_code == 422
    fault = envelope(response).error
    assert fault is not None
    assert (fault.where, "file: a server reads no paths" in fault.message) == ("file", True)


def test_what_is_no_list_or_object_is_told_without_words_of_python(client: Any) -> None:
    answer = client.post("/v1/grid/opf", json={"case": "pglib:case14_ieee", "set": "branch.1.status=0"})
    assert envelope(answer).reason == "set: Input should be a list; found 'branch.1.status=0'"
    assert "should be an object" in envelope(client.post("/v1/grid/opf", json=[])).reason


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"no_such_field": 1}, "no_such_field"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": "soon"}, "seconds"),
        ({"ending": "explode"}, "ending"),
        ([], "body"),
        (None, "body"),
        ({"\ud800": "\udfff"}, "ud800"),
        ({"ending": "\ud800"}, "ending"),
        ({"seconds": 10**400}, "seconds"),
    ],
)
def test_wrong_params_name_the_field(client: Any, body: Any, named: str) -> None:
    response = client.post(PROBE, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    fault = envelope(response).error
    assert fault is not None
    assert named in fault.message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"seconds": NaN}',
        b'{"seconds": Infinity}',
        b"\xff\xfe{}",
        b"\x00",
        b'{"seconds": ' + b"9" * 5000 + b"}",
        b'{"seconds": 1} trailing',
        '{"ending": "\u3042"}'.encode("shift_jis"),
    ],
)
def test_malformed_json_is_a_4xx(client: Any, body: bytes) -> None:
    response = client.post(PROBE, content=body, headers={"Content-Type": "application/json"})
    assert 400 <= response.status_code < 500
    assert envelope(response).error is not None


def test_what_is_no_json_is_malformed_and_says_where(client: Any) -> None:
    response = client.post(PROBE, content=b'{"seconds": }', headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    fault = envelope(response).error
    assert fault is not None
    assert (fault.code, fault.where) == ("malformed", "body")
    assert "at character 12" in fault.message
    assert "send a JSON object" in fault.message


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""]
)
def test_another_content_type_is_a_415_that_names_the_header(client: Any, kind: str) -> None:
    # A form of another site can send these without asking first; JSON it cannot.
    response = client.post(PROBE, content=b'{"seconds": 1}', headers={"Content-Type": kind})
    assert response.status_code == 415
    fault = envelope(response).error
    assert fault is not None
    assert f"sent as {kind!r}; send JSON with the header Content-Type: application/json" in fault.message


@pytest.mark.parametrize("key", ["", "a b", "a\tb", "k" * 201])
def test_a_strange_key_is_refused(client: Any, key: str) -> None:
    response = client.post(PROBE, json={}, headers={"Idempotency-Key": key})
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/", 404),
        ("GET", "/v1/factory/nothing", 404),
        ("GET", PROBE, 405),
        ("DELETE", "/v1/runs", 405),
        ("GET", "/v1/runs/", 404),
        ("GET", "/v1/..%2f..%2fetc/passwd", 404),
    ],
)
def test_what_does_not_exist_is_answered_with_an_envelope(
    client: Any, method: str, path: str, status: int
) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    assert envelope(response).status == "error"
