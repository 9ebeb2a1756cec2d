"""What `quotaopt backtest` prints: how a scenario's quotas would have done before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.backtest.run import CAVEAT, PLAN
from quotaopt.backtest.score import EVERY
from quotaopt.report.render import each, grid, labelled, money, percent, ratio
from quotaopt.scenario import Scenario
from quotaopt.text import counted

HEADS = ("method", "wrong rep", "median error", "80–120 %", "at quota", "90 % range", "size bias", "skill")


def quota_test_report(scenario: Scenario, table: pd.DataFrame, notes: Sequence[str]) -> Iterator[RenderableType]:
    """All origins together, the misallocated share of each origin, the verdict, and what to know of it."""
    origins = [str(o) for o in dict.fromkeys(table["origin"]) if o != EVERY]
    every = table[table["origin"] == EVERY]
    total = money(float(every["total"].iloc[0]))
    yield Text.assemble(
        (f"Back-test of {scenario.name}", "bold"),
        f": {total} sold from {counted(len(origins), 'origin')}, divided again",
    )
    body = [
        (r.method, percent(r.misallocated, False), percent(r.median_error, False), percent(r.near_quota, False),
         percent(r.at_quota, False), f"{100 * r.at_quota_low:.0f}–{100 * r.at_quota_high:.0f} %", ratio(r.size_bias),
         percent(r.skill))
        for r in each(every)
    ]  # fmt: skip
    yield grid(HEADS, body)
    yield Text()
    wide = table[table["origin"] != EVERY].pivot_table(
        index="method", columns="origin", values="misallocated", sort=False
    )
    lines = [
        (str(name), *(percent(float(v), False) for v in row))
        for name, row in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    skill = table[table["method"] == PLAN].set_index("origin")["skill"]
    lines.append(("skill of the plan", *(percent(float(skill[origin])) for origin in wide.columns)))
    yield grid(["total with the wrong rep", *map(str, wide.columns)], lines, total=True)
    yield Text()
    yield Text(verdict(table, origins))
    yield labelled([("Note", "yellow", note) for note in notes] + [("Note", "yellow", CAVEAT)])


def verdict(table: pd.DataFrame, origins: Sequence[str]) -> str:
    """In how many origins the plan beat the best simple method, and its skill over all."""
    mine = table[table["method"] == PLAN].set_index("origin")["skill"]
    won = int((mine.drop(EVERY) > 0).sum())
    if isnan(mine[EVERY]):
        return "A simple method is exactly right here: there is no skill to measure."
    skill = percent(float(mine[EVERY]))
    return (
        f"The plan puts less with the wrong rep than the best simple method of hindsight in {won} of "
        f"{counted(len(origins), 'origin')}; skill {skill} over all (above 0 is better)."
    )
