"""Quotas that were changed in an exported workbook, brought back as locks of a new scenario."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.archive import Run, list_runs
from quotaopt.case import open_run
from quotaopt.errors import Finding, InputError, nearest
from quotaopt.money import money_text
from quotaopt.optimize.verify import parse_units
from quotaopt.places import relative_place
from quotaopt.project import scenario_text
from quotaopt.scenario import Scenario
from quotaopt.tables import write_csv
from quotaopt.tables.catalogue import PLAN
from quotaopt.tables.checks import check_keys, drop_subtotals, read_cells
from quotaopt.tables.grid import Source
from quotaopt.tables.read import read_sheet
from quotaopt.tables.schema import plain_header
from quotaopt.tables.sheet import Sheet
from quotaopt.tables.sources import read_grid, sheets_of
from quotaopt.text import counted
from quotaopt.tomltext import set_key

TOP = 4
"""Rows that hold the id of the run and the headers."""
CELL = ["rep_id", "product_id", "period"]


@dataclass(frozen=True, eq=False)
class Edits:
    """The quotas of a workbook that differ from the run they come from.

    Attributes
    ----------
    run : that run.
    cells : rep_id, product_id, period, and `before` and `after` in money (`Decimal`); one row for each change.
    missing : quotas of the run that the workbook no longer has; they are taken as unchanged.
    """

    run: Run
    cells: pd.DataFrame
    missing: int

    @property
    def change(self) -> Decimal:
        """By how much all changes together raise the quotas."""
        return sum(self.cells["after"] - self.cells["before"], Decimal(0))


def read_edits(path: Path, project: Path) -> Edits:
    """What was changed in a workbook that `quotaopt export --to xlsx` (or wide, flat) wrote.

    Raises
    ------
    InputError
        If it belongs to no run of the project, differs nowhere; with every cell that cannot be read or must not change.
    """
    if not path.is_file():
        raise InputError([Finding("no such file", file=str(path), code="file")])
    run, source = _find_run(path, project)
    sheet = read_sheet(source, PLAN, {})
    sheet.unit[:] = Decimal(1)  # exports are in money
    drop_subtotals(sheet)
    read_cells(sheet)
    check_keys(sheet, PLAN.remedy)
    _stop_at_problems(sheet)
    table = run.table("quotas")
    ours = table.set_index(CELL).index
    theirs = pd.MultiIndex.from_frame(sheet.frame[["rep_id", "product_id", "month"]].astype(str))
    at = ours.get_indexer(theirs)
    _report_unknown(sheet, at, table)
    _stop_at_problems(sheet)
    before, step = _quotas_of(run)
    after, faulty = parse_units(sheet.frame["quota"].to_numpy(dtype=object), step)
    changed = np.flatnonzero(after != before[at])
    wrong = {row for row, _ in faulty}
    sheet.report(sorted(wrong), "quota", f"not a whole number of {step:f}", "Round it.", code="rounding")
    locked = table["locked"].to_numpy(bool)[at]
    remedy = "Change the lock, or put the number back."
    sheet.report(changed[locked[changed]], "quota", "changed, but locked in the run", remedy, code="locked")
    _stop_at_problems(sheet)
    if not changed.size:
        what = f"no quota differs from {run.id}"
        raise InputError([Finding(what, "There is nothing to lock.", path.name, code="unchanged")])
    cells = pd.DataFrame(theirs[changed].to_frame(index=False).to_numpy(), columns=CELL, dtype=object)
    for name, units in (("before", before[at][changed]), ("after", after[changed])):
        cells[name] = pd.Series(list(map(Decimal, money_text(units, step))), dtype=object)
    return Edits(run, cells.sort_values(CELL, ignore_index=True), len(ours) - len(np.unique(at)))


def _find_run(path: Path, project: Path) -> tuple[Run, Source]:
    """The run whose id stands in the first rows of a sheet of the file, and the sheet of quotas by its headers."""
    runs = {run.id: run for run in list_runs(project)}
    tops = {source.part: read_grid(source).rows[:TOP] for source in sheets_of(path, path.name)}
    words = (word for rows in tops.values() for row in rows for cell in row for word in cell.split())
    found = next((runs[word] for word in words if word in runs), None)
    if found is None:
        what = "names no run of this project in its first rows"
        remedy = "Export the run again, or work in the project it came from."
        raise InputError([Finding(what, remedy, path.name, code="run")])
    keys = [PLAN.field(name).headers for name in ("rep_id", "product_id")]
    fits = (
        part for part, rows in tops.items() for row in rows if all(set(map(plain_header, row)) & {*k} for k in keys)
    )
    return found, Source(path, path.name, next(fits, ""))


def _quotas_of(run: Run) -> tuple[np.ndarray[Any, np.dtype[np.int64]], Decimal]:
    """Every quota of a run in whole steps, and money in one step: the scenario's rounding, or what is written finer."""
    texts = pd.read_csv(run.folder / "quotas.csv", usecols=["quota"], dtype=str, encoding="utf-8-sig")["quota"]
    step = open_run(run, run.folder.parent.parent).scenario.settings.rounding.to
    units, faulty = parse_units(texts.to_numpy(dtype=object), step)
    if faulty:
        raise ValueError(f"{run.id}: {faulty[0][1]} in line {faulty[0][0] + 2} of quotas.csv")
    return units, step


