"""From past sales to what each rep can sell: mean, interval, accuracy, and what a planner should know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.errors import Finding
from quotaopt.forecast.backtest import measure_accuracy, run_backtest
from quotaopt.forecast.history.cleared import Cleared, clear_history
from quotaopt.forecast.history.fence import list_cuts, note_keeps
from quotaopt.forecast.history.tenure import note_ramp
from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.notes import list_months, note_cells, note_cuts, note_floor, note_history, note_losses, note_test
from quotaopt.forecast.panel import YEAR, Bools, Floats, Ints, Panel, Texts, month_number
from quotaopt.forecast.peers import Peers, find_peers
from quotaopt.forecast.pool.combine import NAIVE
from quotaopt.forecast.pool.outlook import Outlook, keep_cuts
from quotaopt.forecast.pool.pooled import make_outlook
from quotaopt.forecast.sampling.draws import make_draws
from quotaopt.forecast.vacant import leave_vacant

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

NAIVES = (NAIVE, "last_year_sum")


@dataclass(frozen=True, eq=False)
class Forecast:
    """What a fully ramped, full-time rep would sell, in money; upper levels are sums of the cells.

    Attributes
    ----------
    reps, products, months : sorted ids and the plan months.
    mean, low, high : mean and central interval of a month, shape (reps, products, months); never negative.
    rep_mean, rep_spread : mean and standard deviation of each rep's sum over the plan, shape (reps,).
    last_year : booked sales 12 months before each plan month, shape (reps, products, months); 0 where none.
    full_last_year : the rep was there in all of those months, shape (reps,).
    method : how the mean was made, shape (reps, products).
    months_used : months of history, shape (reps,).
    flag : what is special about the rep; empty when nothing is, shape (reps,).
    own_weight : weight on own history, 1 unless new, shape (reps,).
    accuracy : the back-test, see `measure_accuracy`.
    notes : what a planner should know.
    fenced : one-off orders that were cut for the forecast, see `list_cuts`.
    floored : plan months in which returns would exceed sales, forecast zero: rep_id, product_id, period, amount.
    samples, product_samples : joint sample paths of each rep's and each product's months, shapes (reps, months, draws)
        and (products, months, draws): draw `b` is one way the plan's months may go, for all at once.
    vacant : what nobody is there to sell, one row per holder (rep or territory) × month: holder, region, period,
        potential.
    """

    reps: tuple[str, ...]
    products: tuple[str, ...]
    months: tuple[str, ...]
    mean: Floats
    low: Floats
    high: Floats
    rep_mean: Floats
    rep_spread: Floats
    last_year: Floats
    full_last_year: Bools
    method: Texts
    months_used: Ints
    flag: Texts
    own_weight: Floats
    accuracy: pd.DataFrame
    notes: tuple[Finding, ...]
    fenced: pd.DataFrame
    floored: pd.DataFrame
    samples: Floats
    product_samples: Floats
    vacant: pd.DataFrame = field(default_factory=pd.DataFrame)

    def rep_quantiles(self, levels: Sequence[float]) -> Floats:
        """Quantiles of each rep's sum over the plan, shape (reps, levels)."""
        return np.asarray(np.quantile(self.samples.sum(axis=1), levels, axis=1).T)


