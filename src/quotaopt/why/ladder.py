"""From last year's sales to the final quota of every rep, one step at a time.

The first rungs are what is known of a rep: sales of the same months last year, what a full-time rep can sell in a
year like the planned one, presence, leave, ramp, market, the chosen quantile, hours, supply. The others are plans:
each switches one more rule on and is solved again, for all reps at once. The change from one rung to the next is booked
to what was switched on, so that the steps add up to the quota by construction. They are the marginal contributions
along one fixed order, which is printed; Shapley (1953) takes the mean over all orders, at a factorial of their cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import pandas as pd

from quotaopt.case import Case
from quotaopt.columns import why as c
from quotaopt.errors import Finding
from quotaopt.nodes import quota_total
from quotaopt.optimize.statement import RuleUse
from quotaopt.presence import find_presence
from quotaopt.problem import Bools, Floats, Ints, Problem
from quotaopt.scenario import Scenario
from quotaopt.settings import Settings

CENT = -2
LOCKS = ("keep_locks", "keep_plan")
TARGET = "meet_target"
DRIVERS = ("last_year", "potential", "headcount", "leave", "ramp", "market", "factor", "workload", "supply")
NOISE = 6  # digits of a cent; what differs further behind is the arithmetic of floats


@dataclass(frozen=True)
class Step:
    """One rung.

    Attributes
    ----------
    name : a driver, ``share``, a rule's name, ``hedge``, ``locks`` or ``rounding``.
    source : ``file:line`` of what it switches on.
    """

    name: str
    source: str = ""


@dataclass(frozen=True, eq=False)
class Ladder:
    """The waterfalls of all reps.

    Attributes
    ----------
    steps : what each step is, in order, shape (S,).
    amounts : what it adds to each rep's quota, whole `grain`, shape (S, R); over all steps the quota as written.
    grain : money in one: a cent, or the rounding unit where that is finer.
    notes : rungs without a plan, and quotas that today's program would not give.
    """

    steps: tuple[Step, ...]
    amounts: Ints
    grain: Decimal
    notes: tuple[Finding, ...] = ()

    @property
    def totals(self) -> Ints:
        """Where each rep stands after each step, whole `grain`, shape (S, R)."""
        return np.asarray(self.amounts.cumsum(axis=0))


def make_ladder(case: Case) -> Ladder:
    """Solve once for each rule; all reps at once.

    Raises
    ------
    SolverError
        If the solver stops early.
    """
    problem, scenario = case.problem, case.scenario
    grain = Decimal(1).scaleb(min(CENT, int(problem.unit.as_tuple().exponent)))
    per_unit = int(problem.unit / grain)
    steps = [Step(name) for name in DRIVERS]
    rungs = [np.rint(d / float(grain)) for d in _drivers(case)]
    notes, before = list[Finding](), rungs[-1] / per_unit
    for step, variant, uses in _plans(case.uses, problem, scenario):
        found = before if uses is None else case.solve(variant, uses)
        if found is None:
            what = f"no plan exists with the rules up to {step.name}: what it changes is booked to the next step"
            notes.append(Finding(what, severity="warning", code="ladder"))
        steps.append(step)
        before = before if found is None else found
        rungs.append(whole(before * per_unit))
    notes += _note_off(case, np.abs(before - case.totals) >= 1 + 1e-3)
    final = case.totals * per_unit
    amounts = np.asarray(np.diff(np.stack([*rungs, final]), axis=0, prepend=0), dtype=np.int64)
    return Ladder((*steps, Step("rounding", scenario.source("rounding", "to"))), amounts, grain, tuple(notes))


def _note_off(case: Case, off: Bools) -> list[Finding]:
    """Quotas further than a rounding unit from those of today's program; where no table keeps all, they may be."""
    if not off.any() or case.run.status != "optimal":
        return []
    what = (
        f"today's program plans {int(off.sum())} of {off.size} quotas otherwise: their difference is booked to rounding"
    )
    return [Finding(what, f"Try: quotaopt verify {case.run.id} --rerun.", severity="warning", code="ladder")]


