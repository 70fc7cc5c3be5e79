"""The door to NVIDIA's cuDSS through nvmath-python: LDL^T, Cholesky, LU; one matrix or a uniform batch.

A uniform batch is many matrices of one pattern that cuDSS analyzes once and factorizes together. nvmath's
`DirectSolver` has only the other batch, which analyzes each matrix, so this file speaks to the bindings below
it, for one matrix too. Values, factors and right-hand sides lie on the device; arrays of cupy that come in
stay there, numpy's are copied there and back.

cuDSS 0.8, the one that nvmath-python 1.0 takes, has no 2x2 pivots yet (PIVOT_BUNCH_KAUFMAN is reserved in its
header): it replaces a pivot below a threshold and counts it. So matrices are scaled first, and when pivots
were replaced a trial solve decides whether refinement makes up for them. Where the pattern tells multipliers
apart, their scaled diagonals are lowered by `QUASI_DEFINITE`: such a matrix has factors in every order. The
inertia is then that of a matrix which differs by this, or by 1e-15 of the scaled one.

Source: NVIDIA, cuDSS 0.8 documentation and header; nvmath-python 1.0, `nvmath.bindings.cudss`.
"""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from genba.core.errors import DeviceError, missing_extra
from genba.num.linsolvers.contract import Floats, Inertia, Pattern, SingularMatrix, Symmetry
from genba.num.linsolvers.equilibration import equilibrate
from genba.num.linsolvers.expansion import Rows, given_rows, stacked, unstacked, whole_rows
from genba.num.linsolvers.refinement import MADE_UP, leftover, refine

Method = Literal["ldlt", "cholesky", "lu"]
BUNCH_KAUFMAN_SINCE = 1
"""Major version of cuDSS that has 2x2 pivots."""
PIVOT_EPSILON = 1e-15
"""Pivots of the scaled matrix below this are replaced; late KKT matrices have some below cuDSS's 1e-13."""
QUASI_DEFINITE = 1e-8
"""Refinement makes up for it: an interior point takes as many iterations as with 2x2 pivots."""
MOST_ENTRIES = 2**31 - 1
"""cupy's sparse matrices index with 32 bits."""


@dataclass(frozen=True)
class Device:
    """What speaks to the GPU; tests put a fake in its place.

    Arguments:
        cudss: nvmath's bindings of cuDSS.
        arrays: cupy.
        csr_matrix: cupyx's compressed sparse rows.
        address: gives where an array of the device begins.
    """

    cudss: Any
    arrays: Any
    csr_matrix: Any
    address: Callable[[Any], int]


def installed(number: int = 0) -> Device:
    """Give a CUDA device, and make it this thread's.

    Arguments:
        number: of the device, from 0, among those that are visible.

    Raises:
        MissingExtra: when nvmath-python or cupy is not installed.
        DeviceError: when there is no such device.
    """
    try:  # here and not above: the arithmetic around cuDSS is tested where neither package is
        import cupy
        from cupyx.scipy.sparse import csr_matrix
        from nvmath.bindings import cudss
    except ModuleNotFoundError as error:
        raise missing_extra("nvmath-python with cupy", "cuda") from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except RuntimeError as error:  # cupy's word for no driver
        raise DeviceError(f"no CUDA device: {error}; choose a solver of the CPU", where="cuda") from error
    if not 0 <= number < count:
        found = f"{count} are visible, the first is 0" if count else "none is visible"
        raise DeviceError(f"no CUDA device {number}: {found}; choose a solver of the CPU", where="cuda")
    cupy.cuda.Device(number).use()
    return Device(cudss, cupy, csr_matrix, lambda array: int(array.data.ptr))


class CudssSolver:
    """Factorizations on one GPU.

    Arguments:
        method: `ldlt` for symmetric matrices, `cholesky` for positive definite ones, `lu` for general ones.
        device: what speaks to the GPU; the first CUDA device when None.
    """

    def __init__(self, method: Method = "ldlt", *, device: Device | None = None) -> None:
        self.name = f"cudss-{method}"
        self.gives_inertia = method != "lu"
        self._method: Method = method
        self._device = installed() if device is None else device

    def supports(self, *, batch: bool, symmetry: Symmetry) -> bool:
        """Take matrices of the method's symmetry; batches too, but their inertia may not be told."""
        return symmetry == ("general" if self._method == "lu" else "symmetric")

    def analyze(self, pattern: Pattern) -> "CudssAnalysis":
        """Lay the pattern out on the device; cuDSS orders it when it knows the size of the batch."""
        return CudssAnalysis(pattern, self._method, self._device)


