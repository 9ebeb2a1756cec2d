"""What became of the quotas there were (``data.quotas``): the last year, and whether it was like the year before."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from quotaopt.forecast.panel import YEAR, month_name, month_number
from quotaopt.measures.attainment import BANDS, CLOSE
from quotaopt.measures.statistics import correlation_range, rank_correlation, wilson
from quotaopt.measures.view import PlanView, Row, measure


@measure
def past_quotas(view: PlanView) -> Iterator[Row]:
    """Attainment of last year's quotas, and its rank correlation with that of the year before."""
    quotas = view.inputs.more.get("quotas", pd.DataFrame())
    if not len(quotas):
        return
    end = month_number(str(view.inputs.history["month"].max())) + 1
    last, before = (past_attainment(view.inputs.history, quotas, end - k * YEAR) for k in (0, 1))
    for name in ("reps_at_quota", "reps_near_quota") if len(last) else ():
        low, high, better, words = BANDS[name]
        hits = int(((last >= low - CLOSE) & (last <= high + CLOSE)).sum())
        about = f"share of reps who were {words} in the last twelve months: {hits} of {len(last)}"
        yield Row(f"past_{name}", hits / len(last), "ratio", about, better, *wilson(hits, len(last)), len(last))
    both = pd.concat({"last": last, "before": before}, axis=1).dropna().to_numpy(float)
    if len(both) > 3:
        rho = float(rank_correlation(both[:, :1], both[:, 1:])[0])
        about = "Spearman correlation of attainment in the last two years; near 1 quotas favour the same patches"
        yield Row("stability", rho, "", about, "", *correlation_range(rho, len(both)), len(both))


def past_attainment(history: pd.DataFrame, quotas: pd.DataFrame, end: int) -> pd.Series[float]:
    """Sales / quota by rep over the twelve months before month number `end`, where there was a quota."""
    first, last = month_name(end - YEAR), month_name(end - 1)
    sold, asked = (
        table[(table["month"] >= first) & (table["month"] <= last)]
        .astype({column: float})
        .groupby("rep_id")[column]
        .sum()
        for table, column in ((history, "amount"), (quotas, "quota"))
    )
    asked = asked[asked > 0]
    return sold.reindex(asked.index).fillna(0.0) / asked
