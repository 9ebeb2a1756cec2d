"""Ranges of sample paths, and the groups they are summed by.

A quantile of a sum is no sum of quantiles: a region's range is read from the region's own paths.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quotaopt.forecast.panel import Floats, Ints


def central_range(paths: Floats, level: float) -> tuple[Floats, Floats]:
    """Ends of the central interval that holds the share `level` of the paths (last axis); never negative."""
    low, high = np.quantile(paths, [(1 - level) / 2, (1 + level) / 2], axis=-1)
    return np.maximum(low, 0.0), np.maximum(high, 0.0)


def group_of(labels: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """The different labels, sorted, and the number of each item's label."""
    names, code = np.unique(np.array(labels, dtype=str), return_inverse=True)
    return tuple(map(str, names)), code.astype(np.int64)
