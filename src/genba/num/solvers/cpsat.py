"""The door to OR-Tools CP-SAT: flags and whole numbers, work in time, rounds; call and status only."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from genba.core.errors import Cancelled, missing_extra

try:
    from ortools.sat.python import cp_model
except ModuleNotFoundError as error:
    raise missing_extra("ortools", "line") from error

Status = Literal["optimal", "feasible", "infeasible", "unclear"]
Watch = Callable[[float | None, float | None], None]
"""Hears best objective and bound, None before there are any; raises `Cancelled` to end the search."""
LOOK_S = 0.2
ROUNDING = 1e-9
"""Share of a cost by which scaling may miss a whole number."""
LOOK_ROWS = 10_000
"""Rows that are written between two looks, a tenth of a second."""


@dataclass(frozen=True)
class Row:
    """A constraint `low <= sum of factors x columns <= high`, where all flags of `when` are 1."""

    columns: tuple[int, ...]
    factors: tuple[int, ...]
    low: int
    high: int
    when: tuple[int, ...] = ()


@dataclass(frozen=True)
class Span:
    """Work of a fixed time that starts at the value of a column, where its flag is 1."""

    start: int
    time: int
    flag: int


@dataclass
class FlagProgram:
    """Minimise a sum over columns: flags (0 or 1) and whole numbers, in one numbering.

    In `when` and in rounds, `~flag` stands for the opposite of a flag.

    Arguments:
        ranges: least and largest value of each column.
        rows: linear constraints.
        one_of: sets of flags of which exactly one is 1.
        in_turn: sets of spans of which no two overlap.
        rounds: sets of arcs (from, to, flag); those whose flag is 1 make one closed round. A node is left out
            where its arc to itself is 1.
        cost: columns and factors of what is minimised; nothing for any solution.
        hint: a value for each column to start from; None where there is none.
    """

    ranges: list[tuple[int, int]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    one_of: list[tuple[int, ...]] = field(default_factory=list)
    in_turn: list[tuple[Span, ...]] = field(default_factory=list)
    rounds: list[tuple[tuple[int, int, int], ...]] = field(default_factory=list)
    cost: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    hint: tuple[int | None, ...] | None = None

    def column(self, low: int, high: int) -> int:
        """Add a column and give its number."""
        self.ranges.append((low, high))
        return len(self.ranges) - 1


@dataclass(frozen=True)
class FlagAnswer:
    """What CP-SAT says.

    Arguments:
        status: `optimal`, `feasible` when stopped with a solution, `infeasible`, or `unclear`.
        objective: of the solution; null without one.
        bound: proven bound of the objective; null without one.
        values: of the columns; empty without a solution.
        branches: made.
    """

    status: Status
    objective: float | None
    bound: float | None
    values: tuple[int, ...]
    branches: int


STATUSES: dict[Any, Status] = {
    cp_model.OPTIMAL: "optimal",
    cp_model.FEASIBLE: "feasible",
    cp_model.INFEASIBLE: "infeasible",
}


def solve(
    program: FlagProgram,
    watch: Watch,
    *,
    limit_s: float,
    work: float = math.inf,
    seed: int = 0,
    workers: int = 1,
) -> FlagAnswer:
    """Solve within a limit of wall seconds.

    Arguments:
        program: what to minimise.
        watch: hears of progress every fifth of a second, and while the program is written down.
        limit_s: wall seconds.
        work: CP-SAT's own count of work, about seconds of one core; with one worker, a search that it
            ends is the same on every machine.
        seed: of the search.
        workers: threads.

    Raises:
        Cancelled: when `watch` raised it.
    """
    model, columns = _model(program, watch)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit_s
    solver.parameters.max_deterministic_time = work
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    heard = _Heard()
    solver.best_bound_callback = heard.bounded
    ended: list[Any] = []
    thread = threading.Thread(target=lambda: ended.append(solver.solve(model, heard)), daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(LOOK_S)
            watch(heard.best, heard.bound)
    except Cancelled:
        solver.stop_search()
        thread.join()
        raise
    return _answer(solver, ended[0], columns, bool(program.cost[0]))


class _Heard(cp_model.CpSolverSolutionCallback):
    """Keeps what the solver tells from its own thread."""

    def __init__(self) -> None:
        super().__init__()
        self.best: float | None = None
        self.bound: float | None = None

    def on_solution_callback(self) -> None:
        self.best = _whole(self.objective_value)

    def bounded(self, bound: float) -> None:
        self.bound = _whole(bound)


def _model(program: FlagProgram, watch: Watch) -> tuple[Any, list[Any]]:
    model = cp_model.CpModel()
    columns = [
        model.new_bool_var("") if (low, high) == (0, 1) else model.new_int_var(low, high, "")
        for low, high in program.ranges
    ]
    for at, row in enumerate(program.rows):
        if not at % LOOK_ROWS:
            watch(None, None)
        found = model.add_linear_constraint(_sum(columns, row.columns, row.factors), row.low, row.high)
        if row.when:
            found.only_enforce_if([_literal(columns, flag) for flag in row.when])
    for flags in program.one_of:
        model.add_exactly_one([columns[flag] for flag in flags])
    for spans in program.in_turn:
        model.add_no_overlap([_interval(model, columns, span) for span in spans])
    for arcs in program.rounds:
        model.add_circuit([(tail, head, _literal(columns, flag)) for tail, head, flag in arcs])
    if program.cost[0]:
        model.minimize(_sum(columns, *program.cost))
    for column, value in zip(columns, program.hint or (), strict=False):
        if value is not None:
            model.add_hint(column, value)
    return model, columns


def _sum(columns: list[Any], chosen: tuple[int, ...], factors: tuple[int, ...]) -> Any:
    return cp_model.LinearExpr.weighted_sum([columns[one] for one in chosen], factors)


def _literal(columns: list[Any], flag: int) -> Any:
    return columns[flag] if flag >= 0 else ~columns[~flag]


def _interval(model: Any, columns: list[Any], span: Span) -> Any:
    return model.new_optional_fixed_size_interval_var(columns[span.start], span.time, columns[span.flag], "")


def _answer(solver: Any, status: Any, columns: list[Any], costed: bool) -> FlagAnswer:
    word: Status = STATUSES.get(status, "unclear")
    solved = word in ("optimal", "feasible")
    return FlagAnswer(
        status=word,
        objective=_whole(solver.objective_value) if solved else None,
        bound=_whole(solver.best_objective_bound) if costed and word != "infeasible" else None,
        values=tuple(int(solver.value(column)) for column in columns) if solved else (),
        branches=int(solver.num_branches),
    )


def _whole(cost: float) -> float:
    """Give the whole number that a cost is, whose sum the solver scales and so misses by its last bit."""
    if not math.isfinite(cost):
        return cost
    near = float(round(cost))
    return near if abs(cost - near) <= ROUNDING * max(1.0, abs(cost)) else cost
