"""What `quotaopt share` and `quotaopt merge` print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from rich.console import RenderableType

from quotaopt.managers.files import HandOut
from quotaopt.managers.merge import Merged
from quotaopt.report.render import grid
from quotaopt.report.terminal import shown_folder
from quotaopt.settings.data import FILES
from quotaopt.text import counted


def share_table(handout: HandOut, paths: Sequence[Path]) -> pd.DataFrame:
    """One row for each file: whose it is, its own and its street number."""
    unit, street = handout.unit, handout.street
    rows = [
        (path.name, node, f"{own * unit:f}", f"{street[node] * unit:f}")
        for path, (node, own) in zip(paths, handout.plan.items(), strict=True)
    ]
    return pd.DataFrame(rows, columns=["file", handout.level, "plan", "quota"])


def share_report(handout: HandOut, table: pd.DataFrame, folder: Path, project: Path) -> Iterator[RenderableType]:
    """The files, and what to do with them."""
    yield grid([*map(str, table.columns)], table.astype(str).to_numpy().tolist(), right=range(2, 4))
    shown = shown_folder(folder.resolve(), project)
    yield f"Saved   {shown}: {counted(len(table), 'file')}; managers fill in quota_new and reason"
    yield f"Next    quotaopt merge {handout.run.id} {shown}"


def merge_report(merged: Merged, out: Path, project: Path, top: int) -> Iterator[RenderableType]:
    """Who changed what, the first `top` of it, and how to plan with it."""
    by = ", ".join(f"{author} ({n})" for author, n in merged.changes["author"].value_counts(sort=False).items())
    head = f"{counted(merged.files, 'file')}, {counted(merged.rows, 'quota')}: "
    yield head + (f"{len(merged.changes):,} changed, by {by}" if by else "nothing was changed")
    if by:
        shown = merged.changes.drop(columns=["rep_name", "source"]).head(top)
        yield grid([*map(str, shown.columns)], shown.astype(str).to_numpy().tolist(), right=range(4, 7))
        folder = shown_folder(out.resolve(), project)
        key = "overrides" if "overrides" in FILES else "locks"
        yield f"Saved   {folder}/merge.csv, {folder}/overrides.csv"
        yield f"Next    quotaopt run {merged.handout.scenario.name} --set data.{key}={folder}/overrides.csv"
