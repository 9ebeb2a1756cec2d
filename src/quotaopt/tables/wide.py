"""Wide sheets, one column for each month, made long: every filled cell becomes a row that remembers its header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.errors import SHOWN, Finding
from quotaopt.tables.headers import YEAR, YEAR_CELL, header_month, is_total, is_year_column, split_unit
from quotaopt.tables.schema import plain_header
from quotaopt.tables.sheet import Sheet
from quotaopt.text import NUMBER, counted

GRAND = {"合计", "总计", "合計", "全年", "全年合计", "total", "grandtotal", "sum", "fullyear"}


def find_months(header: Sequence[str], taken: Mapping[str, int]) -> dict[int, tuple[int, int]]:
    """Place → year and month of each column of a month, when there are several; none in a long table."""
    if "month" in taken or "date" in taken:
        return {}
    found = {i: header_month(split_unit(h)[0]) for i, h in enumerate(header) if i not in taken.values()}
    found = {i: pair for i, pair in found.items() if pair[1]}
    return found if len(found) > 1 else {}


def melt(sheet: Sheet, months: Mapping[str, tuple[int, int]], titles: Sequence[str]) -> None:
    """Make a sheet long that has these columns of months, and name what is left out.

    The year stands in the headers, in a column, or in a title. Where it is not known the months are dropped, and it
    is reported.
    """
    frame, heads = sheet.frame, list(months)
    rest = [str(name) for name in frame if name not in months]
    year = next((name for name in rest if is_year_column(name, frame[name])), "")
    known = [field.name for field in sheet.table.fields]
    totals = [name for name in rest if name not in [year, *known] and is_total(name)]
    years = _years(sheet, months, titles, year)
    cells, sums = frame[heads], frame[totals]
    sheet.frame = frame[[name for name in rest if name not in [year, *totals]]]
    if totals:
        _check_totals(sheet, cells, sums)
    if years is not None and _once_each(sheet, months) and sheet.table.money not in frame:
        _stack(sheet, cells.to_numpy(), years, np.array([month for _, month in months.values()]), heads)


def join_year(sheet: Sheet) -> None:
    """Months without a year, 1 or 1月 or Jan, take it from a column of years beside them."""
    if not sheet.has("month") or sheet.has("date"):
        return
    known = [field.name for field in sheet.table.fields]
    column = next((n for n in map(str, sheet.frame) if n not in known and is_year_column(n, sheet.frame[n])), "")
    months = sheet.convert("month", _bare_month).astype(np.int64)
    if not column or not months.any():
        return
    bad = sheet.rows_where(column, lambda text: not YEAR_CELL.fullmatch(text))
    sheet.report(bad[months[bad] > 0], column, "not a year", "Write it like 2026.", code="date")
    years = sheet.convert(column, lambda text: found[1] if (found := YEAR_CELL.fullmatch(text)) else "")
    both = pd.Series(years, dtype=object) + "-" + pd.Series(months).map("{:02}".format).astype(object)
    joined = np.where((months > 0) & (years != ""), both.to_numpy(), sheet.frame["month"].to_numpy())
    sheet.frame = sheet.frame.drop(columns=column).assign(month=joined)


def _bare_month(text: str) -> int:
    """The month of a text without a year, or 0."""
    year, month = header_month(text if not text.isdigit() else f"m{text}")
    return month if not year else 0


def _stack(
    sheet: Sheet, cells: NDArray[Any], years: NDArray[np.int64], months: NDArray[np.int64], heads: Sequence[str]
) -> None:
    """One row for each filled cell (rows × months)."""
    row, column = np.nonzero(cells != "")
    stamps = years[row, column] * 100 + months[column]
    names = {int(stamp): f"{stamp // 100:04}-{stamp % 100:02}" for stamp in np.unique(stamps)}
    month = np.array([names[stamp] for stamp in stamps.tolist()], dtype=object)
    sheet.keep(row)
    sheet.frame = sheet.frame.assign(month=month, **{sheet.table.money: cells[row, column]})
    sheet.heads = np.array(heads, dtype=object)[column]
    what = f"a wide sheet: {counted(row.size, 'cell')} of the columns {heads[0]} … {heads[-1]} became rows"
    if names:
        what += f", {min(names.values())} to {max(names.values())}"
    if empty := cells.size - row.size:
        what += f"; {counted(empty, 'empty cell')} left out"
    sheet.warn(what, code="wide")


def _years(
    sheet: Sheet, months: Mapping[str, tuple[int, int]], titles: Sequence[str], column: str
) -> NDArray[np.int64] | None:
    """The year of every cell (rows × months), or None after reporting why there is none."""
    given = [year for year, _ in months.values()]
    years = np.tile(np.array(given), (len(sheet.frame), 1))
    if all(given):
        return years
    if column:
        bad = sheet.rows_where(column, lambda text: not YEAR_CELL.fullmatch(text))
        sheet.report(bad, column, "not a year", "Write it like 2026.", code="date")
        own = sheet.convert(column, lambda text: int(found[1]) if (found := YEAR_CELL.fullmatch(text)) else 0)
        return np.where(years > 0, years, own.astype(np.int64)[:, None]) if not bad.size else None
    said = sorted({year for title in titles for year in YEAR.findall(title)})
    shown = [head for head, (year, _) in months.items() if not year]
    if len(said) == 1:
        sheet.warn(f"the months {shown[0]} … {shown[-1]} are those of {said[0]}: the title says so", code="year")
        return np.where(years > 0, years, int(said[0]))
    what = f"the months {shown[0]} … {shown[-1]} have no year" + f", the titles name {' and '.join(said)}" * bool(said)
    remedy = "Write them like 2026-01, or add a column year."
    sheet.findings.append(Finding(what, remedy, sheet.name, sheet.top, code="wide"))
    return None


def _once_each(sheet: Sheet, months: Mapping[str, tuple[int, int]]) -> bool:
    """Whether every month has one column; the others are reported."""
    first: dict[tuple[int, int], str] = {}
    for head, pair in months.items():
        if (original := first.setdefault(pair, head)) != head:
            place = sheet.name, sheet.top, head
            sheet.findings.append(
                Finding(f"the same month as {original!r}", "Rename or delete one.", *place, code="header")
            )
    return len(first) == len(months)


def _check_totals(sheet: Sheet, months: pd.DataFrame, totals: pd.DataFrame) -> None:
    """Name the columns of totals, and the rows whose grand total is not the sum of their months."""
    sheet.warn(f"left out columns of totals: {', '.join(map(str, totals))}", code="subtotal")
    grand = next((n for n in totals if plain_header(split_unit(str(n))[0]) in GRAND), None)
    if grand is None:
        return
    numbers = months.map(_number).to_numpy(dtype=np.float64)
    total = totals[grand].map(lambda text: _number(text) if text else np.nan).to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(np.abs(numbers.sum(axis=1) - total) > 0.005 + 1e-9 * np.abs(total))  # NaN is not wrong
    if wrong.size:
        lines = ", ".join(str(sheet.line[k]) for k in wrong[:SHOWN])
        more = f" and {wrong.size - SHOWN} more" if wrong.size > SHOWN else ""
        what = f"{grand} is not the sum of the months in {counted(wrong.size, 'row')}, line {lines}{more}"
        sheet.warn(what, "The months are used.", code="total")


def _number(text: str) -> float:
    """A cell's number: 0 when it is empty, NaN when it cannot be read."""
    return float(text) if NUMBER.fullmatch(text) else 0.0 if not text else np.nan
