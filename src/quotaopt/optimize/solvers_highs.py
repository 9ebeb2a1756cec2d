"""HiGHS in this process: the whole matrix at once, one thread, a fixed seed, a named engine."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import highspy
import numpy as np

from quotaopt.errors import SolverError
from quotaopt.optimize.answers import FEASIBLE, violation
from quotaopt.optimize.linear import LinearProgram, Solution, Status


def run_highs(
    lp: LinearProgram, engines: tuple[str, ...], seconds: float, seed: int, presolve: bool = True
) -> Solution:
    """Try the engines in turn until one answers; believe "infeasible" only when it holds without presolve."""
    deadline = perf_counter() + seconds
    if lp.integer is not None:
        engines = ("choose",)  # a named engine makes HiGHS drop the integer condition
    found = Solution("no_solution", detail="no time left")
    attempts = [(engine, "on") for engine in engines]
    last = (engines[0], "off")
    for engine, before in [*attempts, last] if presolve else [last, *attempts]:
        left = deadline - perf_counter()
        if left <= 0:
            break
        found = _highs_once(lp, engine, before, left, seed)
        if found.status in ("infeasible", "unbounded"):
            # Presolve has called feasible programs infeasible; simplex without it also tells the two apart.
            surest = "choose" if lp.integer is not None else "simplex"
            found = _highs_once(lp, surest, "off", max(deadline - perf_counter(), 1.0), seed)
        if found.status != "failed":
            break
    return found


def _highs_once(lp: LinearProgram, engine: str, presolve: str, seconds: float, seed: int) -> Solution:
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    options = {
        "output_flag": False,
        "solver": engine,
        "run_crossover": "on",
        "presolve": presolve,
        "threads": 1,
        "random_seed": seed,
        "time_limit": seconds,
        "primal_feasibility_tolerance": 1e-9,
        "dual_feasibility_tolerance": 1e-9,
        "mip_feasibility_tolerance": 1e-9,
        "mip_rel_gap": 0.0,
    }
    for option, value in options.items():
        solver.setOptionValue(option, value)
    _pass(solver, lp)
    solver.run()
    said = solver.getModelStatus()
    detail = f"{solver.modelStatusToString(said)} ({engine}, presolve {presolve})"
    known: dict[highspy.HighsModelStatus, Status] = {
        highspy.HighsModelStatus.kOptimal: "optimal",
        highspy.HighsModelStatus.kInfeasible: "infeasible",
        highspy.HighsModelStatus.kUnbounded: "unbounded",
        highspy.HighsModelStatus.kUnboundedOrInfeasible: "unbounded",
        highspy.HighsModelStatus.kTimeLimit: "no_solution",
    }
    status = known.get(said, "failed")
    if status in ("infeasible", "unbounded", "failed"):
        return Solution(status, detail=detail)
    values = solver.getSolution()
    x = np.array(values.col_value)
    good = x.size == lp.cost.size and violation(lp, x) <= FEASIBLE
    if status == "no_solution":
        return Solution("feasible", x, detail=detail) if good else Solution(status, detail=detail)
    if not good:
        return Solution("failed", detail=f"{detail}, but it misses a bound")
    if lp.integer is not None:
        return Solution("optimal", x, detail=detail)
    return Solution("optimal", x, np.array(values.row_dual), np.array(values.col_dual), detail=detail)


def _pass(solver: Any, lp: LinearProgram) -> None:
    """Hand over the program, array by array."""
    (rows, columns), matrix = lp.matrix.shape, lp.matrix
    by_row, minimise = int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMinimize)
    whole = np.zeros(columns, dtype=np.int32) if lp.integer is None else lp.integer.astype(np.int32)
    said = solver.passModel(
        columns, rows, matrix.nnz, by_row, minimise, 0.0, lp.cost, lp.lower, lp.upper, lp.row_lower, lp.row_upper,
        matrix.indptr, matrix.indices, matrix.data, whole,
    )  # fmt: skip
    if said == highspy.HighsStatus.kError:
        raise SolverError("highs", "rejected the model: a number is not finite or beyond 1e15")


def highs_version() -> str:
    """Version of HiGHS."""
    return str(highspy.Highs().version())  # type: ignore[no-untyped-call]
