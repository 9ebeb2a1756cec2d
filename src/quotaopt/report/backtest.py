"""What `quotaopt forecast --backtest` prints: how the forecast would have done before, against last year's sales."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.report.render import each, grid, labelled, percent, ratio
from quotaopt.text import counted

LEVELS = {"all": "company", "region": "region", "rep": "rep", "product": "product", "cell": "rep × product"}
EVERY = "all"  # the origin that stands for all of them
LAST_SUM, LAST_MONTHS = "last_year_sum", "seasonal_naive"
EVEN = 1e-9  # errors closer than this are equal


def backtest_report(table: pd.DataFrame, level: float) -> Iterator[RenderableType]:
    """Accuracy of each level, then of each origin, then in words; `table` as ``backtest.csv``."""
    if table.empty:
        yield Text(
            "The history is too short for a back-test: three months to learn from and one to look at are needed."
        )
        return
    method, origins = _chosen(table), [str(o) for o in dict.fromkeys(table["origin"]) if o != EVERY]
    every = table[table["origin"] == EVERY]
    width = f"{100 * level:.3g} %"
    yield Text.assemble(
        (f"Back-test of {method}", "bold"), f", forecast from {counted(len(origins), 'origin')}: {', '.join(origins)}"
    )
    heads = ["level", "method", "month", "plan", "bias", "MASE", "CRPS month", "plan", f"in {width} month", "plan"]
    body = [
        (LEVELS.get(r.level, r.level) if r.method == every["method"].iloc[0] else "", r.method + " *" * r.chosen,
         percent(r.wape_month, False), percent(r.wape_sum, False), percent(r.bias), ratio(r.mase), ratio3(r.crps_month),
         ratio3(r.crps_sum), percent(r.coverage_month, False), percent(r.coverage_sum, False))
        for r in each(every)
    ]  # fmt: skip
    yield grid(heads, body, right=range(2, len(heads)))
    yield Text("month, plan: absolute error of months, of the sum over the plan / sales; * used", style="dim")
    yield Text()
    yield _by_origin(table, origins, method)
    yield Text()
    yield labelled(
        (LEVELS.get(name, name) if not k else "", "bold", text)
        for name, part in _levels(table)
        for k, text in enumerate(words(part, level))
    )


def _chosen(table: pd.DataFrame) -> str:
    return str(table.loc[table["chosen"], "method"].iloc[0])


def _levels(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for name in dict.fromkeys(table["level"]):
        yield str(name), table[table["level"] == name]


def ratio3(value: float) -> str:
    """A small ratio with three digits; empty when unknown."""
    return "" if isnan(value) else f"{value:.3f}"


def _by_origin(table: pd.DataFrame, origins: list[str], method: str) -> RenderableType:
    """Error of the plan's sum at each origin, with the method used against last year's sum."""
    errors = table.set_index(["level", "method", "origin"])["wape_sum"]
    body = []
    for name, _ in _levels(table):
        pairs = [(errors[name, method, origin], errors[name, LAST_SUM, origin]) for origin in origins]
        cells = [f"{percent(mine, False)} ({percent(theirs, False)})" for mine, theirs in pairs]
        body.append((LEVELS.get(name, name), *cells))
    return grid(["error of the plan's sum (last year's sum)", *origins], body)


def words(part: pd.DataFrame, level: float) -> Iterator[str]:
    """One level in plain sentences: against last year's sum, against last year's months, and whether ranges held."""
    method = _chosen(part)
    if method != LAST_SUM:
        yield _compare(part, method, LAST_SUM, "wape_sum", "last year's sum", "Whole plan")
    if method != LAST_MONTHS:
        yield _compare(part, method, LAST_MONTHS, "wape_month", "last year's months", "Months")
    mine = part[(part["origin"] == EVERY) & (part["method"] == method)].iloc[0]
    if not isnan(mine["coverage_sum"]):
        yield _held(float(mine["coverage_sum"]), level, few=str(mine["level"]) == "all")


def _held(held: float, level: float, few: bool) -> str:
    """Whether ranges were as wide as they say; one company's few years cannot tell."""
    verdict = "about right" if abs(held - level) <= 0.1 else "too narrow" if held < level else "too wide"
    judged = "too few to judge" if few else verdict
    return f"Its {100 * level:.3g} % ranges of the sum held {percent(held, False)} of the time: {judged}."


def _compare(part: pd.DataFrame, method: str, other: str, column: str, name: str, what: str) -> str:
    errors = part.pivot_table(index="origin", columns="method", values=column, aggfunc="first", sort=False)
    mine, theirs = (errors[one].astype(float) for one in (method, other))
    less = (theirs - mine).drop(EVERY)
    close = EVEN * (theirs.abs() + mine.abs()).drop(EVERY)
    won, lost = int((less > close).sum()), int((less < -close).sum())
    verb, count = ("beats", won) if won > lost else ("loses to", lost) if lost > won else ("is no better than", won)
    amounts = f"({percent(float(mine[EVERY]), False)} against {percent(float(theirs[EVERY]), False)})"
    better = ", better" if won == lost else ""
    overall = float(theirs[EVERY] - mine[EVERY])
    yet = ", yet not over all" if won > lost and overall < 0 else ", yet not over all" * (lost > won and overall > 0)
    return f"{what}: {method} {verb} {name}{better} in {count} of {counted(len(less), 'origin')}{yet} {amounts}."
