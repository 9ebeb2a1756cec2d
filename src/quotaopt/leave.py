"""People on leave: which part of their months is relieved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.workdays import make_workdays, share_of_workdays

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

Floats = NDArray[np.float64]


def relieved_rows(inputs: Inputs, roster: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The rows of ``data.leave`` that relieve somebody of `roster`, within that person's own dates.

    Columns of the table, `at` (row of the roster) and `first`, `last` as written. Leave of fewer working days than
    ``leave.minimum_days`` relieves nobody, nor does paid leave where the scenario says so.

    Parameters
    ----------
    roster : one row per rep, indexed by id.
    """
    rows = inputs.more.get("leave", pd.DataFrame(columns=["rep_id"]))
    if not settings.leave.relieve_paid and len(rows):
        rows = rows[~rows["paid"].astype(bool)]
    rows = rows[rows["rep_id"].isin(roster.index)].reset_index(drop=True)
    if rows.empty:
        return rows.assign(at=0)
    start, end = rows["start_date"].to_numpy("datetime64[D]"), rows["end_date"].to_numpy("datetime64[D]")
    after = np.where(np.isnat(end), np.datetime64(f"{int(settings.months[-1][:4]) + 1}-12-31", "D"), end)
    length = make_workdays(inputs, settings).count(start, np.asarray(after + np.timedelta64(1, "D")))
    at = roster.index.get_indexer(pd.Index(rows["rep_id"]))
    own = roster.iloc[at].reset_index(drop=True)
    rows = rows.assign(
        at=at,
        first=rows["start_date"],
        last=rows["end_date"],
        relief=rows["relief"].fillna(1.0),
        start_date=pd.concat([rows["start_date"], own["start_date"]], axis=1).max(axis=1),
        end_date=pd.concat([rows["end_date"], own["end_date"]], axis=1).min(axis=1),
    )
    return rows[length >= settings.leave.minimum_days].reset_index(drop=True)


def share_relieved(rows: pd.DataFrame, months: Sequence[str], inputs: Inputs, settings: Settings) -> Floats:
    """Share of each month's working days × relief, shape (rows, months)."""
    if rows.empty:
        return np.zeros((0, len(months)))
    share = share_of_workdays(rows["start_date"], rows["end_date"], months, make_workdays(inputs, settings))
    return np.asarray(share * rows["relief"].to_numpy(np.float64)[:, None])


def share_on_leave(roster: pd.DataFrame, months: Sequence[str], inputs: Inputs, settings: Settings) -> Floats:
    """Relieved share of each rep's months, shape (reps, months); rows of a rep never overlap."""
    out = np.zeros((len(roster), len(months)))
    rows = relieved_rows(inputs, roster, settings)
    np.add.at(out, rows["at"].to_numpy(np.int64), share_relieved(rows, months, inputs, settings))
    return out
