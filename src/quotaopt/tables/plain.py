"""Plain lines of a text file of sales as DuckDB reads them, and all others as Python does."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Mapping, Sequence

from quotaopt.tables.checks import SUBTOTALS
from quotaopt.tables.grid import Grid, Source
from quotaopt.tables.spool import Spooled
from quotaopt.tables.textfile import ESCAPED, refuse_quote

AMOUNT, ORDER = "amount", "order_id"
FINEST = 18
"""Decimal places a plain amount may have."""

WORD = r"[!-~\x{4e00}-\x{9fff}]"
CLEAN = rf"{WORD}([ -~\x{{4e00}}-\x{{9fff}}]*{WORD})?"
"""Order numbers that need no closer look: nothing to strip, nothing to fold."""
PLAIN = rf" *[+-]?(\d{{1,15}}(\.\d{{0,{FINEST}}})?|\.\d{{1,{FINEST}}}) *"
ZERO = r" *-[0.]+ *"
CLOCK = r"^(\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{8})[T ]\d{1,2}:\d{2}[^\n]*$"
"""A day with a time, which is no part of it."""


def cells_of(copy: Spooled, head: Grid, columns: Mapping[str, int]) -> str:
    """The query of a file's cells: `line`, whether the row is `good`, each column, whether the amount is `plain`.

    A line without quotation marks splits at its separators; with them it is good when no quoted cell holds a separator
    or another quotation mark.
    """
    width = max(k for k, cell in enumerate(head.rows[0], start=1) if cell)
    mark = copy.separator
    good, bare = "true", "text"
    if copy.quoted:
        cell = rf'(?:"[^"{mark}]*"|[^"{mark}]*)'
        simple = f"regexp_full_match(text, '{cell}(?:{re.escape(mark)}{cell})*')"
        good, bare = f"(NOT contains(text, '\"') OR {simple})", "replace(text, '\"', '')"
    blank = f"regexp_full_match(text, '[ \t{mark}]*')"
    path = copy.path.as_posix().replace("'", "''")
    form = "delim='\x1f', quote='', escape='', header=false, auto_detect=false"
    rows = f"SELECT row_number() OVER () AS line, text FROM read_csv('{path}', columns={{'text': 'VARCHAR'}}, {form})"
    split = f"SELECT line, {good} AS good, string_split({bare}, '{mark}') AS c FROM ({rows})"
    top = head.lines[1] - 1 if len(head.lines) > 1 else head.lines[0]  # a header may hold line breaks
    split += f" WHERE line > {top} AND NOT {blank}"
    rest = f"trim(array_to_string(c[{width + 1}:], ''), ' \t')"
    fits = f"(len(c) = {width} OR (len(c) > {width} AND {rest} = ''))"
    cells = {name: f"c[{place + 1}]" for name, place in columns.items()}
    if "date" in cells:
        day = cells["date"]
        cells["date"] = f"CASE WHEN contains({day}, ':') THEN regexp_replace({day}, '{CLOCK}', '\\1') ELSE {day} END"
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in cells.items())
    plain = f"regexp_full_match(amount, '{PLAIN}') AND NOT regexp_full_match(amount, '{ZERO}')"
    return f"SELECT *, {plain} AS plain FROM (SELECT line, good AND {fits} AS good, {chosen} FROM ({split}))"


def load(table: str, cells: str, coded: Sequence[str], orders: bool, scale: int) -> str:
    """The query of a file's table: line, codes, order number and exact amount, each NULL where it is not plain.

    The codes of a column stand in a table behind whose name the column's stands.
    """
    kept, joins = ["line"], ""
    for column in coded:
        kept.append(f"{column}_map.code AS {column}")
        joins += f" LEFT JOIN {table}_{column} {column}_map ON {column}_map.raw = cells.{column}"
    if orders:
        words = ", ".join(f"'{word}'" for word in sorted(SUBTOTALS))
        clean = f"regexp_full_match({ORDER}, '{CLEAN}') AND {ORDER}[1] NOT IN ('=', '''')"
        clean += f" AND lower(rtrim({ORDER}, ':：')) NOT IN ({words})"
        kept.append(f"CASE WHEN {ORDER} = '' OR ({clean}) THEN {ORDER} END AS {ORDER}")
    kind = f"DECIMAL({18 if scale <= 3 else 38}, {scale})"
    kept.append(f"CASE WHEN good AND plain THEN {AMOUNT}::{kind} END AS {AMOUNT}")
    return f"SELECT {', '.join(kept)} FROM ({cells}) cells{joins}"


def read_odd(source: Source, copy: Spooled, wanted: Sequence[int]) -> tuple[list[int], list[list[str]], list[int]]:
    """Lines and cells of the rows that begin at the `wanted` lines, and all lines they take."""
    lines, rows, read, at = list[int](), list[list[str]](), list[int](), 0
    with copy.path.open(encoding="utf-8", newline="\n") as text:
        for line in wanted:
            if line <= at:  # it belongs to the row before
                continue
            reader = csv.reader(itertools.islice(text, line - at - 1, None), delimiter=copy.separator, strict=True)
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
