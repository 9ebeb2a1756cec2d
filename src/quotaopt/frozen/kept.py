"""How well a frozen plan was kept: published in time, and how often it was changed since."""

from __future__ import annotations

import pandas as pd

from quotaopt.forecast.panel import YEAR
from quotaopt.frozen.plans import KEYS, Frozen
from quotaopt.measures.table import rows_table
from quotaopt.measures.view import Row


def frozen_measures(plan: Frozen) -> pd.DataFrame:
    """Timeliness and rate of change of a frozen plan, as rows of ``measures.csv``.

    A quota is in time when what it is today was written down before its month began: frozen, or revised, by then.
    """
    cells = plan.plan[KEYS]
    last = plan.ledger.drop_duplicates(KEYS, keep="last").set_index(KEYS)["written"]
    written = last.reindex(pd.MultiIndex.from_frame(cells)).fillna(str(plan.record["frozen"]))
    in_time = (written.str[:10].to_numpy(str) < (cells["month"] + "-01").to_numpy(str)).mean()
    reps, years = cells["rep_id"].nunique(), cells["month"].nunique() / YEAR
    times = len(plan.ledger.drop_duplicates(["revision", "rep_id"]))
    rows = [
        Row("on_time", float(in_time), "ratio", f"share of quotas of plans/{plan.name} that stood before their month",
            "higher", reps=reps),
        Row("change_rate", times / (reps * years), "", "revisions for each rep and year since it was frozen", "lower",
            reps=reps),
        Row("changed_quotas", len(last) / len(cells), "ratio", "share of quotas that were changed since", "lower",
            reps=reps),
    ]  # fmt: skip
    return rows_table(rows)
