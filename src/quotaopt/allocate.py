"""The composition root of the optimiser: from a problem and a scenario's rules and goals to a plan.

State the rules, let soft ones give way, level the totals of reps goal by goal, spread them over products and months,
round to whole units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from quotaopt import columns as c
from quotaopt.errors import Finding, split_place
from quotaopt.goals import Distance, Levels
from quotaopt.optimize import tables
from quotaopt.optimize.certificate import Certificate, certify_fairness
from quotaopt.optimize.conflicts import explain, screen
from quotaopt.optimize.linear import LinearProgram, Solution
from quotaopt.optimize.nearly import Deviation, find_nearest
from quotaopt.optimize.prices import price_limits
from quotaopt.optimize.search import FairTotals, reach_goals
from quotaopt.optimize.soft import settle
from quotaopt.optimize.solvers import solve as run_solver
from quotaopt.optimize.statement import Block, RuleUse, state
from quotaopt.optimize.table import Table, make_table
from quotaopt.plan import Plan
from quotaopt.policy import check_rules, goal_uses, rule_uses
from quotaopt.prepare import prepare
from quotaopt.problem import Problem

if TYPE_CHECKING:
    from quotaopt.scenario import Scenario

__all__ = ["allocate", "check_rules", "prepare", "screen_problem"]


def screen_problem(problem: Problem, scenario: Scenario) -> str:
    """The first impossibility that arithmetic alone shows, in a sentence; empty when it shows none."""
    clash = screen(problem, state(problem, rule_uses(scenario)))
    return clash.sentence if clash else ""


def allocate(
    problem: Problem, scenario: Scenario, solver: str | None = None, progress: Callable[[str], None] | None = None
) -> Plan:
    """The plan of a scenario: it exists also when no quotas can, and then says why.

    Parameters
    ----------
    problem : from `prepare`.
    solver : instead of the scenario's.
    progress : told what is being done.

    Raises
    ------
    SolverError
        If the solver is missing or returns nonsense.
    """
    settings = scenario.settings.solver
    meter = Meter(solver or settings.name, float(settings.seconds), settings.seed)
    return allocate_rules(problem, rule_uses(scenario), goal_uses(scenario, problem), meter, progress)


def allocate_rules(
    problem: Problem,
    uses: Sequence[RuleUse],
    goals: Sequence[tuple[str, Levels | Distance]],
    meter: Meter,
    progress: Callable[[str], None] | None = None,
) -> Plan:
    """The same for rules and goals given as they are."""
    tell = progress or (lambda _: None)
    tell("rules")
    with meter.time("build"):
        stated = state(problem, uses)
        impossible = screen(problem, stated)
    if impossible:
        return _no_plan(problem, stated, meter, "infeasible")
    settled = settle(problem, stated, meter)
    if settled.status != "optimal":
        return _no_plan(problem, stated, meter, settled.status)
    for whole in (False, True):
        tell("goals")
        with meter.time("build"):  # what is not the solver's own time
            found = reach_goals(problem, settled.blocks, goals, meter, whole)
        if found.status == "no_solution" and not found.whole:
            continue
        if found.status != "optimal":
            return _no_plan(problem, stated, meter, found.status)
        tell("spread")
        shared = [np.unique(found.who[block.members]) for block in found.fair.blocks]
        table = make_table(problem, settled.blocks, found.values, shared, meter.time)
        if table is not None:
            with meter.time("report"):
                return _finish(problem, stated, settled.blocks, found, table, meter)
        if found.whole:
            break
    tell("round")
    with meter.time("round"):
        near = find_nearest(problem, settled.blocks, found.values, meter.limit)
    if near is not None:
        with meter.time("report"):
            table = Table(near.quota, 0, 0.0, False)
            plan = _finish(problem, stated, near.blocks, found, table, meter)
            notes = [_off(deviation, problem) for deviation in near.deviations]
            return replace(plan, status="approximate", deviations=near.deviations, notes=(*notes, *plan.notes))
    sentence = f"no table in whole units of {problem.unit} keeps every total: choose a smaller rounding.to"
    return Plan("failed", problem, meter.solver, sentence=sentence, seconds=meter.seconds)


class Meter:
    """Calls the solver and keeps the time it takes inside the scenario's limit."""

    def __init__(self, solver: str, limit: float, seed: int) -> None:
        self.solver, self.limit, self.seed = solver, limit, seed
        self.seconds = {"build": 0.0, "solve": 0.0, "spread": 0.0, "round": 0.0, "report": 0.0}
        self.programs = 0

    def __call__(self, lp: LinearProgram) -> Solution:
        """Solve one program, with duals."""
        self.programs += 1
        began = perf_counter()
        try:
            return run_solver(lp, self.solver, seconds=max(1.0, self.limit - self.seconds["solve"]), seed=self.seed)
        finally:
            self.seconds["solve"] += perf_counter() - began

    @contextmanager
    def time(self, phase: str) -> Iterator[None]:
        """Count the time of a block to a phase."""
        began, inside = perf_counter(), sum(self.seconds.values())
        yield
        inside = sum(self.seconds.values()) - inside  # phases timed within this one count for themselves
        self.seconds[phase] = self.seconds.get(phase, 0.0) + perf_counter() - began - inside


