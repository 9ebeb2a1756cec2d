"""Sales whose credit several reps share: whose they are, before anything is added up."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.tables.sheet import Sheet
from quotaopt.text import NUMBER

CLOSE = 1e-6
SOLD_BY = ["rep_id", "order_id"]


def check_splits(sheet: Sheet) -> None:
    """Report each seller (or order) whose shares, of credit or of quota, do not add up to 100 %."""
    if not sheet.has("rep_id", "credit_rep", "share") or sheet.frame.empty:
        return
    order = sheet.frame["order_id"].to_numpy(str) if sheet.has("order_id") else np.full(len(sheet.frame), "")
    sellers = pd.DataFrame({"rep_id": sheet.frame["rep_id"].to_numpy(str), "order_id": order})
    group = sellers.groupby(SOLD_BY, sort=False).ngroup().to_numpy()
    _, first = np.unique(group, return_index=True)
    share = _numbers(sheet, "share")
    shares = {"share": share}
    if sheet.has("quota_share"):
        own = _numbers(sheet, "quota_share")
        shares["quota_share"] = np.where(np.isnan(own), share, own)
    for column, values in shares.items():
        total = np.bincount(group, np.nan_to_num(values)).astype(np.float64)
        unread = np.bincount(group, np.isnan(values)) > 0
        wrong = first[(np.abs(total - 1) > CLOSE) & ~unread]

        def what(row: int, _text: str, total: NDArray[np.float64] = total) -> str:
            whose = " ".join(filter(None, (str(sheet.frame["rep_id"].iloc[row]), order[row])))
            return f"shares of {whose} add up to {100 * total[group[row]]:.0f} %"

        remedy = "Write shares that add up to 1; what the seller keeps is a row too."
        sheet.report(np.sort(wrong), column, what, remedy, code="share", whole_row=True)


def _numbers(sheet: Sheet, column: str) -> NDArray[np.float64]:
    return sheet.convert(column, lambda text: float(text) if NUMBER.fullmatch(text) else np.nan).astype(np.float64)


def split_sales(sheet: Sheet, splits: pd.DataFrame) -> None:
    """Divide each sale between those who share its credit, by the share of the quota; amounts stay exact.

    A row about an order goes before one about everything its seller sells.

    Parameters
    ----------
    splits : rep_id, order_id (empty: all orders), credit_rep, share, quota_share (nan: the share of the credit).
    """
    if splits.empty or sheet.frame.empty:
        return
    part = splits["quota_share"].where(splits["quota_share"].notna(), splits["share"])
    rules = splits[[*SOLD_BY, "credit_rep"]].assign(part=part)
    order = sheet.frame["order_id"].to_numpy(str) if sheet.has("order_id") else np.full(len(sheet.frame), "")
    sold = pd.DataFrame({"rep_id": sheet.frame["rep_id"].to_numpy(str), "order_id": order}, dtype=str)
    own = pd.MultiIndex.from_frame(sold).isin(pd.MultiIndex.from_frame(rules[SOLD_BY]))
    sold = sold.assign(order_id=np.where(own, order, ""), row=np.arange(len(sold)))
    split = sold.merge(rules, on=SOLD_BY, how="left")
    shared = split["credit_rep"].notna().to_numpy()
    sheet.keep(split["row"].to_numpy(np.int64))
    sheet.frame["rep_id"] = split["credit_rep"].where(shared, split["rep_id"]).to_numpy()
    amounts, parts = sheet.frame["amount"].to_numpy(dtype=object).copy(), split["part"].to_numpy()
    amounts[shared] = [
        f"{Decimal(text) * Decimal(repr(float(one))):f}"
        for text, one in zip(amounts[shared], parts[shared], strict=True)
    ]
    sheet.frame["amount"] = amounts
