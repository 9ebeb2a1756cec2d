"""What a history holds, to say from it when the plan begins and what the target may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from quotaopt.adopt.sheets import Found
from quotaopt.errors import Finding, InputError
from quotaopt.tables.checks import check_keys, drop_subtotals, read_cells
from quotaopt.tables.sheet import Sheet, join_sheets
from quotaopt.text import plain_month

YEAR = 12


@dataclass(frozen=True)
class Sales:
    """Sums of a history.

    Attributes
    ----------
    first, since, last : first month, first of the last twelve, last month.
    plan : first and last month of the year after.
    target : sales of the last twelve months in `unit`.
    unit : money in one of the amounts, as the sheets say; 1 when they do not, or differ.
    repeats : whether several rows have the same rep, product and day.
    """

    first: str
    since: str
    last: str
    plan: tuple[str, str]
    target: Decimal
    unit: Decimal
    repeats: bool


def sales_of(found: Sequence[Found]) -> Sales:
    """Read all sheets of the history.

    Raises
    ------
    InputError
        If not one of its rows has a month and an amount.
    """
    sheets = [_read(one) for one in found]
    said = {unit for sheet in sheets for unit in set(sheet.unit)}
    unit = next(iter(said)) if len(said) == 1 and None not in said else Decimal(1)
    parts = [
        pd.DataFrame({
            "month": sheet.frame["month"],
            "amount": pd.to_numeric(sheet.frame["amount"], errors="coerce") * [float(unit or 1) for unit in sheet.unit],
        })
        for sheet in sheets
    ]  # fmt: skip
    rows = pd.concat(parts, ignore_index=True)
    months = rows[rows["month"] != ""].groupby("month", sort=True)["amount"].sum()
    if months.empty:
        raise InputError([Finding("no row of the sales has a month that can be read", file=found[0].place)])
    last = str(months.index[-1])
    since = max(shift(last, 1 - YEAR), str(months.index[0]))
    money = Decimal(round(float(months[since:].sum())))
    target = max(money, Decimal(1)) / unit
    repeats = all(sheet.has("date") for sheet in sheets) and _repeats(sheets)
    return Sales(
        str(months.index[0]), since, last, (shift(last, 1), shift(last, YEAR)), Decimal(f"{target:f}"), unit, repeats
    )


def shift(month: str, by: int) -> str:
    """The month so many months later."""
    number = int(month[:4]) * YEAR + int(month[5:]) - 1 + by
    return f"{number // YEAR:04}-{number % YEAR + 1:02}"


def _read(one: Found) -> Sheet:
    """A sheet of the history with months and plain amounts."""
    sheet = one.read("history")
    drop_subtotals(sheet)
    read_cells(sheet)
    if sheet.has("date"):
        sheet.frame["month"] = sheet.convert("date", plain_month)
    return sheet


def _repeats(sheets: Sequence[Sheet]) -> bool:
    joined = join_sheets(sheets[0].table, sheets)
    return check_keys(joined, "") > 0