def make_forecast(inputs: Inputs, settings: Settings) -> Forecast:
    """Forecast every rep × product × plan month by ``settings.forecast.method``.

    Raises
    ------
    UnknownNameError
        If there is no such method.
    InputError
        If the roster names a ramp profile that the scenario does not have.
    """
    method = settings.forecast.method
    forecasters[method]  # an unknown name must not wait for the back-test
    cleared = clear_history(inputs, settings)
    past, panel = cleared.past, cleared.panel
    outlook = make_outlook(cleared.mature, cleared.horizon, method)
    found = {**outlook.members, method: outlook}
    test = run_backtest(panel, tuple(dict.fromkeys((*NAIVES, *found))), cleared.horizon, found)
    peers = find_peers(panel)
    sold = _on_sale(inputs.products, panel, settings.months)
    said = _say_all(cleared, outlook, peers) * (1 + cleared.again) * cleared.calendar.ahead
    signed = np.where(sold, said[:, :, past.gap :], 0.0)
    mean = np.maximum(signed, 0.0)
    spread = keep_cuts(outlook, (past.panel.values - cleared.fenced.values)[panel.mature])
    draws = make_draws(panel, spread, mean, peers, settings.forecast.samples, settings.forecast.seed)
    paths = draws.summarise(settings.forecast.level, np.where(past.vacant[:, None], 0.0, past.held))
    floored = list_months(panel, settings.months, np.minimum(signed, 0.0))
    cuts, accuracy = list_cuts(past.panel, cleared.fenced), measure_accuracy(test, method)
    notes = [*past.notes, *note_history(panel.of(past.holds)), *note_test(test, method, outlook.choice)]
    notes += [*note_losses(accuracy), *outlook.notes, *note_cells(panel, sold)]
    notes += [*note_cuts(cuts, past.panel, cleared.again), *note_floor(floored, mean)]
    notes += [*cleared.calendar.note(), *note_keeps(past.panel, settings.forecast)]
    notes += note_ramp(past.panel, inputs, settings)
    made = Forecast(
        reps=panel.reps,
        products=panel.products,
        months=tuple(settings.months),
        mean=mean,
        low=np.maximum(paths.low, 0.0),
        high=paths.high,
        rep_mean=mean.sum(axis=(1, 2)),
        rep_spread=paths.reps.sum(axis=1).std(axis=1),
        last_year=past.last_year,
        full_last_year=past.full_last_year,
        method=_name_methods(panel, peers, str(outlook.choice), sold),
        months_used=panel.seen.sum(axis=1),
        flag=np.where(past.holds & (peers.flag != ""), peers.flag, past.flag),
        own_weight=peers.own_weight,
        accuracy=accuracy,
        notes=tuple(notes),
        fenced=cuts,
        floored=floored,
        samples=paths.reps,
        product_samples=paths.products,
    )
    return leave_vacant(made, past, inputs, settings)


def _say_all(cleared: Cleared, outlook: Outlook, peers: Peers) -> Floats:
    """What is said of all reps, shape (reps, products, horizon): new hires borrow from the mature ones."""
    panel = cleared.panel
    mean = np.zeros((*panel.values.shape[:2], cleared.horizon))
    mean[panel.mature] = outlook.mean
    return peers.blend(panel, mean)


def _on_sale(table: pd.DataFrame, panel: Panel, months: Sequence[str]) -> Bools:
    """Which products can be sold in which plan month, shape (products, months).

    Not before the launch month, not after the end month, not after a year in which nobody sold any.
    """
    table = table.set_index("product_id").reindex(list(panel.products)).fillna("")
    number = np.array([month_number(m) for m in months])
    launch, end = (
        np.array([month_number(str(m)) if m else missing for m in table[column]])
        for column, missing in (("launch_month", 0), ("end_month", 10**6))
    )
    alive = (np.nan_to_num(panel.values[:, :, -YEAR:]) != 0).any(axis=(0, 2)) | (panel.length < YEAR)
    return np.asarray((number >= launch[:, None]) & (number <= end[:, None]) & alive[:, None])


def _name_methods(panel: Panel, peers: Peers, name: str, sold: Bools) -> Texts:
    out = np.full(panel.values.shape[:2], name, dtype=object)
    out[~panel.mature] = "own and peers"
    out[peers.own_weight == 0] = "peers"
    out[:, ~sold.any(axis=1)] = "not on sale"
    return out


def forecast_table(forecast: Forecast) -> pd.DataFrame:
    """One row per rep × product × period: potential, low, high, method, months_used, flag."""
    shape = forecast.mean.shape
    return pd.DataFrame(
        {
            **cell_columns(forecast),
            "potential": forecast.mean.ravel(),
            "low": forecast.low.ravel(),
            "high": forecast.high.ravel(),
            "method": np.broadcast_to(forecast.method[:, :, None], shape).ravel(),
            "months_used": np.broadcast_to(forecast.months_used[:, None, None], shape).ravel(),
            "flag": np.broadcast_to(forecast.flag[:, None, None], shape).ravel(),
        }
    )


def cell_columns(forecast: Forecast) -> dict[str, NDArray[np.object_]]:
    """The columns rep_id, product_id and period of a table with one row per cell, in C order."""
    sides = [np.array(side, dtype=object) for side in (forecast.reps, forecast.products, forecast.months)]
    grid = np.meshgrid(*sides, indexing="ij")
    return {name: g.ravel() for name, g in zip(("rep_id", "product_id", "period"), grid, strict=True)}
