"""Decisions by hand as tables: the computed value beside each override, and target less commitment by node."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from quotaopt import columns as c
from quotaopt.byhand import cells_of, read_decisions, rows_of
from quotaopt.columns.hand import COMMITS, OVERRIDES
from quotaopt.decisions import Decided
from quotaopt.money import money_text
from quotaopt.problem import Ints, Lock, Problem
from quotaopt.record import Tables, shape_tables

if TYPE_CHECKING:
    from quotaopt.scenario import Scenario
    from quotaopt.tables import Inputs

NODES = {"all": (), "region": (c.REGION,), "rep": (c.REP,), "product": (c.PRODUCT,)}


def decision_tables(decided: Decided, scenario: Scenario, inputs: Inputs) -> Tables:
    """``overrides`` and ``commits``, each where the scenario has some and a plan exists."""
    problem, found = decided.plan.problem, dict[str, Any]()
    if decided.plan.quota is None:
        return found
    unit = Decimal(scenario.settings.rounding.to)
    if decided.computed is not None:
        locks = read_decisions(inputs, "override", unit)
        found["overrides"] = override_table(problem, decided.computed, locks, rows_of(inputs, "override")), OVERRIDES
    if decided.free is not None:
        locks = read_decisions(inputs, "commit", unit)
        names = inputs.roster.set_index("rep_id")["rep_name"]
        rows = rows_of(inputs, "commit")
        found["commits"] = commit_table(problem, decided.free, decided.plan.quota, locks, rows, names), COMMITS
    return shape_tables(found)


def override_table(problem: Problem, computed: Ints, locks: Sequence[Lock], rows: pd.DataFrame) -> pd.DataFrame:
    """One row per override: the cell, computed and decided value, who, when and why."""
    asked = sums_of(problem, computed, locks)
    value = np.array([lock.value for lock in locks], dtype=np.int64)
    amounts = {"computed": asked, "value": value}
    return pd.DataFrame(
        {"rep_id": rows["rep_id"], "product_id": rows["product_id"], "period": rows["month"]}
        | {name: money_text(units, problem.unit) for name, units in amounts.items()}
        | {"change": (value - asked) * float(problem.unit)}
        | {"author": rows["author"], "date": rows["date"].dt.strftime("%Y-%m-%d").fillna("")}
        | {"reason": rows["reason"], "source": rows["source"]}
    )


def commit_table(
    problem: Problem, free: Ints, quota: Ints, locks: Sequence[Lock], rows: pd.DataFrame, names: pd.Series[str]
) -> pd.DataFrame:
    """Target less commitment by node, then of each commitment.

    A commitment about several products is in no product's sum.
    """
    covered, commit = np.zeros_like(free), np.zeros(problem.index.shape, dtype=np.int64)
    by_product = np.zeros_like(commit)
    for lock in locks:
        cells = cells_of(problem.index, lock)
        covered[cells] = free[cells]
        first = tuple(
            0 if isinstance(k, slice) else k for k in cells
        )  # the sums do not ask where in the cells it stands
        commit[first] += lock.value
        if lock.product is not None:
            by_product[first] += lock.value
    parts = []
    for level, by in NODES.items():
        group = problem.group(*by)
        whole = level != "product"
        mine = covered if whole else np.where(_named(problem, locks), covered, 0)
        sums = {"target": free, "covered": mine, "commit": commit if whole else by_product, "quota": quota}
        keys = pd.Series(group.labels, dtype=object)
        part = {"level": level, "key": keys} | {name: group.sum(cube) for name, cube in sums.items()}
        part["name"] = keys.map(names).fillna("") if level == "rep" else ""
        parts.append(pd.DataFrame(part))
    asked, final = sums_of(problem, free, locks), sums_of(problem, quota, locks)
    value = np.array([lock.value for lock in locks], dtype=np.int64)
    each: dict[str, Any] = {"level": "commit", "key": [lock.name for lock in locks], "target": asked, "covered": asked}
    each |= {"commit": value, "quota": final, "author": rows["author"].to_numpy(), "source": rows["source"].to_numpy()}
    each["name"] = rows["rep_id"].map(names).fillna("").to_numpy()
    table = pd.concat([*parts, pd.DataFrame(each)], ignore_index=True).fillna("")
    table["gap"] = (table["covered"] - table["commit"]).astype(np.float64) * float(problem.unit)
    amounts = ("target", "covered", "commit", "quota")
    return table.assign(**{name: money_text(table[name].to_numpy(np.int64), problem.unit) for name in amounts})


def sums_of(problem: Problem, quota: Ints, locks: Sequence[Lock]) -> Ints:
    """Sum of the quotas each lock is about, rounding units."""
    return np.array([quota[cells_of(problem.index, lock)].sum() for lock in locks], dtype=np.int64)


def _named(problem: Problem, locks: Sequence[Lock]) -> Any:
    """Cells of commitments about one product."""
    out = np.zeros(problem.index.shape, dtype=bool)
    for lock in locks:
        if lock.product is not None:
            out[cells_of(problem.index, lock)] = True
    return out
