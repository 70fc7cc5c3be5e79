"""Uploads and artifacts: hostile names, limits, and nothing left behind."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from genba.core.run import Run
from genba.faces.guard import Allowed, Guard
from genba.faces.rest.api import add_rest
from genba.faces.rest.errors import Busy
from genba.faces.rest.streams import Places
from genba.factory.factory import Factory

CONTENT = b"function mpc = case\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_an_upload_names_what_params_take(client: Any, factory: Factory, end: Callable[[str], Run]) -> None:
    response = client.post("/v1/uploads", params={"name": "case.m"}, content=CONTENT)
    assert response.status_code == 201
    assert response.json() == {
        "name": "case.m",
        "sha256": SHA256,
        "bytes": len(CONTENT),
        "file": f"sha256:{SHA256}",
    }
    submitted = client.post("/v1/factory/probe", json={"file": f"sha256:{SHA256}"}).json()
    run = end(submitted["run"])
    assert run.state == "succeeded"
    echoed = next(entry for entry in run.artifacts if entry.name == "echo")
    for format in ("json", "csv", "xlsx", "parquet"):
        as_table = client.get(f"/v1/runs/{run.id}/tables/echo", params={"format": format})
        assert as_table.status_code == 404, "an output that is no table is not given as one"
    got = client.get(f"/v1/artifacts/{echoed.sha256}")
    assert got.content == CONTENT
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"] == f'attachment; filename="{echoed.sha256}"'


HOSTILE = [
    "../../etc/passwd",
    "..\\..\\windows\\system32",
    "/etc/passwd",
    "a\0b.m",
    "case\u202em.exe",
    "x" * 10_000 + ".m",
    "\r\nSet-Cookie: a=b",
    "'; DROP TABLE runs; --",
    "<img src=x onerror=alert(1)>",
    "",
    "...",
    "CON",
    "\u0000",
    "日本語.m",
]


def _files(home: Path) -> set[Path]:
    """Give every file in and beside a home but those of runs that may be under way, here or in another."""
    beside = home.parent
    return {
        path for path in beside.rglob("*") if "runs" not in path.relative_to(beside).parts and path.is_file()
    }


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_only_shown(client: Any, factory: Factory, name: str) -> None:
    before = _files(factory.home)
    response = client.post("/v1/uploads", params={"name": name}, content=name.encode() or b"-")
    assert response.status_code == 201
    shown = response.json()["name"]
    assert 0 < len(shown) <= 120
    assert shown.isprintable()
    assert not set(shown) & set("/\\")
    after = _files(factory.home) - before
    assert {path.name for path in after} <= {
        response.json()["sha256"],
        "record.sqlite-wal",
        "record.sqlite-shm",
    }


def small(factory: Factory, connect: Callable[..., Any], **limits: Any) -> Any:
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    add_rest(app, factory)
    app.add_middleware(Guard, allowed=Allowed(**limits))
    return connect(app)


def left_over(home: Path) -> list[Path]:
    return list((home / "incoming").glob("*"))


def test_a_larger_upload_is_refused_and_leaves_nothing(factory: Factory, connect: Callable[..., Any]) -> None:
    client = small(factory, connect, upload=1000)
    content = b"larger" * 200

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 100):
            yield content[start : start + 100]

    for body in (content, pieces()):
        response = client.post("/v1/uploads", content=body)
        assert response.status_code == 413
        assert response.json()["error"]["code"] == "too_large"
    assert left_over(factory.home) == []
    sha256 = hashlib.sha256(content).hexdigest()
    assert client.get(f"/v1/artifacts/{sha256}").status_code == 404


def test_an_upload_that_stalls_is_a_408_and_leaves_nothing(
    factory: Factory, connect: Callable[..., Any]
) -> None:
    client = small(factory, connect, pause=0.05)

    async def stalling() -> AsyncIterator[bytes]:
        yield b"begun"
        await asyncio.get_running_loop().create_future()

    response = client.post("/v1/uploads", content=stalling())
    assert response.status_code == 408
    assert client.get("/v1/health").status_code == 200
    assert left_over(factory.home) == []


def test_uploads_that_are_open_at_a_time_are_bounded(factory: Factory, connect: Callable[..., Any]) -> None:
    places = Places(1, "uploads")

    async def take_two() -> None:
        first = places.take()
        await anext(first)
        second = places.take()
        with pytest.raises(Busy, match="1 uploads are open"):
            await anext(second)
        await first.aclose()  # type: ignore[attr-defined]
        assert places.taken == 0
        await anext(places.take())

    asyncio.run(take_two())


@pytest.mark.parametrize("name", ["0" * 64, "..%2f..%2frecord.sqlite", "0" * 63, "G" * 64])
def test_an_unknown_artifact_is_a_4xx(client: Any, name: str) -> None:
    assert client.get(f"/v1/artifacts/{name}").status_code in (404, 422)


def test_a_damaged_artifact_is_never_handed_out(client: Any, factory: Factory) -> None:
    sha256 = client.post("/v1/uploads", content=b"sound").json()["sha256"]
    path = factory.artifact(sha256)
    path.chmod(0o644)
    path.write_bytes(b"wrong")
    response = client.get(f"/v1/artifacts/{sha256}")
    assert response.status_code == 503
    assert "damaged" in response.json()["error"]["message"]
