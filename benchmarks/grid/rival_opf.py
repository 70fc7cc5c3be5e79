"""AC optimal power flow by the rivals: pyoptinterface + Ipopt, casadi + Ipopt, and PYPOWER.

    python benchmarks/grid/rival_opf.py CASE ... [--tool pyoptinterface|casadi|pypower] [--start flat|middle]

Ipopt is the one that casadi brings, with MUMPS, on one thread, with its defaults but for a tolerance of 1e-8
and at most 500 iterations. pyoptinterface has variables for the branch flows, as PowerModels has, and limits
their squared MVA; casadi has the same problem without flow variables, vectorised, with the exact Hessian.
Building (for pyoptinterface with the compilation of derivatives) and solving are apart, in process CPU
seconds.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from rival_problem import AcOpf, Start, load, problem_of

from genba.grid.io import pglib
from genba.grid.io.matpower import read
from genba.grid.kernels.network import Floats, Ints
from genba.grid.records.case import Case

TOLERANCE, ITERATIONS = 1e-8, 500
SOLVED = "Solve_Succeeded"


@dataclass(frozen=True)
class Solved:
    """How a rival fared.

    Arguments:
        status: the solver's own word; `Solve_Succeeded` is success.
        objective: $/h.
        iterations: of the interior-point method.
        build_cpu_s: building the model, with derivatives.
        solve_cpu_s: solving it.
    """

    status: str
    objective: float
    iterations: int
    build_cpu_s: float
    solve_cpu_s: float


def by_pyoptinterface(problem: AcOpf, start: Start = "flat", *, seconds: float = 1e20) -> Solved:
    """Solve with flow variables; `seconds` limits the solver's CPU time."""
    begin = time.process_time()
    model = _flow_model(problem, start)
    # what optimize() does first; compiled derivatives belong to building
    model._find_similar_graphs()
    model._compile_evaluators()
    built = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        options = {
            **_options(seconds),
            "print_level": 0,
            "sb": "yes",
            "output_file": str(log),
            "file_print_level": 3,
        }
        for option, value in options.items():
            model.set_raw_parameter(option, value)
        model._optimize()
        spent = time.process_time() - built
        text = log.read_text()
    iterations = re.search(r"Number of Iterations\.*: *(\d+)", text)
    return Solved(
        model.m_status.name,
        float(model.get_obj_value()),
        int(iterations[1]) if iterations else -1,
        built - begin,
        spent,
    )


def by_casadi(problem: AcOpf, start: Start = "flat", *, seconds: float = 1e20) -> Solved:
    """Solve without flow variables; `seconds` limits the solver's CPU time."""
    import casadi

    begin = time.process_time()
    program, bounds = _polar_program(problem, start)
    options = {"ipopt": {**_options(seconds), "print_level": 0, "sb": "yes"}, "print_time": False}
    solver = casadi.nlpsol("opf", "ipopt", program, options)
    built = time.process_time()
    found = solver(**bounds)
    spent = time.process_time() - built
    stats = solver.stats()
    return Solved(stats["return_status"], float(found["f"]), int(stats["iter_count"]), built - begin, spent)


def by_pypower(case: Case) -> Solved:
    """Solve a case with PYPOWER's interior-point method PIPS, from its own start."""
    from pypower.api import ppoption, runopf

    tolerances = ("OPF_VIOLATION", "PDIPM_FEASTOL", "PDIPM_GRADTOL", "PDIPM_COMPTOL", "PDIPM_COSTTOL")
    options = ppoption(
        VERBOSE=0, OUT_ALL=0, OPF_ALG=560, PDIPM_MAX_IT=ITERATIONS, **dict.fromkeys(tolerances, TOLERANCE)
    )
    begin = time.process_time()
    rows = ppc(case)
    built = time.process_time()
    found = runopf(rows, options)
    spent = time.process_time() - built
    status = SOLVED if found["success"] else "failed"
    iterations = found["raw"]["output"]["iterations"]
    return Solved(status, float(found["f"]), int(iterations), built - begin, spent)


def ppc(case: Case) -> dict[str, Any]:
    """Give a case in PYPOWER's form."""
    bus, gen, branch, cost = (
        np.column_stack([rows[name].astype(float) for name in rows.columns.names])
        for rows in (case.bus, case.gen, case.branch, case.cost)
    )
    gen = np.hstack([gen, np.zeros((len(gen), 11))])
    cost = np.hstack([cost, case.cost_data])
    return {
        "version": "2",
        "baseMVA": case.base_mva,
        "bus": bus,
        "gen": gen,
        "branch": branch,
        "gencost": cost,
    }


def _options(seconds: float) -> dict[str, Any]:
    return {"tol": TOLERANCE, "max_iter": ITERATIONS, "max_cpu_time": float(seconds)}