def _no_plan(problem: Problem, stated: Sequence[Block], meter: Meter, status: Any) -> Plan:
    if status != "infeasible":
        remedy = "Raise solver.seconds or use another solver."
        sentence = f"{meter.solver} stopped without a plan ({status}) within {meter.limit:g} s. {remedy}"
        return Plan(status, problem, meter.solver, sentence=sentence, seconds=meter.seconds)
    why = explain(problem, stated, meter)
    return Plan(
        status, problem, meter.solver, conflicts=why.table, sentence=why.sentence, repairs=why.repairs,
        seconds=meter.seconds,
    )  # fmt: skip


def _finish(
    problem: Problem, stated: Sequence[Block], kept: Sequence[Block], found: FairTotals, table: Table, meter: Meter
) -> Plan:
    """Write down what came out."""
    price = price_limits(found, kept, meter) if _whole(stated, kept) else {}
    certificate = certify_fairness(problem, kept, table.quota, found.levels)
    earlier = found.goals[0].name if found.goals[0].name != found.levelled_by else ""
    fairness = tables.fairness_table(problem, kept, table.quota, found.levels, found.fair, found.who, earlier)
    goals = pd.DataFrame(
        [(k + 1, g.name, g.value, g.value, 0.0, round(g.seconds, 3)) for k, g in enumerate(found.goals)],
        columns=[column.name for column in c.GOALS],
    )
    return Plan(
        "optimal",
        problem,
        meter.solver,
        table.quota,
        kept,
        goals,
        tables.rule_table(problem, stated, kept, table.quota, price),
        fairness,
        pd.DataFrame(columns=[column.name for column in c.CONFLICTS]),
        tables.measures(problem, table.quota, fairness, certificate),
        tables.binding_rules(problem, kept, table.quota),
        notes=_notes(found, table.miss, certificate),
        seconds=meter.seconds,
    )


def _off(deviation: Deviation, problem: Problem) -> Finding:
    """An exact total that is off, in words."""
    amount, way = abs(deviation.units) * problem.unit, "above" if deviation.units > 0 else "below"
    what = f"{deviation.rule} {deviation.scope}: {amount:,f} {way} its exact total: no table in whole units keeps all"
    place = split_place(deviation.source)
    return Finding(what, "Choose a smaller rounding.to.", *place, severity="warning", code="approximate")


def _whole(stated: Sequence[Block], kept: Sequence[Block]) -> bool:
    """Whether no soft rule gave way: otherwise a limit that moves changes by how much they do."""
    pairs = zip(stated, kept, strict=True)
    return all((a.lower == b.lower).all() and (a.upper == b.upper).all() for a, b in pairs)


def _notes(found: FairTotals, miss: float, certificate: Certificate) -> tuple[Finding, ...]:
    """What the reader must know about how exact the answer is."""
    notes = []
    if not found.exact:
        notes.append("some levels rest on the solver's own digits: another solver may differ by a rounding unit")
    if miss > 1.0:
        notes.append(f"the spread stopped {miss:,.1f} units from a total before rounding")
    if not certificate.fair:
        notes.append(f"quota could move from {certificate.giver} to {certificate.receiver}, who is less stretched")
    return tuple(Finding(what, severity="warning", code="approximate") for what in notes)
