"""What `quotaopt compare` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from math import isnan

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.archive import Run
from quotaopt.compare import LEVELS, Tie, check_sums, compare_runs, limits_moved
from quotaopt.report.render import each, grid, money, percent, ratio
from quotaopt.report.words import words

NAMED = 4  # limits gained or lost named in a line
FIGURES = (
    "quota_total", "growth", "stretch_median", "stretch_max", "stretch_range", "reps_over_capacity", "chance_median",
    "chance_range", "reps_stopped",
)  # fmt: skip
PARTS = {"region": 8, "rep": 6}  # rows of an overview


def compare_report(runs: Sequence[Run], table: pd.DataFrame, by: str, top: int) -> Iterator[RenderableType]:
    """The largest changes, several runs side by side; the total is the last row, and a line says whether sums tie."""
    if not len(table):
        yield "Nothing differs: " + ", ".join(run.id for run in runs)
        return
    if by in LEVELS and len(runs) == 2:
        yield from _levels(table, by, titles(runs), top)
    elif by in LEVELS:
        yield from _many_levels(runs, table, by, top)
    else:
        yield from _values(runs, table, by, top)
    yield from (Text(tie_line(tie, by, runs), style="" if tie.holds else "bold red") for tie in check_sums(runs, by))
    if by == "rule":
        for run, name in zip(runs[1:], titles(runs)[1:], strict=True):
            yield from (Text(line) for line in limit_lines(runs[0], run, name if len(runs) > 2 else ""))


def overview(runs: Sequence[Run]) -> Iterator[RenderableType]:
    """What a decision needs, on one screen: key figures, regions, who moves most, limits, whether sums tie."""
    say = words("en")
    marks = {"": "  ", "better": " +", "worse": " -"}
    body = [
        (say[key], shown[0], *(f"{text}{marks[way]}" for text, way in zip(shown[1:], ways[1:], strict=True)))
        for key, shown, ways in figures(runs)
    ]
    yield grid(["+ better, - worse", *titles(runs)], body)
    for by, top in PARTS.items():
        yield Text()
        yield from compare_report(runs, compare_runs(runs, by), by, top)
    yield Text()
    for run, name in zip(runs[1:], titles(runs)[1:], strict=True):
        moved = [*limit_lines(runs[0], run, name if len(runs) > 2 else "")]
        yield from map(Text, moved or [say["no_limits"]])


def figures(runs: Sequence[Run]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Target and key measures: the word's key, the value in each run, and whether it is better or worse than first."""
    tables = [run.table("measures").drop_duplicates("measure").set_index("measure") for run in runs]
    better = directions(runs[0])
    yield "target", [money(float(run.record["target"])) for run in runs], [""] * len(runs)
    for key in (key for key in FIGURES if key in tables[0].index):
        values = [float(table["value"].get(key, float("nan"))) for table in tables]
        shown = [_figure(key, value, str(tables[0]["unit"][key])) for value in values]
        ways = [verdict(value - values[0], better.get(key, "")) for value in values]
        seen = [way if text != shown[0] else "" for way, text in zip(ways, shown, strict=True)]  # no more than is shown
        yield f"measure.{key}", shown, seen


def _figure(key: str, value: float, unit: str) -> str:
    """A measure as people read it: growth and chances in percent, money and counts whole."""
    if isnan(value):
        return "–"
    if unit in ("money", "reps"):
        return money(value, 0)
    return percent(value, key == "growth") if key.startswith(("growth", "chance")) else f"{value:.2f}"


def titles(runs: Sequence[Run]) -> list[str]:
    """Scenario names, or ids where several runs of one scenario are compared."""
    names = [run.scenario for run in runs]
    return [run.id if names.count(run.scenario) > 1 else run.scenario for run in runs]


def tie_line(tie: Tie, by: str, runs: Sequence[Run]) -> str:
    """Whether the changes add up, in a sentence."""
    name = dict(zip([run.id for run in runs], titles(runs), strict=True))[tie.run] if len(runs) > 2 else ""
    head = f"{name}: " * bool(name)
    parts, total = map(exact, (tie.parts, tie.total))
    if tie.holds:
        return f"{head}Sums tie: the changes by {by} add up to {total}, the change of the plan."
    said = f"{head}Sums do NOT tie: the changes by {by} add up to {parts}, the plan's change is {total}."
    return f"{said} Try: quotaopt verify {tie.run}"


def exact(amount: Decimal) -> str:
    """A change to its last digit, with its sign."""
    return f"{amount.normalize():+,f}" if amount else "0"


def limit_lines(first: Run, other: Run, name: str = "") -> Iterator[str]:
    """Limits gained and lost, rule by rule."""
    names = names_of(first) | names_of(other)
    for word, limits in zip(("Gained", "Lost"), limits_moved(first, other), strict=True):
        for rule in dict.fromkeys(rule for rule, _ in limits):
            mine = [scope_words(scope, names) for one, scope in limits if one == rule]
            more = f" and {len(mine) - NAMED} more" if len(mine) > NAMED else ""
            yield f"{name}: " * bool(name) + f"{word:6}  {rule}: {', '.join(mine[:NAMED])}{more}"


