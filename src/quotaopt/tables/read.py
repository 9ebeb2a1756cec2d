"""Any source as a `Sheet`: every cell a text, every row with its line, every header matched to a column we know."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd

from quotaopt.errors import Finding, InputError, nearest
from quotaopt.tables.grid import Grid, Source
from quotaopt.tables.headers import header_month, is_total, split_unit, title_unit
from quotaopt.tables.schema import Field, Table, plain_header
from quotaopt.tables.sheet import Sheet
from quotaopt.tables.sources import read_grid
from quotaopt.tables.wide import find_months, join_year, melt
from quotaopt.text import NUMBER

LOOKED_AT = 10
"""Rows in which the headers are looked for."""
Skim = Callable[[Source, Callable[[Grid], tuple[Grid, Mapping[str, int]]]], Grid]


def read_sheet(
    source: Source, table: Table, mapping: Mapping[str, str], skim: Skim | None = None, used: Collection[str] = ()
) -> Sheet:
    """Read one source; whatever is wrong with it is in the sheet's findings, never raised.

    Parameters
    ----------
    mapping : headers the scenario maps to our columns.
    skim : reads a large file, given what tells its headers; only some of its rows become the sheet's.
    used : headers we do not know that serve the scenario.
    """

    def fit(row: Sequence[str]) -> int:
        return _fit(row, table, mapping)

    def understand(head: Grid) -> tuple[Grid, Mapping[str, int]]:
        if not head.rows:
            return head, {}
        below = _below_titles(head, fit)
        found = _match_headers(below.rows[0], table, mapping)
        return below, {} if _months(below.rows[0], found, table) else found

    source.fit = fit
    try:
        with _without_collector():
            grid = skim(source, understand) if skim else read_grid(source)
            return lay_out(grid, table, mapping, titled=skim is None, used=used)
    except InputError as failure:
        sheet = Sheet(table)
        sheet.findings += failure.findings
        if source.digest:
            sheet.hashes[source.name] = source.digest
        return sheet


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of new cells, none of them garbage: looking through them again and again takes most of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def lay_out(
    grid: Grid, table: Table, mapping: Mapping[str, str], titled: bool = True, used: Collection[str] = ()
) -> Sheet:
    """The rows of a grid under the columns of a table; whatever is wrong is in the sheet's findings.

    Parameters
    ----------
    titled : whether there may be titles above the headers.
    used : headers we do not know that serve the scenario.
    """
    sheet = Sheet(table, name=grid.name)
    sheet.hashes[grid.name] = grid.digest
    if grid.rows and titled:
        grid = _below_titles(grid, lambda row: _fit(row, table, mapping))
    sheet.findings += grid.notes
    if not grid.rows:
        what, remedy = "the file is empty", "The first line holds the headers."
        sheet.findings.append(Finding(what, remedy, grid.name, code="empty"))
    else:
        _fill(sheet, grid, mapping, {plain_header(text) for text in used})
    return sheet


def _fit(row: Sequence[str], table: Table, mapping: Mapping[str, str]) -> int:
    """How many cells of a row are headers of the table."""
    found = _match_headers(row, table, mapping)
    return len(found) + len(_months(row, found, table))


def _below_titles(grid: Grid, fit: Callable[[Sequence[str]], int]) -> Grid:
    """The grid from its headers on; texts that stand alone in the rows above are its titles.

    Totals may stand above the headers too.
    """
    first, top = [fit(row) for row in grid.rows[:LOOKED_AT]], 0
    while max(first[top + 1 :], default=0) > first[top] and (_is_title(grid.rows[top]) or _is_sum(grid.rows[top])):
        top += 1
    if not first[top]:
        return grid
    titles = [cell for row in grid.rows[:top] for cell in row if cell and _is_title(row)]
    lines, rows = grid.lines[top:], grid.rows[top:]
    joined = _join_headers(rows[0], rows[1]) if len(rows) > 1 else []
    over = (
        [upper if lower not in ("", upper) else "" for upper, lower in zip(*rows[:2], strict=False)] if joined else []
    )
    if fit(joined) > first[top] and fit(over) <= 1:  # 销售额 may stand over the months; rows of data stand under all
        titles += [cell for cell in rows[0] if cell]
        what = f"headers stand in two rows, line {lines[0]} and {lines[1]}"
        grid.notes.append(Finding(what, file=grid.name, severity="warning", code="header"))
        lines, rows = lines[1:], [joined, *rows[2:]]
    return replace(grid, lines=lines, rows=rows, titles=grid.titles + titles)


def _is_title(row: Sequence[str]) -> bool:
    """Whether a single cell of a row is filled."""
    return sum(map(bool, row)) == 1


def _is_sum(row: Sequence[str]) -> bool:
    """Whether numbers, or formulas that were not calculated yet, stand behind a text."""
    first, *others = [cell for cell in row if cell]
    return not NUMBER.fullmatch(first) and all(cell.startswith("=") or NUMBER.fullmatch(cell) for cell in others)


def _join_headers(above: Sequence[str], below: Sequence[str]) -> list[str]:
    """Headers in two rows, 2026年 over 1月 … 12月, as one; the upper ones reach to the right up to the next."""
    joined, group = [], ""
    for upper, lower in itertools.zip_longest(above, below, fillvalue=""):
        group = upper or group
        both = f"{group}{lower}" if lower else ""
        joined.append(both if header_month(both)[1] or (lower and is_total(both)) else lower or upper)
    return joined


def _fill(sheet: Sheet, grid: Grid, mapping: Mapping[str, str], used: Collection[str]) -> None:
    """Match the headers and put the rows into the sheet's frame, reporting rows of the wrong width."""
    header = list(grid.rows[0])
    sheet.top = grid.lines[0]
    while not header[-1]:
        header.pop()
    again = _report_duplicate_headers(sheet, header)
    columns = _match_headers(header, sheet.table, mapping)
    months = {header[i]: pair for i, pair in _months(header, columns, sheet.table).items() if i not in again}
    sheet.headers = {ours: header[i] for ours, i in columns.items()}
    explained = _report_missing(sheet, header, columns, months)
    body = _straighten(sheet, grid, len(header))
    taken = {*columns.values(), *again}
    others = {
        text if text and text not in columns else f"column {i + 1}": i
        for i, text in enumerate(header)
        if i not in taken
    }
    cells = list(zip(*body, strict=True)) if body else [()] * len(header)
    places = sorted((columns | others).items(), key=lambda item: item[1])
    hollow = {c for c, i in columns.items() if body and not any(cells[i]) and not sheet.table.field(c).required}
    texts = {column: np.array(cells[i], dtype=object) for column, i in places if column not in hollow}
    sheet.fill(pd.DataFrame(texts, dtype=object), grid.lines[1:])
    if not body and not sheet.table.may_be_empty:
        what, remedy = "only a header, no rows", f"Add one row for each {sheet.table.key[0].removesuffix('_id')}."
        sheet.findings.append(Finding(what, remedy, sheet.name, code="empty"))
    _read_unit(sheet, [*months, *([header[columns[m]]] if (m := sheet.table.money) in columns else [])], grid.titles)
    if months:
        melt(sheet, months, grid.titles)
    else:
        join_year(sheet)
    told = {*explained, *columns, *(field.name for field in sheet.table.fields)}
    told |= _warn_of_rivals(sheet, header, columns, mapping)
    if unknown := [name for name in map(str, sheet.frame) if name not in told and plain_header(name) not in used]:
        kept = "They are kept as they are." if sheet.table.keeps_others else "They are not used."
        what = f"unknown columns: {', '.join(unknown)}"
        sheet.findings.append(Finding(what, kept, sheet.name, severity="warning", code="columns"))


