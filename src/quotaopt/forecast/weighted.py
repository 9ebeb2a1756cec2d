"""A weighted mean of several past years: no model, and everybody can check it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quotaopt.errors import Finding
from quotaopt.forecast.methods import forecasters, recent_level
from quotaopt.forecast.notes import list_names
from quotaopt.forecast.panel import YEAR, Floats, Panel, warn


@forecasters
def weighted_years(panel: Panel, horizon: int) -> Floats:
    """Each month as the weighted mean of the same month in past years, by `forecast.weights`."""
    past, weight = _past_years(panel)
    total = weight.sum(axis=0)
    mean = np.divide((weight * past).sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    mean = np.where(total > 0, mean, recent_level(panel)[:, :, None])
    return np.tile(mean, -(-horizon // YEAR))[:, :, :horizon]


def _past_years(panel: Panel) -> tuple[Floats, Floats]:
    """Months of each past year, last year first, and their weights, 0 where missing.

    Shapes (years, reps, products, 12). Years of which nothing is known leave their weight to the others.
    """
    n = len(panel.year_weights)
    shape = (*panel.values.shape[:2], max(n * YEAR - panel.length, 0))
    values = np.concatenate([np.full(shape, np.nan), panel.values[:, :, -n * YEAR :]], axis=2)
    years = values.reshape(*shape[:2], n, YEAR).transpose(2, 0, 1, 3)[::-1]
    known = ~np.isnan(years)
    return np.where(known, years, 0.0), known * np.array(panel.year_weights)[:, None, None, None]


def note_weights(panel: Panel) -> Iterator[Finding]:
    """How much each year counts, and for which reps a year is missing."""
    past, weight = _past_years(panel)
    total = weight.sum(axis=0)
    part = np.divide(weight * past, total, out=np.zeros_like(past), where=total > 0).sum(axis=(1, 2, 3))
    if part.sum() > 0:
        shares = ", ".join(f"{100 * share:.0f} %" for share in part / part.sum())
        yield warn(f"shares of past years in the forecast, last year first: {shares}", code="weights")
    known = (weight > 0).any(axis=(2, 3)).sum(axis=0)
    wanted = sum(w > 0 for w in panel.year_weights)
    if (known < wanted).any():
        names = [f"{panel.reps[r]} ({known[r]} of {wanted})" for r in np.flatnonzero(known < wanted)]
        yield warn(f"years missing, so the others count for more: {list_names(names)}", code="weights")
