"""The rows of an input table while they are being checked: texts, their places, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.errors import Finding
from quotaopt.tables.schema import Table

LISTED = 10_000
"""Findings of one kind told apart; the rest are counted."""
PLACES = ("file", "line", "heads", "unit", "count")
"""What is known of every row beside its cells."""


@dataclass(eq=False)
class Sheet:
    """All rows of all files of one table, as texts, with the place of each row and what was found wrong.

    Attributes
    ----------
    frame : the texts; columns we know under our names, others as given.
    file, line : where each row stands.
    heads : the header each row's amount stood under, where a wide sheet was made long.
    unit : money in one of each row's amounts; None until it is known.
    count : rows of the file that each row stands for: 1, or more where a large file was added up.
    scale : None while amounts are texts; else they are whole numbers of ``10 ** -scale``.
    name, top : the file as findings call it, and the line of its headers.
    headers : our column name → the header it had.
    findings : problems and warnings so far, in the order they were found.
    hashes : file → SHA-256.
    """

    table: Table
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    file: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=object))
    line: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    heads: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=object))
    unit: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=object))
    count: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    scale: int | None = None
    name: str = ""
    top: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)

    def has(self, *columns: str) -> bool:
        """Whether all these columns were read."""
        return all(c in self.frame for c in columns)

    def needs(self, column: str) -> bool:
        """Whether each row must fill this column: a required one, or the one that stands in its stead."""
        required = [f for f in self.table.fields if f.required]
        return any(column == (f.instead if self.has(f.instead) else f.name) for f in required)

    def fill(self, frame: pd.DataFrame, lines: Sequence[int]) -> None:
        """Take over the texts of one file and their lines."""
        self.frame = frame
        self.file, self.line = np.full(len(frame), self.name, dtype=object), np.array(lines, dtype=np.int64)
        self.heads, self.unit = (np.full(len(frame), value, dtype=object) for value in ("", None))
        self.count = np.ones(len(frame), dtype=np.int64)

    def label(self, column: str, row: int | None = None) -> str:
        """A column as people know it: their header, and our name behind it where it differs."""
        header = self.headers.get(column, column)
        if row is not None and column == self.table.money and self.heads[row]:
            header = str(self.heads[row])
        return header if header == column else f"{header} ({column})"

    def ours(self, header: str) -> str:
        """What we call the column that people know by this header; empty where it is our name, or none of the sheet."""
        return next((ours for ours, theirs in self.headers.items() if theirs == header != ours), "")

    def convert(
        self, column: str, function: Callable[[str], Any], rows: NDArray[Any] | slice = slice(None)
    ) -> NDArray[Any]:
        """`function` of each cell (of `rows`), called once for each different text."""
        codes, texts = self._code(column, rows)
        values = np.empty(len(texts), dtype=object)
        values[:] = [function(text) for text in texts]
        taken: NDArray[Any] = values[codes]
        return taken

    def rows_where(self, column: str, test: Callable[[str], Any]) -> NDArray[np.int64]:
        """Numbers of the rows whose cell passes `test`, called once for each different text."""
        codes, texts = self._code(column)
        passed = np.array([bool(test(text)) for text in texts], dtype=bool)
        return np.flatnonzero(passed[codes]) if passed.any() else np.empty(0, dtype=np.int64)

    def texts(self, column: str) -> list[str]:
        """The different texts of a column."""
        codes, texts = self._code(column)
        return list(texts[np.flatnonzero(np.bincount(codes, minlength=len(texts)))])

    def _code(self, column: str, rows: NDArray[Any] | slice = slice(None)) -> tuple[NDArray[Any], NDArray[Any]]:
        """Which of the different texts each cell holds, and those."""
        cells = self.frame[column]
        if isinstance(cells.dtype, pd.CategoricalDtype):
            return cells.cat.codes.to_numpy()[rows], cells.cat.categories.to_numpy()
        return pd.factorize(cells.to_numpy()[rows])

    def keep(self, rows: NDArray[Any]) -> None:
        """Forget all other rows; a row that is named twice stands there twice."""
        self.frame = self.frame.iloc[np.flatnonzero(rows) if rows.dtype == bool else rows].reset_index(drop=True)
        for each in PLACES:
            setattr(self, each, getattr(self, each)[rows])

    def once(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Of several rows that come from one line of a wide sheet only the first."""
        places = pd.DataFrame({"file": self.file[rows], "line": self.line[rows]})
        again = places.duplicated().to_numpy(dtype=bool) & (self.heads[rows] != "").astype(bool)
        kept: NDArray[np.int64] = np.asarray(rows, dtype=np.int64)[~again]
        return kept

    def report(
        self,
        rows: Sequence[int] | NDArray[np.int64],
        column: str,
        what: str | Callable[[int, str], str],
        remedy: str | Callable[[int, str], str] = "",
        code: str = "cell",
        whole_row: bool = False,
    ) -> None:
        """Report one problem for each of `rows`; `what` and `remedy` may depend on the row and its cell.

        Where the `whole_row` is meant, neither column nor cell are named.
        """
        cells = self.frame[column].to_numpy()
        if column != self.table.money and len(rows):
            rows = self.once(rows)
        for row in rows[:LISTED]:
            value = str(cells[row])
            said, advice = (t if isinstance(t, str) else t(row, value) for t in (what, remedy))
            place = str(self.file[row]), int(self.line[row])
            label, shown = ("", "") if whole_row else (self.label(column, int(row)), value)
            self.findings.append(Finding(said, advice, *place, label, shown, code=code))
        if len(rows) > LISTED:
            more = f"and {len(rows) - LISTED:,} more like this"
            self.findings.append(
                Finding(
                    more, file=str(self.file[rows[LISTED]]), column="" if whole_row else self.label(column), code=code
                )
            )

    def warn(self, what: str, remedy: str = "", code: str = "data", row: int | None = None) -> None:
        """Add a warning about the file, or about one of its rows."""
        file = str(self.file[row or 0]) if len(self.file) else ""
        line = int(self.line[row]) if row is not None else None
        self.findings.append(Finding(what, remedy, file, line, severity="warning", code=code))


def join_sheets(table: Table, sheets: Sequence[Sheet]) -> Sheet:
    """All files of one table as one sheet; a column that one of them lacks is empty there."""
    frame = pd.concat([s.frame for s in sheets], ignore_index=True) if sheets else pd.DataFrame()
    joined = Sheet(table, frame.fillna("") if len(sheets) > 1 else frame)
    for sheet in sheets:
        joined.headers = sheet.headers | joined.headers
        joined.hashes |= sheet.hashes
        joined.findings += sheet.findings
    if sheets:
        for each in PLACES:
            setattr(joined, each, np.concatenate([getattr(s, each) for s in sheets]))
    return joined
