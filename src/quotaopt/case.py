"""What a plan is made from, made once and only as far as it is asked for: of a scenario, or of a run on disk."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from quotaopt.allocate import Meter, allocate
from quotaopt.archive import Run
from quotaopt.capacity import Capacity, make_capacity
from quotaopt.check import read_checked
from quotaopt.decisions import reconcile
from quotaopt.errors import Finding, InputError, NoPlanError, SolverError
from quotaopt.forecast import Forecast, make_forecast
from quotaopt.goals import Distance, Levels
from quotaopt.optimize.search import FairTotals, reach_goals
from quotaopt.optimize.soft import settle
from quotaopt.optimize.statement import Block, RuleUse, state
from quotaopt.optimize.verify import read_cells
from quotaopt.plan import Plan
from quotaopt.policy import goal_uses, rule_uses
from quotaopt.prepare import prepare
from quotaopt.problem import Floats, Ints, Problem
from quotaopt.scenario import Scenario, load_scenario
from quotaopt.tables import Inputs

RESTORE = "restore it, or plan again"
T = TypeVar("T")
SHEET = re.compile(r"\[[^\[\]]*\]$")


@dataclass(frozen=True, eq=False)
class Case:
    """A scenario with its data, forecast, capacity and problem; a run of it too, with the quotas it wrote.

    Attributes
    ----------
    scenario : as it is to be planned; that of a run as it was run.
    of : the run it was opened from; None for a scenario as it stands.
    given : tables that take the place of those the scenario names.
    """

    scenario: Scenario
    of: Run | None = None
    given: Inputs | None = None

    @property
    def run(self) -> Run:
        """The run it was opened from."""
        assert self.of is not None, "a scenario as it stands has no run"
        return self.of

    @cached_property
    def inputs(self) -> Inputs:
        """The checked input tables.

        Raises
        ------
        InputError
            With every problem of the scenario and its data; of a run also where its data have changed since.
        """
        if self.given is not None:
            return self.given
        if self.of and (changed := list(changed_files(self.run, self.scenario.root))):
            remedy = f"What is made again of a run needs its data: {RESTORE}: quotaopt run {self.run.scenario}."
            raise InputError(Finding(what.partition(":")[0], remedy, code="changed") for what in changed)
        return read_checked(self.scenario)

    @cached_property
    def forecast(self) -> Forecast:
        """What each rep can sell."""
        return make_forecast(self.inputs, self.scenario.settings)

    @cached_property
    def capacity(self) -> Capacity:
        """The forecast for those who will be there."""
        return make_capacity(self.forecast, self.inputs, self.scenario.settings)

    @cached_property
    def problem(self) -> Problem:
        """What there is to be solved."""
        return self.under(self.scenario)

    def under(self, scenario: Scenario) -> Problem:
        """The problem of another scenario with the same data, forecast and capacity."""
        return reconcile(prepare(scenario, self.inputs, self.forecast, self.capacity), scenario, self.solver)

    def plan(self) -> Plan:
        """Quotas made anew."""
        return allocate(self.problem, self.scenario, self.solver)

    # What was written.

    @cached_property
    def quota(self) -> Ints:
        """Quotas as the run wrote them, rounding units, R × P × T.

        Raises
        ------
        InputError
            If the written table is not one of this problem.
        """
        encoding = self.scenario.settings.output.csv_encoding
        cells, odd = read_cells(self.run.folder / "quotas.csv", self.problem, encoding)
        if odd:
            raise InputError([Finding(str(odd[0]), f"Try: quotaopt verify {self.run.id}.", code="changed")])
        return cells.cube(self.problem.index.shape)

    @cached_property
    def totals(self) -> Ints:
        """Quota of each rep as the run wrote it, rounding units, shape (R,)."""
        return np.asarray(self.quota.sum(axis=(1, 2)))

    # What it is solved by.

    @property
    def solver(self) -> str:
        """The solver of the run, else of the scenario."""
        return str(self.of.record["solver"]) if self.of else self.scenario.settings.solver.name

    def meter(self) -> Meter:
        """What one program after the other is solved with."""
        given = self.scenario.settings.solver
        return Meter(self.solver, float(given.seconds), given.seed)

    @cached_property
    def uses(self) -> list[RuleUse]:
        """The rules, in the order of the scenario."""
        return rule_uses(self.scenario)

    @cached_property
    def goals(self) -> list[tuple[str, Levels | Distance]]:
        """The goals; they do not depend on the target."""
        return goal_uses(self.scenario, self.problem)

    @cached_property
    def levels(self) -> Levels:
        """The notion of fair."""
        return next(goal for _, goal in self.goals if isinstance(goal, Levels))

    @cached_property
    def kept(self) -> list[Block]:
        """The limits a plan keeps: hard ones, and soft ones as far as they can be kept.

        Raises
        ------
        NoPlanError, SolverError
            If there is no plan; if the solver stops early.
        """
        return self._or_no_plan(self.settle(self.problem, self.uses))

    @cached_property
    def fair(self) -> FairTotals:
        """Fair totals, each rep on its own; errors as `kept`."""
        return self._or_no_plan(self.reach(self.problem, self.kept))

    def solve(self, problem: Problem, uses: Sequence[RuleUse]) -> Floats | None:
        """Fair totals of the reps under some of the rules, rounding units before rounding; None when none exist.

        Raises
        ------
        SolverError
            If the solver stops early.
        """
        blocks = self.settle(problem, uses)
        found = None if blocks is None else self.reach(problem, blocks)
        return None if found is None else found.values

    def settle(self, problem: Problem, uses: Sequence[RuleUse]) -> list[Block] | None:
        """Rows of the rules, soft ones relaxed by the least; None when that is not enough."""
        settled = settle(problem, state(problem, uses), self.meter())
        return settled.blocks if self._answered(settled.status) else None

    def reach(self, problem: Problem, blocks: Sequence[Block]) -> FairTotals | None:
        """Fair totals within rows as they are given; None when none exist."""
        found = reach_goals(problem, blocks, self.goals, self.meter(), whole=True)
        return found if self._answered(found.status) else None

    def _answered(self, status: str) -> bool:
        """Whether there is a plan; an early stop is no answer."""
        if status not in ("optimal", "infeasible"):
            raise SolverError(self.solver, f"stopped without an answer ({status}); raise solver.seconds")
        return status == "optimal"

    def _or_no_plan(self, found: T | None) -> T:
        if found is None:
            raise NoPlanError(f"no plan can exist: quotaopt run {self.scenario.name} says why")
        return found


def open_run(run: Run, project: Path) -> Case:
    """A run's scenario as it was run, with the lines people wrote, to take from it what is asked for.

    Raises
    ------
    InputError
        If the run's own scenario cannot be read.
    """
    scenario = load_scenario(str(run.folder / "scenario.toml"), project)
    origins = run.record.get("origins", scenario.origins)
    return Case(replace(scenario, name=run.scenario, origins=origins), run)


def changed_files(run: Run, project: Path) -> Iterator[str]:
    """Data files that are not what the run was made from."""
    for name, digest in run.record["inputs"].items():
        path = project / name
        if not path.is_file():  # a sheet of a workbook stands in brackets behind it
            path = project / SHEET.sub("", name)
        if not path.is_file():
            yield f"{name} is gone: the run cannot be checked without it"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield f"{name} has changed since the run: {RESTORE}"
