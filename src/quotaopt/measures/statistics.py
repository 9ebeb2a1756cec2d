"""The textbook statistics behind the measures: intervals, rank correlation, equality of groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

Floats = NDArray[np.float64]

LEVEL = 0.9
"""Share of outcomes inside every interval of the measures."""


def wilson(hits: float, count: int, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a share of which `hits` of `count` were counted (Wilson, JASA 1927).

    With ``p = hits / count`` and ``z`` the normal quantile of the level, the share lies in
    ``(p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)``. Never outside 0..1; all of it when nothing was counted.
    """
    if count == 0:
        return 0.0, 1.0
    z, p = float(ndtri(0.5 + level / 2)), hits / count
    middle, half = p + z * z / (2 * count), z * np.sqrt(p * (1 - p) / count + (z / (2 * count)) ** 2)
    whole = 1 + z * z / count
    low, high = float((middle - half) / whole), float((middle + half) / whole)
    return min(max(low, 0.0), p), max(min(high, 1.0), p)  # the share itself, whatever floats round to


def central(values: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The range that holds the middle `level` of equally likely values."""
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def ranks(values: Floats) -> Floats:
    """Ranks down each column from 1, equal values sharing their mean rank."""
    return np.asarray(pd.DataFrame(values).rank(axis=0).to_numpy(), dtype=np.float64)


def rank_correlation(x: Floats, y: Floats) -> Floats:
    """Spearman's rank correlation of each column of `x` with that of `y`; nan where one side is constant.

    Spearman, American Journal of Psychology 1904: Pearson's correlation of the ranks.

    Parameters
    ----------
    x, y : shapes (items, columns); one column of either serves all of the other.
    """
    a, b = (ranks(side) - (side.shape[0] + 1) / 2 for side in (x, y))
    scale = np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0))
    both = (a * b).sum(axis=0)
    return np.asarray(np.divide(both, scale, out=np.full(scale.shape, np.nan), where=scale > 0))


def correlation_range(rho: float, count: int, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a rank correlation of `count` pairs: Fisher's z with the variance of Bonett & Wright.

    Psychometrika 2000: ``var(atanh ρ) = (1 + ρ²/2) / (n − 3)``. From -1 to 1 with three pairs or fewer.
    """
    if count <= 3 or np.isnan(rho):
        return -1.0, 1.0
    half = float(ndtri(0.5 + level / 2)) * np.sqrt((1 + rho * rho / 2) / (count - 3))
    middle = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    return float(np.tanh(middle - half)), float(np.tanh(middle + half))


def group_difference(values: Floats, groups: Sequence[str]) -> float:
    """Probability that groups alike in distribution differ as much (Kruskal & Wallis, JASA 1952, with ties).

    ``H = (12 / (n (n + 1)) Σ R_g² / n_g − 3 (n + 1)) / (1 − Σ (t³ − t) / (n³ − n))`` against χ² of groups − 1.
    """
    rank, n = ranks(values[:, None])[:, 0], values.size
    sums = pd.Series(rank).groupby(pd.Series(list(groups))).agg(["sum", "size"])
    ties = np.unique(values, return_counts=True)[1].astype(float)
    rest = 1 - (ties**3 - ties).sum() / max(float(n) ** 3 - n, 1.0)
    if len(sums) < 2 or rest <= 0:
        return 1.0
    h = (12 / (n * (n + 1)) * (sums["sum"] ** 2 / sums["size"]).sum() - 3 * (n + 1)) / rest
    return float(chdtrc(len(sums) - 1, max(h, 0.0)))