def _report_unknown(sheet: Sheet, at: np.ndarray[Any, np.dtype[np.intp]], table: pd.DataFrame) -> None:
    """Report cells the run does not have, by the first of rep, product and month that it does not know."""
    unknown = np.flatnonzero(at < 0)
    for column, ours in (("rep_id", "rep_id"), ("product_id", "product_id"), ("month", "period")):
        known = set(table[ours])
        rows = unknown[[str(sheet.frame[column].iloc[row]) not in known for row in unknown]]

        def advise(_row: int, text: str, known: set[str] = known) -> str:
            near = nearest(text, sorted(known))
            return f"Nearest: {near!r}." if near else ""

        sheet.report(rows, column, "not in the run", advise, code="unknown")
        unknown = np.setdiff1d(unknown, rows)


def _stop_at_problems(sheet: Sheet) -> None:
    if any(finding.severity == "error" for finding in sheet.findings):
        raise InputError([finding for finding in sheet.findings if finding.severity == "error"])


def write_review(name: str, like: Scenario, edits: Edits) -> list[Path]:
    """Write ``scenarios/NAME.toml``, like another scenario, and beside it the changes as locks; the files written.

    Raises
    ------
    InputError
        If there is such a scenario already.
    """
    path = like.root / "scenarios" / f"{name}.toml"
    file = path.with_name(f"{name}-locks.csv")
    about = f"{like.name} with {counted(len(edits.cells), 'quota')} changed in {edits.run.id}"
    text = scenario_text(name, like, about)
    data = like.settings.data
    unit = data.unit.get("locks") or like.settings.unit
    locks = edits.cells.rename(columns={"period": "month"})
    locks["value"] = locks["after"].map(lambda money: _in_unit(money, unit))
    locks = locks.assign(reason="edited in plan.xlsx", author="")
    write_csv(locks[["rep_id", "product_id", "month", "value", "reason", "author"]], file)
    places = [relative_place(place, path.parent) for place in (*data.locks, file)]
    text = set_key(text, ("data", "locks"), places, f"quotas changed by hand in {edits.run.id}")
    if like.settings.rules.get("keep_locks", False) is False:
        text = set_key(text, ("rules", "keep_locks"), {}, "changed quotas stay")
    path.write_text(text, encoding="utf-8", newline="\n")
    return [path, file]


def _in_unit(value: Decimal, unit: Decimal) -> Decimal:
    """Money in the unit of a table, without an exponent."""
    return Decimal(f"{(value / unit).normalize():f}")


def edit_rows(edits: Edits, roster_names: dict[str, str]) -> Iterator[tuple[str, str, int, Decimal, Decimal]]:
    """For each rep with changes: id, name, how many, before, after."""
    for rep, part in edits.cells.groupby("rep_id", sort=True):
        before, after = (sum(part[side], Decimal(0)) for side in ("before", "after"))
        yield str(rep), roster_names.get(str(rep), str(rep)), len(part), before, after
