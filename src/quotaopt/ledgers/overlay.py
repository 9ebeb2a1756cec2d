"""Overlay quotas: a ledger of their own beside the plan, so that nothing counts twice.

An overlay rep is credited with a share of what others carry; the quota is that share of their quotas. It enters
neither the program nor any total.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt import columns as c
from quotaopt.errors import Finding
from quotaopt.forecast.notes import list_names
from quotaopt.ledgers.holders import account_part, find_shares
from quotaopt.problem import Floats, Index
from quotaopt.text import ACCOUNT
from quotaopt.workdays import Workdays, share_of_workdays

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

CLOSE = 1e-9


def note_overlays(inputs: Inputs, index: Index, settings: Settings) -> Iterator[Finding]:
    """Overlay reps who cover nobody, or are credited with more than all of something."""
    people = inputs.more.get("overlay_reps")
    if people is None:
        return
    rows, idle, over = inputs.more["overlays"], [], []
    for rep in sorted(people["rep_id"]):
        share = credit_shares(index, rows[rows["rep_id"] == rep], inputs, settings)
        idle += [rep] if not share.any() else []
        over += [rep] if (share > 1 + CLOSE).any() else []
    if idle:
        what, remedy = f"overlay reps who cover nobody: {list_names(idle)}", "Write whom in data.overlays."
        yield Finding(what, remedy, severity="warning", code="overlay")
    if over:
        what = f"overlay reps credited with more than 100 % of a quota: {list_names(over)}"
        yield Finding(what, "Rows that cover the same quota add up.", severity="warning", code="overlay")


def credit_shares(index: Index, rows: pd.DataFrame, inputs: Inputs, settings: Settings) -> Floats:
    """Share of each quota that one overlay rep is credited with, shape (reps, products, months); rows add up.

    An empty column of a row limits nothing. A quota is divided between the territories its rep holds in the month, by
    days × share; an account's part is that of `find_shares`.
    """
    months = list(map(str, index.months.index))
    days = (
        share_of_workdays(rows["start_date"], rows["end_date"], months, Workdays())
        if len(rows)
        else np.zeros((0, len(months)))
    )
    out, named = np.zeros(index.shape), rows["territory_id"].astype(str).str.startswith(ACCOUNT).any()
    sold = find_shares(index, inputs, settings) if named else None
    for k, row in enumerate(rows.to_dict("records")):
        reps = np.ones((len(index.reps), 1, 1))
        if row["covers_rep"]:
            reps = reps * (index.reps.index == row["covers_rep"])[:, None, None]
        if row["region"]:
            reps = reps * (index.reps[c.REGION] == row["region"]).to_numpy()[:, None, None]
        territory = str(row["territory_id"])
        if sold and territory.startswith(ACCOUNT):
            reps = reps * account_part(sold, index, territory.removeprefix(ACCOUNT))
        elif territory:
            reps = reps * territory_part(index, territory, inputs.assignments)[:, None, :]
        products = np.ones(len(index.products))
        if row["product_id"]:
            products = (index.products.index == row["product_id"]).astype(np.float64)
        out += reps * products[:, None] * (days[k] * row["share"])
    return out


def territory_part(index: Index, territory: str, assignments: pd.DataFrame | None) -> Floats:
    """Part of each rep's month that is one territory, by days × share of all the rep holds; shape (reps, months)."""
    months = list(map(str, index.months.index))
    if assignments is None:
        return np.zeros((len(index.reps), len(months)))
    assignments = assignments[~assignments["territory_id"].str.startswith(ACCOUNT)]
    rep = index.reps.index.get_indexer(pd.Index(assignments["rep_id"].astype(str)))
    held = share_of_workdays(assignments["start_date"], assignments["end_date"], months, Workdays())
    held = held * assignments["share"].to_numpy(np.float64)[:, None] * (rep >= 0)[:, None]
    mine = (assignments["territory_id"] == territory).to_numpy()
    part, whole = (np.zeros((len(index.reps), len(months))) for _ in range(2))
    np.add.at(part, rep[mine], held[mine])
    np.add.at(whole, rep, held)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
