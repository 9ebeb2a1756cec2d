"""One-off orders: a month far beyond what a rep × product sells is cut, for the forecast only.

As Tukey's box plot does (1977), an outer fence says what is a one-off, and an inner fence, half as far, to what it is
cut. The outer one stands at ``level × season × (1 + reach × scale)``. *Level* is the median of the months with sales
around the month, so that it follows growth; *scale* the median excess of the months above it; the *reach* is at least
six such scales, and so many more as the tail of all series together is heavy (an exponential tail beyond a high
quantile, Pickands 1975). Months without sales say nothing of the size of an order and do not count, so that the
orders of a rarely sold product are held against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.errors import Finding
from quotaopt.forecast.panel import Bools, Floats, Panel, month_name, month_number, warn
from quotaopt.forecast.pool.season import season_factors

if TYPE_CHECKING:
    from quotaopt.settings import Forecasting, Whale

SIDE = 6  # months with sales on each side that make the level
FEWEST = 3  # months with sales; of two nobody can say which is the ordinary one
LEAST = 2.0  # less than twice the ordinary moves a year by less than a tenth: never cut
AGAIN = 1.5  # nor what the series came near, up to this factor, in another month: seasons, steps and launches do
REACH, INNER = 6.0, 0.5
OWN = 12  # a series' own scale counts as much as that of all series once it has this many months with sales
RARE = 1e-3  # share of ordinary months that may lie beyond the outer fence
BODY, TAIL = 0.90, 0.975  # quantiles the tail is drawn through; further out lie the one-offs themselves
CROWD = 5  # reps with sales that make a product's month: what most of them sold more is no one-off
LOW_SEASON = 0.3  # in low season the fence goes down to this share of the level, not to nothing
FEW_CUTS = 10  # one-offs that say half as much as very many of how often they come
ROUNDING = 1e-9
BLOCK = 4096  # series at a time


def fence_panel(panel: Panel, chosen: Forecasting) -> Panel:
    """The panel with one-off orders cut as the scenario says: see `fence`."""
    return fence(panel, _keep(panel, chosen.keep_whales)) if chosen.fence else panel


def note_keeps(panel: Panel, chosen: Forecasting) -> Iterator[Finding]:
    """A note for each declared order that is not in the history."""
    for whale in chosen.keep_whales:
        if not _keep(panel, [whale]).any():
            name = " ".join(filter(None, (whale.rep, whale.product, whale.month)))
            remedy = "Compare it with the history; forecast.months says how much of it is used."
            yield warn(f"forecast.keep_whales names {name}, which is not in the history used", remedy, code="fenced")


def fence(panel: Panel, keep: Bools | None = None) -> Panel:
    """The panel with one-off amounts, returns too, cut to the inner fence.

    Parameters
    ----------
    panel : past sales, money.
    keep : cells that are never cut, shape (reps, products, months).

    Notes
    -----
    Nothing is cut that is less than twice the level, or less than 1.5 times the largest other month of the series, or
    stands out no more than the product's month did for half of its reps. A series with fewer than three months with
    sales is left alone.
    """
    rough = _cut(panel, np.ones_like(panel.values))
    season = season_factors(replace(panel, values=rough))[:, :, panel.slots]
    values = _cut(panel, np.maximum(season, LOW_SEASON))
    return replace(panel, values=values if keep is None else np.where(keep, panel.values, values))


def expect_again(before: Panel, after: Panel) -> float:
    """What one-off orders add to sales in the long run, as a share of the ordinary: somebody will have one again.

    Large amounts are cut where they happened and what they add is charged to all alike, as insurers load a premium for
    large losses (Klugman, Panjer & Willmot, Loss Models). n cuts are believed by n / (n + 10), Bühlmann's credibility;
    new hires do not teach.
    """
    cut = np.nan_to_num(before.values - after.values)[before.mature]
    count, ordinary = np.count_nonzero(cut), float(np.nansum(after.values[before.mature]))
    share = float(cut.sum()) / ordinary if ordinary > 0 else 0.0
    return max(share, 0.0) * count / (count + FEW_CUTS)


def list_cuts(before: Panel, after: Panel) -> pd.DataFrame:
    """What the fence cut: one row per rep × product × month, the largest first.

    Columns
    -------
    rep_id, product_id, month : the cell.
    amount, kept, cut : money of a full-time, fully ramped rep; ``amount = kept + cut``.
    """
    r, p, t = np.nonzero(np.nan_to_num(before.values) != np.nan_to_num(after.values))
    amount, kept = before.values[r, p, t], after.values[r, p, t]
    table = pd.DataFrame(
        {
            "rep_id": np.array(before.reps, dtype=object)[r],
            "product_id": np.array(before.products, dtype=object)[p],
            "month": np.array([month_name(before.first + int(m)) for m in t], dtype=object),
            "amount": amount,
            "kept": kept,
            "cut": amount - kept,
        }
    )
    return table.iloc[np.argsort(-np.abs(amount - kept), kind="stable")].reset_index(drop=True)


def _keep(panel: Panel, whales: Sequence[Whale]) -> Bools:
    """Cells declared to be ordinary."""
    keep = np.zeros(panel.values.shape, dtype=bool)
    for whale in whales:
        reps, products = (
            np.array([not wanted or name == wanted for name in names])
            for wanted, names in ((whale.rep, panel.reps), (whale.product, panel.products))
        )
        month = np.arange(panel.length) == month_number(whale.month) - panel.first
        keep |= reps[:, None, None] & products[:, None] & month
    return keep


def _cut(panel: Panel, season: Floats) -> Floats:
    """Values cut around level × season."""
    shape = panel.values.shape
    sold = np.nan_to_num(panel.values) != 0
    size = np.where(sold, np.abs(panel.values) / season, np.nan)
    level = _levels(size.reshape(-1, shape[2])).reshape(shape)
    level *= _crowd((size / level)[panel.mature])
    ratio = (size / level).reshape(-1, shape[2])
    reach = _reach(ratio, np.repeat(panel.mature, shape[1]))[:, None]
    out = (ratio > np.maximum(1.0 + reach, LEAST)) & _singular(np.where(sold, np.abs(panel.values), 0.0), ratio.shape)
    inner = (1.0 + INNER * reach).reshape(*shape[:2], 1) * level * season
    return np.where(out.reshape(shape), np.copysign(inner, panel.values), panel.values)


def _levels(size: Floats) -> Floats:
    """Lower median of the month with sales and the six before and after it, shape (series, months); nan elsewhere."""
    out = np.empty_like(size)
    for start in range(0, len(size), BLOCK):
        block = size[start : start + BLOCK]
        # Months with sales move together to the front, so that windows count them and not the calendar.
        order = np.argsort(np.isnan(block), axis=1, kind="stable")
        packed = np.take_along_axis(block, order, axis=1)
        wide = np.pad(packed, ((0, 0), (SIDE, SIDE)), constant_values=np.nan)
        middle = _lower_median(np.lib.stride_tricks.sliding_window_view(wide, 2 * SIDE + 1, axis=1), 2)
        np.put_along_axis(out[start : start + BLOCK], order, np.where(np.isnan(packed), np.nan, middle), axis=1)
    return out


def _lower_median(values: Floats, axis: int) -> Floats:
    """Median of the numbers along an axis, the lower one of two; nan where there are none."""
    count = (~np.isnan(values)).sum(axis=axis, keepdims=True)
    return np.take_along_axis(np.sort(values, axis=axis), np.maximum(count - 1, 0) // 2, axis=axis).squeeze(axis)


def _crowd(ratio: Floats) -> Floats:
    """How far a product's month was above the ordinary for half of its reps, at least 1, shape (products, months)."""
    if not len(ratio):
        return np.ones(ratio.shape[1:])
    many = (~np.isnan(ratio)).sum(axis=0) >= CROWD
    return np.where(many, np.fmax(_lower_median(ratio, 0), 1.0), 1.0)


