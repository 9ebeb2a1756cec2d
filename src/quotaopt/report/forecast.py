"""What `quotaopt forecast` prints: potential by rep or region, and how good the forecasters were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.capacity import Capacity
from quotaopt.forecast import Forecast
from quotaopt.forecast.sampling.ranges import central_range, group_of
from quotaopt.forecast.sums import sum_groups
from quotaopt.report.render import each, grid, labelled, money, percent, ratio
from quotaopt.tables import Inputs
from quotaopt.text import counted

AMOUNTS = ["potential", "last_year", "capacity"]
FLAGS = 8  # flagged reps shown


def forecast_rows(forecast: Forecast, capacity: Capacity, inputs: Inputs, level: float, by: str) -> pd.DataFrame:
    """Potential over the whole plan by rep (with what it rests on) or by region, each with its own range; capacity."""
    roster = inputs.roster.set_index("rep_id").reindex(list(forecast.reps))
    sums = forecast.samples.sum(axis=1)
    reps = pd.DataFrame({
        "rep_id": list(forecast.reps), "rep_name": roster["rep_name"].to_numpy(),
        "region": roster["region"].to_numpy(), "potential": forecast.rep_mean,
        "last_year": forecast.last_year.sum(axis=(1, 2)), "capacity": capacity.values.sum(axis=(1, 2)),
        "months_used": forecast.months_used, "own_weight": forecast.own_weight, "flag": forecast.flag,
    })  # fmt: skip
    table = reps
    if by == "region":
        names, group = group_of(roster["region"].tolist())
        sums = sum_groups(sums, group, len(names))
        table = reps.groupby("region")[AMOUNTS].sum().reset_index()
        table.insert(1, "reps", np.bincount(group))
    low, high = central_range(sums, level)
    change = table["potential"] / table["last_year"].where(table["last_year"] > 0) - 1
    at = int(table.columns.get_loc("potential")) + 1  # type: ignore[arg-type]
    for name, values in (("low", low), ("high", high)):
        table.insert(at, name, values)
        at += 1
    table.insert(at + 1, "change", change)
    return table.round(dict.fromkeys((*AMOUNTS, "low", "high"), 2) | {"change": 6, "own_weight": 6})


def company_range(forecast: Forecast, level: float) -> tuple[float, float]:
    """Range of the company's potential over the whole plan."""
    low, high = central_range(forecast.samples.sum(axis=(0, 1)), level)
    return float(low), float(high)


def forecast_report(
    table: pd.DataFrame, accuracy: pd.DataFrame, by: str, span: tuple[float, float]
) -> Iterator[RenderableType]:
    """The table, its total with its range, and the accuracy of every forecaster against the naive ones."""
    if by == "rep":
        heads = ["rep", "region", "potential", "low", "high", "last year", "change", "capacity", "months", "own"]
        body: list[Sequence[str]] = [
            (r.rep_name or r.rep_id, r.region, money(r.potential), money(r.low), money(r.high), money(r.last_year),
             percent(r.change), money(r.capacity), str(int(r.months_used)), ratio(r.own_weight))
            for r in each(table)
        ]  # fmt: skip
        yield grid(heads, body, right=range(2, 10))
    else:
        body = [
            (r.region or "(none)", str(r.reps), money(r.potential), money(r.low), money(r.high), money(r.last_year),
             percent(r.change), money(r.capacity))
            for r in each(table)
        ]  # fmt: skip
        yield grid(["region", "reps", "potential", "low", "high", "last year", "change", "capacity"], body)
    total, last = table["potential"].sum(), table["last_year"].sum()
    against = f"{percent(total / last - 1) if last else 'no sales'} on last year"
    capacity = money(table["capacity"].sum())
    yield Text(
        f"all  {money(total)} ({money(span[0])} – {money(span[1])}), {against}; capacity {capacity}", style="bold"
    )
    if by == "rep":
        yield from _flags(table[table["flag"] != ""])
    yield from _accuracy(accuracy)


def _flags(table: pd.DataFrame) -> Iterator[RenderableType]:
    """What is special about some reps."""
    if len(table):
        yield Text()
        yield labelled((r.rep_name or r.rep_id, "", r.flag) for r in each(table.head(FLAGS)))
    if len(table) > FLAGS:
        yield Text(f"… {len(table) - FLAGS} more: --format csv", style="dim")


def _accuracy(accuracy: pd.DataFrame) -> Iterator[RenderableType]:
    """Every forecaster's errors, of months and of the whole plan, level by level."""
    if not accuracy["origins"].max() > 0:
        return
    levels, methods = list(dict.fromkeys(accuracy["level"])), list(dict.fromkeys(accuracy["method"]))
    errors = accuracy.set_index(["method", "level"])[["wape_month", "wape_sum"]]
    chosen = set(accuracy.loc[accuracy["chosen"], "method"])
    body = []
    for method in methods:
        cells = [
            f"{percent(e['wape_month'], False)} · {percent(e['wape_sum'], False)}"
            for e in (errors.loc[(method, level)] for level in levels)
        ]
        body.append((f"{method}{' *' * (method in chosen)}", *cells))
    yield Text()
    tests = counted(accuracy["origins"].max(), "back-test")
    yield Text(f"Error of a month · of the whole plan, in {tests} (* used)", style="bold")
    yield grid(["method", *levels], body)
