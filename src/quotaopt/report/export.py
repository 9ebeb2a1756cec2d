"""What `quotaopt export` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from quotaopt.archive import Run
from quotaopt.report.render import each
from quotaopt.report.terminal import shown_folder


def export_table(made: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """One row for each file written, with its format."""
    rows = [(name, str(path)) for name, files in made.items() for path in files]
    return pd.DataFrame(rows, columns=["format", "file"])


def export_report(run: Run, table: pd.DataFrame, project: Path, others: bool) -> Iterator[RenderableType]:
    """The files, and that they hold what the run holds; `others`: of another ledger than that of the quotas."""
    for row in each(table):
        yield Text.assemble(("Wrote   ", "bold"), shown_folder(Path(row.file).resolve(), project))
    total = f"; together {Decimal(str(run.record['quota'])):,f} {run.record['currency']}".rstrip()
    yield Text.assemble(("Checked ", "bold"), "every rep's total, to the last unit" + ("" if others else total))
