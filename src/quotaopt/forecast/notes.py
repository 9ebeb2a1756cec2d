"""What a planner should know about a forecast, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from quotaopt.errors import Finding
from quotaopt.forecast.backtest import Backtest
from quotaopt.forecast.panel import Bools, Floats, Panel, warn
from quotaopt.forecast.pool.combine import NAIVE, Choice

LEVELS = {"all": "company", "region": "region", "rep": "rep"}
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


def note_losses(accuracy: pd.DataFrame) -> Iterator[Finding]:
    """A note where the seasonal naive was nearer than what `auto` is; `accuracy` see `measure_accuracy`."""
    error = dict(zip(zip(accuracy["method"], accuracy["level"], strict=True), accuracy["wape_month"], strict=True))
    pairs = {name: [error.get((method, level), 0.0) for method in (NAIVE, "auto")] for level, name in LEVELS.items()}
    names = [f"{name} ({naive:.1%} against {auto:.1%})" for name, (naive, auto) in pairs.items() if naive < auto]
    if names:
        what = "in the back-test taking last year's months again was nearer here, too little to choose it by"
        yield warn(f"{what}: {list_names(names)}".replace("%", " %"), code="lost")


def note_cells(panel: Panel, sold: Bools) -> Iterator[Finding]:
    """Notes on products (products, months) that were set to zero."""
    gone = [p for p, here in zip(panel.products, np.any(sold, axis=1).tolist(), strict=True) if not here]
    if gone:
        what = "no sales for a year, or launch or end outside the plan, so forecast zero"
        yield warn(f"{what}: {list_names(gone)}", code="not_on_sale")


def note_cuts(cuts: pd.DataFrame, panel: Panel, again: float) -> Iterator[Finding]:
    """Notes on one-off orders that were cut, see `list_cuts`, and on what they add, see `expect_again`."""
    if cuts.empty:
        return
    columns = ("rep_id", "product_id", "month", "amount", "kept")
    cells = [f"{r} {p} {m} ({a:,.0f} to {k:,.0f})" for r, p, m, a, k in zip(*(cuts[c] for c in columns), strict=True)]
    share = cuts["cut"].abs().sum() / float(np.nansum(np.abs(panel.values)))
    size = f"{share:.1%} of all sales, all raised {again:.1%} instead"
    what = f"{len(cuts)} one-off months cut for the forecast, {size}: {list_names(cells)}"
    remedy = "If such orders come every year, list them under forecast.keep_whales, or set forecast.fence = false."
    yield warn(what.replace("%", " %"), remedy, code="fenced")


def note_floor(floored: pd.DataFrame, mean: Floats) -> Iterator[Finding]:
    """Notes on months forecast zero because returns exceed sales, see `list_months`."""
    if floored.empty:
        return
    total = -float(floored["amount"].sum())
    names = list_names(sorted(set(floored["rep_id"])))
    what = f"{len(floored)} months with more returns than sales are forecast zero for {names}"
    yield warn(f"{what}: that adds {total:,.0f} to {float(mean.sum()) - total:,.0f}", code="floored")


def list_months(panel: Panel, months: Sequence[str], amounts: Floats) -> pd.DataFrame:
    """Cells of (reps, products, plan months) that are not zero: rep_id, product_id, period, amount."""
    r, p, t = np.nonzero(amounts)
    sides = zip(("rep_id", "product_id", "period"), (panel.reps, panel.products, months), (r, p, t), strict=True)
    return pd.DataFrame({**{n: np.array(x, dtype=object)[at] for n, x, at in sides}, "amount": amounts[r, p, t]})


def list_names(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
