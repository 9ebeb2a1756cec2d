"""Periods as other systems know them: months joined to quarters, halves and years, and the names they go by."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from quotaopt.errors import Finding, InputError

Kind = Literal["month", "quarter", "half", "year"]
MONTHS: dict[Kind, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}
LABELS: dict[str, dict[Kind, str]] = {
    "short": {"month": "M{number:02}", "quarter": "Q{number}", "half": "H{number}", "year": "{year}"},
    "english": {"month": "{name}", "quarter": "Q{number}", "half": "H{number}", "year": ""},
    "clari": {"month": "{year}_M{number}", "quarter": "{year}_Q{number}", "year": "{year}"},
    "ledger": {"month": "{name:.3}-{month_yy:02}", "quarter": "Q{number}-{yy:02}", "year": "{year}"},
    "span": {"year": "{span}"},
}
"""Style → kind → label. ``{year}`` is the fiscal year, ``{number}`` the place in it, ``{name}`` the month's name."""


@dataclass(frozen=True)
class Period:
    """A month, quarter, half or year.

    Attributes
    ----------
    kind : what it is.
    year : the fiscal year, named for the calendar year it ends in.
    number : its place in the fiscal year, from 1.
    first, last : its months, counted from the year 0: ``12 × year + month - 1``.
    """

    kind: Kind
    year: int
    number: int
    first: int
    last: int

    @property
    def start(self) -> str:
        """Its first day, like ``2027-01-01``."""
        return f"{self.first // 12}-{self.first % 12 + 1:02}-01"

    @property
    def end(self) -> str:
        """Its last day."""
        year, month = self.last // 12, self.last % 12 + 1
        return f"{year}-{month:02}-{calendar.monthrange(year, month)[1]}"

    def label(self, style: str) -> str:
        """Its name in a style of `LABELS`."""
        begin, end = self.first // 12, self.last // 12
        return LABELS[style][self.kind].format(
            year=self.year,
            yy=self.year % 100,
            number=self.number,
            name=NAMES[self.first % 12],
            month_yy=begin % 100,
            span=f"{begin}" if begin == end else f"{begin}-{end}",
        )


NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
         "November", "December")  # fmt: skip


def make_periods(months: Sequence[str], kind: Kind, fiscal_start: int = 1) -> tuple[list[Period], NDArray[np.intp]]:
    """The periods that consecutive months make up, and the number of the period of each month.

    Parameters
    ----------
    months : like ``2027-01``, in order.
    fiscal_start : month the fiscal year begins with.

    Raises
    ------
    InputError
        If a period is there in part only: its quota would be taken for the whole.
    """
    if not 1 <= fiscal_start <= 12:
        what, remedy = "not a month", "Write 1 for January to 12 for December."
        raise InputError([Finding(what, remedy, column="fiscal_start", value=str(fiscal_start), code="option")])
    size, shift = MONTHS[kind], fiscal_start - 1
    ordinal = np.array([int(month[:4]) * 12 + int(month[5:]) - 1 for month in months])
    blocks, place, many = np.unique((ordinal - shift) // size, return_inverse=True, return_counts=True)
    firsts = blocks * size + shift
    found = [
        Period(kind, (first - shift) // 12 + (shift > 0), (first - shift) % 12 // size + 1, first, first + size - 1)
        for first in firsts.tolist()
    ]
    for period, there in zip(found, many.tolist(), strict=True):
        if there < size:
            what = f"of the {kind} {period.start} to {period.end} only {there} of {size} months are planned"
            remedy = "Plan whole ones, or export shorter periods."
            if len(months) % size == 0:
                remedy += f" If the fiscal year begins with the plan: fiscal_start={int(months[0][5:])}."
            raise InputError([Finding(what, remedy, column="period", code="option")])
    return found, place