class CudssAnalysis:
    """A pattern on the device, and cuDSS's plan for the size of batch that came last."""

    def __init__(self, pattern: Pattern, method: Method, device: Device) -> None:
        self._method, self._device = method, device
        self._given, self._whole = given_rows(pattern), whole_rows(pattern)
        asarray = device.arrays.asarray
        self._row = asarray(np.repeat(np.arange(pattern.n), np.diff(self._given.indptr)))
        self._column, self._place = asarray(self._given.indices), asarray(self._given.place)
        self._whole_place = asarray(self._whole.place)
        self._lowered = asarray(self._given.indptr[:-1][_lowered(pattern, method, device)])
        self._plan: _Plan | None = None

    def factorize(self, values: Floats) -> "CudssFactors":
        """Factorize one matrix, or all of a batch together; the factors of the call before are overwritten.

        Raises:
            SingularMatrix: when a matrix has no factors that refinement can use, or a value is not finite.
            DeviceError: when the device has too little memory, or cuDSS fails.
        """
        batch = np.ndim(values) == 2
        with _device_errors(self._device):
            entries = self._device.arrays.asarray(values, dtype=np.float64)
            return self._factorized(entries if batch else entries[None], batch=batch)

    def _factorized(self, entries: Any, *, batch: bool) -> "CudssFactors":
        arrays, count = self._device.arrays, len(entries)
        if not bool(arrays.isfinite(entries).all()):
            raise SingularMatrix("an entry is not finite")
        matrix = self._block_diagonal(entries)
        magnitudes = abs(matrix)
        symmetric = self._method != "lu"
        rows, columns = equilibrate(magnitudes, arrays.ones(count * self._whole.n), symmetric=symmetric)
        scales = rows.reshape(count, -1), columns.reshape(count, -1)
        plan = self._planned(count)
        scaled = entries[:, self._place] * scales[0][:, self._row] * scales[1][:, self._column]
        scaled[:, self._lowered] -= QUASI_DEFINITE
        told = plan.factorize(scaled)
        factors = CudssFactors(plan, (matrix, magnitudes), scales, told.inertia, batch)
        if told.replaced:
            factors.probe()
        return factors

    def _planned(self, batch: int) -> "_Plan":
        if self._plan is None or self._plan.batch != batch:
            self._plan = None  # gives the memory back first
            self._plan = _Plan(self._device, self._given, self._method, batch)
        return self._plan

    def _block_diagonal(self, entries: Any) -> Any:
        """Give the original matrices, whole, as the diagonal blocks of one."""
        batch, n, count = len(entries), self._whole.n, len(self._whole.indices)
        if batch * count > MOST_ENTRIES:
            allowed = MOST_ENTRIES // count
            raise DeviceError(f"a batch of {batch} matrices is too large; at most {allowed}", where="cudss")
        arrays = self._device.arrays
        block = arrays.arange(batch, dtype=np.int32)[:, None]
        indices = (arrays.asarray(self._whole.indices, dtype=np.int32) + n * block).ravel()
        starts = arrays.asarray(self._whole.indptr[:-1], dtype=np.int32) + count * block
        indptr = arrays.concatenate([starts.ravel(), arrays.asarray([batch * count], dtype=np.int32)])
        data = entries[:, self._whole_place].ravel()
        return self._device.csr_matrix((data, indices, indptr), shape=(batch * n, batch * n))


def _lowered(pattern: Pattern, method: Method, device: Device) -> NDArray[np.bool_]:
    """Tell which unknowns' diagonals are lowered, the first entries of their rows."""
    pivoted = method != "ldlt" or device.cudss.get_property(0) >= BUNCH_KAUFMAN_SINCE
    return np.zeros(pattern.n, bool) if pivoted or pattern.dual is None else pattern.dual


