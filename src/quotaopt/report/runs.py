"""What `quotaopt compare` and `quotaopt runs` print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import pandas as pd
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from quotaopt.archive import Run
from quotaopt.compare import LEVELS
from quotaopt.report.render import each, grid, money, percent, ratio

AGES = ((86400, "d"), (3600, "h"), (60, "min"))


def compare_report(runs: Sequence[Run], table: pd.DataFrame, by: str, top: int) -> Iterator[RenderableType]:
    """The largest changes; the total is always the last row."""
    if not len(table):
        yield "Nothing differs: " + ", ".join(run.id for run in runs)
        return
    for run in runs[1:]:
        part = table[table["run"] == run.id] if "run" in table else table
        names = _titles(runs[0], run)
        yield from _levels(part, by, names, top) if by in LEVELS else _values(part, by, names, top)


def _titles(first: Run, other: Run) -> tuple[str, str]:
    """Scenario names, or ids where two runs of one scenario are compared."""
    return (first.scenario, other.scenario) if first.scenario != other.scenario else (first.id, other.id)


def _levels(table: pd.DataFrame, by: str, names: tuple[str, str], top: int) -> Iterator[RenderableType]:
    """One row per rep, region, product or month: quota before and after, and what became of the stretch."""
    quota, stretch = (table[table["measure"] == m].set_index("key") for m in ("quota", "stretch"))
    labels = table.drop_duplicates("key").set_index("key")["name"]
    keys = list(labels.index.drop("all", errors="ignore"))
    shown = [*keys[:top], *(["all"] if "all" in labels.index else [])]
    body = []
    for key in shown:
        before_after = [money(quota.loc[key, side]) if key in quota.index else "=" for side in ("a", "b")]
        change = percent(quota.loc[key, "change_ratio"]) if key in quota.index else ""
        moved = f"{ratio(stretch.loc[key, 'a'])} → {ratio(stretch.loc[key, 'b'])}" if key in stretch.index else ""
        body.append((labels[key] or key or "(none)", *before_after, change, moved))
    yield grid([by, *names, "change", "stretch"], body, total="all" in shown)
    yield from _rest(len(keys), top)


def _values(table: pd.DataFrame, by: str, names: tuple[str, str], top: int) -> Iterator[RenderableType]:
    """One row per rule or goal and measure."""
    body = [
        (row.key, row.name, row.measure, _number(row.a), _number(row.b), percent(row.change_ratio))
        for row in each(table.head(top))
    ]
    yield grid(["goal" if by == "solver" else by, "of", "measure", *names, "change"], body, right=(3, 4, 5))
    yield from _rest(len(table), top)


def _number(value: float) -> str:
    return f"{value:.6g}" if abs(value) < 100 else money(value)


def _rest(count: int, top: int) -> Iterator[Text]:
    if count > top:
        yield Text(f"… {count - top} more: --top {count}, or --format csv", style="dim")


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
