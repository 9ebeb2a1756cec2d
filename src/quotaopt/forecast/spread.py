"""How far sales may lie from the forecast: intervals from the errors of the back-test."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from quotaopt.forecast.backtest import Backtest
from quotaopt.forecast.panel import YEAR, Bools, Floats, Panel
from quotaopt.forecast.peers import Peers
from quotaopt.forecast.season import find_trend, season_factors

# Without a back-test: errors of a year's sum against independent months, which forget that levels drift.
DRIFT = 2.0


class Spread(NamedTuple):
    """Bounds of the central interval of each cell, and one standard deviation of each rep's sum over the plan."""

    low: Floats
    high: Floats
    rep: Floats


def measure_spread(panel: Panel, mean: Floats, peers: Peers, test: Backtest, method: str, level: float) -> Spread:
    """Central `level` intervals of `mean` (reps, products, plan months), and the deviation of its rep sums.

    Errors of the back-test are divided by the noise each series had shown by then, pooled over series, and multiplied
    by the noise it shows now: their quantiles bound the cells, their root mean square (without the largest 5 %) is
    the deviation of rep sums, in proportion to the months summed. New hires add the variance of what is not known of
    their level, ``(1 − own_weight) × between²``.
    """
    tail = (1 - level) / 2
    cells, reps = _measure_noise(panel)
    cells, reps = _borrow(panel, peers, cells), _borrow(panel, peers, reps)
    below, above, year = _calibrate(test, method, tail)
    unknown = np.sqrt(1 - peers.own_weight) * peers.between
    reach = NormalDist().inv_cdf(1 - tail) * unknown[:, None, None] * mean
    low = mean - np.hypot(below * cells[:, :, None], reach)
    high = mean + np.hypot(above * cells[:, :, None], reach)
    rep = np.hypot(year * reps * mean.shape[2], unknown * mean.sum(axis=(1, 2)))
    return Spread(np.maximum(low, 0.0), np.maximum(high, 0.0), rep)


def _borrow(panel: Panel, peers: Peers, noise: Floats) -> Floats:
    """New hires have the noise of their peers."""
    new = ~panel.mature & (peers.group >= 0)
    out = noise.copy()
    out[new] = np.tensordot(peers.members[peers.group[new]], noise, axes=1)
    return out


def _measure_noise(panel: Panel) -> tuple[Floats, Floats]:
    """Root mean square of a month around trend × season over two years, of cells (reps, products) and of reps.

    Half of the variance is that of all mature series together, relative to their level: a series that happened to be
    calm is not known to be.
    """
    recent = slice(-2 * YEAR, None)
    values = panel.values[:, :, recent]
    fitted = find_trend(panel.values)[:, :, recent] * season_factors(panel)[:, :, panel.slots[recent]]
    seen = ~np.isnan(values)
    rest, size = np.where(seen, values - fitted, 0.0), np.where(seen, values, 0.0)
    cells = _pool(rest, size, seen, panel.mature)
    return cells, _pool(rest.sum(axis=1), size.sum(axis=1), panel.seen[:, recent], panel.mature)


def _pool(rest: Floats, size: Floats, seen: Bools, mature: Bools) -> Floats:
    count = np.maximum(seen.sum(axis=-1), 1)
    variance = (rest**2).sum(axis=-1) / count
    level = size.sum(axis=-1) / count
    whole = float((level[mature] ** 2).sum())
    common = float(variance[mature].sum()) / whole if whole > 0 else 0.0
    return np.asarray(np.sqrt((variance + common * level**2) / 2))


def _calibrate(test: Backtest, method: str, tail: float) -> tuple[float, float, float]:
    """How many noises below and above the mean the interval reaches, and how many a rep's mean month may be off."""
    if not test.origins:
        reach = NormalDist().inv_cdf(1 - tail)
        return reach, reach, DRIFT / np.sqrt(YEAR)
    months, sums = [], []
    for i, origin in enumerate(test.origins):
        known = test.panel.until(origin)
        cells, reps = _measure_noise(known)
        error = test.actual[i] - test.predicted[method][i]
        months.append(_relative(error, cells[:, :, None]))
        mean_month = np.nansum(error, axis=(1, 2)) / test.horizon
        sums.append(_relative(np.where(known.mature, mean_month, np.nan), reps))
    errors, off = np.concatenate(months), np.abs(np.concatenate(sums))
    if not errors.size:
        return 0.0, 0.0, 0.0
    low, high = np.quantile(errors, [tail, 1 - tail])
    year = float(np.sqrt(np.mean(np.minimum(off, np.quantile(off, 0.95)) ** 2))) if off.size else 0.0
    return max(-float(low), 0.0), max(float(high), 0.0), year


def _relative(error: Floats, noise: Floats) -> Floats:
    """Errors over noise where both are known, flat."""
    noise = np.broadcast_to(noise, error.shape)
    known = ~np.isnan(error) & (noise > 0)
    return np.asarray(error[known] / noise[known])
