"""Solvers by name: one linear program in, one honest solution out.

HiGHS is called directly with the whole matrix; every other solver is found and run by PuLP (`solvers_pulp`),
which is imported only when such a solver, or the list of all, is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from time import perf_counter
from types import ModuleType

import numpy as np

from quotaopt.errors import SolverError
from quotaopt.optimize.answers import FEASIBLE, violation, with_duals
from quotaopt.optimize.linear import Floats, LinearProgram, Solution
from quotaopt.optimize.solvers_highs import highs_version, run_highs
from quotaopt.registry import Registry

Solver = Callable[..., Solution]


class Solvers(Registry[Solver]):
    """The registry of solvers; names that PuLP brings are registered when first needed."""

    _complete = False

    def _fill(self) -> None:
        if self._complete:
            return
        self._complete = True
        for name, function in _bridge().bridges().items():
            self.add(name, function)

    def __getitem__(self, name: str) -> Solver:
        if not super().__contains__(name):
            self._fill()
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        if not super().__contains__(name):
            self._fill()
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._fill()
        return super().__iter__()


solvers = Solvers("solver")


def solve(
    lp: LinearProgram,
    solver: str = "highs",
    *,
    seconds: float = 60.0,
    seed: int = 0,
    duals: bool = True,
    **options: bool,
) -> Solution:
    """Solve `lp` with the named solver and check the answer.

    Parameters
    ----------
    seconds : limit of one attempt; a second one (to confirm "infeasible", to find dual values) has its own.
    seed : for the solvers that draw random numbers and can be told.
    duals : whether `row_dual` and `column_dual` are wanted. A solver that gives none then solves the dual program
        as well. Programs with integer columns have no duals.
    options : further ones of that solver alone.

    Raises
    ------
    UnknownNameError : no such solver.
    SolverError : it is not installed, crashed, or its answer breaks the program it was given.
    """
    run = partial(solvers[solver], seconds=seconds, seed=seed, **options)
    started = perf_counter()
    lp = _tidy(lp)
    found = _obvious(lp) or run(lp)
    if found.x is not None:
        if (off := violation(lp, found.x)) > FEASIBLE:
            raise SolverError(solver, f"returned nonsense: an answer called {found.status} misses a bound by {off:.3g}")
        x = found.x if lp.integer is None else np.where(lp.integer, np.rint(found.x), found.x)
        found = replace(found, x=x, objective=float(lp.cost @ x))
    if found.column_dual is None:  # dual values alone are not yet checked
        proven = duals and found.status == "optimal" and lp.integer is None
        found = with_duals(lp, found, solver, run) if proven else replace(found, row_dual=None)
    return replace(found, seconds=perf_counter() - started)


def installed() -> dict[str, str]:
    """Names and versions of the solvers that can be used here."""
    return {"highs": version("highs"), "highs-ipx": version("highs-ipx"), **_bridge().installed()}


def version(name: str) -> str:
    """Version of one solver, or an empty string when it does not tell; raises as `solve` does."""
    if solvers[name] in (highs, highs_ipx):
        return highs_version()
    return str(_bridge().version(name))


def about(name: str) -> str:
    """Say in one line what the named solver is."""
    return solvers.about(name)


def _bridge() -> ModuleType:
    from quotaopt.optimize import solvers_pulp

    return solvers_pulp


def _tidy(lp: LinearProgram) -> LinearProgram:
    """Clear stored zeros, double entries, fractional bounds of integers and bounds that cross by a rounding error.

    Each of them upsets some solver.
    """
    matrix = lp.matrix.copy()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    lower, upper, integer = lp.lower, lp.upper, lp.integer
    if integer is not None:
        lower = np.where(integer, np.ceil(lower - FEASIBLE), lower)
        upper = np.where(integer, np.floor(upper + FEASIBLE), upper)
        integer = integer if integer.any() else None
    upper, row_upper = _uncrossed(lower, upper), _uncrossed(lp.row_lower, lp.row_upper)
    return LinearProgram(lp.cost, matrix, lp.row_lower, row_upper, lower, upper, integer)


def _uncrossed(low: Floats, high: Floats) -> Floats:
    return np.where((low > high) & (low - high <= 1e-9 * (1 + np.abs(high))), low, high)


def _obvious(lp: LinearProgram) -> Solution | None:
    """Answer what needs no solver and makes solvers disagree: crossed bounds, empty rows, no other rows at all."""
    if (lp.lower > lp.upper).any() or (lp.row_lower > lp.row_upper).any():
        return Solution("infeasible", detail="a lower bound above its upper bound")
    empty = np.diff(lp.matrix.indptr) == 0
    if (lp.row_lower[empty] > FEASIBLE).any() or (lp.row_upper[empty] < -FEASIBLE).any():
        return Solution("infeasible", detail="a row without columns that asks for an amount")
    if not empty.all():
        return None
    x = np.where(lp.cost > 0, lp.lower, np.where(lp.cost < 0, lp.upper, np.clip(0.0, lp.lower, lp.upper)))
    if not np.isfinite(x).all():
        return Solution("unbounded", detail="no rows, and a column that earns without end")
    if lp.integer is not None:
        return Solution("optimal", x, detail="no rows")
    return Solution("optimal", x, np.zeros(empty.size), lp.cost, detail="no rows")


@solvers
def highs(lp: LinearProgram, *, seconds: float = 60.0, seed: int = 0, presolve: bool = True) -> Solution:
    """HiGHS, simplex first: open source, in this process, the default."""
    return run_highs(lp, ("simplex", "ipx"), seconds, seed, presolve)


def highs_ipx(lp: LinearProgram, *, seconds: float = 60.0, seed: int = 0) -> Solution:
    """HiGHS, interior point with crossover first: faster than simplex on some large programs."""
    return run_highs(lp, ("ipx", "simplex"), seconds, seed)


solvers.add("highs-ipx", highs_ipx)
