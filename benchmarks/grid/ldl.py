"""Time the block LDL^T beside QDLDL and SuperLU on KKT matrices of AC optimal power flows.

    python benchmarks/grid/ldl.py [--cases NAME ...] [--repeats 15]

The matrices are those after half and after all factorizations of a solve, four unknowns a bus. Each solver
factorizes values of a pattern that it has ordered before, and solves for one right-hand side: genba's blocks
as the power flow's assembly leaves them, QDLDL by `update` of its lower triangle with its own AMD order,
SuperLU by `splu`, which cannot keep its order. QDLDL gets -1e-8 on the multipliers' diagonal, without which
it stops at a zero pivot. The solvers take turns; figures are medians of process CPU milliseconds. A residual
is the largest `|A x - b| / (|A| |x| + |b|)` of any row, of one solve without refinement. Entries are numbers
kept: genba's whole blocks, L and D of QDLDL, L and U of SuperLU.

Exit status 1 when genba's residual exceeds ten times SuperLU's (and 1e-15), both refined by the same rule.
Times above their targets, 1/1.8 of QDLDL's to factorize and 1/2 to solve, are told, and do not change the
status.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS

import argparse
import importlib.util
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rival_kkt import Kkt, kkt_matrices
from rival_turns import medians
from scipy.sparse import csc_matrix, triu
from scipy.sparse.linalg import splu

from genba.grid.kernels.network import Floats
from genba.num.ldl.blocks import BlockLdl
from genba.num.ldl.pivot import ENTRIES
from genba.num.linsolvers.block_ldl import BlockLdlSolver
from genba.num.linsolvers.contract import LinearSolver
from genba.num.linsolvers.superlu import SuperLuSolver

CASES = ("case1354_pegase", "case2742_goc", "case9241_pegase")
FACTOR, SOLVE = 1.8, 2.0
ROUNDING, PIVOTED = 1e-15, 10.0
SHIFT = 1e-8
INNER = 5
"""Calls in one timing."""


@dataclass(frozen=True)
class Tool:
    """A solver ready to be timed, and the solution of one solve."""

    factorize: Callable[[], Any]
    solve: Callable[[], Any]
    entries: int
    solution: Floats


def blocks(kkt: Kkt) -> Tool:
    """Give genba's factors on blocks in memory."""
    analysis = BlockLdlSolver().analyze(kkt.pattern)
    count = len(analysis.entry_rows)
    filled = np.zeros(ENTRIES * (count + analysis.fill.n))
    filled[analysis.place] = filled[analysis.mirror] = kkt.values
    filled[analysis.padding] = 1.0
    entries = filled.reshape(-1, ENTRIES)
    factors = BlockLdl(analysis.fill, analysis.entry_start, analysis.entry_rows)
    right = np.zeros((analysis.fill.n, 4))
    right[analysis.block, analysis.part] = kkt.right
    x = right.copy()

    def solve() -> None:
        x[:] = right
        factors.solve(x)

    def factorize() -> int:
        return factors.factorize(entries[:count], entries[count:])

    factorize()
    solve()
    size = ENTRIES * len(analysis.fill.rows) + 10 * analysis.fill.n
    return Tool(factorize, solve, size, x[analysis.block, analysis.part].copy())


def qdldl(kkt: Kkt) -> Tool:
    """Give QDLDL's."""
    from qdldl import Solver

    shifted = kkt.whole
    n = np.arange(shifted.shape[0])
    multipliers = n % 4 >= 2
    shift = csc_matrix((np.where(multipliers, SHIFT, 0.0), (n, n)), shifted.shape)
    upper = triu(shifted - shift, format="csc")
    solver = Solver(upper, upper=True)
    entries = solver.factors()[0].nnz + len(n)
    return Tool(
        lambda: solver.update(upper, upper=True),
        lambda: solver.solve(kkt.right),
        entries,
        solver.solve(kkt.right),
    )


def superlu(kkt: Kkt) -> Tool:
    """Give SuperLU's."""
    whole = kkt.whole
    found = splu(whole)
    return Tool(
        lambda: splu(whole), lambda: found.solve(kkt.right), found.L.nnz + found.U.nnz, found.solve(kkt.right)
    )


def residual(kkt: Kkt, x: Floats) -> float:
    whole = kkt.whole
    sums = abs(whole) @ np.abs(x) + np.abs(kkt.right)
    return float((np.abs(whole @ x - kkt.right) / np.maximum(sums, 1e-300)).max())


def refined(kkt: Kkt, solver: LinearSolver) -> float:
    """Give the residual of a solver's door, which refines."""
    return residual(kkt, solver.analyze(kkt.pattern).factorize(kkt.values).solve(kkt.right))


def repeated(call: Callable[[], Any]) -> Callable[[], None]:
    def several() -> None:
        for _ in range(INNER):
            call()

    return several


def compare(kkt: Kkt, repeats: int) -> bool:
    """Time the solvers on a matrix and print its row; tell whether the residual is too large."""
    tools = {"genba": blocks(kkt), "SuperLU": superlu(kkt)}
    if importlib.util.find_spec("qdldl"):
        tools["QDLDL"] = qdldl(kkt)
    calls = {
        f"{name} {kind}": repeated(getattr(tool, kind)) for name, tool in tools.items() for kind in KINDS
    }
    seconds, _ = medians(calls, repeats)
    ms = {name: 1000 * spent / INNER for name, spent in seconds.items()}
    left = {name: residual(kkt, tool.solution) for name, tool in tools.items()}
    cells = [kkt.case, f"{kkt.number}/{kkt.of}", str(kkt.pattern.n), f"{np.abs(kkt.values).max():.0e}"]
    for name in ("genba", "QDLDL", "SuperLU"):
        if name in tools:
            times = (f"{ms[f'{name} {kind}']:.2f}" for kind in KINDS)
            cells += [f"{tools[name].entries / 1000:.0f} k", *times, f"{left[name]:.0e}"]
        else:
            cells += ["-"] * 4
    told = []
    if "QDLDL" in tools:
        ratios = [ms[f"QDLDL {kind}"] / ms[f"genba {kind}"] for kind in KINDS]
        cells += [f"{ratio:.1f}" for ratio in ratios]
        told += [
            f"{kind} {ratio:.2f}"
            for kind, ratio, least in zip(KINDS, ratios, (FACTOR, SOLVE), strict=True)
            if ratio < least
        ]
    after = [refined(kkt, solver) for solver in (BlockLdlSolver(), SuperLuSolver())]
    cells += [f"{error:.0e}" for error in after]
    wrong = after[0] > max(PIVOTED * after[1], ROUNDING)
    told += ["residual"] * wrong
    print(f"| {' | '.join(cells)} | {', '.join(told)}".rstrip(" "), flush=True)
    return wrong


KINDS = ("factorize", "solve")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=CASES)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}\n")
    solvers = ("genba", "QDLDL", "SuperLU")
    names = [f"{name}'s entries | factor ms | solve ms | residual" for name in solvers]
    ends = "factor ratio | solve ratio | refined genba | SuperLU"
    print(f"| case | matrix | n | largest | {' | '.join(names)} | {ends} |")
    print("|---" * 20 + "|")
    wrong = [compare(kkt, options.repeats) for name in options.cases for kkt in kkt_matrices(name)]
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
