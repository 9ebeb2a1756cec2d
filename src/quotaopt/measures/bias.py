"""Whether some kind of rep is favoured: large or small, growing, of a region, new, with one product."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from quotaopt.measures.statistics import central, group_difference, rank_correlation
from quotaopt.measures.view import Floats, PlanView, Row, measure

RANKED = (25, 200)  # fewest and most draws whose ranks are taken: their mean moves by less than 0.01 with more
MOST_RANKS = 200_000  # with many reps each draw says more, so that fewer do
ALIKE = 4  # digits of attainment: below them rounding of quotas would make ranks
MOST_BIAS = 0.2
LEAST_GROUP = 5
APART = 0.10  # medians of groups further apart are worth a look
NEW_MONTHS = 24


@measure
def rank_bias(view: PlanView) -> Iterator[Row]:
    """Rank correlation of attainment with size and with growth, expected over the draws."""
    asked, reps = view.asked, int(view.asked.sum())
    if reps < 3:
        return
    draws = int(np.clip(MOST_RANKS // reps, *RANKED))
    a = view.attainment[:, :draws]
    rho = rank_correlation(np.round(a, ALIKE), view.size[asked, None])
    if not np.isnan(rho).any():
        value, (low, high) = float(rho.mean()), central(rho)
        verdict = "look" if abs(value) > MOST_BIAS and low * high > 0 else "ok"
        about = "Spearman correlation of attainment and last year's sales, expected; above 0 large reps have it easier"
        yield Row("size_bias", value, "", about, "", low, high, reps, verdict)
    had = view.full_last_year & (view.rep_last_year > 0) & asked
    if had.sum() < 3:
        return
    pair = (view.sales[had, :draws] / side[had, None] for side in (view.rep_quota, view.rep_last_year))
    rho = rank_correlation(*(np.round(part, ALIKE) for part in pair))
    if not np.isnan(rho).any():
        about = "Spearman correlation of attainment and growth, expected; above 0 who grows is ahead"
        yield Row("growth_reward", float(rho.mean()), "", about, "higher", *central(rho), int(had.sum()))


@measure
def group_bias(view: PlanView) -> Iterator[Row]:
    """Largest difference between the groups' medians of median attainment: by region, role, tenure."""
    asked = view.asked
    if not asked.any():
        return
    middle = np.median(view.attainment, axis=1)
    for kind in ("region", "role"):
        yield from _between(f"{kind}_bias", kind, middle, view.roster[kind].to_numpy(object)[asked].tolist())
    start = pd.to_datetime(view.roster["start_date"])[asked]
    months = (pd.Period(view.settings.first_month, "M").start_time - start).dt.days / 30.4375
    kinds = np.where(months < NEW_MONTHS, "new", "settled")  # without a start date: settled
    yield from _between("tenure_bias", "tenure (two years)", middle, kinds.tolist())


def _between(name: str, words: str, values: Floats, groups: Sequence[str]) -> Iterator[Row]:
    """One row when there are two groups; those of five and more are judged, if there are two of them."""
    sizes = pd.Series(list(groups)).value_counts()
    large = sizes.index[sizes >= LEAST_GROUP]
    judged = len(large) >= 2
    kept = np.array([g in set(large) for g in groups]) if judged else np.ones(len(values), dtype=bool)
    table = pd.Series(values[kept]).groupby(pd.Series(list(groups))[kept].to_numpy(), sort=True).median()
    if len(table) < 2:
        return
    p = group_difference(values[kept], [g for g, keep in zip(groups, kept, strict=True) if keep])
    small = "" if judged else "; groups of fewer than five reps, no verdict"
    pair = f"{table.idxmax()} over {table.idxmin()}" if np.ptp(table.to_numpy()) > 10**-ALIKE else "all alike"
    about = f"largest difference of median attainment by {words}: {pair}; p = {p:.2f} by Kruskal and Wallis{small}"
    reps = int(sizes[large].min()) if judged else int(sizes.min())
    yield Row(name, float(table.max() - table.min()), "ratio", about, "lower", reps=reps)


@measure
def product_bias(view: PlanView) -> Iterator[Row]:
    """Largest difference between products of capacity / quota."""
    quota, capacity = view.quota.sum(axis=(0, 2)), view.capacity.sum(axis=(0, 2))
    rows = (quota > 0) & (capacity > 0)
    if rows.sum() < 2:
        return
    share = pd.Series(capacity[rows] / quota[rows], index=view.products.index[rows])
    pair = f"{share.idxmax()} over {share.idxmin()}" if np.ptp(share.to_numpy()) > 10**-ALIKE else "all alike"
    about = f"largest difference of capacity / quota by product: {pair}"
    yield Row("product_bias", float(share.max() - share.min()), "ratio", about, "lower")


@measure
def potential_fit(view: PlanView) -> Iterator[Row]:
    """Whether quotas follow what reps can sell."""
    expected, asked = view.sales.mean(axis=1), view.asked
    rows = asked & (expected > 0)
    reps = int(rows.sum())
    if reps < 3:
        return
    rho = rank_correlation(view.rep_quota[rows, None], expected[rows, None])[0]
    about = "Spearman correlation of quota and expected sales"
    yield Row("quota_potential", float(rho), "", about, "higher", reps=reps)
    share = (view.rep_quota[rows] / view.rep_quota.sum()) / (expected[rows] / expected.sum())
    names = view.roster.index[rows]
    for name, at, words in (
        ("share_ratio_min", int(share.argmin()), "lowest"),
        ("share_ratio_max", int(share.argmax()), "highest"),
    ):
        about = f"{words} share of quotas / share of expected sales: {names[at]}"
        yield Row(name, float(share[at]), "ratio", about, reps=reps)


@measure
def headroom(view: PlanView) -> Iterator[Row]:
    """Whether growth is asked where the market has room for it."""
    if view.penetration is None:
        return
    rows = view.asked & view.full_last_year & (view.rep_last_year > 0) & ~np.isnan(view.penetration)
    if rows.sum() < 3:
        return
    growth, room = view.rep_quota[rows] / view.rep_last_year[rows], 1 - view.penetration[rows]
    rho = rank_correlation(np.round(growth, ALIKE)[:, None], room[:, None])[0]
    if not np.isnan(rho):
        about = "Spearman correlation of growth asked and 1 - sales / potential: saturated markets grow less"
        yield Row("growth_headroom", float(rho), "", about, "higher", reps=int(rows.sum()))
