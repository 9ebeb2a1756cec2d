"""Simulations of several runs as one table: values, ranges, and changes against the first run draw by draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from quotaopt.columns.quality import SIMULATION
from quotaopt.measures.statistics import LEVEL, central, wilson
from quotaopt.record import shape
from quotaopt.simulate.effects import list_effects
from quotaopt.simulate.future import Future, same_draws
from quotaopt.simulate.hedge import hedge_by_risk
from quotaopt.simulate.risk import TAILS, mean_of_worst, weigh
from quotaopt.simulate.rows import Drawn, drawn_rows

Floats = NDArray[np.float64]
Values = dict[str, Any]


def simulate(futures: Sequence[Future], weights: Sequence[float] = (), omega: float | None = None) -> pd.DataFrame:
    """Everything of every run; columns `columns.quality.SIMULATION`.

    Runs of one forecast share their draws (common random numbers): then the range of a change is that of the
    difference in one and the same future, which is far narrower than that of two separate futures.

    Parameters
    ----------
    weights, omega : as `weigh` takes them; without weights no run's world has a probability.
    """
    common = same_draws(list(futures))
    first = {(d.level, d.key, d.measure): d for d in drawn_rows(futures[0])}
    rows: list[Values] = []
    for future in futures:
        for drawn in drawn_rows(future):
            base = first.get((drawn.level, drawn.key, drawn.measure)) if future is not futures[0] else None
            rows.append({"run": future.run.id, **_value(drawn), **(_change(drawn, base, common) if base else {})})
        rows.append({"run": future.run.id, **hedge_by_risk(future)})
        if future is not futures[0]:
            rows += [{"run": future.run.id, **effect} for effect in list_effects(futures[0], future)]
    rows += weigh(futures, weights, omega) if weights else ()
    return shape(pd.DataFrame(rows), SIMULATION)


def _value(drawn: Drawn) -> Values:
    low, high = _interval(drawn)
    named = {key: getattr(drawn, key) for key in ("level", "key", "name", "measure", "unit", "about")}
    return {**named, "value": _at(drawn), "low": low, "high": high}


def _at(drawn: Drawn) -> float:
    if drawn.at in TAILS:
        return mean_of_worst(drawn.draws, TAILS[str(drawn.at)])
    return float(np.quantile(drawn.draws, drawn.at) if isinstance(drawn.at, float) else drawn.draws.mean())


def _interval(drawn: Drawn) -> tuple[float, float]:
    """Of a chance Wilson's interval, because so many draws were counted; else the range of the draws."""
    if drawn.at == "chance":
        return wilson(float(drawn.draws.sum()), drawn.draws.size)
    if drawn.at in TAILS or drawn.measure.startswith(("pay_p", "coverage_")) or drawn.measure == "pay_on_target":
        return float("nan"), float("nan")  # a quantile or tail of what stands above it; a sum that no draw changes
    return central(drawn.draws)


def _change(drawn: Drawn, base: Drawn, common: bool) -> Values:
    """The difference of the values; its range draw by draw, or of its mean where a chance was counted."""
    change = {"change": _at(drawn) - _at(base)}
    if not common or drawn.at in TAILS:
        return change
    difference = drawn.draws - base.draws
    if drawn.at == "chance":
        half = float(ndtri(0.5 + LEVEL / 2)) * float(difference.std()) / np.sqrt(difference.size)
        low, high = change["change"] - half, change["change"] + half
    else:
        low, high = central(difference)
    return {**change, "change_low": low, "change_high": high}
