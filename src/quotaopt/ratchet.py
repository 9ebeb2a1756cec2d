"""By how much a rep's quota rises with what the rep sold: the ratchet, measured by planning again.

A rep whose next quota takes back most of what is sold today sells less in December (Weitzman, Bell Journal of
Economics 1980). The derivative is measured: 1 % more sales of one rep over the last twelve months, everything else
as it was, forecast and quotas made anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from quotaopt.archive import Run
from quotaopt.case import Case, open_run
from quotaopt.errors import NoPlanError
from quotaopt.forecast.panel import YEAR, month_name, month_number
from quotaopt.measures.table import rows_table
from quotaopt.measures.view import Row
from quotaopt.scenario import Scenario
from quotaopt.tables import Inputs

STEP = 0.01
FINEST = 10  # rounding units that 1 % must be worth: less is rounding


def measure_ratchet(run: Run, project: Path, most: int = 20) -> pd.DataFrame:
    """``Δ quota / Δ sales`` of the reps with the largest sales, as rows of ``measures.csv``.

    Parameters
    ----------
    most : how many reps are tried; each takes a forecast and a plan.

    Raises
    ------
    InputError
        If the run's scenario or data cannot be read any more.
    NoPlanError
        If there is no plan to start from, or nobody sold enough to see anything.
    """
    case = open_run(run, project)
    scenario, inputs, base = case.scenario, case.inputs, case.plan().by_rep()
    sales = recent_sales(inputs).reindex(base.index).fillna(0.0)
    unit = float(scenario.settings.rounding.to)
    tried = sales[sales * STEP >= FINEST * unit].sort_values(ascending=False, kind="stable").index[:most]
    if not len(tried):
        raise NoPlanError(f"1 % of nobody's sales is {FINEST} rounding units: there is no ratchet to measure")
    rho = pd.Series({rep: _rise(scenario, inputs, base, str(rep), float(sales[rep])) for rep in tried})
    whole = f"of {len(rho)} reps" if len(rho) == len(base) else f"of the {len(rho)} largest of {len(base)} reps"
    about = f"highest change of quota / change of sales, with 1 % more sales each, {whole}: {rho.idxmax()}"
    rows = [
        Row("ratchet_max", float(rho.max()), "ratio", about, "lower", reps=len(base)),
        Row("ratchet_median", float(rho.median()), "ratio", f"median of the same, {whole}", "lower", reps=len(base)),
    ]
    rows += [
        Row(f"ratchet {rep}", float(value), "ratio", "change of quota / change of sales") for rep, value in rho.items()
    ]
    return rows_table(rows)


def recent_sales(inputs: Inputs) -> pd.Series[float]:
    """Each rep's sales over the last twelve months of the history."""
    return inputs.history[_recent(inputs)].groupby("rep_id")["amount"].sum()


def _recent(inputs: Inputs) -> pd.Series[bool]:
    months = inputs.history["month"]
    return months > month_name(month_number(str(months.max())) - YEAR)


def _rise(scenario: Scenario, inputs: Inputs, base: pd.Series[float], rep: str, sold: float) -> float:
    """Change of one rep's quota / change of the rep's sales."""
    history = inputs.history
    more = np.where(_recent(inputs) & (history["rep_id"] == rep), 1 + STEP, 1.0)
    changed = replace(inputs, history=history.assign(amount=history["amount"] * more))
    return float((Case(scenario, given=changed).plan().by_rep()[rep] - base[rep]) / (STEP * sold))
