"""JSON on stdout: what `--json` gives, without anything that only people need."""

import json
import sys
from typing import Any


def document(value: Any, *, one_line: bool = False) -> None:
    """Write one JSON document to stdout: indented for people, one line for programs and in streams."""
    written = json.dumps(
        value, ensure_ascii=False, allow_nan=False, indent=2 if sys.stdout.isatty() and not one_line else None
    )
    # A lone surrogate (an undecodable byte of an argument) becomes its JSON escape.
    sys.stdout.write(written.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
    sys.stdout.flush()
