"""From the history people bring to the panel a forecast is made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.errors import Finding, InputError
from quotaopt.forecast.history.booked import Booked, before_launch, book
from quotaopt.forecast.history.breaks import note_breaks
from quotaopt.forecast.history.events import apply_events
from quotaopt.forecast.history.handover import follow_territories
from quotaopt.forecast.history.rows import Rows, stay_with_reps
from quotaopt.forecast.notes import list_names
from quotaopt.forecast.panel import Bools, Floats, Panel, Texts, month_name, month_number, warn
from quotaopt.forecast.weighted import note_weights
from quotaopt.presence import check_profiles

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs


@dataclass(frozen=True, eq=False)
class Past:
    """The panel a forecast is made from, and last year's sales as they were booked.

    Attributes
    ----------
    panel : the last `forecast.months` months of history; its rows are the reps of the roster, then what is vacant.
    gap : months between the last month of history and the first of the plan.
    last_year : sales 12 months before each plan month, shape (rows, products, plan months); 0 where none.
    full_last_year : the rep was there in all of those months.
    notes : what a planner should know.
    held, vacant, flag : see `Rows`.
    """

    panel: Panel
    gap: int
    last_year: Floats
    full_last_year: Bools
    notes: tuple[Finding, ...]
    held: Floats
    vacant: Bools
    flag: Texts

    @property
    def holds(self) -> Bools:
        """Whether anything is held in the plan, shape (rows,)."""
        return np.asarray((self.held > 0).any(axis=1))


def make_past(inputs: Inputs, settings: Settings) -> Past:
    """Align history, roster and products; let sales follow their territories where assignments are given.

    Months before a rep's start date are missing, or before the first sale when that is earlier or no date is given;
    so are months after the end date, months before a product's launch, months in which nobody sold anything, and
    months without any row of a rep who sells every month.
    Amounts are divided by headcount × ramp, so that a half-time or ramping rep is not halved twice.

    Raises
    ------
    InputError
        If the roster names a ramp profile that the scenario does not have.
    """
    if findings := check_profiles(inputs, settings):
        raise InputError(findings)
    plan = [month_number(m) for m in settings.months]
    history, notes = _before(inputs.history, plan[0])
    booked = book(inputs, settings, history, plan[0])
    empty = ~(booked.sales != 0).any(axis=(0, 1))
    if empty.any():
        names = ", ".join(month_name(booked.first + int(t)) for t in np.flatnonzero(empty)[:5])
        notes.append(warn(f"nobody sold anything in {names}: taken as missing, not as zero", code="empty_month"))
    notes += _note_missing(booked)
    rows = _find_rows(inputs, settings, booked, history, notes)
    values = np.where(empty | before_launch(inputs.products, booked), np.nan, rows.values)
    values = values[:, :, -settings.forecast.months :]
    end = booked.first + booked.sales.shape[2]
    weights = tuple(settings.forecast.weights)
    panel = Panel(rows.names, booked.products, end - values.shape[2], values, rows.region, rows.role, weights)
    panel, said = apply_events(panel, settings.forecast.events)
    notes += [*said, *note_breaks(panel)]
    if settings.forecast.method == "weighted_years":
        notes += note_weights(panel)
    if (gap := plan[0] - end) > 0:
        notes.append(warn(f"history ends {month_name(end - 1)}, {gap} months before the plan", code="history_gap"))
    return Past(panel, gap, rows.last_year, rows.full_last_year, tuple(notes), rows.held, rows.vacant, rows.flag)


def _find_rows(inputs: Inputs, settings: Settings, booked: Booked, history: pd.DataFrame, notes: list[Finding]) -> Rows:
    plan = [month_number(m) for m in settings.months]
    if inputs.assignments is None or settings.data.history_follows == "rep":
        return stay_with_reps(booked, plan)
    rows, found = follow_territories(booked, inputs.assignments, history, plan)
    notes += found
    return rows


def _note_missing(booked: Booked) -> Iterator[Finding]:
    """Which months without rows were taken as missing."""
    reps = np.flatnonzero(booked.missing.any(axis=1)).tolist()
    if reps:
        months = [", ".join(month_name(booked.first + int(t)) for t in np.flatnonzero(booked.missing[r])) for r in reps]
        names = list_names([f"{booked.people.index[r]} ({m})" for r, m in zip(reps, months, strict=True)])
        remedy = "Write rows of 0 where nothing was sold, or set forecast.no_rows."
        yield warn(f"months without a single row, taken as missing: {names}", remedy, code="no_rows")


def _before(history: pd.DataFrame, plan_start: int) -> tuple[pd.DataFrame, list[Finding]]:
    """History before the plan, and a note of what was left out."""
    late = history["month"].astype(str) >= month_name(plan_start)
    if not late.any():
        return history, []
    what = f"{int(late.sum())} rows of sales in or after {month_name(plan_start)}, where the plan starts, were not used"
    return history[~late], [warn(what, code="sales_in_plan")]
