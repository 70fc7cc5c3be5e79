"""Endpoints that give the files which a user fills in."""

from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter, Response

from genba.core.domain import Domain
from genba.faces.rest.files import MEDIA_TYPES, attachment
from genba.factory import registry
from genba.factory.factory import Factory

MEDIA = {"xlsx": MEDIA_TYPES["xlsx"], "toml": "application/toml"}


def templates(factory: Factory) -> APIRouter:
    """Give an endpoint for each domain that has templates; they are the same in every home."""
    router = APIRouter()
    for domain in registry.domains():
        if domain.templates:
            router.add_api_route(
                f"/{domain.name}/template",
                _endpoint(domain),
                methods=["GET"],
                operation_id=f"{domain.name}_template",
                tags=[domain.name],
                summary="Give a file to be filled in; what stands in it is invented",
                response_class=Response,
                responses={200: {"content": {kind: {} for kind in _kinds(domain).values()}}},
            )
    return router


def _kinds(domain: Domain) -> dict[str, str]:
    return {name: MEDIA[name] for name in (suffix.removeprefix(".") for suffix in domain.templates)}


def _endpoint(domain: Domain) -> Callable[..., Response]:
    first = domain.templates[0].removeprefix(".")

    def template(format: str = first, language: Literal["en", "ja"] = "en") -> Response:
        content = domain.template(f".{format}", language)
        return attachment(content, f"{domain.name}.{format}", _kinds(domain)[format])

    return template
