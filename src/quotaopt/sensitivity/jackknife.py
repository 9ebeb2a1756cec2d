"""How much each quota hangs on single parts of the past: leave one out, or blur everything, and plan again.

The jackknife (Quenouille 1949; Tukey 1958) over months, products and the largest single sales, one at a time; and
noise of ±2 % on every amount, which should move no quota by more than about as much.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from quotaopt.forecast.panel import YEAR, Bools, Floats, month_number
from quotaopt.measures.table import rows_table
from quotaopt.measures.view import Row
from quotaopt.sensitivity.replan import Change, Replan, recent, recent_months, recent_sales

PRODUCTS, SALES, BLURS = 10, 20, 5  # how many products and single sales are left out, how often all is blurred
NOISE = 0.02
HANGS = 0.05  # of a quota: a part of the past that moves it further is told
KEY = ["rep_id", "product_id", "month"]


def measure_jackknife(plan: Replan, jobs: int = 1, progress: Callable[[str], None] = lambda _: None) -> pd.DataFrame:
    """What leaving out each part, and what noise does to the quotas, as rows of ``measures.csv``.

    Of each rep the quota, with the lowest and the highest it would be, and what moves it most.
    """
    left_out = _parts(plan.history)
    blurs = {f"noise {k}": partial(blur, seed=k) for k in range(1, BLURS + 1)}
    made = plan.quotas(left_out | blurs, jobs, progress)
    base = plan.base.where(plan.base > 0)
    moved = made[list(left_out)].div(base, axis=0) - 1
    noisy = (made[list(blurs)].div(base, axis=0) - 1).abs().max(axis=1)
    most, reps = moved.abs().max(axis=1), int(base.notna().sum())
    none = [name for name in left_out if made[name].isna().any()]
    return rows_table([*_summary(moved, most, noisy, reps, none), *_each(plan.base, made[list(left_out)], moved, most)])


def _parts(history: pd.DataFrame) -> dict[str, Change]:
    """Each of the last twelve months, of the largest products, and of the single sales that weigh most in a rep's."""
    found: dict[str, Change] = {month: partial(without_month, month=month) for month in recent_months(history)}
    products = recent_sales(history, "product_id").sort_values(ascending=False, kind="stable")
    for product in products.index[:PRODUCTS] if len(products) > 1 else ():
        found[str(product)] = partial(without, product_id=str(product))
    cells = recent_sales(history, *KEY).rename("amount").reset_index()
    cells["weight"] = cells["amount"] / cells.groupby("rep_id")["amount"].transform("sum")
    first = cells[cells["amount"] > 0].sort_values("weight", ascending=False, kind="stable").drop_duplicates("rep_id")
    for rep, product, month in first[KEY].head(SALES).astype(str).itertuples(index=False):
        found[f"{rep} {product} {month}"] = partial(without, rep_id=rep, product_id=product, month=month)
    return found


def without(history: pd.DataFrame, **of: str) -> Floats:
    """Amounts with nothing sold in the rows where every named column has its value."""
    rows = np.logical_and.reduce([(history[column] == value).to_numpy() for column, value in of.items()])
    return np.asarray(np.where(rows, 0.0, history["amount"].to_numpy(np.float64)))


def without_month(history: pd.DataFrame, month: str) -> Floats:
    """Amounts with a month of each rep as the year before and the rest of its twelve months would have it.

    What the rep sold in all a year earlier, times the growth of the other eleven months; where there was nothing then,
    the mean of the others. Its rows share that as they share what was sold; a rep without sales stays without.
    """
    number, at = month_number(month), history["month"].map(month_number).to_numpy()
    amount, year = history["amount"].to_numpy(np.float64), recent(history)
    rows, rest = at == number, year & (at != number)
    earlier = np.isin(at, at[rest] - YEAR)
    now, before, then, sold = (_by_rep(history, amount, mine) for mine in (rest, earlier, at == number - YEAR, rows))
    grown = np.divide(now, before, out=np.zeros_like(now), where=before > 0)
    usual = np.where((before > 0) & (then > 0), then * grown, now / max(len(set(at[rest])), 1))
    return np.asarray(np.where(rows & (sold > 0), amount * usual / np.where(sold > 0, sold, 1.0), amount))


def _by_rep(history: pd.DataFrame, amount: Floats, rows: Bools) -> Floats:
    """Each row's rep's sum over some rows, never below 0, shape (rows,)."""
    sums = pd.Series(np.where(rows, amount, 0.0)).groupby(history["rep_id"].to_numpy()).transform("sum")
    return np.asarray(np.maximum(sums.to_numpy(np.float64), 0.0))


def blur(history: pd.DataFrame, seed: int) -> Floats:
    """Every amount 2 % more or less, by chance."""
    sign = np.random.default_rng(seed).choice([-1.0, 1.0], len(history))
    return np.asarray(history["amount"].to_numpy(np.float64) * (1 + NOISE * sign))


def _summary(
    moved: pd.DataFrame, most: pd.Series[float], noisy: pd.Series[float], reps: int, none: list[str]
) -> list[Row]:
    """The reps together."""
    if most.isna().all():
        return []
    rep = str(most.idxmax())
    about = f"most a quota moves when one month, product or sale is left out: {_said(moved, rep)} of {rep}"
    about += f"; no plan without {', '.join(none)}" if none else ""
    hangs = f"reps whose quota moves by more than {100 * HANGS:g} % when one of them is left out"
    noise = f"most a quota moves when every sale is 2 % more or less: {noisy.idxmax()}"
    return [
        Row("jackknife_max", float(most.max()), "ratio", about, "lower", reps=reps),
        Row("jackknife_median", float(most.median()), "ratio", "median over reps of the most theirs moves", "lower",
            reps=reps),
        Row("reps_hanging", float((most > HANGS).sum()), "reps", hangs, "lower", reps=reps),
        Row("noise_max", float(noisy.max()), "ratio", noise, "lower", reps=reps),
    ]  # fmt: skip


def _said(moved: pd.DataFrame, rep: str) -> str:
    mine = moved.loc[[rep]].iloc[0].astype(float)
    part = str(mine.abs().idxmax())
    return f"without {part} {100 * mine[part]:+.1f} %"


def _each(base: pd.Series[float], made: pd.DataFrame, moved: pd.DataFrame, most: pd.Series[float]) -> list[Row]:
    """Quota of each rep with the range it would be in, the one that hangs most first."""
    order = most.dropna().sort_values(ascending=False, kind="stable").index
    low, high = np.fmin(made.min(axis=1), base), np.fmax(made.max(axis=1), base)
    about = "quota, and between what it would be; "
    return [
        Row(f"jackknife {rep}", float(base[rep]), "money", about + _said(moved, str(rep)), "", low[rep], high[rep])
        for rep in order
    ]
