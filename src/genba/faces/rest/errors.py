"""Errors as a client meets them: an envelope with the HTTP status of the error's class."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from genba.core.envelope import Envelope, envelope_of_error
from genba.core.errors import Cancelled, DeviceError, GenbaError, InputError
from genba.core.faults import field_of, worded
from genba.core.run import Fault

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 5
REASONS = {
    400: ("malformed", "the request cannot be read: send a JSON object encoded as UTF-8"),
    404: ("not_found", "there is nothing at this address; /v1/openapi.json lists what there is"),
    405: (
        "method_not_allowed",
        "this address does not take that method; /v1/openapi.json lists those it takes",
    ),
}


class Forbidden(GenbaError):
    """The caller is not one this server answers."""

    http_status = 403
    code = "forbidden"


class Malformed(GenbaError):
    """The body of a request is no JSON."""

    http_status = 400
    code = "malformed"


class NotJson(GenbaError):
    """The body of a request is sent as something else than JSON."""

    http_status = 415
    code = "not_json"


class TooSlow(GenbaError):
    """The body of a request came more slowly than a stated limit."""

    http_status = 408
    code = "too_slow"


class Overdue(DeviceError):
    """The answer took longer than a stated limit."""

    http_status = 504
    code = "overdue"


class Busy(DeviceError):
    """As many of these are open as the server keeps."""

    code = "busy"


def answer(error: GenbaError) -> Response:
    """Give the response that tells a client of an error."""
    headers = {"Retry-After": str(RETRY_AFTER_S)} if error.http_status == Busy.http_status else {}
    return _response(envelope_of_error(error), error.http_status, headers)


def unexpected(error: Exception, path: str) -> Response:
    """Log an error that nobody foresaw, and give the response that says no more than that."""
    logger.error("unexpected error while answering %r", path, exc_info=error)
    return answer(GenbaError("an unexpected error; the server's log has the details"))


def add_errors(app: FastAPI) -> None:
    """Let every error of `app` be answered with an envelope."""
    handlers: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        GenbaError: _on_genba_error,
        RequestValidationError: _on_invalid_request,
        HTTPException: _on_http_exception,
        ClientDisconnect: _on_disconnect,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def explain(faults: Sequence[Mapping[str, Any]]) -> InputError:
    """Give the error that names every wrong field of a request, but for the part of it where it stands."""
    bare = [{**fault, "loc": fault["loc"][1:] or fault["loc"]} for fault in faults]
    return InputError("; ".join(worded(bare)), where=field_of(bare[0]["loc"]))


async def _on_genba_error(request: Request, error: GenbaError) -> Response:
    return answer(error)


async def _on_invalid_request(request: Request, error: RequestValidationError) -> Response:
    faults = error.errors()
    if isinstance(faults[0].get("input"), bytes):  # which only a body of another type is
        kind = request.headers.get("content-type", "")
        told = f"the body is sent as {kind!r}; send JSON with the header Content-Type: application/json"
        return answer(NotJson(told, where="body"))
    broken = next((fault for fault in faults if fault["type"] == "json_invalid"), None)
    if broken is None:
        return answer(explain(faults))
    found = f"the body is no JSON at character {broken['loc'][-1]}: {broken['ctx']['error']}"
    return answer(Malformed(f"{found}; send a JSON object encoded as UTF-8", where="body"))


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    code, message = REASONS.get(error.status_code, ("error", str(error.detail)))
    body = envelope_of_error(GenbaError(message))
    fault = Fault(code=code, message=message, where=request.url.path)
    return _response(body.model_copy(update={"error": fault}), error.status_code, dict(error.headers or {}))


async def _on_disconnect(request: Request, error: ClientDisconnect) -> Response:
    return answer(Cancelled("the client left before its request was complete"))


def _response(envelope: Envelope, status: int, headers: Mapping[str, str]) -> Response:
    text = _escaped(envelope).model_dump_json()
    return Response(text, status_code=status, media_type="application/json", headers=dict(headers))


def _escaped(envelope: Envelope) -> Envelope:
    """Give the envelope with escapes for lone surrogates, which a client can send and no encoder takes."""
    fault = envelope.error or Fault(code="error", message=envelope.reason)
    safe = Fault(code=fault.code, message=_escape(fault.message), where=_escape(fault.where))
    return envelope.model_copy(update={"reason": _escape(envelope.reason), "error": safe})


def _escape(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
