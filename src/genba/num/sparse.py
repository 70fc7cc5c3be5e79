"""scipy's sparse matrices, imported when the first is asked for: 0.15 s that small studies do without.

A module says `from genba.num import sparse`, and `sparse.csr_matrix` as it would `scipy.sparse.csr_matrix`.
"""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """Give what `scipy.sparse` has under a name, its modules `linalg` and `csgraph` included."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name in ("csgraph", "linalg"):
        return import_module(f"scipy.sparse.{name}")
    return getattr(import_module("scipy.sparse"), name)
