"""What can be wrong with quotas decided by hand: cells outside the plan, or decided twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from quotaopt.tables.sheet import Sheet

KEYS = ("rep_id", "product_id", "month")
BY_HAND = ("locks", "overrides", "commits")
"""Tables of quotas decided by hand."""


def check_by_hand(sheets: Mapping[str, Sheet], months: Sequence[str]) -> None:
    """Report months outside the plan, decisions of one table that overlap, and decisions about a locked quota."""
    for name in BY_HAND:
        sheet = sheets[name]
        if sheet.has("month"):
            outside = sheet.rows_where("month", lambda month: month and month not in months)
            remedy = f"It runs from {months[0]} to {months[-1]}."
            sheet.report(outside, "month", "outside the plan", remedy, code="months")
        if name != "locks" and not sheet.frame.empty:
            _report(sheet, overlaps(_cells(sheet)), sheet, "Keep one of the two, or decide the parts apart.")
            _report(sheet, _same(_cells(sheet), _cells(sheets["locks"])), sheets["locks"], "Change the lock instead.")


def overlaps(cells: pd.DataFrame) -> dict[int, int]:
    """Rows that decide part of the quotas of an earlier row, and which; empty product or month means all of them."""
    wide = cells[(cells["product_id"] == "") | (cells["month"] == "")]
    pairs = cells.reset_index().merge(wide.reset_index(), on="rep_id")
    both = np.ones(len(pairs), dtype=bool)
    for key in KEYS[1:]:
        a, b = pairs[f"{key}_x"], pairs[f"{key}_y"]
        both &= ((a == b) | (a == "") | (b == "")).to_numpy()
    one, other = (pairs[k].to_numpy()[both] for k in ("index_x", "index_y"))
    found = pd.DataFrame({"later": np.maximum(one, other), "first": np.minimum(one, other)})
    found = found[(found["later"] > found["first"]) & ~cells.duplicated().to_numpy()[found["later"]]]
    found = found.groupby("later")["first"].min().reset_index()
    return dict(zip(found["later"].tolist(), found["first"].tolist(), strict=True))


def _same(cells: pd.DataFrame, locked: pd.DataFrame) -> dict[int, int]:
    """Rows about a cell that is locked, and the row of the lock."""
    found = cells.reset_index().merge(locked.drop_duplicates().reset_index(), on=list(KEYS))
    return dict(zip(found["index_x"].tolist(), found["index_y"].tolist(), strict=True))


def _cells(sheet: Sheet) -> pd.DataFrame:
    """The keys of each row, empty where the file has no such column."""
    columns = {key: sheet.frame[key].astype(str) if sheet.has(key) else "" for key in KEYS}
    return pd.DataFrame(columns, index=range(len(sheet.frame)), dtype=str)


def _report(sheet: Sheet, pairs: Mapping[int, int], others: Sheet, remedy: str) -> None:
    def what(row: int, _text: str) -> str:
        other = pairs[row]
        file, line = others.file[other], others.line[other]
        same = "same quotas as" if others is not sheet else "some of the quotas of"
        return f"{same} line {line}" if file == sheet.file[row] else f"{same} {file}:{line}"

    if pairs:
        sheet.report(sorted(pairs), "rep_id", what, remedy, code="overlap", whole_row=True)
