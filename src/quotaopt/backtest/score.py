"""How good a division was: against what each rep sold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.backtest.past import Past
from quotaopt.backtest.splits import LAST_YEAR
from quotaopt.forecast.panel import YEAR, month_name, month_number
from quotaopt.measures.attainment import CLOSE, band_shares
from quotaopt.measures.bias import ALIKE
from quotaopt.measures.statistics import rank_correlation, wilson

EVERY = "all"
KINDS = {"plan": "plan", "real quotas": "real", "potential": "potential"}


def score(past: Past, quotas: Mapping[str, pd.Series[float]]) -> pd.DataFrame:
    """One row for each method at one origin."""
    settings = past.scenario.settings
    from_month = month_name(month_number(settings.first_month) - YEAR)
    recent = past.inputs.history[past.inputs.history["month"] >= from_month]
    size = recent.groupby("rep_id")["amount"].sum().reindex(past.actual.index).fillna(0.0)
    rows = [
        {"origin": settings.first_month, "last": settings.last_month, "method": name, "kind": KINDS.get(name, "simple"),
         "total": past.total, **measure_split(quota, past.actual, size)}
        for name, quota in quotas.items()
    ]  # fmt: skip
    return with_skill(pd.DataFrame(rows))


def measure_split(quota: pd.Series[float], actual: pd.Series[float], size: pd.Series[float]) -> dict[str, Any]:
    """The measures of one division.

    ``misallocated = Σ |quota − actual| / (2 Σ actual)``; attainment is actual / quota of the reps with a quota.
    """
    total = float(actual.sum())
    asked = quota > 0
    attainment = np.asarray(actual[asked] / quota[asked], dtype=np.float64)
    hits = int((attainment >= 1 - CLOSE).sum())
    low, high = wilson(hits, attainment.size)
    near = float(band_shares(attainment[:, None], 0.8, 1.2)[0])
    sizes = np.asarray(size[asked], dtype=np.float64)
    return {
        "reps": int(attainment.size),
        "misallocated": float((quota - actual).abs().sum()) / (2 * total),
        "median_error": float(np.median(np.abs(attainment - 1))),
        "near_quota": near,
        "at_quota": hits / attainment.size,
        "at_quota_low": low,
        "at_quota_high": high,
        "size_bias": float(rank_correlation(np.round(attainment[:, None], ALIKE), sizes[:, None])[0])
        if attainment.size > 2
        else np.nan,
    }


def with_skill(table: pd.DataFrame) -> pd.DataFrame:
    """Skill against the best simple method, and of the median error against last year's sales."""
    simple = table[(table["kind"] == "simple") & (table["method"] != "equal")]["misallocated"].min()
    median = table.loc[table["method"] == LAST_YEAR, "median_error"]
    nan = float("nan")
    table["skill"] = 1 - table["misallocated"] / simple if simple > 0 else nan
    table["skill_median"] = 1 - table["median_error"] / median.iloc[0] if len(median) and median.iloc[0] > 0 else nan
    return table


def pool(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All origins together: money weighed by money, shares of reps by reps; methods that every origin has."""
    table = pd.concat(parts, ignore_index=True)
    rows = []
    for method, part in table.groupby("method", sort=False):
        if len(part) < len(parts):
            continue
        reps, total = part["reps"], part["total"]
        hits = float((part["at_quota"] * reps).sum())
        low, high = wilson(hits, int(reps.sum()))
        mean = {
            name: float((part[name] * reps).sum(min_count=1) / reps[part[name].notna()].sum())
            for name in ("median_error", "near_quota", "size_bias")
        }
        rows.append(
            {"origin": EVERY, "last": "", "method": method, "kind": part["kind"].iloc[0], "reps": int(reps.sum()),
             "total": float(total.sum()), "misallocated": float((part["misallocated"] * total).sum() / total.sum()),
             "at_quota": hits / float(reps.sum()), "at_quota_low": low, "at_quota_high": high, **mean}
        )  # fmt: skip
    return with_skill(pd.DataFrame(rows))
