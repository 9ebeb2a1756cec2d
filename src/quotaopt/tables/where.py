"""Lines that a scenario keeps of a table, by what stands in their columns; all others are left out and counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quotaopt.errors import Finding, nearest, split_place
from quotaopt.scenario import Scenario
from quotaopt.tables.plain import FINEST, plain_text
from quotaopt.tables.schema import plain_header
from quotaopt.tables.sheet import Sheet
from quotaopt.text import NUMBER, counted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Conditions = Mapping[str, Collection[str]]
"""Column → values; a line is kept whose columns all hold one of theirs."""


@dataclass
class LeftOut:
    """What was left out of large files before they became rows: file → lines and their sum, column → texts seen."""

    sums: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)


def holds(values: Collection[str], text: str) -> bool:
    """Whether a cell holds one of these values; case does not matter."""
    return text.casefold() in {value.strip().casefold() for value in values}


def lacks(values: Collection[str], text: str) -> bool:
    """Whether it holds none of them."""
    return not holds(values, text)


def place_of(column: str, header: Sequence[str], known: Mapping[str, int]) -> int | None:
    """Place of the column in a header, by our name for it or its own."""
    if column in known:
        return known[column]
    plain = [plain_header(text) for text in header]
    return plain.index(plain_header(column)) if plain_header(column) in plain else None


def keep_where(scenario: Scenario, name: str, sheet: Sheet, parts: Sequence[Sheet], left: LeftOut) -> None:
    """Leave out the lines that do not hold what the scenario wants of the table, and say how many and their sum.

    A column that a file lacks and a value that no line holds are problems.
    """
    wanted: Conditions = getattr(scenario.settings.data.where, name)
    if not wanted or sheet.frame.empty:
        return
    kept = np.ones(len(sheet.frame), dtype=bool)
    for column, values in wanted.items():
        place = f"data.where.{name}.{column}"
        source = *split_place(scenario.source("data", "where", name, column)), place
        for part in parts:
            if _find(part, column) is None and not part.frame.empty:
                headers = [part.headers.get(c, c) for c in map(str, part.frame)]
                near = nearest(column, headers)
                remedy = f"Nearest: {near!r}." if near else f"The headers are: {', '.join(headers)}."
                sheet.findings.append(Finding(f"{part.name} has no such column", remedy, *source, code="where"))
                kept[:] = False  # nobody knows which lines to look at
        own = _find(sheet, column)
        if own is None:
            continue
        texts = {*sheet.texts(own), *left.seen.get(column, ())}
        for value in values:
            if not any(holds([value], text) for text in texts):
                near = nearest(value, texts)
                remedy = f"Nearest: {near!r}." if near else ""
                sheet.findings.append(Finding("no line holds this", remedy, *source, value, code="where"))
        kept[sheet.rows_where(own, partial(lacks, values))] = False
    _leave_out(sheet, kept, wanted, left)


def _find(sheet: Sheet, column: str) -> str | None:
    """The name in the frame of a column that is called so, there or in the file."""
    names = [str(name) for name in sheet.frame]
    at = place_of(column, [sheet.headers.get(name, name) for name in names], {name: k for k, name in enumerate(names)})
    return None if at is None else names[at]


def _leave_out(sheet: Sheet, kept: NDArray[Any], wanted: Conditions, left: LeftOut) -> None:
    units = dict(zip(sheet.file, sheet.unit, strict=True))
    rows = int((~kept).sum()) + sum(rows for rows, _ in left.sums.values())
    total = sum((amount * units[file] for file, (_, amount) in left.sums.items()), Decimal(0))
    money = sheet.table.money
    if sheet.has(money):
        amounts = sheet.convert(money, lambda text: Decimal(text) if NUMBER.fullmatch(text) else Decimal(0), ~kept)
        total += sum(amounts * sheet.unit[~kept], Decimal(0))
    if rows and not any(f.code == "where" for f in sheet.findings):
        worth = f", {total:,.2f} in all" if sheet.has(money) else ""
        said = " or ".join(f"{column} is not {' or '.join(values)}" for column, values in wanted.items())
        sheet.warn(f"left out {counted(rows, 'row')}{worth}: {said}", code="where")
    sheet.keep(kept)
    fields = [f.name for f in sheet.table.fields if not f.required and sheet.has(f.name)]
    sheet.frame = sheet.frame.drop(columns=[c for c in fields if not any(sheet.texts(c))])


def leave_out(base: DuckDBPyConnection, cells: str, wanted: Conditions, left: LeftOut) -> tuple[str, str]:
    """The query of those cells of a large file that are kept, and what to add to one of the others.

    The k-th wanted column is called ``askedk``; lines that cannot be told apart here are kept.
    """
    tests = ["true"]
    for k, (column, values) in enumerate(wanted.items()):
        texts = base.execute(f"SELECT list(DISTINCT asked{k}) FROM ({cells}) WHERE good").fetchall()[0][0] or ()
        known = {text: plain_text(text) for text in texts}
        left.seen.setdefault(column, set()).update(known.values())
        kept = [text for text, cell in known.items() if holds(values, cell)]
        base.execute(f"CREATE OR REPLACE TABLE kept{k} AS SELECT unnest($1::VARCHAR[]) AS raw", [kept])
        tests.append(f"asked{k} IN (SELECT raw FROM kept{k})")
    keep = " AND ".join(tests)
    return (f"SELECT * FROM ({cells}) WHERE NOT good OR ({keep})" if wanted else cells), f"good AND NOT ({keep})"


def count_left(base: DuckDBPyConnection, cells: str, gone: str, read: Sequence[int], left: LeftOut, file: str) -> None:
    """Count and add up the lines of a large file that are `gone`, without those that were `read` as rows."""
    gone = f"FROM ({cells}) WHERE {gone} AND line NOT IN (SELECT unnest($1::BIGINT[]))"
    exact = f"CASE WHEN plain THEN amount::DECIMAL(38, {FINEST}) END"
    rows, total = base.execute(f"SELECT count(*), sum({exact}) {gone}", [read]).fetchall()[0]
    others = base.execute(f"SELECT amount, count(*) {gone} AND NOT plain GROUP BY amount", [read]).fetchall()
    written = [(plain_text(text), number) for text, number in others]
    more = sum((Decimal(text) * number for text, number in written if NUMBER.fullmatch(text)), Decimal(0))
    left.sums[file] = rows, (total or Decimal(0)) + more
