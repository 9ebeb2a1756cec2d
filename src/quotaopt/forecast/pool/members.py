"""Component forecasts of every series of a panel at once: what the pooled forecast is the mean of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np

from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.panel import YEAR, Floats, Panel
from quotaopt.forecast.pool.levels import Levels, measure_scale, stack_history
from quotaopt.forecast.pool.season import LOWEST, pool_season, shrink
from quotaopt.forecast.pool.smooth import (
    DAMPED_SETS,
    FLAT_SETS,
    SMOOTHING,
    TREND_SETS,
    State,
    smooth,
    smooth_season,
    weigh,
)

CHUNK = 4096  # series whose smoothing states stay in the processor's cache
MEAN_OF = ("smoothing", "theta", "holt_winters", "trend", "pooled_season", "growth")
MEMBERS = (*MEAN_OF, "flat_season", "same_month")
SMOOTHED = MEAN_OF[:4]
GROWTH_KEPT = 0.7  # of last year's growth, in the next
LEAST_GROWTH, MOST_GROWTH = 0.5, 2.0


@dataclass(frozen=True, eq=False)
class Basis:
    """What all members start from: the history of every series up to an origin, relative to its scale.

    Attributes
    ----------
    scale : typical absolute month, money, shape (series,); 0 only in a panel of zeros.
    history : months over scale, shape (series, months); nan = missing.
    season : effect of each calendar month relative to the level, shape (series, 12); the first column is the month
        after the last.
    flat : history without its season, shape (series, months).
    growth : logarithm of the last year's growth, shrunk along the levels, shape (series,).
    month : calendar month 0..11 after the last.
    """

    scale: Floats
    history: Floats
    season: Floats
    flat: Floats
    growth: Floats
    month: int


def make_basis(levels: Levels, panel: Panel) -> Basis:
    """Stack, scale, season and growth of a panel."""
    money = stack_history(levels, panel.values)
    scale = measure_scale(levels, money)
    history = money / np.where(scale > 0, scale, 1.0)[:, None]
    season = pool_season(levels, money, scale, panel.slots)
    trend = season.trend / np.where(scale > 0, scale, 1.0)[:, None]
    flat = history - season.effect[:, panel.slots] * np.maximum(trend, 0.0)
    ahead = season.effect[:, panel.slots_ahead(YEAR)]
    return Basis(scale, history, ahead, flat, shrink_growth(levels, history), int(panel.slots_ahead(1)[0]))


def shrink_growth(levels: Levels, history: Floats) -> Floats:
    """Logarithm of the last year's sum over that of the year before, shrunk towards the series above."""
    k = min(YEAR, history.shape[1] - YEAR)
    if k < YEAR // 2:
        return np.zeros(len(history))
    now, before = history[:, -k:], history[:, -k - YEAR : -YEAR]
    change = np.where(np.isnan(now - before), 0.0, now - before)
    total, base = np.nan_to_num(now).sum(axis=1), before.sum(axis=1)
    known = (total > 0) & (base > 0)  # false where a month of the year before is missing
    ratio = np.divide(total, base, out=np.ones_like(base), where=known)
    growth = np.log(np.clip(ratio, LEAST_GROWTH, MOST_GROWTH))
    noise = np.where(known, np.maximum(np.var(change, axis=1) / k, 1e-5), 1.0)
    for rows in levels.rows[1:]:
        prior = growth[levels.parent[rows], None]
        growth[rows] = shrink(growth[rows, None], noise[rows, None], prior, known[rows])[:, 0]
    return np.asarray(growth)


def run_members(bases: Sequence[Basis], horizon: int) -> list[Floats]:
    """Forecasts of all members over scale: for each basis shape (members, series, horizon).

    All bases have the same series. Few series go through the smoothing side by side, aligned at their last month;
    many go one basis after the other.
    """
    n = len(bases[0].scale)
    if n * len(bases) > CHUNK:
        return [_combine(b, *_run_chunks(b, horizon), horizon) for b in bases]
    length = max(b.flat.shape[1] for b in bases)
    state = smooth(np.concatenate([_align(b.flat, length) for b in bases]).T)
    series = np.concatenate([_align(b.history, length) for b in bases]).T
    winters = smooth_season(series, np.concatenate([b.season for b in bases]).T, horizon).T
    parts = [slice(i * n, (i + 1) * n) for i in range(len(bases))]
    return [
        _combine(b, State(*(x[:, part] for x in state)), winters[part], horizon)
        for b, part in zip(bases, parts, strict=True)
    ]


def _run_chunks(basis: Basis, horizon: int) -> tuple[State, Floats]:
    """Chunk by chunk, on as many threads as there are processors: numpy lets them run side by side."""
    n = len(basis.scale)
    pieces = [slice(j, j + CHUNK) for j in range(0, n, CHUNK)]

    def work(rows: slice) -> tuple[State, Floats]:
        series = np.ascontiguousarray(basis.history[rows].T)
        return (
            smooth(np.ascontiguousarray(basis.flat[rows].T)),
            smooth_season(series, np.ascontiguousarray(basis.season[rows].T), horizon).T,
        )

    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        done = list(pool.map(work, pieces))
    state = State(*(np.concatenate(parts, axis=1) for parts in zip(*(s for s, _ in done), strict=True)))
    return state, np.concatenate([w for _, w in done])


