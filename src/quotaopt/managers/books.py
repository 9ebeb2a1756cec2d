"""A manager's file as a workbook: yellow cells to fill in, the rest locked, and sums that follow above the headings.

It is read back like the CSV file; titles and sums above the headings are known as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

INPUT, LOCKED = "#FFF8DC", "#EDEDED"
CREATED = datetime(2026, 1, 1)
WORDS = {
    "en": ("Fill in quota_new and reason where a quota shall change; the new quotas add up to the street number.",
           "own number", "street number", "new quotas", "difference"),
    "zh": ("需要调整时请填写“新指标”和“原因”；新指标合计须等于下达目标。",
           "自有目标", "下达目标", "新指标合计", "差额"),
}  # fmt: skip
WIDTHS = {"rep_name": 16, "node": 14, "plan": 13, "quota": 13, "quota_new": 13, "reason": 36}
HEAD = 5
"""Row of the headings, counted from 0."""


def write_manager_book(
    path: Path, table: pd.DataFrame, headings: Sequence[str], free: Sequence[bool], own: float, language: str
) -> None:
    """Write one workbook.

    Parameters
    ----------
    table : as for the CSV file; plan and quota are texts of amounts.
    headings : of its columns, in the `language`.
    free : whether each row's quota may be changed.
    own : the own number of the node.
    """
    from xlsxwriter import Workbook

    told, *names = WORDS[language]
    with Workbook(path, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": CREATED})
        sheet = book.add_worksheet("Quotas")
        decimals = max((len(text.partition(".")[2]) for text in table["quota"]), default=0)
        money = "#,##0" + ("." + "0" * decimals if decimals else "")
        looks = {
            "head": book.add_format({"bold": True, "bottom": 1}),
            "money": book.add_format({"num_format": money}),
            "sum": book.add_format({"num_format": money, "bold": True}),
            "free": book.add_format({"num_format": money, "bg_color": INPUT, "locked": False}),
            "grey": book.add_format({"bg_color": LOCKED}),
        }
        last, at = HEAD + len(table), list(table).index
        sheet.write_string(0, 0, told)
        old, new = (
            f"{'ABCDEFGHIJK'[at(name)]}{HEAD + 2}:{'ABCDEFGHIJK'[at(name)]}{last + 1}"
            for name in ("quota", "quota_new")
        )
        street = sum(map(float, table["quota"]))
        total = f'SUMPRODUCT(({new}="")*{old})+SUM({new})'
        for row, (name, formula, value) in enumerate(
            zip(
                names,
                ("", f"=SUM({old})", f"={total}", f"={total}-SUM({old})"),
                (own, street, street, 0.0),
                strict=True,
            ),
            1,
        ):
            sheet.write_string(row, 0, name)
            if formula:
                sheet.write_formula(row, 1, formula, looks["sum"], value)
            else:
                sheet.write_number(row, 1, value, looks["sum"])
        _write_rows(sheet, table, headings, free, looks)
        for column, width in enumerate(map(WIDTHS.get, map(str, table))):
            sheet.set_column(column, column, width or 11)
        sheet.data_validation(HEAD + 1, at("quota_new"), last, at("quota_new"), {
            "validate": "decimal", "criteria": ">=", "value": 0,
        })  # fmt: skip
        sheet.freeze_panes(HEAD + 1, 0)
        sheet.autofilter(HEAD, 0, last, len(headings) - 1)
        sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True})


def _write_rows(
    sheet: Any, table: pd.DataFrame, headings: Sequence[str], free: Sequence[bool], looks: dict[str, Any]
) -> None:
    """Headings and rows; where a quota may be changed, the cells for it are open."""
    names = [str(name) for name in table]
    for column, (name, text) in enumerate(zip(names, headings, strict=True)):
        sheet.write_string(HEAD, column, text, looks["head"])
        for row, (cell, may) in enumerate(zip(table[name], free, strict=True), HEAD + 1):
            if name in ("plan", "quota"):
                sheet.write_number(row, column, float(cell), looks["money"])
            elif name in ("quota_new", "reason"):
                sheet.write_blank(row, column, None, looks["free" if may else "grey"])
            else:
                sheet.write_string(row, column, str(cell))
