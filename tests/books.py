"""Workbooks from bare cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl


def write_book(path: Path, **sheets: Sequence[Sequence[Any]]) -> openpyxl.Workbook:
    """Write a workbook of these sheets; it is returned to be changed and saved again."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, cells in sheets.items():
        sheet = made.create_sheet(name)
        for row in cells:
            sheet.append(row)
    made.save(path)
    return made
