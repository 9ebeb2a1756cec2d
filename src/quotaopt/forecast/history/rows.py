"""Rows of the panel: one per rep of the roster, and one for each territory that nobody in the roster holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quotaopt.forecast.history.booked import Booked
from quotaopt.forecast.panel import YEAR, Bools, Floats, Ints, Texts


@dataclass(frozen=True, eq=False)
class Rows:
    """Past sales by who will answer for them in the plan.

    Attributes
    ----------
    names : ids of the reps of the roster, then of what is vacant.
    values : money a full-time, fully ramped rep would have sold, nan = missing; shape (rows, products, months).
    last_year : money booked 12 months before each plan month, shape (rows, products, plan months); 0 where none.
    full_last_year : somebody was there in all of those months, shape (rows,).
    region, role : texts, one per row.
    held : what is held in each plan month against the plan's mean, shape (rows, plan months); 1 where nothing changes.
    vacant : nobody in the roster holds it, shape (rows,).
    flag : what is special about the row, one text each.
    """

    names: tuple[str, ...]
    values: Floats
    last_year: Floats
    full_last_year: Bools
    region: Texts
    role: Texts
    held: Floats
    vacant: Bools
    flag: Texts


def stay_with_reps(booked: Booked, plan: list[int]) -> Rows:
    """Sales stay with the rep who made them."""
    at, known, needed = find_last_year(booked, plan)
    n = len(booked.people)
    return Rows(
        names=tuple(booked.people.index),
        values=booked.sales / booked.presence[:, None, :],
        last_year=np.where(known, booked.sales[:, :, at], 0.0),
        full_last_year=np.asarray(((booked.there[:, at] & known) | ~needed).all(axis=1)),
        region=booked.people["region"].astype(str).to_numpy(object),
        role=booked.people["role"].astype(str).to_numpy(object),
        held=np.ones((n, len(plan))),
        vacant=np.arange(n) >= booked.roster,
        flag=np.full(n, "", dtype=object),
    )


def find_last_year(booked: Booked, plan: list[int]) -> tuple[Ints, Bools, Bools]:
    """For each plan month the column of 12 months before, whether it is known, and whether it is before the plan."""
    wanted = np.array(plan) - YEAR - booked.first
    known = (wanted >= 0) & (wanted < booked.sales.shape[2])
    return np.where(known, wanted, 0), known, np.array(plan) - YEAR < plan[0]
