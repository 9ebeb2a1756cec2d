"""Files of managers brought back: the same rows, sums and hedges that hold, and who changed what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from quotaopt.archive import Run
from quotaopt.errors import Finding, InputError
from quotaopt.managers.files import CELL, MANAGER_FILE, HandOut, open_handout
from quotaopt.money import money_text
from quotaopt.settings.tree import LIMIT
from quotaopt.tables.checks import check_keys, drop_subtotals, read_cells
from quotaopt.tables.read import read_sheet
from quotaopt.tables.sheet import Sheet, join_sheets
from quotaopt.tables.sources import READERS, find_sources
from quotaopt.text import NUMBER, counted


@dataclass(frozen=True, eq=False)
class Merged:
    """What came back.

    Attributes
    ----------
    handout : the quotas as they were handed out.
    files, rows : how much was read.
    changes : author (the node), rep_id, rep_name, product_id, month, old, new, change (money, texts), reason, source.
    overrides : every quota of each node in which something changed: rep_id, product_id, month, value, reason, author,
        date. All of them, so that the rest of the node stays as its manager left it.
    """

    handout: HandOut
    files: int
    rows: int
    changes: pd.DataFrame
    overrides: pd.DataFrame


def merge_files(run: Run, project: Path, folder: Path, today: date) -> Merged:
    """Read every file of a folder, hold it against the run, and gather the changes.

    Raises
    ------
    InputError
        With every problem of every file.
    """
    sheet = _read(folder)
    if not sheet.has(*(field.name for field in MANAGER_FILE.fields if field.required)):
        raise InputError(sheet.findings or [Finding("no files to merge", file=str(folder), code="file")])
    handout = open_handout(run, project, _level_of(sheet, run))
    rows = _join(sheet, handout)
    _check_rows(sheet, rows, handout)
    if not _problems(sheet):
        sheet.findings += [*_check_sums(sheet, rows, handout)]
    if problems := _problems(sheet):
        raise InputError(problems)
    return Merged(handout, len(sheet.hashes), len(rows), *_decisions(rows, handout, today))


def _decisions(rows: pd.DataFrame, handout: HandOut, today: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The changes, and the overrides that make a scenario plan with them."""
    changed = rows["new"] != rows["units"]
    touched = rows["node"].isin(rows.loc[changed, "node"])
    old, new = (rows[name].to_numpy(np.int64) for name in ("units", "new"))
    rows = rows.assign(
        old=money_text(old, handout.unit),
        new=money_text(new, handout.unit),
        change=money_text(new - old, handout.unit),
        value=[f"{int(n) * handout.unit / handout.scenario.settings.unit:f}" for n in new],
        author=rows["node"],
        date=today.isoformat(),
    ).rename(columns={"period": "month"})
    keys = ["rep_id", "product_id", "month"]
    changes = rows.loc[changed, ["author", "rep_id", "rep_name", *keys[1:], "old", "new", "change", "reason", "source"]]
    overrides = rows.loc[touched, [*keys, "value", "reason", "author", "date"]]
    overrides["reason"] = overrides["reason"].replace("", "as planned")  # kept, as the other quotas of the node change
    changes = changes.sort_values(["author", *keys], ignore_index=True)
    return changes, overrides.sort_values(keys, ignore_index=True)


def _level_of(sheet: Sheet, run: Run) -> str:
    """The level the files were handed out by: what most rows say."""
    levels = sheet.frame.loc[sheet.frame["run_id"] == run.id, "level"]
    return str(levels.mode().iloc[0]) if len(levels) else ""


def _problems(sheet: Sheet) -> list[Finding]:
    return [finding for finding in sheet.findings if finding.severity == "error"]


def _read(folder: Path) -> Sheet:
    """All tables of a folder as one sheet, cells checked."""
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in READERS and not p.name.startswith(("~$", ".")))
    sources = [s for path in files for s in find_sources(path, lambda place: Path(place).name, "auto")]
    sheet = join_sheets(MANAGER_FILE, [read_sheet(source, MANAGER_FILE, {}) for source in sources])
    drop_subtotals(sheet)
    read_cells(sheet)
    check_keys(sheet, MANAGER_FILE.remedy)
    return sheet


def _join(sheet: Sheet, handout: HandOut) -> pd.DataFrame:
    """The rows of the files beside what the run has for them; `new` in rounding units, NaN where it is none."""
    frame = sheet.frame.reindex(columns=[field.name for field in MANAGER_FILE.fields], fill_value="").astype(str)
    for name in ("quota", "quota_new"):
        numbers = [Decimal(text) / handout.unit if NUMBER.fullmatch(text) else None for text in frame[name]]
        frame[f"{name}_units"] = np.array([np.nan if n is None else float(n) for n in numbers])
    frame["source"] = [f"{file}:{line}" for file, line in zip(sheet.file, sheet.line, strict=True)]
    frame = frame.rename(columns={"month": "period", "node": "written"}).drop(columns="rep_name")
    rows = frame.merge(handout.quotas, on=CELL, how="left")
    rows["units"] = rows["units"].fillna(-1).astype(np.int64)
    rows["new"] = rows["quota_new_units"].fillna(rows["units"])
    return rows