def _align(series: Floats, length: int) -> Floats:
    """Missing months in front, so that all end together."""
    return np.pad(series, ((0, 0), (length - series.shape[1], 0)), constant_values=np.nan)


def _combine(basis: Basis, state: State, winters: Floats, horizon: int, names: Sequence[str] = MEMBERS) -> Floats:
    """The members of these names, shape (names, series, horizon)."""
    factor = np.maximum(1.0 + basis.season[:, np.arange(horizon) % YEAR], LOWEST)
    ways: dict[str, Callable[[], Floats]] = {
        "smoothing": lambda: _forecast(state, DAMPED_SETS, horizon) * factor,
        "theta": lambda: (_forecast(state, FLAT_SETS, horizon) + half_slope(basis.flat, horizon)) * factor,
        "holt_winters": lambda: winters,
        "trend": lambda: _forecast(state, TREND_SETS, horizon) * factor,
        "pooled_season": lambda: recent_mean(basis.flat, YEAR)[:, None] * factor,
        "growth": lambda: repeat_year(basis.history, horizon) * np.exp(GROWTH_KEPT * basis.growth)[:, None],
        "flat_season": lambda: recent_mean(basis.flat, 2 * YEAR)[:, None] * factor,
        "same_month": lambda: repeat_year(basis.history, horizon),
    }
    return np.stack([ways[name]() for name in names])


def _forecast(state: State, sets: slice, horizon: int) -> Floats:
    """Mean over the parameter sets, weighted by their likelihood and by what suits all series, (series, horizon)."""
    weight = weigh(state.evidence[sets])
    weight *= weight.mean(axis=1, keepdims=True)
    weight /= weight.sum(axis=0)
    steps = SMOOTHING.steps(horizon)[sets]
    level = (weight * state.level[sets]).sum(axis=0)
    return np.asarray(level[:, None] + (weight * state.trend[sets]).T @ steps)


def half_slope(flat: Floats, horizon: int) -> Floats:
    """Half the slope of the straight line through a series, times the months ahead, shape (series, horizon).

    The drift of Theta (Assimakopoulos & Nikolopoulos 2000); 0 with less than a year and a half.
    """
    seen = ~np.isnan(flat)
    count = np.maximum(seen.sum(axis=1), 1)
    known = np.where(seen, flat, 0.0)
    time = seen * np.arange(flat.shape[1])
    time = np.where(seen, time - (time.sum(axis=1) / count)[:, None], 0.0)
    spread = (time**2).sum(axis=1)
    slope = (time * (known - (known.sum(axis=1) / count)[:, None])).sum(axis=1) / np.maximum(spread, 1.0)
    return np.where(count >= 1.5 * YEAR, 0.5 * slope, 0.0)[:, None] * np.arange(1, horizon + 1)


def recent_mean(series: Floats, months: int) -> Floats:
    """Mean of the months seen among the last, shape (series,); 0 where there are none."""
    last = series[:, -months:]
    seen = ~np.isnan(last)
    return np.asarray(np.where(seen, last, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))


def repeat_year(series: Floats, horizon: int) -> Floats:
    """Each month as the same month a year before; where that is missing, the mean of the last year."""
    mean = recent_mean(series, YEAR)[:, None]
    if series.shape[1] < YEAR:
        return np.repeat(mean, horizon, axis=1)
    last = series[:, -YEAR:]
    return np.where(np.isnan(last), mean, last)[:, np.arange(horizon) % YEAR]


def forecast_by(name: str, panel: Panel, horizon: int) -> Floats:
    """One member alone, each rep × product by itself but for the season and growth it borrows."""
    levels = Levels.of(panel)
    basis = make_basis(levels, panel)
    if name in SMOOTHED:
        found = run_members([basis], horizon)[0][MEMBERS.index(name)]
    else:
        none = np.empty((0, 0))
        found = _combine(basis, State(none, none, none), none, horizon, [name])[0]
    returns = np.any(panel.values < 0, axis=2)[:, :, None]
    cells = levels.cells(found * basis.scale[:, None])
    return np.where(returns, cells, np.maximum(cells, 0.0))


def _register(name: str, about: str) -> None:
    def forecaster(panel: Panel, horizon: int) -> Floats:
        return forecast_by(name, panel, horizon)

    forecaster.__doc__ = about
    forecasters.add(name, forecaster)


for _name, _about in {
    "smoothing": "Exponential smoothing with damped trend, the likely parameters weighted, × pooled season.",
    "theta": "Theta: exponential smoothing plus half the slope of the straight line, × pooled season.",
    "holt_winters": "Additive Holt-Winters that starts from the pooled season, the likely parameters weighted.",
    "trend": "Exponential smoothing whose trend fades slowly, by 2 to 5 % a month, × pooled season.",
    "pooled_season": "The last 12 months' level times a season learnt from company, product, region and rep together.",
    "flat_season": "The last 24 months' level × pooled season: for series that sell now and then.",
    "growth": "The same month a year before, grown as last year; growth is learnt as the season is.",
}.items():
    _register(_name, _about)
