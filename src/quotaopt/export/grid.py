"""The sheet of quotas: a row for each rep × product, a column for each period, cells to change and totals that follow.

The first row names the run; the second holds totals of the rows a filter shows; headings stand in the third.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quotaopt.export._registry import Language
from quotaopt.export.book import INPUT, LOCKED, Book
from quotaopt.export.master import KEYS, Master
from quotaopt.export.words import heading, say
from quotaopt.tables.grid import Source
from quotaopt.tables.workbook import read_workbook

HEAD, FIRST, LEFT = 2, 3, len(KEYS)


@dataclass(frozen=True)
class Area:
    """Where the quotas stand: the sheet as formulas name it, and its first and last row, counted from 1."""

    sheet: str
    first: int
    last: int

    def column(self, place: int) -> str:
        """The cells of a column, as a formula of another sheet names them; its row is fixed, its column moves."""
        from xlsxwriter.utility import xl_col_to_name

        name = xl_col_to_name(place)
        return f"{self.sheet}!{name}${self.first}:{name}${self.last}"


def write_quotas(book: Book, master: Master, notes: NDArray[np.object_]) -> Area:
    """Write the sheet; `notes` say why cells are locked."""
    sheet, rows, periods = book.sheet("Quotas"), master.rows, master.periods
    units, step = master.spread(master.units), float(master.unit)
    last, right = FIRST + len(rows) - 1, LEFT + len(periods)
    title = f"{master.run.id}  {master.scenario.settings.currency}".rstrip()
    said = say("yellow cells may be changed; grey ones are locked", book.labels)
    book.text(sheet, 0, 0, f"{title}  ·  {said}", bold=True)
    book.headings(sheet, HEAD, [*KEYS, *periods, "total"], LEFT)
    for place, key in enumerate(KEYS):
        texts = rows[key].astype(str).tolist()
        book.fit(sheet, place, [heading(key, book.labels), *texts])
        for row, text in enumerate(texts, start=FIRST):
            book.text(sheet, row, place, text)
    _write_cells(book, sheet, master, notes)
    _write_totals(book, sheet, units * step, master)
    width = max(len(f"{units.sum() * step:,.{book.digits}f}"), 9) + 2
    sheet.set_column(LEFT, right, width)
    sheet.data_validation(FIRST, LEFT, last, right - 1, {
        "validate": "decimal", "criteria": ">=", "value": 0, "error_title": say("Not a quota", book.labels),
        "error_message": say("A quota is a number, zero or more. Write 0 for none.", book.labels),
    })  # fmt: skip
    sheet.freeze_panes(FIRST, LEFT)
    sheet.autofilter(HEAD, 0, last, right)
    sheet.repeat_rows(HEAD)
    return Area(f"'{say('Quotas', book.labels)}'", FIRST + 1, last + 1)


def _write_cells(book: Book, sheet: Any, master: Master, notes: NDArray[np.object_]) -> None:
    """The quotas: to change, locked, or none; the first cell of each stretch of locked ones says why."""
    cells, units = master.cells, master.spread(master.units)
    locked = master.spread(cells["locked"].to_numpy(bool))
    none = master.spread((cells["baseline"] == 0).to_numpy(bool)) & (units == 0) & ~locked
    free = book.style(num_format=book.money, bg_color=INPUT, locked=False, border=1, border_color="#EEE4B0")
    grey = book.style(num_format=book.money, bg_color=LOCKED)
    styles = np.array([free, grey, book.style(num_format="–;–;–", font_color="#999999")], dtype=object)
    kinds = np.where(locked, 1, np.where(none, 2, 0))
    values = (units * float(master.unit)).tolist()
    for row, (numbers, looks) in enumerate(zip(values, styles[kinds].tolist(), strict=True), start=FIRST):
        for column, (number, look) in enumerate(zip(numbers, looks, strict=True), start=LEFT):
            sheet.write_number(row, column, number, look)
    reasons = master.spread(np.where(cells["locked"], notes, ""))
    known = np.zeros_like(locked)  # cells whose left neighbour says the same
    known[:, 1:] = locked[:, :-1] & (reasons[:, 1:] == reasons[:, :-1])
    for row, column in np.argwhere(locked & ~known).tolist():
        text = f"{say('locked', book.labels)}: {reasons[row, column]}".rstrip(": ")
        sheet.write_comment(FIRST + row, LEFT + column, text, {"author": "quotaopt"})


def _write_totals(book: Book, sheet: Any, amounts: NDArray[np.float64], master: Master) -> None:
    """Totals of rows, and above the headings those of the rows that are shown."""
    from xlsxwriter.utility import xl_col_to_name

    right, look = LEFT + len(master.periods), book.style(num_format=book.money, bold=True)
    first, last = xl_col_to_name(LEFT), xl_col_to_name(right - 1)
    by_row, by_column = _sums(master)
    for row, total in enumerate(by_row, start=FIRST):
        sheet.write_formula(row, right, f"=SUM({first}{row + 1}:{last}{row + 1})", look, total)
    sheet.write_string(HEAD - 1, 0, say("Total of the rows shown", book.labels), book.style(bold=True))
    end = FIRST + len(amounts)
    for column, total in enumerate(by_column, start=LEFT):
        name = xl_col_to_name(column)
        sheet.write_formula(HEAD - 1, column, f"=SUBTOTAL(109,{name}{FIRST + 1}:{name}{end})", look, total)


def _sums(master: Master) -> tuple[list[float], list[float]]:
    """Sums by row, and by column with that of all behind them; whole steps are summed."""
    units, step = master.spread(master.units), float(master.unit)
    columns = np.append(units.sum(axis=0), units.sum())
    return (units.sum(axis=1) * step).tolist(), (columns * step).tolist()


def read_back(path: Path, labels: Language, periods: int) -> tuple[list[str], list[str]]:
    """Rep and amount of every cell as they stand in a written book."""
    source = Source(path, path.name, say("Quotas", labels))
    source.raw = path.read_bytes()
    rows = read_workbook(source).rows[FIRST:]
    reps = [row[0] for row in rows for _ in range(periods)]
    return reps, [cell for row in rows for cell in row[LEFT : LEFT + periods]]
