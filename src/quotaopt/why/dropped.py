"""What each rule costs: it is left out, alone, and the plan is made again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quotaopt.case import Case
from quotaopt.columns import why as c
from quotaopt.optimize.statement import RuleUse
from quotaopt.problem import Floats, Problem
from quotaopt.record import shape
from quotaopt.why.ladder import TARGET, number_names, without_hedge
from quotaopt.why.worth import NEAR, dearest, held_limits, read_prices

HEDGE = "overassignment"


@dataclass(frozen=True, eq=False)
class Dropped:
    """The fair totals without one rule, rounding units, shape (R,); none when nothing holds quotas up without it."""

    name: str
    source: str
    use: RuleUse | None
    totals: Floats | None


def drop_each(case: Case) -> list[Dropped]:
    """Every rule left out, one at a time, in the order of the scenario; at last the overassignment.

    The target itself stays: without it there is no plan to speak of.
    """
    reached = reached_rows(case)
    made = []
    for name, source, use, problem, rules in _variants(case):
        idle = use is not None and not reached.get(id(use))  # no limit is reached: without it nothing moves
        totals = case.totals.astype(float) if idle else case.solve(problem, rules)
        made.append(Dropped(name, source, use, totals))
    return made


def _variants(case: Case) -> Iterator[tuple[str, str, RuleUse | None, Problem, list[RuleUse]]]:
    uses, problem, scenario = case.uses, case.problem, case.scenario
    names = dict(zip(map(id, uses), number_names([use.name for use in uses]), strict=True))
    for use in uses:
        if use.name != TARGET and (use.name != "keep_locks" or problem.locks):
            yield names[id(use)], use.source, use, problem, [other for other in uses if other is not use]
    if problem.overassignment:
        plain = without_hedge(problem, scenario.settings)
        yield HEDGE, scenario.source("hedge" if scenario.settings.hedge else "overassignment"), None, plain, list(uses)


def rule_costs(case: Case) -> pd.DataFrame:
    """What each rule costs in level and in money moved, the dearest first; columns `columns.why.RULE_COSTS`.

    The target comes first: there is no plan without it, but one more of it has a price.
    """
    unit, now = float(case.problem.unit), case.totals.astype(float)
    highest = highest_level(case, now)
    reached, prices = reached_rows(case), read_prices(case)
    rows = []
    target = [Dropped(use.name, use.source, use, None) for use in case.uses if use.name == TARGET]
    for one in (*target, *drop_each(case)):
        rows.append({"rule": one.name, "source": one.source, "binding": reached.get(id(one.use), 0), "level": highest,
                     "more_rep": "", "less_rep": "", "scope": ""})  # fmt: skip
        if one.totals is not None:
            rows[-1] |= _effect(case, one.totals - now, unit)
            rows[-1]["level_without"] = highest_level(case, one.totals) if rows[-1]["reps"] else highest
        rows[-1] |= dearest(case, one.use, prices) if one.use else {}
    table = pd.DataFrame(rows, columns=[column.name for column in c.RULE_COSTS])
    table["level_change"] = table["level"] - table["level_without"]
    order = table["moved"].astype(float).fillna(np.inf).sort_values(ascending=False, kind="stable").index
    return shape(table.loc[order].reset_index(drop=True), c.RULE_COSTS)


def _effect(case: Case, without: Floats, unit: float) -> dict[str, object]:
    """How many reps move, by how much in all, and who gains and pays most by the rule."""
    moves = np.where(np.abs(without) > NEAR, -without, 0.0) * unit  # what the rule does: with it less without
    reps = case.problem.index.reps.index
    moved = max(float(np.maximum(moves, 0.0).sum()), float(np.maximum(-moves, 0.0).sum()))
    found: dict[str, object] = {"reps": int((moves != 0).sum()), "moved": moved}
    for name, k in (("more", int(moves.argmax())), ("less", int(moves.argmin()))):
        if moves[k] * (1 if name == "more" else -1) > 0:
            found |= {f"{name}_rep": str(reps[k]), f"{name}_change": float(moves[k])}
    return found


def highest_level(case: Case, totals: Floats) -> float:
    """The highest level of any rep at these totals."""
    level = case.levels.level(totals)
    return float(np.nanmax(level)) if np.isfinite(level).any() else float("nan")


def reached_rows(case: Case) -> dict[int, int]:
    """How many limits of each rule are reached, by ``id`` of the rule's use."""
    return {id(use): sum(1 for _ in held_limits(case, use)) for use in case.uses}
