"""What accounts bought, and who holds them in the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.forecast.sums import divide, sum_groups
from quotaopt.problem import Floats, Index, Ints
from quotaopt.text import ACCOUNT
from quotaopt.workdays import Workdays, make_workdays, share_of_workdays

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

OTHERS = "other accounts"
ROW = ["owner", "account", "product"]


@dataclass(frozen=True, eq=False)
class Shares:
    """What is expected of accounts beside each other; one row for each rep × product × account, sorted by them.

    Attributes
    ----------
    rep, product : places in the index, shape (rows,).
    account : places in `names`, shape (rows,).
    weight : any unit, zero or more, shape (rows, months).
    names : sorted ids of accounts.
    """

    rep: Ints
    product: Ints
    account: Ints
    weight: Floats
    names: NDArray[np.object_]


def find_shares(index: Index, inputs: Inputs, settings: Settings) -> Shares:
    """What every account bought lately of every product, with whoever holds it in each month of the plan."""
    sales = inputs.more["account_sales"]
    code, written = pd.factorize(sales["month"])
    number = pd.PeriodIndex(pd.Index(written).astype(str), freq="M").astype("int64").to_numpy()
    back = number.max(initial=0) - number[code]
    account, written = pd.factorize(sales["account_id"])
    ids = np.where(written == "", OTHERS, written.astype(object))  # sold to nobody knows whom
    names = np.unique(np.append(ids, OTHERS))
    weight = sales["amount"].to_numpy(np.float64) * 0.5 ** (back / settings.accounts.half_life)
    account = np.searchsorted(names, ids)[account]
    lately = sales.assign(account=account, weight=weight)[back < settings.forecast.months]
    rows, held = hold_sales(lately, index, inputs, settings)
    rep, product, account = (rows[name].to_numpy(np.int64) for name in ("rep", "product", "account"))
    found = merge(Shares(rep, product, account, held, names))
    kept = np.flatnonzero((found.weight > 0).any(axis=1))
    weight = np.maximum(found.weight[kept], 0.0)  # returns of an account do not make others sell more
    return Shares(found.rep[kept], found.product[kept], found.account[kept], weight, names)


def account_part(rows: Shares, index: Index, account: str) -> Floats:
    """Part of each rep's sales of a product that is one account's, shape (reps, products, months)."""
    cell, size = rows.rep * len(index.products) + rows.product, len(index.reps) * len(index.products)
    mine = rows.names[rows.account] == account
    whole = sum_groups(rows.weight, cell, size)
    return divide(sum_groups(rows.weight[mine], cell[mine], size), whole).reshape(index.shape)


def merge(rows: Shares) -> Shares:
    """Rows of the same rep, product and account as one."""
    order = np.lexsort((rows.account, rows.product, rows.rep))
    rep, product, account = rows.rep[order], rows.product[order], rows.account[order]
    new = (np.diff(rep) != 0) | (np.diff(product) != 0) | (np.diff(account) != 0)
    first = np.flatnonzero(np.append(True, new))[: len(order)]
    weight = np.add.reduceat(rows.weight[order], first, axis=0) if len(order) else rows.weight
    return Shares(rep[first], product[first], account[first], weight, rows.names)


def hold_sales(sales: pd.DataFrame, index: Index, inputs: Inputs, settings: Settings) -> tuple[pd.DataFrame, Floats]:
    """What was sold to accounts, with who holds them in the plan: as the forecast follows territories and accounts.

    Sales in a territory go to its holders, by days and share. Those of a rep who held territories that the history
    does not name are divided between them by days and share; all others stay the rep's own.

    Parameters
    ----------
    sales : rep_id, product_id, month, account (codes), weight, and territory_id where the history has it.

    Returns
    -------
    rep, product (places in the index) and account (code) of each row; and its weight in each month of the plan,
    shape (rows, months). Rows may repeat.
    """
    months = [str(month) for month in index.months.index]
    rows = sales.assign(
        owner=_find(sales["rep_id"], index.reps.index), product=_find(sales["product_id"], index.products.index)
    )
    held, assignments = np.ones((len(index.reps), len(months))), inputs.assignments
    holder = named = np.arange(len(index.reps))
    if assignments is not None:
        territories, patch = np.unique(assignments["territory_id"].to_numpy(str), return_inverse=True)
        calendar = make_workdays(inputs, settings)
        part = share_of_workdays(assignments["start_date"], assignments["end_date"], months, calendar)
        part = part * assignments["share"].to_numpy(np.float64)[:, None]
        holder = np.append(holder, _find(assignments["rep_id"], index.reps.index))
        held, named = np.concatenate([held, part]), np.append(named, len(index.reps) + patch)
        follows = settings.data.history_follows == "territory"
        rows = _place(rows, pd.Index(territories.astype(object)), len(index.reps), follows)
        if follows:
            rows = _divide(rows, assignments, patch + len(index.reps), calendar)
    rows = rows[(rows["owner"] >= 0) & (rows["product"] >= 0)]
    rows = rows.groupby(ROW)["weight"].sum().reset_index()
    there = (holder >= 0) & held.any(axis=1)
    spans = pd.DataFrame({"owner": named, "rep": holder, "span": np.arange(len(named))})[there]
    both = rows.merge(spans, on="owner")
    return both[["rep", "product", "account"]], both["weight"].to_numpy()[:, None] * held[both["span"].to_numpy()]


def _find(names: pd.Series[str], index: pd.Index[str]) -> Ints:
    """Position of each name in the index, -1 where it is not in it; each different name is looked up once."""
    code, different = pd.factorize(names)
    return np.asarray(index.get_indexer(pd.Index(different.astype(str)))[code], dtype=np.int64)


def _place(rows: pd.DataFrame, territories: pd.Index[str], reps: int, follows: bool) -> pd.DataFrame:
    """Rows that name their territory, or an account that assignments name, belong to it."""
    if "territory_id" not in rows:
        return rows.assign(placed=False)
    known = territories if follows else territories.where(territories.str.startswith(ACCOUNT), "")
    place = np.where(rows["territory_id"] != "", _find(rows["territory_id"], known), -1)
    return rows.assign(owner=np.where(place >= 0, place + reps, rows["owner"]), placed=place >= 0)


def _divide(rows: pd.DataFrame, assignments: pd.DataFrame, owner: Ints, calendar: Workdays) -> pd.DataFrame:
    """Rows that name no territory, of reps who held some in that month, divided between these."""
    whole = ~assignments["territory_id"].str.startswith(ACCOUNT).to_numpy(bool)
    spans = assignments[whole].reset_index(drop=True)
    own = ~rows["placed"].to_numpy(bool) & rows["rep_id"].isin(spans["rep_id"]).to_numpy(bool)
    if not own.any():
        return rows
    months = sorted(map(str, rows["month"][own].unique()))
    part = share_of_workdays(spans["start_date"], spans["end_date"], months, calendar)
    span, month = np.nonzero(part)
    held = pd.DataFrame({
        "rep_id": spans["rep_id"].to_numpy(object)[span], "month": np.array(months, dtype=object)[month],
        "to": owner[whole][span], "part": (part * spans["share"].to_numpy(np.float64)[:, None])[span, month],
    })  # fmt: skip
    held["part"] /= held.groupby(["rep_id", "month"])["part"].transform("sum")
    divided = rows[own].astype({"rep_id": object, "month": object}).merge(held, on=["rep_id", "month"], how="left")
    divided["owner"] = divided["to"].fillna(divided["owner"]).astype(np.int64)
    divided["weight"] *= divided["part"].fillna(1.0)
    return pd.concat([rows[~own], divided[list(rows)]], ignore_index=True)
