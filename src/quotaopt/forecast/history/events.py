"""Declared breaks: history before an event is brought to the level after it.

A factor that is not given is measured: sales of up to twelve months from the event on, against what level and pooled
season of the months before it said, over the same ratio of everything the event does not concern (a difference in
differences: season and common growth cancel). Breaks that nobody declared are only reported, see `breaks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from quotaopt.errors import Finding
from quotaopt.forecast.panel import YEAR, Bools, Floats, Panel, month_number, warn
from quotaopt.forecast.pool.members import forecast_by

if TYPE_CHECKING:
    from quotaopt.settings import Event

# A measured change beyond these says that the two levels cannot be compared.
SMALLEST, LARGEST = 0.05, 20.0
# The rest of the company can explain growth or decline up to these.
LEAST_COMMON, MOST_COMMON = 0.5, 2.0


def apply_events(panel: Panel, events: Sequence[Event]) -> tuple[Panel, list[Finding]]:
    """The panel with the months before each event multiplied by its factor, the newest event first; and the factors.

    Booked sales of last year stay as they were booked.
    """
    values, notes = panel.values.copy(), list[Finding]()
    concerned = [_find_cells(panel, event) for event in events]
    untouched = ~np.any(concerned, axis=0) if events else np.ones(values.shape[:2], dtype=bool)
    for event, cells in sorted(zip(events, concerned, strict=True), key=lambda pair: pair[0].month, reverse=True):
        at = month_number(event.month) - panel.first
        if not 0 < at <= panel.length or not cells.any():
            notes.append(warn(f"{_describe(event)}: outside the history used, so without effect", code="event"))
            continue
        if event.factor == "estimate":
            factor, months = measure_factor(replace(panel, values=values), at, cells, untouched)
            how = f"measured from {months} months" if months else "could not be measured: write the factor"
        else:
            factor, how = float(event.factor), "as declared"
        values[cells, :at] *= factor
        notes.append(warn(f"{_describe(event)}: sales before it × {factor:.3g} ({how})", code="event"))
    return replace(panel, values=values), notes


def measure_factor(panel: Panel, at: int, cells: Bools, others: Bools) -> tuple[float, int]:
    """The change of level at month `at`, and from how many months it was measured (0: not at all, and 1).

    Parameters
    ----------
    cells, others : the rep × products concerned and those to compare with, shape (reps, products).
    """
    after = panel.values[:, :, at : at + YEAR]
    said = forecast_by("pooled_season", panel.until(at), after.shape[2])
    known = ~np.isnan(after) & (said > 0)
    own, common = (_ratio(after, said, known & which[:, :, None]) for which in (cells, others))
    if own <= 0:
        return 1.0, 0
    common = float(np.clip(common, LEAST_COMMON, MOST_COMMON)) if common > 0 else 1.0
    return float(np.clip(own / common, SMALLEST, LARGEST)), after.shape[2]


def _ratio(after: Floats, said: Floats, where: Bools) -> float:
    """Sum over sum; 0 where there is nothing to compare."""
    base = said[where].sum()
    return float(after[where].sum() / base) if base > 0 else 0.0


def _find_cells(panel: Panel, event: Event) -> Bools:
    """Rep × products the event concerns, shape (reps, products)."""
    reps = np.array([event.rep in ("", rep) for rep in panel.reps]) & (
        (panel.region == event.region) | (not event.region)
    )
    return np.asarray(reps[:, None] & np.array([event.product in ("", product) for product in panel.products]))


def _describe(event: Event) -> str:
    scope = ", ".join(filter(None, (event.rep, event.region, event.product))) or "everything"
    return f"event {event.month} ({scope}{': ' * bool(event.reason)}{event.reason})"
