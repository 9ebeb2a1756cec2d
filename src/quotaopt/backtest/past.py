"""A scenario as it would have been planned in the past: only what was known, with what was then sold as the target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.forecast.panel import month_name, month_number
from quotaopt.policy import rule_tables
from quotaopt.presence import find_vacant
from quotaopt.scenario import Scenario
from quotaopt.tables import Inputs

NODES = ("meet_region_target", "product_mix")
AMOUNTS = {"quota_floor": ("amount", "by_role"), "quota_ceiling": ("amount", "by_role"), "limit_budget": ("budget",)}
NO_PAST = {"keep_locks": "no locks", "keep_plan": "no current plan"}


@dataclass(frozen=True, eq=False)
class Past:
    """One origin.

    Attributes
    ----------
    scenario, inputs : what would have been planned with; the target is what was sold.
    actual : what each rep sold in the hidden months, by rep_id.
    total : its sum, money.
    notes : in words, what of the scenario cannot apply to the past and what stands in for it.
    """

    scenario: Scenario
    inputs: Inputs
    actual: pd.Series[float]
    total: float
    notes: tuple[str, ...]


def look_from(scenario: Scenario, inputs: Inputs, first: str, months: int) -> Past | None:
    """The scenario as planned for `months` months from `first` on; None where nothing was sold in them.

    Reps are those who had sold by then or were there, and had not left; nobody knew yet who would leave.
    """
    number = month_number(first)
    last = month_name(number + months - 1)
    known = inputs.history[inputs.history["month"] < first]
    roster = _roster(inputs, known, first)
    hidden = inputs.history[(inputs.history["month"] >= first) & (inputs.history["month"] <= last)]
    sold = hidden.groupby("rep_id")["amount"].sum().reindex(roster["rep_id"]).fillna(0.0)
    unit = Decimal(scenario.settings.rounding.to)
    total = int((Decimal(str(round(float(sold.sum()), 6))) / unit).to_integral_value(ROUND_HALF_EVEN)) * unit
    if total <= 0 or known.empty:
        return None
    notes = list[str]()
    settings = _settings(scenario, first, last, total, notes)
    past = Inputs(
        history=known.reset_index(drop=True),
        roster=roster,
        products=_products(inputs, known, last),
        assignments=_assignments(inputs, first),
        hashes=inputs.hashes,
        more=_more(inputs, first),
    )
    return Past(replace(scenario, settings=settings), past, sold, float(total), tuple(notes))


def _roster(inputs: Inputs, known: pd.DataFrame, first: str) -> pd.DataFrame:
    """Who was there: started before, or sold before, and had not left; later leaving dates are not known yet."""
    roster, day = inputs.roster, pd.Timestamp(f"{first}-01")
    sold = roster["rep_id"].isin(set(known["rep_id"]))
    started = roster["start_date"].notna() & (roster["start_date"] < day)
    there = (sold | started) & ~(roster["end_date"] < day) & ~find_vacant(roster)
    kept = roster[there].reset_index(drop=True)
    return kept.assign(end_date=kept["end_date"].where(kept["end_date"] < day))


def _products(inputs: Inputs, known: pd.DataFrame, last: str) -> pd.DataFrame:
    """Products sold before, or whose launch by then was announced."""
    table = inputs.products
    sold = table["product_id"].isin(set(known["product_id"]))
    return table[sold | ((table["launch_month"] != "") & (table["launch_month"] <= last))].reset_index(drop=True)


def _assignments(inputs: Inputs, first: str) -> pd.DataFrame | None:
    """Assignments made before; those that ended later had no end yet."""
    if inputs.assignments is None:
        return None
    day, table = pd.Timestamp(f"{first}-01"), inputs.assignments
    kept = table[table["start_date"].isna() | (table["start_date"] < day)].reset_index(drop=True)
    return kept.assign(end_date=kept["end_date"].where(kept["end_date"] < day))


def _more(inputs: Inputs, first: str) -> dict[str, pd.DataFrame]:
    """The other tables: leave that had begun, announced days; quotas of the past are nothing to plan with."""
    tables = {name: table for name, table in inputs.more.items() if name not in ("quotas", "excluded")}
    if len(leave := tables.get("leave", pd.DataFrame())):
        tables["leave"] = leave[leave["start_date"] < pd.Timestamp(f"{first}-01")].reset_index(drop=True)
    return tables


def _settings(scenario: Scenario, first: str, last: str, total: Decimal, notes: list[str]) -> Any:
    """The settings of then: months, the realised total without overassignment, rules that make sense."""
    settings = scenario.settings
    target = total / settings.unit
    rules: dict[str, Any] = {"meet_target": {}}
    for name, rule in _rules(scenario, target, notes):
        rules.setdefault(name, [])
        if isinstance(rules[name], list):
            rules[name].append(rule)
    forecast = settings.forecast.model_copy(
        update={
            "events": [event for event in settings.forecast.events if event.month < first],
            "keep_whales": [whale for whale in settings.forecast.keep_whales if whale.month < first],
        }
    )
    return settings.model_copy(
        update={
            "first_month": first, "last_month": last, "target": target, "overassignment": Decimal(0), "rules": rules,
            "by_region": {}, "by_product": {}, "forecast": forecast,
        }
    )  # fmt: skip


def _rules(scenario: Scenario, target: Decimal, notes: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The scenario's rules for another total: amounts become shares of it; what has no past is left out."""
    settings = scenario.settings
    for name, _, given in rule_tables(settings):
        if name in NO_PAST:
            if name != "keep_locks" or settings.data.locks:
                notes.append(f"{name}: {NO_PAST[name]} of that time; left out")
        elif name in NODES:
            yield name, _as_shares(name, given, settings.target, notes)
        elif name in AMOUNTS and target != settings.target:
            notes.append(f"{name}: amounts scaled from the target to what was sold")
            yield name, _scaled(given, AMOUNTS[name], target / settings.target)
        elif name != "meet_target":
            yield name, given


