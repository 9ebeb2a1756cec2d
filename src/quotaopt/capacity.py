"""What each rep can carry: potential × headcount × ramp, at the mean or at a chosen quantile.

*Headcount* is the share of full-time work present in a month: the roster's share, times the working days between
start and end date. *Ramp* is how productive a new rep is, by months since the start date. Capacity at a quantile is
what a rep sells over the plan or more with that probability's complement: every cell of the rep is scaled by one
*factor*, so that the rep's sum is that quantile of the rep's sampled sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.errors import Finding
from quotaopt.forecast import Forecast, cell_columns
from quotaopt.forecast.notes import list_names
from quotaopt.forecast.sampling.ranges import central_range, group_of
from quotaopt.forecast.sums import sum_groups
from quotaopt.market import Market, share_in_supply, supply_caps, weigh_market
from quotaopt.presence import find_presence
from quotaopt.workdays import make_workdays
from quotaopt.workload import hours_available, share_in_time

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Capacity:
    """What each rep can carry in each plan month.

    Attributes
    ----------
    headcount : full-time share present without leave, of a vacant seat the expected one, shape (reps, months).
    ramp : productivity of a new rep, 0..1, shape (reps, months).
    expected : mean potential × headcount × ramp, blended with the market's, at the plan's prices; money, shape
        (reps, products, months); never negative.
    factor : quantile of a rep's sum over the plan / its mean, shape (reps,); 1 where capacity is the mean.
    in_time : part of each rep's month for which there are hours, shape (reps, months); 1 without ``[workload]``.
    notes : what was set to zero.
    after_leaving : `expected` when people leave and are replaced, shape (reps, products, months); None when
        ``[attrition]`` says that nobody leaves.
    relieved : capacity that is missing because of leave, shape (reps, products, months); None when nobody is relieved.
    filled : probability that somebody holds the seat, shape (reps, months).
    days : working days of each month, shape (months,); None without a calendar.
    in_supply : part of each product's month that can be delivered, shape (products, months); None: all of it.
    market : how potentials and prices entered `expected`.
    """

    headcount: Floats
    ramp: Floats
    expected: Floats
    factor: Floats
    in_time: Floats
    notes: tuple[Finding, ...] = ()
    after_leaving: Floats | None = None
    relieved: Floats | None = None
    filled: Floats | None = None
    days: Floats | None = None
    in_supply: Floats | None = None
    market: Market | None = None

    @property
    def tilt(self) -> Floats:
        """What potentials and prices make of a rep's expected sales, shape (reps,)."""
        return np.ones_like(self.factor) if self.market is None else self.market.tilt

    @property
    def presence(self) -> Floats:
        """Headcount × ramp, shape (reps, months)."""
        return np.asarray(self.headcount * self.ramp)

    @cached_property
    def values(self) -> Floats:
        """Capacity: ``expected × factor × in_time × in_supply``, money, shape (reps, products, months)."""
        cells = self.expected * (self.factor[:, None] * self.in_time)[:, None, :]
        return np.asarray(cells if self.in_supply is None else cells * self.in_supply)


def make_capacity(forecast: Forecast, inputs: Inputs, settings: Settings) -> Capacity:
    """Capacity of every rep × product × plan month, at ``settings.forecast.capacity``."""
    roster = inputs.roster.set_index("rep_id").loc[list(forecast.reps)]
    here = find_presence(roster, forecast.months, inputs, settings)
    headcount, ramp = here.headcount, here.ramp
    presence = headcount * ramp
    expected = np.maximum(forecast.mean, 0.0) * presence[:, None, :]
    factor, notes = np.ones(len(forecast.reps)), _note_floored(forecast, presence)
    at = settings.forecast.capacity
    if at != "mean":
        wanted = np.quantile(rep_sums(forecast, presence), float(at), axis=1)
        mean = expected.sum(axis=(1, 2))
        factor = np.divide(np.maximum(wanted, 0.0), mean, out=factor, where=mean > 0)
        notes += _note_nothing(forecast, wanted, float(at))
    left = None
    if settings.attrition.anybody:
        left = np.maximum(forecast.mean, 0.0) * here.lasting[:, None, :]
    market = weigh_market(expected, presence, forecast, inputs, settings)
    tilt = market.tilt[:, None, None]
    away = np.maximum(forecast.mean, 0.0) * (here.on_leave * ramp)[:, None, :] * tilt
    calendar = make_workdays(inputs, settings)
    days = calendar.in_months(forecast.months) if calendar.name else None
    hours = hours_available(headcount + here.on_leave, forecast.reps, inputs, settings)  # hours and sales miss alike
    in_time = share_in_time((market.cells + away) * factor[:, None, None], hours, forecast.products, settings)
    relieved = away * (factor[:, None] * in_time)[:, None, :] if here.on_leave.any() else None
    in_supply = share_in_supply(
        market.cells * (factor[:, None] * in_time)[:, None, :],
        supply_caps(inputs, forecast.products, forecast.months),
    )
    return Capacity(
        headcount, ramp, market.cells, factor, in_time, (*notes, *market.notes), None if left is None else left * tilt,
        relieved, here.filled, days, in_supply, market,
    )  # fmt: skip


