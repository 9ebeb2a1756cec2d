"""The shape of the year: one pooled, shrunken season per rep × product.

A single rep × product has too few years to know its own season. Each level of the ladder company → product →
region × product → rep × product therefore corrects the level above it only as far as its evidence goes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quotaopt.forecast.panel import YEAR, Floats, Ints, Panel

# Bounds of a month against the mean month; only a product sold in a single month of the year reaches the upper one.
LOWEST, HIGHEST = 0.02, 12.0


class _Season(NamedTuple):
    """Relative deviation of each calendar month from the mean one, and its noise variance; shape (groups, 12)."""

    effect: Floats
    noise: Floats


def season_factors(panel: Panel) -> Floats:
    """Each calendar month against the mean month, shape (reps, products, 12), mean 1.

    Additive effects relative to the level, found by classical decomposition around a centred 2×12 moving average,
    then shrunk towards the level above with the variance between siblings against their noise (empirical Bayes,
    Efron & Morris 1973). Only mature reps teach; the others take the season of their region or product.
    """
    n_reps, n_products, _ = panel.values.shape
    _, region = np.unique(panel.region.astype(str), return_inverse=True)
    pool = panel.of(panel.mature)
    trend = find_trend(pool.values)
    noise = np.where(np.isnan(pool.values), 0.0, pool.values - trend)
    level = np.where(np.isnan(pool.values), 0.0, np.abs(trend))
    product = np.tile(np.arange(n_products), len(pool.reps))
    place = (region[panel.mature][:, None] * n_products + np.arange(n_products)).ravel()
    seen = (noise.reshape(-1, pool.length), level.reshape(-1, pool.length), pool.slots)
    company = _estimate(*seen, np.zeros_like(product), 1).effect
    by_product = _shrink(_estimate(*seen, product, n_products), np.repeat(company, n_products, axis=0))
    by_place = _shrink(
        _estimate(*seen, place, (region.max(initial=0) + 1) * n_products),
        np.tile(by_product, (region.max(initial=0) + 1, 1)),
    )
    out = by_place.reshape(-1, n_products, YEAR)[region]
    own = _shrink(_estimate(*seen, np.arange(product.size), product.size), by_place[place])
    out[panel.mature] = own.reshape(-1, n_products, YEAR)
    out = np.clip(1.0 + out, LOWEST, HIGHEST)
    return np.asarray(out / out.mean(axis=2, keepdims=True)).reshape(n_reps, n_products, YEAR)


def find_trend(values: Floats) -> Floats:
    """Centred 2×12 moving average along the last axis; the ends continue with half the slope of the nearest half-year.

    With a year or less it is the mean. Missing months are filled with the mean of the first year seen.
    """
    length = values.shape[-1]
    seen = ~np.isnan(values)
    early = seen & (np.cumsum(seen, axis=-1) <= YEAR)
    mean = _mean(values, early)[..., None]
    filled = np.where(seen, values, mean)
    if length <= YEAR:
        return np.broadcast_to(mean, values.shape)
    sums = np.cumsum(filled, axis=-1)
    sums = np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)
    year = (sums[..., YEAR:] - sums[..., :-YEAR]) / YEAR
    middle = (year[..., 1:] + year[..., :-1]) / 2
    half = min(YEAR // 2, middle.shape[-1] - 1)
    slope = max(half, 1) * 2
    back = (middle[..., half] - middle[..., 0])[..., None] / slope
    ahead = (middle[..., -1] - middle[..., -1 - half])[..., None] / slope
    before, after = YEAR // 2, length - YEAR // 2 - middle.shape[-1]
    left = middle[..., :1] - back * np.arange(before, 0, -1)
    right = middle[..., -1:] + ahead * np.arange(1, after + 1)
    return np.concatenate([left, middle, right], axis=-1)


def _mean(values: Floats, use: np.ndarray) -> Floats:
    """Mean along the last axis where `use`; 0 where there is nothing."""
    return np.asarray(np.where(use, values, 0.0).sum(axis=-1) / np.maximum(use.sum(axis=-1), 1))


def _sums(values: Floats, codes: Ints, n: int) -> Floats:
    """Sum rows of equal code; shape (n, columns)."""
    out = np.zeros((n, values.shape[1]))
    np.add.at(out, codes, values)
    return out


def _estimate(noise: Floats, level: Floats, slots: Ints, codes: Ints, n: int) -> _Season:
    """Raw season of each group of series: deviations from the trend, summed, against the trend, summed.

    Series enter and leave groups without disturbing them, since each is set against its own trend.
    """
    up, base = _sums(noise, codes, n), _sums(level, codes, n)
    base = np.maximum(base, 0.2 * _mean(base, base > 0)[:, None])
    known = base > 0
    deviation = np.where(known, up / np.where(known, base, 1.0), 0.0)
    slot = np.equal.outer(slots, np.arange(YEAR)).astype(np.float64)
    count = known @ slot
    effect = (deviation @ slot) / np.maximum(count, 1.0)
    effect -= effect.mean(axis=1, keepdims=True)
    rest = np.where(known, deviation - effect[:, slots], 0.0)
    months = known.sum(axis=1)
    variance = (rest**2).sum(axis=1) / np.maximum(months - YEAR, 1)
    # Hardly more than a year says nothing of its own noise: take 100 % of the level.
    variance = np.where(months < 1.5 * YEAR, np.maximum(variance, 1.0), variance)
    return _Season(effect, variance[:, None] / np.maximum(count, 0.25))


def _shrink(raw: _Season, prior: Floats) -> Floats:
    """Effects moved towards `prior` by noise against the variance between siblings."""
    gap = ((raw.effect - prior) ** 2 - raw.noise).mean(axis=1)
    weight = 1.0 / (raw.noise.mean(axis=1) + 1e-3)
    between = max(float(np.average(gap, weights=weight)), 1e-4) if gap.size else 1e-4
    return np.asarray(prior + between / (between + raw.noise) * (raw.effect - prior))
