"""genba: an open AI factory for physical systems. AI proposes, physics certifies.

genba.grid.powerflow(case="case.m")          # in this process: Outcome(result, certificate, findings)
genba.submit("grid.powerflow", case="case.m")  # as a Run, recorded in the home directory
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["factory", "grid", "line", "submit"]


def __getattr__(name: str) -> Any:
    """Load a production line, or `submit`, when it is first asked for."""
    if name == "submit":
        return import_module("genba.factory.follow").submit
    if name in __all__:
        return import_module(f"genba.{name}")
    raise AttributeError(f"module 'genba' has no attribute {name!r}")
