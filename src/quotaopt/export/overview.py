"""The sheets that sum up: regions, whose totals follow the quotas, and the rules of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Any

import pandas as pd

from quotaopt.export.book import Book
from quotaopt.export.grid import LEFT, Area
from quotaopt.export.master import KEYS, Master
from quotaopt.export.words import say

BESIDE = ("quota", "last_year", "change", "capacity", "stretch", "target", "gap")
RULE_COLUMNS = ("rule", "scope", "activity", "sense", "limit", "slack", "binding", "hard", "violation", "source")


def write_regions(book: Book, master: Master, area: Area) -> None:
    """Quotas by region and period as formulas over the sheet of quotas, beside last year, capacity and target."""
    sheet, periods = book.sheet("Regions"), master.periods
    totals = master.run.table("totals").set_index(["level", "key"])
    regions = sorted(master.rows["region"].unique())
    by_region = pd.DataFrame(master.spread(master.units)).groupby(master.rows["region"].to_numpy()).sum()
    book.headings(sheet, 0, ["region", *periods, *BESIDE], 1)
    book.fit(sheet, 0, ["region", *regions])
    sheet.set_column(1, len(periods) + len(BESIDE), max(len(f"{totals['quota'].max():,.{book.digits}f}"), 8) + 2)
    keys = area.column(KEYS.index("region")).replace("!", "!$").replace(":", ":$")
    for row, region in enumerate([*regions, "all"], start=1):
        last = region == "all" and row > len(regions)
        book.text(sheet, row, 0, say("all", book.labels) if last else region, bold=last)
        units = by_region.sum() if last else by_region.loc[region]
        for column, number in enumerate(units, start=1):
            cells = area.column(LEFT + column - 1)
            formula = f"=SUM({cells})" if last else f"=SUMPRODUCT(--({keys}=$A{row + 1}),{cells})"
            look = book.style(num_format=book.money, bold=last)
            sheet.write_formula(row, column, formula, look, float(number) * float(master.unit))
        numbers = totals.xs(("all", "all") if last else ("region", region))
        _write_beside(book, sheet, row, len(periods), numbers.to_dict(), last)
    sheet.freeze_panes(1, 1)


def _write_beside(book: Book, sheet: Any, row: int, periods: int, numbers: Mapping[Any, Any], bold: bool) -> None:
    """Total, last year, change, capacity, stretch, target and gap; what depends on quotas is a formula."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    at = {name: xl_rowcol_to_cell(row, periods + place) for place, name in enumerate(BESIDE, start=1)}
    first, last = xl_rowcol_to_cell(row, 1), xl_rowcol_to_cell(row, periods)
    formulas = {
        "quota": f"=SUM({first}:{last})",
        "change": f'=IF({at["last_year"]}>0,{at["quota"]}/{at["last_year"]}-1,"")',
        "stretch": f'=IF({at["capacity"]}>0,{at["quota"]}/{at["capacity"]},"")',
        "gap": f'=IF({at["target"]}="","",{at["quota"]}-{at["target"]})',
    }
    formats = {"change": "+0.0%;-0.0%", "stretch": "0.00"}
    for place, name in enumerate(BESIDE, start=periods + 1):
        look, value = book.style(num_format=formats.get(name, book.money), bold=bold), float(numbers[name])
        if name in formulas:
            sheet.write_formula(row, place, formulas[name], look, "" if isnan(value) else value)
        elif not isnan(value):
            sheet.write_number(row, place, value, look)


def write_rules(book: Book, master: Master) -> None:
    """Every limit of the plan and how far it is from being reached, those that are reached first."""
    sheet, rules = book.sheet("Rules"), master.run.table("rules")
    rules = rules.sort_values("binding", ascending=False, kind="stable")
    book.headings(sheet, 0, RULE_COLUMNS, 2)
    for place, name in enumerate(RULE_COLUMNS):
        values = rules[name].tolist()
        book.fit(sheet, place, [name, *(f"{v:,.2f}" if isinstance(v, float) else str(v) for v in values)])
        for row, value in enumerate(values, start=1):
            if isinstance(value, bool):
                sheet.write_boolean(row, place, value)
            elif not isinstance(value, float):
                book.text(sheet, row, place, str(value))
            elif not isnan(value):
                sheet.write_number(row, place, value, book.style(num_format="#,##0.00"))
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(len(rules), 1), len(RULE_COLUMNS) - 1)
