"""Workbooks from bare cells, and projects in several currencies."""

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


def with_currency(project: Path, rates: str, codes: dict[str, str], roster: bool = False) -> None:
    """Give the sales of some reps a currency, and the scenario rates."""
    data = project / "scenarios/data"
    for name in ["history.csv"] + ["roster.csv"] * roster:
        head, *rows = (data / name).read_text(encoding="utf-8").splitlines()
        rows = [f"{row},{codes.get(row.partition(',')[0], '')}" for row in rows]
        (data / name).write_text("\n".join([f"{head},currency", *rows, ""]), encoding="utf-8")
    (data / "rates.csv").write_text(f"currency,month,rate\n{rates}", encoding="utf-8")
    path = project / "scenarios/base.toml"
    path.write_text(f'{path.read_text(encoding="utf-8")}rates = "data/rates.csv"\n', encoding="utf-8")
