"""Server-sent events: the log and the progress of a run."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import pytest
from fastapi import Depends, FastAPI
from starlette.responses import StreamingResponse

from genba.core.run import Run
from genba.faces.rest.errors import add_errors
from genba.faces.rest.streams import Places, streams
from genba.factory.factory import Factory


class Event(NamedTuple):
    name: str
    identity: str | None
    data: dict[str, Any]


def events(text: str) -> list[Event]:
    """Read a stream as the HTML standard says."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append(Event(fields["event"], fields.get("id"), json.loads(fields["data"])))
    return found


def log_of(found: list[Event]) -> str:
    return "".join(event.data["text"] for event in found if event.name == "log")


@pytest.fixture(scope="module")
def logged(factory: Factory, rehearsed: Run) -> Run:
    """Give a run that has ended and has a log of several lines, one of them not ASCII."""
    path = factory.home / "runs" / rehearsed.id / f"a{rehearsed.attempt}" / "log.txt"
    path.write_text("first line\nsecond: 大阪\nthird\n", encoding="utf-8")
    return rehearsed


def test_a_log_is_given_from_an_offset(client: Any, logged: Run) -> None:
    whole = client.get(f"/v1/runs/{logged.id}/log").json()
    assert whole["text"] == "first line\nsecond: 大阪\nthird\n"
    rest = client.get(f"/v1/runs/{logged.id}/log", params={"offset": 11}).json()
    assert rest["text"] == "second: 大阪\nthird\n"
    assert rest["next"] == whole["next"]


def test_a_stream_gives_the_whole_log_then_ends(client: Any, logged: Run) -> None:
    response = client.get(f"/v1/runs/{logged.id}/log/stream")
    assert response.headers["content-type"].startswith("text/event-stream")
    found = events(response.text)
    assert log_of(found) == "first line\nsecond: 大阪\nthird\n"
    assert found[-1].name == "end"
    assert found[-1].data["status"] == "succeeded"


def test_a_stream_goes_on_where_it_was_cut(client: Any, logged: Run) -> None:
    first = events(client.get(f"/v1/runs/{logged.id}/log/stream", params={"offset": 11}).text)
    assert log_of(first) == "second: 大阪\nthird\n"
    resumed = events(client.get(f"/v1/runs/{logged.id}/log/stream", headers={"Last-Event-ID": "11"}).text)
    assert resumed == first
    last = str(resumed[0].identity)
    again = events(client.get(f"/v1/runs/{logged.id}/log/stream", headers={"Last-Event-ID": last}).text)
    assert [event.name for event in again] == ["end"]


@pytest.mark.parametrize("identity", ["-1", "x", "9" * 30])
def test_a_strange_last_event_id_is_a_422(client: Any, logged: Run, identity: str) -> None:
    response = client.get(f"/v1/runs/{logged.id}/log/stream", headers={"Last-Event-ID": identity})
    assert response.status_code == 422


def test_progress_of_an_ended_run_is_its_end(client: Any, logged: Run) -> None:
    found = events(client.get(f"/v1/runs/{logged.id}/progress/stream").text)
    assert [event.name for event in found] == ["end"]


def test_no_more_streams_are_open_than_there_are_places(
    factory: Factory, logged: Run, connect: Callable[..., Any]
) -> None:
    app = FastAPI()
    add_errors(app)
    app.include_router(streams(factory, most=0))
    response = connect(app).get(f"/runs/{logged.id}/log/stream")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert response.json()["error"]["code"] == "busy"


def test_places_are_free_again_after_a_stream(client: Any, logged: Run) -> None:
    for _ in range(70):
        assert client.get(f"/v1/runs/{logged.id}/progress/stream").status_code == 200


def test_a_place_is_held_until_the_stream_has_ended(connect: Callable[..., Any]) -> None:
    places, app = Places(1, "streams"), FastAPI()

    @app.get("/stream", dependencies=[Depends(places.take)])
    async def stream() -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            yield str(places.taken)

        return StreamingResponse(pieces())

    assert connect(app).get("/stream").text == "1"
    assert places.taken == 0
