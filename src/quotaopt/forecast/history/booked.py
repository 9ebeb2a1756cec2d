"""Past sales as they were booked, and who was there to make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.forecast.history.gaps import find_gaps
from quotaopt.forecast.panel import Bools, Floats, Ints, month_name, month_number
from quotaopt.leave import share_on_leave
from quotaopt.presence import count_heads, find_sizes, read_ramp
from quotaopt.workdays import Workdays, make_workdays

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

# Sales of a month in which the rep was hardly there say little about a full month: such a month is missing.
LEAST_PRESENCE = 0.25


@dataclass(frozen=True, eq=False)
class Booked:
    """What each person booked.

    Rows are the reps of the roster, sorted, then those left out of the plan, then those only the assignments name.

    Attributes
    ----------
    people : the roster's columns, one row per person, indexed by id.
    roster : how many of them are in the roster.
    products : sorted ids.
    first : month number of the first month of history.
    sales : money as booked, shape (people, products, months).
    there : whether the person was there and the month is not missing, shape (people, months).
    missing : months without a single row that are taken as missing, shape (people, months).
    heads : share of the month's working days between start and end date, shape (people, months).
    size : full-time share of who is there, shape (people, months).
    ramp : productivity of a new rep, 0..1, shape (people, months).
    working : share of these days that no leave relieves, shape (people, months).
    calendar : which days are worked.
    """

    people: pd.DataFrame
    roster: int
    products: tuple[str, ...]
    first: int
    sales: Floats
    there: Bools
    missing: Bools
    heads: Floats
    size: Floats
    ramp: Floats
    working: Floats
    calendar: Workdays

    @property
    def span(self) -> range:
        """Numbers of the months of history."""
        return range(self.first, self.first + self.sales.shape[2])

    @property
    def headcount(self) -> Floats:
        """Share of full time, 1 where none is given, shape (people, months)."""
        return np.where(self.size > 0, self.size, 1.0)

    @property
    def presence(self) -> Floats:
        """Full-time, fully ramped reps present (nan when not there or hardly), shape (people, months)."""
        full = np.where(self.heads > 0, self.heads * self.ramp * self.working, 1.0)
        return np.where(self.there & (full >= LEAST_PRESENCE), full * self.headcount, np.nan)


def book(inputs: Inputs, settings: Settings, history: pd.DataFrame, plan_start: int) -> Booked:
    """Align history, roster and products.

    A month with sales counts as one the rep was there in even outside the dates, as do those between it and the
    dates: an inherited territory was worked, and orders are booked after people leave.
    """
    people, roster = _find_people(inputs)
    products = tuple(sorted(map(str, inputs.products["product_id"])))
    numbers = month_numbers(history)
    span = range(int(numbers.min()), int(numbers.max()) + 1) if len(numbers) else range(plan_start - 1, plan_start)
    at = place_rows(history, people.index, "rep_id", products, span, numbers)
    sales = add_up(history, at, (len(people), len(products), len(span)))
    months = [month_name(number) for number in span]
    calendar = make_workdays(inputs, settings)
    heads = count_heads(people.assign(headcount=1.0), months, calendar)
    size = find_sizes(people, months, inputs, calendar, heads)
    sold = (sales != 0).any(axis=1)
    dated, ended = (people[c].notna().to_numpy()[:, None] for c in ("start_date", "end_date"))
    begun = np.maximum.accumulate(sold | (dated & (heads > 0)), axis=1)
    left = ~np.maximum.accumulate((sold | ~ended | (heads > 0))[:, ::-1], axis=1)[:, ::-1]
    there = begun & ~left
    missing = find_missing(at, sales, there, settings.forecast.no_rows)
    missing |= (size <= 0) & (people["headcount"].to_numpy(np.float64)[:, None] > 0) & ~sold  # nobody was there to sell
    ramp = read_ramp(people, months, settings, calendar)
    away = share_on_leave(people, months, inputs, settings)
    working = 1.0 - np.divide(away, heads, out=np.zeros_like(away), where=heads > 0)
    return Booked(
        people, roster, products, span.start, sales, there & ~missing, missing, heads, size, ramp, working, calendar
    )


def find_missing(at: Ints, sales: Floats, there: Bools, no_rows: str) -> Bools:
    """Months without a row of any product that say nothing: missing, where one without some products sold none of them.

    ``judge`` goes by how regularly the rep sells, see `find_gaps`.
    """
    if no_rows == "zero":
        return np.zeros_like(there)
    written = np.zeros_like(there)
    written[np.unravel_index(at[at >= 0], sales.shape)[::2]] = True
    gaps = find_gaps(written, sales) if no_rows == "judge" else ~written & written.any(axis=0)
    return np.asarray(there & gaps)


def _find_people(inputs: Inputs) -> tuple[pd.DataFrame, int]:
    """The roster by id, then who is left out, then who is only in the assignments, without dates and attributes."""
    roster = _by_id(inputs.roster)
    people, excluded = roster, inputs.more.get("excluded")
    if excluded is not None and len(excluded):
        people = pd.concat([roster, _by_id(excluded)])
    if inputs.assignments is None:
        return people, len(roster)
    gone = sorted(set(inputs.assignments["rep_id"]) - set(people.index))
    texts = [c for c in roster if c not in ("start_date", "end_date", "headcount", "is_vacant", "include")]
    others = people.iloc[:0].reindex(gone).assign(headcount=1.0).fillna(dict.fromkeys(texts, ""))
    return pd.concat([people, others]) if gone else people, len(roster)


def _by_id(roster: pd.DataFrame) -> pd.DataFrame:
    return roster.assign(rep_id=roster["rep_id"].astype(str)).set_index("rep_id").sort_index()


def month_numbers(history: pd.DataFrame) -> Ints:
    """Month number of each row."""
    code, names = pd.factorize(history["month"])
    return np.array([month_number(str(name)) for name in names], dtype=np.int64)[code]


def place_rows(
    history: pd.DataFrame, rows: pd.Index[str], by: str, products: Sequence[str], months: range, numbers: Ints
) -> Ints:
    """Where each row of the history stands in an array of rows × products × months, flat; -1 outside.

    `numbers` are those of `month_numbers`.
    """
    r, p = (_find(history[key], index) for key, index in ((by, rows), ("product_id", pd.Index(products))))
    t = numbers - months.start
    return np.where((r >= 0) & (p >= 0), (r * len(products) + p) * len(months) + t, -1)


def add_up(history: pd.DataFrame, at: Ints, shape: tuple[int, ...]) -> Floats:
    """Booked sales, shape (rows, products, months), from the places of `place_rows`."""
    known, amount = at >= 0, history["amount"].to_numpy(np.float64)
    total: Floats = np.bincount(at[known], amount[known], int(np.prod(shape))).astype(np.float64)
    return total.reshape(shape)


def _find(names: pd.Series[str], index: pd.Index[str]) -> Ints:
    """Position of each name in the index, -1 where it is not in it; each different name is looked up once."""
    code, different = pd.factorize(names)
    return np.asarray(index.get_indexer(pd.Index(different.astype(str)))[code])


def before_launch(table: pd.DataFrame, booked: Booked) -> Bools:
    """Months before each product's launch, shape (products, months).

    Without a launch month it is the first sale by anyone, if the product sold in most months from then on:
    the first order of a rarely sold product is no launch.
    """
    given = table.set_index("product_id")["launch_month"].astype(str).reindex(list(booked.products)).fillna("")
    sold = (booked.sales != 0).any(axis=0)
    start = np.where(sold.any(axis=1), sold.argmax(axis=1), 0)
    length = sold.shape[1]
    steady = (length - start >= 3) & (sold.sum(axis=1) >= 0.75 * (length - start))
    launch = np.where(steady, start, 0)
    named = np.array([month_number(m) - booked.first if m else -1 for m in given])
    launch = np.where(named >= 0, np.minimum(named, start), launch)
    return np.asarray(np.arange(length) < launch[:, None])
