"""How unequal the plan is from rep to rep: growth asked, stretch, hours, concentration."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quotaopt.measures.view import PlanView, Row, measure
from quotaopt.workload import hours_needed

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