def _check_rows(sheet: Sheet, rows: pd.DataFrame, handout: HandOut) -> None:
    """Report rows that are not the run's, that lie elsewhere, or that were changed where they must not."""
    known = (rows["units"] >= 0).to_numpy()
    other = (rows["run_id"] != handout.run.id).to_numpy()
    changed = known & (rows["new"] != rows["units"]).to_numpy()

    def report(where: object, column: str, what: str, remedy: str = "", code: str = "merge") -> None:
        sheet.report(np.flatnonzero(np.asarray(where, dtype=bool)), column, what, remedy, code=code)

    report(other, "run_id", "a file of another run", f"This is {handout.run.id}.")
    report(~other & ~known, "rep_id", "the run has no such quota", "Leave rep, product and month as they were.")
    apart = (rows["level"] != handout.level) | (rows["written"] != rows["node"])
    report(~other & known & apart, "node", f"not the {handout.level} of this rep", "Leave the row as it was.")
    told = known & ~other & ~apart & (rows["quota_units"] - rows["units"]).abs().gt(1e-6).to_numpy()
    report(told, "quota", "not the quota of the run", "Leave it as it was, and write the new one into quota_new.")
    if sheet.has("quota_new"):
        odd = (rows["new"] - rows["new"].round()).abs() > 1e-6
        report(changed & odd, "quota_new", f"no whole number of rounding units of {handout.unit}")
        report(changed & rows["locked"].eq(True), "quota_new", "the quota is locked", "Leave it empty.")
        nothing = rows["baseline"].eq(0) & rows["new"].gt(0)
        report(changed & nothing, "quota_new", "no quota may stand here", "Leave it empty.")
    if sheet.has("reason"):
        report(changed & rows["reason"].eq(""), "reason", "a change without a reason", "Say why.")
    elif changed.any():
        sheet.findings.append(Finding("missing column", "Say why quotas were changed.", column="reason", code="merge"))
    sheet.findings += [*_missing_rows(sheet, rows, handout)]


def _missing_rows(sheet: Sheet, rows: pd.DataFrame, handout: HandOut) -> Iterator[Finding]:
    """Rows that a file was handed out with and that did not come back."""
    file = dict(zip(rows["node"], sheet.file, strict=True))
    back = set(zip(*(rows[name] for name in CELL), strict=True))
    expected = handout.quotas[handout.quotas["node"].isin(rows["node"])]
    gone = [k not in back for k in zip(*(expected[name] for name in CELL), strict=True)]
    for node, part in expected[gone].groupby("node"):
        first = part.iloc[0]
        what = f"{counted(len(part), 'row')} did not come back, the first is {' '.join(first[CELL])}"
        yield Finding(what, "Put the rows back; an empty quota_new changes nothing.", str(file[node]), code="merge")


def _check_sums(sheet: Sheet, rows: pd.DataFrame, handout: HandOut) -> Iterator[Finding]:
    """Quotas of each node add up to its street number, or with `hedge.limit` keep a hedge within the limit."""
    limit, unit = handout.scenario.settings.hedge.get(LIMIT), handout.unit
    file, street = dict(zip(rows["node"], sheet.file, strict=True)), handout.street
    for node, total in rows.groupby("node")["new"].sum().astype(np.int64).items():
        name = str(node)
        own, asked = handout.plan[name], street[name]
        low, high = (asked, asked) if limit is None else (own, max(asked, int(own * (1 + limit))))
        if low <= total <= high:
            continue
        bound = low if total < low else high
        said = (
            f"its street number is {asked * unit:,f}"
            if limit is None
            else f"its own number is {own * unit:,f}"
            if total < low
            else f"at most {high * unit:,f} is within hedge.limit {limit:f} of its own number {own * unit:,f}"
        )
        off = f"{abs(int(total) - bound) * unit:,f} too {'little' if total < bound else 'much'}"
        what = f"{handout.level} {name}: the new quotas add up to {int(total) * unit:,f}, {said}: {off}"
        yield Finding(what, "Change quota_new.", str(file[node]), column="quota_new", code="merge-sum")
    whole = int(handout.quotas["units"].sum() + (rows["new"] - rows["units"]).sum())
    target = handout.scenario.settings.target * handout.scenario.settings.unit
    over = whole * unit / target - 1
    if limit is not None and over > limit and whole > sum(street.values()):
        what = f"all quotas together are {over:.4f} above the target; hedge.limit is {limit:f}"
        yield Finding(what, "Change quota_new.", column="quota_new", code="merge-sum")