def _drivers(case: Case) -> Iterator[Floats]:
    """What is known of each rep, money, shape (R,), in the order of `DRIVERS`."""
    forecast, capacity = case.forecast, case.capacity
    roster = case.inputs.roster.set_index("rep_id").loc[list(forecast.reps)]
    away = find_presence(roster, forecast.months, case.inputs, case.scenario.settings).on_leave
    months, expected = np.maximum(forecast.mean, 0.0).sum(axis=1), capacity.expected.sum(axis=(1, 2))
    yield forecast.last_year.sum(axis=(1, 2))
    yield forecast.mean.sum(axis=(1, 2))
    yield (months * (capacity.headcount + away)).sum(axis=1)
    yield (months * capacity.headcount).sum(axis=1)
    yield (months * capacity.presence).sum(axis=1)
    yield expected
    yield expected * capacity.factor
    yield (capacity.expected.sum(axis=1) * capacity.factor[:, None] * capacity.in_time).sum(axis=1)
    yield capacity.values.sum(axis=(1, 2))


def _plans(
    uses: Sequence[RuleUse], problem: Problem, scenario: Scenario
) -> Iterator[tuple[Step, Problem, list[RuleUse] | None]]:
    """Each step with the problem and the rules it is solved with; no rules where nothing can change.

    The target alone is shared first, without overassignment; then the rules join in the order of the scenario.
    """
    plain = without_hedge(problem, scenario.settings)
    on = [use for use in uses if use.name == TARGET]
    yield Step("share", on[0].source if on else ""), plain, list(on)
    rules = [use for use in uses if use.name not in (TARGET, *LOCKS)]
    for use, name in zip(rules, number_names([use.name for use in rules]), strict=True):
        on.append(use)
        yield Step(name, use.source), plain, list(on)
    yield (
        Step("hedge", scenario.source("hedge" if scenario.settings.hedge else "overassignment")),
        problem,
        list(on) if problem.overassignment else None,
    )
    held = [use for use in uses if use.name in LOCKS]
    moves = bool(problem.locks) or any(use.name != LOCKS[0] for use in held)
    yield Step("locks", held[0].source if held else ""), problem, list(uses) if held and moves else None


def without_hedge(problem: Problem, settings: Settings) -> Problem:
    """The problem with quotas that add up to the target itself."""
    total = quota_total(settings.target * settings.unit, Decimal(0), problem.unit)
    # targets of nodes are raised by their hedges: without these they come with the step of the hedge
    nodes = () if problem.overassignment else problem.nodes
    return replace(problem, overassignment=Decimal(0), nodes=nodes).with_target(total)


def number_names(names: Sequence[str]) -> list[str]:
    """Names, with a number behind those that occur several times: ``limit_change 2``."""
    seen = [f"{name} {names[:k].count(name) + 1}" for k, name in enumerate(names)]
    return [many if names.count(name) > 1 else name for many, name in zip(seen, names, strict=True)]


def whole(values: Floats) -> Floats:
    """Whole numbers next to `values` whose sum is that of `values`, rounded: largest remainders go up (Hamilton)."""
    values = np.round(values, NOISE)
    floor = np.floor(values)
    missing = int(np.rint(values.sum()) - floor.sum())
    up = np.argsort(-(values - floor), kind="stable")[: max(missing, 0)]
    out = floor
    out[up] += 1
    return np.asarray(out)


def waterfall(case: Case, ladder: Ladder) -> pd.DataFrame:
    """One row per rep and step, columns `columns.why.EXPLAIN`; what is printed of it adds up exactly."""
    size, reps = len(ladder.steps), np.array(case.problem.index.reps.index, dtype=object)
    amounts, totals = (np.asarray(x.T.reshape(-1)) for x in (ladder.amounts, ladder.totals))
    table = pd.DataFrame({
        "rep_id": np.repeat(reps, size),
        "order": np.tile(np.arange(1, size + 1), reps.size),
        "step": np.tile([step.name for step in ladder.steps], reps.size),
        "amount": in_money(amounts, ladder.grain),
        "total": in_money(totals, ladder.grain),
        "source": np.tile([step.source for step in ladder.steps], reps.size),
    })  # fmt: skip
    return table[[column.name for column in c.EXPLAIN]]


def in_money(amounts: Ints, grain: Decimal) -> Floats:
    """Whole `grain` as the floats that print as exactly that amount."""
    return np.asarray(np.round(amounts * float(grain), -int(grain.as_tuple().exponent)) + 0.0)
