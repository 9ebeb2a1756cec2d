"""A workbook in the making: its styles, language and number format, and what every sheet needs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from quotaopt.export._registry import Language
from quotaopt.export.words import heading, say
from quotaopt.tables.write import RISKY

INPUT, LOCKED, HEAD = "#FFF9DB", "#E3E3E3", "#DCE6F1"
WIDEST = 40
PROTECTED = {"autofilter": True, "format_columns": True, "format_rows": True}


@dataclass(eq=False)
class Book:
    """A workbook being written.

    Attributes
    ----------
    made : the XlsxWriter workbook.
    labels : language of headings.
    digits : decimals of amounts.
    """

    made: Any
    labels: Language
    digits: int
    _styles: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def open(cls, path: Path, labels: Language, created: datetime, digits: int) -> Iterator[Book]:
        """A book that is written to `path` when the block ends; the same content gives the same bytes."""
        from xlsxwriter import Workbook

        made = Workbook(str(path), {"strings_to_numbers": False, "strings_to_formulas": False})
        made.set_properties({"created": created, "author": "quotaopt"})
        yield cls(made, labels, digits)
        made.close()

    @property
    def money(self) -> str:
        """Number format of amounts."""
        return "#,##0" + ("." + "0" * self.digits) * bool(self.digits)

    def style(self, **properties: Any) -> Any:
        """The style with these properties, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._styles:
            self._styles[key] = self.made.add_format(properties)
        return self._styles[key]

    def sheet(self, name: str) -> Any:
        """A new sheet, protected, to be printed across one page."""
        sheet = self.made.add_worksheet(say(name, self.labels))
        sheet.protect("", PROTECTED)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        return sheet

    def headings(self, sheet: Any, row: int, columns: Sequence[str], texts: int = 0, left: int = 0) -> None:
        """A row of headings from column `left` on; the first `texts` stand over texts, the others over numbers."""
        for place, column in enumerate(columns):
            look = self.style(bold=True, bg_color=HEAD, bottom=1, align="left" if place < texts else "right")
            sheet.write_string(row, left + place, heading(column, self.labels), look)

    def text(self, sheet: Any, row: int, column: int, value: str, **properties: Any) -> None:
        """A text; one that a spreadsheet would take for a formula when edited gets the mark of a text."""
        if value.startswith(RISKY):
            properties["quote_prefix"] = True
        sheet.write_string(row, column, value, self.style(**properties))

    def fit(self, sheet: Any, column: int, texts: Iterable[str]) -> None:
        """Make a column as wide as its texts, within limits."""
        sheet.set_column(column, column, min(max(map(text_width, texts), default=8) + 2, WIDEST))


def text_width(text: str) -> int:
    """Columns a text takes, two for a Chinese character."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)
