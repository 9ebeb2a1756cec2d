"""What `quotaopt compare` and `quotaopt runs` print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from quotaopt.archive import Run
from quotaopt.compare import LEVELS
from quotaopt.index import COLUMNS as INDEXED
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