def _as_shares(name: str, given: dict[str, Any], target: Decimal, notes: list[str]) -> dict[str, Any]:
    """Values and ranges in money as shares of the target."""
    out, values = dict(given), given.get("values", {})
    if values:
        notes.append(f"{name}: amounts taken as shares of the target")
        del out["values"]
        exact = {key: Decimal(str(value)) / target for key, value in values.items()}
        if sum(Decimal(str(value)) for value in values.values()) == target:  # shares that add up to one exactly
            largest = max(exact, key=lambda key: exact[key])
            exact[largest] = 1 - sum((share for key, share in exact.items() if key != largest), Decimal(0))
        out["shares"] = {**given.get("shares", {}), **exact}
    if ranges := {key: pair for key, pair in given.get("ranges", {}).items() if max(pair) > 1}:
        notes.append(f"{name}: ranges of amounts taken as shares of the target")
        shares = {key: [Decimal(str(value)) / target for value in pair] for key, pair in ranges.items()}
        out["ranges"] = {**given["ranges"], **shares}
    return out


def _scaled(given: dict[str, Any], keys: tuple[str, ...], factor: Decimal) -> dict[str, Any]:
    out = dict(given)
    for key in set(keys) & set(given):
        value = given[key]
        scale = {k: Decimal(str(v)) * factor for k, v in value.items()} if isinstance(value, dict) else None
        out[key] = Decimal(str(value)) * factor if scale is None else scale
    return out


def past_cube(past: Past, months: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Known sales of the reps, shape (reps, products, months)."""
    history = past.inputs.history
    reps, products = past.inputs.roster["rep_id"], sorted(set(history["product_id"]))
    cube = np.zeros((len(reps), len(products), len(months)))
    at = [pd.Index(side).get_indexer(pd.Index(history[column])) for side, column in
          ((reps, "rep_id"), (products, "product_id"), (months, "month"))]  # fmt: skip
    rows = np.logical_and.reduce([k >= 0 for k in at])
    np.add.at(cube, tuple(k[rows] for k in at), history["amount"].to_numpy(np.float64)[rows])
    return cube
