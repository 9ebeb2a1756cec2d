"""Forecasters: one signature, one registry.

A forecaster takes a `Panel` and a horizon and returns the mean of the months after it, shape (reps, products,
horizon). It sees mature reps only; the blend with peers for the others comes after it, the same for all.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from quotaopt.forecast.panel import YEAR, Floats, Panel
from quotaopt.registry import Registry

Forecaster = Callable[[Panel, int], Floats]
forecasters: Registry[Forecaster] = Registry("forecaster")


@forecasters
def seasonal_naive(panel: Panel, horizon: int) -> Floats:
    """Each month as the same month a year before."""
    last = panel.values[:, :, -YEAR:]
    filled = np.where(np.isnan(last), recent_level(panel)[:, :, None], last)
    if panel.length < YEAR:
        return np.repeat(recent_level(panel)[:, :, None], horizon, axis=2)
    return np.tile(filled, -(-horizon // YEAR))[:, :, :horizon]


@forecasters
def trailing_mean(panel: Panel, horizon: int) -> Floats:
    """Each month as the mean of the last 12 months."""
    return np.repeat(recent_level(panel)[:, :, None], horizon, axis=2)


@forecasters
def last_year_sum(panel: Panel, horizon: int) -> Floats:
    """The last 12 months' sum of each rep × product, spread over the year as the company's was."""
    company = np.nansum(seasonal_naive(panel, horizon), axis=(0, 1))
    mean = company.mean() if horizon % YEAR == 0 else np.nansum(recent_level(panel))
    pattern = company / mean if mean > 0 else np.ones(horizon)
    return recent_level(panel)[:, :, None] * pattern


def recent_level(panel: Panel) -> Floats:
    """Mean of the months seen in the last year, shape (reps, products); 0 where there are none."""
    last = panel.values[:, :, -YEAR:]
    seen = ~np.isnan(last)
    return np.asarray(np.where(seen, last, 0.0).sum(axis=2) / np.maximum(seen.sum(axis=2), 1))


def season_level(panel: Panel, factors: Floats) -> Floats:
    """Level of an average month from the last year: sales over the season of the months seen.

    ``(y + y / k) / (f + 1)`` for sales y and the season f of k months: one average month more is taken as it is. So a
    sale hardly in season does not multiply a new hire, ``(k + 1)`` times the mean at most; after a year it is the mean.
    """
    last, season = panel.values[:, :, -YEAR:], factors[:, :, panel.slots[-YEAR:]]
    seen = ~np.isnan(last)
    months = np.maximum(seen.sum(axis=2), 1)
    weight = np.where(seen, season, 0.0).sum(axis=2)
    return np.asarray(np.where(seen, last, 0.0).sum(axis=2) * (1 + 1 / months) / (weight + 1))
