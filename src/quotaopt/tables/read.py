"""A CSV file as a `Sheet`: every cell a text, every row with its line, every header matched to a column we know.

Bytes become text by their byte order mark, else as UTF-8, else as GB18030. The separator is the one the header
uses most (Excel writes semicolons in half of Europe, and tabs into UTF-16).
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from quotaopt.errors import Finding, nearest
from quotaopt.tables.schema import Field, Kind, Table, plain_header
from quotaopt.tables.sheet import Sheet
from quotaopt.text import encoding_of, plain_month

MONTH_NAME = re.compile(
    r"\d{1,2}月(份)?|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-' ]*(\d\d|\d{4})?", re.IGNORECASE
)
NOT_CSV = {b"PK\x03\x04": "an Excel workbook", b"\xd0\xcf\x11\xe0": "an old Excel workbook", b"%PDF": "a PDF"}
ESCAPED = re.compile(r"'[=+@-]")
"""How we write a text that a spreadsheet would take for a formula; read back without the apostrophe."""


def read_sheet(path: Path, name: str, table: Table, mapping: Mapping[str, str], encoding: str) -> Sheet:
    """Read one file; whatever is wrong with it is in the sheet's findings, never raised.

    Parameters
    ----------
    name : the file as findings call it.
    mapping : headers the scenario maps to our columns.
    """
    sheet = Sheet(table)
    try:
        raw = path.read_bytes()
    except OSError as failure:
        sheet.findings.append(Finding(f"cannot be read: {failure.strerror}", file=name, code="file"))
        return sheet
    sheet.hashes[name] = hashlib.sha256(raw).hexdigest()
    text = _decode(raw, name, encoding, sheet)
    if text is None:
        return sheet
    try:
        lines, rows = _split_rows(text)
    except csv.Error as failure:
        remedy = "Close the quotation mark; a quotation mark inside a cell is doubled."
        line = int(str(failure.args[1]))
        sheet.findings.append(Finding("a quotation mark is wrong here", remedy, name, line, code="quote"))
        return sheet
    if not rows:
        sheet.findings.append(Finding("the file is empty", "The first line holds the headers.", name, code="empty"))
    else:
        _fill(sheet, name, lines, rows, mapping)
    return sheet


def _decode(raw: bytes, name: str, encoding: str, sheet: Sheet) -> str | None:
    """The file's text, or None after reporting why there is none."""
    for start, what in NOT_CSV.items():
        if raw.startswith(start):
            sheet.findings.append(Finding(f"{what}, not a CSV file", "Save it as CSV UTF-8.", name, code="encoding"))
            return None
    codec = encoding_of(raw) if encoding == "auto" else encoding
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as failure:
        line = raw[: failure.start].count(b"\n") + 1
        remedy = "Save the file as CSV UTF-8, or name its encoding in data.encoding."
        sheet.findings.append(Finding(f"not {codec.upper()} text", remedy, name, line, code="encoding"))
        return None
    if "\0" in text:
        remedy = 'Save it as CSV UTF-8, or set data.encoding = "utf-16-le".'
        sheet.findings.append(Finding("holds NUL characters, so it is not plain text", remedy, name, code="encoding"))
        return None
    if codec == "gb18030" and encoding == "auto":
        remedy = "If names look wrong, set data.encoding."
        sheet.findings.append(Finding("read as GB18030", remedy, name, severity="warning", code="encoding"))
    return text.removeprefix("\ufeff")


