"""Rep effects: each rep's share of the company, from own history as far as reps differ, from the others as not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quotaopt.forecast.panel import YEAR, Bools, Floats

# A month counts half as much as one two years younger. The shares of people change slowly: on AdventureWorks, CRM
# and tourism data anything from one and a half to four years did as well, a year or less clearly worse.
HALF_LIFE = 2 * YEAR
OWN_NOISE = 0.5  # weight of a rep's own noise against that of all reps
FURTHEST = 1.5  # standard deviations of all reps that a share may be moved by at most: nobody is made average
STEPS = 50


class Effects(NamedTuple):
    """Shares of the reps in the company's sales, and why.

    Attributes
    ----------
    share : sums to 1 over the reps; nan without history or without positive sales, shape (reps,).
    own : weight of a rep's own history in it, shape (reps,).
    between : standard deviation between reps of the logarithm of their level.
    within : standard deviation of a single month of a rep, relative to its level.
    """

    share: Floats
    own: Floats
    between: float
    within: float


def find_effects(reps: Floats, company: Floats) -> Effects:
    """Shares from months without season, like for like.

    Parameters
    ----------
    reps : shape (reps, months), money; nan = missing.
    company : their sum with missing months filled, shape (months,).

    A rep's level is the sum of its months over that of the company's in the same months, with weights that halve
    every `HALF_LIFE`. Its logarithm moves towards the mean of all reps by the empirical-Bayes weight
    ``noise / (noise + between²)`` (Efron & Morris 1973): noise is the variance of a month over the number of months
    there are, `between` is estimated from the levels (Paule & Mandel 1982). Where reps are alike, `between` is 0 and
    all are equal; where they differ, own history is all. The move is limited (Efron & Morris 1972), so that a star
    stays one.
    """
    seen = ~np.isnan(reps) & (company > 0)
    weight = seen * 0.5 ** (np.arange(len(company))[::-1] / HALF_LIFE)
    sales = np.where(seen, reps, 0.0)
    there = weight @ np.where(company > 0, company, 0.0)
    level = np.divide((sales * weight).sum(axis=1), there, out=np.zeros(len(reps)), where=there > 0)
    known = level > 0
    share = np.full(len(reps), np.nan)
    if not known.any():
        return Effects(share, np.ones(len(reps)), 0.0, 0.0)
    month = _relative_noise(sales, np.where(seen, company, 0.0), level, seen)[known]
    months = weight.sum(axis=1) ** 2 / np.maximum((weight**2).sum(axis=1), 1e-300)
    noise = month / months[known]
    log = np.log(level[known])
    between, centre = _between(log, noise)
    spread = np.sqrt(between + noise)
    away = np.divide(log - centre, spread, out=np.zeros_like(log), where=spread > 0)
    own = np.divide(between, between + noise, out=np.ones_like(log), where=between + noise > 0)
    moved = np.exp(log - (1 - own) * np.clip(away, -FURTHEST, FURTHEST) * spread)
    share[known] = moved / moved.sum()
    weights = np.ones(len(reps))
    weights[known] = own
    return Effects(share, weights, float(np.sqrt(between)), float(np.sqrt(np.mean(month))))


def _relative_noise(sales: Floats, company: Floats, level: Floats, seen: Bools) -> Floats:
    """Variance of a month around level × company over the mean level × company, half own, half of all reps."""
    expected = level[:, None] * company
    count = np.maximum(seen.sum(axis=1), 1)
    size = expected.sum(axis=1) / count
    variance = ((sales - np.where(seen, expected, 0.0)) ** 2).sum(axis=1) / np.maximum(count - 1, 1)
    whole = float((size**2).sum())
    common = float(variance.sum()) / whole if whole > 0 else 0.0
    own = np.divide(variance, size**2, out=np.zeros_like(size), where=size > 0)
    return np.asarray(OWN_NOISE * own + (1 - OWN_NOISE) * common)


def _between(log: Floats, noise: Floats) -> tuple[float, float]:
    """Variance between reps beyond their noise and the mean it is around, by Paule & Mandel's iteration."""
    between, freedom = 0.0, len(log) - 1
    floor = 1e-12 * float(np.var(log)) + 1e-300
    centre = float(np.mean(log))
    for _ in range(STEPS):
        weight = 1.0 / (between + noise + floor)
        centre = float((weight * log).sum() / weight.sum())
        gap = weight * (log - centre) ** 2
        slope = float((weight * gap).sum())
        step = (float(gap.sum()) - freedom) / slope if slope > 0 else 0.0
        between = max(between + step, 0.0)
    return between, centre
