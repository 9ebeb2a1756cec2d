"""Where changes of a frozen plan come from: a later run, or a table written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from quotaopt.archive import Run, read_texts
from quotaopt.errors import InputError
from quotaopt.frozen.plans import KEYS, Frozen
from quotaopt.tables import read_table


def run_changes(plan: Frozen, run: Run, effective: str, reason: str) -> pd.DataFrame:
    """Every cell from `effective` on, with the quota of a later run; months of the plan the run lacks stay."""
    frame = read_texts(run.folder / "quotas.csv").rename(columns={"period": "month"})[[*KEYS, "quota", "unit"]]
    own = Decimal(plan.plan["unit"].iloc[0])
    new = [Decimal(q) * Decimal(u) / own for q, u in zip(frame["quota"], frame["unit"], strict=True)]
    made = frame[KEYS].assign(new=pd.Series(new, index=frame.index, dtype=object), reason=reason)
    return made[frame["month"] >= effective]


def read_changes(plan: Frozen, path: Path, effective: str, reason: str) -> pd.DataFrame:
    """Changes written by hand, columns as in a table of locks: rep_id, product_id, month, value, reason, author.

    A row without a product or a month is about all of them, from `effective` on: its value is spread as the quotas are
    now, in whole units that add up to it (largest remainders).

    Raises
    ------
    InputError
        With every problem of the file.
    """
    sheet = read_table(path, "locks")
    if any(finding.severity == "error" for finding in sheet.findings):
        raise InputError(sheet.findings)
    frame = sheet.frame.reindex(columns=[*KEYS, "value", "reason", "author"], fill_value="")
    frame["reason"] = frame["reason"].where(frame["reason"] != "", reason)
    now, unit = plan.current, Decimal(plan.record["rounding"])
    odd = sheet.rows_where("value", lambda text: Decimal(text) % unit)
    sheet.report(odd, "value", f"no whole number of rounding units of {unit}", "Quotas of this plan are.")
    rows = [{str(key): str(value) for key, value in row.items()} for row in frame.to_dict("records")]
    parts = [_cells(now, row, effective, unit) for row in rows]
    sheet.report([k for k, part in enumerate(parts) if part.empty], "rep_id", "not in the plan from then on")
    if any(finding.severity == "error" for finding in sheet.findings):
        raise InputError(sheet.findings)
    made = pd.concat(parts, ignore_index=True)
    again = made.duplicated(KEYS)
    if again.any():
        owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        sheet.report(sorted(set(owner[again].tolist())), "rep_id", "says something of a cell an earlier row is about")
        raise InputError(sheet.findings)
    return made


def _cells(now: pd.DataFrame, row: dict[str, str], effective: str, unit: Decimal) -> pd.DataFrame:
    """The cells one row is about, each with its part of the value."""
    given = {name: row[name] for name in KEYS if row[name]}
    inside = np.logical_and.reduce([now[name] == value for name, value in given.items()])
    if "month" not in given:
        inside = inside & (now["month"] >= effective)
    cells = now[inside]
    if cells.empty:
        return cells
    new = pd.Series(spread(Decimal(row["value"]), list(cells["quota"]), unit), index=cells.index, dtype=object)
    return cells[KEYS].assign(new=new, reason=row["reason"], author=row["author"])


def spread(total: Decimal, weights: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Parts of `total` in the proportion of the weights (evenly where all are nothing), whole units that add up to it.

    Largest remainders (Hamilton 1792); ties go to the earlier one.
    """
    count, base = int(total / unit), sum(weights)
    exact = [count * weight / base if base else Decimal(count) / len(weights) for weight in weights]
    made = [int(value) for value in exact]
    order = sorted(range(len(made)), key=lambda k: (made[k] - exact[k], k))
    for k in order[: count - sum(made)]:
        made[k] += 1
    return [value * unit for value in made]
