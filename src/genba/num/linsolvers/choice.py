"""Which method solves symmetric systems: the one that a user names, else the one of the backend."""

from typing import Literal

from genba.num.linsolvers.contract import LinearSolver

Choice = Literal["auto", "block", "pardiso", "cudss"]


def symmetric_solver(choice: Choice, backend: str) -> LinearSolver | None:
    """Give the method, or None for the blocks of whoever asks.

    Arguments:
        choice: `auto` takes cuDSS on a backend `cuda:0`, the own blocks on `cpu`.
        backend: where arrays live.

    Raises:
        MissingExtra: when the package of the method is not installed.
        DeviceError: when there is no such GPU.
    """
    on_gpu = backend.startswith("cuda")
    if choice == "cudss" or (choice == "auto" and on_gpu):
        from genba.num.linsolvers.cudss import CudssSolver, installed

        return CudssSolver("ldlt", device=installed(int(backend.partition(":")[2] or 0) if on_gpu else 0))
    if choice == "pardiso":
        from genba.num.linsolvers.pardiso import PardisoSolver  # importing it asks for its package

        return PardisoSolver()
    return None
