"""The REST application: endpoints of the registry, of runs and of files, under `/v1`."""

from fastapi import APIRouter, Depends, FastAPI

import genba
from genba.core.envelope import Envelope
from genba.faces.rest.errors import add_errors
from genba.faces.rest.files import files
from genba.faces.rest.operations import operations
from genba.faces.rest.requests import refuse_unknown
from genba.faces.rest.runs import runs
from genba.faces.rest.streams import streams
from genba.faces.rest.templates import templates
from genba.faces.rest.uploads import uploads
from genba.factory.answers import Health
from genba.factory.factory import Factory

PREFIX = "/v1"
DESCRIPTION = """Every operation of genba as one POST, and the record of its runs.

A file is named by `sha256:...` of an upload, `@run-id/name` of an output, or a catalogue such as `pglib:...`;
a server reads no paths. Every error is an envelope with `status` `error` and the reason in `error`."""


def add_rest(app: FastAPI, factory: Factory) -> None:
    """Mount the REST application of `factory` under `/v1`."""
    app.mount(PREFIX, rest(factory))


def rest(factory: Factory) -> FastAPI:
    """Give the REST application; its pages of documentation are off, for they would load from a CDN."""
    app = FastAPI(
        title="genba",
        version=genba.__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(refuse_unknown)],
        responses={
            "4XX": {"model": Envelope, "description": "What was wrong with the request, and what to do."},
            "5XX": {"model": Envelope, "description": "What is missing or exhausted on this server."},
        },
    )
    add_errors(app)
    for part in (_health, operations, runs, streams, files, templates, uploads):
        app.include_router(part(factory))
    return app


def _health(factory: Factory) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/health", summary="Tell whether runs are carried out, and what is left on the disk")
    def health() -> Health:
        return factory.health()

    return router
