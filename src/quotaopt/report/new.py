"""What `quotaopt new` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.report.render import each, grid
from quotaopt.report.terminal import shown_folder
from quotaopt.review import Edits, edit_rows
from quotaopt.text import counted

COLUMNS = ["rep_id", "rep_name", "cells", "before", "after", "change"]
SHOWN = 10


def edit_table(edits: Edits | None) -> pd.DataFrame:
    """One row for each rep whose quotas were changed."""
    if edits is None:
        return pd.DataFrame(columns=COLUMNS)
    quotas = edits.run.table("quotas")
    names = dict(zip(quotas["rep_id"], quotas["rep_name"], strict=True))
    rows = [(*row, row[-1] - row[-2]) for row in edit_rows(edits, names)]
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[3:], float))


def edit_report(edits: Edits | None, table: pd.DataFrame) -> Iterator[RenderableType]:
    """How many cells were changed and by how much, rep by rep, the largest first."""
    if edits is None:
        return
    if edits.missing:
        yield f"{counted(edits.missing, 'quota')} of {edits.run.id} not in the file: taken as unchanged"
    yield f"{counted(len(edits.cells), 'quota')} changed against {edits.run.id}, together {edits.change:+,f}"
    order = table.assign(size=table["change"].abs()).sort_values("size", ascending=False, kind="stable")
    digits = 0 if (table[COLUMNS[3:]] % 1 == 0).all(axis=None) else 2
    body = [
        (
            row.rep_name,
            str(row.cells),
            f"{row.before:,.{digits}f}",
            f"{row.after:,.{digits}f}",
            f"{row.change:+,.{digits}f}",
        )
        for row in each(order.head(SHOWN))
    ]
    yield grid(["rep", "cells", "before", "after", "change"], body)
    if len(table) > SHOWN:
        yield Text(f"… {len(table) - SHOWN} more: --format csv", style="dim")


def new_report(name: str, files: Sequence[Path], project: Path) -> Iterator[RenderableType]:
    """The files made, and the next step."""
    yield Text.assemble(("Made   ", "bold"), "   ".join(shown_folder(file, project) for file in files))
    yield Text.assemble(("Next   ", "bold"), f"quotaopt check {name} && quotaopt run {name}")
