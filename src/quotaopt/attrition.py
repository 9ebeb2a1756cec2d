"""People who leave and are replaced: what a seat produces on average, for the company's feasibility only.

An individual's quota never counts on the individual leaving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from quotaopt.settings import Settings

Floats = NDArray[np.float64]


def seat_ramp(roster: pd.DataFrame, ramp: Floats, settings: Settings) -> Floats:
    """Expected productivity of each seat in each plan month, shape (reps, months).

    With a share `a` of a role leaving at the end of each month, a seat is held by its present rep with probability
    ``(1 − a)^t`` after t months. Whoever leaves is followed, after `backfill` empty months, by a person who ramps up
    as ``ramp.profile`` says and may leave as well: ``(1 − a)·ramped + a·(0 while empty, then ramp)``, month by month.

    Parameters
    ----------
    roster : one row per rep, in the order of `ramp`.
    ramp : productivity of the present reps, shape (reps, months).
    """
    rule, months = settings.attrition, ramp.shape[1]
    monthly = np.array([rule.monthly.get(str(role), rule.other) for role in roster["role"]])[:, None]
    kept = (1 - monthly) ** np.arange(months)
    profile = np.ones(months)
    profile[: len(settings.ramp.profile)] = settings.ramp.profile[:months]
    hired, there = np.zeros_like(ramp), kept.copy()
    out = kept * ramp
    for month in range(rule.backfill + 1, months):
        hired[:, month] = (monthly * there)[:, month - 1 - rule.backfill]
        since = kept[:, : months - month] * hired[:, month, None]
        there[:, month:] = there[:, month:] + since
        out[:, month:] = out[:, month:] + since * profile[: months - month]
    return np.asarray(out)
