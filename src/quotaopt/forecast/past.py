"""From the history people bring to the panel a forecast is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.errors import Finding, InputError
from quotaopt.forecast.panel import YEAR, Bools, Floats, Panel, month_name, month_number, warn
from quotaopt.presence import check_profiles, count_heads, read_ramp

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

# Sales of a month in which the rep was hardly there say little about a full month: such a month is missing.
LEAST_PRESENCE = 0.25


@dataclass(frozen=True, eq=False)
class Past:
    """The panel a forecast is made from, and last year's sales as they were booked.

    Attributes
    ----------
    panel : the last `forecast.months` months of history.
    gap : months between the last month of history and the first of the plan.
    last_year : sales 12 months before each plan month, shape (reps, products, plan months); 0 where none.
    full_last_year : the rep was there in all of those months.
    notes : what a planner should know.
    """

    panel: Panel
    gap: int
    last_year: Floats
    full_last_year: Bools
    notes: tuple[Finding, ...]


def make_past(inputs: Inputs, settings: Settings) -> Past:
    """Align history, roster and products.

    Months before a rep's start date are missing, or before the first sale when that is earlier or no date is given;
    so are months after the end date, months before a product's launch, and months in which nobody sold anything.
    Amounts are divided by headcount × ramp, so that a half-time or ramping rep is not halved twice.

    Raises
    ------
    InputError
        If the roster names a ramp profile that the scenario does not have.
    """
    if findings := check_profiles(inputs, settings):
        raise InputError(findings)
    reps = tuple(sorted(map(str, inputs.roster["rep_id"])))
    products = tuple(sorted(map(str, inputs.products["product_id"])))
    plan = [month_number(m) for m in settings.months]
    history, notes = _before(inputs.history, plan[0])
    first, sales = _dense(history, reps, products, plan[0])
    roster = inputs.roster.set_index("rep_id").loc[list(reps)]
    there, presence = _presence(roster, sales, first, settings)
    empty = ~(sales != 0).any(axis=(0, 1))
    if empty.any():
        names = ", ".join(month_name(first + int(t)) for t in np.flatnonzero(empty)[:5])
        notes.append(warn(f"nobody sold anything in {names}: taken as missing, not as zero", code="empty_month"))
    values = sales / np.where(empty, np.nan, presence)[:, None, :]
    values[_before_launch(inputs.products, products, sales, first, values.shape)] = np.nan
    values = values[:, :, -settings.forecast.months :]
    region, role = (roster[c].astype(str).to_numpy(object) for c in ("region", "role"))
    end = first + sales.shape[2]
    panel = Panel(reps, products, end - values.shape[2], values, region, role)
    last_year, full = _last_year(sales, there, first, plan)
    if (gap := plan[0] - end) > 0:
        notes.append(warn(f"history ends {month_name(end - 1)}, {gap} months before the plan", code="history_gap"))
    return Past(panel, gap, last_year, full, tuple(notes))


def _before(history: pd.DataFrame, plan_start: int) -> tuple[pd.DataFrame, list[Finding]]:
    """History before the plan, and a note of what was left out."""
    late = history["month"].astype(str) >= month_name(plan_start)
    if not late.any():
        return history, []
    what = f"{int(late.sum())} rows of sales in or after {month_name(plan_start)}, where the plan starts, were not used"
    return history[~late], [warn(what, code="sales_in_plan")]


def _dense(
    history: pd.DataFrame, reps: tuple[str, ...], products: tuple[str, ...], plan_start: int
) -> tuple[int, Floats]:
    """First month number and booked sales, shape (reps, products, months); at least one month."""
    month = history["month"].astype(str)
    number = month.str[:4].astype(int).to_numpy() * YEAR + month.str[5:7].astype(int).to_numpy() - 1
    first, last = (int(number.min()), int(number.max())) if len(number) else (plan_start - 1, plan_start - 1)
    sales = np.zeros((len(reps), len(products), last - first + 1))
    r = pd.Index(reps).get_indexer(pd.Index(history["rep_id"].astype(str)))
    p = pd.Index(products).get_indexer(pd.Index(history["product_id"].astype(str)))
    known = (r >= 0) & (p >= 0)
    amount = history["amount"].to_numpy(np.float64)
    np.add.at(sales, (r[known], p[known], number[known] - first), amount[known])
    return first, sales


def _presence(roster: pd.DataFrame, sales: Floats, first: int, settings: Settings) -> tuple[Bools, Floats]:
    """Whether the rep was there, and full-time fully ramped reps present (nan when hardly); shapes (reps, months).

    A month with sales counts even outside the dates, as do those between it and the dates: an inherited territory
    was worked, and orders are booked after people leave.
    """
    months = [month_name(first + t) for t in range(sales.shape[2])]
    share = roster["headcount"].to_numpy(np.float64)
    share = np.where(share > 0, share, 1.0)[:, None]
    heads = count_heads(roster.assign(headcount=1.0), months)
    sold = (sales != 0).any(axis=1)
    dated, ended = (roster[c].notna().to_numpy()[:, None] for c in ("start_date", "end_date"))
    begun = np.maximum.accumulate(sold | (dated & (heads > 0)), axis=1)
    left = ~np.maximum.accumulate((sold | ~ended | (heads > 0))[:, ::-1], axis=1)[:, ::-1]
    full = np.where(heads > 0, heads * read_ramp(roster, months, settings), 1.0)
    there = begun & ~left
    return there, np.where(there & (full >= LEAST_PRESENCE), full * share, np.nan)


def _before_launch(
    table: pd.DataFrame, products: tuple[str, ...], sales: Floats, first: int, shape: tuple[int, ...]
) -> Bools:
    """Cells before the product's launch, shape (reps, products, months).

    Without a launch month it is the first sale by anyone, if the product sold in most months from then on:
    the first order of a rarely sold product is no launch.
    """
    given = table.set_index("product_id")["launch_month"].astype(str).reindex(list(products)).fillna("")
    sold = (sales != 0).any(axis=0)
    start = np.where(sold.any(axis=1), sold.argmax(axis=1), 0)
    since = sales.shape[2] - start
    steady = (since >= 3) & (sold.sum(axis=1) >= 0.75 * since)
    launch = np.where(steady, start, 0)
    named = np.array([month_number(m) - first if m else -1 for m in given])
    launch = np.where(named >= 0, np.minimum(named, start), launch)
    return np.asarray(np.broadcast_to(np.arange(sales.shape[2]) < launch[:, None], shape))


def _last_year(sales: Floats, there: Bools, first: int, plan: list[int]) -> tuple[Floats, Bools]:
    """Booked sales 12 months before each plan month, and whether the rep was there in all of them."""
    wanted = np.array(plan) - YEAR - first
    known = (wanted >= 0) & (wanted < sales.shape[2])
    at = np.where(known, wanted, 0)
    before_plan = np.array(plan) - YEAR < plan[0]
    full = ((there[:, at] & known) | ~before_plan).all(axis=1)
    return np.where(known, sales[:, :, at], 0.0), np.asarray(full)