def _split_rows(text: str) -> tuple[list[int], list[list[str]]]:
    """Line and stripped cells of every row that is not blank.

    Raises
    ------
    csv.Error
        With the line as second argument, when quotation marks do not match.
    """
    head = text.lstrip("\r\n").partition("\n")[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines, rows, next_line = [], [], 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                lines.append(next_line)
                rows.append(cells)
            next_line = reader.line_num + 1
    except csv.Error as failure:
        raise csv.Error(str(failure), next_line) from None
    if ESCAPED.search(text):
        rows = [[cell[1:] if ESCAPED.match(cell) else cell for cell in row] for row in rows]
    return lines, rows


def _fill(sheet: Sheet, name: str, lines: list[int], rows: list[list[str]], mapping: Mapping[str, str]) -> None:
    """Match the headers and put the rows into the sheet's frame, reporting rows of the wrong width."""
    header, body = rows[0], rows[1:]
    while not header[-1]:
        header.pop()
    width = len(header)
    again = _report_duplicate_headers(sheet, name, lines[0], header)
    columns = _match_headers(header, sheet.table, mapping)
    sheet.headers = {ours: header[i] for ours, i in columns.items()}
    explained = _report_missing(sheet, name, lines[0], header, columns)
    for line, row in zip(lines[1:], body, strict=True):
        if len(row) < width or any(row[width:]):
            what, remedy = f"{len(row)} cells, but {width} headers", "A cell that holds a separator needs quotes."
            sheet.findings.append(Finding(what, remedy, name, line, code="width"))
    body = [row if len(row) == width else (row + [""] * width)[:width] for row in body]
    taken = {*columns.values(), *again}
    others = {
        header[i] if header[i] and header[i] not in columns else f"column {i + 1}": i
        for i in range(width)
        if i not in taken
    }
    cells = list(zip(*body, strict=True)) if body else [()] * width
    places = sorted((columns | others).items(), key=lambda item: item[1])
    texts = {column: np.array(cells[i], dtype=object) for column, i in places}
    sheet.frame = pd.DataFrame(texts, dtype=object)
    sheet.file = np.full(len(body), name, dtype=object)
    sheet.line = np.array(lines[1:], dtype=np.int64)
    if not body and not sheet.table.may_be_empty:
        what, remedy = "only a header, no rows", f"Add one row for each {sheet.table.key[0].removesuffix('_id')}."
        sheet.findings.append(Finding(what, remedy, name, code="empty"))
    if unknown := [other for other in others if other not in explained]:
        kept = "They are kept as they are." if sheet.table.keeps_others else "They are not used."
        what = f"unknown columns: {', '.join(unknown)}"
        sheet.findings.append(Finding(what, kept, name, severity="warning", code="columns"))


def _match_headers(header: Sequence[str], table: Table, mapping: Mapping[str, str]) -> dict[str, int]:
    """Our column → its place in the header: what the scenario maps first, then by the names we know."""
    plain = [plain_header(h) for h in header]
    mapped = {plain_header(theirs): ours for theirs, ours in mapping.items()}
    found = {mapped[p]: i for i, p in enumerate(plain) if p in mapped}
    free = {p: i for i, p in reversed(list(enumerate(plain))) if p not in mapped}
    for column in table.fields:
        place = next((free[h] for h in column.headers if h in free), None)
        if column.name not in found and place is not None:
            found[column.name] = place
    return found


def _report_duplicate_headers(sheet: Sheet, name: str, line: int, header: Sequence[str]) -> list[int]:
    """Report headers that stand there twice, and return their places."""
    plain = [plain_header(h) for h in header]
    again = [i for i, text in enumerate(plain) if text and text in plain[:i]]
    for i in again:
        what = f"the same header as column {plain.index(plain[i]) + 1}"
        finding = Finding(what, "Rename or delete one.", name, line, f"column {i + 1}", header[i], code="header")
        sheet.findings.append(finding)
    return again


def _report_missing(
    sheet: Sheet, name: str, line: int, header: Sequence[str], found: Mapping[str, int]
) -> Sequence[str]:
    """Name each missing column with the header that may be meant; return the headers that need no further word."""
    needed = [f for f in sheet.table.fields if f.required]
    missing = [f for f in needed if f.name not in found and f.instead not in found]
    if len(missing) == len(needed):
        what, remedy = (
            "no header we know",
            f"The first line holds headers, such as {', '.join(f.name for f in needed)}.",
        )
        sheet.findings.append(Finding(what, remedy, name, line, value=", ".join(header), code="header"))
        return header
    months = [h for h in header if plain_month(h) or MONTH_NAME.fullmatch(h)]
    wide = len(months) > 1 and any(f.kind is Kind.MONTH for f in missing)
    if wide:
        amount = next(f.name for f in needed if f.kind is Kind.NUMBER)
        what = f"a wide sheet, one column for each month ({months[0]} … {months[-1]})"
        remedy = f"Make it long: one row for each rep, product and month, with the columns month and {amount}."
        sheet.findings.append(Finding(what, remedy, name, line, code="wide"))
        missing = [f for f in missing if f.kind is Kind.TEXT]
    free = [h for i, h in enumerate(header) if i not in found.values() and h not in months]
    for column in missing:
        words = f"{column.instead} or {column.name}" if column.instead else column.name
        remedy = _guess(column, free, sheet.table) or f"The headers are: {', '.join(header)}."
        sheet.findings.append(Finding("missing column", remedy, name, line, words, code="column"))
    return months if wide else ()


def _guess(column: Field, free: Sequence[str], table: Table) -> str:
    """Advice when one of the unknown headers holds a name of the missing column, or is nearly one."""
    plain = {plain_header(h): h for h in free}
    holding = [p for p in plain for alias in column.headers if alias in p]
    near = next(iter(holding), "") or nearest(plain_header(column.name), plain)
    if not near:
        return ""
    header = plain[near]
    return f'Is it {header!r}? Rename it, or write "{header}" = "{column.name}" under [data.columns.{table.name}].'
