"""What became of the quotas there were (``data.quotas``): the last year, and whether it was like the year before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from quotaopt.forecast.panel import YEAR, month_name, month_number
from quotaopt.measures.attainment import BANDS, CLOSE
from quotaopt.measures.statistics import LEVEL, correlation_range, rank_correlation, wilson
from quotaopt.measures.view import Floats, PlanView, Row, measure

LEAST_SIDE = 3  # reps above, and below, of whom a slope is told


@measure
def past_quotas(view: PlanView) -> Iterator[Row]:
    """Attainment of last year's quotas, and its rank correlation with that of the year before."""
    quotas = view.inputs.more.get("quotas", pd.DataFrame())
    if not len(quotas):
        return
    end = month_number(str(view.inputs.history["month"].max())) + 1
    last, before = (past_attainment(view.inputs.history, quotas, end - k * YEAR) for k in (0, 1))
    for name in ("reps_at_quota", "reps_near_quota") if len(last) else ():
        low, high, better, words = BANDS[name]
        hits = int(((last >= low - CLOSE) & (last <= high + CLOSE)).sum())
        about = f"share of reps who were {words} in the last twelve months: {hits} of {len(last)}"
        yield Row(f"past_{name}", hits / len(last), "ratio", about, better, *wilson(hits, len(last)), len(last))
    both = pd.concat({"last": last, "before": before}, axis=1).dropna().to_numpy(float)
    if len(both) > 3:
        rho = float(rank_correlation(both[:, :1], both[:, 1:])[0])
        about = "Spearman correlation of attainment in the last two years; near 1 quotas favour the same patches"
        yield Row("stability", rho, "", about, "", *correlation_range(rho, len(both)), len(both))


@measure
def past_ratchet(view: PlanView) -> Iterator[Row]:
    """How the plan answers last year's attainment: growth of quota by how far a rep was above it, and below.

    ``quota growth = b0 + b+ max(0, a - 1) + b- min(0, a - 1)`` by least squares; quotas that rise after a good year
    and do not fall after a bad one have ``b+ > b-`` (Leone, Misra & Zimmerman, Investigating Dynamic Sales Quotas,
    working paper, 2004; Weitzman 1980 for the ratchet itself).
    """
    quotas = view.inputs.more.get("quotas", pd.DataFrame())
    if not len(quotas) or view.quota.shape[2] != YEAR:
        return
    end = month_number(str(view.inputs.history["month"].max())) + 1
    before, attained = past_quota(quotas, end), past_attainment(view.inputs.history, quotas, end)
    both = pd.DataFrame(
        {"now": pd.Series(view.rep_quota, view.roster.index), "was": before, "a": attained - 1}
    ).dropna()
    both = both[both["now"] > 0]
    a = both["a"].to_numpy(float)
    sides = np.column_stack([np.maximum(a, 0), np.minimum(a, 0)])
    found = least_squares(sides, both["now"].to_numpy(float) / both["was"].to_numpy(float) - 1)
    if min((a > 0).sum(), (a < 0).sum()) < LEAST_SIDE or found is None:
        return
    words = {
        "past_ratchet_up": (np.array([1.0, 0.0]), "growth of quota for each point a rep was above last year's"),
        "past_ratchet_down": (np.array([0.0, 1.0]), "fall of quota for each point a rep was below last year's"),
        "past_ratchet_gap": (np.array([1.0, -1.0]), "the first less the second: above 0 quotas rise but do not fall"),
    }
    for name, (of, about) in words.items():
        value, half = float(of @ found[0]), float(np.sqrt(of @ found[1] @ of) * stdtrit(len(a) - 3, 0.5 + LEVEL / 2))
        yield Row(name, value, "ratio", about, "", value - half, value + half, len(a))


def least_squares(x: Floats, y: Floats) -> tuple[Floats, Floats] | None:
    """Coefficients of the columns of `x` beside a constant, and their covariance; None where they are not unique."""
    design = np.column_stack([np.ones(len(y)), x])
    free = len(y) - design.shape[1]
    if free < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    error = y - design @ beta
    return beta[1:], np.asarray((inverse * (error @ error) / free)[1:, 1:])


def past_quota(quotas: pd.DataFrame, end: int) -> pd.Series[float]:
    """Quota by rep over the twelve months before month number `end`, where there was one."""
    inside = (quotas["month"] >= month_name(end - YEAR)) & (quotas["month"] <= month_name(end - 1))
    asked = quotas[inside].astype({"quota": float}).groupby("rep_id")["quota"].sum()
    return asked[asked > 0]


def past_attainment(history: pd.DataFrame, quotas: pd.DataFrame, end: int) -> pd.Series[float]:
    """Sales / quota by rep over the twelve months before month number `end`, where there was a quota."""
    asked = past_quota(quotas, end)
    inside = (history["month"] >= month_name(end - YEAR)) & (history["month"] <= month_name(end - 1))
    sold = history[inside].astype({"amount": float}).groupby("rep_id")["amount"].sum()
    return sold.reindex(asked.index).fillna(0.0) / asked
