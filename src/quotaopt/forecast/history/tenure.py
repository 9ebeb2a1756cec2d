"""How new reps in the history came up to speed, held against the ramp the scenario declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from quotaopt.errors import Finding
from quotaopt.forecast.panel import YEAR, Floats, Panel, month_name, warn
from quotaopt.presence import read_ramp
from quotaopt.workdays import make_workdays

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

FEWEST_REPS, FEWEST_MONTHS = 5, 6
LEAST_GAP = 0.15  # of full productivity, on average over the first year


def measure_tenure(panel: Panel, start: Floats) -> tuple[Floats, int]:
    """Sales by months since the start over those after the first year, and the number of reps it rests on.

    Each rep's month is held against the same month of the reps who were there throughout, so that seasons and growth
    cancel. Of reps with half a year after their first year.

    Parameters
    ----------
    start : month number of each rep's start, nan where unknown, shape (reps,).

    Returns
    -------
    Shares of months 0 to 11, nan where nobody is known.
    """
    age = np.arange(panel.first, panel.first + panel.length) - start[:, None]
    total = np.where(panel.seen, np.nansum(panel.values, axis=1), np.nan)
    settled = panel.seen.all(axis=1) & ~(start + YEAR > panel.first)
    others = total[settled].sum(axis=0)
    ratio = np.divide(total, others, out=np.full_like(total, np.nan), where=others > 0)
    after = (age >= YEAR) & ~np.isnan(ratio)
    use = (start >= panel.first) & (after.sum(axis=1) >= FEWEST_MONTHS)
    level = np.where(after, ratio, 0.0).sum(axis=1) / np.maximum(after.sum(axis=1), 1)
    shares = np.full(YEAR, np.nan)
    for month in range(YEAR):
        here = (age == month) & ~np.isnan(ratio) & use[:, None]
        base = float((here * level[:, None]).sum())
        if base > 0:
            shares[month] = float(ratio[here].sum()) / base
    return shares, int(use.sum())


def note_ramp(panel: Panel, inputs: Inputs, settings: Settings) -> Iterator[Finding]:
    """A note where new reps in the history came up to speed otherwise than their ramp profile says.

    The panel is divided by the declared ramp already: what is left is how far it was off.
    """
    if inputs.assignments is not None and settings.data.history_follows != "rep":
        return
    roster = inputs.roster.assign(rep_id=inputs.roster["rep_id"].astype(str)).set_index("rep_id")
    roster = roster.reindex(list(panel.reps))
    date = roster["start_date"].to_numpy("datetime64[M]")
    start = np.where(np.isnat(date), np.nan, date.astype(np.int64) + 1970.0 * YEAR)
    shares, reps = measure_tenure(panel, start)
    if reps < FEWEST_REPS:
        return
    started = roster[(start >= panel.first) & roster["start_date"].notna()]
    months = [month_name(panel.first + t) for t in range(panel.length)]
    ramp = read_ramp(started, months, settings, make_workdays(inputs, settings))
    age = np.arange(panel.first, panel.first + panel.length) - start[(start >= panel.first)][:, None]
    declared = np.array([ramp[age == m].mean() if (age == m).any() else 1.0 for m in range(YEAR)])
    known = ~np.isnan(shares)
    found = np.where(known, shares * declared, declared)
    if np.abs(found - declared)[known].mean() > LEAST_GAP:
        text = ", ".join(f"{min(f, 1.0):.2f}" for f in found)
        said = ", ".join(f"{d:.2f}" for d in declared)
        what = f"{reps} new reps sold {text} of a full month in their first twelve; the ramp profile says {said}"
        yield warn(what, f"Consider ramp.profile = [{text}].", code="ramp")