@cache
def _poi() -> Any:
    """Give pyoptinterface with Ipopt loaded from casadi's folder."""
    import casadi
    import pyoptinterface
    from pyoptinterface import ipopt

    library = Path(casadi.__file__).parent / "libipopt.so.3"
    if not ipopt.is_library_loaded() and not ipopt.load_library(str(library)):
        raise SystemExit(f"{library} cannot be loaded")
    return pyoptinterface


def _flow_model(problem: AcOpf, start: Start) -> Any:
    """Give pyoptinterface's model with branch-flow variables."""
    poi = _poi()
    model = poi.ipopt.Model()
    buses, branches = range(len(problem.vmin)), range(len(problem.start))
    angle = [model.add_variable(start=0.0) for _ in buses]
    for bus in problem.reference.tolist():
        model.set_variable_bounds(angle[bus], 0.0, 0.0)
    magnitude = _variables(model, problem.vmin, problem.vmax, np.ones(len(buses)))
    first = problem.first_outputs(start)
    p = _variables(model, problem.least.real, problem.most.real, first.real)
    q = _variables(model, problem.least.imag, problem.most.imag, first.imag)
    rating = problem.rating
    flows = [_variables(model, -rating, rating, np.zeros(len(branches))) for _ in range(4)]
    balances = [poi.ExprBuilder() for _ in buses], [poi.ExprBuilder() for _ in buses]
    for branch in branches:
        into = [flow[branch] for flow in flows]
        ends = int(problem.start[branch]), int(problem.end[branch])
        _ohm(model, problem.flow[:, :, branch], (angle, magnitude), ends=ends, into=into)
        _limit(model, problem, branch, into=into, difference=angle[ends[0]] - angle[ends[1]])
        for kind in (0, 1):
            balances[kind][ends[0]] += into[kind]
            balances[kind][ends[1]] += into[kind + 2]
    _balance(model, problem, balances, outputs=(p, q), magnitude=magnitude)
    model.set_objective(_cost_of(problem.cost, p))
    return model


def _variables(model: Any, lower: Floats, upper: Floats, start: Floats) -> list[Any]:
    rows = zip(lower.tolist(), upper.tolist(), start.tolist(), strict=True)
    return [model.add_variable(lb=low, ub=high, start=first) for low, high, first in rows]


