"""What of the forecast nobody will sell: territories without a rep, and those of reps who have left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.errors import Finding
from quotaopt.forecast.notes import list_names
from quotaopt.forecast.panel import Bools, Floats, warn
from quotaopt.presence import find_presence, find_vacant

if TYPE_CHECKING:
    from quotaopt.forecast.forecast import Forecast
    from quotaopt.forecast.history.past import Past
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

COLUMNS = ("holder", "region", "period", "potential")
BY_REP = (
    "mean", "low", "high", "rep_mean", "rep_spread", "last_year", "full_last_year", "method", "months_used", "flag",
    "own_weight", "samples",
)  # fmt: skip
REMEDY = "Assign a successor in the table of assignments (data.assignments), or add a seat to the roster."


def leave_vacant(forecast: Forecast, past: Past, inputs: Inputs, settings: Settings) -> Forecast:
    """Scale each row by what it holds in each month, and keep the rows of the roster only.

    `Forecast.vacant` then holds what is left over: one row per territory or leaver and month, with the potential of
    that month times the share that nobody is there to sell. A rep who leaves keeps the potential: capacity is zero
    without anybody there, and what cannot be sold is never given to peers unasked.
    """
    made = _scale(forecast, past.held) if (past.held != 1).any() else forecast
    monthly = made.mean.sum(axis=1)
    open_share = np.where(past.vacant[:, None], 1.0, _absent(made, past, inputs, settings))
    vacant = _table(made, past, monthly * open_share)
    notes = (*made.notes, *_note(vacant, monthly, past))
    return replace(_keep(made, ~past.vacant) if past.vacant.any() else made, vacant=vacant, notes=notes)


def _scale(forecast: Forecast, held: Floats) -> Forecast:
    mean, low, high = (values * held[:, None, :] for values in (forecast.mean, forecast.low, forecast.high))
    samples = forecast.samples * held[:, :, None]
    sums = {"rep_mean": mean.sum(axis=(1, 2)), "rep_spread": samples.sum(axis=1).std(axis=1)}
    return replace(forecast, mean=mean, low=low, high=high, samples=samples, **sums)


def _keep(forecast: Forecast, rows: Bools) -> Forecast:
    kept = {name: getattr(forecast, name)[rows] for name in BY_REP}
    return replace(forecast, reps=tuple(np.array(forecast.reps, dtype=object)[rows]), **kept)


def _absent(forecast: Forecast, past: Past, inputs: Inputs, settings: Settings) -> Floats:
    """Share of each month in which nobody holds what a rep of the roster has: left, or not there yet.

    Not there yet are people with a territory before their start date, and vacant seats with a territory or past sales.
    Shape (rows, months); 0 for rows that are vacant anyway.
    """
    out = np.zeros((len(forecast.reps), len(forecast.months)))
    reps = [rep for rep, vacant in zip(forecast.reps, past.vacant, strict=True) if not vacant]
    roster = inputs.roster.assign(rep_id=inputs.roster["rep_id"].astype(str)).set_index("rep_id").loc[reps]
    assigned = set() if inputs.assignments is None else set(inputs.assignments["rep_id"])
    sold = set(inputs.history["rep_id"].astype(str)) if find_vacant(roster).any() else set()
    waits = roster.index.isin(list(assigned)) | (find_vacant(roster) & roster.index.isin(list(sold)))
    there = find_presence(
        roster.assign(start_date=roster["start_date"].where(waits)), forecast.months, inputs, settings
    )
    out[~past.vacant] = np.where((find_vacant(roster) & ~waits)[:, None], 0.0, 1.0 - there.filled)
    return out


def _table(forecast: Forecast, past: Past, amount: Floats) -> pd.DataFrame:
    row, month = np.nonzero(amount > 0)
    columns = (np.array(forecast.reps, dtype=object)[row], past.panel.region[row], np.array(forecast.months)[month])
    return pd.DataFrame(dict(zip(COLUMNS, (*columns, amount[row, month]), strict=True)))


def _note(vacant: pd.DataFrame, monthly: Floats, past: Past) -> Iterator[Finding]:
    """One sentence per region: how much, from when to when, and whose."""
    for region, rows in vacant.groupby("region", sort=True):
        total = monthly[past.panel.region == region].sum()
        first, last = rows["period"].min(), rows["period"].max()
        when = f"{first} to {last}" if last > first else first
        share = f"{100 * rows['potential'].sum() / total:.1f} %"
        who = list_names(sorted(set(rows["holder"])))
        of = f"{region!s}'s forecast" if region else "the forecast without a region"
        what = f"{share} of {of}, {rows['potential'].sum():,.0f}, is held by nobody ({when}): {who}"
        yield warn(what, REMEDY, code="vacant")
