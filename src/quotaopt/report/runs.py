"""What `quotaopt runs` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import pandas as pd
from rich.table import Table

from quotaopt.archive import Run
from quotaopt.report.render import each, grid, money, ratio

AGES = ((86400, "d"), (3600, "h"), (60, "min"))


def runs_table(runs: Sequence[Run]) -> pd.DataFrame:
    """One row per run: what it is, and its highest stretch of a rep."""
    now = datetime.now().astimezone()
    rows = []
    for run in runs:
        totals = run.table("totals") if run.has("totals") else None
        stretch = totals[totals["level"] == "rep"]["stretch"].max() if totals is not None else float("nan")
        seconds = (now - datetime.fromisoformat(str(run.record["started"]))).total_seconds()
        record = run.record
        rows.append((run.id, run.scenario, run.status, record["target"], record["quota"], stretch, round(seconds)))
    names = ["id", "scenario", "status", "target", "quota", "stretch_max", "age_seconds"]
    return pd.DataFrame(rows, columns=names).astype({"quota": float})


def runs_report(table: pd.DataFrame) -> Iterator[Table | str]:
    """The runs, newest first."""
    if not len(table):
        yield "No runs yet. Try: quotaopt run"
        return
    body = [
        (
            row.id,
            row.scenario,
            row.status,
            money(row.target),
            money(row.quota),
            ratio(row.stretch_max),
            age(row.age_seconds),
        )
        for row in each(table)
    ]
    yield grid(["id", "scenario", "status", "target", "quotas", "stretch max", "age"], body, right=range(3, 7))


def age(seconds: float) -> str:
    """How long ago, in the largest unit that fits."""
    return next((f"{int(seconds // size)} {unit}" for size, unit in AGES if seconds >= size), "now")