def _reach(ratio: Floats, mature: Bools) -> Floats:
    """How far above the level the outer fence stands, relative to it, shape (series,); new hires do not teach."""
    # The level is one of the months: that one is not above itself by a rounding error.
    above = np.where(ratio > 1 + ROUNDING, ratio - 1.0, np.nan)
    if np.isnan(above[mature]).all():
        return np.zeros(len(ratio))
    own, pool = _lower_median(above, 1), float(np.nanmedian(above[mature]))
    months = (~np.isnan(ratio)).sum(axis=1)
    scale = np.where(np.isnan(own), pool, (months * own + OWN * pool) / (months + OWN))
    relative = ((ratio - 1.0) / scale[:, None])[mature]
    body, tail = np.nanquantile(relative, [BODY, TAIL])
    slope = (tail - body) / np.log((1 - BODY) / (1 - TAIL))
    return np.asarray(max(REACH, float(tail + slope * np.log((1 - TAIL) / RARE))) * scale)


def _singular(size: Floats, shape: tuple[int, ...]) -> Bools:
    """Months that no other month of the series comes near, if there are enough with sales to say so."""
    size = size.reshape(shape)
    if shape[1] < FEWEST:
        return np.zeros(shape, dtype=bool)
    second = np.partition(size, -2, axis=1)[:, -2:-1]
    return np.asarray((size > AGAIN * second) & ((size > 0).sum(axis=1, keepdims=True) >= FEWEST))
