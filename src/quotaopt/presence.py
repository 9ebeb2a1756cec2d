"""Who is there in a month, and how productive: headcount and ramp of each rep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.attrition import seat_ramp
from quotaopt.errors import Finding, nearest
from quotaopt.leave import share_on_leave
from quotaopt.workdays import Workdays, fill_days, make_workdays, next_month, share_of_workdays

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


@dataclass(frozen=True, eq=False)
class Presence:
    """Who is there in the months of a plan; all of shape (reps, months).

    Attributes
    ----------
    headcount : full-time share present: without the relieved part of leave, of a vacant seat the expected share.
    ramp : productivity of who is there, 0..1.
    on_leave : full-time share relieved because of leave.
    filled : probability that somebody holds the seat, by days; 1 for people who are there.
    lasting : headcount × ramp when people leave and are replaced as ``[attrition]`` says.
    """

    headcount: Floats
    ramp: Floats
    on_leave: Floats
    filled: Floats
    lasting: Floats


def find_presence(roster: pd.DataFrame, months: Sequence[str], inputs: Inputs, settings: Settings) -> Presence:
    """Who is there in each month, and how productive.

    A vacant seat is filled with the shares of ``[hiring]``, 0, 1, 2 … months after its start date: everything of it is
    the mean over these dates.

    Parameters
    ----------
    roster : one row per rep, indexed by id.
    """
    calendar, shape = make_workdays(inputs, settings), (len(roster), len(months))
    away = share_on_leave(roster, months, inputs, settings)
    heads, work, filled, lasting, on_leave = (np.zeros(shape) for _ in range(5))
    ramp, leaving = read_ramp(roster, months, settings, calendar), settings.attrition.anybody
    delays = share_delays(roster, settings)
    for delay, part in enumerate(delays.T):
        rows = np.flatnonzero(part > 0)
        later = delay_start(roster.iloc[rows], delay)
        days = share_of_workdays(later["start_date"], later["end_date"], months, calendar)
        up = read_ramp(later, months, settings, calendar)
        size = find_sizes(later, months, inputs, calendar, days)
        gone, weight = np.minimum(away[rows], days) * size, part[rows, None]
        present = days * size - gone
        heads[rows] += weight * present
        on_leave[rows] += weight * gone
        work[rows] += weight * present * up
        filled[rows] += weight * days
        lasting[rows] += weight * present * (seat_ramp(later, days, up, settings) if leaving else up)
    several = (delays > 0).sum(axis=1)[:, None] > 1
    ramp = np.where(several & (heads > 0), np.divide(work, heads, out=np.ones(shape), where=heads > 0), ramp)
    return Presence(heads, ramp, on_leave, filled, lasting)


def find_sizes(roster: pd.DataFrame, months: Sequence[str], inputs: Inputs, calendar: Workdays, days: Floats) -> Floats:
    """Full-time share of who is there, mean over the `days` of each month, shape (reps, months).

    The roster's headcount, but on the days of a row of ``data.headcounts`` (rows of a rep never overlap) that row's.

    Parameters
    ----------
    roster : one row per rep, indexed by id.
    days : share of the month's working days that the rep is there, shape (reps, months).
    """
    base = roster["headcount"].to_numpy(np.float64)[:, None]
    rows = inputs.more.get("headcounts", pd.DataFrame(columns=["rep_id"]))
    rows = rows[rows["rep_id"].isin(roster.index)].reset_index(drop=True)
    if rows.empty:
        return np.broadcast_to(base, days.shape)
    at = roster.index.get_indexer(pd.Index(rows["rep_id"]))
    own = roster.iloc[at].reset_index(drop=True)
    begin = pd.concat([rows["start_date"], own["start_date"]], axis=1).max(axis=1)
    end = pd.concat([rows["end_date"], own["end_date"]], axis=1).min(axis=1)
    part = share_of_workdays(begin, end, months, calendar)
    more = np.zeros(days.shape)
    np.add.at(more, at, part * (rows["headcount"].to_numpy(np.float64)[:, None] - base[at]))
    return np.asarray(base + np.divide(more, days, out=np.zeros_like(more), where=days > 0))


def share_delays(roster: pd.DataFrame, settings: Settings) -> Floats:
    """Share of each seat that is filled 0, 1, 2 … months after its start date, shape (reps, delays)."""
    vacant = find_vacant(roster)
    if not vacant.any():
        return np.ones((len(roster), 1))
    tables = [settings.hiring.delay, *settings.hiring.roles.values(), [1.0]]
    known = np.zeros((len(tables), max(map(len, tables))))
    for row, table in zip(known, tables, strict=True):
        row[: len(table)] = table
    code = pd.Index(list(settings.hiring.roles)).get_indexer(pd.Index(roster["role"])) + 1
    return np.asarray(known[np.where(vacant, code, len(tables) - 1)])


def find_vacant(roster: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows of a roster are seats still to be filled."""
    return roster["is_vacant"].to_numpy(bool) if "is_vacant" in roster else np.zeros(len(roster), dtype=bool)


def delay_start(roster: pd.DataFrame, months: int) -> pd.DataFrame:
    """The roster as if everybody started so many months later."""
    return roster if not months else roster.assign(start_date=roster["start_date"] + pd.DateOffset(months=months))


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
