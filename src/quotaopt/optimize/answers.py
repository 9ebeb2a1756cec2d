"""What may be believed of a solver's answer: that it keeps the bounds, that none exists, that its duals prove it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from quotaopt.errors import SolverError
from quotaopt.optimize.linear import Floats, LinearProgram, Solution

FEASIBLE = 1e-6  # what an answer may miss a bound by, relative to 1 + the amounts that meet there


def violation(lp: LinearProgram, x: Floats) -> float:
    """Largest amount by which `x` misses a bound, a row or wholeness, relative to 1 + the sum of the row's |terms|.

    Relative to the terms, not to the bound: a total less its parts is held to 0, and text files round each of them.
    """
    if not np.isfinite(x).all():
        return float("inf")
    scale = 1 + abs(lp.matrix) @ np.abs(x)
    row = lp.matrix @ x
    parts = [lp.row_lower - row, row - lp.row_upper] / scale
    whole = np.zeros(0) if lp.integer is None else np.abs(x - np.rint(x))[lp.integer]
    column = [lp.lower - x, x - lp.upper] / (1 + np.abs(x))
    return float(np.concatenate([parts.ravel(), column.ravel(), whole]).max(initial=0.0))


def settle(lp: LinearProgram, run: Callable[[LinearProgram], Solution]) -> Solution:
    """Solve `lp`, and tell infeasible, unbounded and failed apart by two programs that always have an optimum.

    The words of the solvers for the three are unreliable (GLPK calls a plain infeasible program undefined).
    """
    found = run(lp)
    if found.status not in ("infeasible", "unbounded", "failed"):
        return found
    # How far must the rows give way? Two more columns a row, which cost what they bend it by.
    bend, count = sp.eye_array(lp.row_lower.size), 2 * lp.row_lower.size
    elastic = LinearProgram(
        np.append(np.zeros_like(lp.cost), np.ones(count)),
        sp.csr_array(sp.hstack([lp.matrix, bend, -bend])),
        lp.row_lower,
        lp.row_upper,
        np.append(lp.lower, np.zeros(count)),
        np.append(lp.upper, np.full(count, np.inf)),
        None if lp.integer is None else np.append(lp.integer, np.zeros(count, dtype=bool)),
    )
    bent = run(elastic)
    if bent.status != "optimal" or bent.x is None:
        stopped = bent.status in ("feasible", "no_solution")
        return Solution("no_solution" if stopped else "failed", detail=f"{found.detail}; then {bent.detail}")
    if violation(lp, bent.x[: lp.cost.size]) > FEASIBLE:
        short = float(elastic.cost @ bent.x)
        return Solution("infeasible", detail=f"{found.detail}; rows must give way by {short:.6g} in all")
    # A direction that stays feasible for ever and earns: its cost is held at -1 to keep this program bounded.
    way = [np.where(np.isfinite(bound), 0.0, bound) for bound in (lp.row_lower, lp.row_upper, lp.lower, lp.upper)]
    matrix = sp.csr_array(sp.vstack([lp.matrix, sp.csr_array(lp.cost[None, :])]))
    ray = run(LinearProgram(lp.cost, matrix, np.append(way[0], -1.0), np.append(way[1], np.inf), way[2], way[3]))
    endless = ray.status == "optimal" and ray.x is not None and float(lp.cost @ ray.x) < -0.5
    return Solution("unbounded" if endless else "failed", detail=found.detail)


def with_duals(
    lp: LinearProgram, found: Solution, solver: str, solve_once: Callable[[LinearProgram], Solution]
) -> Solution:
    """`found` with dual values that prove it: the solver's own if they do (with either sign), else of the dual program.

    Dual signs differ from solver to solver and some give none, so nothing is taken on trust.
    """
    if found.row_dual is not None:
        for row_dual in (found.row_dual, -found.row_dual):
            column_dual = lp.cost - lp.matrix.T @ row_dual
            if _gap(lp, found, row_dual, column_dual) <= FEASIBLE:
                return replace(found, row_dual=row_dual, column_dual=column_dual)
    return dual_by_dual_program(lp, found, solver, solve_once)


def dual_by_dual_program(
    lp: LinearProgram, found: Solution, solver: str, solve_once: Callable[[LinearProgram], Solution]
) -> Solution:
    """`found` with dual values from solving the dual of `lp` as a program of its own (Chvátal 1983, ch. 5).

    All bounds, of rows and columns alike, are rows of ``[matrix; identity]``; each side that exists has a multiplier,
    equations have a free one.

    Raises
    ------
    SolverError : the two optima differ.
    """
    low, high = np.append(lp.row_lower, lp.lower), np.append(lp.row_upper, lp.upper)
    bounded = sp.csr_array(sp.vstack([lp.matrix, sp.eye_array(lp.cost.size)]))
    equal = np.isfinite(low) & (low >= high)
    sides = [np.flatnonzero(side) for side in (equal, np.isfinite(low) & ~equal, np.isfinite(high) & ~equal)]
    signs = np.repeat([1.0, 1.0, -1.0], [side.size for side in sides])
    rows = np.concatenate(sides)
    cost = -np.concatenate([low[sides[0]], low[sides[1]], high[sides[2]]]) * signs
    lower = np.where(np.arange(rows.size) < sides[0].size, -np.inf, 0.0)
    matrix = sp.csr_array(bounded[rows].T * signs[None, :])
    answer = solve_once(LinearProgram(cost, matrix, lp.cost, lp.cost, lower, np.full(rows.size, np.inf)))
    if answer.status in ("feasible", "no_solution"):  # out of time: an answer without dual values is still one
        return replace(found, row_dual=None)
    if answer.x is None:
        raise SolverError(solver, f"returned nonsense: a program with an optimum, but no dual values ({answer.detail})")
    dual = np.zeros(low.size)
    np.add.at(dual, rows, answer.x * signs)
    row_dual = dual[: lp.row_lower.size]
    column_dual = lp.cost - lp.matrix.T @ row_dual
    if (gap := _gap(lp, found, row_dual, column_dual)) > FEASIBLE:
        raise SolverError(solver, f"returned nonsense: its dual values miss the optimum by {gap:.3g}")
    return replace(found, row_dual=row_dual, column_dual=column_dual)


def _gap(lp: LinearProgram, found: Solution, row_dual: Floats, column_dual: Floats) -> float:
    """Relative distance of the dual objective from the primal one; infinite when a dual has the wrong sign."""
    dual = np.append(row_dual, column_dual)
    bound = np.where(dual > 0, np.append(lp.row_lower, lp.lower), np.append(lp.row_upper, lp.upper))
    free = ~np.isfinite(bound)
    noise = FEASIBLE * (1 + np.append(np.zeros_like(row_dual), abs(lp.matrix.T) @ np.abs(row_dual)))
    if (np.abs(dual) > noise)[free].any():
        return float("inf")
    parts = dual[~free] * bound[~free]
    return abs(float(parts.sum()) - found.objective) / (1 + float(np.abs(parts).sum()))
