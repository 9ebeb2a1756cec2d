"""What can be wrong inside tables: one function per kind of mistake; each reports all its rows and raises nothing.

Functions that read cells put the value into the sheet's frame in place of the text; cells that cannot be read are
empty from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

import numpy as np
import pandas as pd

from quotaopt.errors import SHOWN, Finding, nearest
from quotaopt.tables.headers import cell_month
from quotaopt.tables.schema import LARGEST, Field, Kind
from quotaopt.tables.sheet import LISTED, Sheet
from quotaopt.text import NUMBER, counted, plain_day, plain_month, plain_number

SUBTOTALS = {"合计", "小计", "总计", "总和", "合計", "total", "totals", "subtotal", "sub-total", "grand total", "sum"}
NOTHING = {"-", "–", "—", "―", "/", "\\", "无", "没有", "n/a", "na", "nil", "none", "null"}
"""What people write where there is no number."""
LONG = 10_000
"""Rows from which on it pays to look for the different texts of a column only once."""
YES = {"yes", "y", "true", "1", "x", "是", "对", "有", "班", "上班"}
NO = {"no", "n", "false", "0", "否", "无", "休", "放假"}
OVERLAY = {"overlay", "叠加", "叠加指标"}
KEYS = {
    "rep_id": "rep",
    "product_id": "product",
    "territory_id": "territory",
    "account_id": "account",
    "date": "day",
    "month": "month",
    "order_id": "order",
    "covers_rep": "covered rep",
    "credit_rep": "credited rep",
    "region": "region",
    "start_date": "start",
    "end_date": "end",
    "level": "level",
    "metric": "metric",
    "node": "node",
    "quarter": "quarter",
}

SPAN = ("start_date", "end_date")


def drop_subtotals(sheet: Sheet) -> None:
    """Leave out rows such as 合计 or Total, and say so: they would count everything twice.

    The word may stand in a column we do not know where the row names nobody.
    """
    known = {f.name: f for f in sheet.table.fields}
    keys = [name for name in sheet.table.key if sheet.needs(name) and sheet.has(name) and known[name].kind is Kind.TEXT]
    nameless = (sheet.frame[keys] == "").all(axis=1).to_numpy(dtype=bool)
    found = np.zeros(len(sheet.frame), dtype=bool)
    for column in map(str, sheet.frame):
        if column in known and not known[column].kind.numeric:
            found[sheet.rows_where(column, _is_subtotal)] = True
        elif column not in known and keys and nameless.any():
            rows = sheet.rows_where(column, _is_subtotal)
            found[rows[nameless[rows]]] = True
    if found.any():
        lines = [str(n) for n in sheet.line[sheet.once(np.flatnonzero(found))]]
        shown = ", ".join(lines[:SHOWN]) + (f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else "")
        sheet.warn(f"left out {counted(len(lines), 'subtotal row')}, line {shown}", code="subtotal")
        sheet.keep(~found)


def _is_subtotal(text: str) -> bool:
    return text.casefold().rstrip(":：") in SUBTOTALS


def read_cells(sheet: Sheet) -> None:
    """Read every cell of the columns we know: formulas, empty cells, months, days, numbers and their limits."""
    for column in sheet.table.fields:
        if not sheet.has(column.name):
            continue
        if long := len(sheet.frame) > LONG:
            sheet.frame[column.name] = pd.Categorical.from_codes(*pd.factorize(sheet.frame[column.name]))
        if sheet.needs(column.name):
            empty = sheet.rows_where(column.name, lambda text: not text)
            sheet.report(empty, column.name, "empty", "Fill it in, or delete the row.", code="empty-cell")
        _drop_formulas(sheet, column.name)
        if column.kind.numeric:
            _read_numbers(sheet, column)
        elif column.kind is Kind.FLAG:
            _read_flags(sheet, column.name)
        elif column.kind is not Kind.TEXT:
            _read_dates(sheet, column)
        if long:
            sheet.frame[column.name] = sheet.frame[column.name].astype(object)


def _drop_formulas(sheet: Sheet, column: str) -> None:
    """Report cells that hold a formula where its value should be; they count as empty from then on."""
    formulas = sheet.rows_where(column, lambda text: text.startswith("="))
    if formulas.size:
        remedy = "In the workbook, copy the column and paste it as values."
        sheet.report(formulas, column, "a formula, not a value", remedy, code="formula")
        sheet.frame[column] = sheet.convert(column, lambda text: "" if text.startswith("=") else text)


def _read_dates(sheet: Sheet, column: Field) -> None:
    """Replace months by ``YYYY-MM`` and days by ``YYYY-MM-DD``; a history's day may also be a month."""
    name = column.name
    day = column.kind is Kind.DAY
    monthly = day and sheet.table.name == "history"

    def read(text: str) -> str:
        if not day:
            return cell_month(text)
        return plain_day(text) or (plain_month(text) if monthly else "")

    bad = sheet.rows_where(name, lambda text: text and not read(text))
    example = "2026-12-01" if day else "2026-12"

    def remedy(_row: int, text: str) -> str:
        whole_month = plain_month(text)
        return f"Write the day too, like {whole_month}-01." if whole_month else f"Write it like {example}."

    sheet.report(bad, name, "not a date" if day else "not a month", remedy, code="date")
    sheet.frame[name] = sheet.convert(name, read)


