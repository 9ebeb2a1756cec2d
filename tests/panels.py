"""A panel of past sales from bare numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quotaopt.forecast import Panel


def make_panel(values: NDArray[np.float64], regions: int = 2) -> Panel:
    """Reps R000 …, products P00 …, months from 2020-01, regions g0 … in turn, no roles."""
    n, products, _ = values.shape
    names = tuple(f"R{i:03}" for i in range(n)), tuple(f"P{i:02}" for i in range(products))
    region = np.array([f"g{i % regions}" for i in range(n)], dtype=object)
    return Panel(*names, 2020 * 12, values, region, np.full(n, "", dtype=object))
