"""A copy of a workbook in which every cell that was found wrong is coloured and says why."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from quotaopt.errors import Finding, InputError

BOOK = re.compile(r"(.+\.xls[xm])\[([^\[\]]+)\]", re.IGNORECASE)
LABEL = re.compile(r"(.+) \(\w+\)")
PLACE = re.compile(r"column (\d+)")
COLOURS = {"error": "FFF4B6B6", "warning": "FFFBE7A1"}
CHECKED = "-checked"


def mark_books(findings: Iterable[Finding], root: Path) -> list[Path]:
    """Write ``NAME-checked.xlsx`` beside each workbook with findings in its cells; the files written.

    Raises
    ------
    InputError
        If openpyxl is not installed.
    """
    books = defaultdict[str, list[tuple[str, Finding]]](list)
    for finding in findings:
        if (found := BOOK.fullmatch(finding.file)) and finding.line:
            books[found[1]].append((found[2], finding))
    return [_mark(root / file, found) for file, found in sorted(books.items())]


def _mark(path: Path, findings: list[tuple[str, Finding]]) -> Path:
    try:
        from openpyxl import load_workbook
        from openpyxl.comments import Comment
        from openpyxl.styles import PatternFill
    except ImportError:
        raise InputError([Finding("--mark needs openpyxl", 'pip install "quotaopt[excel]".', code="extra")]) from None
    with warnings.catch_warnings(action="ignore"):  # what openpyxl cannot keep of a book is no matter of its cells
        book = load_workbook(path, keep_vba=path.suffix.lower() == ".xlsm")
    said = defaultdict[tuple[str, str], list[Finding]](list)
    for name, finding in findings:
        said[name, _cell(book[name], finding)].append(finding)
    for (name, coordinate), found in said.items():
        cell = book[name][coordinate]
        worst = min(finding.severity for finding in found)  # an error before a warning
        cell.fill = PatternFill("solid", start_color=COLOURS[worst])
        texts = [cell.comment.text] if cell.comment else []
        texts += [f"{finding.what}. {finding.remedy}".strip() for finding in found]
        cell.comment = Comment("\n".join(texts), "quotaopt")
    copy = path.with_stem(path.stem + CHECKED)
    book.save(copy)
    return copy


def _cell(sheet: Any, finding: Finding) -> str:
    """Coordinates of the cell a finding means; of merged cells the first, without a column the row's first."""
    from quotaopt.tables.grid import cell_text

    line, column = finding.line or 1, 1
    label = LABEL.fullmatch(finding.column)
    header = label[1] if label else finding.column
    if place := PLACE.fullmatch(header):
        column = int(place[1])
    elif header:
        rows = sheet.iter_rows(min_row=1, max_row=line)
        column = next((cell.column for row in rows for cell in row if cell_text(cell.value) == header), 1)
    cell = sheet.cell(line, column)
    merged = next((area for area in sheet.merged_cells.ranges if cell.coordinate in area), None)
    return str(sheet.cell(merged.min_row, merged.min_col).coordinate if merged else cell.coordinate)