def _note_floored(forecast: Forecast, presence: Floats) -> tuple[Finding, ...]:
    """Potential below zero (more returns than sales), by how much it was raised, in money."""
    below = (np.minimum(forecast.mean, 0.0) * presence[:, None, :]).sum(axis=(1, 2))
    if not below.any():
        return ()
    reps = [f"{forecast.reps[r]} ({-below[r]:,.0f})" for r in np.flatnonzero(below)]
    what = f"more returns than sales: capacity is 0 there, so higher than the forecast, for {list_names(reps)}"
    return (Finding(what, severity="warning", code="floored"),)


def _note_nothing(forecast: Forecast, wanted: Floats, at: float) -> tuple[Finding, ...]:
    reps = [forecast.reps[r] for r in np.flatnonzero(wanted < 0)]
    if not reps:
        return ()
    what = f"the {at:g} quantile of the plan's sales is below 0, so capacity is 0, for {list_names(reps)}"
    return (Finding(what, severity="warning", code="floored"),)


def rep_sums(forecast: Forecast, presence: Floats) -> Floats:
    """What each rep sells over the plan in each draw, shape (reps, draws).

    Parameters
    ----------
    presence : headcount × ramp, shape (reps, months).
    """
    return np.asarray(np.einsum("rtb,rt->rb", forecast.samples, presence))


def capacity_table(forecast: Forecast, capacity: Capacity) -> pd.DataFrame:
    """One row per rep × product × period: potential, headcount, ramp, factor, limited_by, capacity.

    With a calendar also working_days.
    """
    shape = forecast.mean.shape
    days = (
        {}
        if capacity.days is None
        else {"working_days": np.broadcast_to(capacity.days.astype(np.int64), shape).ravel()}
    )
    return pd.DataFrame(
        {
            **cell_columns(forecast),
            "potential": forecast.mean.ravel(),
            "headcount": np.broadcast_to(capacity.headcount[:, None, :], shape).ravel(),
            "ramp": np.broadcast_to(capacity.ramp[:, None, :], shape).ravel(),
            "factor": np.broadcast_to(capacity.factor[:, None, None], shape).ravel(),
            "limited_by": np.broadcast_to(_limited_by(capacity), shape).ravel(),
            "capacity": capacity.values.ravel(),
            **days,
        }
    )


def _limited_by(capacity: Capacity) -> NDArray[np.object_]:
    """What binds each cell, the last limit that lowered it first; broadcastable to (reps, products, months)."""
    by = np.where(capacity.in_time < 1, "workload", "forecast").astype(object)[:, None, :]
    return by if capacity.in_supply is None else np.where(capacity.in_supply < 1, "supply", by)


def outlook_table(forecast: Forecast, capacity: Capacity, inputs: Inputs, settings: Settings) -> pd.DataFrame:
    """What company, regions and reps will sell over the plan, each from its own sample paths.

    Columns
    -------
    level, key, name : ``all``, ``region`` or ``rep``, and which one.
    potential : mean of full-time, fully ramped reps.
    expected : mean of those present.
    low, high : central interval of the same, of the share ``forecast.level``.
    capacity : what the plan uses, the sum of the reps' capacities.
    quantile : the quantile that capacity is taken at, of this level's own sum; `expected` where it is the mean.
    after_leaving : `expected` when people leave and are replaced; nan when ``[attrition]`` says that nobody does.
    """
    roster = inputs.roster.set_index("rep_id").loc[list(forecast.reps)]
    sums = rep_sums(forecast, capacity.presence) * capacity.tilt[:, None]
    left = np.full_like(capacity.expected, np.nan) if capacity.after_leaving is None else capacity.after_leaving
    cells = (forecast.mean, capacity.expected, capacity.values, left)
    mean = np.stack([cell.sum(axis=(1, 2)) for cell in cells], axis=1)
    at, parts = settings.forecast.capacity, []
    for level, labels in (("all", ["all"] * len(roster)), ("region", roster["region"]), ("rep", forecast.reps)):
        keys, group = group_of([str(label) for label in labels])
        paths, (potential, expected, used, after) = (
            sum_groups(sums, group, len(keys)),
            sum_groups(mean, group, len(keys)).T,
        )
        low, high = central_range(paths, float(settings.forecast.level))
        quantile = expected if at == "mean" else np.maximum(np.quantile(paths, float(at), axis=1), 0.0)
        part = {"level": level, "key": keys, "potential": potential, "expected": expected, "low": low, "high": high,
                "capacity": used, "quantile": quantile, "after_leaving": after}  # fmt: skip
        parts.append(pd.DataFrame(part))
    table = pd.concat(parts, ignore_index=True)
    names = table["key"].map(roster["rep_name"]).where(table["level"] == "rep")
    table.insert(2, "name", names.fillna(""))
    return table
