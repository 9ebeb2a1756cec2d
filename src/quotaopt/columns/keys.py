"""What tells the rows of a table of a run apart, and which rows of another table they belong to."""

from __future__ import annotations

from typing import Final

CELL: Final = ("rep_id", "product_id", "period")
KEYS: Final = {
    "quotas": CELL,
    "forecast": CELL,
    "capacity": CELL,
    "accounts": (*CELL, "account_id"),
    "goals": ("order",),
    "fairness": ("rep_id",),
    "uncovered": ("rep_id", "period"),
    "excluded": ("rep_id",),
}
"""Table → the columns that no two of its rows share."""
PARENTS: Final = {"quotas": ("forecast", CELL), "capacity": ("forecast", CELL), "accounts": ("quotas", CELL)}
"""Table → the table that has a row for each of its rows, and the columns that name it."""
