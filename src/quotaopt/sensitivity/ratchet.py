"""By how much a rep's quota rises with what the rep sold: the ratchet, measured by planning again.

A rep whose next quota takes back most of what is sold today sells less in December (Weitzman, Bell Journal of
Economics 1980); where it takes back more of one product than of another, effort moves to the other (Brahm & Poblete,
Management Science 2018). The derivative is measured: 1 % more sales of one rep over the last twelve months, of all
products or of one, everything else as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from quotaopt.errors import NoPlanError
from quotaopt.forecast.panel import Floats
from quotaopt.measures.table import rows_table
from quotaopt.measures.view import Row
from quotaopt.sensitivity.replan import Replan, recent, recent_sales

STEP = 0.01
FINEST = 10  # rounding units that 1 % must be worth: less is rounding
PRODUCTS = 3  # of each rep, by sales

Tell = Callable[[str], None]


def measure_ratchet(
    plan: Replan, most: int = 20, products: bool = False, jobs: int = 1, progress: Tell = lambda _: None
) -> pd.DataFrame:
    """``Δ quota / Δ sales`` of the reps with the largest sales, as rows of ``measures.csv``.

    Parameters
    ----------
    most : how many reps are tried; each takes a forecast and a plan.
    products : whether each rep's `PRODUCTS` largest products are tried as well, one by one.

    Raises
    ------
    NoPlanError
        If nobody sold enough to see anything.
    """
    sold = recent_sales(plan.history, "rep_id").reindex(plan.base.index).fillna(0.0)
    sold.index.name = "rep_id"
    reps = _large(sold, plan)[:most]
    if not len(reps):
        raise NoPlanError(f"1 % of nobody's sales is {FINEST} rounding units: there is no ratchet to measure")
    tried = {f"ratchet {rep}": (str(rep), "", float(sold[rep])) for rep in reps}
    for rep in reps if products else ():
        mine = recent_sales(plan.history[plan.history["rep_id"] == rep], "product_id")
        several = _large(mine, plan)[:PRODUCTS] if len(mine) > 1 else ()
        tried |= {f"ratchet {rep} {p}": (str(rep), str(p), float(mine[p])) for p in several}
    changes = {name: partial(sell_more, rep=rep, product=product) for name, (rep, product, _) in tried.items()}
    made = plan.quotas(changes, jobs, progress)
    rho = pd.Series({name: (made[name][rep] - plan.base[rep]) / (STEP * s) for name, (rep, _, s) in tried.items()})
    return rows_table([*_summary(rho, tried, len(plan.base)), *_each(rho)])


def sell_more(history: pd.DataFrame, rep: str, product: str = "") -> Floats:
    """Amounts with 1 % more sales of a rep over the last twelve months, of all products or of one."""
    mine = recent(history) & (history["rep_id"] == rep).to_numpy()
    if product:
        mine &= (history["product_id"] == product).to_numpy()
    return np.asarray(history["amount"].to_numpy(np.float64) * np.where(mine, 1 + STEP, 1.0))


def _large(sold: pd.Series[float], plan: Replan) -> pd.Index[str]:
    """Whose 1 % is more than rounding, the largest first."""
    return sold[sold * STEP >= FINEST * plan.finest].sort_values(ascending=False, kind="stable").index


def _summary(rho: pd.Series[float], tried: dict[str, tuple[str, str, float]], of: int) -> list[Row]:
    """Highest and median of the reps, and the widest difference between two products of one rep."""
    whole = rho[[name for name, (_, product, _) in tried.items() if not product]]
    words = f"of {len(whole)} reps" if len(whole) == of else f"of the {len(whole)} largest of {of} reps"
    highest = tried[str(whole.idxmax())][0]
    about = f"highest change of quota / change of sales, with 1 % more sales each, {words}: {highest}"
    rows = [
        Row("ratchet_max", float(whole.max()), "ratio", about, "lower", reps=of),
        Row("ratchet_median", float(whole.median()), "ratio", f"median of the same, {words}", "lower", reps=of),
    ]
    parts = rho.drop(whole.index)
    by = parts.groupby([tried[str(name)][0] for name in parts.index], sort=False)
    apart = by.max() - by.min()
    if len(parts) and apart.notna().any() and (by.size() > 1).any():
        rep = str(apart.idxmax())
        names = [tried[str(by.get_group(rep).agg(end))][1] for end in ("idxmin", "idxmax")]
        about = f"most that two products of one rep differ in it: {rep}, {names[0]} keeps more than {names[1]}"
        rows.append(Row("ratchet_products", float(apart.max()), "ratio", about, "lower", reps=of))
    return rows


def _each(rho: pd.Series[float]) -> list[Row]:
    return [Row(str(name), float(value), "ratio", "change of quota / change of sales") for name, value in rho.items()]