def _straighten(sheet: Sheet, grid: Grid, width: int) -> list[list[str]]:
    """The rows below the headers, all as wide as these; others are reported."""
    for line, row in zip(grid.lines[1:], grid.rows[1:], strict=True):
        if len(row) < width or any(row[width:]):
            what, remedy = f"{len(row)} cells, but {width} headers", "A cell that holds a separator needs quotes."
            sheet.findings.append(Finding(what, remedy, sheet.name, line, code="width"))
    return [row if len(row) == width else (row + [""] * width)[:width] for row in grid.rows[1:]]


def _months(header: Sequence[str], taken: Mapping[str, int], table: Table) -> dict[int, tuple[int, int]]:
    """The columns of months, in tables that have months."""
    return find_months(header, taken) if any(field.name == "month" for field in table.fields) else {}


def _read_unit(sheet: Sheet, headers: Sequence[str], titles: Sequence[str]) -> None:
    """The unit that the headers of the amounts name, or else the titles."""
    said = {unit for header in headers if (unit := split_unit(header)[1]) is not None}
    said = said or {unit for title in titles if (unit := title_unit(title)) is not None}
    if sheet.table.money and len(said) > 1:
        what = f"two units of money, {' and '.join(f'{unit:,}' for unit in sorted(said))}"
        sheet.findings.append(Finding(what, "Write all amounts in one.", sheet.name, sheet.top, code="unit"))
    elif sheet.table.money and said:
        sheet.unit[:] = said.pop()


