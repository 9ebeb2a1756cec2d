"""What was sold in each patch: sales of reps divided between the territories they held."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quotaopt.forecast.history.booked import LEAST_PRESENCE, Booked, add_up, month_numbers, place_rows
from quotaopt.forecast.history.holdings import Holdings, find_claims
from quotaopt.forecast.panel import Bools, Floats


@dataclass(frozen=True, eq=False)
class Patches:
    """What was sold in each patch.

    Attributes
    ----------
    sales : money as booked, shape (patches, products, months).
    values : the same per full-time, fully ramped rep; 0 where not known.
    known : whether anybody was there enough to say, shape (patches, months).
    there : whether anybody was there at all, shape (patches, months).
    """

    sales: Floats
    values: Floats
    known: Bools
    there: Bools

    @cached_property
    def size(self) -> Floats:
        """Mean month of each patch, shape (patches,); 0 where nothing is known."""
        total = self.values.sum(axis=(1, 2))
        return np.asarray(np.maximum(total / np.maximum(self.known.sum(axis=1), 1), 0.0))


def find_patches(booked: Booked, holdings: Holdings, history: pd.DataFrame, plan_start: int) -> Patches:
    """Divide the sales of each rep between patches: as the history says, else by days × share × size."""
    history = history if "territory_id" in history else history.assign(territory_id="")
    written = history["territory_id"] != ""
    territories = pd.Index(holdings.patches[: holdings.territories])
    direct = _spread(history[written], territories, "territory_id", booked)
    rest = _spread(history[~written], booked.people.index, "rep_id", booked)
    parts = _divide(holdings, find_claims(booked, holdings, plan_start), rest.sum(axis=1), direct.sum(axis=1))
    shape = (len(holdings.patches), len(booked.people))
    sales = np.concatenate([direct, np.zeros_like(rest)])
    for t in range(rest.shape[2]):
        sales[:, :, t] += sp.csr_array((parts[:, t], (holdings.patch, holdings.person)), shape=shape) @ rest[:, :, t]
    full = holdings.by_patch(holdings.work)
    present = holdings.by_patch(holdings.work * booked.headcount[holdings.person])
    dated = holdings.by_patch(holdings.work * holdings.dated[:, None]) > 0
    begun = np.maximum.accumulate((sales != 0).any(axis=1) | dated, axis=1)  # else from the first sale
    known = begun & (full >= LEAST_PRESENCE)
    values = np.where(known[:, None, :], sales / np.where(known, present, 1.0)[:, None, :], 0.0)
    own = (holdings.patch >= holdings.territories)[:, None]
    there = np.where(own, booked.there[holdings.person], holdings.work > 0)
    return Patches(sales, values, known, begun & (holdings.by_patch(there.astype(np.float64)) > 0))


def _spread(history: pd.DataFrame, rows: pd.Index[str], by: str, booked: Booked) -> Floats:
    at = place_rows(history, rows, by, booked.products, booked.span, month_numbers(history))
    return add_up(history, at, (len(rows), *booked.sales.shape[1:]))


def _divide(holdings: Holdings, claim: Floats, sales: Floats, direct: Floats) -> Floats:
    """Share of each rep's sales of a month that falls to each holding, shape (holdings, months).

    In proportion to days × share × size, where the size of a patch is its mean month while it was the only one its
    rep held; where the size of one of them is not known, in proportion to days × share.
    """
    several = holdings.by_person((claim > 0).astype(np.float64))[holdings.person] > 1
    earned = holdings.by_patch(np.where(~several & (claim > 0), sales[holdings.person], 0.0)).sum(axis=1)
    months = holdings.by_patch(np.where(several, 0.0, holdings.work)).sum(axis=1)
    earned[: holdings.territories] += direct.sum(axis=1)
    months[: holdings.territories] += (direct != 0).sum(axis=1)
    size = np.divide(earned, months, out=np.zeros_like(earned), where=months > LEAST_PRESENCE)[holdings.patch, None]
    unsized = holdings.by_person(((claim > 0) & (size <= 0)).astype(np.float64))[holdings.person] > 0
    weight = np.where(unsized, claim, claim * size)
    total = holdings.by_person(weight)[holdings.person]
    return np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
