"""Checked sheets as the tables the program works with: typed, in money, sorted by their ids.

Sorting here makes every later step independent of the order of the input rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.tables.exact import as_whole, rescale, sum_groups, to_floats, to_whole
from quotaopt.tables.overlay import is_overlay
from quotaopt.tables.schema import Kind, Table
from quotaopt.tables.sheet import Sheet

ATTRIBUTES = ("region", "team", "manager", "channel", "segment", "role", "peer_group")
DATES = ("start_date", "end_date")
FLAGS = ("is_vacant", "include")
PRODUCT_TEXTS = ("product_name", "family", "launch_month", "end_month")


@dataclass(frozen=True)
class LockRow:
    """A quota that must stay, in money; `None` for product or month means all of them."""

    rep_id: str
    product_id: str | None
    month: str | None
    value: Decimal
    source: str


def make_history(sheet: Sheet, *also: str) -> pd.DataFrame:
    """Sales in money, one row for each rep × product × month (× territory where it is written, × `also`).

    Returns are netted. Amounts are added exactly, so that a sum does not depend on the order of the rows.
    """
    keys = ["rep_id", "product_id", "month", *(["territory_id"] if sheet.has("territory_id") else []), *also]
    amounts, scale = _money(sheet)
    group, found = np.zeros(len(sheet.frame), dtype=np.int64), {}
    for key in keys:
        codes, names = _codes(sheet.frame[key])
        group, found[key] = group * max(len(names), 1) + codes, (codes, pd.array(names, dtype="str"))
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    columns = {key: names.take(codes[order[starts]]) for key, (codes, names) in found.items()}
    return pd.DataFrame({**columns, "amount": to_floats(sum_groups(amounts[order], starts), scale)}, copy=False)


def _codes(cells: pd.Series[str]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Each cell as its place among the sorted different texts, and those."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        place, texts = cells.cat.codes.to_numpy(), cells.cat.categories.to_numpy(dtype=object)
        used = np.flatnonzero(np.bincount(place, minlength=len(texts)))
        names, order = np.unique(texts[used], return_inverse=True)
        codes = np.zeros(len(texts), dtype=np.int64)
        codes[used] = order
        return codes[place], names
    codes, names = pd.factorize(cells.to_numpy(), sort=True)
    return codes.astype(np.int64), names


def _money(sheet: Sheet) -> tuple[NDArray[Any], int]:
    """Every amount in money, exact: whole numbers of ``10 ** -scale``, and the scale."""
    if sheet.scale is None:
        codes, texts = pd.factorize(sheet.frame["amount"].to_numpy())
        numbers, scale = to_whole([Decimal(text) for text in texts])
        whole = as_whole(numbers)[codes]
    else:
        whole, scale = sheet.frame["amount"].to_numpy(), sheet.scale
    which, units = pd.factorize(sheet.unit)
    factors, finer = to_whole(list(units))
    if len(units) == 1:
        return rescale(whole, factors[0]), scale + finer
    return as_whole(whole.astype(object) * np.array(factors, dtype=object)[which]), scale + finer


def make_roster(sheet: Sheet) -> pd.DataFrame:
    """One row for each rep; a missing name is the id, a missing headcount is 1."""
    frame = _texts(
        sheet, ("rep_id", "rep_name", *ATTRIBUTES, *DATES, "headcount", "ramp_profile", *FLAGS, "exclude_reason")
    )
    frame["is_vacant"], frame["include"] = frame["is_vacant"] == "true", frame["include"] != "false"
    frame["source"] = _sources(sheet)
    frame["rep_name"] = frame["rep_name"].where(frame["rep_name"] != "", frame["rep_id"])
    frame = _read_dates(frame)
    frame["headcount"] = frame["headcount"].replace("", "1").astype(np.float64)
    return frame.sort_values("rep_id", ignore_index=True)


def make_products(sheet: Sheet, history: pd.DataFrame) -> pd.DataFrame:
    """One row for each product; from the history when there is no file."""
    if sheet.has("product_id"):
        frame = _texts(sheet, ("product_id", *PRODUCT_TEXTS, *(["price"] if sheet.has("price") else [])))
    else:
        frame = pd.DataFrame({"product_id": sorted(history["product_id"].unique())}, dtype=str)
        frame[list(PRODUCT_TEXTS)] = ""
    frame["product_name"] = frame["product_name"].where(frame["product_name"] != "", frame["product_id"])
    return frame.sort_values("product_id", ignore_index=True)


def make_locks(sheet: Sheet) -> tuple[LockRow, ...]:
    """Every lock, in the order of its rep, product and month."""
    if sheet.frame.empty:
        return ()
    frame = _texts(sheet, ("rep_id", "product_id", "month", "value"))
    frame["source"] = _sources(sheet)
    frame["money"] = sheet.convert("value", Decimal) * sheet.unit
    rows = frame.sort_values(["rep_id", "product_id", "month"])[["rep_id", "product_id", "month", "money", "source"]]
    return tuple(
        LockRow(rep, product or None, month or None, value, source)
        for rep, product, month, value, source in rows.itertuples(index=False)
    )


def make_plan(sheet: Sheet) -> pd.DataFrame:
    """A current plan, its quotas exact and in money; a column `unit`, as runs write it, says what 1 means there."""
    keys = ["rep_id", "product_id", "month"]
    frame = sheet.frame[keys].astype(str)
    own = sheet.convert("unit", Decimal) if sheet.has("unit") else sheet.unit
    frame["quota"] = sheet.convert("quota", Decimal) * own
    return frame.sort_values(keys, ignore_index=True)


def make_assignments(sheet: Sheet) -> pd.DataFrame:
    """Who holds which territory, from when to when (NaT: no limit), and which share of it (1 when not written)."""
    columns = ["rep_id", "territory_id", *DATES, "share", "region"]
    frame = _texts(sheet, (*columns, "kind")).loc[~is_overlay(sheet), columns]
    frame = _read_dates(frame)
    frame["share"] = frame["share"].replace("", "1").astype(np.float64)
    return frame.sort_values(frame.columns.tolist(), ignore_index=True)


def make_table(sheet: Sheet) -> pd.DataFrame:
    """Any other table: every column of the catalogue typed, rows sorted by its key, and `source` (file:line) behind.

    Texts and months are texts (empty when absent), days `datetime64` (NaT), numbers floats (NaN), money exact `Decimal`
    in the scenario's currency (None), flags bool (False when absent or empty).
    """
    return _type_rows(sheet) if len(sheet.frame.columns) else _no_rows(sheet.table).copy()


@cache
def _no_rows(table: Table) -> pd.DataFrame:
    """A table that the scenario does not name, as most are."""
    return _type_rows(Sheet(table))


def _type_rows(sheet: Sheet) -> pd.DataFrame:
    fields = sheet.table.fields
    frame = _texts(sheet, tuple(f.name for f in fields))
    for name, kind in ((f.name, f.kind) for f in fields):
        texts = frame[name].to_numpy()
        if kind is Kind.DAY:
            frame[name] = pd.to_datetime(frame[name].replace("", None), format="%Y-%m-%d").astype("datetime64[us]")
        elif kind is Kind.NUMBER:
            frame[name] = frame[name].replace("", "nan").astype(np.float64)
        elif kind is Kind.MONEY:
            money = [Decimal(text) * unit if text else None for text, unit in zip(texts, sheet.unit, strict=True)]
            frame[name] = pd.Series(money, index=frame.index, dtype=object)
        elif kind is Kind.FLAG:
            frame[name] = texts == "true"
    frame["source"] = _sources(sheet)
    return frame.sort_values([*sheet.table.key], ignore_index=True)


def _sources(sheet: Sheet) -> list[str]:
    """``file:line`` of every row."""
    return [f"{file}:{line}" for file, line in zip(sheet.file, sheet.line, strict=True)]


def _read_dates(frame: pd.DataFrame) -> pd.DataFrame:
    for column in DATES:
        frame[column] = pd.to_datetime(frame[column].replace("", None), format="%Y-%m-%d").astype("datetime64[us]")
    return frame


def _texts(sheet: Sheet, columns: tuple[str, ...]) -> pd.DataFrame:
    """These columns as texts, empty where the file lacks one, and behind them the columns we do not know."""
    frame = sheet.frame.astype(str)
    known = [f.name for f in sheet.table.fields]
    others = [c for c in frame.columns if c not in known]
    return frame.reindex(columns=[*columns, *others], fill_value="")
