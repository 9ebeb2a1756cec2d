"""The shape of the year: one pooled, shrunken season for every series.

A single rep × product has too few years to know its own season. Each level of the ladder company → product →
region × product → rep × product therefore corrects the level above it only as far as its evidence goes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quotaopt.forecast.panel import YEAR, Bools, Floats, Ints, Panel
from quotaopt.forecast.pool.levels import Levels, measure_scale, stack_history
from quotaopt.forecast.sums import divide

# Bounds of a month against the mean month; only a product sold in a single month of the year reaches the upper one.
LOWEST, HIGHEST = 0.02, 12.0
LEAST_VARIANCE = 1e-4  # between siblings: 1 % of the level


class Season(NamedTuple):
    """Relative deviation of each calendar month from the mean one, and the trend it was measured around.

    Attributes
    ----------
    effect : shape (series, 12), by calendar month.
    trend : shape (series, months).
    """

    effect: Floats
    trend: Floats


def season_factors(panel: Panel) -> Floats:
    """Each calendar month against the mean month, shape (reps, products, 12), mean 1.

    Only mature reps teach (see `pool_season`); the others take the season of their region or product.
    """
    n_reps, n_products, _ = panel.values.shape
    teachers = np.where(panel.mature[:, None, None], panel.values, np.nan)
    levels = Levels.of(panel)
    history = stack_history(levels, teachers)
    effect = pool_season(levels, history, measure_scale(levels, history), panel.slots).effect
    out = np.clip(1.0 + effect[levels.rows[-1]], LOWEST, HIGHEST)
    return np.asarray(out / out.mean(axis=1, keepdims=True)).reshape(n_reps, n_products, YEAR)


def pool_season(levels: Levels, history: Floats, scale: Floats, slots: Ints) -> Season:
    """Season of every series of a stack.

    Additive effects relative to the level, found by classical decomposition around a centred 2×12 moving average,
    then shrunk towards the series above with the variance between siblings against their noise (empirical Bayes,
    Efron & Morris 1973). A series without history has the season of the one above.
    """
    size = np.where(scale > 0, scale, 1.0)[:, None]
    trend = find_trend(history)
    base = np.maximum(np.abs(trend), 0.2 * size)
    seen = ~np.isnan(history)
    deviation = np.where(seen, (history - trend) / base, 0.0)
    effect, noise = _estimate(deviation, seen, slots)
    noise = _borrow_noise(levels, effect, noise, seen, size)
    out = np.empty_like(effect)
    for i, rows in enumerate(levels.rows):
        raw, variance = effect[rows], noise[rows]
        prior = out[levels.parent[rows]] if i else np.zeros_like(raw)
        if i == 0:
            signal = np.var(raw, axis=1, keepdims=True)
            out[rows] = raw * divide(signal, signal + variance)
        else:
            known: Bools = np.asarray(seen[rows].any(axis=1))
            out[rows] = shrink(raw, variance, prior, known)
    return Season(np.clip(out - out.mean(axis=1, keepdims=True), LOWEST - 1, HIGHEST - 1), trend)


def _estimate(deviation: Floats, seen: Bools, slots: Ints) -> tuple[Floats, Floats]:
    """Raw season of each series and its noise variance, shape (series, 12)."""
    slot = np.equal.outer(slots, np.arange(YEAR)).astype(np.float64)
    count = seen @ slot
    effect = (deviation @ slot) / np.maximum(count, 1.0)
    rest = np.where(seen, deviation - effect[:, slots], 0.0)
    months = seen.sum(axis=1)
    variance = (rest**2).sum(axis=1) / np.maximum(months - YEAR, 1)
    return effect - effect.mean(axis=1, keepdims=True), variance[:, None] / np.maximum(count, 0.25)


def _borrow_noise(levels: Levels, effect: Floats, noise: Floats, seen: Bools, size: Floats) -> Floats:
    """Noise of series that hardly have more than a year, which does not tell season from noise by itself.

    What a cell shows beyond the series above is taken as noise, and a sum has the noise of its cells: what is common
    to many is season.
    """
    short = seen.sum(axis=1) < 1.5 * YEAR
    if not short.any():
        return noise
    gap = np.mean((effect - np.where(levels.parent[:, None] < 0, 0.0, effect[levels.parent])) ** 2, axis=1)
    own = np.where(short, gap, noise.mean(axis=1))[:, None] * size**2
    own[~np.asarray(seen.any(axis=1))] = 0.0
    sums = levels.add_up(levels.cells(own)) / size**2
    return np.where(short[:, None], sums, noise)


def shrink(raw: Floats, noise: Floats, prior: Floats, known: Bools) -> Floats:
    """Move `raw` (series, columns) towards `prior` by its noise against the variance between siblings.

    Series that are not known take the prior and say nothing of that variance.
    """
    gap = ((raw - prior) ** 2 - noise)[known].mean(axis=1)
    if not gap.size:
        return prior
    weight = 1.0 / (noise[known].mean(axis=1) + 1e-3)
    between = max(float(np.average(gap, weights=weight)), float(np.median(gap)), LEAST_VARIANCE)
    return np.asarray(np.where(known[:, None], prior + between / (between + noise) * (raw - prior), prior))


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


def _mean(values: Floats, use: Bools) -> Floats:
    """Mean along the last axis where `use`; 0 where there is nothing."""
    return np.asarray(np.where(use, values, 0.0).sum(axis=-1) / np.maximum(use.sum(axis=-1), 1))
