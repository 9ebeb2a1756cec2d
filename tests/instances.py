"""Small planning problems for the tests: seeded, with rules that bind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.goals import Distance, Levels, goal
from quotaopt.optimize.linear import LinearProgram, Solution
from quotaopt.optimize.search import FairTotals, reach_goals
from quotaopt.optimize.soft import settle
from quotaopt.optimize.solvers import solve
from quotaopt.optimize.spread import Family
from quotaopt.optimize.statement import Block, RuleUse, state
from quotaopt.optimize.table import Table, make_table
from quotaopt.problem import Cube, Index, Problem


def make_index(reps: int, products: int, months: int, regions: int = 2) -> Index:
    """Reps R01 … in regions North0 … round robin, products P1 … in two families, months of 2027."""
    ids = [f"R{k:02d}" for k in range(1, reps + 1)]
    region = [f"North{k % regions}" for k in range(reps)]
    blank = [""] * reps
    roster = pd.DataFrame(
        {
            "region": region,
            "team": blank,
            "manager": blank,
            "channel": blank,
            "segment": blank,
            "role": [("hunter", "farmer")[k % 3 == 0] for k in range(reps)],
            "peer_group": blank,
        },
        index=pd.Index(ids),
    )
    catalogue = pd.DataFrame(
        {"family": [f"F{k % 2}" for k in range(products)]}, index=pd.Index([f"P{k}" for k in range(1, products + 1)])
    )
    time = pd.DataFrame(
        {
            "quarter": [f"2027-Q{k // 3 + 1}" for k in range(months)],
            "half": [f"2027-H{k // 6 + 1}" for k in range(months)],
        },
        index=pd.Index([f"2027-{k + 1:02d}" for k in range(months)]),
    )
    return Index(roster, catalogue, time)


def make_problem(
    reps: int = 4,
    products: int = 3,
    months: int = 4,
    regions: int = 2,
    seed: int = 0,
    stretch: float = 1.1,
    unit: str = "1",
    mean: float = 10_000.0,
) -> Problem:
    """A problem with log-normal capacities; the target asks `stretch` times all capacity."""
    rng = np.random.default_rng(seed)
    index = make_index(reps, products, months, regions)
    size = rng.lognormal(0, 0.5, (reps, 1, 1)) * rng.dirichlet(np.ones(products) * 4, (reps, 1)).transpose(0, 2, 1)
    capacity = size * (1 + 0.3 * np.sin(np.arange(months))) * rng.lognormal(0, 0.1, (reps, products, months))
    capacity *= mean / capacity.mean() / float(unit)
    last_year = capacity * rng.uniform(0.8, 1.1, (reps, 1, 1))
    yearly = capacity.sum(axis=(1, 2))
    return Problem(
        index=index,
        unit=Decimal(unit),
        target=round(float(capacity.sum()) * stretch),
        capacity=Cube(index, capacity),
        reference=Cube(index, capacity),
        last_year=Cube(index, last_year),
        expected=yearly,
        spread=yearly * rng.uniform(0.1, 0.3, reps),
        presence=np.ones(reps),
        full_last_year=np.ones(reps, dtype=bool),
    )


def use(name: str, *, penalty: float | None = None, priority: int = 1, **parameters: Any) -> RuleUse:
    """A rule with defaults filled in."""
    from quotaopt.rules import rule

    full = {k: p.default for k, p in rule.parameters(name).items()} | parameters
    return RuleUse(name, full, penalty, priority, f"test.toml:{len(name)}")


def solved(
    problem: Problem, rules: Sequence[RuleUse], goals: Sequence[str] = ("level_stretch",), solver: str = "highs"
) -> tuple[list[Block], FairTotals, Table | None]:
    """State, settle, level, spread and round as `allocate` does: blocks kept, fair totals, table."""
    run = partial(_solve, solver=solver)
    kept = settle(problem, state(problem, rules), run)
    assert kept.status == "optimal", kept.status
    named: list[tuple[str, Levels | Distance]] = [(g, goal[g](problem)) for g in goals]
    for whole in (False, True):
        found = reach_goals(problem, kept.blocks, named, run, whole)
        assert found.status == "optimal", found.status
        shared = [np.unique(found.who[block.members]) for block in found.fair.blocks]
        table = make_table(problem, kept.blocks, found.values, shared)
        if table is not None or found.whole:
            break
    return kept.blocks, found, table


def _solve(lp: LinearProgram, solver: str) -> Solution:
    return solve(lp, solver)


def with_(problem: Problem, **changes: Any) -> Problem:
    """The problem with some fields replaced."""
    return replace(problem, **changes)


def tiny_problem(**changes: Any) -> Problem:
    """Three reps × two products × two months in round numbers, for rows and programs one can check by hand.

    Capacity (March, April)::

                     P1 (F1)    P2 (F2)    total
        R1 North a   20   30    10   40     100
        R2 North a   40   60    40   60     200
        R3 South b   90   60    60   90     300     (hired late: presence 0.5, no whole last year)

    Last year every rep sold half of that in each cell. The target is 660, one unit is one of money.
    """
    blank = ["", "", ""]
    roster = pd.DataFrame(
        {
            "region": ["North", "North", "South"],
            "team": blank,
            "manager": blank,
            "channel": blank,
            "segment": blank,
            "role": ["hunter", "farmer", "hunter"],
            "peer_group": ["a", "a", "b"],
        },
        index=pd.Index(["R1", "R2", "R3"]),
    )
    products = pd.DataFrame({"family": ["F1", "F2"]}, index=pd.Index(["P1", "P2"]))
    months = pd.DataFrame(
        {"quarter": ["2027-Q1", "2027-Q2"], "half": ["2027-H1", "2027-H1"]}, index=pd.Index(["2027-03", "2027-04"])
    )
    index = Index(roster, products, months)
    capacity = np.array([[[20, 30], [10, 40]], [[40, 60], [40, 60]], [[90, 60], [60, 90]]], dtype=float)
    problem = Problem(
        index=index,
        unit=Decimal(1),
        target=660,
        capacity=Cube(index, capacity),
        reference=Cube(index, capacity),
        last_year=Cube(index, capacity / 2),
        expected=np.array([100.0, 200.0, 300.0]),
        spread=np.array([10.0, 20.0, 60.0]),
        presence=np.array([1.0, 1.0, 0.5]),
        full_last_year=np.array([True, True, False]),
    )
    return replace(problem, **changes)


def written(problem: Problem, quota: Any) -> pd.DataFrame:
    """A table of quotas as it is written: rep_id, product_id, period, quota in money."""
    names = [list(map(str, side.index)) for side in (problem.index.reps, problem.index.products, problem.index.months)]
    keys = pd.MultiIndex.from_product(names, names=["rep_id", "product_id", "period"])
    money = [int(q) * problem.unit for q in np.asarray(quota).reshape(-1)]
    return pd.DataFrame({"quota": money}, index=keys).reset_index()


def rename_reps(problem: Problem, order: Sequence[int]) -> Problem:
    """The same reps under new names: the rep now in place k is the one that was in place ``order[k]``."""
    take = list(order)
    reps = problem.index.reps.iloc[take].set_axis([f"S{k:02d}" for k in range(len(take))])
    index = Index(reps, problem.index.products, problem.index.months)
    cubes = {
        name: Cube(index, getattr(problem, name).values[take])
        for name in ("capacity", "reference", "last_year", "plan")
        if getattr(problem, name) is not None
    }
    names = ("expected", "spread", "presence", "full_last_year", "quantiles")
    vectors = {name: getattr(problem, name)[take] for name in names if getattr(problem, name) is not None}
    return replace(problem, index=index, **cubes, **vectors)


def family(problem: Problem, *by: str, lower: Any = -np.inf, upper: Any = np.inf) -> Family:
    """Intervals of the sub-totals by some attributes; a single number counts for all of them."""
    grouping = problem.group(*by)
    low, high = (np.broadcast_to(np.asarray(v, dtype=float), (grouping.size,)) for v in (lower, upper))
    return Family(grouping, low, high)


def exact(problem: Problem, values: Any, *by: str) -> Family:
    """Sub-totals that must have these values."""
    return family(problem, *by, lower=values, upper=values)
