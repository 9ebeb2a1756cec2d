"""The numbers of a simulation, each with its value in every draw, so that plans can be compared draw by draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quotaopt.measures.attainment import BANDS, CLOSE, band_shares
from quotaopt.simulate.future import Future
from quotaopt.simulate.risk import TAILS, WORDS

Floats = NDArray[np.float64]
SHOWN = {
    "reps_below_50": BANDS["reps_below_50"],
    "reps_50_80": (0.5, 0.8, "", "at 50 to 80 %"),
    "reps_80_100": (0.8, 1.0, "", "at 80 to 100 %"),
    "reps_100_120": (1.0, 1.2, "", "at 100 to 120 %"),
    "reps_above_120": BANDS["reps_above_120"],
    "reps_at_quota": BANDS["reps_at_quota"],
    "reps_near_quota": BANDS["reps_near_quota"],
}
"""Bands of attainment: the first five are all reps, each once."""
TOP = 0.2


class Drawn(NamedTuple):
    """One number of one plan in every draw.

    Attributes
    ----------
    draws : shape (draws,); of a chance 0 or 1.
    at : ``mean``, ``chance``, a quantile, or one of `TAILS`: the mean of the worst draws.
    """

    level: str
    key: str
    name: str
    measure: str
    draws: Floats
    unit: str
    about: str
    at: str | float = "mean"


def drawn_rows(future: Future) -> Iterator[Drawn]:
    """Everything a plan brings, in every draw."""
    asked = future.quota > 0
    quota, sales = future.quota[asked], future.sales[asked]
    attainment = sales / quota[:, None]
    for name, (low, high, _, words) in SHOWN.items() if len(quota) else ():
        shares = band_shares(attainment, low, high)
        yield Drawn("all", "all", "", name, shares, "ratio", f"share of reps {words}")
    yield from _nodes(future)
    for (rep, row), mine in zip(future.reps[asked].iterrows(), attainment, strict=True):
        key, name = str(rep), str(row["rep_name"])
        yield Drawn("rep", key, name, "chance", _made(mine), "ratio", "chance of making the quota", "chance")
        yield Drawn("rep", key, name, "attainment", mine, "ratio", "median of sales / quota", 0.5)
    if future.pay is not None:
        yield from _pay(future)


def _nodes(future: Future) -> Iterator[Drawn]:
    """Company and regions: sales against target and quotas."""
    sold, street = future.sales.sum(axis=0), float(future.quota.sum())
    about = "the company's sales / target"
    yield Drawn("all", "all", "", "company_attainment", sold / future.target, "ratio", about)
    for name, quantile, words in (
        ("coverage_p50", 0.5, "half of the draws"),
        ("coverage_p20", 0.2, "four draws of five"),
    ):
        about = f"the same that {words} reach"
        yield Drawn("all", "all", "", name, sold / future.target, "ratio", about, quantile)
    best = np.sort(future.sales, axis=0)[-int(np.ceil(TOP * len(future.sales))) :].sum(axis=0)
    share = np.divide(best, sold, out=np.zeros_like(sold), where=sold > 0)
    yield Drawn("all", "all", "", "best_share", share, "ratio", "share of sales by the best fifth of the reps")
    about = "chance that the company makes its target"
    yield Drawn("all", "all", "", "company_chance", _made(sold / future.target), "ratio", about, "chance")
    missing = np.maximum(future.target - sold, 0.0)
    about = "what is missing to the target"
    yield Drawn("all", "all", "", "shortfall", missing, "money", f"{about}, expected")
    for tail in TAILS:
        yield Drawn("all", "all", "", f"shortfall_{tail}", missing, "money", f"{about}, {WORDS[tail]}", tail)
    if street > 0:
        about = "chance that sales reach the sum of all quotas"
        yield Drawn("all", "all", "", "street_chance", _made(sold / street), "ratio", about, "chance")
    regions = future.reps["region"].to_numpy(object)
    wanted = _region_targets(future)
    for region in sorted(set(regions) - {""}):
        rows = regions == region
        mine, asked = future.sales[rows].sum(axis=0), float(future.quota[rows].sum())
        if asked > 0:
            about = "chance of making the sum of its quotas"
            yield Drawn("region", region, "", "chance", _made(mine / asked), "ratio", about, "chance")
            yield Drawn("region", region, "", "attainment", mine / asked, "ratio", "median of sales / quotas", 0.5)
        if wanted.get(region, 0) > 0:
            about = "chance of making its target"
            yield Drawn("region", region, "", "target_chance", _made(mine / wanted[region]), "ratio", about, "chance")


def _region_targets(future: Future) -> dict[str, float]:
    """Money each region must cover, where ``by_region`` says so."""
    given = future.settings.by_region
    scale = future.target if sum(given.values()) == 1 else float(future.settings.unit)
    return {region: float(value) * scale for region, value in given.items()}


def _pay(future: Future) -> Iterator[Drawn]:
    """What variable pay costs."""
    plan, quota = future.pay, future.quota
    assert plan is not None
    attainment = future.attained(future.sales)
    pay = plan.pay(attainment)
    cost, sold = pay.sum(axis=0), future.sales.sum(axis=0)
    on_target = np.full_like(cost, plan.target[quota > 0].sum())
    yield Drawn(
        "pay", "all", "", "pay_on_target", on_target, "money", "variable pay when everybody makes just the quota"
    )
    yield Drawn("pay", "all", "", "pay", cost, "money", "variable pay, expected")
    yield Drawn("pay", "all", "", "pay_p50", cost, "money", "variable pay: in half of the draws less", 0.5)
    yield Drawn("pay", "all", "", "pay_p90", cost, "money", "variable pay: in nine draws of ten less", 0.9)
    for tail in TAILS:
        yield Drawn("pay", "all", "", f"pay_{tail}", cost, "money", f"variable pay: {WORDS[tail]}", tail)
    part = np.divide(cost, sold, out=np.zeros_like(cost), where=sold > 0)
    yield Drawn("pay", "all", "", "cost_of_sales", part, "ratio", "variable pay / sales")
    above = np.where(np.nan_to_num(attainment) >= 1 - CLOSE, pay, 0.0).sum(axis=0)
    part = np.divide(above, cost, out=np.zeros_like(cost), where=cost > 0)
    yield Drawn("pay", "all", "", "pay_above_quota", part, "ratio", "part of variable pay that goes to reps at quota")
    if (quota > 0).any():
        top, middle = np.quantile(pay[quota > 0], [0.9, 0.5], axis=0)
        part = np.divide(top, middle, out=np.full_like(top, np.nan), where=middle > 0)
        if not np.isnan(part).any():  # half of the reps without pay: then nothing is a multiple of the median
            about = "90th percentile of pay over reps / median"
            yield Drawn("pay", "all", "", "pay_spread", part, "ratio", about)
    for (rep, row), mine in zip(future.reps.iterrows(), pay, strict=True):
        yield Drawn("rep", str(rep), str(row["rep_name"]), "pay", mine, "money", "variable pay, expected")


def _made(attainment: Floats) -> Floats:
    return np.asarray(attainment >= 1 - CLOSE, dtype=np.float64)
