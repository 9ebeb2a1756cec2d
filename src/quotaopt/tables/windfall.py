"""Deals that will not come again, taken out of the history before anything is added up, each of them listed.

A deal is what one order brought of one product, or without an order what one day did. It is cut where its size passes
``Q3 + 3 (Q3 - Q1)`` of the logarithms of its group's deals (the outer fence of Tukey 1977, for sizes that are skewed):
deals of the same product by reps of one peer group. The part above the fence is its windfall; of a deal that the
history marks, all of it is.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.tables.sheet import Sheet
from quotaopt.text import counted

if TYPE_CHECKING:
    from quotaopt.settings import Forecasting

COLUMNS = ("rep_id", "product_id", "month", "date", "order_id", "amount", "kept", "windfall", "why", "source")
FEWEST = 20  # deals that make a group; of fewer nobody can say which size is ordinary
REACH = 3.0
LEAST = 2.0  # never below twice the upper quartile, however alike the deals are
NAMED = 3


def cut_windfalls(sheet: Sheet, roster: pd.DataFrame, chosen: Forecasting) -> pd.DataFrame:
    """Take windfalls out of the amounts of a history, and list them: the columns `COLUMNS`, the largest first.

    Amounts are exact: what is left and what is listed add up to what was written.

    Parameters
    ----------
    roster : rep_id, peer_group.
    chosen : whether deals are held against a fence, and what is never cut (`keep_whales`).
    """
    n = len(sheet.frame)
    marked = (sheet.frame["windfall"] == "true").to_numpy() if sheet.has("windfall") else np.zeros(n, dtype=bool)
    if not n or not (marked.any() or chosen.deal_fence):
        return pd.DataFrame(columns=list(COLUMNS))
    cells = pd.DataFrame({k: sheet.frame[k].astype(str) if sheet.has(k) else "" for k in COLUMNS[:5]}, dtype=str)
    money = [Decimal(text) * unit for text, unit in zip(sheet.frame["amount"], sheet.unit, strict=True)]
    written = pd.Series(money, dtype=object)
    share = np.ones(n)
    if chosen.deal_fence:
        peers = cells["rep_id"].map(roster.set_index("rep_id")["peer_group"]).fillna("")
        open_ = ~marked & ~_kept(cells, chosen)
        share = share_within(cells, peers, written.astype(np.float64).to_numpy(), open_)
    share[marked] = 0.0
    rows = np.flatnonzero(share < 1)
    table = cells.iloc[rows].assign(
        amount=written.iloc[rows],
        kept=pd.Series([_part(written.iloc[k], float(share[k])) for k in rows], index=rows, dtype=object),
        why=np.where(marked[rows], "marked", "beyond the fence"),
        source=[f"{sheet.file[k]}:{sheet.line[k]}" for k in rows],
    )
    table["windfall"] = table["amount"] - table["kept"]
    texts = sheet.frame["amount"].to_numpy(dtype=object).copy()
    texts[rows] = [f"{kept / unit:f}" for kept, unit in zip(table["kept"], sheet.unit[rows], strict=True)]
    sheet.frame["amount"] = texts
    _tell(sheet, table, float(written.sum()))
    order = np.lexsort((np.arange(rows.size), -table["windfall"].astype(np.float64).to_numpy()))
    return table[list(COLUMNS)].iloc[order].reset_index(drop=True)


def share_within(cells: pd.DataFrame, peers: pd.Series[str], amount: NDArray[Any], open_: NDArray[Any]) -> NDArray[Any]:
    """Part of each row within the fence of its deal, 0..1, shape (rows,); deals of too small groups are left alone."""
    single = cells["order_id"].where(cells["order_id"] != "", cells["date"])
    deal = cells[["rep_id", "product_id"]].assign(order=single)
    code = deal.groupby(["rep_id", "product_id", "order"]).ngroup().to_numpy()
    known = open_ & (single != "").to_numpy()
    size = np.bincount(code, np.where(known, amount, 0.0))
    group = (
        peers.astype(str).to_frame("peers").assign(product=cells["product_id"]).groupby(["peers", "product"]).ngroup()
    )
    _, first = np.unique(code, return_index=True)
    deals = pd.DataFrame({"group": group.to_numpy()[first], "size": size})
    deals["log"] = np.log(deals["size"].where(deals["size"] > 0))
    by = deals.groupby("group")["log"]
    low, high, count = by.transform("quantile", 0.25), by.transform("quantile", 0.75), by.transform("count")
    fence = np.maximum(np.exp(high + REACH * (high - low)), LEAST * np.exp(high))
    part = np.where((count >= FEWEST) & (deals["size"] > fence), fence / deals["size"], 1.0)
    return np.where(known, part[code], 1.0)


def _kept(cells: pd.DataFrame, chosen: Forecasting) -> NDArray[np.bool_]:
    """Rows of months declared to come again."""
    keep = np.zeros(len(cells), dtype=bool)
    for whale in chosen.keep_whales:
        same = [cells["month"] == whale.month]
        same += [cells[k] == v for k, v in (("rep_id", whale.rep), ("product_id", whale.product)) if v]
        keep |= np.logical_and.reduce([s.to_numpy() for s in same])
    return keep


def _part(amount: Decimal, share: float) -> Decimal:
    """A part of an amount, to its own number of decimals and two at least."""
    places = min(int(amount.as_tuple().exponent), -2)
    return (amount * Decimal(repr(share))).quantize(Decimal(1).scaleb(places), ROUND_HALF_EVEN)


def _tell(sheet: Sheet, table: pd.DataFrame, total: float) -> None:
    if table.empty:
        return
    most = table.sort_values("windfall", ascending=False, kind="stable").head(NAMED)
    named = [
        f"{r} {p} {m} ({float(w):,.0f})"
        for r, p, m, w in most[["rep_id", "product_id", "month", "windfall"]].itertuples(index=False)
    ]
    cut = float(table["windfall"].sum())
    more = f" and {len(table) - NAMED} more" if len(table) > NAMED else ""
    share = f", {cut / total:.1%} of all sales" if total > 0 else ""
    what = f"{counted(len(table), 'row')} cut by {cut:,.0f} of windfall{share}: {', '.join(named)}{more}"
    sheet.warn(what.replace("%", " %"), "They are listed in windfall.csv and count in no base.", code="windfall")
