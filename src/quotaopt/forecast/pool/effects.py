"""Rep effects: who sells how much of the year, from own history as far as reps differ, from the others as not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quotaopt.forecast.panel import YEAR, Bools, Floats
from quotaopt.forecast.pool.levels import Levels
from quotaopt.forecast.sums import divide

# Months after which a month counts half, the usual first; 0 leaves each rep's own forecast, for reps who grow apart. On
# AdventureWorks, CRM and tourism data the others' shares had about these errors against the usual's, which counts as
# much as two years of back-test: a year or two is a small sample.
MEMORIES = (1.5 * YEAR, 0.5 * YEAR, 0.0)
PRIOR_RATIOS, PRIOR_YEARS = np.array([1.0, 1.05, 1.2]), 2.0
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
    within : standard deviation of a single month, relative to its level.
    """

    share: Floats
    own: Floats
    between: float
    within: float


def share_out(levels: Levels, flat: Floats, cells: Floats, memory: float) -> tuple[Floats, Effects]:
    """Give each rep its share of the company, and each rep × product its share of the product.

    Sums over the horizon change; the pattern of the months, the company's sum and the products' stay. A rep's share
    of a product is thought to be its share of the company. Cells without sales to scale stay as they are.

    Parameters
    ----------
    flat : history of every series without season, money, shape (series, months); see `stack_history`.
    cells : forecast, shape (reps, products, horizon).
    memory : months after which a month counts half; 0 leaves the cells as they are.

    Returns
    -------
    The cells, and the effects of the reps.
    """
    n_reps, n_products, _ = cells.shape
    own = flat[levels.rows[-1]].reshape(n_reps, n_products, -1)
    effects = find_effects(_rep_rows(levels, flat), flat[0], memory or MEMORIES[0])
    if not memory:
        return cells, effects
    target = effects.share[:, None]
    if n_products > 1:
        of = [find_effects(own[:, p], flat[levels.rows[1]][p], memory, effects.share).share for p in range(n_products)]
        target = np.stack(of, axis=1)
    sums = cells.sum(axis=2)
    use = (sums > 0) & (target > 0)
    sums = np.where(use, sums, 0.0)
    target = np.where(use, target * divide(sums.sum(axis=0), np.where(use, target, 0.0).sum(axis=0)), 0.0)
    by_rep = np.nan_to_num(effects.share) * (sums.sum(axis=1) > 0)
    by_rep *= sums.sum() / max(by_rep.sum(), 1e-300)
    factor = np.where(use, divide(_rake(target, by_rep, sums.sum(axis=0)), sums), 1.0)
    return cells * factor[:, :, None], effects


def _rep_rows(levels: Levels, flat: Floats) -> Floats:
    return flat[levels.rows[-1 if levels.products == 1 else -2]]


def choose_memory(levels: Levels, flats: Sequence[Floats], cells: Floats, actual: Floats) -> float:
    """The memory with which shares of reps would have been best, from origins whose whole horizon is known.

    What counts is the absolute error of shares against that of the usual memory, averaged with a prior.

    Parameters
    ----------
    flats : see `share_out`, at each origin, oldest first.
    cells, actual : forecast and truth, shape (origins, reps, products, horizon); nan = not known.
    """
    lost = np.zeros(len(MEMORIES))
    lengths = [f.shape[1] for f in flats]
    ahead = max((int((~np.isnan(a)).any(axis=(0, 1)).sum()) for a in actual), default=0)
    for flat, said, came in zip(flats, cells, actual, strict=True):
        known = ~np.isnan(came).any(axis=1, keepdims=True)
        if known.any(axis=(0, 1)).sum() < ahead:
            continue
        real = np.where(known, came, 0.0).sum(axis=(1, 2))
        for i, memory in enumerate(MEMORIES):
            share = find_effects(_rep_rows(levels, flat), flat[0], memory).share if memory else said.sum(axis=(1, 2))
            share = np.where((real != 0) & (share > 0), share, 0.0)
            lost[i] += np.abs(share * real.sum() / max(share.sum(), 1e-300) - real).sum() if share.any() else 0.0
    if not lost.all():
        return MEMORIES[0]
    years = (max(lengths) + ahead - min(lengths)) / YEAR
    ratio = (years * lost / lost[0] + PRIOR_YEARS * PRIOR_RATIOS) / (years + PRIOR_YEARS)
    return MEMORIES[int(np.argmin(ratio))]


def _rake(table: Floats, rows: Floats, columns: Floats) -> Floats:
    """Scale rows and columns in turn to their totals (Deming & Stephan 1940)."""
    for _ in range(STEPS):
        table = table * divide(rows, table.sum(axis=1))[:, None]
        table = table * divide(columns, table.sum(axis=0))
    return table


def find_effects(series: Floats, whole: Floats, memory: float, prior: Floats | float = 1.0) -> Effects:
    """Shares from months without season, like for like.

    Parameters
    ----------
    series : shape (series, months), money; nan = missing.
    whole : what they are shares of, with missing months filled, shape (series, months) or (months,).
    memory : months after which a month counts half.
    prior : what the shares are thought to be in proportion to, shape (series,).

    A level is the sum of the months over that of the whole in the same months, with weights that halve every
    `HALF_LIFE`. Its logarithm, less that of the prior, moves towards the mean of all by the empirical-Bayes weight
    ``noise / (noise + between²)`` (Efron & Morris 1973): noise is the variance of a month over the number of months
    there are, `between` is estimated from the levels (Paule & Mandel 1982). Where reps are alike, `between` is 0 and
    all are equal; where they differ, own history is all. The move is limited (Efron & Morris 1972), so that a star
    stays one.
    """
    whole = np.broadcast_to(whole, series.shape)
    seen = ~np.isnan(series) & (whole > 0)
    weight = seen * 0.5 ** (np.arange(series.shape[1])[::-1] / memory)
    sales, base = np.where(seen, series, 0.0), np.where(seen, whole, 0.0)
    level = divide((sales * weight).sum(axis=1), (base * weight).sum(axis=1))
    known = (level > 0) & (prior > 0)
    share, own = np.full(len(series), np.nan), np.ones(len(series))
    if not known.any():
        return Effects(share, own, 0.0, 0.0)
    month = _relative_noise(sales, base, level, seen)[known]
    noise = month * divide((weight**2).sum(axis=1), weight.sum(axis=1) ** 2)[known]
    expected = np.broadcast_to(prior, level.shape)[known]
    log = np.log(level[known] / expected)
    between, centre = _between(log, noise)
    spread = np.sqrt(between + noise)
    own[known] = np.where(spread > 0, divide(between + 0 * noise, between + noise), 1.0)
    away = np.clip(divide(log - centre, spread), -FURTHEST, FURTHEST)
    share[known] = expected * np.exp(log - (1 - own[known]) * away * spread)
    return Effects(share, own, float(np.sqrt(between)), float(np.sqrt(np.mean(month))))


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


def _between(log: Floats, noise: Floats) -> tuple[float, float]:
    """Variance between reps beyond their noise and the mean it is around, by Paule & Mandel's iteration."""
    between, freedom = 0.0, len(log) - 1
    floor = 1e-12  # of the level's square
    centre = float(np.mean(log))
    for _ in range(STEPS):
        weight = 1.0 / (between + noise + floor)
        centre = float((weight * log).sum() / weight.sum())
        gap = weight * (log - centre) ** 2
        slope = float((weight * gap).sum())
        step = (float(gap.sum()) - freedom) / slope if slope > 0 else 0.0
        between = max(between + step, 0.0)
    return between, centre
