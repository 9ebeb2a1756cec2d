"""What `quotaopt explain` and `quotaopt frontier` print, and the picture of the frontier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isnan

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.report.chart import line_chart
from quotaopt.report.render import each, grid, labelled, money, percent

Names = Mapping[str, str]
COSTS = {"change": "change from last year's pattern", "capacity_fit": "distance from the capacity pattern"}
LIMITS = 4  # gained or lost limits named in a line


def rep_names(roster: pd.DataFrame) -> dict[str, str]:
    """Name of each rep, its id where it has none."""
    pairs = zip(roster["rep_id"], roster["rep_name"], strict=True)
    return {str(rep): str(name) or str(rep) for rep, name in pairs}


def what_if_report(table: pd.DataFrame, names: Names, top: int) -> Iterator[RenderableType]:
    """For each change: levels, the reps who move most, and the limits reached and left, one column each way."""
    for number, (change, part) in enumerate(table.groupby("change", sort=False)):
        ways = {str(way): rows for way, rows in part.groupby("way", sort=False)}
        heads = [f"{way} {_value(rows['value_after'].iloc[0])}" for way, rows in ways.items()]
        if number:
            yield Text()
        yield Text.assemble((str(change), "bold"), f"   now {_value(part['value_before'].iloc[0]) or '(not set)'}")
        planned = {way: rows[rows["what"] != "plan"] for way, rows in ways.items()}
        if any(map(len, planned.values())):
            yield from _levels(planned, heads)
            yield from _reps(planned, heads, names, top)
        yield labelled([(f"{way:5}", "bold", text) for way, rows in ways.items() for text in _limits(rows)])


def _value(text: str) -> str:
    """A number as people read it; any other value as it is."""
    try:
        number = float(text)
    except ValueError:
        return text
    return money(number) if abs(number) >= 1000 else f"{number:g}"


def _levels(ways: Mapping[str, pd.DataFrame], heads: list[str]) -> Iterator[RenderableType]:
    tables = {way: rows[rows["what"].isin(["level", "highest level"])] for way, rows in ways.items()}
    first = next(rows for rows in tables.values() if len(rows))
    body = []
    for row in each(first):
        name = "highest" if row.what == "highest level" else row.key or "all reps"
        cells = []
        for rows in tables.values():
            mine = rows[(rows["what"] == row.what) & (rows["key"] == row.key)]
            cells.append(f"{mine['after'].iloc[0]:.4f} {mine['difference'].iloc[0]:+.4f}" if len(mine) else "no plan")
        body.append((name, f"{row.before:.4f}", *cells))
    yield grid(["level of", "now", *heads], body)


def _reps(ways: Mapping[str, pd.DataFrame], heads: list[str], names: Names, top: int) -> Iterator[RenderableType]:
    moves = {way: rows[rows["what"] == "rep"].set_index("key") for way, rows in ways.items()}
    size = pd.concat([rows["difference"].abs() for rows in moves.values()]).groupby(level=0, sort=True).max()
    if not len(size):
        yield Text("no rep's quota changes", style="dim")
        return
    body = []
    for rep in map(str, size.sort_values(ascending=False, kind="stable").index[:top]):
        now = next(float(rows["before"][rep]) for rows in moves.values() if rep in rows.index)
        cells = [_move(rows, rep) for rows in moves.values()]
        body.append((names.get(rep, rep), money(now), *cells))
    yield grid(["rep", "quota", *heads], body)
    if len(size) > top:
        yield Text(f"… {len(size) - top} more reps move: --top {len(size)}, or --format csv", style="dim")


def _move(rows: pd.DataFrame, rep: str) -> str:
    if rep not in rows.index:
        return "=" if len(rows) else ""
    before, after = float(rows["before"][rep]), float(rows["after"][rep])
    return f"{after - before:+,.0f} {percent(after / before - 1)}" if before else f"{after - before:+,.0f}"


def _limits(rows: pd.DataFrame) -> Iterator[str]:
    """Limits reached and left, or why there is no plan."""
    if (rows["what"] == "plan").any():
        yield f"no plan: {rows['name'].iloc[0]}"
        return
    rules = rows[rows["what"] == "rule"]
    parts = []
    for word, mine in (("reaches", rules[rules["after"] > 0]), ("leaves", rules[rules["after"] == 0])):
        named = [f"{row.key} {row.name_}" for row in each(mine.rename(columns={"name": "name_"}))]
        if named:
            more = f" and {len(named) - LIMITS} more" if len(named) > LIMITS else ""
            parts.append(f"{word} {'; '.join(named[:LIMITS])}{more}")
    yield " · ".join(parts) or "the same limits are reached"


def range_report(table: pd.DataFrame, names: Names, within: float, top: int) -> Iterator[RenderableType]:
    """The lowest and highest each total could have been, the widest first."""
    order = (table["low"] - table["high"]).sort_values(kind="stable").index
    body = [
        (row.what, names.get(row.key, row.key) if row.what == "rep" else row.key, money(row.low), money(row.quota),
         money(row.high), percent(row.below), percent(row.above))
        for row in each(table.loc[order].head(top))
    ]  # fmt: skip
    yield grid(["", "", "lowest", "quota", "highest", "below", "above"], body, right=range(2, 7))
    yield Text(f"in a plan that keeps every rule and asks nobody for over {100 * within:g} % more", style="dim")
    if len(table) > top:
        yield Text(f"… {len(table) - top} more: --top {len(table)}, or --format csv", style="dim")


def frontier_report(table: pd.DataFrame, names: Names, cost: str) -> Iterator[RenderableType]:
    """The corners of the frontier, and the one where most is gained."""
    if len(table) == 1:
        least = money(table["cost"].iloc[0])
        yield f"Fairness costs nothing: no plan has less {COSTS.get(cost, cost)} than the fair one's {least}."
        return
    body = [
        (f"{row.delta:.4f}", money(row.cost), percent(row.share, False),
         "" if isnan(row.at_limit) else str(int(row.at_limit)),
         ", ".join(_pays(names, *pair) for pair in
                   ((row.first_rep, row.first_change), (row.second_rep, row.second_change)) if pair[0]),
         "← knee" if row.knee else "")
        for row in each(table)
    ]  # fmt: skip
    heads = ["fairness given up", COSTS.get(cost, cost), "share of the way", "reps at the limit", "who pays most", ""]
    yield grid(heads, body, right=range(4))
    knee = table[table["knee"]]
    if len(knee):
        row = knee.iloc[0]
        way = row["delta"] / table["delta"].iloc[-1]
        yield Text(f"{percent(row['share'], False)} of what can be gained costs {percent(way, False)} of the fairness.")


def _pays(names: Names, rep: str, change: float) -> str:
    return names.get(rep, rep) + ("" if isnan(change) else f" {percent(change)}")


def frontier_picture(table: pd.DataFrame, scenario: str, cost: str, currency: str) -> str:
    """The frontier as SVG."""
    points = list(zip(table["delta"].astype(float), table["cost"].astype(float), strict=True))
    notes = [(0, "fair plan")] + ([(len(points) - 1, "the least there is")] if len(points) > 1 else [])
    notes += [
        (k, f"knee: {percent(table['share'].iloc[k], False)} of the way")
        for k in range(1, len(points) - 1)
        if table["knee"].iloc[k]
    ]
    money_name = COSTS.get(cost, cost) + f" ({currency})" * bool(currency)
    title = f"{scenario}: what fairness costs"
    return line_chart(points, title, ("fairness given up (largest distance from the fair level)", money_name), notes)
