"""When quotas are asked: their seasons against those of sales, and what a deal gains by crossing a month's end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quotaopt.errors import Finding
from quotaopt.forecast.panel import month_name, month_number
from quotaopt.measures.view import Floats, PlanView, Row, measure

MOST_APART = 0.1  # of the quota in other months than the sales of last year: more is told as a warning


def _shares(view: PlanView) -> tuple[Floats, Floats, float] | None:
    """Each month's share of all quotas and of last year's sales, shape (months,), and how much of it is elsewhere.

    None where there are no seasons.
    """
    quota, sold = view.quota.sum(axis=(0, 1)), view.last_year.sum(axis=(0, 1))
    if len(quota) < 2 or quota.sum() <= 0 or sold.min() < 0 or sold.sum() <= 0:
        return None
    asked, came = quota / quota.sum(), sold / sold.sum()
    return asked, came, 0.5 * float(np.abs(asked - came).sum())


@measure
def seasonality(view: PlanView) -> Iterator[Row]:
    """Whether the months of the plan follow those of last year."""
    if shares := _shares(view):
        about = "part of the year's quota in other months than last year"
        yield Row("seasonality_fit", shares[2], "ratio", about, "lower")


def note_season(view: PlanView) -> Iterator[Finding]:
    """A warning where quotas have other seasons than sales."""
    shares = _shares(view)
    if shares is not None and shares[2] > MOST_APART:
        asked, came, off = shares
        k = int(np.abs(asked - came).argmax())
        month, parts = _months(view)[k], [f"{100 * share[k]:.1f} %" for share in (asked, came)]
        what = (
            f"{100 * off:.0f} % of the quota stands in other months than last year's sales; "
            f"most apart is {month}: {parts[0]} of the quota, {parts[1]} of the sales"
        )
        remedy = "Where pay goes by the month, deals will wait or be hurried; look at rules by month and at data.plan."
        yield Finding(what, remedy, severity="warning", code="season")


@measure
def timing(view: PlanView) -> Iterator[Row]:
    """What a deal gains on the other side of a month's end, where pay goes by the month's attainment.

    One more of sales brings rep i in month t ``u_it = (target pay / quota)_i × E[slope of the curve at X_it / q_it]``,
    with the target pay of a month in proportion to its quota; the jump is the largest ``|u_it - u_i,t+1|``.
    """
    quota = view.quota.sum(axis=1)
    if view.pay is None or view.paths is None or quota.shape[1] < 2:
        return
    marginal = np.full(quota.shape, np.nan)
    for t in range(quota.shape[1]):  # a month at a time: memory, not the answer
        some = (quota[:, t] > 0) & (view.rep_quota > 0)
        there = view.presence[:, t] * (1.0 if view.tilt is None else view.tilt)
        per_sale = np.divide(there, quota[:, t], out=np.zeros_like(there), where=some)
        attained = view.paths[:, t] * per_sale[:, None]
        rate = np.divide(view.pay.target, view.rep_quota, out=np.zeros_like(quota[:, t]), where=some)
        marginal[some, t] = (rate * view.pay.slope(attained).mean(axis=1))[some]
    jump = np.abs(np.diff(marginal, axis=1))
    if np.isnan(jump).all():
        return
    i, t = divmod(int(np.nanargmax(jump)), jump.shape[1])
    months = _months(view)[t : t + 2]
    about = f"most that pay for one more of sales differs between neighbouring months: {view.roster.index[i]}"
    about += f", {months[0]} and {months[1]}; pay by the month"
    yield Row("timing_jump", float(jump[i, t]), "ratio", about, "lower", reps=int((view.rep_quota > 0).sum()))


def _months(view: PlanView) -> list[str]:
    first = month_number(view.settings.first_month)
    return [month_name(first + k) for k in range(view.quota.shape[2])]
