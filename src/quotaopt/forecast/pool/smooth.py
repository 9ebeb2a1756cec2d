"""Exponential smoothing of many series and many parameter sets at once, weighted by how likely each set is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quotaopt.forecast.panel import YEAR, Floats

LEADS = (3, 6)  # besides 1: forecasts are made for a year, so that sets are judged further ahead too
WARM_UP = 5  # months before errors count


class Grid(NamedTuple):
    """Parameter sets: smoothing of level, of trend and of season, and the damping of the trend; shape (sets, 1)."""

    level: Floats
    trend: Floats
    damping: Floats
    season: Floats

    @classmethod
    def of(cls, sets: list[tuple[float, float, float, float]]) -> Grid:
        """From rows (level, trend, damping, season)."""
        return cls(*(np.array(column)[:, None] for column in zip(*sets, strict=True)))

    def steps(self, horizon: int) -> Floats:
        """Sum of the damped trend up to each month ahead, shape (sets, horizon)."""
        return np.cumsum(self.damping ** np.arange(1, horizon + 1), axis=1)


class State(NamedTuple):
    """What smoothing says at the end: each of shape (sets, series)."""

    level: Floats
    trend: Floats
    evidence: Floats


LEVELS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8)
FLAT = [(a, 0.0, 0.0, 0.0) for a in LEVELS]
DAMPED = [(a, b, 0.9, 0.0) for a in LEVELS for b in (0.05, 0.2)]
TREND = [(a, b, p, 0.0) for a in (0.05, 0.15, 0.3, 0.5) for b, p in ((0.03, 0.98), (0.1, 0.98), (0.3, 0.95))]
SMOOTHING = Grid.of(FLAT + DAMPED + TREND)
SEASONAL = Grid.of(
    [(a, b, p, g) for a in (0.05, 0.15, 0.3, 0.5) for g in (0.05, 0.2) for b, p in ((0.0, 0.0), (0.1, 0.9))]
)
FLAT_SETS, DAMPED_SETS, TREND_SETS = slice(0, 7), slice(0, 21), slice(21, 33)


def smooth(series: Floats, grid: Grid = SMOOTHING) -> State:
    """Damped-trend exponential smoothing (Gardner & McKenzie 1985) of deseasonalised series (months, series).

    nan is missing: the state goes on without it. `evidence` is the Gaussian log-likelihood of the errors 1, 3 and 6
    months ahead.
    """
    seen = ~np.isnan(series)
    known = np.where(seen, series, 0.0)
    age = np.cumsum(np.maximum.accumulate(seen, axis=0), axis=0)
    gain, drift = grid.level, grid.level * grid.trend
    ahead = grid.steps(max(LEADS))
    level = np.broadcast_to(_first(known, seen, 6), (len(gain), series.shape[1])).copy()
    trend, loss = np.zeros_like(level), np.zeros_like(level)
    count = np.zeros(series.shape[1])
    past: list[tuple[Floats, Floats]] = []
    for t in range(len(series)):
        level = level + grid.damping * trend
        error = (known[t] - level) * seen[t]
        for lead in (1, *LEADS):
            use = seen[t] & (age[t] > WARM_UP + lead)
            if not use.any():
                continue
            old = past[-lead]
            miss = error if lead == 1 else known[t] - (old[0] + ahead[:, lead - 1 : lead] * old[1])
            loss += miss * miss * use
            count += use
        level = level + gain * error
        trend = grid.damping * trend + drift * error
        past = [*past[-max(LEADS) + 1 :], (level, trend)]
    return State(level, trend, _evidence(loss, count, 3.0, known))


def _first(known: Floats, seen: np.ndarray, months: int) -> Floats:
    """Mean of the first months seen, shape (series,)."""
    use = seen & (np.cumsum(seen, axis=0) <= months)
    return np.asarray((known * use).sum(axis=0) / np.maximum(use.sum(axis=0), 1))


def _evidence(loss: Floats, count: Floats, leads: float, known: Floats) -> Floats:
    """Log-likelihood of the errors of each set; one month counts once, whatever the number of leads."""
    size = (known**2).mean(axis=0)
    variance = np.maximum(loss / np.maximum(count, 1.0), 1e-8 * np.where(size > 0, size, 1.0))
    return np.asarray(-0.5 * (count / leads) * np.log(variance))


def weigh(evidence: Floats) -> Floats:
    """Weights of the sets of each series, shape (sets, series)."""
    weight = np.exp(np.maximum(evidence - evidence.max(axis=0), -50.0))
    return np.asarray(weight / weight.sum(axis=0))


def smooth_season(series: Floats, season: Floats, horizon: int, grid: Grid = SEASONAL) -> Floats:
    """Additive Holt-Winters of series (months, series) that starts from a given season, shape (horizon, series).

    `season` (12, series) is relative to the level; its first row is the month after the last.
    """
    seen = ~np.isnan(series)
    known = np.where(seen, series, 0.0)
    age = np.cumsum(np.maximum.accumulate(seen, axis=0), axis=0)
    first = _first(known, seen, YEAR)
    level = np.broadcast_to(first, (len(grid.level), series.shape[1])).copy()
    states = np.repeat((season * np.maximum(np.abs(first), 0.2))[:, None, :], len(level), axis=1)
    trend, loss, count = np.zeros_like(level), np.zeros_like(level), np.zeros(series.shape[1])
    drift, turn = grid.level * grid.trend, grid.season * (1 - grid.level)
    for t in range(len(series)):
        slot = (t - len(series)) % YEAR
        level += grid.damping * trend
        error = (known[t] - level - states[slot]) * seen[t]
        level += grid.level * error
        trend *= grid.damping
        trend += drift * error
        states[slot] += turn * error
        use = seen[t] & (age[t] > YEAR)
        if use.any():
            loss += error * error * use
            count += use
    weight = weigh(_evidence(loss, count, 1.0, known))
    flat, slope = (weight * level).sum(axis=0), grid.steps(horizon).T @ (weight * trend)
    shape = np.stack([(weight * states[h % YEAR]).sum(axis=0) for h in range(min(horizon, YEAR))])
    return np.asarray(flat + slope + shape[np.arange(horizon) % YEAR])
