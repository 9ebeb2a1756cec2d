"""Which reps have more of everything than a peer, and a lower quota: arrays in, pairs out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Pairs = NDArray[np.int64]
BLOCK = 1_000  # reps compared with all others at a time: memory, not the answer
TOLERANCE = 1e-3  # of a quota: less is rounding, not an inversion
LISTED = 1_000  # pairs that are told, the widest


def find_pairs(driver: Floats, quota: Floats, groups: NDArray[np.object_], resolution: float) -> tuple[int, Pairs]:
    """How many pairs of peers are inverted, and the widest `LISTED` of them, shape (pairs, 2): who is below whom.

    Parameters
    ----------
    driver : what ought to raise a quota, shape (reps, drivers).
    """
    count, parts = 0, [np.zeros((0, 2), dtype=np.int64)]
    for _, members in pd.Series(np.arange(len(quota))).groupby(groups, sort=True):
        rows = members.to_numpy()
        for pairs in inverted(driver[rows], quota[rows], resolution):
            count += len(pairs)
            parts.append(_widest(rows[pairs], quota))
    return count, _widest(np.concatenate(parts), quota)


def _widest(pairs: Pairs, quota: Floats) -> Pairs:
    gap = quota[pairs[:, 1]] - quota[pairs[:, 0]]
    return np.asarray(pairs[np.argsort(-gap, kind="stable")[:LISTED]])


def inverted(driver: Floats, quota: Floats, resolution: float) -> Iterator[Pairs]:
    """Inverted pairs (below, above), shape (pairs, 2), a block of reps at a time."""
    for first in range(0, len(quota), BLOCK):
        mine = driver[first : first + BLOCK]
        below = quota[first : first + BLOCK, None] < quota * (1 - TOLERANCE) - resolution
        for own, other in zip(mine.T, driver.T, strict=True):
            below &= own[:, None] >= other
        rows, columns = np.nonzero(below)
        more = (mine[rows] > driver[columns]).any(axis=1)
        yield np.column_stack([rows[more] + first, columns[more]])
