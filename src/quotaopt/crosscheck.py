"""The same problem solved by several solvers, and whether their plans agree to the last unit.

Each of several solvers works in a process of its own, one after the other: libraries of two solvers may not share a
process, one that crashes or never ends takes nothing with it, and the seconds can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quotaopt import columns as c
from quotaopt.allocate import allocate
from quotaopt.apart import StoppedError, call_apart
from quotaopt.errors import Finding, QuotaoptError, SolverError
from quotaopt.optimize.solvers import version
from quotaopt.plan import Plan
from quotaopt.problem import Problem
from quotaopt.record import shape
from quotaopt.scenario import Scenario

Progress = Callable[[str], None]

GRACE = 30.0  # seconds beyond solver.seconds, which are for the solver's programs alone,
CELLS = 10_000  # and one more for so many quotas, to spread and round them


@dataclass(frozen=True)
class Crosscheck:
    """What several solvers made of one problem.

    Attributes
    ----------
    plan : of the first solver that answered.
    table : one row per solver, as in ``solvers.csv``.
    exit_code : 0 all agree; 4 one is missing, failed or found nothing; 70 the plans differ.
    notes : why a solver gave no answer, or by how much its plan differs.
    """

    plan: Plan
    table: pd.DataFrame
    exit_code: int
    notes: tuple[Finding, ...]


@dataclass(frozen=True)
class Failure:
    """A solver that gave no answer: ``missing``, ``no_solution`` (too late) or ``failed``, and why."""

    status: str
    words: str


def solve_with_each(
    problem: Problem, scenario: Scenario, solvers: Sequence[str], progress: Progress | None = None
) -> Crosscheck:
    """Solve with each solver; one that is missing, crashes, is late or answers nonsense is reported, the rest go on.

    A single solver works in this process.

    Raises
    ------
    SolverError
        If none of them answers.
    """
    solvers = list(dict.fromkeys(solvers))
    if len(solvers) == 1:
        plan = allocate(problem, scenario, solvers[0], progress)
        return compare_answers(solvers, {solvers[0]: plan}, {solvers[0]: version(solvers[0])})
    answers: dict[str, Plan | Failure] = {}
    versions: dict[str, str] = {}
    for solver in solvers:
        if progress:
            progress(f"solve with {solver}")
        try:
            versions[solver] = version(solver)
        except SolverError as missing:
            answers[solver] = Failure("missing", missing.detail)
        else:
            answers[solver] = ask(problem, scenario, solver)
    return compare_answers(solvers, answers, versions)


def ask(problem: Problem, scenario: Scenario, solver: str) -> Plan | Failure:
    """The plan of one solver, made in a process of its own."""
    limit = float(scenario.settings.solver.seconds) + GRACE + problem.eligible.size / CELLS
    try:
        return call_apart(try_one, problem, scenario, solver, seconds=limit)
    except StoppedError as stopped:
        return Failure("no_solution" if stopped.late else "failed", str(stopped))


def try_one(problem: Problem, scenario: Scenario, solver: str) -> Plan | Failure:
    """The plan of one solver, or why there is none."""
    try:
        return allocate(problem, scenario, solver, None)
    except SolverError as failure:
        return Failure("failed", failure.detail)
    except QuotaoptError as failure:
        return Failure("failed", str(failure))


def compare_answers(
    solvers: Sequence[str], answers: Mapping[str, Plan | Failure], versions: Mapping[str, str]
) -> Crosscheck:
    """Hold all answers against the first one: the first plan with quotas, or else the first of any kind."""
    plans = {solver: plan for solver, plan in answers.items() if isinstance(plan, Plan)}
    failures = {solver: failure for solver, failure in answers.items() if isinstance(failure, Failure)}
    if not plans:
        solver, failure = next(iter(failures.items()))
        raise SolverError(solver, failure.words)
    first = next((plan for plan in plans.values() if plan.quota is not None), next(iter(plans.values())))
    table = pd.DataFrame(
        [{"solver": s, "version": versions.get(s, "")} | solver_row(answers[s], first) for s in solvers]
    )
    lost = bool(failures) or any(plan.status != first.status for plan in plans.values())
    differ = bool((table["largest_cell_difference"].fillna(0) > 0).any())
    said = table.loc[table["detail"] != "", ["solver", "detail"]].to_numpy().tolist() if len(answers) > 1 else []
    notes = tuple(Finding(f"solver {s}: {detail}", severity="warning", code="solver") for s, detail in said)
    return Crosscheck(first, table, 70 if differ else 4 if lost else 0, notes)


def solver_row(answer: Plan | Failure, first: Plan) -> dict[str, object]:
    """One row of ``solvers.csv``; differences in money against the plan of the first solver."""
    row: dict[str, object] = {"status": answer.status, "detail": ""}
    row |= {"largest_cell_difference": np.nan, "largest_rep_difference": np.nan}
    if isinstance(answer, Failure):
        return row | {"detail": answer.words}
    if len(answer.goals):
        row |= {f"goal_{k}": value for k, value in zip(answer.goals["order"], answer.goals["value"], strict=True)}
    row |= {f"{phase}_seconds": answer.seconds.get(phase, np.nan) for phase in ("build", "solve")}
    if answer.quota is None:
        return row | {"detail": answer.sentence}
    if first.quota is not None:
        off, unit = answer.quota - first.quota, answer.problem.unit
        row["largest_cell_difference"] = float(int(np.abs(off).max(initial=0)) * unit)
        row["largest_rep_difference"] = float(int(np.abs(off.sum(axis=(1, 2))).max(initial=0)) * unit)
        if off.any():
            row["detail"] = f"its plan differs from that of {first.solver} in {np.count_nonzero(off):,} quotas"
    return row


def solver_table(checked: Crosscheck) -> tuple[pd.DataFrame, Sequence[c.Column]]:
    """``solvers.csv``: one column for each goal between the others."""
    goals = [c.Column(f"goal_{k + 1}", "number", f"value of goal {k + 1}") for k in range(len(checked.plan.goals))]
    columns = (*c.SOLVERS[:3], *goals, *c.SOLVERS[3:])
    return shape(checked.table, columns), columns
