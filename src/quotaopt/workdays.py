"""Which days are worked: those of a country, of a list, or, without a calendar, every day.

A country's days come from the ``holidays`` library, moved working days of the Chinese calendar among them. Days that
the scenario lists in ``data.calendar_changes`` win over it; a calendar that is a list goes by Monday to Friday where
it says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Days = NDArray[np.datetime64]

MOVING = {"CN"}
"""Countries whose government moves working days to weekends, year by year."""


@dataclass(frozen=True, eq=False)
class Workdays:
    """Which days are worked.

    Attributes
    ----------
    name : country (``CN``, ``DE-BY``) or file; empty when every day counts alike.
    country : the same without files: where it is empty but `name` is not, Monday to Friday are worked.
    days, worked : what was listed day by day; it wins. Days are sorted and different, both of shape (listed,).
    """

    name: str = ""
    country: str = ""
    days: Days = field(default_factory=lambda: np.empty(0, dtype="datetime64[D]"))
    worked: Bools = field(default_factory=lambda: np.empty(0, dtype=bool))

    def count(self, first: Days, after: Days) -> Floats:
        """Worked days from `first` up to the day before `after`, 0 where it is not later; shapes broadcast."""
        first, after = np.broadcast_arrays(first.astype("datetime64[D]"), after.astype("datetime64[D]"))
        after = np.maximum(first, after)
        if not self.name or not first.size:
            return np.asarray((after - first).astype(np.float64))
        begin, end = first.min(), after.max()
        before = np.concatenate([[0], np.cumsum(self.between(begin, end))])
        low, high = ((side - begin).astype(np.int64) for side in (first, after))
        return np.asarray((before[high] - before[low]).astype(np.float64))

    def between(self, begin: np.datetime64, end: np.datetime64) -> Bools:
        """Whether each day from `begin` up to the day before `end` is worked, shape (days,)."""
        if not self.name:
            return np.ones(int((end - begin).astype(np.int64)), dtype=bool)
        years = range(_year(begin), _year(end) + 1)
        table = np.concatenate([_worked_in(self.country, year) for year in years])
        first = np.datetime64(f"{years[0]:04}-01-01", "D")
        at = (self.days - first).astype(np.int64)
        inside = (at >= 0) & (at < table.size)
        table[at[inside]] = self.worked[inside]
        return np.asarray(table[int((begin - first).astype(np.int64)) : int((end - first).astype(np.int64))])

    def in_months(self, months: Sequence[str]) -> Floats:
        """Worked days of each month (``YYYY-MM``), shape (months,)."""
        month = np.array(months, dtype="datetime64[M]")
        return self.count(month, next_month(month))

    def provisional(self, months: Sequence[str]) -> list[int]:
        """Years of the months for which working days may still be moved, or a list has no day."""
        years = sorted({int(month[:4]) for month in months})
        listed = set(self.days.astype("datetime64[Y]").astype(np.int64) + 1970)
        if not self.name or (self.country and self.country.partition("-")[0] not in MOVING):
            return []
        return [year for year in years if year not in listed and not (self.country and _moved(self.country, year))]

    def describe(self, months: Sequence[str]) -> dict[str, Any]:
        """What a run records of its calendar: its name and the provisional years; nothing without a calendar."""
        if not self.name:
            return {}
        return {"calendar": {"name": self.country or Path(self.name).name, "provisional": self.provisional(months)}}


def make_workdays(inputs: Inputs, settings: Settings) -> Workdays:
    """The calendar of a scenario, with the days that are listed for it."""
    return list_workdays(settings, inputs.more.get("calendar_changes"))


def list_workdays(settings: Settings, changes: pd.DataFrame | None) -> Workdays:
    """The calendar of a scenario; `changes` has the columns date and is_workday, a row for each day."""
    if not settings.calendar:
        return Workdays()
    country = settings.calendar if isinstance(settings.calendar, str) else ""
    if changes is None or changes.empty:
        return Workdays(str(settings.calendar), country)
    changes = changes.sort_values("date")
    days, worked = changes["date"].to_numpy("datetime64[D]"), changes["is_workday"].to_numpy(bool)
    return Workdays(str(settings.calendar), country, days, worked)


def share_of_workdays(
    start: pd.Series[pd.Timestamp],
    end: pd.Series[pd.Timestamp],
    months: Sequence[str],
    calendar: Workdays,
) -> Floats:
    """Share of each month's working days from `start` to `end`, both included; shape (rows, months).

    A missing date is no limit; a month without a working day has the share 0. By calendar days without a calendar.
    """
    month = np.array(months, dtype="datetime64[M]")
    first, after = (m.astype("datetime64[D]") for m in (month, next_month(month)))
    begin = fill_days(start, first[0])[:, None]
    leave = fill_days(end, after[-1])[:, None] + np.timedelta64(1, "D")
    present = calendar.count(np.maximum(begin, first), np.minimum(leave, after))
    whole = calendar.count(first, after)
    return np.divide(present, whole, out=np.zeros_like(present), where=whole > 0)


def next_month(months: Days) -> Days:
    """The month after each."""
    return np.asarray(months.astype("datetime64[M]") + np.timedelta64(1, "M"))


def fill_days(dates: pd.Series[pd.Timestamp], missing: np.datetime64) -> Days:
    """Dates as days, `missing` where there is none."""
    days = dates.to_numpy("datetime64[D]")
    return np.where(np.isnat(days), missing.astype("datetime64[D]"), days)


def known_countries() -> list[str]:
    """ISO codes of the countries, and of their parts, whose days are known: ``CN``, ``DE``, ``DE-BY``."""
    import holidays

    listed = holidays.list_supported_countries(include_aliases=False)
    return sorted([*listed, *(f"{code}-{part}" for code, parts in listed.items() for part in parts)])


def library() -> str:
    """Name and version of the library the countries' days are from."""
    return f"holidays {version('holidays')}"


def _year(day: np.datetime64) -> int:
    return int(day.astype("datetime64[Y]").astype(np.int64)) + 1970


@cache
def _worked_in(country: str, year: int) -> Bools:
    """Whether each day of a year is worked, shape (days,); read only."""
    import holidays

    days = np.arange(f"{year:04}-01-01", f"{year + 1:04}-01-01", dtype="datetime64[D]")
    if not country:
        return np.asarray(np.is_busday(days))
    code, _, part = country.partition("-")
    known = holidays.country_holidays(code, part or None, years=year)
    return np.array([known.is_working_day(day) for day in days.tolist()])


@cache
def _moved(country: str, year: int) -> bool:
    """Whether a working day of that year is known to be moved to a weekend."""
    import holidays

    code, _, part = country.partition("-")
    known = holidays.country_holidays(code, part or None, years=year)
    return any(day.year == year for day in known.weekend_workdays)