class CudssFactors:
    """Factors on the device, valid until their analysis factorizes again."""

    def __init__(
        self,
        plan: "_Plan",
        matrices: tuple[Any, Any],
        scales: tuple[Any, Any],
        inertia: tuple[Inertia, ...] | None,
        batch: bool,
    ) -> None:
        self.inertia = inertia
        self._plan, self._scales, self._batch = plan, scales, batch
        self._matrix, self._magnitudes = matrices

    def solve(self, right: Floats) -> Floats:
        """Solve and refine on the device; shapes as in the contract."""
        arrays = self._plan.device.arrays
        with _device_errors(self._plan.device):
            given = stacked(arrays.asarray(right, dtype=np.float64), batch=self._batch)
            solution = unstacked(self._refined(given), right, batch=self._batch)
            found: Floats = arrays.asnumpy(solution) if isinstance(right, np.ndarray) else solution
        return found

    def probe(self) -> None:
        """Make sure that refinement makes up for replaced pivots.

        Raises:
            SingularMatrix: when a trial solve leaves a residual.
        """
        arrays = self._plan.device.arrays
        wave = arrays.sin(arrays.arange(1.0, self._plan.n + 1))
        if not leftover(self._scales[0], wave, self._refined, self._multiply) <= MADE_UP:
            raise SingularMatrix("cuDSS replaced pivots that are zero to working precision")

    def _refined(self, right: Any) -> Any:
        return refine(right, self._apply, self._multiply, self._weigh)

    def _apply(self, right: Any) -> Any:
        """Apply the factors, (matrices, k, n) to the same, one right-hand side at a time as planned."""
        rows, columns = self._scales
        solution = self._plan.device.arrays.empty(right.shape)
        for k in range(right.shape[1]):
            solution[:, k] = self._plan.solve(right[:, k] * rows) * columns
        return solution

    def _multiply(self, x: Any) -> Any:
        return self._product(self._matrix, x)

    def _weigh(self, x: Any) -> Any:
        return self._product(self._magnitudes, x)

    def _product(self, matrix: Any, x: Any) -> Any:
        product = self._plan.device.arrays.empty(x.shape)
        for k in range(x.shape[1]):
            product[:, k] = (matrix @ x[:, k].ravel()).reshape(x.shape[0], -1)
        return product


@dataclass(frozen=True)
class _Told:
    """What cuDSS says of a factorization.

    Arguments:
        inertia: of each matrix, where it is told.
        replaced: pivots that were replaced.
    """

    inertia: tuple[Inertia, ...] | None
    replaced: int


