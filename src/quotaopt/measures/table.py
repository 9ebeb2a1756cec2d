"""All measures of a plan as one table, with verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import numpy as np
import pandas as pd

from quotaopt.columns import MEASURES
from quotaopt.measures.view import PlanView, Row, measure

Own = tuple[str, float, str, str, str]
LEAST_REPS = 5
HEALTHY: Final[dict[str, tuple[float, float]]] = {
    "reps_at_quota": (0.5, 0.7),
    "reps_near_quota": (0.6, 1.0),
    "reps_below_80": (0.0, 0.25),
    "past_reps_at_quota": (0.5, 0.7),
    "past_reps_near_quota": (0.6, 1.0),
    "size_bias": (-0.2, 0.2),
    "growth_reward": (0.0, 1.0),
    "region_bias": (0.0, 0.1),
    "role_bias": (0.0, 0.1),
    "tenure_bias": (0.0, 0.1),
    "quota_potential": (0.7, 1.0),
    "share_ratio_min": (0.8, np.inf),
    "share_ratio_max": (0.0, 1.25),
    "stretch_max": (0.0, 1.0),
    "stretch_gini": (0.0, 0.1),
    "stretch_jain": (0.98, 1.0),
    "chance_range": (0.0, 0.15),
    "dominance_inversions": (0.0, 0.0),
    "overassignment_cumulative": (-np.inf, 0.2),
    "overassignment_region": (-np.inf, 0.2),
    "overassignment_product": (-np.inf, 0.2),
    "attainment_factor": (0.8, 1.0),
    "coverage_p50": (1.0, np.inf),
    "uncovered_share": (0.0, 0.05),
    "seasonality_fit": (0.0, 0.05),
    "stability": (0.2, 0.6),
    "growth_headroom": (0.0, 1.0),
    "hours_used": (0.0, 0.9),
    "on_time": (0.95, 1.0),
    "change_rate": (0.0, 0.3),
    "forecast_bias": (-0.03, 0.03),
    "ratchet_max": (-np.inf, 0.5),
    "noise_max": (0.0, 0.02),
}
"""Lowest and highest value that practice calls healthy. Outside, the verdict is ``look``: not wrong, worth a reason."""
OF_REPS = ("stretch_", "chance_")  # measures of the plan's own table that are about a group of reps
EDGE = 1e-9


def measure_table(view: PlanView, own: pd.DataFrame, more: Sequence[Own] = ()) -> pd.DataFrame:
    """The plan's own measures and all of the registry, with verdicts; columns `columns.MEASURES`.

    Parameters
    ----------
    own : as `Plan.measures`.
    more : measure, value, unit, better and words of what other tables of the run add up to.
    """
    reps = int((view.rep_capacity > 0).sum())
    rows = [
        Row(r.measure, r.value, r.unit, r.about, r.better, reps=reps if r.measure.startswith(OF_REPS) else None)
        for r in (cast("Any", row) for row in own.itertuples())
    ]
    rows += [Row(name, value, unit, about, better) for name, value, unit, better, about in more]
    for name in measure:
        rows += measure[name](view)
    return rows_table(rows)


def rows_table(rows: list[Row]) -> pd.DataFrame:
    """Rows as a table, each with its verdict."""
    judged = [row._replace(verdict=verdict(row)) for row in rows]
    return pd.DataFrame(judged, columns=list(Row._fields))[[column.name for column in MEASURES]]


def verdict(row: Row) -> str:
    """``ok``, ``look``, or nothing where there is no healthy range, or too few reps to judge.

    The verdict on a share that was counted on few reps waits for evidence: ``look`` only when its interval lies
    outside the healthy range altogether.
    """
    if (row.reps is not None and row.reps < LEAST_REPS) or np.isnan(row.value):
        return ""
    if row.verdict or row.measure not in HEALTHY:
        return row.verdict
    low, high = HEALTHY[row.measure]
    counted = row.measure.startswith("past_") or row.measure == "stability"
    least, most = (row.low, row.high) if counted else (row.value, row.value)
    return "ok" if most >= low - EDGE and least <= high + EDGE else "look"
