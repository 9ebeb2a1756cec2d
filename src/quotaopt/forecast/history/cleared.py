"""The history a forecast is made from: without one-off orders, and without what the calendar did to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from quotaopt.forecast.history.calendar import Calendar, find_calendar
from quotaopt.forecast.history.fence import expect_again, fence_panel
from quotaopt.forecast.history.past import Past, make_past
from quotaopt.forecast.panel import Panel
from quotaopt.workdays import make_workdays

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs


@dataclass(frozen=True, eq=False)
class Cleared:
    """Past sales, cleared of what will not come again.

    Attributes
    ----------
    past : what was booked, and who holds it in the plan.
    fenced : its panel with one-off orders cut.
    calendar : what the calendar adds to months, past and ahead.
    panel : `fenced` as if all months had the same calendar: what forecasters see.
    horizon : months from the end of history to the end of the plan.
    """

    past: Past
    fenced: Panel
    calendar: Calendar
    panel: Panel
    horizon: int

    @cached_property
    def again(self) -> float:
        """What was cut comes back in all forecasts, as a share of them."""
        return expect_again(self.past.panel, self.fenced)

    @property
    def mature(self) -> Panel:
        """The reps a forecaster is shown."""
        return self.panel.of(self.panel.mature)


def clear_history(inputs: Inputs, settings: Settings) -> Cleared:
    """Align the history, cut one-off orders, take out the calendar.

    Raises
    ------
    InputError
        If the roster names a ramp profile that the scenario does not have.
    """
    past = make_past(inputs, settings)
    horizon = past.gap + len(settings.months)
    fenced = fence_panel(past.panel, settings.forecast)
    calendar = find_calendar(fenced, horizon, make_workdays(inputs, settings))
    return Cleared(past, fenced, calendar, calendar.remove(fenced), horizon)
