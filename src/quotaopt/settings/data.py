"""The keys of a scenario that name input files: one for each table of the catalogue."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from quotaopt.values import Conditions, Encoding, Headers, Paths, SomePaths, Units


class Section(BaseModel):
    """Base of every section: closed and unchangeable."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Columns(Section):
    """For each table, headers we do not know and the column each one is: ``"开票金额" = "amount"``."""

    history: Headers = {}
    roster: Headers = {}
    products: Headers = {}
    locks: Headers = {}
    plan: Headers = {}
    assignments: Headers = {}
    nodes: Headers = {}
    levels: Headers = {}
    overrides: Headers = {}
    commits: Headers = {}
    overlays: Headers = {}
    splits: Headers = {}
    potential: Headers = {}
    leave: Headers = {}
    calendar_changes: Headers = {}
    quotas: Headers = {}
    rates: Headers = {}
    headcounts: Headers = {}
    supply: Headers = {}


class Where(Section):
    """For each table, columns and the values that a line has to hold one of: ``{ deal_stage = "Won" }``."""

    history: Conditions = {}
    roster: Conditions = {}
    products: Conditions = {}
    locks: Conditions = {}
    plan: Conditions = {}
    assignments: Conditions = {}
    nodes: Conditions = {}
    levels: Conditions = {}
    overrides: Conditions = {}
    commits: Conditions = {}
    overlays: Conditions = {}
    splits: Conditions = {}
    potential: Conditions = {}
    leave: Conditions = {}
    calendar_changes: Conditions = {}
    quotas: Conditions = {}
    rates: Conditions = {}
    headcounts: Conditions = {}
    supply: Conditions = {}


class Data(Section):
    """The input files, and how to read them.

    A file is CSV (also .csv.gz), a workbook (``book.xlsx#Sheet``), Parquet, a pattern such as ``sales/*.csv``, or a
    database such as ``sqlite:///crm.db?table=orders``. `unit` is money in one of a table's amounts, where it is not
    the scenario's `unit`.
    `metric` is the column of the history that is planned, or its name in a column `metric`; empty: the amount.
    `history_follows` says what happens to past sales when `assignments` give a territory to somebody else:
    they go with the territory, or stay with the rep who made them.
    `calendar_changes` are days, announced or agreed, that win over the scenario's `calendar`; `quotas` are those of
    the past. `rates` say what other currencies are worth in the scenario's.
    `headcounts` are full-time shares, and `supply` what can be delivered of products, that change within the year.
    `where` keeps the lines of a table whose columns hold these values; all others are left out and counted.
    """

    history: SomePaths
    roster: SomePaths
    products: Paths = ()
    locks: Paths = ()
    plan: Paths = ()
    assignments: Paths = ()
    nodes: Paths = ()
    levels: Paths = ()
    overrides: Paths = ()
    commits: Paths = ()
    overlays: Paths = ()
    splits: Paths = ()
    potential: Paths = ()
    leave: Paths = ()
    calendar_changes: Paths = ()
    quotas: Paths = ()
    rates: Paths = ()
    headcounts: Paths = ()
    supply: Paths = ()
    encoding: Encoding = "auto"
    unit: Units = {}
    metric: str = ""
    duplicates: Literal["error", "sum"] = "error"
    unknown_reps: Literal["error", "drop"] = "error"
    history_follows: Literal["territory", "rep"] = "territory"
    columns: Columns = Columns()
    where: Where = Where()


FILES = tuple(Columns.model_fields)
"""Keys of `Data` that hold files."""
