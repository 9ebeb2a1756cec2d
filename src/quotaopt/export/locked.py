"""Why cells are locked: the reasons in the planner's own files, cell by cell."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.export.master import Master
from quotaopt.tables.catalogue import LOCKS
from quotaopt.tables.read import read_sheet
from quotaopt.tables.sheet import Sheet
from quotaopt.tables.sources import find_sources
from quotaopt.text import plain_month


def lock_notes(master: Master) -> NDArray[np.object_]:
    """For each cell of the run the reason of the lock that covers it, and where that is written; empty without one.

    Files that were changed or are gone since the run say nothing.
    """
    notes = np.full(len(master.cells), "", dtype=object)
    if not master.cells["locked"].any():
        return notes
    for place in master.scenario.settings.data.locks:
        for source in find_sources(place, master.scenario.show, master.scenario.settings.data.encoding):
            if isinstance(source.place, Path) and _unchanged(source.place, master):
                mapping = master.scenario.settings.data.columns.locks
                _note(master.cells, read_sheet(source, LOCKS, mapping), notes)
    return notes


def _unchanged(path: Path, master: Master) -> bool:
    return hashlib.sha256(path.read_bytes()).hexdigest() in master.run.record["inputs"].values()


def _note(cells: pd.DataFrame, sheet: Sheet, notes: NDArray[np.object_]) -> None:
    """Write the reason of each row of a file of locks to the cells it covers."""
    frame = sheet.frame.reindex(columns=["rep_id", "product_id", "month", "reason", "author"], fill_value="")
    for row, line in zip(frame.itertuples(index=False), sheet.line.tolist(), strict=True):
        covered = (cells["rep_id"] == row.rep_id) & cells["locked"]
        if row.product_id:
            covered &= cells["product_id"] == row.product_id
        if row.month:
            covered &= cells["period"] == plain_month(str(row.month))
        reason, author = str(row.reason), str(row.author)
        said = [reason, f"({author})" if author else "", f"{sheet.name}:{line}"]
        notes[covered.to_numpy()] = " ".join(filter(None, said))
