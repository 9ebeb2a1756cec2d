"""Columns of the files of a frozen plan."""

from __future__ import annotations

from typing import Final

from quotaopt.columns import Column

KEYS: Final = (
    Column("rep_id", "string", "the rep who carries it"),
    Column("product_id", "string", "the product"),
    Column("month", "string", "month, like 2027-01"),
)
PLAN: Final = (
    *KEYS,
    Column("quota", "number", "money asked of the rep", "money"),
    Column("unit", "number", "how much money an amount of 1 is", "money"),
)
LEDGER: Final = (
    Column("revision", "integer", "number of the revision, from 1"),
    Column("effective", "string", "the first month that may change, like 2027-04"),
    *KEYS,
    Column("old", "number", "quota before", "money"),
    Column("new", "number", "quota from then on", "money"),
    Column("author", "string", "who changed it"),
    Column("written", "datetime", "when it was written down"),
    Column("reason", "string", "why"),
    Column("run_id", "string", "the run the new quota comes from; empty when by hand"),
    Column("hash", "string", "SHA-256 of the row before and this one: nothing can be changed or left out unseen"),
)
HISTORY: Final = (
    Column("key", "string", "region, rep, product or month"),
    Column("name", "string", "its name, where it has one"),
    Column("plan", "number", "as frozen", "money"),
    Column("current", "number", "after all revisions", "money"),
    Column("change", "number", "current - plan", "money"),
    Column("change_ratio", "number", "current / plan - 1; empty where plan is 0", "ratio"),
)
