"""Who holds which territory when: the table of assignments in codes and monthly shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from quotaopt.forecast.history.booked import Booked
from quotaopt.forecast.panel import Bools, Floats, Ints, Texts, month_name
from quotaopt.forecast.sums import sum_groups
from quotaopt.text import ACCOUNT
from quotaopt.workdays import share_of_workdays


@dataclass(frozen=True, eq=False)
class Holdings:
    """Who holds which patch: the rows of the assignments, then one row per person for a patch of their own.

    Attributes
    ----------
    patches : names; territories, then the people themselves.
    territories : how many of the patches are territories.
    person, patch : codes, shape (holdings,).
    past, ahead : share of the patch × share of the days, shape (holdings, months) of history and of the plan.
        A patch of one's own is held in the months in which no assignment names another.
    work : `past`, without the days before a rep started and after one left, × ramp; shape (holdings, months).
    dated : whether the first day is written somewhere, shape (holdings,).
    """

    patches: Texts
    territories: int
    person: Ints
    patch: Ints
    past: Floats
    ahead: Floats
    work: Floats
    dated: Bools

    @property
    def accounts(self) -> Bools:
        """Which rows of the assignments are about an account, shape (rows,)."""
        named = self.patch[self.patch < self.territories]
        return np.char.startswith(self.patches[: self.territories].astype(str), ACCOUNT)[named]

    def by_person(self, values: Floats) -> Floats:
        """Sums over each person's holdings, shape (people, months)."""
        return sum_groups(values, self.person, len(self.patches) - self.territories)

    def by_patch(self, values: Floats) -> Floats:
        """Sums over each patch's holdings, shape (patches, months)."""
        return sum_groups(values, self.patch, len(self.patches))


def find_holdings(booked: Booked, assignments: pd.DataFrame, plan: list[int]) -> Holdings:
    """The assignments in codes and monthly shares."""
    people, months = booked.people, [month_name(number) for number in booked.span]
    territory, patch = np.unique(assignments["territory_id"].to_numpy(str), return_inverse=True)
    person = people.index.get_indexer(pd.Index(assignments["rep_id"].astype(str)))
    share = assignments["share"].to_numpy(np.float64)[:, None]
    start, end = (assignments[c].reset_index(drop=True) for c in ("start_date", "end_date"))
    days = share_of_workdays(start, end, [*months, *map(month_name, plan)], booked.calendar) * share
    past, ahead = days[:, : len(months)], days[:, len(months) :]
    own = people.iloc[person].reset_index(drop=True)
    begin, leave = pd.concat([start, own["start_date"]], axis=1).max(axis=1), pd.concat([end, own["end_date"]], axis=1)
    worked = (
        share_of_workdays(begin, leave.min(axis=1), months, booked.calendar)
        * share
        * booked.ramp[person]
        * booked.working[person]
    )
    # a month with sales counts even outside the dates of the roster
    work = np.where(booked.heads[person] > 0, worked, past * booked.there[person]) * ~booked.missing[person]
    # an account is only a part of what a rep works on: it leaves the rest to a patch of their own
    everyone, whole = np.arange(len(people)), ~np.char.startswith(territory.astype(str), ACCOUNT)[patch]
    unnamed = ~np.isin(everyone, person[whole])
    return Holdings(
        patches=np.concatenate([territory.astype(object), people.index.to_numpy(object)]),
        territories=len(territory),
        person=np.concatenate([person, everyone]),
        patch=np.concatenate([patch, len(territory) + everyone]),
        past=np.concatenate([past, sum_groups(past[whole], person[whole], len(people)) == 0]),
        ahead=np.concatenate([ahead, np.repeat(unnamed[:, None], len(plan), axis=1)]),
        work=np.concatenate([work, np.nan_to_num(booked.presence / booked.headcount)]),
        dated=np.concatenate([begin.notna().to_numpy(), np.ones(len(people), dtype=bool)]),
    )


def find_claims(booked: Booked, holdings: Holdings, plan_start: int) -> Floats:
    """Which holdings a rep's sales of a month belong to, shape (holdings, months).

    Orders of people who have left and are booked before or after all of their assignments go with the nearest one.
    """
    claim, named = holdings.past.copy(), len(holdings.person) - len(booked.people)
    claim[:named][holdings.accounts] = 0.0  # their sales say so themselves
    end = booked.people["end_date"].to_numpy("datetime64[M]")
    gone = (end < np.datetime64(month_name(plan_start), "M")) | (np.arange(len(end)) >= booked.roster)
    held = sum_groups(claim[:named], holdings.person[:named], len(end)) > 0
    gone &= held.any(axis=1)
    last = np.maximum.accumulate(np.where(held, np.arange(held.shape[1]), -1), axis=1)
    nearest = np.where(last >= 0, last, held.argmax(axis=1)[:, None])
    person = holdings.person[:named]
    moved = np.take_along_axis(claim[:named], nearest[person], axis=1)
    claim[:named] = np.where(gone[person, None], moved, claim[:named])
    claim[named:][gone] = 0.0
    return claim
