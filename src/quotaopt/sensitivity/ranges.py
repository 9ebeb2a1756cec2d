"""What would move the plan, and how far a quota could have moved.

Questions that dual values of a degenerate program answer badly. Each is answered by solving again: a changed number,
one way and the other; the lowest and highest total of all tables that are as fair. The forecast is made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quotaopt.allocate import allocate
from quotaopt.case import Case
from quotaopt.columns import why as c
from quotaopt.errors import Finding, InputError, UnknownNameError
from quotaopt.optimize.alternatives import find_ranges
from quotaopt.optimize.build import build, rows_of
from quotaopt.optimize.program import Program
from quotaopt.optimize.rows import totals_of
from quotaopt.optimize.statement import Block, RuleUse
from quotaopt.plan import Plan
from quotaopt.problem import Floats, Problem
from quotaopt.record import shape
from quotaopt.sensitivity.whatif import apply_change, parse_change

Effect = tuple[str, str, str, float, float]
MOST_TOTALS = 500  # each may take two programs over all margins


# What if.


def what_if(case: Case, changes: Sequence[str]) -> pd.DataFrame:
    """What each change alone does to levels, quotas of reps and binding rules; columns `columns.why.WHAT_IF`.

    Parameters
    ----------
    changes : texts like ``target=+1%``; a change with a sign is tried up and down.

    Raises
    ------
    InputError
        If a change cannot be made.
    NoPlanError
        If the scenario has no plan to compare with.
    """
    made = [
        (change.text, way, *apply_change(case.scenario, change, way))
        for change in map(parse_change, changes)
        for way in change.ways
    ]
    base = case.plan()
    base.amounts()
    parts = []
    for text, way, scenario, before, after in made:
        problem = case.under(scenario)
        rows = pd.DataFrame(
            _effects(base, allocate(problem, scenario)), columns=["what", "key", "name", "before", "after"]
        )
        rows["difference"] = rows["after"].astype(float).fillna(0) - rows["before"].astype(float).fillna(0)
        rows["rate"] = rows["difference"] / _distance(before, after)
        parts.append(rows.assign(change=text, way=way, value_before=_text(before), value_after=_text(after)))
    return shape(pd.concat(parts, ignore_index=True), c.WHAT_IF)


def _effects(base: Plan, plan: Plan) -> list[Effect]:
    """Levels by peer group, the highest one, every rep whose quota moved, every limit reached or left."""
    if plan.quota is None:
        return [("plan", plan.status, plan.sentence, 1.0, 0.0)]
    levels = [p.fairness.groupby("peer_group")["block"].first().astype(float).to_dict() for p in (base, plan)]
    rows: list[Effect] = [("level", str(group), "", levels[0][group], levels[1][group]) for group in levels[0]]
    highest = [float(p.fairness["level"].max()) for p in (base, plan)]
    rows.append(("highest level", "all", "", highest[0], highest[1]))
    quotas = [p.fairness.set_index("rep_id")["quota"] for p in (base, plan)]
    size = (quotas[1] - quotas[0]).abs().sort_values(ascending=False, kind="stable")
    rows += [("rep", str(i), "", float(quotas[0][i]), float(quotas[1][i])) for i in size[size > 0].index]
    reached = [_reached(p) for p in (base, plan)]
    for limit in sorted(reached[0] ^ reached[1]):
        rows.append(("rule", *limit, float(limit in reached[0]), float(limit in reached[1])))
    return rows


def _reached(plan: Plan) -> set[tuple[str, str]]:
    """Limits that hold the plan, equations apart: these always do."""
    table = plan.rules[plan.rules["binding"].astype(bool) & (plan.rules["sense"] != "==")]
    return set(zip(table["rule"], table["scope"] + " " + table["sense"], strict=True))


def _distance(before: Any, after: Any) -> float:
    try:
        return float(after) - float(before) or np.nan
    except (TypeError, ValueError):
        return np.nan


def _text(value: Any) -> str:
    return f"{value.normalize():f}" if hasattr(value, "normalize") else "" if value is None else str(value)


# Free range.


def free_range(case: Case, totals: Sequence[tuple[str, str | None]], within: float = 0.01) -> pd.DataFrame:
    """Lowest and highest value of totals over all tables that keep every rule and are as fair; `columns.why.RANGES`.

    As fair: no rep's quota is more than `within` above its fair one, so that no level rises by more than that part
    of itself (with levels that start at 0, as stretch and growth do). Ends are rounded outward to whole units.

    Parameters
    ----------
    totals : attribute and name, like ``("rep", "R01")``; every one of them when the name is None.

    Raises
    ------
    UnknownNameError, InputError
        If there is no such attribute or name; if more than `MOST_TOTALS` are asked for.
    NoPlanError
        If the scenario has no plan.
    """
    problem, unit = case.problem, float(case.problem.unit)
    wanted = [_block(problem, what, name) for what, name in totals]
    if (count := sum(block.size for block in wanted)) > MOST_TOTALS:
        problems = Finding(f"{count} totals", f"Ask for at most {MOST_TOTALS}, by name: rep=R01.", code="range")
        raise InputError([problems])
    quota = case.plan().amounts()
    program = build(problem, case.kept, also=wanted)
    most = case.fair.values * (1 + within) / program.scale
    program = _capped(program, most + 1e-9 * most.max())
    rows = sp.csr_array(sp.vstack([rows_of(program, block) for block in wanted]))
    low, high = (end * program.scale for end in find_ranges(program, rows, case.meter()))
    mine = np.concatenate([block.evaluate(quota) for block in wanted])
    low, high = np.minimum(np.floor(low + 1e-3), mine), np.maximum(np.ceil(high - 1e-3), mine)
    table = pd.DataFrame({
        "what": [" ".join(b.expression.grouping.by) for b in wanted for _ in range(b.size)],
        "key": [b.scope(k) for b in wanted for k in range(b.size)],
        "quota": mine * unit, "low": low * unit, "high": high * unit,
        "below": low / np.where(mine > 0, mine, np.nan) - 1, "above": high / np.where(mine > 0, mine, np.nan) - 1,
    })  # fmt: skip
    return shape(table, c.RANGES)


def _block(problem: Problem, what: str, name: str | None) -> Block:
    """One total, or all, by an attribute."""
    expression = totals_of(problem)(what)
    labels = expression.grouping.labels
    if name is not None and name not in labels:
        raise UnknownNameError(what, name, labels)
    keep = np.arange(len(labels)) if name is None else np.array([labels.index(name)])
    endless = np.full(keep.size, np.inf)
    return Block(RuleUse("total"), expression, keep, -endless, endless)


def _capped(program: Program, most: Floats) -> Program:
    upper = program.upper.copy()
    upper[program.reps] = np.maximum(program.lower[program.reps], np.minimum(upper[program.reps], most))
    return program.bounded(program.lower, upper)
