"""Arithmetic that every part of the forecast shares: sums by group, and quotients where there may be nothing."""

from __future__ import annotations

import numpy as np

from quotaopt.forecast.panel import Floats, Ints


def sum_groups(values: Floats, group: Ints, size: int) -> Floats:
    """Sums of `values` along the first axis by group 0 … size − 1, shape (size, …); 0 for a group without any."""
    out = np.zeros((size, *values.shape[1:]))
    order = np.argsort(group, kind="stable")
    there, starts = np.unique(group[order], return_index=True)
    if there.size:
        out[there] = np.add.reduceat(values[order], starts, axis=0)
    return out


def divide(part: Floats, whole: Floats) -> Floats:
    """Quotient, of the shape both broadcast to; 0 where `whole` is not positive."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)
