"""Whatever the schema allows, and what it does not, is answered without a 5xx: schemathesis everywhere."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from genba.core.envelope import Envelope

schemathesis = pytest.importorskip(
    "schemathesis", reason="schemathesis is not installed: pip install 'genba[dev]'"
)
requests = pytest.importorskip("requests", reason="requests comes with schemathesis")

ADDRESS = "http://127.0.0.1:8420"
EXAMPLES = 6
LONGEST_URL = 60_000
UNDERSTOOD = {501, 503}
"""A missing extra and an exhausted device are stated, not unexpected."""


@pytest.fixture(scope="module")
def schema(app: FastAPI) -> Any:
    rest = next(route.app for route in app.routes if route.path == "/v1")  # type: ignore[attr-defined]
    return schemathesis.openapi.from_dict({**rest.openapi(), "servers": [{"url": "/v1"}]})


def ask(client: Any, case: Any) -> Any:
    """Send a generated request as the HTTP library of schemathesis would."""
    case.query.pop("wait_s", None)  # nobody works on these runs: waiting would only take time
    prepared = requests.Request(**case.as_transport_kwargs(base_url=f"{ADDRESS}/v1")).prepare()
    assume(len(prepared.url) < LONGEST_URL)  # the client refuses longer ones before they are sent
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    headers = {name: value for name, value in prepared.headers.items() if name != "Content-Length"}
    return client.request(prepared.method, prepared.url, headers=headers, content=body)


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_no_request_is_a_5xx(schema: Any, app: FastAPI, connect: Callable[[ASGIApp], Any], mode: str) -> None:
    client = connect(app)
    kind = schemathesis.GenerationMode(mode)
    endpoints = [result.ok() for result in schema.get_all_operations()]
    assert len(endpoints) > 20

    @settings(max_examples=EXAMPLES * len(endpoints), deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.sampled_from(endpoints).flatmap(lambda endpoint: endpoint.as_strategy(generation_mode=kind)))
    def check(case: Any) -> None:
        response = ask(client, case)
        assert response.status_code < 500 or response.status_code in UNDERSTOOD, response.text
        if response.status_code >= 400 and response.request.url.path.startswith("/v1/"):
            Envelope.model_validate(response.json())

    check()
