"""What the members' mean keeps missing, learnt from its errors at earlier origins by boosted trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quotaopt.forecast.panel import YEAR, Bools, Floats, Ints
from quotaopt.forecast.pool.lessons import (
    LARGEST_ERROR,
    Learner,
    Lesson,
    apply_learnt,
    count_folds,
    to_grain,
    try_earlier,
)
from quotaopt.forecast.pool.levels import Levels
from quotaopt.forecast.pool.members import Basis, recent_mean

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

LEAST_FOLDS = 3
LEAST_ROWS, MOST_ROWS = 20_000, 150_000
LEAST_TRIED = 1_000  # errors from which an earlier origin is corrected
TREES = {
    "max_iter": 40,
    "learning_rate": 0.1,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 200,
    "l2_regularization": 5.0,
    "early_stopping": False,
    "random_state": 0,
}


def learn_corrections(levels: Levels, lessons: Sequence[Lesson], now: Lesson) -> tuple[list[Floats], float]:
    """What to add to the base at each origin and now, shape (series, horizon), and the largest strength of a level.

    Histogram gradient boosting (Ke et al. 2017, in scikit-learn) on the error over scale, one model for all series
    and months ahead. An origin is corrected by a model of what was known by then, or not at all when that was too
    little. Applied as far as it would have helped, see `apply_learnt`. With little to learn from it is not tried.
    """
    none = [np.zeros_like(lesson.base) for lesson in (*lessons, now)]
    folds = count_folds(lessons)
    if folds < LEAST_FOLDS or _count(lessons, now.known) < LEAST_ROWS:
        return none, 0.0

    def teach(month: int) -> Learner | None:
        # Earlier models are there to be judged: together they cost no more than the one that is used.
        enough = _count(lessons, month) >= LEAST_TRIED
        return _Model(levels, lessons, month, MOST_ROWS // (folds - 1)).predict if enough else None

    said, tried = try_earlier(lessons, teach)
    said.append(_Model(levels, lessons, now.known, MOST_ROWS).predict(now))
    return apply_learnt(levels, lessons, said, tried, now)


def _count(lessons: Sequence[Lesson], until: int) -> int:
    """How many errors were known by a month."""
    return sum(int((~np.isnan(lesson.until(until))).sum()) for lesson in lessons)


class _Model:
    """Trees on the features that vary."""

    def __init__(self, levels: Levels, lessons: Sequence[Lesson], until: int, most: int) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        self.levels = levels
        places = [np.flatnonzero(~np.isnan(lesson.until(until)).ravel()) for lesson in lessons]
        step = max(1.0, sum(map(len, places)) / most)
        places = [at[_thin(len(at), step)] for at in places]
        features = np.concatenate([_features(levels, x, at) for x, at in zip(lessons, places, strict=True)])
        error = np.concatenate([x.missed.ravel()[at] for x, at in zip(lessons, places, strict=True)])
        self.use: Bools = np.array([_varies(column) for column in features.T])
        self.trees: HistGradientBoostingRegressor = HistGradientBoostingRegressor(**TREES)
        with threadpool_limits(limits=1):  # the same trees on any number of cores; saying them again may use all
            self.trees.fit(features[:, self.use], np.clip(error, -LARGEST_ERROR, LARGEST_ERROR))

    def predict(self, lesson: Lesson) -> Floats:
        shape, out = lesson.base.shape, []
        for start in range(0, lesson.base.size, MOST_ROWS):
            at = np.arange(start, min(start + MOST_ROWS, lesson.base.size))
            out.append(self.trees.predict(_features(self.levels, lesson, at)[:, self.use]))
        return np.asarray(np.concatenate(out).reshape(shape))


def _thin(count: int, step: float) -> Ints:
    """Every `step`-th of `count`, jittered within its step, the same each time."""
    if step <= 1:
        return np.arange(count)
    start = np.arange(0, count - 1e-9, step)
    jitter = np.random.default_rng(0).random(len(start)) * step
    return np.unique(np.minimum((start + jitter).astype(np.int64), count - 1))


def _features(levels: Levels, lesson: Lesson, at: Ints) -> NDArray[np.float32]:
    """Features of some (series, month ahead), flat positions `at`; shape (rows, features)."""
    basis, horizon = lesson.basis, lesson.base.shape[1]
    series, ahead = np.divmod(at, horizon)
    base = lesson.base.ravel()[at]
    length = basis.history.shape[1]
    columns: list[Any] = [base]
    columns += [gap.ravel()[at] for gap in lesson.gaps]
    for back in (YEAR, 2 * YEAR):
        month = length + ahead % YEAR - back
        seen = month >= 0
        columns.append(np.where(seen, basis.history[series, np.where(seen, month, 0)], np.nan) - base)
    columns += [column[series] for column in _describe(levels, basis)]
    columns += [basis.season[series, ahead % YEAR], ahead, (basis.month + ahead) % YEAR]
    return _round(columns)


def _round(columns: Sequence[Any]) -> NDArray[np.float32]:
    out = np.empty((len(columns[0]), len(columns)), dtype=np.float32)
    for i, column in enumerate(columns):
        out[:, i] = to_grain(column)
    return out


def _describe(levels: Levels, basis: Basis) -> list[Floats]:
    """Features of a series that do not depend on the month ahead."""
    history = basis.history
    year, before = recent_mean(history, YEAR), recent_mean(history[:, :-YEAR], YEAR)
    last = history[:, -YEAR:]
    seen = ~np.isnan(last)
    count = np.maximum(seen.sum(axis=1), 1)
    rest = np.where(seen, last - year[:, None], 0.0)
    return [
        recent_mean(history, 3) - year,
        recent_mean(history, 6) - year,
        np.where(history.shape[1] > YEAR, year - before, np.nan),
        recent_mean(history, 3) - recent_mean(history[:, :-YEAR], 3),
        np.sqrt((rest**2).sum(axis=1) / count),
        (last == 0).sum(axis=1) / count,
        np.log1p((~np.isnan(history)).sum(axis=1)),
        basis.growth,
        levels.level.astype(np.float64),
    ]


def _varies(column: NDArray[np.float32]) -> bool:
    """Whether a feature tells anything: scikit-learn cannot bin a column of one value."""
    known = column[~np.isnan(column)]
    return bool(known.size and known.max() > known.min())
