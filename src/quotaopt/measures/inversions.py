"""Dominance inversions: a rep with more of everything that ought to raise a quota than a peer, and a lower one."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from quotaopt.columns.quality import INVERSIONS
from quotaopt.measures.view import PlanView, Row, measure


@measure
def inversions(view: PlanView) -> Iterator[Row]:
    """Pairs of a peer group where one rep has at least as much of everything, more of something, and a lower quota."""
    if len(view.rep_quota) < 2:
        return
    count, pairs = view.inversions
    names = view.roster.index
    worst = f"; worst: {names[pairs[0, 0]]} below {names[pairs[0, 1]]}" if count else ""
    about = "pairs of peers where the rep with the better potential, history, tenure and presence has the lower quota"
    yield Row("dominance_inversions", float(count), "pairs", about + worst, "lower", reps=len(view.rep_quota))


def inversion_table(view: PlanView, fairness: pd.DataFrame) -> pd.DataFrame:
    """The inverted pairs and what keeps the two quotas apart, the widest first; columns `columns.quality.INVERSIONS`.

    Parameters
    ----------
    fairness : as `Plan.fairness`: what stops each rep.
    """
    _, pairs = view.inversions
    names, quota = view.roster.index.to_numpy(object), view.rep_quota
    stopped = fairness.set_index("rep_id")["stopped_by"].reindex(view.roster.index).fillna("").to_numpy(object)
    rep, other = pairs.T
    why = [stopped[i] or stopped[j] or "the goal itself" for i, j in pairs]
    columns = {"rep_id": names[rep], "quota": quota[rep], "other_id": names[other], "other_quota": quota[other],
               "below": quota[other] - quota[rep], "why": why}  # fmt: skip
    return pd.DataFrame(columns, columns=[column.name for column in INVERSIONS])
