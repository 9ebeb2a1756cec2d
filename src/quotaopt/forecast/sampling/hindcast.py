"""What the whole forecast, mean and distribution, would have said before: back-test of the draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from quotaopt.forecast.backtest import Backtest, choose_origins, measure_accuracy
from quotaopt.forecast.panel import Floats, Panel, month_name
from quotaopt.forecast.pool.pooled import make_outlook
from quotaopt.forecast.sampling.draws import Draws, make_draws
from quotaopt.forecast.sampling.scores import Tally, tally

NAIVES = ("seasonal_naive", "last_year_sum")
EVERY = "all"

Tallies = Mapping[tuple[str, str], Tally]  # by level, and month or sum


def backtest_distribution(
    panel: Panel,
    horizon: int,
    method: str = "auto",
    origins: Sequence[int] = (),
    level: float = 0.8,
    samples: int = 400,
    seed: int = 0,
) -> pd.DataFrame:
    """Forecast from each origin with the months before it only, and score what came, for the reps mature by then.

    Parameters
    ----------
    method : a forecaster; `seasonal_naive` and `last_year_sum` are scored beside it, their draws made from their own
        errors at pseudo-origins in the same way.
    origins : months known at each; by default those of the back-test that chooses the method.
    level : share of outcomes that the interval should hold.

    Returns
    -------
    pd.DataFrame
        One row per origin, level (all, region, rep, product, cell) and method; origin ``all`` takes all together.

        - origin : first month forecast, as ``YYYY-MM``.
        - wape_month, wape_sum, bias, mase : see `measure_accuracy`.
        - crps_month, crps_sum : scaled CRPS of months and of sums over the horizon, see `tally`.
        - coverage_month, coverage_sum : share of outcomes inside the interval; right is `level`.
        - width_month, width_sum : mean width of the interval, over mean absolute sales.
        - chosen : this is `method`.
    """
    fitting, ahead = choose_origins(panel.length, horizon)
    origins = tuple(sorted(origins or fitting))
    ahead = ahead if origins == tuple(sorted(fitting)) else horizon
    methods = tuple(dict.fromkeys((*NAIVES, method)))
    shape = (len(origins), *panel.values.shape[:2], ahead)
    actual = np.full(shape, np.nan)
    predicted = {name: np.full(shape, np.nan) for name in methods}
    found: list[dict[str, Tallies]] = []
    for i, origin in enumerate(origins):
        known = panel.until(origin)
        mature = known.of(known.mature)
        came = panel.values[known.mature, :, origin : origin + ahead]
        actual[i, known.mature, :, : came.shape[2]] = came
        found.append({})
        for name in methods:
            outlook = make_outlook(mature, ahead, name)
            predicted[name][i, known.mature] = outlook.mean
            draws = make_draws(mature, outlook, outlook.mean, samples=samples, seed=seed)
            found[-1][name] = score_draws(draws, actual[i, known.mature], level)
    hide = np.isnan(actual)
    test = Backtest(panel, origins, actual, {n: np.where(hide, np.nan, p) for n, p in predicted.items()})
    firsts = [month_name(panel.first + origin) for origin in origins]
    tables = [_table(_only(test, i), *pair, method) for i, pair in enumerate(zip(firsts, found, strict=True))]
    total = {name: _sum_up([tallies[name] for tallies in found]) for name in methods}
    return pd.concat([*tables, _table(test, EVERY, total, method)], ignore_index=True)


def score_draws(draws: Draws, actual: Floats, level: float) -> Tallies:
    """Tallies of every level, of months and of sums over the horizon; `actual` (reps, products, months), nan unknown.

    Months that are not known are left out on both sides.
    """
    panel = draws.panel
    there = ~np.isnan(actual)
    n_reps, n_products, months = actual.shape
    reps, products = np.zeros((n_reps, months, draws.samples)), np.zeros((n_products, months, draws.samples))
    cells = (Tally(), Tally())
    for block, paths in draws.blocks():
        paths *= there[block][..., None]
        reps[block] = paths.sum(axis=1)
        products += paths.sum(axis=0)
        scored = _both(paths.reshape(-1, months, draws.samples), actual[block].reshape(-1, months), level)
        cells = (cells[0].plus(scored[0]), cells[1].plus(scored[1]))
    _, region = np.unique(panel.region.astype(str), return_inverse=True)
    regions = np.equal.outer(np.arange(region.max(initial=-1) + 1), region).astype(np.float64)
    by_rep = np.where(there.any(axis=1), np.nansum(actual, axis=1), np.nan)
    filled = np.nan_to_num(by_rep)
    pairs = {
        "all": (reps.sum(axis=0)[None], filled.sum(axis=0)[None]),
        "region": (np.tensordot(regions, reps, axes=1), regions @ filled),
        "rep": (reps, by_rep),
        "product": (products, np.nansum(actual, axis=0)),
    }
    out = {name: _both(*pair, level) for name, pair in pairs.items()} | {"cell": cells}
    return {(name, what): t for name, both in out.items() for what, t in zip(("month", "sum"), both, strict=True)}


def _both(paths: Floats, actual: Floats, level: float) -> tuple[Tally, Tally]:
    """Tallies of months and of their sum."""
    sums = np.where(np.isnan(actual).all(axis=1), np.nan, np.nansum(actual, axis=1))
    return tally(paths, actual, level), tally(paths.sum(axis=1), sums, level)


def _sum_up(tallies: Sequence[Tallies]) -> Tallies:
    out: dict[tuple[str, str], Tally] = {}
    for some in tallies:
        for key, value in some.items():
            out[key] = out.get(key, Tally()).plus(value)
    return out


def _only(test: Backtest, i: int) -> Backtest:
    at = slice(i, i + 1)
    return replace(
        test, origins=test.origins[at], actual=test.actual[at], predicted={n: p[at] for n, p in test.predicted.items()}
    )


def _table(test: Backtest, origin: str, found: Mapping[str, Tallies], method: str) -> pd.DataFrame:
    """One row per level and method, with the errors of the mean and the scores of the distribution."""
    table = measure_accuracy(test, method).drop(columns="origins")
    table.insert(0, "origin", origin)
    chosen = table.pop("chosen")
    for measure, value in (("crps", "crps"), ("coverage", "coverage"), ("width", "mean_width")):
        for what in ("month", "sum"):
            table[f"{measure}_{what}"] = [
                getattr(found[name][level, what], value)
                for level, name in zip(table["level"], table["method"], strict=True)
            ]
    return table.assign(chosen=chosen)
