"""What decisions by hand did to a plan: the plan without them, and totals that were left open.

Commitments and overrides reach the optimiser as locks (`byhand`). Here stands what needs a plan made without them:
commitments weighed against the target, the computed value beside each override, and overrides that are not
re-balanced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.allocate import allocate
from quotaopt.byhand import cells_of, read_decisions
from quotaopt.errors import Finding, InputError, split_place
from quotaopt.goals import Levels
from quotaopt.optimize import tables
from quotaopt.optimize.certificate import certify_fairness
from quotaopt.optimize.nearly import Deviation, give_way
from quotaopt.optimize.statement import WHOLE, Block, state
from quotaopt.optimize.words import money
from quotaopt.plan import Plan
from quotaopt.policy import goal_uses, rule_uses
from quotaopt.problem import Floats, Ints, Lock, Problem

if TYPE_CHECKING:
    from quotaopt.scenario import Scenario
    from quotaopt.tables import Inputs


def reconcile(problem: Problem, scenario: Scenario, solver: str | None = None) -> Problem:
    """With ``commits.keep = "weight"``: commitments moved toward what the plan without them asks.

    A quota is ``weight × commitment + (1 − weight) × quota without commitments``, in whole rounding units.
    """
    rule = scenario.settings.commits
    if rule.keep != "weight" or not any(lock.kind == "commit" for lock in problem.locks):
        return problem
    free = allocate(without(problem, "commit", "override"), scenario, solver)
    if free.quota is None:  # what no plan can be without commitments cannot be with them
        return free.problem
    mine = Decimal(str(rule.weight))

    def between(lock: Lock) -> int:
        asked = int(free.amounts()[cells_of(problem.index, lock)].sum())
        return int((mine * lock.value + (1 - mine) * asked).to_integral_value(ROUND_HALF_EVEN))

    locks = [replace(k, value=between(k)) if k.kind == "commit" else k for k in problem.locks]
    return replace(problem, locks=locks)


def without(problem: Problem, *kinds: str) -> Problem:
    """The problem without these kinds of locks."""
    return replace(problem, locks=[lock for lock in problem.locks if lock.kind not in kinds])


@dataclass(frozen=True, eq=False)
class Decided:
    """A plan with every decision in it.

    Attributes
    ----------
    plan : the final one.
    computed : quotas without the overrides, R × P × T rounding units; None where there are none.
    free : quotas without overrides and commitments; None where there are none.
    """

    plan: Plan
    computed: Ints | None = None
    free: Ints | None = None


def decide(plan: Plan, scenario: Scenario, inputs: Inputs) -> Decided:
    """The plan with overrides that are not re-balanced written into it, and the plans without decisions beside it."""
    settings, problem = scenario.settings, plan.problem
    overrides, commits = (read_decisions(inputs, kind, problem.unit) for kind in ("override", "commit"))
    if plan.quota is None or not (overrides or commits):
        return Decided(plan)

    def solve(*kinds: str) -> Ints | None:
        return allocate(without(problem, *kinds), scenario, plan.solver).quota

    held = bool(overrides) and settings.overrides.rebalance
    computed = solve("override") if held else plan.quota
    asked = settings.commits.keep == "target"
    free = None if not commits else computed if asked else solve("override", "commit")
    final = plan if held or not overrides else leave_open(plan, overrides, scenario)
    if (overrides and computed is None) or (commits and free is None):
        what = f"{plan.solver} found no plan without the decisions in time: they cannot be compared with it"
        late = Finding(what, "Raise solver.seconds.", severity="warning", code="override")
        final = replace(final, notes=(*final.notes, late))
    return Decided(final, computed if overrides else None, free)


def leave_open(plan: Plan, overrides: Sequence[Lock], scenario: Scenario) -> Plan:
    """The plan with the overrides in it and every other quota as it was; limits they break are named.

    Raises
    ------
    InputError
        If an override stands where no quota may.
    """
    problem, quota = plan.problem, plan.amounts().copy()
    blocked = [lock for lock in overrides if lock.value and not problem.eligible[cells_of(problem.index, lock)].any()]
    if blocked:
        what, remedy = "no quota may stand there", "Nobody sells it then: see capacity.csv."
        raise InputError(
            [Finding(what, remedy, *split_place(k.source), "value", k.name, code="override") for k in blocked]
        )
    before = quota.sum(axis=(1, 2))
    for lock in overrides:
        cells = cells_of(problem.index, lock)
        quota[cells] = share_out(lock.value, quota[cells], problem.reference.values[cells])
    off = [deviation for block in plan.statement for deviation in _broken(block, quota)]
    kept = give_way(plan.statement, off)
    levels = next(goal for _, goal in goal_uses(scenario, problem) if isinstance(goal, Levels))
    fairness = _fairness(plan, quota, levels, before, overrides)
    certificate = certify_fairness(problem, kept, quota, levels)
    return replace(
        plan,
        quota=quota,
        statement=kept,
        deviations=(*plan.deviations, *off),
        rules=tables.rule_table(problem, state(problem, rule_uses(scenario)), kept, quota, {}),
        fairness=fairness,
        measures=tables.measures(problem, quota, fairness, certificate),
        binding_rule=tables.binding_rules(problem, kept, quota),
        notes=(*plan.notes, *_note(problem, int(quota.sum() - before.sum()), off, overrides)),
    )


def share_out(value: int, quota: Ints, pattern: Floats) -> Ints:
    """A whole amount over cells in proportion to their quotas, or to the pattern where these are all zero.

    Exact by largest remainders (Hamilton's method; ties go to the first cell): of a table the rows first.
    """
    if quota.ndim > 1:
        rows = share_out(value, quota.sum(axis=1), pattern.sum(axis=1)).tolist()
        return np.array([share_out(*row) for row in zip(rows, quota, pattern, strict=True)], dtype=np.int64)
    weights = quota if quota.any() else np.rint(pattern / max(float(pattern.max()), 1e-300) * 10**9)
    whole = [int(w) for w in np.atleast_1d(weights)]
    total = sum(whole)
    parts = [value * w // total if total else 0 for w in whole]
    rest = sorted(range(len(whole)), key=lambda k: (parts[k] * total - value * whole[k], k))
    for k in rest[: value - sum(parts)]:
        parts[k] += 1
    return np.array(parts, dtype=np.int64).reshape(quota.shape)


def _broken(block: Block, quota: Ints) -> Iterator[Deviation]:
    """Rows beyond their limits, by how many units; a row that weighs totals is broken from a unit on."""
    activity, least = block.evaluate(quota), 0.5 if block.expression.plain else 1.0
    over, short = activity - block.upper, block.lower - activity
    for k in np.flatnonzero((over > least) | (short > least)).tolist():
        units = over[k] if over[k] > least else -short[k]
        yield Deviation.of(block, k, int(np.sign(units) * np.ceil(abs(units) - WHOLE)))


def _fairness(plan: Plan, quota: Ints, levels: Levels, before: Ints, overrides: Sequence[Lock]) -> pd.DataFrame:
    """The fairness table after the overrides: who they moved, and which file line did."""
    problem, totals = plan.problem, quota.sum(axis=(1, 2)).astype(float)
    table = plan.fairness.copy()
    moved = totals != before
    source: dict[str, list[str]] = {}
    for lock in overrides:
        source.setdefault(lock.rep, []).append(lock.source)
    capacity = table["capacity"].to_numpy(dtype=np.float64)
    asked = totals * float(problem.unit)
    named = [", ".join(dict.fromkeys(source.get(str(rep), []))) for rep in table["rep_id"]]
    return table.assign(
        quota=asked,
        stretch=np.divide(asked, capacity, out=np.full(totals.size, np.nan), where=capacity > 0),
        level=levels.level(totals),
        chance=tables.chance_of(problem, totals),
        stopped_by=np.where(moved, "override", table["stopped_by"]),
        source=np.where(moved, named, table["source"]),
    )


def _note(problem: Problem, more: int, off: Sequence[Deviation], overrides: Sequence[Lock]) -> Iterator[Finding]:
    """What the overrides leave open, in words."""
    way = "more" if more > 0 else "less"
    if more:
        what = f"overrides are not re-balanced: quotas add up to {money(problem, abs(more))} {way} than computed"
        place = split_place(overrides[0].source)
        yield Finding(what, "Set overrides.rebalance = true to spread it.", *place, severity="warning", code="override")
    for one in off:
        amount, side = money(problem, abs(one.units)), "above" if one.units > 0 else "below"
        what = f"{one.rule} {one.scope}: {amount} {side} its limit, as the overrides leave it"
        yield Finding(what, "", *split_place(one.source), severity="warning", code="override")
