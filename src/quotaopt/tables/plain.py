"""Plain lines of a text file of sales as DuckDB reads them, and all others as Python does."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from quotaopt.tables.checks import SUBTOTALS, drop_subtotals, read_cells
from quotaopt.tables.grid import Grid, Source
from quotaopt.tables.schema import Table
from quotaopt.tables.sheet import LISTED, Sheet
from quotaopt.tables.spool import Spooled, UnfitError
from quotaopt.tables.textfile import ESCAPED, refuse_quote

AMOUNT, ORDER = "amount", "order_id"
FINEST = 18
"""Decimal places a plain amount may have."""

WORD = r"[!-~\x{4e00}-\x{9fff}]"
CLEAN = rf"{WORD}([ -~\x{{4e00}}-\x{{9fff}}]*{WORD})?"
"""Order numbers that need no closer look: nothing to strip, nothing to fold."""
SIMPLE = r"[0-9A-Za-z_./#-]*[0-9][0-9A-Za-z_./#-]*"
"""The most frequent of these: no formula and no word."""
PLAIN = rf" *[+-]?(\d{{1,15}}(\.\d{{0,{FINEST}}})?|\.\d{{1,{FINEST}}}) *"
ZERO = r" *-[0.]+ *"
CLOCK = r"^(\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{8})[T ]\d{1,2}:\d{2}[^\n]*$"
"""A day with a time, which is no part of it."""


def cells_of(copy: Spooled, head: Grid, columns: Mapping[str, int], even: bool = False) -> str:
    """The query of a file's cells: `line`, whether the row is `good`, each column, whether the amount is `plain`.

    A line without quotation marks splits at its separators; with them it is good when no quoted cell holds a separator
    or another quotation mark. Of an `even` file, whose lines all have as many cells as the headers, DuckDB splits the
    lines itself, which is quicker; it raises an error where one has not.
    """
    top = head.lines[1] - 1 if len(head.lines) > 1 else head.lines[0]  # a header may hold line breaks
    lines, cells = _even_lines(copy, head, top) if even else _split_lines(copy, head, top)
    chosen = {name: cells.format(place + 1) for name, place in columns.items()}
    if "date" in chosen:
        day = chosen["date"]
        chosen["date"] = f"CASE WHEN contains({day}, ':') THEN regexp_replace({day}, '{CLOCK}', '\\1') ELSE {day} END"
    named = ", ".join(f"{sql} AS {name}" for name, sql in chosen.items())
    plain = f"regexp_full_match(amount, '{PLAIN}') AND NOT regexp_full_match(amount, '{ZERO}')"
    return f"SELECT *, {plain} AS plain FROM (SELECT line, good, {named} FROM ({lines}))"


def is_even(copy: Spooled, head: Grid) -> bool:
    """Whether a file may be `even`."""
    return not copy.quoted and all(head.rows[0])


def _even_lines(copy: Spooled, head: Grid, top: int) -> tuple[str, str]:
    """Lines that are not blank, with their cells, and what the k-th of these is called."""
    names = [f"c{k + 1}" for k in range(len(head.rows[0]))]
    kinds = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    read = _read(copy, f"{{{kinds}}}", f"'{copy.separator}', skip={top}, strict_mode=true, force_not_null={names}")
    filled = f"ascii(c1) NOT IN (0, 9, 32) OR trim(concat({', '.join(names)}), ' \t') <> ''"
    return (
        f"SELECT * FROM (SELECT row_number() OVER () + {top} AS line, true AS good, * FROM {read}) WHERE {filled}",
        "c{}",
    )


def _split_lines(copy: Spooled, head: Grid, top: int) -> tuple[str, str]:
    """As `_even_lines`, whatever the lines are."""
    width = max(k for k, cell in enumerate(head.rows[0], start=1) if cell)
    mark = copy.separator
    good, bare = "true", "text"
    if copy.quoted:
        cell = rf'(?:"[^"{mark}]*"|[^"{mark}]*)'
        simple = f"regexp_full_match(text, '{cell}(?:{re.escape(mark)}{cell})*')"
        good, bare = f"(NOT contains(text, '\"') OR {simple})", "replace(text, '\"', '')"
    starts = f"ascii(text) NOT IN (0, 9, 32, 34, {ord(mark)})"  # spares most lines the look at all of it
    filled = f"({starts} OR NOT regexp_full_match({bare}, '[ \t{mark}]*'))"
    read = _read(copy, "{'text': 'VARCHAR'}", "'\x1f'")
    rows = f"SELECT row_number() OVER () AS line, text FROM {read}"
    split = f"SELECT line, {good} AS good, string_split({bare}, '{mark}') AS c FROM ({rows})"
    split += f" WHERE line > {top} AND {filled}"
    rest = f"trim(array_to_string(c[{width + 1}:], ''), ' \t')"
    fits = f"CASE WHEN len(c) = {width} THEN good ELSE good AND len(c) > {width} AND {rest} = '' END"
    return f"SELECT line, c, {fits} AS good FROM ({split})", "c[{}]"


def _read(copy: Spooled, columns: str, more: str) -> str:
    path = copy.path.as_posix().replace("'", "''")
    return f"read_csv('{path}', columns={columns}, header=false, auto_detect=false, quote='', escape='', delim={more})"


def load(table: str, cells: str, coded: Mapping[str, int], orders: bool, scale: int, clean: bool) -> str:
    """The query of a file's table: line, codes, order number and exact amount, each NULL where it is not plain.

    The plain texts of a column are a type behind whose name the column's stands: a text's place in it is its code, or,
    where texts count as the same, leads to it in the variable of that name. All amounts of a `clean` file are plain.
    """
    kept = ["line"]
    for column, size in coded.items():
        place, name = f"enum_code(TRY_CAST({column} AS {table}_{column}))::INTEGER", f"{table}_{column}"
        again = f"list_extract(getvariable('{name}'), {place} - {size - 1})"
        kept.append(f"CASE WHEN {place} < {size} THEN {place} ELSE {again} END AS {column}")
    if orders:
        words = ", ".join(f"'{word}'" for word in sorted(SUBTOTALS))
        known = f"regexp_full_match({ORDER}, '{CLEAN}') AND {ORDER}[1] NOT IN ('=', '''')"
        known += f" AND lower(rtrim({ORDER}, ':：')) NOT IN ({words})"
        simple = f"regexp_full_match({ORDER}, '{SIMPLE}')"
        kept.append(f"CASE WHEN {simple} OR {ORDER} = '' OR ({known}) THEN {ORDER} END AS {ORDER}")
    amount = f"{AMOUNT}::DECIMAL({18 if scale <= 3 else 38}, {scale})"
    kept.append(f"{amount if clean else f'CASE WHEN good AND plain THEN {amount} END'} AS {AMOUNT}")
    return f"SELECT {', '.join(kept)} FROM ({cells})"


def plain_text(text: str) -> str:
    """A cell as it counts."""
    cell = text.strip()
    return cell[1:] if ESCAPED.match(cell) else cell


def judge(table: Table, column: str, texts: list[str]) -> tuple[list[str], list[str]]:
    """The texts of a column that need no word, and what they count as.

    Raises
    ------
    UnfitError
        When too many of them need one.
    """
    cells = [plain_text(text) for text in texts]
    sheet = Sheet(table)
    sheet.fill(pd.DataFrame({column: np.array(cells, dtype=object)}, dtype=object), range(len(cells)))
    drop_subtotals(sheet)
    read_cells(sheet)
    if len(sheet.findings) > LISTED:
        raise UnfitError(f"too many texts in {column} need a closer look")
    needed, told = sheet.needs(column), {f.line for f in sheet.findings}
    read = [pair for pair in zip(sheet.line.tolist(), sheet.frame[column], strict=True) if pair[0] not in told]
    plain = [(texts[k], value) for k, value in read if value or not (needed or cells[k])]
    return [raw for raw, _ in plain], [value for _, value in plain]


def read_odd(source: Source, copy: Spooled, wanted: Sequence[int]) -> tuple[list[int], list[list[str]], list[int]]:
    """Lines and cells of the rows that begin at the `wanted` lines, and all lines they take."""
    lines, rows, read, at = list[int](), list[list[str]](), list[int](), 0
    with copy.path.open(encoding="utf-8", newline="\n") as text:
        for line in wanted:
            if line <= at:  # it belongs to the row before
                continue
            own = ("\n" if each == " \n" else each for each in itertools.islice(text, line - at - 1, None))
            reader = csv.reader(own, delimiter=copy.separator, strict=True)
            try:
                cells = [cell.strip() for cell in next(reader)]
            except csv.Error as failure:
                raise refuse_quote(source, failure, line) from None
            at = line - 1 + reader.line_num
            read += range(line, at + 1)
            if any(cells):
                lines.append(line)
                rows.append([cell[1:] if ESCAPED.match(cell) else cell for cell in cells])
    return lines, rows, read
