"""How a forecast came about: what each forecaster says of one rep, and how all of it would have done before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from quotaopt.forecast.backtest import choose_origins
from quotaopt.forecast.calendar import find_calendar
from quotaopt.forecast.fence import fence_panel
from quotaopt.forecast.hindcast import backtest_distribution
from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.panel import Panel
from quotaopt.forecast.past import make_past

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

COMPOSED = ("auto",)  # forecasters that are made of others


@dataclass(frozen=True, eq=False)
class Trace:
    """What the components said of one rep.

    Attributes
    ----------
    components : method and amount (potential over the plan, money), one row per forecaster; empty for a new hire.
    """

    components: pd.DataFrame


def trace_rep(inputs: Inputs, settings: Settings, methods: Sequence[str], rep: str) -> Trace:
    """Ask forecasters again, and keep what they say of this rep."""
    panel, gap = usual_panel(inputs, settings)
    horizon = gap + len(settings.months)
    known = panel.of(panel.mature)
    rows = list[tuple[str, float]]()
    if rep in known.reps:
        r = known.reps.index(rep)
        for name in methods:
            if name in forecasters and name not in COMPOSED:
                rows.append((name, float(forecasters[name](known, horizon)[r, :, gap:].sum())))
    return Trace(pd.DataFrame(rows, columns=["method", "amount"]))


def usual_panel(inputs: Inputs, settings: Settings) -> tuple[Panel, int]:
    """The history a forecast is made from, without one-off orders and effects of the calendar; months to the plan."""
    past = make_past(inputs, settings)
    fenced = fence_panel(past.panel, settings.forecast)
    calendar = find_calendar(fenced, past.gap + len(settings.months), settings.calendar)
    return calendar.remove(fenced), past.gap


def look_back(inputs: Inputs, settings: Settings) -> pd.DataFrame:
    """The back-test of mean and distribution, see `backtest_distribution`; empty when the history is too short."""
    panel, gap = usual_panel(inputs, settings)
    asked, horizon = settings.forecast, gap + len(settings.months)
    if not choose_origins(panel.length, horizon)[0]:
        return pd.DataFrame()
    return backtest_distribution(
        panel, horizon, asked.method, level=float(asked.level), samples=asked.samples, seed=asked.seed
    )
