"""The same problem solved by several solvers, and whether their plans agree to the last unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quotaopt.allocate import allocate
from quotaopt.errors import Finding, SolverError
from quotaopt.optimize.solvers import version
from quotaopt.plan import Plan
from quotaopt.problem import Problem
from quotaopt.scenario import Scenario

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Crosscheck:
    """What several solvers made of one problem.

    Attributes
    ----------
    plan : of the first solver that answered.
    table : one row per solver, as in ``solvers.csv``.
    exit_code : 0 all agree; 4 one is missing, failed or found nothing; 70 the plans differ.
    notes : why a solver gave no answer.
    """

    plan: Plan
    table: pd.DataFrame
    exit_code: int
    notes: tuple[Finding, ...]


def solve_with_each(
    problem: Problem, scenario: Scenario, solvers: Sequence[str], progress: Progress | None = None
) -> Crosscheck:
    """Solve with each solver; one that is missing or fails is reported and the rest go on.

    Raises
    ------
    SolverError
        If none of them answers.
    """
    plans: dict[str, Plan] = {}
    failures: dict[str, SolverError] = {}
    for solver in solvers:
        try:
            plans[solver] = allocate(problem, scenario, solver, progress)
        except SolverError as failure:
            failures[solver] = failure
    if not plans:
        raise next(iter(failures.values()))
    first = next(iter(plans.values()))
    rows = [
        solver_row(solver, plans[solver], first) if solver in plans else {"solver": solver, "status": "failed"}
        for solver in solvers
    ]
    table = pd.DataFrame(rows)
    lost = bool(failures) or any(plan.status != first.status for plan in plans.values())
    differ = bool((table["largest_cell_difference"].fillna(0) > 0).any())
    notes = tuple(Finding(str(failure), severity="warning", code="solver") for failure in failures.values())
    return Crosscheck(first, table, 70 if differ else 4 if lost else 0, notes)


def solver_row(solver: str, plan: Plan, first: Plan) -> dict[str, object]:
    """One row of ``solvers.csv``; differences in money against the plan of the first solver."""
    row: dict[str, object] = {"solver": solver, "version": version(solver), "status": plan.status}
    if len(plan.goals):
        row |= {f"goal_{k}": value for k, value in zip(plan.goals["order"], plan.goals["value"], strict=True)}
    row |= {f"{phase}_seconds": plan.seconds.get(phase, np.nan) for phase in ("build", "solve")}
    row |= {"largest_cell_difference": np.nan, "largest_rep_difference": np.nan}
    if plan.quota is not None and first.quota is not None:
        off = plan.quota - first.quota
        row["largest_cell_difference"] = float(int(np.abs(off).max(initial=0)) * plan.problem.unit)
        row["largest_rep_difference"] = float(int(np.abs(off.sum(axis=(1, 2))).max(initial=0)) * plan.problem.unit)
    return row
