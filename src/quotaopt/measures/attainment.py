"""How attainment will be spread over reps, from the forecast's joint draws: one draw is one future for everybody."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quotaopt.measures.statistics import central, wilson
from quotaopt.measures.view import Floats, PlanView, Row, measure

BANDS = {
    "reps_below_50": (0.0, 0.5, "lower", "below 50 %"),
    "reps_below_80": (0.0, 0.8, "lower", "below 80 %"),
    "reps_near_quota": (0.8, 1.2, "higher", "at 80 to 120 %"),
    "reps_at_quota": (1.0, np.inf, "higher", "at quota or above"),
    "reps_above_120": (1.2, np.inf, "", "above 120 %"),
}
CLOSE = 1e-9
"""Attainment this near to a bound has reached it: quotas are sums of cents."""


def band_shares(attainment: Floats, low: float, high: float) -> Floats:
    """Share of reps with ``low <= attainment < high`` in each draw; 120 % itself is still near the quota.

    Parameters
    ----------
    attainment : sales / quota, shape (reps, draws).
    """
    above = attainment >= low - CLOSE if low != 1.2 else attainment > low + CLOSE
    below = attainment < high - CLOSE if high != 1.2 else attainment <= high + CLOSE
    return np.asarray((above & below).mean(axis=0))


@measure
def attainment_shares(view: PlanView) -> Iterator[Row]:
    """Expected shares of reps by attainment, with the range nine futures in ten keep to."""
    reps = int(view.asked.sum())
    for name, (low, high, better, words) in BANDS.items() if reps else ():
        share = band_shares(view.attainment, low, high)
        yield Row(name, float(share.mean()), "ratio", f"expected share of reps {words}", better, *central(share), reps)


@measure
def attainment_shape(view: PlanView) -> Iterator[Row]:
    """Standard deviation and skewness of attainment over reps."""
    a, reps = view.attainment, int(view.asked.sum())
    if reps < 2:
        return
    centred = a - a.mean(axis=0)
    square = centred * centred
    sd, third = np.sqrt(square.mean(axis=0)), (square * centred).mean(axis=0)
    skew = np.divide(third, sd**3, out=np.zeros_like(sd), where=sd > 0)
    about = "standard deviation of attainment over reps, expected"
    yield Row("attainment_sd", float(sd.mean()), "ratio", about, "lower", *central(sd), reps)
    about = "skewness of attainment over reps, expected; above 0 a few reps lead far"
    yield Row("attainment_skew", float(skew.mean()), "", about, "", *central(skew), reps)
    if reps > 3:
        fourth = np.divide((square * square).mean(axis=0), sd**4, out=np.full_like(sd, 3.0), where=sd > 0)
        two = two_humps(skew, fourth, reps)
        about = "whether attainment has two humps (Sarle's coefficient, expected): above 0.56 it looks like it"
        yield Row("attainment_bimodality", float(two.mean()), "", about, "lower", *central(two), reps)


def two_humps(skew: Floats, kurtosis: Floats, n: int) -> Floats:
    """Sarle's bimodality coefficient of `n` values with these moments (SAS Institute, SAS/STAT User's Guide, 1990).

    ``(g² + 1) / (k + 3 (n - 1)² / ((n - 2)(n - 3)))`` with skewness g and excess kurtosis k corrected for n; 5/9 for
    a uniform distribution, 1/3 for a normal one, 1 for two points.
    """
    g = skew * np.sqrt(n * (n - 1)) / (n - 2)
    k = ((n + 1) * (kurtosis - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))
    return np.asarray((g * g + 1) / (k + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))))


@measure
def company(view: PlanView) -> Iterator[Row]:
    """What the company sells against its target, and how likely it makes it."""
    sold = view.sales.sum(axis=0) / view.target
    about = "the company's sales / target, expected"
    yield Row("company_attainment", float(sold.mean()), "ratio", about, "higher", *central(sold))
    made = int((sold >= 1 - CLOSE).sum())
    about = f"chance that the company makes its target, from {sold.size} draws"
    yield Row("company_chance", made / sold.size, "ratio", about, "higher", *wilson(made, sold.size))
    for quantile, name in ((0.5, "coverage_p50"), (0.2, "coverage_p20")):
        about = f"{quantile:.0%} quantile of the company's sales / target".replace("%", " %")
        yield Row(name, float(np.quantile(sold, quantile)), "ratio", about, "higher")
    best = np.sort(view.sales, axis=0)[-2:].sum(axis=0) if len(view.sales) > 2 else None
    if best is not None:
        less = sold - best / view.target
        about = "the company's sales / target without the two best reps of each draw"
        yield Row("drop_two", float(less.mean()), "ratio", about, "higher", *central(less))
