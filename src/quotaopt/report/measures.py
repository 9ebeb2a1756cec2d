"""What `quotaopt measures` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from typing import Any

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.archive import Run
from quotaopt.report.render import each, grid, money


def measures_frame(runs: Sequence[Run], more: Sequence[Sequence[pd.DataFrame]] = ()) -> pd.DataFrame:
    """``measures.csv`` of each run under one another, its id in the first column.

    Parameters
    ----------
    more : for each run tables of rows that were made just now, such as its ratchet.
    """
    parts = [run.table("measures") for run in runs]
    for k, tables in enumerate(more):
        parts[k] = pd.concat([parts[k], *tables], ignore_index=True) if tables else parts[k]
    parts = [part.assign(run=run.id) for run, part in zip(runs, parts, strict=True)]
    table = pd.concat(parts, ignore_index=True)
    for side in ("low", "high"):
        table[side] = pd.to_numeric(table[side]) if side in table else float("nan")  # runs of an earlier version
    table["verdict"] = table["verdict"].fillna("") if "verdict" in table else ""
    head = ["run", "measure", "value", "low", "high", "unit", "better", "verdict", "about"]
    return table[head]


def measures_report(runs: Sequence[Run], table: pd.DataFrame, everything: bool) -> Iterator[RenderableType]:
    """Of one run value, range, verdict and words; of several the values side by side, and what differs in verdict."""
    if len(runs) == 1:
        body = [(r.measure, number(r.value, r.unit), span(r), r.verdict, r.about) for r in each(table)]
        yield grid(["measure", "value", "90 % range", "verdict", "about"], body, right=(1, 2), wrap=(4,))
    else:
        wide = {run.id: table[table["run"] == run.id].set_index("measure") for run in runs}
        names = list(dict.fromkeys(table["measure"]))
        body = [
            (name, *(_cell(wide[run.id], name) for run in runs))
            for name in names
            if everything or len({_cell(wide[run.id], name) for run in runs}) > 1
        ]
        if not body:
            yield "Nothing differs: " + ", ".join(run.id for run in runs)
            return
        yield grid(["measure", *run_titles(runs).values()], body)
        yield Text("! worth a look: outside what practice calls healthy", style="dim")
        return
    looks = [r.measure for r in each(table) if r.verdict == "look"]
    if looks:
        yield Text.assemble(("Look    ", "yellow"), ", ".join(looks))


def run_titles(runs: Sequence[Run]) -> dict[str, str]:
    """How each run is called, by id: like its scenario, or by its id where two are of one scenario."""
    names = [run.scenario for run in runs]
    return {run.id: run.scenario if names.count(run.scenario) == 1 else run.id for run in runs}


def _cell(table: pd.DataFrame, name: str) -> str:
    if name not in table.index:
        return ""
    row: Any = table.loc[name]
    return number(float(row["value"]), str(row["unit"])) + (" !" if row["verdict"] == "look" else "")


def number(value: float, unit: str) -> str:
    """A value as a planner reads it: money with thousands, ratios with three significant digits."""
    if isnan(value):
        return ""
    if unit == "money":
        return money(value)
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def span(row: object) -> str:
    """The interval of a row; empty where it has none."""
    low, high, unit = (getattr(row, side) for side in ("low", "high", "unit"))
    return "" if isnan(low) or isnan(high) else f"{number(low, unit)} to {number(high, unit)}"