def _ohm(
    model: Any,
    coefficients: Floats,
    voltage: tuple[list[Any], list[Any]],
    *,
    ends: tuple[int, int],
    into: Sequence[Any],
) -> None:
    """Tie the four flows of a branch to the voltages at its ends."""
    from pyoptinterface import nl

    angle, magnitude = voltage
    f, t = ends
    with nl.graph():
        difference = angle[f] - angle[t]
        cosine, sine = nl.cos(difference), nl.sin(difference)
        product = magnitude[f] * magnitude[t]
        squares = magnitude[f] * magnitude[f], magnitude[t] * magnitude[t]
        for row, (a, b, c) in enumerate(coefficients.tolist()):
            power = a * squares[row // 2] + product * (b * cosine + c * sine)
            model.add_nl_constraint(power - into[row] == 0.0)


def _limit(model: Any, problem: AcOpf, branch: int, *, into: Sequence[Any], difference: Any) -> None:
    """Keep a branch within its rating at both ends, and its angle difference within its limits."""
    poi = _poi()
    rating, low, high = (float(row[branch]) for row in (problem.rating, problem.low, problem.high))
    if np.isfinite(rating):
        for p, q in (into[:2], into[2:]):
            model.add_quadratic_constraint(p * p + q * q, poi.Leq, rating * rating)
    if np.isfinite(low) or np.isfinite(high):
        model.add_linear_constraint(difference, (low, high))


def _balance(
    model: Any,
    problem: AcOpf,
    balances: tuple[list[Any], list[Any]],
    *,
    outputs: tuple[list[Any], list[Any]],
    magnitude: list[Any],
) -> None:
    """Ask at every bus that flows, shunt and demand meet the outputs."""
    poi = _poi()
    for kind, output in enumerate(outputs):
        for unit, bus in enumerate(problem.host.tolist()):
            balances[kind][bus] -= output[unit]
    shunts = problem.shunt.real, -problem.shunt.imag
    demands = problem.demand.real, problem.demand.imag
    for kind in (0, 1):
        for bus, balance in enumerate(balances[kind]):
            shunt = float(shunts[kind][bus])
            if shunt:
                balance += shunt * magnitude[bus] * magnitude[bus]
            model.add_quadratic_constraint(balance, poi.Eq, -float(demands[kind][bus]))


def _cost_of(cost: Floats, p: list[Any]) -> Any:
    """Give the objective, $/h."""
    total = _poi().ExprBuilder()
    for unit, (square, slope, _) in enumerate(cost.T.tolist()):
        if square:
            total += square * p[unit] * p[unit]
        total += slope * p[unit]
    total += float(cost[2].sum())
    return total


def _polar_program(problem: AcOpf, start: Start) -> tuple[dict[str, Any], dict[str, Floats]]:
    """Give casadi's program in angles, magnitudes and outputs, and its bounds and start."""
    import casadi

    n, g = len(problem.vmin), len(problem.host)
    angle, v = casadi.MX.sym("angle", n), casadi.MX.sym("v", n)
    p, q = casadi.MX.sym("p", g), casadi.MX.sym("q", g)
    at_start, at_end = _picking(problem.start, n), _picking(problem.end, n)
    difference = at_start @ angle - at_end @ angle
    flows = _flows(problem, difference, (at_start @ v, at_end @ v))
    fed = _picking(problem.host, n).T
    rows = [
        at_start.T @ flows[kind] + at_end.T @ flows[kind + 2] + shunt * v**2 + demand - fed @ output
        for kind, (shunt, demand, output) in enumerate(
            (
                (problem.shunt.real, problem.demand.real, p),
                (-problem.shunt.imag, problem.demand.imag, q),
            )
        )
    ]
    rated = np.flatnonzero(np.isfinite(problem.rating))
    limited = np.flatnonzero(np.isfinite(problem.low) | np.isfinite(problem.high))
    rows += [_at(active**2 + reactive**2, rated) for active, reactive in (flows[:2], flows[2:])]
    rows.append(_at(difference, limited))
    square, slope, constant = problem.cost
    cost = casadi.dot(square, p**2) + casadi.dot(slope, p) + float(constant.sum())
    program = {"x": casadi.vertcat(angle, v, p, q), "f": cost, "g": casadi.vertcat(*rows)}
    return program, _bounds(problem, start, rated=rated, limited=limited)


def _bounds(problem: AcOpf, start: Start, *, rated: Ints, limited: Ints) -> dict[str, Floats]:
    """Give casadi's bounds of variables and rows, and the start."""
    n = len(problem.vmin)
    first = problem.first_outputs(start)
    free = np.full(n, np.inf)
    free[problem.reference] = 0.0
    square = problem.rating[rated] ** 2
    zero, none = np.zeros(2 * n), np.full(2 * len(rated), -np.inf)
    return {
        "x0": np.concatenate([np.zeros(n), np.ones(n), first.real, first.imag]),
        "lbx": np.concatenate([-free, problem.vmin, problem.least.real, problem.least.imag]),
        "ubx": np.concatenate([free, problem.vmax, problem.most.real, problem.most.imag]),
        "lbg": np.concatenate([zero, none, problem.low[limited]]),
        "ubg": np.concatenate([zero, square, square, problem.high[limited]]),
    }


def _flows(problem: AcOpf, difference: Any, ends: tuple[Any, Any]) -> list[Any]:
    """Give the four flows of all branches."""
    import casadi

    cosine, sine, product = casadi.cos(difference), casadi.sin(difference), ends[0] * ends[1]
    return [
        a * ends[row // 2] ** 2 + product * (b * cosine + c * sine)
        for row, (a, b, c) in enumerate(problem.flow)
    ]


def _picking(columns: Ints, width: int) -> Any:
    """Give the sparse matrix that picks an entry per row."""
    import casadi

    rows = list(range(len(columns)))
    sparsity = casadi.Sparsity.triplet(len(columns), width, rows, columns.tolist())
    return casadi.DM(sparsity, 1.0)


def _at(vector: Any, rows: Ints) -> Any:
    return vector[rows.tolist()] if len(rows) else vector[0:0]


def _by_name(tool: str, name: str, start: Start) -> Solved:
    if tool == "pypower":
        return by_pypower(read(pglib.path(name))[0])
    call: Callable[..., Solved] = by_casadi if tool == "casadi" else by_pyoptinterface
    return call(load(name), start)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--tool", choices=("pyoptinterface", "casadi", "pypower"), default="pyoptinterface")
    parser.add_argument("--start", choices=("flat", "middle"), default="flat")
    asked = parser.parse_args()
    good = True
    for name in asked.cases:
        found = _by_name(asked.tool, name, asked.start)
        print(json.dumps({"case": name, **asdict(found)}), flush=True)
        good &= found.status == SOLVED
    return 0 if good else 1


__all__ = ["SOLVED", "Solved", "by_casadi", "by_pyoptinterface", "by_pypower", "load", "ppc", "problem_of"]

if __name__ == "__main__":
    sys.exit(main())
