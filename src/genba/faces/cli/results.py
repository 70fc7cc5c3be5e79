"""What people see of a result, recorded or not: its certificate, its claims and the heads of its tables."""

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from genba.core.certificate import Certificate, Claim
from genba.core.columns import TableRef
from genba.faces.cli.terminal import table, text
from genba.faces.theme import figure
from genba.faces.words import number

TABLE_KEYS = frozenset(TableRef.model_fields)


def verdict(certificate: Certificate) -> Text:
    """Give the certificate in one line: that it holds, or which claims fail and by how much."""
    if certificate.holds:
        return text(f"holds ({len(certificate.claims)} claims checked)", "green")
    failed = "; ".join(f"{claim.name} {_against(claim)}" for claim in certificate.failed)
    return text(f"does not hold: {failed or 'nothing was checked'}", "bold yellow")


def claims(certificate: Certificate) -> RenderableType:
    """Give every claim with what was found, what is allowed and how it was checked."""
    rows = (
        (
            claim.name,
            text("holds", "green") if claim.holds else text("FAILS", "bold yellow"),
            figure(claim.value, claim.unit),
            figure(claim.bound, claim.unit),
            "" if claim.unit == "1" else claim.unit,
            claim.method,
        )
        for claim in certificate.claims
    )
    return table(("claim", "", "found", "allowed", "unit", "method"), rows, right=(2, 3))


def heads_of(result: dict[str, Any], rows: int) -> Iterator[RenderableType]:
    """Yield the first rows of every table of a result, then which tables have none."""
    empty = []
    for name, ref in tables_of(result):
        if not ref.rows:
            empty.append(name)
            continue
        count = f"{ref.rows:,} rows" if ref.rows > rows else ""
        yield text(f"\n{name}  {count}".rstrip(), "bold")
        yield head(ref, rows)
    if empty:
        yield text(f"\nempty: {', '.join(empty)}", "dim")


def tables_of(result: dict[str, Any]) -> Iterator[tuple[str, TableRef]]:
    """Yield the tables of a result by field name."""
    for name, value in result.items():
        if isinstance(value, dict) and value.keys() == TABLE_KEYS:
            yield name, TableRef.model_validate(value)


def head(ref: TableRef, rows: int) -> RenderableType:
    """Give the first rows of a table with units in the header."""
    headers = [_header(column.name, column.unit) for column in ref.columns]
    right = [index for index, column in enumerate(ref.columns) if column.dtype in ("int", "float")]
    cells = ([_cell(row[column.name]) for column in ref.columns] for row in ref.head[:rows])
    return table(headers, cells, right=right)


def _against(claim: Claim) -> str:
    return f"{number(claim.value, claim.unit)}, allowed {number(claim.bound, claim.unit)}"


def _header(name: str, unit: str) -> str:
    return name if unit in ("", "1") else f"{name} [{unit}]"


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)  # a bus number takes no thousands separator
    return figure(value if isinstance(value, float) else None)
