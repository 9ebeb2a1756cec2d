"""What `quotaopt init --from` prints: what was taken for what, and what was left aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.adopt import Adopted
from quotaopt.adopt.sheets import Found
from quotaopt.report.render import each, grid
from quotaopt.tables.sheet import Sheet
from quotaopt.text import counted

COLUMNS = ["sheet", "table", "rows", "columns", "months", "unit", "left_aside", "note"]


def adopt_table(found: Sequence[Found]) -> pd.DataFrame:
    """One row for each sheet: what it was taken for, which column is which, and what is not used of it."""
    return pd.DataFrame([_row(one) for one in found], columns=COLUMNS)


def _row(one: Found) -> tuple[Any, ...]:
    if not one.table:
        return one.place, "", len(one.grid.rows), "", "", "", "", "; ".join(one.notes)
    sheet = one.read(one.table)
    wide = bool((sheet.heads != "").any())
    ours = {sheet.headers[f.name]: f.name for f in reversed(sheet.table.fields) if f.name in sheet.headers}
    columns = [theirs if theirs == name else f"{theirs} = {name}" for theirs, name in reversed(ours.items())]
    heads = list(dict.fromkeys(sheet.heads.tolist())) if wide else []
    months = f"{heads[0]} … {heads[-1]}" if heads else ""
    units = sorted({f"{unit:f}" for unit in sheet.unit if unit is not None})
    rows = len(set(sheet.line.tolist()))
    return one.place, one.table, rows, ", ".join(columns), months, ", ".join(units), _aside(sheet), "; ".join(one.notes)


def _aside(sheet: Sheet) -> str:
    """Columns that are not used."""
    known = {field.name for field in sheet.table.fields}
    names = [str(name) for name in sheet.frame if name not in known]
    said = [f.what.partition(": ")[2] for f in sheet.findings if f.code == "subtotal"]
    return ", ".join([*names, *said])


def adopt_content(made: Adopted, problems: int, warnings: int) -> dict[str, Any]:
    """Everything else, for JSON."""
    sales = made.sales
    return {
        "folder": str(made.folder), "files": [file.as_posix() for file in made.files],
        "first_month": sales.plan[0], "last_month": sales.plan[1], "target": float(sales.target),
        "unit": float(sales.unit), "reps_from_history": made.derived, "problems": problems, "warnings": warnings,
    }  # fmt: skip


def adopt_report(made: Adopted, table: pd.DataFrame, problems: int, warnings: int) -> Iterator[RenderableType]:
    """What was understood, what was made of it, and the next step."""
    body = [(row.sheet, row.table or "left aside", f"{row.rows:,}", _understood(row)) for row in each(table)]
    yield grid(["sheet", "taken for", "rows", "columns"], body, right=(2,), wrap=(3,))
    yield ""
    for row in each(table[(table["left_aside"] != "") | ((table["note"] != "") & (table["table"] != ""))]):
        if row.note:
            yield Text.assemble(("Guess   ", "bold"), f"{row.sheet}: {row.note}")
        if row.left_aside:
            yield Text.assemble(("Unused  ", "bold"), f"{row.sheet}: {row.left_aside}")
    if made.derived:
        yield Text.assemble(("Reps    ", "bold"), f"{made.derived} reps of the sales became data/roster.csv")
    sales = made.sales
    unit = f" in units of {sales.unit:,f}" if sales.unit != 1 else ""
    yield Text.assemble(
        ("Plan    ", "bold"),
        f"{sales.plan[0]} … {sales.plan[1]}; target {sales.target:,f}{unit}, the sales of {sales.since} … {sales.last}",
    )
    files = f"{made.folder}, {counted(len(made.files), 'file')}; scenarios/base.toml is the one to edit"
    yield Text.assemble(("Made    ", "bold"), files)
    said = f"{counted(problems, 'problem') if problems else 'no problems'}, {counted(warnings, 'warning')}"
    yield Text.assemble(("Check   ", "bold"), said)
    yield Text.assemble(("Next    ", "bold"), f"cd {made.folder} && quotaopt {'check' if problems else 'run'}")


def _understood(row: Any) -> str:
    """Columns, months and unit of a sheet, or why it is left aside."""
    if not row.table:
        return str(row.note)
    months = f"months {row.months}" if row.months else ""
    unit = f"in units of {row.unit}" if row.unit else ""
    return ", ".join(filter(None, (row.columns, months, unit)))


def bare_next(folder: Path, table: pd.DataFrame) -> Iterator[RenderableType]:
    """What was made, and the next step."""
    yield Text.assemble(("Made   ", "bold"), f"{folder}, {len(table)} files")
    for name in table["file"]:
        yield f"       {name}"
    yield Text.assemble(("Next   ", "bold"), "fill in data/*.xlsx, write the target in scenarios/base.toml, then:")
    yield f"       cd {folder} && quotaopt check"
