"""Where genba keeps what must last: `--home`, else `$GENBA_HOME`, else the platform's data directory."""

import os
import sys
from pathlib import Path

VARIABLE = "GENBA_HOME"


def home(asked: str | Path | None = None) -> Path:
    """Give the absolute path of the home directory; it is not created here."""
    chosen = asked or os.environ.get(VARIABLE) or _data_directory() / "genba"
    return Path(chosen).expanduser().absolute()


def _data_directory() -> Path:
    if sys.platform == "darwin":
        return Path("~/Library/Application Support")
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local"))
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share")
