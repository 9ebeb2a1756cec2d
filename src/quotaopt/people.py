"""Tables of a run about people: on leave and who carries it, seats not filled yet, people left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from quotaopt.capacity import Capacity
from quotaopt.columns import Column
from quotaopt.columns import people as c
from quotaopt.errors import Finding, split_place
from quotaopt.forecast import Forecast
from quotaopt.leave import relieved_rows, share_relieved
from quotaopt.plan import Plan
from quotaopt.prepare import relieve
from quotaopt.presence import find_vacant
from quotaopt.problem import Problem
from quotaopt.scenario import Scenario
from quotaopt.settings import Settings
from quotaopt.tables import Inputs
from quotaopt.text import counted
from quotaopt.workdays import fill_days, make_workdays

Tables = dict[str, tuple[pd.DataFrame, Sequence[Column]]]
GAP = "company gap"


def people_tables(scenario: Scenario, inputs: Inputs, forecast: Forecast, capacity: Capacity, plan: Plan) -> Tables:
    """``leave``, ``uncovered`` and ``excluded`` by name, those that hold something."""
    roster = inputs.roster.set_index("rep_id").loc[list(forecast.reps)]
    found: Tables = {
        "leave": (leave_table(inputs, roster, forecast, capacity, plan.problem, scenario.settings), c.LEAVE),
        "uncovered": (uncovered_table(roster, forecast, capacity, plan), c.UNCOVERED),
        "excluded": (excluded_table(inputs), c.EXCLUDED),
    }
    return {name: pair for name, pair in found.items() if len(pair[0])}


def leave_table(
    inputs: Inputs, roster: pd.DataFrame, forecast: Forecast, capacity: Capacity, problem: Problem, settings: Settings
) -> pd.DataFrame:
    """One row per leave that relieves somebody within the plan, and what goes where."""
    rows = relieved_rows(inputs, roster, settings)
    share = share_relieved(rows, forecast.months, inputs, settings)
    within = np.asarray(share.any(axis=1))
    rows, share = rows.iloc[np.flatnonzero(within)], share[within]
    if rows.empty or problem.relieved is None:
        return pd.DataFrame(columns=[column.name for column in c.LEAVE])
    at = rows["at"].to_numpy(np.int64)
    whole = np.zeros((len(roster), share.shape[1]))
    np.add.at(whole, at, share)
    part = np.divide(share, whole[at], out=np.zeros_like(share), where=whole[at] > 0)
    quota = relieve(problem.without_relief, problem.capacity.values, problem.relieved.values)
    unit = float(problem.unit)
    missing = (problem.relieved.values.sum(axis=1)[at] * part).sum(axis=1) * unit
    asked = np.zeros(len(rows)) if quota is None else (quota.sum(axis=1)[at] * part).sum(axis=1) * unit
    first = np.datetime64(f"{forecast.months[0]}-01", "D")
    stop = (np.datetime64(forecast.months[-1], "M") + np.timedelta64(1, "M")).astype("datetime64[D]")
    begin, end = (fill_days(rows[k], day) for k, day in (("start_date", first), ("end_date", stop)))
    after = np.minimum(end + np.timedelta64(1, "D"), stop)
    days = make_workdays(inputs, settings).count(np.maximum(begin, first), after)
    to, mine = settings.leave.to, roster.iloc[at]
    keeper = {"peers": "peers", "company": GAP}.get(to) or mine[to].to_numpy()
    return pd.DataFrame(
        {
            "rep_id": rows["rep_id"].to_numpy(),
            "rep_name": mine["rep_name"].to_numpy(),
            "from": rows["first"].dt.strftime("%Y-%m-%d").fillna("").to_numpy(),
            "to": rows["last"].dt.strftime("%Y-%m-%d").fillna("").to_numpy(),
            "kind": rows["kind"].to_numpy(),
            "days": days.astype(np.int64),
            "relief": rows["relief"].to_numpy(),
            "capacity": missing,
            "quota": asked,
            "goes_to": keeper,
        }
    )


def uncovered_table(roster: pd.DataFrame, forecast: Forecast, capacity: Capacity, plan: Plan) -> pd.DataFrame:
    """One row per vacant seat and month with a quota."""
    seats = np.flatnonzero(find_vacant(roster))
    if plan.quota is None or not seats.size or capacity.filled is None:
        return pd.DataFrame(columns=[column.name for column in c.UNCOVERED])
    quota = plan.quota.sum(axis=1)[seats] * float(plan.problem.unit)
    seat, month = np.nonzero(quota)
    return pd.DataFrame(
        {
            "rep_id": np.array(forecast.reps, dtype=object)[seats[seat]],
            "region": roster["region"].to_numpy()[seats[seat]],
            "period": np.array(forecast.months)[month],
            "filled": capacity.filled[seats[seat], month],
            "quota": quota[seat, month],
        }
    )


def excluded_table(inputs: Inputs) -> pd.DataFrame:
    """Who has no target, and why."""
    frame = inputs.more.get("excluded", pd.DataFrame())
    return frame.rename(columns={"exclude_reason": "reason"})


def people_measures(tables: Tables, plan: Plan) -> list[tuple[str, float, str, str, str]]:
    """Rows of ``measures.csv``: quota of vacant seats, quota that leave relieves."""
    rows = []
    total = 0.0 if plan.quota is None else float(plan.quota.sum()) * float(plan.problem.unit)
    if "uncovered" in tables and total:
        amount = float(tables["uncovered"][0]["quota"].sum())
        rows.append(("uncovered", amount, "money", "lower", "quota of vacant seats"))
        rows.append(("uncovered_share", amount / total, "ratio", "lower", "quota of vacant seats / sum of quotas"))
    if "leave" in tables:
        amount = float(tables["leave"][0]["quota"].sum())
        rows.append(("relieved", amount, "money", "", "quota of people on leave that others or nobody carry"))
    return rows


def note_tables(tables: Tables, scenario: Scenario) -> Iterator[Finding]:
    """One sentence on the quota of vacant seats, and one on quota that nobody carries."""
    if "uncovered" in tables:
        table = tables["uncovered"][0]
        first, last = table["period"].min(), table["period"].max()
        seats = counted(table["rep_id"].nunique(), "vacant seat")
        what = f"{table['quota'].sum():,.0f} of the quota is that of {seats}, {first} to {last}: uncovered until filled"
        yield Finding(what, "See uncovered.csv.", severity="warning", code="uncovered")
    if "leave" in tables and scenario.settings.leave.to == "company":
        amount = tables["leave"][0]["quota"].sum()
        what = f"quotas add up to {amount:,.0f} less than the target: leave relieves so much, and nobody carries it"
        place = split_place(scenario.source("leave", "to"))
        yield Finding(what, "See leave.csv.", *place, severity="warning", code="leave")
