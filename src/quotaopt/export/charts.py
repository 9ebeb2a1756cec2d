"""The sheet of charts: the spreadsheet's own, over cells that follow the quotas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quotaopt.export.book import Book
from quotaopt.export.grid import LEFT, Area
from quotaopt.export.master import Master
from quotaopt.export.words import heading, say

COLOURS = {"quota": "#1F5FA8", "last_year": "#B9B9B9", "capacity": "#E8A33D"}
STEP = 0.05
"""Width of a class of stretch."""
COUNTS, CHARTS = 5, 8
"""Columns at which the counts of reps and the charts begin."""


def write_charts(book: Book, master: Master, area: Area) -> None:
    """Quota, last year and capacity by region and by period, and how many reps stand at which stretch."""
    sheet, periods = book.sheet("Charts"), master.periods
    book.headings(sheet, 0, ("period", *COLOURS), 1)
    sheet.set_column(0, len(COLOURS), 14)
    look = book.style(num_format=book.money)
    units = master.spread(master.units).sum(axis=0)
    beside = [master.spread(master.cells[name].to_numpy(float)).sum(axis=0) for name in ("last_year", "capacity")]
    for row, period in enumerate(periods, start=1):
        sheet.write_string(row, 0, heading(period, book.labels))
        total = float(units[row - 1]) * float(master.unit)
        sheet.write_formula(row, 1, f"=SUM({area.column(LEFT + row - 1)})", look, total)
        for column, values in enumerate(beside, start=2):
            sheet.write_number(row, column, round(float(values[row - 1]), 2), look)
    bins = _write_stretch(book, sheet, master)
    charts, regions = say("Charts", book.labels), say("Regions", book.labels)
    many = master.rows["region"].nunique()
    places = {"quota": len(periods) + 1, "last_year": len(periods) + 2, "capacity": len(periods) + 4}
    by_region = [(name, [regions, 1, 0, many, 0], [regions, 1, place, many, place]) for name, place in places.items()]
    by_period = [
        (name, [charts, 1, 0, len(periods), 0], [charts, 1, place, len(periods), place])
        for place, name in enumerate(COLOURS, start=1)
    ]
    counts = [("reps", [charts, 1, COUNTS, bins, COUNTS], [charts, 1, COUNTS + 1, bins, COUNTS + 1])]
    _insert(book, sheet, 0, "Quota by region", "column", by_region)
    _insert(book, sheet, 18, "Quota by period", "line", by_period)
    _insert(book, sheet, 36, "Reps by stretch (quota / capacity)", "column", counts)


def _write_stretch(book: Book, sheet: Any, master: Master) -> int:
    """How many reps stand at which stretch, as the plan was made; the number of classes."""
    totals = master.run.table("totals")
    stretch = totals.loc[totals["level"] == "rep", "stretch"].dropna().to_numpy()
    steps = np.floor(stretch / STEP + 1e-9).astype(int)
    low = int(steps.min()) if len(steps) else 0
    counts = np.bincount(steps - low, minlength=1)
    book.headings(sheet, 0, ("stretch", "reps"), 1, COUNTS)
    for row, count in enumerate(counts.tolist(), start=1):
        at = (low + row - 1) * STEP
        sheet.write_string(row, COUNTS, f"{at:.2f}–{at + STEP:.2f}")
        sheet.write_number(row, COUNTS + 1, count)
    sheet.set_column(COUNTS, COUNTS, 12)
    return len(counts)


def _insert(
    book: Book, sheet: Any, row: int, title: str, kind: str, series: Sequence[tuple[str, list[Any], list[Any]]]
) -> None:
    """One chart, each of its series with a heading, the cells of its names and those of its values."""
    chart = book.made.add_chart({"type": kind})
    for name, categories, values in series:
        colour = COLOURS.get(name, COLOURS["quota"])
        look = {"line": {"color": colour, "width": 2.25}} if kind == "line" else {"fill": {"color": colour}}
        chart.add_series(
            {"name": heading(name, book.labels), "categories": categories, "values": values, "gap": 60, **look}
        )
    chart.set_title({"name": say(title, book.labels), "name_font": {"size": 12}})
    chart.set_legend({"position": "bottom"} if len(series) > 1 else {"none": True})
    chart.set_y_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#E5E5E5"}}})
    chart.set_size({"width": 860, "height": 340})
    sheet.insert_chart(row, CHARTS, chart)