def names_of(run: Run) -> dict[str, str]:
    """Name of each rep that has one."""
    reps = run.table("totals").query("level == 'rep' and name != ''")
    return dict(zip(reps["key"], reps["name"], strict=True))


def scope_words(scope: str, names: Mapping[str, str]) -> str:
    """What a limit limits, with the rep's name: ``Ana 2027-01 ≤``."""
    head, _, rest = scope.partition(" ")
    return f"{names.get(head, head)} {rest}".replace("<=", "≤").replace(">=", "≥")


def _levels(table: pd.DataFrame, by: str, names: Sequence[str], top: int) -> Iterator[RenderableType]:
    """One row per rep, region, product or month: quota before and after, and what became of the stretch."""
    quota, stretch = (table[table["measure"] == m].set_index("key") for m in ("quota", "stretch"))
    labels, keys, shown = _shown(table, top)
    body = []
    for key in shown:
        before_after = [money(quota[side][key]) if key in quota.index else "=" for side in ("a", "b")]
        change = percent(quota["change_ratio"][key]) if key in quota.index else ""
        moved = f"{ratio(stretch['a'][key])} → {ratio(stretch['b'][key])}" if key in stretch.index else ""
        body.append((labels[key] or key or "(none)", *before_after, change, moved))
    yield grid([by, *names, "change", "stretch"], body, total="all" in shown)
    yield from _rest(len(keys), top)


def _many_levels(runs: Sequence[Run], table: pd.DataFrame, by: str, top: int) -> Iterator[RenderableType]:
    """One row per rep, region, product or month: the quota in the first run, and in each other with its change."""
    quota = table[table["measure"] == "quota"]
    first = quota.drop_duplicates("key").set_index("key")["a"]
    labels, keys, shown = _shown(by_size(quota), top)
    parts = [quota[quota["run"] == run.id].set_index("key") for run in runs[1:]]
    body = []
    for key in shown:
        same = "" if isnan(first[key]) else "="
        cells = [
            (money(part["b"][key]), percent(part["change_ratio"][key])) if key in part.index else (same, "")
            for part in parts
        ]
        body.append((labels[key] or key or "(none)", money(first[key]), *(cell for pair in cells for cell in pair)))
    heads = [head for name in titles(runs)[1:] for head in (name, "change")]
    yield grid([by, titles(runs)[0], *heads], body, total="all" in shown)
    yield from _rest(len(keys), top)


def by_size(quota: pd.DataFrame) -> pd.DataFrame:
    """The same rows, those of the key that changes most in any run first."""
    size = quota["change"].abs().groupby(quota["key"]).transform("max")
    return quota.loc[size.sort_values(ascending=False, kind="stable").index]


def _shown(table: pd.DataFrame, top: int) -> tuple[pd.Series[str], list[str], list[str]]:
    """Names by key, all keys but the total, and those that are printed, the total last."""
    labels = table.drop_duplicates("key").set_index("key")["name"]
    keys = [str(key) for key in labels.index if key != "all"]
    return labels, keys, [*keys[:top], *(["all"] if "all" in labels.index else [])]


def _values(runs: Sequence[Run], table: pd.DataFrame, by: str, top: int) -> Iterator[RenderableType]:
    """One row per rule, goal or measure."""
    many, of = len(runs) > 2, by != "measure" or bool((table["name"] != "").any())
    named = dict(zip([run.id for run in runs], titles(runs), strict=True))
    better = directions(runs[0]) if by == "measure" else {}
    body = [
        (*([named[row.run]] if many else []), row.key, *([row.name] if of else []),
         *([] if by == "measure" else [row.measure]), _number(row.a), _number(row.b), percent(row.change_ratio),
         verdict(row.change, better.get(row.key, "")))
        for row in each(table.head(top))
    ]  # fmt: skip
    heads = ["goal" if by == "solver" else by, *(["of"] if of else []), *([] if by == "measure" else ["measure"])]
    names = [titles(runs)[0], "then"] if many else titles(runs)
    last = len(heads) + many
    yield grid([*(["run"] * many), *heads, *names, "change", ""], body, right=range(last, last + 3))
    yield from _rest(len(table), top)


def directions(run: Run) -> dict[str, str]:
    """Whether lower or higher is better, by measure."""
    measures = run.table("measures")
    return dict(zip(measures["measure"], measures["better"], strict=True))


def verdict(change: float, better: str) -> str:
    """Better or worse, where a measure has a direction."""
    return "" if not better or change == 0 else "better" if (change > 0) == (better == "higher") else "worse"


def _number(value: float) -> str:
    return "" if isnan(value) else f"{value:.6g}" if abs(value) < 100 else money(value)


def _rest(count: int, top: int) -> Iterator[Text]:
    if count > top:
        yield Text(f"… {count - top} more: --top {count}, or --format csv", style="dim")
