"""Weights of the members where the past says that some are better than the mean: a level at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quotaopt.forecast.panel import Floats
from quotaopt.forecast.pool.lessons import LARGEST_ERROR, Learner, Lesson, apply_learnt, try_earlier
from quotaopt.forecast.pool.levels import Levels

LEAST_ERRORS = 300  # of a level, to fit its weights
STAY = 0.1  # pull towards the mean, of the mean square of what members differ from it
MUCH = 1e3  # how strictly the weights add up to 1


def learn_weights(levels: Levels, lessons: Sequence[Lesson], now: Lesson) -> tuple[list[Floats], float]:
    """What to add to the base at each origin and now, shape (series, horizon), and the largest strength of a level.

    For each level the mean of members with weights ``w >= 0``, the base taking ``1 - sum(w)``, that missed least at
    earlier origins (constrained least squares, Granger & Ramanathan 1984; shrunk towards the mean, Diebold & Pauly
    1990). Applied as far as it would have helped, see `apply_learnt`.
    """
    if not lessons:
        return [np.zeros_like(now.base)], 0.0
    products = [_multiply(levels, lesson) for lesson in lessons]

    def fit(month: int) -> Floats:
        known = [table[:, : max(month - x.known, 0)].sum(axis=1) for x, table in zip(lessons, products, strict=True)]
        return np.array([_fit(table) for table in np.sum(known, axis=0)])

    def teach(month: int) -> Learner | None:
        weights = fit(month)
        return (lambda lesson: _apply(levels, weights, lesson)) if weights.any() else None

    said, tried = try_earlier(lessons, teach)
    said.append(_apply(levels, fit(now.known), now))
    return apply_learnt(levels, lessons, said, tried, now)


def _multiply(levels: Levels, lesson: Lesson) -> Floats:
    """Sums of products of gaps, error and 1 with each other, shape (levels, months ahead, members + 2, members + 2)."""
    error = np.clip(lesson.missed, -LARGEST_ERROR, LARGEST_ERROR)
    columns, horizon = len(lesson.gaps) + 2, lesson.base.shape[1]
    out = np.empty((len(levels.rows), horizon, columns, columns))
    for i, rows in enumerate(levels.rows):
        for h in range(horizon):
            seen = rows.start + np.flatnonzero(~np.isnan(error[rows, h]))
            table = np.stack([*lesson.gaps[:, seen, h], error[seen, h], np.ones(seen.size)])
            out[i, h] = table @ table.T
    return out


def _fit(products: Floats) -> Floats:
    """Weights of the members at one level, from sums of products; zeros where they are of too few errors.

    ``min w'(A + r) w − 2 b'w`` as least squares by the Cholesky factor of ``A + r``; a slack holds what the base keeps.
    """
    from scipy.optimize import nnls

    members = len(products) - 2
    square, cross = products[:members, :members], products[:members, members]
    size = float(np.trace(square)) / members
    if products[-1, -1] < LEAST_ERRORS or size <= 0:
        return np.zeros(members)
    factor = np.linalg.cholesky(square / size + STAY * np.eye(members)).T
    rows = np.pad(factor, ((0, 1), (0, 1)))
    rows[-1] = MUCH
    return np.asarray(nnls(rows, np.append(np.linalg.solve(factor.T, cross / size), MUCH))[0][:-1])


def _apply(levels: Levels, weights: Floats, lesson: Lesson) -> Floats:
    out = np.zeros_like(lesson.base)
    for rows, of in zip(levels.rows, weights, strict=True):
        out[rows] = np.tensordot(of, lesson.gaps[:, rows], axes=1)
    return out
