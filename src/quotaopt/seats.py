"""More people as a remedy: how many new seats in one region would make a plan possible.

A seat is like most reps of its region, is there from the first month of the plan, and ramps as the scenario says. What
it can carry is what the forecast says of a new hire there, so that the scenario with these rows in its roster has the
plan that was found here. Each region is tried alone; the number is enough, and one less is not.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.allocate import Meter
from quotaopt.case import Case
from quotaopt.columns import REP, REP_ATTRIBUTES
from quotaopt.optimize.conflicts import screen
from quotaopt.optimize.proof import by_use, judge
from quotaopt.optimize.repairs import Repair
from quotaopt.optimize.statement import state
from quotaopt.plan import Plan
from quotaopt.policy import rule_uses
from quotaopt.problem import Cube, Index, Problem
from quotaopt.scenario import Scenario
from quotaopt.tables import Inputs
from quotaopt.text import counted

TRIED = (1, 4, 16, 64)  # seats; then the numbers between the last that is not enough and the first that is
REGIONS, LARGEST = 8, 1_000_000  # those that sell most are tried, and so many cells of programs for all of them
SHOWN = 3  # those that need the fewest seats are remedies
LIKE = REP_ATTRIBUTES[1:]  # what most reps of a region have in common


def with_seats(plan: Plan, scenario: Scenario, inputs: Inputs) -> Plan:
    """The plan that cannot be, with new seats among its remedies where some would be enough."""
    solver = scenario.settings.solver
    meter = Meter(plan.solver, float(solver.seconds), solver.seed)
    seats = typical_seats(inputs, scenario, min(REGIONS, LARGEST // plan.problem.eligible.size))
    seats = seats[[_may_help(plan.problem, region, scenario, meter) for region in seats["region"]]]
    if seats.empty:
        return plan
    wider = replace(inputs, roster=pd.concat([inputs.roster, seats], ignore_index=True).sort_values("rep_id"))
    problem = replace(Case(scenario, given=wider).problem, locks=plan.problem.locks)
    found = []
    for region, seat in zip(seats["region"], seats["rep_id"], strict=True):
        others = [name for name in seats["rep_id"] if name != seat]
        if number := _enough(_copies(problem, dict.fromkeys(others, 0)), seat, scenario, meter):
            found.append(_repair(scenario, seats[seats["rep_id"] == seat].iloc[0], region, number))
    found = sorted(found, key=lambda repair: repair.value or 0)[:SHOWN]
    repairs = tuple(sorted([*plan.repairs, *found], key=lambda repair: not repair.enough))
    limits = plan.conflicts[plan.conflicts["remedy"].isna()]
    rows = pd.DataFrame([repair.row(plan.problem) for repair in repairs], columns=plan.conflicts.columns)
    table = pd.concat([limits.astype(object), rows.astype(object)], ignore_index=True)
    return replace(plan, repairs=repairs, conflicts=table)


def typical_seats(inputs: Inputs, scenario: Scenario, number: int) -> pd.DataFrame:
    """One new seat for each of the regions that sell most: roster rows, attributes those of most reps there."""
    roster = inputs.roster
    sold = roster["rep_id"].map(inputs.history.groupby("rep_id")["amount"].sum()).fillna(0.0)
    regions = sold.groupby(roster["region"]).sum().sort_index().sort_values(ascending=False, kind="stable")
    first = pd.Timestamp(f"{scenario.settings.months[0]}-01")
    texts = [name for name, kind in roster.dtypes.items() if pd.api.types.is_string_dtype(kind)]
    rows: list[dict[Any, Any]] = []
    for region in map(str, regions.index[:number]):
        mine = roster[roster["region"] == region]
        mine = mine[mine["end_date"].isna()] if mine["end_date"].isna().any() else mine
        alike = mine.groupby(list(LIKE), sort=True)["rep_id"].transform("size")
        name = f"NEW-{region}" if region else "NEW"
        while roster["rep_id"].str.startswith(name).any():
            name += "-"
        like = mine[alike == alike.max()].iloc[0]
        rows.append(
            dict.fromkeys(texts, "")
            | {k: like[k] for k in LIKE}
            | {
                "rep_id": name,
                "rep_name": "To be hired",
                "headcount": 1.0,
                "start_date": first,
                "end_date": pd.NaT,
                "is_vacant": False,
                "include": True,
            }
        )
    return pd.DataFrame(rows).reindex(columns=roster.columns).astype(roster.dtypes.to_dict())


def _copies(problem: Problem, counts: dict[str, int]) -> Problem:
    """The problem with some reps several times, or not at all; the first copy keeps its name."""
    names = list(map(str, problem.index.reps.index))
    count = np.array([counts.get(name, 1) for name in names])
    take = np.repeat(np.arange(count.size), count)
    copy = np.arange(take.size) - np.repeat(np.cumsum(count) - count, count)
    labels = [names[r] if k == 0 else f"{names[r]}-{k + 1}" for r, k in zip(take.tolist(), copy.tolist(), strict=True)]
    index = Index(problem.index.reps.iloc[take].set_axis(labels), problem.index.products, problem.index.months)
    taken: dict[str, Any] = {"index": index}
    for name in ("capacity", "reference", "last_year", "plan", "relieved"):
        cube = getattr(problem, name)
        taken[name] = None if cube is None else Cube(index, cube.values[take])
    for name in ("expected", "spread", "presence", "full_last_year", "quantiles", "relief"):
        vector = getattr(problem, name)
        taken[name] = None if vector is None else vector[take]
    return replace(problem, **taken)


def _may_help(problem: Problem, region: str, scenario: Scenario, meter: Meter) -> bool:
    """Whether as many of the region's strongest rep as are tried would be enough: before a new hire is forecast."""
    mine = np.where(problem.index.reps["region"] == region, problem.capacity.by(REP), -1.0)
    name = str(problem.index.reps.index[int(mine.argmax())])
    many = _copies(problem, {name: TRIED[-1] + 1})
    here = many.full_last_year & [str(label) in problem.index.reps.index for label in many.index.reps.index]
    return _possible(replace(many, full_last_year=here), scenario, meter)


def _possible(problem: Problem, scenario: Scenario, meter: Meter) -> bool:
    blocks = state(problem, rule_uses(scenario))
    return screen(problem, blocks) is None and judge(problem, by_use(blocks), meter).answer == "yes"


def _enough(problem: Problem, seat: str, scenario: Scenario, meter: Meter) -> int:
    """The smallest number of copies of a seat with which a plan exists; 0 when not even the largest tried is."""

    def possible(number: int) -> bool:
        return _possible(_copies(problem, {seat: number}), scenario, meter)

    good = next((number for number in TRIED if possible(number)), 0)
    bad = max((number for number in TRIED if number < good), default=0)
    while good - bad > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if possible(middle) else (good, middle)
    return good


def _repair(scenario: Scenario, seat: pd.Series[Any], region: str, number: int) -> Repair:
    """The remedy: so many rows of the roster."""
    month = scenario.settings.months[0]
    texts = {k: str(seat[k]) for k in ("rep_id", "rep_name", *LIKE)} | {"start_date": f"{month}-01"}
    rows = tuple(texts | {"rep_id": f"{texts['rep_id']}-{k + 1}"} for k in range(number))
    where, source = f" in {region}" if region else "", scenario.source("data", "roster")
    text = f"add {counted(number, 'seat')}{where}, there from {month}"
    return Repair(text, "", region, source, Decimal(number), True, 0.0, ("data", "roster"), None, source, rows)
