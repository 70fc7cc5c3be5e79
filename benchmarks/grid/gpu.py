"""Time cuDSS beside the block LDL^T of the CPU on KKT matrices of AC optimal power flows; `make bench-gpu`.

    python benchmarks/grid/gpu.py [--cases NAME ...] [--batches 64 256 1024] [--repeats 5] [--out FOLDER]

One matrix: the augmented system (four unknowns a bus) by LDL^T, and the condensed one (two a bus, balances
eliminated with 1e-8 of slack) by Cholesky, refined in the augmented system. A batch: matrices of one pattern
from the middle half of a solve, factorized together, values on the device before the clock starts, one
right-hand side each. The CPU works on one matrix after another, on one thread: through the same door, scaled
values to refined solution, and "bare", on blocks in memory without refinement, as the power flow does it.
Figures are medians of wall milliseconds; a GPU's clock stops when it is idle. A residual is the largest
`|A x - b| / (|A| |x| + |b|)` of any row of the augmented system. What cuDSS refuses is told in its place.

FOLDER (build/gpu) receives gpu.json, with device, driver and versions, and gpu.md. Without a GPU both say so,
and the exit status is 0.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS

import argparse
import datetime
import gc
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from ldl import blocks, residual
from rival_kkt import Kkt, kkt_matrices
from scipy.sparse import csc_matrix, diags, tril

from genba.core.errors import DeviceError, MissingExtra
from genba.grid.kernels.network import Floats
from genba.num.linsolvers.block_ldl import BlockLdlSolver
from genba.num.linsolvers.contract import Analysis, Pattern, SingularMatrix
from genba.num.linsolvers.cudss import CudssSolver, Device, installed
from genba.num.linsolvers.refinement import refine

CASES = ("case2869_pegase", "case9241_pegase")
BATCHES = (64, 256, 1024)
MIDDLE = tuple(np.linspace(0.25, 0.75, 8))
SLACK = 1e-8
"""By how much balances give way in the condensed system."""
PACKAGES = ("nvmath-python", "cupy-cuda12x", "nvidia-cudss-cu12", "numpy", "scipy")
ON_CPU = 8
"""Matrices of a batch that the CPU is timed on."""


@dataclass
class Row:
    """One measurement; times in wall milliseconds per matrix."""

    case: str
    matrix: str
    method: str
    batch: int
    n: int
    analyze_ms: float | None = None
    factorize_ms: float | None = None
    solve_ms: float | None = None
    residual: float | None = None
    note: str = ""


def timed(call: Callable[[], Any], wait: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Give median wall milliseconds and what the last call gave."""
    spent = []
    for _ in range(repeats):
        gc.collect()
        wait()
        start = time.perf_counter()
        found = call()
        wait()
        spent.append(1000 * (time.perf_counter() - start))
    return statistics.median(spent), found


class Condensed:
    """The system in the angles and voltages alone, and the way back."""

    def __init__(self, kkt: Kkt) -> None:
        whole = kkt.whole
        unknown = np.arange(whole.shape[0])
        self.kkt = kkt
        self.primal, self.dual = unknown[unknown % 4 < 2], unknown[unknown % 4 >= 2]
        self.rows = whole[self.dual][:, self.primal]
        own = whole[self.dual][:, self.dual]
        give = -own.diagonal() + SLACK
        if abs(own - diags(own.diagonal())).max() > 0 or not (give > 0).all():
            raise SystemExit("the multipliers' block is not a negative diagonal")
        self.stiff = 1.0 / give
        matrix = whole[self.primal][:, self.primal] + self.rows.T @ diags(self.stiff) @ self.rows
        self.lower = csc_matrix(tril(matrix))
        self.lower.sort_indices()
        n = len(self.primal)
        indptr, indices = self.lower.indptr.astype(np.int64), self.lower.indices.astype(np.int64)
        self.pattern = Pattern(n, indptr, indices, "symmetric")

    def solved(self, solve: Callable[[Floats], Floats]) -> Floats:
        """Solve the augmented system: eliminate, solve, expand, refined."""
        whole = self.kkt.whole

        def apply(right: Floats) -> Floats:
            b = right[0, 0]
            found = np.empty(len(b))
            found[self.primal] = solve(b[self.primal] + self.rows.T @ (self.stiff * b[self.dual]))
            found[self.dual] = self.stiff * (self.rows @ found[self.primal] - b[self.dual])
            return found[None, None]

        def times(matrix: csc_matrix) -> Callable[[Floats], Floats]:
            return lambda x: (matrix @ x[0, 0])[None, None]

        return refine(self.kkt.right[None, None], apply, times(whole), times(abs(whole)))[0, 0]


