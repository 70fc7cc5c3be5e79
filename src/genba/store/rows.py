"""Rows of the record as the words of `core.run`."""

from typing import Any

from sqlalchemy import Connection, Row, select

from genba.core.certificate import Certificate, Claim
from genba.core.run import ArtifactRef, Attempt, Event, InputRef, Run
from genba.store import schema

INPUT, OUTPUT = "input", "output"
_ASIDE = {"spent", "certificate"}


def runs_of(connection: Connection, rows: list[Row[Any]]) -> tuple[Run, ...]:
    """Give the runs of some rows, with their tags and files, in the order of the rows."""
    names = [row.id for row in rows]
    tags = _by_run(
        connection.execute(
            select(schema.tags).where(schema.tags.c.run.in_(names)).order_by(schema.tags.c.position)
        ).all()
    )
    files = _by_run(
        connection.execute(
            select(schema.run_artifacts)
            .where(schema.run_artifacts.c.run.in_(names))
            .order_by(schema.run_artifacts.c.position)
        ).all()
    )
    return tuple(_run(row, tags.get(row.id, []), files.get(row.id, [])) for row in rows)


def attempt_of(row: Row[Any]) -> Attempt:
    """Give the attempt of a row."""
    return Attempt.model_validate({name: row._mapping[name] for name in Attempt.model_fields})


def event_of(row: Row[Any]) -> Event:
    """Give the event of a row."""
    return Event.model_validate(dict(row._mapping))


def claims_of(certificate: Certificate | None) -> Any:
    """Give a certificate as it is stored: its claims; whether it holds follows from them."""
    return certificate and [claim.model_dump(mode="json") for claim in certificate.claims]


def certificate_of(claims: Any) -> Certificate | None:
    """Give the certificate of stored claims."""
    if claims is None:
        return None
    return Certificate(claims=tuple(Claim.model_validate(claim) for claim in claims))


def _by_run(rows: Any) -> dict[str, list[Row[Any]]]:
    grouped: dict[str, list[Row[Any]]] = {}
    for row in rows:
        grouped.setdefault(row.run, []).append(row)
    return grouped


def _run(row: Row[Any], tags: list[Row[Any]], files: list[Row[Any]]) -> Run:
    values = {name: value for name, value in row._mapping.items() if name not in _ASIDE}
    return Run.model_validate(
        {
            **values,
            "certificate": certificate_of(row.certificate),
            "tags": tuple(tag.tag for tag in tags),
            "inputs": tuple(_input(file) for file in files if file.role == INPUT),
            "artifacts": tuple(_output(file) for file in files if file.role == OUTPUT),
            "fraction": None,
            "message": "",
        }
    )


def _input(row: Row[Any]) -> InputRef:
    return InputRef(field=row.key, name=row.name, sha256=row.sha256, bytes=row.bytes)


def _output(row: Row[Any]) -> ArtifactRef:
    return ArtifactRef(name=row.name, sha256=row.sha256, bytes=row.bytes, media_type=row.media_type)
