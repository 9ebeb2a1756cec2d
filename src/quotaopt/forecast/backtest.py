"""What each method would have said before, and how wrong it was: rolling-origin back-test.

At each origin a method sees only the months before it, and only the reps who were mature by then are scored:
what is said of new hires is mostly peers, and says little about a method.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.panel import YEAR, Bools, Floats, Panel

if TYPE_CHECKING:
    from quotaopt.forecast.pool.outlook import Outlook

LEVELS = ("all", "region", "rep", "product", "cell")
MOST_ORIGINS, STEP = 4, 3


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts made at earlier origins, and what came.

    Attributes
    ----------
    panel : all of the history.
    origins : months known at each origin.
    actual : shape (origins, reps, products, horizon); nan where not scored.
    predicted : the same for each method; nan where `actual` is.
    """

    panel: Panel
    origins: tuple[int, ...]
    actual: Floats
    predicted: Mapping[str, Floats]

    @property
    def horizon(self) -> int:
        """Months ahead of each origin."""
        return int(self.actual.shape[3])


def choose_origins(length: int, horizon: int) -> tuple[tuple[int, ...], int]:
    """Months known at each origin, and the horizon that fits: up to four origins a quarter apart, newest first.

    Methods train on at least a year; with less than 15 months on three fifths of what there is. No origins with
    less than 3 months to learn from.
    """
    train = min(YEAR, ceil(0.6 * length))
    ahead = min(horizon, YEAR, length - train)
    if train < 3 or ahead < 1:
        return (), 0
    return tuple(range(length - ahead, train - 1, -STEP))[:MOST_ORIGINS], ahead


def run_backtest(
    panel: Panel, methods: Sequence[str], horizon: int, outlooks: Mapping[str, Outlook] | None = None
) -> Backtest:
    """Run each method at each origin.

    What is in `outlooks`, of the mature reps of the panel, is not run again: its errors are read there.
    """
    origins, ahead = choose_origins(panel.length, horizon)
    shape = (len(origins), *panel.values.shape[:2], ahead)
    actual = np.full(shape, np.nan)
    predicted = {name: np.full(shape, np.nan) for name in methods}
    for i, origin in enumerate(origins):
        known = panel.until(origin)
        actual[i, known.mature] = panel.values[known.mature, :, origin : origin + ahead]
        for name in methods:
            if outlooks and name in outlooks:
                at = outlooks[name].origins.index(origin)
                later = panel.values[panel.mature, :, origin : origin + ahead]
                predicted[name][i, panel.mature] = later - outlooks[name].errors[at, :, :, :ahead]
            else:
                predicted[name][i, known.mature] = forecasters[name](known.of(known.mature), ahead)
    hide = np.isnan(actual)
    return Backtest(panel, origins, actual, {n: np.where(hide, np.nan, p) for n, p in predicted.items()})


def measure_accuracy(test: Backtest, chosen: str) -> pd.DataFrame:
    """Errors of each method at each level, pooled over origins.

    Columns
    -------
    wape_month, wape_sum : ``sum |actual − forecast| / sum |actual|`` of months, and of the sums over the horizon.
    bias : ``sum (forecast − actual) / sum |actual|``.
    mase : mean absolute error of a month over that of the seasonal naive within the training months, averaged over
        series (Hyndman & Koehler 2006); nan when no series has a year and a month.
    chosen : this method makes the forecast.
    """
    rows = []
    for level in LEVELS:
        actual = total_by(test.actual, test.panel, level)
        scale = _naive_error(test, level, actual.shape[1])
        for name, predicted in test.predicted.items():
            scores = _score(actual, total_by(predicted, test.panel, level), scale)
            rows.append((level, name, len(test.origins), *scores, name == chosen))
    return pd.DataFrame(
        rows, columns=["level", "method", "origins", "wape_month", "wape_sum", "bias", "mase", "chosen"]
    )


def total_by(cube: Floats, panel: Panel, level: str) -> Floats:
    """Totals of (origins, reps, products, months) at a level: (origins, series, months); nan counts as nothing."""
    filled = np.nan_to_num(cube)
    if level == "cell":
        return filled.reshape(filled.shape[0], filled.shape[1] * filled.shape[2], filled.shape[3])
    if level == "product":
        return np.asarray(filled.sum(axis=1))
    reps = filled.sum(axis=2)
    if level == "rep":
        return np.asarray(reps)
    if level == "all":
        return np.asarray(reps.sum(axis=1, keepdims=True))
    regions = np.equal.outer(np.unique(panel.region.astype(str)), panel.region.astype(str))
    return np.asarray(np.tensordot(reps, regions.astype(np.float64), axes=(1, 1)).swapaxes(1, 2))


def _score(actual: Floats, predicted: Floats, scale: Floats) -> tuple[float, float, float, float]:
    error = predicted - actual
    size = float(np.abs(actual).sum())
    size_of_sums = float(np.abs(actual.sum(axis=2)).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.abs(error).sum(axis=2) / (scale * error.shape[2])
    scaled = scaled[np.isfinite(scaled)]
    return (
        _ratio(float(np.abs(error).sum()), size),
        _ratio(float(np.abs(error.sum(axis=2)).sum()), size_of_sums),
        _ratio(float(error.sum()), size),
        float(scaled.mean()) if scaled.size else float("nan"),
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("inf" if part else "nan")


def _naive_error(test: Backtest, level: str, series: int) -> Floats:
    """Mean absolute difference to 12 months before (with a year or less: to the month before) in the training months.

    Shape (origins, series); nan where there is none.
    """
    out = np.full((len(test.origins), series), np.nan)
    for i, origin in enumerate(test.origins):
        known = np.where(_scored(test)[i][:, None, None], test.panel.values[:, :, :origin], np.nan)
        lag = YEAR if origin > YEAR else 1
        change = total_by((known[:, :, lag:] - known[:, :, :-lag])[None], test.panel, level)[0]
        moved = np.abs(change).sum(axis=1) / max(change.shape[1], 1)
        out[i] = np.where(moved > 0, moved, np.nan)
    return out


def _scored(test: Backtest) -> Bools:
    return np.asarray(~np.isnan(test.actual).all(axis=(2, 3)))
