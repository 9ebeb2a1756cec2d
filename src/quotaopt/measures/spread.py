"""How unequal the plan is from rep to rep: growth asked, stretch, concentration, inversions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from quotaopt.measures.view import Floats, PlanView, Row, measure
from quotaopt.workload import hours_needed

BLOCK = 1_000  # reps compared with all others at a time: memory, not the answer
TOLERANCE = 1e-3  # of a quota: less is rounding, not an inversion
FULL = 0.95


@measure
def growth(view: PlanView) -> Iterator[Row]:
    """How differently reps are asked to grow."""
    rows = view.full_last_year & (view.rep_last_year > 0)
    if rows.sum() < 2:
        return
    asked, names = view.rep_quota[rows] / view.rep_last_year[rows] - 1, view.roster.index[rows]
    reps = int(rows.sum())
    about = "standard deviation over reps of quota / last year's sales - 1"
    yield Row("growth_sd", float(asked.std()), "ratio", about, "lower", reps=reps)
    for name, at in (("growth_min", int(asked.argmin())), ("growth_max", int(asked.argmax()))):
        about = f"{name[-3:]} of quota / last year's sales - 1: {names[at]}"
        yield Row(name, float(asked[at]), "ratio", about, reps=reps)


@measure
def stretch(view: PlanView) -> Iterator[Row]:
    """Max / min and coefficient of variation of stretch, and how many reps are near what they can carry."""
    rows = view.rep_capacity > 0
    level = view.rep_quota[rows] / view.rep_capacity[rows]
    if not level.size:
        return
    reps = int(rows.sum())
    if level.min() > 0:
        about = "highest / lowest quota / capacity"
        yield Row("stretch_max_min", float(level.max() / level.min()), "ratio", about, "lower", reps=reps)
    if level.mean() > 0:
        about = "standard deviation / mean of quota / capacity"
        yield Row("stretch_cv", float(level.std() / level.mean()), "ratio", about, "lower", reps=reps)
    about = "share of reps asked for more than 95 % of their capacity"
    yield Row("reps_near_capacity", float((level > FULL).mean()), "ratio", about, "lower", reps=reps)


@measure
def hours(view: PlanView) -> Iterator[Row]:
    """Whether there are hours for what is asked."""
    if view.hours is None or not (view.asked & (view.hours > 0)).any():
        return
    needed = hours_needed(view.quota, list(map(str, view.products.index)), view.settings).sum(axis=1)
    used = np.divide(needed, view.hours, out=np.zeros_like(needed), where=view.hours > 0)
    about = f"highest share of a rep's hours that the quota takes: {view.roster.index[int(used.argmax())]}"
    yield Row("hours_used", float(used.max()), "ratio", about, "lower", reps=int(view.asked.sum()))


@measure
def concentration(view: PlanView) -> Iterator[Row]:
    """How much of sales and of quotas the best fifth of the reps carries."""
    expected = view.sales.mean(axis=1)
    if len(expected) < 2 or expected.sum() <= 0:
        return
    best = np.argsort(-expected, kind="stable")[: int(np.ceil(len(expected) / 5))]
    about = "share of expected sales by the best fifth of the reps"
    yield Row("top_share", float(expected[best].sum() / expected.sum()), "ratio", about, reps=len(expected))
    if view.rep_quota.sum() > 0:
        about = "share of quotas on the same reps"
        share = float(view.rep_quota[best].sum() / view.rep_quota.sum())
        yield Row("top_quota_share", share, "ratio", about, reps=len(expected))


@measure
def inversions(view: PlanView) -> Iterator[Row]:
    """Pairs of a peer group where one rep has at least as much of everything, more of something, and a lower quota."""
    if len(view.rep_quota) < 2:
        return
    count, worst, gap = 0, "", 0.0
    for members in pd.Series(np.arange(len(view.rep_quota))).groupby(view.peer_group, sort=True):
        rows = members[1].to_numpy()
        found, pair, most = _inversions(drivers(view)[rows], view.rep_quota[rows], view.resolution)
        count += found
        if most > gap:
            gap, worst = most, f"; worst: {view.roster.index[rows[pair[0]]]} below {view.roster.index[rows[pair[1]]]}"
    about = "pairs of peers where the rep with the better potential, history, tenure and presence has the lower quota"
    yield Row("dominance_inversions", float(count), "pairs", about + worst, "lower", reps=len(view.rep_quota))


def drivers(view: PlanView) -> Floats:
    """What ought to raise a quota: potential, last year's sales, presence, days since the start; shape (reps, 4)."""
    start = pd.to_datetime(view.roster["start_date"])
    days = (pd.Period(view.settings.first_month, "M").start_time - start).dt.days.fillna(0).to_numpy(np.float64)
    presence = view.presence.mean(axis=1)
    return np.column_stack([view.potential, view.rep_last_year, presence, days])


def _inversions(driver: Floats, quota: Floats, resolution: float) -> tuple[int, tuple[int, int], float]:
    """Number of inverted pairs, the worst of them, and by how much money."""
    count, pair, gap = 0, (0, 0), 0.0
    for first in range(0, len(quota), BLOCK):
        mine = driver[first : first + BLOCK]
        inverted = quota[first : first + BLOCK, None] < quota * (1 - TOLERANCE) - resolution
        for own, other in zip(mine.T, driver.T, strict=True):
            inverted &= own[:, None] >= other
        rows, columns = np.nonzero(inverted)
        more = (mine[rows] > driver[columns]).any(axis=1)
        rows, columns = rows[more] + first, columns[more]
        count += len(rows)
        short = quota[columns] - quota[rows]
        if short.size and short.max() > gap:
            worst = int(short.argmax())
            pair, gap = (int(rows[worst]), int(columns[worst])), float(short[worst])
    return count, pair, gap
