"""Workbooks (.xlsx, .xlsb, .xls, .ods): the values of one sheet as a planner sees them, read by calamine."""

from __future__ import annotations

import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from quotaopt.errors import Finding, InputError, nearest
from quotaopt.tables import grid
from quotaopt.tables.grid import Grid, Source, cell_text, number_text
from quotaopt.text import NUMBER

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

SHEET = re.compile(rb'<sheet\b[^>]*?\bname="([^"]*)"[^>]*?\bid="([^"]*)"')
RELATION = re.compile(rb"<Relationship\b[^>]*>")
ERROR = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*?\bt="e"[^>]*>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?<v>([^<]*)</v>')
UNCALCULATED = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*>(?:<f[^>]*>)([^<]*)</f>(?:<v ?/>|<v></v>)?</c>')
LOOKED_AT = 10
"""Rows of a sheet in which its headers are looked for."""


def read_workbook(source: Source) -> Grid:
    """The cells of a sheet: the one that is named, else the only one, else the one whose headers fit best.

    Numbers have the 15 digits a spreadsheet shows. A text in cells merged downwards stands in each of their rows.
    """
    from python_calamine import CalamineWorkbook

    with _readable(source), CalamineWorkbook.from_filelike(io.BytesIO(source.raw)) as book:
        name, notes = _choose(book, source)
        rows = _rows(book.get_sheet_by_name(name), _unseen(source.raw, name))
    filled = [(number, row) for number, row in enumerate(rows, start=1) if any(row)]
    lines, kept = [number for number, _ in filled], [row for _, row in filled]
    return Grid(f"{source.name}[{name}]", lines, kept, source.digest, [name], notes)


def sheet_names(source: Source) -> list[str]:
    """The sheets of a workbook that are not hidden, in its order."""
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    with _readable(source), CalamineWorkbook.from_filelike(io.BytesIO(source.raw)) as book:
        return [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]


@contextmanager
def _readable(source: Source) -> Iterator[None]:
    """Tell in words why a workbook cannot be read."""
    from python_calamine import CalamineError, PasswordError, WorksheetNotFound

    _refuse_bombs(source)
    try:
        yield
    except PasswordError:
        raise source.refuse("protected by a password", "Save a copy without one.") from None
    except (CalamineError, WorksheetNotFound) as failure:
        raise _refuse(source, str(failure) or type(failure).__name__) from None
    except BaseException as failure:
        if type(failure).__name__ != "PanicException":  # what a damaged file makes of calamine, no Exception at all
            raise
        raise _refuse(source, "it is damaged") from None


def _refuse(source: Source, why: str) -> InputError:
    remedy = "Open it in the spreadsheet program and save it again."
    return source.refuse(f"not a workbook that can be read: {why}", remedy)


def _refuse_bombs(source: Source) -> None:
    """Refuse a workbook that would fill the memory once unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(source.raw)) as book:
            size = sum(part.file_size for part in book.infolist())
    except (zipfile.BadZipFile, NotImplementedError):
        return  # another kind of workbook
    if size > grid.UNPACKED:
        raise source.refuse_size(size)


def _choose(book: CalamineWorkbook, source: Source) -> tuple[str, list[Finding]]:
    """The sheet to read, and a warning when there were others."""
    from python_calamine import SheetVisibleEnum

    names = [name for name in book.sheet_names if name.strip().casefold() == source.part.strip().casefold()]
    if source.part and not names:
        near = nearest(source.part, book.sheet_names)
        remedy = f"Did you mean {near!r}?" if near else f"Sheets: {', '.join(book.sheet_names)}."
        raise source.refuse(f"has no sheet {source.part!r}", remedy, code="sheet")
    if names:
        return names[0], []
    shown = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    filled = {name: rows for name in shown if any(map(any, rows := _rows(book.get_sheet_by_name(name))))}
    if len(filled) < 2:
        return next(iter(filled), book.sheet_names[0]), []
    fits = {name: max(source.fit(row) for row in rows[:LOOKED_AT]) for name, rows in filled.items()}
    best = max(fits.values())
    found = [name for name, fit in fits.items() if fit == best]
    example = f"Name one, like {source.name.rpartition('/')[2]}#{found[0]}."
    if len(found) > 1:
        what = f"holds {len(filled)} sheets, and {' and '.join(map(repr, found[:2]))} fit equally well"
        raise source.refuse(what, example, code="sheet")
    what = f"read the sheet {found[0]!r}, one of {len(filled)}"
    return found[0], [Finding(what, example, source.name, severity="warning", code="sheet")]


def _rows(sheet: CalamineSheet, unseen: Iterable[tuple[int, int, str]] = ()) -> list[list[str]]:
    """All cells as texts, blank rows too; `unseen` cells show why they have no value."""
    rows = [[_text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    for number, column, text in unseen:
        if number < len(rows) and column < len(rows[number]) and not rows[number][column]:
            rows[number][column] = text
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or []:
        value = rows[top][left] if top < len(rows) and left < len(rows[top]) else ""
        if value and not NUMBER.fullmatch(value):  # a number in merged cells counts once
            for row in rows[top + 1 : bottom + 1]:
                row[left] = value
    return rows


def _unseen(raw: bytes, sheet: str) -> Iterator[tuple[int, int, str]]:
    """Row, column and text of the cells of an .xlsx that calamine shows empty though they are not.

    They hold an error such as #N/A, or a formula that no spreadsheet program has calculated yet.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            keys = {html.unescape(name.decode()): key for name, key in SHEET.findall(book.read("xl/workbook.xml"))}
            tags = RELATION.findall(book.read("xl/_rels/workbook.xml.rels"))
            targets = {found[1]: tag for tag in tags if (found := re.search(rb'\bId="([^"]*)"', tag))}
            target = re.search(rb'\bTarget="([^"]*)"', targets[keys[sheet]])
            path = target[1].decode().lstrip("/") if target else ""
            xml = book.read(path if path.startswith("xl/") else f"xl/{path}")
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, EOFError, zlib.error, NotImplementedError):
        return  # another kind of workbook
    for pattern, sign in ((ERROR, ""), (UNCALCULATED, "=")):
        for letters, number, value in pattern.findall(xml) if b"<f" in xml or b't="e"' in xml else ():
            column = 0
            for letter in letters:
                column = column * 26 + letter - 64
            yield int(number) - 1, column - 1, sign + html.unescape(value.decode("utf-8", errors="replace"))


def _text(value: Any) -> str:
    return number_text(f"{value:.15g}") if isinstance(value, float) else cell_text(value)
