"""Quotas of accounts: each rep's quota of a product and month, divided by what is sold to whom.

An account's share is its part of the rep's sales of the product, those of long ago counting less
(``0.5 ** (months back / half_life)``, as in simple exponential smoothing: Brown 1959). What an account buys goes to
whoever holds it in the plan. Shares become whole units month by month, so that the accounts of a rep, product and
month add up to the quota exactly, and what rounding takes from an account in one month it makes up for in the next.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.columns.hand import ACCOUNTS
from quotaopt.forecast.sums import divide, sum_groups
from quotaopt.ledgers.holders import OTHERS, Shares, find_shares, merge
from quotaopt.money import money_text
from quotaopt.optimize.rounding import split
from quotaopt.problem import Floats, Ints
from quotaopt.record import Tables, shape_tables

if TYPE_CHECKING:
    from quotaopt.plan import Plan
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

DIGITS = 6  # of what is owed to an account: the rest is numerical noise, and must not decide between two


def account_tables(plan: Plan, inputs: Inputs, settings: Settings) -> Tables:
    """``accounts``: the quotas by account; nothing where the scenario does not ask for it, or without a plan."""
    if plan.quota is None or not settings.accounts.largest:
        return {}
    index, quota = plan.problem.index, plan.quota
    found = gather_small(find_shares(index, inputs, settings), settings.accounts.largest, settings.accounts.least_share)
    found = fill_shares(found, quota)
    units = share_out(quota[found.rep, found.product], found.rep * quota.shape[1] + found.product, found.weight)
    row, month = np.nonzero(units)
    rep, product = found.rep[row], found.product[row]
    names = inputs.roster.set_index("rep_id")["rep_name"].reindex(index.reps.index).fillna("").to_numpy(object)
    table = pd.DataFrame(
        {
            "rep_id": index.reps.index.to_numpy(object)[rep],
            "rep_name": names[rep],
            "account_id": found.names[found.account[row]],
            "product_id": index.products.index.to_numpy(object)[product],
            "period": index.months.index.to_numpy(object)[month],
            "quota": money_text(units[row, month], plan.problem.unit),
            "share": units[row, month] / quota[rep, product, month],
        }
    )
    return shape_tables({"accounts": (table, ACCOUNTS)})


def gather_small(rows: Shares, largest: int, least_share: float) -> Shares:
    """The largest accounts of each rep as they are, by their largest month (some are held for a part of the plan only).

    The others are one.
    """
    rep, account = rows.rep, rows.account
    _, first, pair = np.unique(rep * len(rows.names) + account, return_index=True, return_inverse=True)
    owner, months = rep[first], sum_groups(rows.weight, pair, len(first))
    size = months.max(axis=1, initial=0.0)
    all_of = sum_groups(months, owner, int(owner.max(initial=-1)) + 1).max(axis=1, initial=0.0)[owner]
    others = account[first] == np.searchsorted(rows.names, OTHERS)
    order = np.lexsort((account[first], -size, others, owner))
    _, start, of = np.unique(owner[order], return_index=True, return_inverse=True)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) - start[of] if len(order) else 0
    small = (place >= largest) | (size < least_share * all_of)
    return merge(replace(rows, account=np.where(small[pair], np.searchsorted(rows.names, OTHERS), account)))


def fill_shares(rows: Shares, quota: Ints) -> Shares:
    """Rows for every quota: where nobody who is held bought the product, by all that the rep sells.

    Where the rep sells to nobody that is known, the quota stands with the other accounts.
    """
    everybody = np.arange(len(quota))
    others = np.full(len(quota), np.searchsorted(rows.names, OTHERS))
    weight = np.ones((len(quota), quota.shape[2]))
    rows = _fill(rows, quota, merge(replace(rows, product=np.zeros_like(rows.product))))
    return _fill(rows, quota, replace(rows, rep=everybody, account=others, weight=weight))


def _fill(rows: Shares, quota: Ints, by_rep: Shares) -> Shares:
    """The rows, and where a quota has none, those of its rep in `by_rep`."""
    known = sum_groups(rows.weight, rows.rep * quota.shape[1] + rows.product, quota.shape[0] * quota.shape[1])
    empty = (quota > 0) & (known <= 0).reshape(quota.shape)
    rep, product = np.nonzero(empty.any(axis=2))
    if not rep.size:
        return rows
    lacking = pd.DataFrame({"rep": rep, "product": product})
    added = lacking.merge(pd.DataFrame({"rep": by_rep.rep, "row": np.arange(len(by_rep.rep))}), on="rep")
    rep, product, row = (added[name].to_numpy(np.int64) for name in ("rep", "product", "row"))
    both = Shares(
        np.concatenate([rows.rep, rep]),
        np.concatenate([rows.product, product]),
        np.concatenate([rows.account, by_rep.account[row]]),
        np.concatenate([rows.weight, by_rep.weight[row] * empty[rep, product]]),
        rows.names,
    )
    return merge(both)


def share_out(quota: Ints, cell: Ints, weight: Floats) -> Ints:
    """Whole units in proportion to weights that add up to the quota in every month.

    Each is its exact part rounded down or up; up goes first to those to whom rounding owes most so far (the largest
    remainder, with the remainders of earlier months carried on).

    Parameters
    ----------
    quota : of the rep and product of each row, whole units, shape (rows, months).
    cell : sorted; rows of the same one share its quota, shape (rows,).
    weight : zero or more, in each cell and month with a quota somewhere above zero, shape (rows, months).
    """
    if not cell.size:
        return quota
    _, start, of = np.unique(cell, return_index=True, return_inverse=True)
    exact = quota * divide(weight, np.add.reduceat(weight, start, axis=0)[of])
    floor, fraction = split(exact)
    spare = quota[start] - np.add.reduceat(floor, start, axis=0)
    units, owed, place = floor.copy(), np.zeros(len(cell)), np.empty(len(cell), dtype=np.int64)
    for t in range(quota.shape[1]):
        owed = np.round(owed + exact[:, t] - floor[:, t], DIGITS)
        able = fraction[:, t] > 0
        order = np.lexsort((-owed, ~able, of))
        place[order] = np.arange(len(cell)) - start[of]
        up = able & (place < spare[of, t])
        units[:, t] += up
        owed -= up
    return units
