"""Generate the reference page of the operations from their declarations; MkDocs calls this as a hook."""

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from genba.factory import registry


def on_files(files: Files, config: Any) -> Files:
    """Add `reference/operations.md`."""
    files.append(File.generated(config, "reference/operations.md", content=operations_page()))
    return files


def operations_page() -> str:
    """Give the Markdown of every operation: what it does, its params, its result, an example."""
    parts = ["# Operations", "Generated from the declarations; `genba OPERATION --help` says the same."]
    for operation in registry.operations():
        parts += [f"## {operation.name}", operation.description]
        command = f"genba {operation.domain} {operation.verb} {operation.example}"
        parts += [f"```console\n$ {command}\n```"]
        parts += ["### Params", _fields(operation.params.model_json_schema())]
        parts += ["### Result", _fields(operation.result.model_json_schema())]
    return "\n\n".join(parts) + "\n"


def _fields(schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = ["| field | unit | default | meaning |", "|---|---|---|---|"]
    for name, field in schema["properties"].items():
        default = "required" if name in required else f"`{field.get('default')}`"
        rows.append(f"| `{name}` | {_unit(field)} | {default} | {_sentence(field)} |")
    return "\n".join(rows)


def _unit(field: dict[str, Any]) -> str:
    units = [part["unit"] for part in (field, *field.get("anyOf", ())) if "unit" in part]
    return units[0] if units else ""


def _sentence(field: dict[str, Any]) -> str:
    text = str(field.get("description", ""))
    choices = [str(c) for part in (field, *field.get("anyOf", ())) for c in part.get("enum", ())]
    columns = [_column(column) for column in field.get("columns", ())]
    more = f" One of: {', '.join(f'`{c}`' for c in choices)}." if choices else ""
    more += f" Columns: {', '.join(columns)}." if columns else ""
    return (text + more).replace("|", "\\|").replace("\n", " ")


def _column(column: dict[str, Any]) -> str:
    unit = "" if column["unit"] in ("", "1") else f" [{column['unit']}]"
    return f"`{column['name']}`{unit}"
