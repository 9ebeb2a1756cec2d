"""Past sales as one dense array: rep × product × month, what a full-time, fully ramped rep sold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from quotaopt.errors import Finding

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Texts = NDArray[np.object_]

YEAR = 12


@dataclass(frozen=True, eq=False)
class Panel:
    """Past sales, aligned.

    Attributes
    ----------
    reps, products : sorted ids.
    first : month number (year × 12 + month − 1) of the first month.
    values : shape (reps, products, months), money a full-time, fully ramped rep would have sold.
        nan = not there yet, or no record; 0 = sold nothing.
    region, role : texts, one per rep.
    year_weights : how much each past year counts, last year first; only `weighted_years` looks at them.
    """

    reps: tuple[str, ...]
    products: tuple[str, ...]
    first: int
    values: Floats
    region: Texts
    role: Texts
    year_weights: tuple[float, ...] = (1.0,)

    @property
    def length(self) -> int:
        """Number of months."""
        return int(self.values.shape[2])

    @property
    def slots(self) -> Ints:
        """Calendar month 0..11 of each month."""
        return np.arange(self.first, self.first + self.length) % YEAR

    def slots_ahead(self, horizon: int) -> Ints:
        """Calendar month 0..11 of each of the `horizon` months after the last."""
        return np.arange(self.first + self.length, self.first + self.length + horizon) % YEAR

    @cached_property
    def seen(self) -> Bools:
        """Months in which the rep was there, shape (reps, months)."""
        return np.asarray(~np.isnan(self.values).all(axis=1))

    @cached_property
    def mature(self) -> Bools:
        """Reps with a year of history, or with as much as anyone has when all have less."""
        known = self.seen.sum(axis=1)
        return np.asarray((known > 0) & (known >= min(YEAR, known.max(initial=0))))

    @property
    def active(self) -> Bools:
        """Reps who were there within the last year."""
        return np.asarray(self.seen[:, -YEAR:].any(axis=1))

    def until(self, length: int) -> Panel:
        """The first `length` months."""
        return replace(self, values=self.values[:, :, :length])

    def of(self, reps: Bools) -> Panel:
        """These reps only."""
        names = tuple(np.array(self.reps, dtype=object)[reps])
        return replace(self, reps=names, values=self.values[reps], region=self.region[reps], role=self.role[reps])


def month_number(month: str) -> int:
    """``2027-01`` as months since year 0."""
    return int(month[:4]) * YEAR + int(month[5:7]) - 1


def month_name(number: int) -> str:
    """The inverse of `month_number`."""
    return f"{number // YEAR:04d}-{number % YEAR + 1:02d}"


def warn(what: str, remedy: str = "", code: str = "forecast") -> Finding:
    """A note for the planner."""
    return Finding(what=what, remedy=remedy, severity="warning", code=code)
