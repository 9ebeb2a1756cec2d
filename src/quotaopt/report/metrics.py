"""What `quotaopt run` prints of several metrics."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from quotaopt.archive import Run
from quotaopt.report.render import each, grid, percent


def metric_lines(run: Run) -> Iterator[RenderableType]:
    """One row for each metric: its weight, target, total and how its plan ended."""
    table = run.table("metrics")
    body = [
        (
            row.metric,
            percent(row.weight, False),
            f"{row.target:,.10g}",
            f"{row.total:,.10g}" if row.total == row.total else "",
            row.status,
        )
        for row in each(table)
    ]
    yield Text()
    yield grid(["metric", "weight", "target", "total", "plan"], body, right=range(1, 4))
    yield from (Text(f"{row.metric}: {row.sentence}") for row in each(table) if row.sentence and row.metric != "amount")