def _match_headers(header: Sequence[str], table: Table, mapping: Mapping[str, str]) -> dict[str, int]:
    """Our column → its place in the header: what the scenario maps first, then by the names we know."""
    plain = [plain_header(h) for h in header]
    bare = [plain_header(split_unit(h)[0]) for h in header]
    mapped = {plain_header(theirs): ours for theirs, ours in mapping.items()}
    known = [p if p in mapped else b for p, b in zip(plain, bare, strict=True)]
    found = {mapped[p]: i for i, p in reversed(list(enumerate(known))) if p in mapped}
    free = {p: i for i, p in reversed(list(enumerate(known))) if p not in mapped}
    for column in table.fields:
        place = next((free[h] for h in column.headers if h in free), None)
        if column.name not in found and place is not None:
            found[column.name] = place
    return found


def _warn_of_rivals(
    sheet: Sheet, header: Sequence[str], columns: Mapping[str, int], mapping: Mapping[str, str]
) -> set[str]:
    """Say which column the amounts are taken from where others could be meant and the scenario does not choose."""
    money = sheet.table.money
    if money not in columns or money in mapping.values():
        return set()
    known = sheet.table.field(money).headers
    rivals = [h for i, h in enumerate(header) if i not in columns.values() and plain_header(split_unit(h)[0]) in known]
    if rivals:
        what = f"amounts are those of {header[columns[money]]!r}, not of {' or '.join(map(repr, rivals))}"
        remedy = f'To change it: "{rivals[0]}" = "{money}" under [data.columns.{sheet.table.name}].'
        sheet.findings.append(Finding(what, remedy, sheet.name, severity="warning", code="columns"))
    return set(rivals)


def _report_duplicate_headers(sheet: Sheet, header: Sequence[str]) -> list[int]:
    """Report headers that stand there twice, and return their places."""
    plain = [plain_header(h) for h in header]
    again = [i for i, text in enumerate(plain) if text and text in plain[:i]]
    for i in again:
        what = f"the same header as column {plain.index(plain[i]) + 1}"
        place = sheet.name, sheet.top, f"column {i + 1}", header[i]
        sheet.findings.append(Finding(what, "Rename or delete one.", *place, code="header"))
    return again


def _report_missing(
    sheet: Sheet, header: Sequence[str], found: Mapping[str, int], months: Mapping[str, tuple[int, int]]
) -> Sequence[str]:
    """Name each missing column with the header that may be meant; return the headers that need no further word."""
    money, place = sheet.table.money, (sheet.name, sheet.top)
    needed = [f for f in sheet.table.fields if f.required]
    missing = [f for f in needed if f.name not in found and f.instead not in found]
    if len(missing) == len(needed):
        what = "no header we know"
        remedy = f"The first line holds headers, such as {', '.join(f.name for f in needed)}."
        sheet.findings.append(Finding(what, remedy, *place, value=", ".join(header), code="header"))
        return header
    if months and money in found:
        what = f"a column of amounts ({header[found[money]]}) beside columns of months ({next(iter(months))} …)"
        sheet.findings.append(Finding(what, "Delete the one or the others.", *place, code="wide"))
    if months:
        missing = [f for f in missing if f.name not in {"month", money}]
    free = [h for i, h in enumerate(header) if i not in found.values() and h not in months]
    for column in missing:
        words = f"{column.instead} or {column.name}" if column.instead else column.name
        remedy = _guess(column, free, sheet.table) or f"The headers are: {', '.join(header)}."
        sheet.findings.append(Finding("missing column", remedy, *place, words, code="column"))
    return ()


def _guess(column: Field, free: Sequence[str], table: Table) -> str:
    """Advice when one of the unknown headers holds a name of the missing column, or is nearly one."""
    plain = {plain_header(h): h for h in free}
    holding = [p for p in plain for alias in column.headers if alias in p]
    near = next(iter(holding), "") or nearest(plain_header(column.name), plain)
    if not near:
        return ""
    header = plain[near]
    return f'Is it {header!r}? Rename it, or write "{header}" = "{column.name}" under [data.columns.{table.name}].'
