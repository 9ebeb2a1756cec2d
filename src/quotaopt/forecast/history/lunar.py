"""Where in the months the Chinese new year falls, and how many weekdays they have."""

from __future__ import annotations

import numpy as np

from quotaopt.forecast.panel import YEAR, Floats, Ints

# First days of the lunar year, 2010 to 2040: month and day.
FIRST_YEAR = 2010
NEW_YEARS = [
    "02-14", "02-03", "01-23", "02-10", "01-31", "02-19", "02-08", "01-28",
    "02-16", "02-05", "01-25", "02-12", "02-01", "01-22", "02-10", "01-29",
    "02-17", "02-06", "01-26", "02-13", "02-03", "01-23", "02-11", "01-31",
    "02-19", "02-08", "01-28", "02-15", "02-04", "01-24", "02-12",
]  # fmt: skip
BEFORE, DURING = 21, 14  # days: stocks are filled before, hardly anyone buys during
CYCLE = 28 * YEAR  # months after which dates fall on the same weekdays


def lunar_shares(months: Ints) -> Floats:
    """Share of the three weeks before the new year, and of the two from it on, that fall in each month.

    Deviations from the mean of the same calendar month over 2010 to 2040, so that they say how a year differs from
    others; 0 outside these years. Windows as Lin & Liu (2003).

    Parameters
    ----------
    months : month numbers (year × 12 + month − 1).

    Returns
    -------
    Shape (2, months).
    """
    days = [np.datetime64(f"{FIRST_YEAR + i}-{day}", "D") for i, day in enumerate(NEW_YEARS)]
    start = np.array(days)
    table = np.arange(FIRST_YEAR * YEAR, (FIRST_YEAR + len(days)) * YEAR)
    shares = np.stack([_overlap(table, start - np.timedelta64(BEFORE, "D"), BEFORE), _overlap(table, start, DURING)])
    by_year = shares.reshape(2, len(days), YEAR)
    centred = (by_year - by_year.mean(axis=1, keepdims=True)).reshape(2, -1)
    inside = (months >= table[0]) & (months <= table[-1])
    return np.asarray(np.where(inside, centred[:, np.where(inside, months - table[0], 0)], 0.0))


def _overlap(months: Ints, start: np.ndarray, length: int) -> Floats:
    """Share of windows of `length` days that fall in each month; windows do not overlap."""
    first, after = (_day(m)[:, None] for m in (months, months + 1))
    days = (np.minimum(after, start + np.timedelta64(length, "D")) - np.maximum(first, start)).astype(np.float64)
    return np.asarray(np.maximum(days, 0.0).sum(axis=1) / length)


def weekday_ratio(months: Ints) -> Floats:
    """Mondays to Fridays of each month over the mean of the same calendar month, shape (months,)."""
    cycle = np.arange(2000 * YEAR, 2000 * YEAR + CYCLE)
    mean = _weekdays(cycle).reshape(-1, YEAR).mean(axis=0)
    return np.asarray(_weekdays(months) / mean[months % YEAR])


def _weekdays(months: Ints) -> Floats:
    return np.asarray(np.busday_count(_day(months), _day(months + 1)), dtype=np.float64)


def _day(months: Ints) -> np.ndarray:
    """The first day of each month."""
    return (months - 1970 * YEAR).astype("datetime64[M]").astype("datetime64[D]")
