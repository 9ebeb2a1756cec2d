"""What `quotaopt simulate` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import Any

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.report.measures import run_titles
from quotaopt.report.render import each, grid, labelled, money, percent
from quotaopt.simulate import Future
from quotaopt.simulate.future import same_draws
from quotaopt.simulate.risk import LOSSES, WORDS, no_choice


def simulation_report(
    futures: Sequence[Future], table: pd.DataFrame, top: int, weights: Sequence[float] = (), omega: float | None = None
) -> Iterator[RenderableType]:
    """Company and pay side by side, the reps least likely to make quota, and what differs between the runs.

    With `weights` also what each plan loses over all worlds, and with `omega` the plan that loses least.
    """
    runs, titles = [future.run.id for future in futures], run_titles([future.run for future in futures])
    yield Text(f"{futures[0].drawn.shape[1]} futures{_draws(futures)}", style="bold")
    for level in ("all", "pay", "region"):
        part = table[(table["level"] == level) & ((level != "region") | (table["measure"] != "attainment"))]
        if len(part):
            yield Text()
            yield _side_by_side(part, titles)
    yield Text()
    yield from _reps(table, titles, top)
    if weights:
        yield Text()
        yield from _weighted(futures, table, titles, weights)
    hedges = table[table["level"] == "hedge"]
    lines = [("choose", _choice(futures, table, titles))] if omega is not None else []
    lines += [("hedge", _hedge(row, titles[row.run] if len(runs) > 1 else "")) for row in each(hedges)]
    lines += [(r.measure, f"{titles[r.run]}: {r.key}: {r.about}") for r in each(table[table["level"] == "effect"])]
    if not weights:
        yield Text()
    yield labelled((label.capitalize(), "bold", text) for label, text in lines)


def _weighted(
    futures: Sequence[Future], table: pd.DataFrame, titles: Mapping[str, str], weights: Sequence[float]
) -> Iterator[RenderableType]:
    """Mean and worst of each loss, a row for each plan; the last row is each plan in its own world."""
    shares = (f"{titles[f.run.id]} {percent(w / sum(weights), False)}" for f, w in zip(futures, weights, strict=True))
    yield Text(f"Over all worlds: {', '.join(shares)}", style="bold")
    part = table[table["level"] == "weighted"]
    for loss, words in LOSSES.items():
        measures = [f"{loss}_{number}" for number in WORDS]
        mine = part[part["measure"].isin(measures)]
        body = [
            (titles.get(str(run), "each plan in its own world"), *map(money, block["value"]))
            for run, block in mine.groupby("run", sort=False)
        ]
        if body:
            yield grid([words, "expected", "90 % below", "worst 10 %", "worst 5 %"], body)
            yield Text()


def _choice(futures: Sequence[Future], table: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Which plan loses least, or why that cannot be said."""
    if why_not := no_choice(futures):
        return f"no plan: {why_not}"
    risk = table[table["measure"] == "risk"].set_index("run")
    order = risk["value"].sort_values(kind="stable")
    others = ", ".join(f"{titles[str(run)]} {money(value)}" for run, value in order.iloc[1:].items())
    return f"{titles[str(order.index[0])]} {money(order.iloc[0])} ({others}). Least {risk['about'].iloc[0]}"


def _hedge(row: Any, title: str) -> str:
    found = "" if isnan(row.value) else f"{100 * row.value:.1f} % is enough. "
    return (f"{title}: " if title else "") + found + str(row.about)


def _draws(futures: Sequence[Future]) -> str:
    if len(futures) == 1:
        return ""
    return ", the same for all runs" if same_draws(list(futures)) else ", not the same: the forecasts differ"


def _side_by_side(part: pd.DataFrame, runs: Mapping[str, str]) -> RenderableType:
    """A row for each measure; for each run its value and range, and the change against the first."""
    keys = list(dict.fromkeys(zip(part["level"], part["key"], part["measure"], part["about"], strict=True)))
    rows = {(r.run, r.key, r.measure): r for r in each(part)}
    body = []
    for level, key, measure, about in keys:
        cells: list[str] = []
        for k, run in enumerate(runs):
            row = rows.get((run, key, measure))
            cells += ["", "", ""][: 2 + (k > 0)] if row is None else _cells(row, k > 0)
        body.append((f"{key}: {about}" if level == "region" else about, *cells))
    heads = [head for k, name in enumerate(runs.values()) for head in ([name, "90 % range"] + ["change"] * (k > 0))]
    return grid(["", *heads], body, wrap=(0,))


def _cells(row: object, later: bool) -> list[str]:
    value, change, unit = (getattr(row, name) for name in ("value", "change", "unit"))
    moved = "" if isnan(change) else f"{change:+,.0f}" if unit == "money" else f"{100 * change:+.1f}"
    low, high = (_number(getattr(row, side), unit) for side in ("low", "high"))
    return [_number(value, unit), f"{low} to {high}" if low else "", *([moved] if later else [])]


def _number(value: float, unit: str) -> str:
    return money(value) if unit == "money" else percent(value, False)


def _reps(table: pd.DataFrame, runs: Mapping[str, str], top: int) -> Iterator[RenderableType]:
    """The reps least likely to make quota in the first run."""
    reps = table[(table["level"] == "rep") & (table["measure"] == "chance")]
    wide = reps.pivot_table(index="key", columns="run", values="value", sort=False)
    pay = table[(table["level"] == "rep") & (table["measure"] == "pay")].set_index(["run", "key"])["value"]
    names = reps.drop_duplicates("key").set_index("key")["name"]
    if not len(wide):
        return
    order = wide.sort_values(wide.columns[0], kind="stable").index
    body = []
    for key in order[:top]:
        cells = []
        for run in runs:
            cells.append(_number(float(wide[run].get(key, float("nan"))) if run in wide else float("nan"), "ratio"))
            cells += [money(float(pay.get((run, key), float("nan"))))] if len(pay) else []
        body.append((names[key] or key, *cells))
    heads = [head for name in runs.values() for head in ([name] + ["pay"] * bool(len(pay)))]
    yield grid(["chance of making quota, lowest first", *heads], body)
    if len(order) > top:
        yield Text(f"… {len(order) - top} more: --top {len(order)}, or --format csv", style="dim")
