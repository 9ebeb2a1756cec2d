"""Simple ways to divide a total, that anybody can do in a spreadsheet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quotaopt.forecast.panel import YEAR

Floats = NDArray[np.float64]
LAST_YEAR = "last 12 months"


def simple_splits(past: Floats, hidden: int) -> dict[str, Floats]:
    """Patterns over the hidden months by name, shape (reps, products, hidden); only their shares count.

    Equal; in proportion to the last 12 months, the last 3, all history, each spread over the months as the company's
    last year was; and the same months a year before, cell by cell.

    Parameters
    ----------
    past : sales of the months known, 0 where there are none, shape (reps, products, months).
    hidden : how many months are divided, the first right after the last known.
    """
    year = past[:, :, -YEAR:]
    if past.shape[2] >= YEAR:
        same = year[:, :, np.arange(hidden) % YEAR]
        season = np.maximum(same.sum(axis=(0, 1)), 0.0)
    else:
        same, season = np.repeat(past.mean(axis=2)[:, :, None], hidden, axis=2), np.ones(hidden)
    sums = {LAST_YEAR: year, "last 3 months": past[:, :, -3:], "all history": past}
    spread = {name: sales.sum(axis=2)[:, :, None] * season for name, sales in sums.items()}
    return {"equal": np.ones_like(same), **spread, "same months last year": same}