def _read_flags(sheet: Sheet, name: str) -> None:
    """Replace words for yes and no by ``true`` and ``false``."""
    bad = sheet.rows_where(name, lambda text: text and text.casefold() not in YES | NO)
    sheet.report(bad, name, "neither yes nor no", "Write yes or no.", code="flag")
    sheet.frame[name] = sheet.convert(
        name, lambda text: "" if text.casefold() not in YES | NO else str(text.casefold() in YES).lower()
    )


def _read_numbers(sheet: Sheet, column: Field) -> None:
    """Check that numbers are plain and within their limits. They stay texts: who needs them exact reads them so."""
    name = column.name
    odd = sheet.rows_where(name, lambda text: text and not NUMBER.fullmatch(text))

    def what(_row: int, text: str) -> str:
        return "not a plain number" if plain_number(text) else "not a number"

    def remedy(row: int, text: str) -> str:
        number = plain_number(text, sheet.unit[row] if name == sheet.table.money else None)
        if not number and column.high <= 1 and text[-1:] in ("%", "％") and (part := plain_number(text[:-1])):
            number = f"{(Decimal(part) / 100).normalize():f}"
        if not number and text.casefold() in NOTHING:
            return "Write 0 if it means nothing."
        return f"Write {number}." if number else ""

    sheet.report(odd, name, what, remedy, code="number")

    def outside(text: str) -> bool:
        return bool(NUMBER.fullmatch(text)) and not column.low <= float(text) <= column.high

    def limit(_row: int, text: str) -> str:
        if column.high < LARGEST:
            return f"not between {column.low:g} and {column.high:g}"
        return "negative" if column.low == 0 > float(text) else "too large to be true"

    sheet.report(sheet.rows_where(name, outside), name, limit, column.limits, code="range")


def check_keys(sheet: Sheet, remedy: str) -> int:
    """Report rows that say the same thing twice; without a `remedy` they are only counted.

    Returns
    -------
    Number of rows that repeat an earlier one.
    """
    columns = [c for c in sheet.table.key if sheet.has(c)]
    needed = [f for f in sheet.table.fields if f.required and f.name in sheet.table.key]
    if not columns or not all(sheet.has(f.name) or sheet.has(f.instead) for f in needed):
        return 0
    filled = np.all([sheet.frame[c].to_numpy() != "" for c in columns if sheet.needs(c)], axis=0)
    again = np.flatnonzero(sheet.frame.duplicated(columns).to_numpy() & filled)
    if remedy and again.size:
        group = sheet.frame.groupby(columns, sort=False).ngroup().to_numpy()
        _, first = np.unique(group, return_index=True)
        rows = sheet.once(again)
        shown = np.stack([rows, first[group[rows]]], axis=1)[: LISTED + 1]
        places = [[(str(sheet.file[k]), int(sheet.line[k])) for k in pair] for pair in shown]
        report_repeats(sheet, columns, places, len(rows), remedy)
    return int(again.size)


