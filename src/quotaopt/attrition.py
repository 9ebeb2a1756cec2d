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


def seat_ramp(roster: pd.DataFrame, there: Floats, ramp: Floats, settings: Settings) -> Floats:
    """Expected productivity of each seat in each plan month, shape (reps, months).

    With a share `a` of a role leaving at the end of each month, a seat is held by its present rep with probability
    ``(1 − a)^t`` t months after the rep's first month in the plan. Whoever leaves is followed, after `backfill` empty
    months, by a person who ramps up as ``ramp.profile`` says and may leave as well: ``(1 − a)·ramped + a·(0 while
    empty, then ramp)``, month by month.

    Parameters
    ----------
    roster : one row per rep, in the order of `ramp`.
    there : share of the month in which the present rep is there, shape (reps, months).
    ramp : productivity of the present reps, shape (reps, months).
    """
    rule, months = settings.attrition, ramp.shape[1]
    monthly = np.array([rule.monthly.get(str(role), rule.other) for role in roster["role"]])[:, None]
    kept = (1 - monthly) ** np.arange(months)
    since = np.arange(months) - (there > 0).argmax(axis=1)[:, None]
    first = np.where(since >= 0, (1 - monthly) ** np.maximum(since, 0), 0.0)
    profile = np.ones(months)
    profile[: len(settings.ramp.profile)] = settings.ramp.profile[:months]
    hired, held = np.zeros_like(ramp), first.copy()
    out = first * ramp
    for month in range(rule.backfill + 1, months):
        hired[:, month] = (monthly * held)[:, month - 1 - rule.backfill]
        follow = kept[:, : months - month] * hired[:, month, None]
        held[:, month:] = held[:, month:] + follow
        out[:, month:] = out[:, month:] + follow * profile[: months - month]
    return np.asarray(out)
