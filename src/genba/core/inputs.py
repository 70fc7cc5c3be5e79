"""How Params name a file: a path, `@run/name` of an earlier run, `sha256:...`, or a catalogue entry."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
OUTPUT = re.compile(
    r"@(?P<run>[A-Za-z0-9][A-Za-z0-9_.-]{0,63})(/(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,127}))?"
)
CATALOGUE = re.compile(r"(?P<catalogue>[a-z][a-z0-9]+):(?P<name>[A-Za-z0-9][A-Za-z0-9_./-]{0,127})")
LONGEST_PATH = 4096


class InputFile(str):
    """The name of an input file.

    Four forms: a local path (command line and Python only), `@run-id/name` for an output of a run,
    `sha256:<64 hex digits>` for a stored artifact, and `catalogue:name` for data that comes with an installed
    package, such as `pglib:case1354_pegase`. Validation with `context={"local_files": False}`, as the servers
    use it, refuses paths.
    """

    __slots__ = ()

    @property
    def is_artifact(self) -> bool:
        """Whether this names a stored artifact by its hash."""
        return SHA256.fullmatch(self) is not None

    @property
    def output(self) -> tuple[str, str | None] | None:
        """Give `(run, name)` when this names an output of a run; the name may be left to the field."""
        match = OUTPUT.fullmatch(self)
        return (match["run"], match["name"]) if match else None

    @property
    def catalogue(self) -> tuple[str, str] | None:
        """Give `(catalogue, name)` when this names data of an installed package."""
        match = None if self.startswith("sha256:") else CATALOGUE.fullmatch(self)
        return (match["catalogue"], match["name"]) if match else None

    @property
    def is_local(self) -> bool:
        """Whether this is a path on this machine."""
        return not self.is_artifact and not self.startswith("@") and self.catalogue is None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate a text of one of the three forms."""
        text = core_schema.str_schema(strict=True, min_length=1, max_length=LONGEST_PATH)
        return core_schema.with_info_after_validator_function(cls._checked, text)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Mark the field as a file, so that forms offer an upload."""
        return {"type": "string", "format": "input-file", "minLength": 1, "maxLength": LONGEST_PATH}

    @classmethod
    def _checked(cls, text: str, info: ValidationInfo) -> "InputFile":
        file = cls(text)
        if "\0" in text or (text.startswith("@") and file.output is None):
            raise PydanticCustomError(
                "input_file", "not a file name: give a path, @run-id/name or sha256:<64 hex digits>"
            )
        if text.startswith("sha256:") and not file.is_artifact:
            raise PydanticCustomError("input_file", "sha256: must be followed by 64 lower-case hex digits")
        if file.is_local and info.context and info.context.get("local_files") is False:
            raise PydanticCustomError(
                "input_file",
                "a server reads no paths: upload the file and give its sha256:..., or @run-id/name",
            )
        return file


@dataclass(frozen=True, slots=True)
class Accepts:
    """What a file field takes: the suffixes of an upload, and the output meant by a bare `@run-id`."""

    suffixes: tuple[str, ...] = ()
    output: str | None = None

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Carry suffixes and output name into the schema."""
        return {**handler(schema), "accepts": {"suffixes": list(self.suffixes), "output": self.output}}


def input_files(record: BaseModel, prefix: str = "") -> Iterator[tuple[str, InputFile, str | None]]:
    """Yield `(field path, file, default output name)` for every input file that a record names."""
    for name, field in type(record).model_fields.items():
        value = getattr(record, name)
        path = f"{prefix}{name}"
        if isinstance(value, BaseModel):
            yield from input_files(value, f"{path}.")
        elif isinstance(value, InputFile):
            yield path, value, _default_output(field.annotation, field.metadata)


def _default_output(annotation: Any, metadata: list[Any]) -> str | None:
    nested = [
        entry for part in getattr(annotation, "__args__", ()) for entry in getattr(part, "__metadata__", ())
    ]
    return next((entry.output for entry in (*metadata, *nested) if isinstance(entry, Accepts)), None)
