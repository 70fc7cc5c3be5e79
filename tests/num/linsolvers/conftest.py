"""The solvers under test, and a GPU made of memory: cuDSS's calls as nvmath's bindings spell them.

It reads matrices where the calls say they lie, one after another for a uniform batch, so a wrong layout gives
a wrong solution. A pivot below `small` is replaced and counted, as cuDSS does it.
"""

import ctypes
import importlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse import csr_matrix

from genba.core.errors import DeviceError, MissingExtra
from genba.num.linsolvers.contract import LinearSolver
from genba.num.linsolvers.cudss import CudssSolver, Device


class CudssError(Exception):
    """What the bindings raise."""


ConfigParam = IntEnum("ConfigParam", ["PIVOT_EPSILON", "PIVOT_TYPE", "UBATCH_SIZE"], start=0)
DataParam = IntEnum("DataParam", ["INFO", "LU_NNZ", "NPIVOTS", "INERTIA"], start=0)
DataType = IntEnum("DataType", {"R_64F": 1, "R_32I": 10})
IndexBase = IntEnum("IndexBase", ["ZERO", "ONE"], start=0)
Layout = IntEnum("Layout", ["COL_MAJOR", "ROW_MAJOR"], start=0)
MatrixType = IntEnum("MatrixType", ["GENERAL", "SYMMETRIC", "HERMITIAN", "SPD"], start=0)
MatrixViewType = IntEnum("MatrixViewType", ["FULL", "LOWER", "UPPER"], start=0)
Phase = IntEnum("Phase", {"ANALYSIS": 3, "FACTORIZATION": 4, "SOLVE": 1008})
PivotType = IntEnum("PivotType", {"PIVOT_AUTO": 0, "PIVOT_BUNCH_KAUFMAN": 6})


def _at(address: int, count: int, kind: Any) -> Any:
    return np.ctypeslib.as_array((kind * count).from_address(address))


@dataclass
class FakeCudss:
    """The calls, what was asked of them, and what is alive."""

    version: int = 0
    fails: str = ""
    small: float | None = None
    tells_batch_inertia: bool = False
    calls: list[str] = field(default_factory=list)
    alive: dict[int, Any] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    cuDSSError = CudssError
    ConfigParam, DataParam, DataType = ConfigParam, DataParam, DataType
    IndexBase, Layout, MatrixType = IndexBase, Layout, MatrixType
    MatrixViewType, Phase, PivotType = MatrixViewType, Phase, PivotType

    def _made(self, what: Any) -> int:
        number = next(self.numbers)
        self.alive[number] = what
        return number

    def create(self) -> int:
        if self.fails == "create":
            raise CudssError("EXECUTION_FAILED (5)")
        return self._made("handle")

    def destroy(self, handle: int) -> None:
        del self.alive[handle]

    def config_create(self) -> int:
        return self._made({})

    def config_destroy(self, config: int) -> None:
        del self.alive[config]

    def data_create(self, handle: int) -> int:
        assert self.alive[handle] == "handle"
        return self._made({})

    def data_destroy(self, handle: int, data: int) -> None:
        assert self.alive[handle] == "handle"
        del self.alive[data]

    def matrix_destroy(self, matrix: int) -> None:
        del self.alive[matrix]

    def get_property(self, kind: int) -> int:
        return self.version

    def get_config_param_dtype(self, param: int) -> Any:
        return np.float64 if param == ConfigParam.PIVOT_EPSILON else np.int32

    def config_set(self, config: int, param: int, value: int, size: int) -> None:
        kind = ctypes.c_double if param == ConfigParam.PIVOT_EPSILON else ctypes.c_int32
        assert size == ctypes.sizeof(kind)
        self.alive[config][ConfigParam(param).name] = kind.from_address(value).value

    def set_stream(self, handle: int, stream: int) -> None:
        assert self.alive[handle] == "handle"

    def matrix_create_csr(self, *given: int) -> int:
        rows, columns, entries, indptr, ends, indices, values, offset, index, value, kind, view, base = given
        assert (rows, ends, base) == (columns, 0, IndexBase.ZERO)
        assert (offset, index, value) == (DataType.R_32I, DataType.R_32I, DataType.R_64F)
        return self._made((rows, entries, indptr, indices, values, MatrixType(kind), MatrixViewType(view)))

    def matrix_create_dn(self, *given: int) -> int:
        rows, columns, leading, values, value, layout = given
        assert (columns, leading, value, layout) == (1, rows, DataType.R_64F, Layout.COL_MAJOR)
        return self._made((rows, values))

    def entries(self, matrix: int) -> Any:
        """Give the values of a matrix as they lie in memory."""
        _, entries, _, _, values, _, _ = self.alive[matrix]
        return _at(values, entries, ctypes.c_double)

    def execute(self, handle: int, phase: int, config: int, data: int, matrix: int, x: int, b: int) -> None:
        name = Phase(phase).name
        self.calls.append(name)
        if self.fails == name:
            raise CudssError("ALLOC_FAILED (2)")
        batch = self.alive[config].get("UBATCH_SIZE", 1)
        state = self.alive[data]
        if name == "ANALYSIS":
            state["batch"] = batch
        assert state["batch"] == batch
        if name == "FACTORIZATION":
            least = self.small or self.alive[config].get("PIVOT_EPSILON", 1e-13)
            state.update(_factorized(self.alive[matrix], batch, least))
        if name == "SOLVE":
            rows, source = self.alive[b]
            right = _at(source, batch * rows, ctypes.c_double).reshape(batch, rows)
            found = [lu_solve(one, of) for one, of in zip(state["factors"], right, strict=True)]
            _at(self.alive[x][1], batch * rows, ctypes.c_double)[:] = np.ravel(found)

    def data_get(self, handle: int, data: int, param: int, value: int, size: int, written: int) -> None:
        state, name = self.alive[data], DataParam(param).name
        told = np.atleast_1d(np.asarray(state[name], np.int32))
        if name == "INERTIA" and not self.tells_batch_inertia:
            told = told[:2]
        ctypes.c_uint64.from_address(written).value = told.nbytes
        if value:
            assert size == told.nbytes
            _at(value, len(told), ctypes.c_int32)[:] = told


