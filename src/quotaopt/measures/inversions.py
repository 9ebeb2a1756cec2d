"""Dominance inversions: a rep with more of everything that ought to raise a quota than a peer, and a lower one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.columns_quality import INVERSIONS
from quotaopt.measures.view import Floats, PlanView, Row, measure

BLOCK = 1_000  # reps compared with all others at a time: memory, not the answer
TOLERANCE = 1e-3  # of a quota: less is rounding, not an inversion
LISTED = 1_000  # pairs of a table, the widest


@measure
def inversions(view: PlanView) -> Iterator[Row]:
    """Pairs of a peer group where one rep has at least as much of everything, more of something, and a lower quota."""
    if len(view.rep_quota) < 2:
        return
    count, pairs = find_pairs(view)
    names = view.roster.index
    worst = f"; worst: {names[pairs[0, 0]]} below {names[pairs[0, 1]]}" if count else ""
    about = "pairs of peers where the rep with the better potential, history, tenure and presence has the lower quota"
    yield Row("dominance_inversions", float(count), "pairs", about + worst, "lower", reps=len(view.rep_quota))


def inversion_table(view: PlanView, fairness: pd.DataFrame) -> pd.DataFrame:
    """The inverted pairs and what keeps the two quotas apart, the widest first; columns `columns_quality.INVERSIONS`.

    Parameters
    ----------
    fairness : as `Plan.fairness`: what stops each rep.
    """
    _, pairs = find_pairs(view)
    names, quota = view.roster.index.to_numpy(object), view.rep_quota
    stopped = fairness.set_index("rep_id")["stopped_by"].reindex(view.roster.index).fillna("").to_numpy(object)
    rep, other = pairs.T
    why = [stopped[i] or stopped[j] or "the goal itself" for i, j in pairs]
    columns = {"rep_id": names[rep], "quota": quota[rep], "other_id": names[other], "other_quota": quota[other],
               "below": quota[other] - quota[rep], "why": why}  # fmt: skip
    return pd.DataFrame(columns, columns=[column.name for column in INVERSIONS])


def find_pairs(view: PlanView) -> tuple[int, NDArray[np.int64]]:
    """How many pairs of peers are inverted, and the widest `LISTED` of them, shape (pairs, 2): who is below whom."""
    count, parts = 0, [np.zeros((0, 2), dtype=np.int64)]
    for _, members in pd.Series(np.arange(len(view.rep_quota))).groupby(view.peer_group, sort=True):
        rows = members.to_numpy()
        for pairs in inverted(drivers(view)[rows], view.rep_quota[rows], view.resolution):
            count += len(pairs)
            parts.append(_widest(rows[pairs], view.rep_quota))
    return count, _widest(np.concatenate(parts), view.rep_quota)


def _widest(pairs: NDArray[np.int64], quota: Floats) -> NDArray[np.int64]:
    gap = quota[pairs[:, 1]] - quota[pairs[:, 0]]
    return np.asarray(pairs[np.argsort(-gap, kind="stable")[:LISTED]])


def drivers(view: PlanView) -> Floats:
    """What ought to raise a quota: potential, last year's sales, presence, days since the start; shape (reps, 4)."""
    start = pd.to_datetime(view.roster["start_date"])
    days = (pd.Period(view.settings.first_month, "M").start_time - start).dt.days.fillna(0).to_numpy(np.float64)
    presence = view.presence.mean(axis=1)
    return np.column_stack([view.potential, view.rep_last_year, presence, days])


def inverted(driver: Floats, quota: Floats, resolution: float) -> Iterator[NDArray[np.int64]]:
    """Inverted pairs (below, above), shape (pairs, 2), a block of reps at a time."""
    for first in range(0, len(quota), BLOCK):
        mine = driver[first : first + BLOCK]
        below = quota[first : first + BLOCK, None] < quota * (1 - TOLERANCE) - resolution
        for own, other in zip(mine.T, driver.T, strict=True):
            below &= own[:, None] >= other
        rows, columns = np.nonzero(below)
        more = (mine[rows] > driver[columns]).any(axis=1)
        yield np.column_stack([rows[more] + first, columns[more]])
