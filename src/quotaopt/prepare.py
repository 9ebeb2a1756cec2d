"""Align a scenario, its data and its capacity into the `Problem` the optimiser sees."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr

from quotaopt import columns as c
from quotaopt.byhand import check_decisions, make_locks
from quotaopt.capacity import rep_sums
from quotaopt.errors import Finding, InputError
from quotaopt.ledgers.overlay import note_overlays
from quotaopt.market import supply_caps
from quotaopt.nodes import check_targets, levels_of, node_targets, quota_total
from quotaopt.optimize.statement import state
from quotaopt.policy import rule_uses
from quotaopt.problem import SCORES, Bools, Cube, Floats, Index, Problem

if TYPE_CHECKING:
    from quotaopt.capacity import Capacity
    from quotaopt.forecast import Forecast
    from quotaopt.scenario import Scenario
    from quotaopt.tables import Inputs

# A cell a rep could fill although its forecast is nothing keeps this share of an even pattern, so that a rule may
# still use it; without such a rule it stays practically empty.
FAINT = 1e-6


def prepare(scenario: Scenario, inputs: Inputs, forecast: Forecast, capacity: Capacity) -> Problem:
    """Align labels and amounts; amounts become rounding units."""
    settings = scenario.settings
    unit = Decimal(settings.rounding.to)
    index = make_index(inputs, forecast.reps, forecast.products, forecast.months, levels_of(settings))
    per_unit = 1.0 / float(unit)
    available = _available(inputs, forecast)
    values = capacity.values * per_unit * available
    target = quota_total(settings.target * settings.unit, settings.all_hedges, unit)
    relieved = None if capacity.relieved is None else capacity.relieved * per_unit * available
    relief = relieve(target, values, relieved) if settings.leave.to == "company" else None
    plan = _plan_cube(index, inputs.plan, unit)
    expected, potential = (capacity.expected * per_unit * available).sum(axis=(1, 2)), forecast.rep_mean * per_unit
    present = np.divide(expected, potential, out=np.zeros_like(expected), where=potential > 0)
    return Problem(
        index=index,
        unit=unit,
        target=target - (0 if relief is None else round(float(relief.sum()))),
        capacity=Cube(index, values),
        reference=Cube(index, _reference(values if plan is None else plan, values, available)),
        last_year=Cube(index, forecast.last_year * per_unit),
        expected=expected,
        spread=forecast.rep_spread * per_unit * present,
        presence=capacity.presence.mean(axis=1),
        full_last_year=np.asarray(forecast.full_last_year, dtype=bool),
        overassignment=settings.all_hedges,
        money=settings.unit,
        plan=None if plan is None else Cube(index, plan),
        quantiles=make_quantiles(rep_sums(forecast, capacity.presence) * (capacity.tilt[:, None] * per_unit)),
        locks=make_locks(inputs, settings),
        nodes=node_targets(scenario, inputs, index, relief),
        relieved=None if relieved is None else Cube(index, relieved),
        relief=relief,
        supply=_supply(inputs, index, per_unit),
    )


def relieve(target: int, capacity: Floats, relieved: Floats | None) -> Floats | None:
    """Quota that goes with missing capacity when the whole target is shared out by capacity, R × P × T.

    ``target × relieved / sum(capacity + relieved)``: what each cell would have been asked for without leave.
    """
    if relieved is None:
        return None
    whole = float(capacity.sum() + relieved.sum())
    return np.asarray(relieved / whole * target) if whole > 0 else None


def check_data(scenario: Scenario, inputs: Inputs) -> list[Finding]:
    """What the rules and the rounding unit cannot work with in this data: unknown names, amounts that do not fit.

    The rules are stated on a placeholder of the right shape; only their names are looked at.
    """
    settings, unit = scenario.settings, Decimal(scenario.settings.rounding.to)
    findings = [*check_decisions(scenario, inputs)]
    exact = settings.target * settings.unit * (1 + settings.all_hedges)
    if exact % unit:
        named = "overassignment" if settings.overassignment else "all hedges"
        total = quota_total(settings.target * settings.unit, settings.all_hedges, unit) * unit
        what = f"quotas will add up to {total:f}: target × (1 + {named}) is {exact:f}, no multiple of {unit}"
        findings.append(Finding(what, severity="warning", code="rounding"))
    reps, products = sorted(inputs.roster["rep_id"]), sorted(inputs.products["product_id"])
    index = make_index(inputs, reps, products, settings.months, levels_of(settings))
    findings += check_targets(scenario, inputs, index)
    nothing, one = np.zeros(len(reps)), np.ones(len(reps))
    cube = Cube(index, np.ones(index.shape))
    whole = Problem(
        index, unit, 1, cube, cube, cube, one, one, one, nothing > 0, settings.all_hedges, settings.unit,
        plan=None if inputs.plan is None else cube, supply=_supply(inputs, index, 1.0),
    )  # fmt: skip
    findings += note_overlays(inputs, index, settings)
    for use in rule_uses(scenario):
        try:
            state(whole, [use])
        except InputError as error:
            findings += error.findings
    return findings


def make_quantiles(sums: Floats) -> Floats:
    """Quantiles at the normal scores `SCORES` (R × K) of equally likely sums (R × B), never below zero.

    Median-unbiased quantiles (Hyndman & Fan 1996, type 8) up to ±2; the ends carry the slope of the score before on,
    because few samples lie beyond.
    """
    inner = np.quantile(sums, ndtr(SCORES[1:-1]), axis=1, method="median_unbiased").T
    one = int(np.abs(SCORES[1:-1] - SCORES[1] - 1).argmin())
    low, high = 2 * inner[:, 0] - inner[:, one], 2 * inner[:, -1] - inner[:, -1 - one]
    return np.asarray(np.maximum(np.column_stack([low, inner, high]), 0.0))


def make_index(
    inputs: Inputs, reps: Sequence[str], products: Sequence[str], months: Sequence[str], levels: Sequence[str] = ()
) -> Index:
    """Sorted labels with the attributes one may total by; `levels` are columns of the roster beside the known ones."""
    roster = inputs.roster.set_index("rep_id").loc[list(reps)]
    catalogue = inputs.products.set_index("product_id").loc[list(products)]
    year, month = (np.array([int(m[k]) for m in months]) for k in (slice(0, 4), slice(5, 7)))
    time = pd.DataFrame(
        {
            c.QUARTER: [f"{y}-Q{(m + 2) // 3}" for y, m in zip(year, month, strict=True)],
            c.HALF: [f"{y}-H{(m + 5) // 6}" for y, m in zip(year, month, strict=True)],
        },
        index=pd.Index(months),
    )
    attributes = dict.fromkeys((*c.REP_ATTRIBUTES[1:], *levels))
    return Index(roster[[*attributes]].astype(str), catalogue[list(c.PRODUCT_ATTRIBUTES[1:])].astype(str), time)


def _supply(inputs: Inputs, index: Index, per_unit: float) -> Floats | None:
    """Supply caps in units, P × T."""
    caps = supply_caps(inputs, *(list(map(str, side.index)) for side in (index.products, index.months)))
    return None if caps is None else caps * per_unit


def _available(inputs: Inputs, forecast: Forecast) -> Bools:
    """Whether a product is sold in a month: 1 × P × T."""
    catalogue = inputs.products.set_index("product_id").loc[list(forecast.products)]
    months = np.array(forecast.months)
    launch, end = (catalogue[k].to_numpy(dtype=str)[:, None] for k in ("launch_month", "end_month"))
    return np.asarray(((launch <= months) & ((end == "") | (months <= end)))[None, :, :], dtype=bool)


def _reference(pattern: Floats, capacity: Floats, available: Bools) -> Floats:
    """The pattern the spread follows, faintly positive wherever a quota may stand."""
    products, months = capacity.sum(axis=2, keepdims=True), capacity.sum(axis=1, keepdims=True)
    total = capacity.sum(axis=(1, 2), keepdims=True)
    even = np.divide(products * months, total, out=np.zeros_like(capacity), where=total > 0) * available
    return np.asarray(np.where(even > 0, np.maximum(pattern, FAINT * even), 0.0))


def _plan_cube(index: Index, plan: pd.DataFrame | None, unit: Decimal) -> Floats | None:
    """The current plan in units, R × P × T."""
    if plan is None:
        return None
    cube = np.zeros(index.shape)
    at = tuple(
        t.index.get_indexer(pd.Index(plan[k]))
        for t, k in zip((index.reps, index.products, index.months), ("rep_id", "product_id", "month"), strict=True)
    )
    inside = np.logical_and.reduce([k >= 0 for k in at])
    np.add.at(cube, tuple(k[inside] for k in at), plan["quota"].astype(float).to_numpy()[inside] / float(unit))
    return cube
