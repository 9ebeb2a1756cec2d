"""One forecast for all levels: the cells whose sums lie nearest to what was forecast of each series."""

from __future__ import annotations

import numpy as np

from quotaopt.forecast.panel import Floats
from quotaopt.forecast.pool.levels import Levels

MOST_STEPS, TOLERANCE = 200, 1e-9


def reconcile(levels: Levels, base: Floats, variance: Floats) -> Floats:
    """Cells x that minimise ``Σ (base − S x)² / variance``, shape (reps, products, columns).

    Weighted least squares (Wickramasuriya, Athanasopoulos & Hyndman 2019) by conjugate gradients with S as an
    operator: the matrix S' W S is dense because of the company's row. It starts from the cells' own forecasts, so
    that what adds up already stays as it is.

    Parameters
    ----------
    base : forecasts of every series, shape (series, columns).
    variance : of their errors, shape (series,), in any unit.
    """
    x = levels.cells(base)
    positive = variance > 0
    if not positive.any():
        return x
    weight = variance.max() / np.maximum(variance, 1e-12 * variance.max())[:, None]
    diagonal = levels.hand_down(weight)
    rest = levels.hand_down(weight * (base - levels.add_up(x)))
    goal = TOLERANCE * np.sqrt((levels.hand_down(weight * np.abs(base)) ** 2).sum(axis=(0, 1)))
    step = rest / diagonal
    size = (rest * step).sum(axis=(0, 1))
    for _ in range(MOST_STEPS):
        if (np.sqrt((rest**2).sum(axis=(0, 1))) <= goal).all():
            break
        image = levels.hand_down(weight * levels.add_up(step))
        bend = (step * image).sum(axis=(0, 1))
        length = np.divide(size, bend, out=np.zeros_like(size), where=bend > 0)
        x = x + length * step
        rest = rest - length * image
        scaled = rest / diagonal
        new = (rest * scaled).sum(axis=(0, 1))
        step = scaled + np.divide(new, size, out=np.zeros_like(size), where=size > 0) * step
        size = new
    return np.asarray(x)
