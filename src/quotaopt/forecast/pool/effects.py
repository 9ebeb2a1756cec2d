"""Rep effects: who sells how much of the year, from own history as far as reps differ, from the others as not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quotaopt.forecast.panel import YEAR, Bools, Floats, Ints
from quotaopt.forecast.sums import divide

USUAL = 1.5 * YEAR  # months after which a month counts half
OWN_NOISE = 0.5  # weight of a rep's own noise against that of all reps
FURTHEST = 1.5  # standard deviations of all reps that a share may be moved by at most: nobody is made average
STEPS = 50


class Effects(NamedTuple):
    """Shares of many in a whole, and why.

    Attributes
    ----------
    share : expected level over that of the whole, up to a common factor; nan without positive sales, shape (series,).
    own : weight of own history in it, shape (series,).
    between : standard deviation between series of the logarithm of their level.
    noise : variance of a single month of each, relative to the square of its level, shape (series,).
    """

    share: Floats
    own: Floats
    between: float
    noise: Floats

    @property
    def within(self) -> float:
        """Standard deviation of a single month, relative to its level."""
        known = self.noise[~np.isnan(self.share)]
        return float(np.sqrt(np.mean(known))) if known.size else 0.0


def find_effects(
    series: Floats,
    whole: Floats,
    window: int = 0,
    prior: Floats | float = 1.0,
    noise: Floats | None = None,
    roles: Ints | None = None,
) -> Effects:
    """Shares from months without season, like for like.

    Parameters
    ----------
    series : shape (series, months), money; nan = missing.
    whole : what they are shares of, with missing months filled, shape (series, months) or (months,).
    window : see `Way`.
    prior : what the shares are thought to be in proportion to, shape (series,).
    noise : see `Effects`, where it is known already: a few months do not tell it.
    roles : the role of each, shape (series,); by default all have the same.

    A level is the sum of the months over that of the whole in the same months, weighted. Its logarithm, less that of
    the prior, moves towards the mean of its role by the empirical-Bayes weight ``noise / (noise + between²)`` (Efron &
    Morris 1973): noise is the variance of a month over the number of months there are, `between` is estimated from the
    levels (Paule & Mandel 1982), one for all roles. Where reps are alike, `between` is 0 and all are equal; where they
    differ, own history is all. Nobody is like the only one of a role: own history is all. The move is limited (Efron &
    Morris 1972), so that a star stays one.
    """
    whole = np.broadcast_to(whole, series.shape)
    seen = ~np.isnan(series) & (whole > 0)
    age = np.arange(series.shape[1])[::-1]
    weight = seen * (age < window if window else 0.5 ** (age / USUAL))
    sales, base = np.where(seen, series, 0.0), np.where(seen, whole, 0.0)
    level = divide((sales * weight).sum(axis=1), (base * weight).sum(axis=1))
    known = (level > 0) & (prior > 0)
    share, own = np.full(len(series), np.nan), np.ones(len(series))
    if not known.any():
        return Effects(share, own, 0.0, np.zeros(len(series)))
    month = _relative_noise(sales, base, level, seen) if noise is None else noise
    noise = (month * divide((weight**2).sum(axis=1), weight.sum(axis=1) ** 2))[known]
    expected = np.broadcast_to(prior, level.shape)[known]
    log = np.log(level[known] / expected)
    _, role = np.unique(np.zeros(log.size) if roles is None else roles[known], return_inverse=True)
    between, centre = _between(log, noise, role)
    spread = np.sqrt(between + noise)
    alone = np.bincount(role)[role] == 1
    own[known] = np.where((spread > 0) & ~alone, divide(between + 0 * noise, between + noise), 1.0)
    away = np.clip(divide(log - centre, spread), -FURTHEST, FURTHEST)
    share[known] = expected * np.exp(log - (1 - own[known]) * away * spread)
    return Effects(share, own, float(np.sqrt(between)), month)


def _relative_noise(sales: Floats, company: Floats, level: Floats, seen: Bools) -> Floats:
    """Variance of a month around its level over the level's square, half own, half of all."""
    expected = level[:, None] * company
    count = np.maximum(seen.sum(axis=1), 1)
    size = expected.sum(axis=1) / count
    variance = ((sales - np.where(seen, expected, 0.0)) ** 2).sum(axis=1) / np.maximum(count - 1, 1)
    whole = float((size**2).sum())
    common = float(variance.sum()) / whole if whole > 0 else 0.0
    own = np.divide(variance, size**2, out=np.zeros_like(size), where=size > 0)
    return np.asarray(OWN_NOISE * own + (1 - OWN_NOISE) * common)


def _between(log: Floats, noise: Floats, role: Ints) -> tuple[float, Floats]:
    """Variance between reps of a role beyond their noise, and the mean of each role (Paule & Mandel 1982)."""
    between, freedom = 0.0, len(log) - 1 - int(role.max())
    floor = 1e-12  # of the level's square
    centre = log
    for _ in range(STEPS):
        weight = 1.0 / (between + noise + floor)
        centre = (np.bincount(role, weight * log) / np.bincount(role, weight))[role]
        gap = weight * (log - centre) ** 2
        slope = float((weight * gap).sum())
        step = (float(gap.sum()) - freedom) / slope if slope > 0 else 0.0
        between = max(between + step, 0.0)
    return between, centre