class _Plan:
    """cuDSS's objects for one pattern and size of batch: analyzed once, factorized and solved in place."""

    def __init__(self, device: Device, rows: Rows, method: Method, batch: int) -> None:
        self.device, self.batch, self.n = device, batch, rows.n
        self._method = method
        arrays = device.arrays
        self._indptr = arrays.asarray(rows.indptr, dtype=np.int32)
        self._indices = arrays.asarray(rows.indices, dtype=np.int32)
        self._values = arrays.ones((batch, len(rows.indices)))
        self._right, self._solution = arrays.zeros((batch, rows.n)), arrays.zeros((batch, rows.n))
        self._objects = _Objects(device.cudss)
        weakref.finalize(self, self._objects.destroy).atexit = False  # CUDA is gone before the interpreter
        self._configure()
        self._matrices()
        self._execute("ANALYSIS")

    def factorize(self, values: Any) -> _Told:
        """Factorize values that lie on the device, shape (batch, entries)."""
        self._values[...] = values
        self._execute("FACTORIZATION")
        wrong = self._asked("INFO")
        if wrong.any():
            raise SingularMatrix(f"cuDSS ended a factorization with {int(wrong[wrong != 0][0])}")
        replaced = int(self._asked("NPIVOTS").sum())
        return _Told(self._inertia(), replaced)

    def solve(self, right: Any) -> Any:
        """Solve for right-hand sides that lie on the device, shape (batch, n)."""
        self._right[...] = right
        self._execute("SOLVE")
        return self._solution

    def _configure(self) -> None:
        cudss = self.device.cudss
        if self.batch > 1:
            self._set("UBATCH_SIZE", self.batch)
        self._set("PIVOT_EPSILON", PIVOT_EPSILON)
        if self._method == "ldlt" and cudss.get_property(0) >= BUNCH_KAUFMAN_SINCE:
            self._set("PIVOT_TYPE", int(cudss.PivotType.PIVOT_BUNCH_KAUFMAN))

    def _matrices(self) -> None:
        """Describe one matrix; those of a batch follow it in memory."""
        cudss, address = self.device.cudss, self.device.address
        kind, view = {
            "ldlt": ("SYMMETRIC", "UPPER"),
            "cholesky": ("SPD", "UPPER"),
            "lu": ("GENERAL", "FULL"),
        }[self._method]
        self._objects.matrix = cudss.matrix_create_csr(
            self.n,
            self.n,
            len(self._indices),
            address(self._indptr),
            0,
            address(self._indices),
            address(self._values),
            int(cudss.DataType.R_32I),
            int(cudss.DataType.R_32I),
            int(cudss.DataType.R_64F),
            int(cudss.MatrixType[kind]),
            int(cudss.MatrixViewType[view]),
            int(cudss.IndexBase.ZERO),
        )
        self._objects.solution = self._column(self._solution)
        self._objects.right = self._column(self._right)

    def _column(self, array: Any) -> int:
        cudss = self.device.cudss
        double, layout = int(cudss.DataType.R_64F), int(cudss.Layout.COL_MAJOR)
        return int(cudss.matrix_create_dn(self.n, 1, self.n, self.device.address(array), double, layout))

    def _execute(self, phase: str) -> None:
        cudss, own = self.device.cudss, self._objects
        cudss.set_stream(own.handle, self.device.arrays.cuda.get_current_stream().ptr)
        number = int(cudss.Phase[phase])
        cudss.execute(own.handle, number, own.config, own.data, own.matrix, own.solution, own.right)

    def _set(self, name: str, value: float) -> None:
        cudss = self.device.cudss
        param = cudss.ConfigParam[name]
        given = np.array([value], cudss.get_config_param_dtype(param))
        cudss.config_set(self._objects.config, int(param), given.ctypes.data, given.nbytes)

    def _asked(self, name: str) -> NDArray[np.int32]:
        """Give what cuDSS says, one number or one per matrix; the call waits for the GPU."""
        cudss, own = self.device.cudss, self._objects
        param, written = int(cudss.DataParam[name]), np.zeros(1, np.uint64)
        cudss.data_get(own.handle, own.data, param, 0, 0, written.ctypes.data)
        found = np.zeros(int(written[0]) // 4, np.int32)
        cudss.data_get(own.handle, own.data, param, found.ctypes.data, found.nbytes, written.ctypes.data)
        return found

    def _inertia(self) -> tuple[Inertia, ...] | None:
        if self._method == "cholesky":
            return (Inertia(self.n, 0, 0),) * self.batch
        if self._method == "lu":
            return None
        signs = self._asked("INERTIA")
        if len(signs) != 2 * self.batch:  # cuDSS 0.8 tells the inertia of one matrix only
            return None
        pairs = signs.reshape(self.batch, 2).tolist()
        return tuple(Inertia(plus, minus, self.n - plus - minus) for plus, minus in pairs)


class _Objects:
    """What cuDSS made, to be destroyed in the opposite order."""

    def __init__(self, cudss: Any) -> None:
        self._cudss = cudss
        self.matrix = self.solution = self.right = 0
        self.handle = cudss.create()
        self.config = cudss.config_create()
        self.data = cudss.data_create(self.handle)

    def destroy(self) -> None:
        """Give everything back."""
        for matrix in filter(None, (self.right, self.solution, self.matrix)):
            self._cudss.matrix_destroy(matrix)
        self._cudss.data_destroy(self.handle, self.data)
        self._cudss.config_destroy(self.config)
        self._cudss.destroy(self.handle)


@contextmanager
def _device_errors(device: Device) -> Iterator[None]:
    try:
        yield
    except device.cudss.cuDSSError as error:
        raise DeviceError(f"cuDSS failed: {error}; choose a solver of the CPU", where="cudss") from error
    except MemoryError as error:  # cupy's, a subclass
        raise DeviceError(f"too little device memory: {error}; send fewer matrices", where="cudss") from error
