"""CSV files: bytes become text by their byte order mark, else as UTF-8, else as GB18030.

The separator is the one the header uses most (Excel writes semicolons in half of Europe, and tabs into UTF-16).
"""

from __future__ import annotations

import csv
import io
import re

from quotaopt.errors import Finding
from quotaopt.tables.grid import Grid, Source
from quotaopt.text import encoding_of

NOT_CSV = {
    b"PK\x03\x04": ("an Excel workbook", "Let its name end in .xlsx, or save it as CSV UTF-8."),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "Let its name end in .xls, or save it as CSV UTF-8."),
    b"PAR1": ("a Parquet file", "Let its name end in .parquet."),
    b"%PDF": ("a PDF", "Save it as CSV UTF-8."),
    b"\x1f\x8b": ("a compressed file", "Let its name end in .csv.gz."),
}
ESCAPED = re.compile(r"'[=+@-]")
"""How we write a text that a spreadsheet would take for a formula; read back without the apostrophe."""


def read_text(source: Source) -> Grid:
    """The cells of a CSV file."""
    text, notes = _decode(source)
    try:
        lines, rows = _split_rows(text)
    except csv.Error as failure:
        remedy = "Close the quotation mark; a quotation mark inside a cell is doubled."
        raise source.refuse("a quotation mark is wrong here", remedy, int(str(failure.args[1])), "quote") from None
    return Grid(source.name, lines, rows, source.digest, notes=notes)


def _decode(source: Source) -> tuple[str, list[Finding]]:
    """The file's text, and that it was read as GB18030."""
    raw, remedy = source.raw, "Save it as CSV UTF-8."
    for start, (what, remedy) in NOT_CSV.items():
        if raw.startswith(start):
            raise source.refuse(f"{what}, not a CSV file", remedy, code="encoding")
    codec = encoding_of(raw) if source.encoding == "auto" else source.encoding
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as failure:
        line = raw[: failure.start].count(b"\n") + 1
        remedy = "Save the file as CSV UTF-8, or name its encoding in data.encoding."
        raise source.refuse(f"not {codec.upper()} text", remedy, line, "encoding") from None
    if "\0" in text:
        remedy = 'Save it as CSV UTF-8, or set data.encoding = "utf-16-le".'
        raise source.refuse("holds NUL characters, so it is not plain text", remedy, code="encoding")
    notes = []
    if codec == "gb18030" and source.encoding == "auto":
        remedy = "If names look wrong, set data.encoding."
        notes.append(Finding("read as GB18030", remedy, source.name, severity="warning", code="encoding"))
    return text.removeprefix("\ufeff"), notes


def _split_rows(text: str) -> tuple[list[int], list[list[str]]]:
    """Line and stripped cells of every row that is not blank.

    Raises
    ------
    csv.Error
        With the line as second argument, when quotation marks do not match.
    """
    head = text.lstrip("\r\n").partition("\n")[0]
    separator = max(",;\t|", key=head.count)
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
