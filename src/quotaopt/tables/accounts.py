"""Accounts at the border: rows of the assignments that are about one, and the sales that go with it.

An account that assignments name stands as a territory of its own, ``account A17``: whatever holds of a territory (its
history follows whoever holds it, by days and share) holds of it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.errors import SHOWN, Finding, nearest, split_place
from quotaopt.scenario import Scenario
from quotaopt.tables.checks import OVERLAY, SPAN
from quotaopt.tables.sheet import Sheet
from quotaopt.text import ACCOUNT, NUMBER, counted

CLOSE = 1e-6
EVER = "9999-12-31"


def forget_accounts(history: Sheet) -> None:
    """Take the accounts out of a history in which they only told rows apart."""
    if history.table.name == "history" and history.has("account_id"):
        remedy = "accounts.largest divides quotas between accounts."
        if len(history.frame):
            history.warn(f"{history.label('account_id')} is not used", remedy, code="account")
        history.frame = history.frame.drop(columns="account_id")


def settle_accounts(sheet: Sheet) -> None:
    """Let accounts stand as territories; a row that names both is reported."""
    if sheet.table.name != "assignments" or not sheet.has("account_id"):
        return
    account = sheet.frame["account_id"].to_numpy(str)
    territory = sheet.frame["territory_id"].to_numpy(str) if sheet.has("territory_id") else np.full(len(account), "")
    both = np.flatnonzero((account != "") & (territory != ""))
    sheet.report(both, "account_id", "both a territory and an account", "Name one of the two.", code="account")
    sheet.headers.setdefault("territory_id", sheet.headers["account_id"])
    named = np.where(account == "", territory, np.char.add(ACCOUNT, account))
    sheet.frame = sheet.frame.drop(columns="account_id").assign(territory_id=named.astype(object))


def name_accounts(sheet: Sheet) -> bool:
    """Whether any row of the assignments is about an account."""
    return sheet.has("territory_id") and sheet.rows_where("territory_id", is_account).size > 0


def is_account(territory: str) -> bool:
    """Whether a territory is an account that assignments name."""
    return territory.startswith(ACCOUNT)


def _held(sheet: Sheet) -> NDArray[np.int64]:
    """Rows about an account that is held, not credited besides."""
    rows = sheet.rows_where("territory_id", is_account)
    if not sheet.has("kind"):
        return rows
    held = sheet.convert("kind", lambda text: text.casefold() not in OVERLAY, rows).astype(bool)
    return np.asarray(rows[held], dtype=np.int64)


def check_account_shares(sheet: Sheet) -> None:
    """Report each account of which, on a day on which somebody holds it, less than 100 % is held."""
    if not name_accounts(sheet) or not sheet.has("share"):
        return
    rows = _held(sheet)
    start, end = (sheet.frame[c].to_numpy(str)[rows] if sheet.has(c) else np.full(len(rows), "") for c in SPAN)
    share = sheet.convert("share", lambda text: float(text) if NUMBER.fullmatch(text) else 1.0, rows)
    held = pd.DataFrame({
        "account": sheet.frame["territory_id"].to_numpy()[rows], "row": rows, "start": start,
        "end": np.where(end == "", EVER, end), "share": share.astype(np.float64),
    })  # fmt: skip
    # what is held changes on the first day of a row, and on the one after its last
    next_day = pd.to_datetime(held["end"].where(held["end"] != EVER), errors="coerce") + pd.Timedelta(days=1)
    days = pd.concat([held.assign(day=held["start"]), held.assign(day=next_day.dt.strftime("%Y-%m-%d"))])
    days = days[["account", "row", "day"]].dropna()
    both = days.merge(held, on="account", suffixes=("", "_other"))
    both["share"] = both["share"].where((both["start"] <= both["day"]) & (both["day"] <= both["end"]), 0.0)
    total = both.groupby(["account", "day"])["share"].sum().reset_index().merge(days, on=["account", "day"])
    less = total[(total["share"] > CLOSE) & (total["share"] < 1 - CLOSE)].sort_values(["row", "day"])
    less = less.drop_duplicates("account")
    told = {row: (share, day) for row, share, day in less[["row", "share", "day"]].to_numpy(object).tolist()}

    def what(row: int, text: str) -> str:
        share, day = told[row]
        return f"shares of {text} add up to {100 * share:.0f} %" + (f" from {day}" if day else "")

    remedy = "Shares of an account add up to 1 in every month; mark credit besides it as overlay in a column kind."
    sheet.report(sorted(told), "territory_id", what, remedy, code="share")


def follow_accounts(scenario: Scenario, history: Sheet, assignments: Sheet) -> None:
    """Let sales to accounts that assignments name be sales in their territory, whoever booked them."""
    named = name_accounts(assignments)
    if not history.has("account_id"):
        if (named or scenario.settings.accounts.largest) and len(history.frame):
            what = "the history has no column account_id"
            remedy = "Add one that names the customer of each sale, or map it under [data.columns.history]."
            at = ("data", "assignments") if named else ("accounts", "largest")
            place = split_place(scenario.source(*at))
            history.findings.append(Finding(what, remedy, *place, ".".join(at), code="account"))
    elif named:
        known = {*assignments.frame["territory_id"].to_numpy()[_held(assignments)]}
        label = history.convert("account_id", lambda text: ACCOUNT + text if ACCOUNT + text in known else "")
        own = history.frame["territory_id"].astype(object) if history.has("territory_id") else ""
        history.frame["territory_id"] = np.where(label == "", own, label)
        _note_unsold(assignments, {ACCOUNT + text for text in history.frame["account_id"].unique() if text})


def _note_unsold(assignments: Sheet, sold: set[str]) -> None:
    """Say which assigned accounts have never bought anything: new ones, or slips of the pen."""
    rows = assignments.rows_where("territory_id", lambda text: is_account(text) and text not in sold)
    first = {str(assignments.frame["territory_id"].iloc[row]): int(row) for row in rows[::-1]}
    for name, row in sorted(first.items(), key=lambda item: item[1])[:SHOWN]:
        near = nearest(name, sold)
        remedy = f"Nearest: {near.removeprefix(ACCOUNT)!r}." if near else "The history knows no such account."
        assignments.warn(f"nothing was sold to {name}", remedy, code="account", row=row)
    if len(first) > SHOWN:
        assignments.warn(f"nor to {counted(len(first) - SHOWN, 'other assigned account')}", code="account")


def add_past_holders(assignments: pd.DataFrame, sales: pd.DataFrame) -> pd.DataFrame:
    """The assignments, with who held an account before the first day that is written: whoever booked its sales last.

    Parameters
    ----------
    sales : rep_id, month, account_id, amount.
    """
    rows = assignments[assignments["territory_id"].str.startswith(ACCOUNT)]
    open_ended = rows.loc[rows["start_date"].isna(), "territory_id"]
    first = rows[~rows["territory_id"].isin(open_ended)].groupby("territory_id")["start_date"].min()
    past = sales.assign(territory_id=ACCOUNT + sales["account_id"].astype(str))
    past = past[past["territory_id"].isin(first.index)]
    if past.empty:
        return assignments
    past = past.groupby(["territory_id", "month", "rep_id"])["amount"].sum().reset_index()
    past["until"] = past["territory_id"].map(first) - pd.Timedelta(days=1)
    past["since"] = pd.to_datetime(past["month"].astype(str) + "-01").astype("datetime64[us]")
    past = past[past["since"] <= past["until"]].sort_values("amount", ascending=False, kind="stable")
    past = past.drop_duplicates(["territory_id", "month"]).sort_values(["territory_id", "month"], ignore_index=True)
    before = past.groupby("territory_id")["rep_id"].shift()
    past = past[before.isna() | (before != past["rep_id"])].reset_index(drop=True)
    after = past.groupby("territory_id")["since"].shift(-1) - pd.Timedelta(days=1)
    is_first = ~past["territory_id"].duplicated()
    found = pd.DataFrame({
        "rep_id": past["rep_id"].astype(str), "territory_id": past["territory_id"],
        "start_date": past["since"].mask(is_first), "end_date": after.fillna(past["until"]),
    }).assign(share=1.0, region="")  # fmt: skip
    both = pd.concat([assignments, found.astype(assignments.dtypes[found.columns].to_dict())], ignore_index=True)
    return both.sort_values(assignments.columns.tolist(), ignore_index=True)