def _factorized(matrix: Any, batch: int, least: float) -> dict[str, Any]:
    n, entries, indptr, indices, values, kind, view = matrix
    starts = _at(indptr, n + 1, ctypes.c_int32)
    columns = _at(indices, entries, ctypes.c_int32)
    factors, info, replaced, inertia = [], 0, 0, []
    for one in _at(values, batch * entries, ctypes.c_double).reshape(batch, entries):
        dense = csr_matrix((one, columns, starts), (n, n)).toarray()
        if view == MatrixViewType.UPPER:
            assert not np.tril(dense, -1).any()
            dense = dense + np.triu(dense, 1).T
        if kind == MatrixType.GENERAL:
            left, sizes, right = np.linalg.svd(dense)
            small = sizes < least
            factors.append(lu_factor((left * np.where(small, least, sizes)) @ right))
        else:
            signs, vectors = np.linalg.eigh(dense)
            small = abs(signs) < least
            info = info or int(kind == MatrixType.SPD and signs.min() <= 0)
            factors.append(lu_factor((vectors * np.where(small, least, signs)) @ vectors.T))
            inertia += [int((signs > 0).sum()), int((signs < 0).sum())]
        replaced += int(small.sum())
    return {"factors": factors, "INFO": info, "NPIVOTS": replaced, "INERTIA": inertia}


class FakeArrays:
    """numpy under cupy's name."""

    asarray, arange, concatenate = (
        staticmethod(np.asarray),
        staticmethod(np.arange),
        staticmethod(np.concatenate),
    )
    empty, isfinite, ones, sin, zeros = (
        np.empty,
        np.isfinite,
        staticmethod(np.ones),
        np.sin,
        staticmethod(np.zeros),
    )
    asnumpy = staticmethod(np.array)
    cuda = SimpleNamespace(get_current_stream=lambda: SimpleNamespace(ptr=0))


def memory_device(cudss: FakeCudss | None = None) -> Device:
    """Give a device in memory."""
    return Device(cudss or FakeCudss(), FakeArrays, csr_matrix, lambda array: int(array.ctypes.data))


@pytest.fixture(name="fake_cudss")
def _fake_cudss() -> FakeCudss:
    return FakeCudss()


@pytest.fixture(name="device_of")
def _device_of() -> Callable[[FakeCudss], Device]:
    return memory_device


def _installed(module: str, name: str, *given: str) -> LinearSolver:
    solver: LinearSolver = getattr(importlib.import_module(f"genba.num.linsolvers.{module}"), name)(*given)
    return solver


SOLVERS: dict[str, Callable[[], LinearSolver]] = {
    "block_ldl": lambda: _installed("block_ldl", "BlockLdlSolver"),
    "block_lu": lambda: _installed("block_lu", "BlockLuSolver"),
    "dense_ldl": lambda: _installed("dense_ldl", "DenseLdlSolver"),
    "superlu": lambda: _installed("superlu", "SuperLuSolver"),
    "pardiso": lambda: _installed("pardiso", "PardisoSolver"),
    "cudss-ldlt": lambda: _installed("cudss", "CudssSolver", "ldlt"),
    "cudss-lu": lambda: _installed("cudss", "CudssSolver", "lu"),
    "cudss-ldlt in memory": lambda: CudssSolver("ldlt", device=memory_device()),
    "cudss-lu in memory": lambda: CudssSolver("lu", device=memory_device()),
}


@pytest.fixture(params=sorted(SOLVERS))
def solver(request: pytest.FixtureRequest) -> LinearSolver:
    """Give each solver that this machine has; the others skip with the reason."""
    try:
        return SOLVERS[request.param]()
    except (MissingExtra, DeviceError) as error:
        pytest.skip(error.message)
