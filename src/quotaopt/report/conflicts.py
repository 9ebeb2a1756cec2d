"""Why there is no plan, as `quotaopt run` prints it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import pandas as pd
from rich.console import RenderableType

from quotaopt.archive import Run
from quotaopt.report.render import each, grid, labelled, money

SHOWN = 12  # remedies printed; the rest is counted
FEW = 3  # limits of one rule printed one by one


def conflict_report(run: Run) -> Iterator[RenderableType]:
    """Why there is no plan: the sentence, the limits that clash, and what each remedy alone would do."""
    words = str(run.record["sentence"]) or f"the solver ended {run.status}"
    yield labelled([("  no plan ", "bold red", words)])
    table = run.table("conflicts")
    clash, tried = table[table["remedy"] == ""], table[table["remedy"] != ""]
    if len(clash):
        body = [_limit(group) for _, part in clash.groupby(["rule", "source"], sort=False) for group in _few(part)]
        yield grid(["            limit", "of", "asked", "at best", "source"], body, right=(2, 3))
    if len(tried):
        rows = [(f"            {row.remedy}", "enough" if row.enough else "") for row in each(tried.head(SHOWN))]
        more = [(f"            … {len(tried) - SHOWN} more in conflicts.csv", "")] * (len(tried) > SHOWN)
        yield grid(["            each remedy was tried alone", ""], rows + more, right=(), wrap=(0,))
    if written := run.record.get("repairs"):
        rows = [(f"            {row['file']}", row["remedy"]) for row in written]
        yield grid(["            scenarios written", ""], rows, right=(), wrap=(1,))


def _few(limits: pd.DataFrame) -> list[pd.DataFrame]:
    """Limits of one rule one by one when they are few, else all together."""
    return [limits.iloc[[k]] for k in range(len(limits))] if len(limits) <= FEW else [limits]


def _limit(limits: pd.DataFrame) -> tuple[str, ...]:
    """One limit, or several as their sum: what is asked, and the best they could be if the others stay."""
    first, many = limits.iloc[0], len(limits) > 1
    least = first["activity"] < first["limit"]
    asked = limits["limit"].sum()
    best = max(asked + (-1 if least else 1) * first["shortfall"], 0.0) if many else first["activity"]
    of = f"{len(limits):,} together" if many else str(first["scope"])
    sense = "at least" if least else "at most"
    return f"            {first['rule']}", of, f"{sense} {money(asked)}", money(best), str(first["source"])


def after_no_plan(run: Run) -> str:
    """The command that helps most when there is no plan."""
    if written := run.record.get("repairs"):
        return f"quotaopt run {PurePosixPath(written[0]['file']).stem}"
    if run.has("conflicts") and run.table("conflicts")["enough"].any():
        return f"quotaopt run {run.scenario} --write-repairs"
    return f"quotaopt show {run.scenario} --origin"
