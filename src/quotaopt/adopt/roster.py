"""A table of reps from the history, where the planner brought none."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from quotaopt.adopt.sheets import Found
from quotaopt.tables.catalogue import ROSTER
from quotaopt.tables.checks import drop_subtotals
from quotaopt.tables.schema import plain_header

KEPT = ("rep_name", "region", "team", "manager", "channel", "role")


def roster_from(found: Sequence[Found]) -> pd.DataFrame | None:
    """One row for each rep of the history, with the last region that stands beside it; None without regions."""
    parts = []
    for one in found:
        if one.table != "history":
            continue
        sheet = one.read("history")
        drop_subtotals(sheet)
        names = {plain_header(str(name)): str(name) for name in sheet.frame}
        places = {c: next((names[h] for h in ROSTER.field(c).headers if h in names), "") for c in KEPT}
        places = {c: header for c, header in places.items() if header and header not in ("rep_id", "product_id")}
        if "region" not in places or "rep_id" not in sheet.frame:
            continue
        part = pd.DataFrame({"rep_id": sheet.frame["rep_id"], **{c: sheet.frame[h] for c, h in places.items()}})
        day = next((c for c in ("date", "month") if c in sheet.frame), "")
        parts.append(part.assign(at=sheet.frame[day] if day else ""))
    if not parts:
        return None
    rows = pd.concat(parts, ignore_index=True).fillna("")
    rows = rows[(rows["rep_id"] != "") & (rows["region"] != "")].sort_values(["rep_id", "at"], kind="stable")
    return rows.drop(columns="at").groupby("rep_id", sort=True).last().reset_index()