def measured(row: Row, measure: Callable[[Row], None]) -> Row:
    """Fill a row, or say why it stays empty."""
    try:
        measure(row)
    except (SingularMatrix, DeviceError) as error:
        row.note = error.message
    print(cells(row), flush=True)
    return row


def on_cpu(kkts: list[Kkt], batch: int, repeats: int) -> Row:
    """Time the block LDL^T."""
    row = Row(kkts[0].case, which(kkts), "block LDL^T, CPU", batch, kkts[0].pattern.n)

    def measure(row: Row) -> None:
        chosen = [kkts[i % len(kkts)] for i in range(min(batch, ON_CPU))]
        row.analyze_ms, analysis = timed(lambda: BlockLdlSolver().analyze(kkts[0].pattern), nothing, 1)
        spent, factors = timed(lambda: [analysis.factorize(kkt.values) for kkt in chosen], nothing, repeats)
        row.factorize_ms = spent / len(chosen)
        spent, found = timed(
            lambda: [one.solve(kkt.right) for one, kkt in zip(factors, chosen, strict=True)], nothing, repeats
        )
        row.solve_ms = spent / len(chosen)
        row.residual = max(residual(kkt, x) for kkt, x in zip(chosen, found, strict=True))

    return measured(row, measure)


def bare(kkt: Kkt, repeats: int) -> Row:
    """Time the block LDL^T on blocks in memory."""
    row = Row(kkt.case, which([kkt]), "block LDL^T, CPU, bare", 1, kkt.pattern.n)

    def measure(row: Row) -> None:
        row.analyze_ms, tool = timed(lambda: blocks(kkt), nothing, 1)
        row.factorize_ms, _ = timed(tool.factorize, nothing, repeats)
        row.solve_ms, _ = timed(tool.solve, nothing, repeats)
        row.residual = residual(kkt, tool.solution)

    return measured(row, measure)


def nothing() -> None:
    """Wait for nothing."""


def which(kkts: list[Kkt]) -> str:
    return (
        f"{kkts[0].number}/{kkts[0].of}"
        if len(kkts) == 1
        else f"{kkts[0].number}-{kkts[-1].number}/{kkts[0].of}"
    )


def planned(analysis: Analysis, values: Any, wait: Callable[[], Any]) -> tuple[float, Any]:
    """Give the milliseconds of the first factorization, which orders the pattern."""
    return timed(lambda: analysis.factorize(values), wait, 1)


def augmented(kkts: list[Kkt], batch: int, repeats: int, device: Device) -> Row:
    """Time cuDSS's LDL^T on one matrix or a batch of them."""
    row = Row(kkts[0].case, which(kkts), "LDL^T, cuDSS", batch, kkts[0].pattern.n)
    wait = device.arrays.cuda.get_current_stream().synchronize

    def measure(row: Row) -> None:
        chosen = [kkts[i % len(kkts)] for i in range(batch)]
        pick = 0 if batch == 1 else slice(None)
        values = device.arrays.asarray(np.stack([kkt.values for kkt in chosen])[pick])
        right = device.arrays.asarray(np.stack([kkt.right for kkt in chosen])[pick])
        analysis = CudssSolver("ldlt", device=device).analyze(kkts[0].pattern)
        row.analyze_ms, _ = planned(analysis, values, wait)
        spent, factors = timed(lambda: analysis.factorize(values), wait, repeats)
        row.factorize_ms = spent / batch
        spent, found = timed(lambda: factors.solve(right), wait, repeats)
        row.solve_ms = spent / batch
        solutions = np.atleast_2d(device.arrays.asnumpy(found))
        row.residual = max(residual(kkt, x) for kkt, x in zip(kkts, solutions, strict=False))
        row.note = "" if factors.inertia else "no inertia"

    return measured(row, measure)


