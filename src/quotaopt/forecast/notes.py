"""What a planner should know about a forecast, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quotaopt.errors import Finding
from quotaopt.forecast.backtest import Backtest
from quotaopt.forecast.combine import Choice
from quotaopt.forecast.panel import Bools, Panel, warn

MOST_NAMES = 5


def note_history(panel: Panel) -> Iterator[Finding]:
    """Notes on reps with little to learn from."""
    new = np.flatnonzero(~panel.mature)
    known = panel.seen.sum(axis=1)
    if new.size:
        names = list_names([f"{panel.reps[r]} ({known[r]})" for r in new])
        yield warn(f"short history, so borrowing from peers (months known): {names}", code="new_hires")
    if not panel.mature.any():
        yield warn("no rep has any history: every forecast is zero", code="no_history")


def note_test(test: Backtest, method: str, choice: Choice) -> Iterator[Finding]:
    """Notes on the back-test."""
    if not test.origins:
        what = f"months of history are too few for a back-test ({test.panel.length}): intervals are rough"
        yield warn(what + ", auto is the naive" * (method == "auto"), code="no_backtest")
    elif method == "auto" and choice == Choice():
        yield warn("no method beat the seasonal naive in the back-test: auto is the naive", code="naive")


def note_cells(panel: Panel, sold: Bools, floored: Bools) -> Iterator[Finding]:
    """Notes on products (products, months) and cells (reps, products, months) that were set to zero."""
    gone = [p for p, here in zip(panel.products, np.any(sold, axis=1).tolist(), strict=True) if not here]
    if gone:
        what = "no sales for a year, or launch or end outside the plan, so forecast zero"
        yield warn(f"{what}: {list_names(gone)}", code="not_on_sale")
    if floored.any():
        reps = [panel.reps[r] for r in np.flatnonzero(floored.any(axis=(1, 2)))]
        yield warn(f"months with more returns than sales are forecast zero for {list_names(reps)}", code="floored")


def list_names(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
