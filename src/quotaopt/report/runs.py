"""What `quotaopt runs` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from quotaopt.index import COLUMNS as INDEXED
from quotaopt.report.render import each, grid, money, ratio

AGES = ((86400, "d"), (3600, "h"), (60, "min"))


def runs_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per run, as the index has them; what people wrote on them only where they did."""
    now = datetime.now().astimezone()
    table = pd.DataFrame(rows, columns=INDEXED).astype({"target": float, "quota": float, "stretch_max": float})
    started = [(now - datetime.fromisoformat(text)).total_seconds() for text in table.pop("started")]
    table.insert(6, "age_seconds", np.round(started).astype(np.int64))
    table["pinned"] = table["pinned"].astype(bool)
    return table


def runs_report(table: pd.DataFrame) -> Iterator[Table | str]:
    """The runs, newest first; a star is a pin."""
    if not len(table):
        yield "No runs yet. Try: quotaopt run"
        return
    body = [
        (
            row.id + " *" * row.pinned,
            row.scenario,
            row.status,
            money(row.target),
            money(row.quota),
            ratio(row.stretch_max),
            age(row.age_seconds),
            row.note,
        )
        for row in each(table)
    ]
    noted = table["note"].any()
    heads = ["id", "scenario", "status", "target", "quotas", "stretch max", "age", "note"][: 8 if noted else 7]
    yield grid(heads, [row[: len(heads)] for row in body], right=range(3, 7))


def age(seconds: float) -> str:
    """How long ago, in the largest unit that fits."""
    return next((f"{int(seconds // size)} {unit}" for size, unit in AGES if seconds >= size), "now")
