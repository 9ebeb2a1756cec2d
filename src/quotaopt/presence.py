"""Who is there in a month, and how productive: headcount and ramp of each rep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.errors import Finding, nearest
from quotaopt.workdays import Workdays, fill_days, next_month, share_of_workdays

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

Floats = NDArray[np.float64]


def check_profiles(inputs: Inputs, settings: Settings) -> list[Finding]:
    """One finding for each ramp profile the roster names and the scenario does not have."""
    known = settings.ramp.profiles
    named = sorted({str(p) for p in inputs.roster["ramp_profile"]} - {""} - set(known))
    return [_unknown_profile(name, list(known)) for name in named]


def _unknown_profile(name: str, known: list[str]) -> Finding:
    near = nearest(name, known)
    listed = f"Known: {', '.join(sorted(known))}." if known else "Add it under [ramp.profiles]."
    return Finding(
        what="no such ramp profile",
        remedy=f"Did you mean {near!r}?" if near else listed,
        column="ramp_profile",
        value=name,
        code="unknown_profile",
    )


def count_heads(roster: pd.DataFrame, months: Sequence[str], calendar: Workdays) -> Floats:
    """Full-time share present, shape (reps, months): headcount × share of the month's working days.

    The start and the end date are both days at work; a missing date is no limit.
    """
    share = share_of_workdays(roster["start_date"], roster["end_date"], months, calendar)
    return np.asarray(share * roster["headcount"].to_numpy(np.float64)[:, None])


def read_ramp(roster: pd.DataFrame, months: Sequence[str], settings: Settings, calendar: Workdays) -> Floats:
    """Productivity by months since the start date, shape (reps, months).

    The first value of a profile is that of the first month at work; after the last value it is 1. Who started within
    a month is for part of each month one step behind: the values of both steps are averaged by
    working days. A rep without a start date is fully ramped.
    """
    profiles = {"": settings.ramp.profile, **settings.ramp.profiles}
    longest = max(len(values) for values in profiles.values())
    table = np.ones((len(profiles), longest + 2))
    for row, values in zip(table, profiles.values(), strict=True):
        row[: len(values)] = [float(v) for v in values]
    code = pd.Index(list(profiles)).get_indexer(pd.Index(_name_profiles(roster, settings)))[:, None]
    month = np.array(months, dtype="datetime64[M]")
    start = fill_days(roster["start_date"], month[0] - np.timedelta64(longest + 1, "M"))
    first = start.astype("datetime64[M]")
    age = (month - first[:, None]).astype(np.int64).clip(0, longest + 1)
    length = calendar.count(first, next_month(first))
    off = calendar.count(first, start)
    behind = np.divide(off, length, out=np.zeros_like(off), where=length > 0)[:, None]
    return np.asarray((1 - behind) * table[code, age] + behind * table[code, np.maximum(age - 1, 0)])


def _name_profiles(roster: pd.DataFrame, settings: Settings) -> pd.Series[str]:
    """The ramp profile of each rep: the roster's own, else that of the role; empty for the common one."""
    own = roster["ramp_profile"].astype(str)
    return own.where(own != "", roster["role"].map(settings.ramp.roles).fillna("")) if settings.ramp.roles else own
