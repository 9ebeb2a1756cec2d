"""What would have to be true for less: a lower target, or a lock that others pay for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd

from quotaopt.allocate import allocate_rules
from quotaopt.case import Case
from quotaopt.columns import why as c
from quotaopt.optimize.statement import RuleUse
from quotaopt.problem import Floats, Lock, Problem
from quotaopt.record import shape
from quotaopt.rules import rule
from quotaopt.why.ladder import LOCKS
from quotaopt.why.rep import concerns
from quotaopt.why.worth import NEAR

LESS = Decimal("0.05")
TRIES = 14
CLOSE = 5e-3  # of the fall: precise enough to be said
NODES = "meet_region_target"


def ways_to_less(case: Case, r: int, less: Decimal = LESS) -> pd.DataFrame:
    """What would make a rep's quota smaller by the part `less`; columns `columns.why.LESS`."""
    wanted = int(case.totals[r] * (1 - less))
    rows = [_by_target(case, r, wanted), _by_lock(case, r, wanted)]
    return shape(pd.DataFrame(rows, columns=[column.name for column in c.LESS]), c.LESS)


def _by_target(case: Case, r: int, wanted: int) -> dict[str, object]:
    """The smallest fall of the target that is enough, with the targets of the nodes the rep belongs to."""
    problem, nodes = case.problem, list(_nodes(case, r))

    def quota_at(fall: float) -> float | None:
        found = case.solve(*_lowered(case, r, fall))
        return None if found is None else float(found[r])

    fall = smallest(quota_at, float(wanted), float(case.totals[r]))
    asked = float(problem.target * problem.unit) / (1 + float(problem.overassignment))
    row: dict[str, object] = {"way": "target", "possible": fall is not None, "scope": "; ".join(nodes)}
    row["source"] = case.scenario.source("target")
    if fall is not None:
        row |= {"amount": _up(fall * asked), "ratio": _up(fall * asked) / asked}
    return row


def _up(value: float) -> float:
    """Up to three digits, so that it is enough."""
    step = 10.0 ** (np.floor(np.log10(value)) - 2) if value > 0 else 1.0
    return float(np.ceil(value / step - 1e-9) * step)


def _nodes(case: Case, r: int) -> Iterator[str]:
    """The nodes of fixed value the rep belongs to."""
    yield from dict.fromkeys(label for use in case.uses for label in _own_values(case, r, use))


def _own_values(case: Case, r: int, use: RuleUse) -> list[str]:
    if use.name != NODES or not use.parameters["values"]:
        return []
    grouping = case.problem.group(str(use.parameters["by"]))
    label = grouping.labels[int(grouping.codes[0][r])]
    return [label] if label in use.parameters["values"] else []


def _lowered(case: Case, r: int, fall: float) -> tuple[Problem, list[RuleUse]]:
    """The problem with a target lower by a part of it, taken from the rep's own nodes where these have values."""
    problem, uses = case.problem, []
    cut = Decimal(round(fall * problem.target))
    money = cut * problem.unit / problem.money / (1 + problem.overassignment)
    for use in case.uses:
        own = _own_values(case, r, use)
        values = {k: v - money if k in own else v for k, v in use.parameters["values"].items()} if own else {}
        uses.append(replace(use, parameters={**use.parameters, "values": values}) if own else use)
    return replace(problem, target=problem.target - int(cut)), uses


def smallest(quota_at: Callable[[float], float | None], wanted: float, now: float) -> float | None:
    """The smallest part of the target that must fall for a quota to reach `wanted`; None when no fall brings it there.

    False position with bisection where it stalls; a fall without a plan counts as too large.

    Parameters
    ----------
    quota_at : quota at a fall, a part of the target from 0 to 1; None where no plan exists.
    """
    low, high, at_low, at_high = 0.0, 1.0, now, None
    guess = 2 * (now - wanted) / max(now, 1.0)
    for _ in range(TRIES):
        quota = quota_at(guess)
        if quota is not None and quota > wanted:
            low, at_low = guess, quota
        else:
            high, at_high = guess, quota
        if at_high is not None and high - low <= CLOSE * high:
            break
        guess = _between(low, high, at_low, at_high, wanted)
    return high if at_high is not None else None


def _between(low: float, high: float, at_low: float, at_high: float | None, wanted: float) -> float:
    """The next guess: a little beyond where a straight line would be, so that the end that is enough comes near."""
    if at_high is None or at_low <= at_high:
        return (low + high) / 2
    straight, near = low + (high - low) * (at_low - wanted) / (at_low - at_high), CLOSE * high
    return float(np.clip(straight + near / 4, low + near / 2, high - near / 2))


def _by_lock(case: Case, r: int, wanted: int) -> dict[str, object]:
    """Fix the quota: who pays, or which limits forbid it."""
    row: dict[str, object] = {"way": "lock"}
    if own := list(_forbidding(case, r, wanted)):
        return row | {"possible": False, "scope": own[0][0], "source": own[0][1]}
    problem, uses = _locked(case, r, wanted)
    found = case.solve(problem, uses)
    if found is None:
        return row | {"possible": False} | _clash(case, problem, uses)
    pays = _more(case, found)
    part = np.divide(pays, case.totals, out=np.zeros_like(pays), where=case.totals > 0)
    return row | {"possible": True, "amount": float(pays.sum() * float(problem.unit)), "ratio": float(part.max()),
                  "reps": int((pays > 0).sum()), "scope": ""}  # fmt: skip


def payers(case: Case, r: int, less: Decimal = LESS) -> Floats:
    """What each rep would pay if the quota were fixed lower, money, shape (R,); zeros where that cannot be."""
    found = case.solve(*_locked(case, r, int(case.totals[r] * (1 - less))))
    nothing = np.zeros(case.totals.size)
    return nothing if found is None else _more(case, found) * float(case.problem.unit)


def _more(case: Case, found: Floats) -> Floats:
    """What each rep carries more, units; less than one is rounding."""
    more = found - case.totals
    return np.asarray(np.where(more > NEAR, more, 0.0))


def _locked(case: Case, r: int, wanted: int) -> tuple[Problem, list[RuleUse]]:
    """The problem with one more lock, and the rule that keeps it."""
    problem = case.problem
    rep = str(problem.index.reps.index[r])
    kept = [lock for lock in problem.locks if lock.rep != rep or lock.product or lock.month]
    uses: Sequence[RuleUse] = case.uses
    if not any(use.name == LOCKS[0] for use in uses):
        defaults = {name: p.default for name, p in rule.parameters(LOCKS[0]).items()}
        uses = [*uses, RuleUse(LOCKS[0], defaults)]
    return replace(problem, locks=[*kept, Lock(rep, None, None, wanted)]), list(uses)


def _forbidding(case: Case, r: int, wanted: int) -> Iterator[tuple[str, str]]:
    """Limits of the rep alone that are above what is wanted: rule and place."""
    for block in case.kept:
        if block.use.hard and block.expression.plain and block.expression.grouping.by == ("rep",):
            for k in np.flatnonzero(concerns(block, r) & (block.lower > wanted)):
                if not block.use.name.startswith(LOCKS):
                    yield block.use.name, block.source(int(k))


def _clash(case: Case, problem: Problem, uses: Sequence[RuleUse]) -> dict[str, object]:
    """Rules and places of the limits that together forbid it."""
    plan = allocate_rules(problem, uses, case.goals, case.meter())
    clash = plan.conflicts[~plan.conflicts["rule"].isin([LOCKS[0], "meet_target"])]
    return {"scope": "; ".join(dict.fromkeys(clash["rule"])), "source": "; ".join(dict.fromkeys(clash["source"]))}
