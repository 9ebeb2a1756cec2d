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

SHOWN = 10
"""Findings of one kind printed for one file; the rest are counted."""


@dataclass(eq=False)
class Sheet:
    """All rows of all files of one table, as texts, with the place of each row and what was found wrong.

    Attributes
    ----------
    frame : the texts; columns we know under our names, others as given.
    file, line : where each row stands.
    headers : our column name → the header it had.
    findings : problems and warnings so far, in the order they were found.
    hashes : file → SHA-256.
    """

    table: Table
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    file: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=object))
    line: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
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

    def label(self, column: str) -> str:
        """A column as people know it: their header, and our name behind it where it differs."""
        header = self.headers.get(column, column)
        return header if header == column else f"{header} ({column})"

    def convert(self, column: str, function: Callable[[str], Any]) -> NDArray[Any]:
        """`function` of each cell, called once for each different text."""
        codes, texts = pd.factorize(self.frame[column].to_numpy())
        values = np.empty(len(texts), dtype=object)
        values[:] = [function(text) for text in texts]
        return values[codes]

    def rows_where(self, column: str, test: Callable[[str], Any]) -> NDArray[np.int64]:
        """Numbers of the rows whose cell passes `test`, called once for each different text."""
        return np.flatnonzero(self.convert(column, test).astype(bool))

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Forget all other rows."""
        self.frame = self.frame[rows].reset_index(drop=True)
        self.file, self.line = self.file[rows], self.line[rows]

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
        label = "" if whole_row else self.label(column)
        for row in rows[:SHOWN]:
            value = str(cells[row])
            said, advice = (t if isinstance(t, str) else t(row, value) for t in (what, remedy))
            place = str(self.file[row]), int(self.line[row])
            self.findings.append(Finding(said, advice, *place, label, "" if whole_row else value, code=code))
        if len(rows) > SHOWN:
            more = f"and {len(rows) - SHOWN:,} more like this"
            self.findings.append(Finding(more, file=str(self.file[rows[SHOWN]]), column=label, code=code))

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
        joined.file = np.concatenate([s.file for s in sheets])
        joined.line = np.concatenate([s.line for s in sheets])
    return joined
