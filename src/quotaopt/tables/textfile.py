"""CSV files: bytes become text by their byte order mark, else as UTF-8, else as GB18030.

The separator is the one the first lines use most (Excel writes semicolons in half of Europe, and tabs into UTF-16).
"""

from __future__ import annotations

import csv
import io
import re

from quotaopt.errors import Finding, InputError
from quotaopt.tables.grid import Grid, Source
from quotaopt.text import encoding_of, encoding_of_mark

NOT_CSV = {
    b"PK\x03\x04": ("an Excel workbook", "Let its name end in .xlsx, or save it as CSV UTF-8."),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "Let its name end in .xls, or save it as CSV UTF-8."),
    b"PAR1": ("a Parquet file", "Let its name end in .parquet."),
    b"%PDF": ("a PDF", "Save it as CSV UTF-8."),
    b"\x1f\x8b": ("a compressed file", "Let its name end in .csv.gz."),
}
LOOKED_AT = 100_000
"""Characters in which the separator is looked for."""
ESCAPED = re.compile(r"'[=+@-]")
"""How we write a text that a spreadsheet would take for a formula; read back without the apostrophe."""


def read_text(source: Source) -> Grid:
    """The cells of a CSV file."""
    refuse_other(source, source.raw)
    codec = find_codec(source, source.raw) or encoding_of(source.raw)
    try:
        text = source.raw.decode(codec)
    except UnicodeDecodeError as failure:
        raise refuse_codec(source, codec, source.raw[: failure.start].count(b"\n")) from None
    if "\0" in text:
        remedy = 'Save it as CSV UTF-8, or set data.encoding = "utf-16-le".'
        raise source.refuse("holds NUL characters, so it is not plain text", remedy, code="encoding")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")  # in a cell too, as `spool` does
    lines, rows, _ = split_rows(source, text)
    return Grid(source.name, lines, rows, source.digest, notes=note_codec(source, codec))


def refuse_other(source: Source, raw: bytes) -> None:
    """Raise when the file is of another kind, as its first bytes say."""
    for start, (what, remedy) in NOT_CSV.items():
        if raw.startswith(start):
            raise source.refuse(f"{what}, not a CSV file", remedy, code="encoding")


def find_codec(source: Source, raw: bytes) -> str:
    """The encoding that the scenario names or a byte order mark shows; empty when it has to be tried."""
    return source.encoding if source.encoding != "auto" else encoding_of_mark(raw)


def refuse_codec(source: Source, codec: str, lines: int) -> InputError:
    """The error to raise for bytes behind so many `lines` that the encoding does not know."""
    remedy = "Save the file as CSV UTF-8, or name its encoding in data.encoding."
    return source.refuse(f"not {codec.upper()} text", remedy, lines + 1, "encoding")


def note_codec(source: Source, codec: str) -> list[Finding]:
    """That a file was read as GB18030, where nobody said so."""
    if codec != "gb18030" or source.encoding != "auto":
        return []
    remedy = "If names look wrong, set data.encoding."
    return [Finding("read as GB18030", remedy, source.name, severity="warning", code="encoding")]


def split_rows(source: Source, text: str) -> tuple[list[int], list[list[str]], str]:
    """Line and stripped cells of every row that is not blank, and the separator.

    Raises
    ------
    InputError
        When quotation marks do not match.
    """
    separator = find_separator(text)
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
        raise refuse_quote(source, failure, next_line) from None
    if ESCAPED.search(text):
        rows = [[cell[1:] if ESCAPED.match(cell) else cell for cell in row] for row in rows]
    return lines, rows, separator


def find_separator(text: str) -> str:
    """The separator that most of the first lines use most: a title above the headers may use none, or a comma."""
    lines = re.findall(r"[^\r\n]+", text[:LOOKED_AT])[:10]
    counts = {mark: sorted(line.count(mark) for line in lines)[len(lines) // 2 :] or [0] for mark in ",;\t|"}
    return max(counts, key=lambda mark: counts[mark][0])


def refuse_quote(source: Source, failure: csv.Error, line: int) -> InputError:
    """The error to raise where the quotation marks of the row that begins in this line do not match."""
    what = "a quotation mark is wrong here"
    remedy = "Close the quotation mark; a quotation mark inside a cell is doubled."
    if "field limit" in str(failure):
        what, remedy = "a cell of more than 131,072 characters", "Perhaps a quotation mark is not closed."
    return source.refuse(what, remedy, line, "quote")
