"""The example lines that come with genba; they are invented, and their files say so."""

from pathlib import Path

from genba.core.errors import NotFound

FOLDER = Path(__file__).parent.parent / "examples"


def path(name: str) -> Path:
    """Give the file of an example, such as `inverter`.

    Raises:
        NotFound: when there is no such example; the message lists those there are.
    """
    files = {file.stem: file for file in FOLDER.glob("*.toml")}
    if name not in files:
        raise NotFound(
            f"there is no example {name[:64]!r}; there are: {', '.join(sorted(files))}",
            where=f"example:{name[:64]}",
        )
    return files[name]


def names() -> tuple[str, ...]:
    """Give the name of every example."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))