def report_repeats(
    sheet: Sheet, columns: Sequence[str], places: Sequence[Sequence[tuple[str, int]]], total: int, remedy: str
) -> None:
    """Report rows that repeat an earlier one: file and line of both, of so many in `total`."""
    words = [KEYS[c] for c in columns if not (c == "month" and "date" in columns)]
    same = "same " + " and ".join(w for w in (", ".join(words[:-1]), words[-1]) if w)
    for (file, line), (other, original) in places[:LISTED]:
        where = f"line {original}" if other == file else f"{other}:{original}"
        sheet.findings.append(Finding(f"{same} as {where}", remedy, file, line, code="duplicate"))
    if total > LISTED:
        more = f"and {total - LISTED:,} more like this"
        sheet.findings.append(Finding(more, file=places[LISTED][0][0], code="duplicate"))


def check_known(sheet: Sheet, column: str, known: Collection[str], where: str, remedy: str) -> None:
    """Report each value that is not `known` once: its first row, how many rows have it, and the nearest one."""
    if not sheet.has(column):
        return
    unknown = sheet.once(sheet.rows_where(column, lambda text: text and text not in known))
    _, first, group = np.unique(
        sheet.frame[column].to_numpy()[unknown].astype(str), return_index=True, return_inverse=True
    )
    counts = np.bincount(group, sheet.count[unknown], len(first))
    rows = {int(unknown[first[i]]): int(counts[i]) for i in np.argsort(first)}

    def what(row: int, _text: str) -> str:
        return f"not in {where}" + (f", {counted(rows[row], 'row')}" if rows[row] > 1 else "")

    def advise(_row: int, text: str) -> str:
        near = nearest(text, known)
        return f"Nearest: {near!r}." if near else remedy

    sheet.report(list(rows), column, what, advise, code=f"unknown-{column.removesuffix('_id')}")


def check_order(sheet: Sheet, first: str, last: str) -> None:
    """Report rows whose end comes before their start."""
    if sheet.has(first, last):
        a, b = sheet.frame[first].to_numpy(), sheet.frame[last].to_numpy()
        wrong = np.flatnonzero((a != "") & (b != "") & (b < a))
        sheet.report(wrong, last, lambda row, _: f"before {sheet.label(first)} {a[row]}", code="order")


def check_shares(sheet: Sheet) -> None:
    """Report each territory that is given out more than once: the row that begins on the first day over 100 %."""
    if not sheet.has("rep_id", "territory_id"):
        return
    holds = ~np.isin(sheet.line, [f.line or 0 for f in sheet.findings if f.severity == "error"])
    if sheet.has("kind"):  # credit takes nothing away from those who hold it
        holds &= sheet.convert("kind", lambda text: text.casefold() not in OVERLAY).astype(bool)
    sound = np.flatnonzero(holds)
    territory = sheet.frame["territory_id"].to_numpy()[sound]
    share = np.ones(len(sheet.line))
    if sheet.has("share"):
        share = sheet.convert("share", lambda text: float(text) if NUMBER.fullmatch(text) else 1.0)
    share = share[sound].astype(np.float64)
    start, end = (sheet.frame[c].to_numpy()[sound] if sheet.has(c) else np.full(len(sound), "") for c in SPAN)
    end = np.where(end == "", "9999", end)
    _, place = np.unique(np.tile(territory.astype(str), 2), return_inverse=True)
    _, day = np.unique(np.concatenate([start, end]).astype(str), return_inverse=True)
    ends = np.repeat([False, True], len(sound))  # a row holds its last day too: others that begin then overlap
    order = np.lexsort((ends, day, place))
    held = np.cumsum(np.concatenate([share, -share])[order])
    over = np.flatnonzero((held > 1 + 1e-6) & ~ends[order])
    _, first = np.unique(place[order][over], return_index=True)
    given = {int(sound[order[over[i]]]): (int(order[over[i]]), float(held[over[i]])) for i in first}

    def what(row: int, _text: str) -> str:
        at, total = given[row]
        overlap = (territory == territory[at]) & (start <= start[at]) & (end >= start[at])
        others = [f"line {n}" for n in sheet.line[sound][overlap] if n != sheet.line[row]]
        since = f" from {start[at]}" if start[at] else ""
        return f"given out to {100 * total:.0f} %{since}, together with {' and '.join(others[:SHOWN])}"

    remedy = "End the other row the day before, or write shares that add up to 1."
    sheet.report(sorted(given), "territory_id", what, remedy, code="share")
