"""A run made again, so that it can be asked why: its scenario, data, forecast and problem, and the quotas it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from quotaopt.allocate import Meter
from quotaopt.archive import Run
from quotaopt.errors import Finding, InputError, NoPlanError, SolverError
from quotaopt.goals import Distance, Levels
from quotaopt.optimize.search import reach_goals
from quotaopt.optimize.soft import settle
from quotaopt.optimize.statement import Block, RuleUse, state
from quotaopt.optimize.verify import read_cells
from quotaopt.policy import goal_uses, rule_uses
from quotaopt.problem import Floats, Ints, Problem
from quotaopt.recheck import changed_files
from quotaopt.scenario import Scenario, load_scenario
from quotaopt.sensitivity import Case, open_case


@dataclass(frozen=True, eq=False)
class Opened:
    """A run with all that is needed to plan it again.

    Attributes
    ----------
    run, case : the run, and its scenario with data, forecast, capacity and problem, made again.
    quota : quotas as written, rounding units, R × P × T.
    """

    run: Run
    case: Case
    quota: Ints

    @property
    def problem(self) -> Problem:
        """The problem the run solved."""
        return self.case.problem

    @cached_property
    def totals(self) -> Ints:
        """Quota of each rep as written, rounding units, shape (R,)."""
        return np.asarray(self.quota.sum(axis=(1, 2)))

    @cached_property
    def uses(self) -> list[RuleUse]:
        """The rules of the run, in the order of its scenario."""
        return rule_uses(self.case.scenario)

    @cached_property
    def goals(self) -> list[tuple[str, Levels | Distance]]:
        """The goals of the run; they do not depend on the target."""
        return goal_uses(self.case.scenario, self.problem)

    @cached_property
    def levels(self) -> Levels:
        """The notion of fair the run levels by."""
        return next(goal for _, goal in self.goals if isinstance(goal, Levels))

    @cached_property
    def kept(self) -> list[Block]:
        """The limits the plan keeps: hard ones, and soft ones as far as they can be kept."""
        return settle(self.problem, state(self.problem, self.uses), self.meter()).blocks

    def meter(self) -> Meter:
        """What one program after the other is solved with: the run's solver."""
        solver = self.case.scenario.settings.solver
        return Meter(str(self.run.record["solver"]), float(solver.seconds), solver.seed)

    def solve(self, problem: Problem, uses: Sequence[RuleUse]) -> Floats | None:
        """Fair totals of the reps under some of the rules, rounding units before rounding; None when none exist.

        Raises
        ------
        SolverError
            If the solver stops early.
        """
        meter = self.meter()
        settled = settle(problem, state(problem, uses), meter)
        status = settled.status
        if status == "optimal":
            found = reach_goals(problem, settled.blocks, self.goals, meter, whole=True)
            status = found.status
        if status == "infeasible":
            return None
        if status != "optimal":
            raise SolverError(meter.solver, f"stopped without an answer ({status}); raise solver.seconds")
        return found.values


def open_run(run: Run, project: Path) -> Opened:
    """Read, forecast and prepare what a run was made from.

    Raises
    ------
    NoPlanError
        If the run ended without a plan.
    InputError
        If data files have changed since, or cannot be read: then the run cannot be explained, only planned again.
    """
    if not run.has("quotas"):
        raise NoPlanError(f"run {run.id} has no plan to explain: its status is {run.status}")
    if changed := list(changed_files(run, project)):
        raise InputError(Finding(what.partition(":")[0], _remedy(run), code="changed") for what in changed)
    case = open_case(with_origins(run, project))
    encoding = case.scenario.settings.output.csv_encoding
    cells, odd = read_cells(run.folder / "quotas.csv", case.problem, encoding)
    if odd:
        raise InputError([Finding(str(odd[0]), f"Try: quotaopt verify {run.id}.", code="changed")])
    return Opened(run, case, cells.cube(case.problem.index.shape))


def _remedy(run: Run) -> str:
    return f"An explanation holds for the data of the run only: restore it, or plan again: quotaopt run {run.scenario}."


def with_origins(run: Run, project: Path) -> Scenario:
    """The scenario of a run; while the one it was made from still says the same, with the lines people wrote."""
    scenario = replace(load_scenario(str(run.folder / "scenario.toml"), project), name=run.scenario)
    try:
        written = load_scenario(run.scenario, project)
    except InputError:
        return scenario
    same = written.settings.model_copy(update={"model": scenario.settings.model}) == scenario.settings
    return replace(scenario, origins=written.origins) if same else scenario