def condensed(kkt: Kkt, repeats: int, device: Device) -> Row:
    """Time cuDSS's Cholesky on one condensed matrix; its solve takes the way over the host."""
    row = Row(kkt.case, which([kkt]), "condensed Cholesky, cuDSS", 1, kkt.pattern.n // 2)
    wait = device.arrays.cuda.get_current_stream().synchronize

    def measure(row: Row) -> None:
        system = Condensed(kkt)
        analysis = CudssSolver("cholesky", device=device).analyze(system.pattern)
        values = device.arrays.asarray(system.lower.data)
        row.analyze_ms, _ = planned(analysis, values, wait)
        row.factorize_ms, factors = timed(lambda: analysis.factorize(values), wait, repeats)
        row.solve_ms, found = timed(lambda: system.solved(factors.solve), wait, repeats)
        row.residual = residual(kkt, found)

    return measured(row, measure)


HEAD = "| case | matrix | method | batch | n | first ms | factorize ms | solve ms | residual | note |"


def cells(row: Row) -> str:
    def shown(value: float | None, form: str) -> str:
        return "-" if value is None else format(value, form)

    times = (shown(ms, ".3f") for ms in (row.analyze_ms, row.factorize_ms, row.solve_ms))
    shape = (row.case, row.matrix, row.method, str(row.batch), str(row.n))
    return f"| {' | '.join([*shape, *times, shown(row.residual, '.0e'), row.note])} |"


def surroundings() -> dict[str, Any]:
    """Give date, machine and versions."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {
        "date": date,
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": versions,
    }


def device_of(device: Device) -> dict[str, Any]:
    """Give what the GPU and its driver say of themselves."""
    runtime = device.arrays.cuda.runtime
    properties = runtime.getDeviceProperties(0)
    return {
        "name": properties["name"].decode(),
        "compute_capability": f"{properties['major']}.{properties['minor']}",
        "memory_bytes": int(properties["totalGlobalMem"]),
        "driver": int(runtime.driverGetVersion()),
        "runtime": int(runtime.runtimeGetVersion()),
        "cudss": ".".join(str(device.cudss.get_property(part)) for part in range(3)),
    }


def measurements(device: Device, options: argparse.Namespace) -> list[Row]:
    """Measure everything."""
    rows = []
    for name in options.cases:
        late = kkt_matrices(name, (0.5, 1.0))
        for kkt in late:
            rows.append(bare(kkt, options.repeats))
            rows.append(on_cpu([kkt], 1, options.repeats))
            rows.append(augmented([kkt], 1, options.repeats, device))
            rows.append(condensed(kkt, options.repeats, device))
        middle = kkt_matrices(name, MIDDLE)
        for batch in options.batches:
            rows.append(on_cpu(middle, batch, options.repeats))
            rows.append(augmented(middle, batch, options.repeats, device))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=CASES)
    parser.add_argument("--batches", nargs="*", type=int, default=BATCHES)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("build/gpu"))
    options = parser.parse_args()
    record = surroundings()
    try:
        device = installed()
    except (MissingExtra, DeviceError) as error:
        return write(options.out, {**record, "device": None, "reason": error.message, "rows": []})
    record["device"] = device_of(device)
    print(HEAD + "\n" + "|---" * 10 + "|")
    rows = [asdict(row) for row in measurements(device, options)]
    return write(options.out, {**record, "rows": rows})


def write(folder: Path, record: dict[str, Any]) -> int:
    """Write the record as JSON and as a Markdown table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gpu.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    known = {name: found for name, found in record["versions"].items() if found}
    title = f"{record['date']}, {record['machine']}, Python {record['python']}, {known}"
    if record["device"] is None:
        lines = [title, "", f"No measurement: {record['reason']}"]
        print(lines[-1])
    else:
        lines = [title, "", str(record["device"]), "", HEAD, "|---" * 10 + "|"]
        lines += [cells(Row(**row)) for row in record["rows"]]
    (folder / "gpu.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"written: {folder / 'gpu.json'}, {folder / 'gpu.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
