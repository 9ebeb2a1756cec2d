"""The columns of the files that say what was decided by hand, and what stands beside the plan."""

from __future__ import annotations

from typing import Final

from quotaopt.columns import Column

OVERRIDES: Final = (
    Column("rep_id", "string", "the rep"),
    Column("product_id", "string", "the product; empty for all of them"),
    Column("period", "string", "month, like 2027-01; empty for the whole plan"),
    Column("computed", "number", "what the plan without the overrides asks", "money"),
    Column("value", "number", "what was decided", "money"),
    Column("change", "number", "value - computed", "money"),
    Column("author", "string", "who decided it"),
    Column("date", "date", "when; empty where not written"),
    Column("reason", "string", "why"),
    Column("source", "string", "file:line of the override"),
)
COMMITS: Final = (
    Column("level", "string", "all, region, rep, product, or commit: one row of the table"),
    Column("key", "string", "which one; of a commitment the rep, product and month it is about"),
    Column("name", "string", "its name, where it has one"),
    Column("target", "number", "what the plan without commitments asks of it", "money"),
    Column("covered", "number", "the part of `target` that somebody committed to", "money"),
    Column("commit", "number", "sum of the commitments in it", "money"),
    Column("gap", "number", "covered - commit; positive where less was committed to than is asked", "money"),
    Column("quota", "number", "what the plan asks in the end", "money"),
    Column("author", "string", "of a commitment, who made it"),
    Column("source", "string", "of a commitment, its file:line"),
)
OVERLAY: Final = (
    Column("level", "string", "all, rep (of an overlay), or cell: overlay rep × product × month"),
    Column("rep_id", "string", "the overlay rep; empty for all"),
    Column("rep_name", "string", "the overlay rep's name"),
    Column("product_id", "string", "the product"),
    Column("period", "string", "month, like 2027-01"),
    Column("covered", "number", "quotas of others that are covered; for all, every quota of the company", "money"),
    Column("quota", "number", "the overlay quota: share × covered; counts in no other table", "money"),
    Column("credited", "number", "credited / booked: (covered + quota) / covered", "ratio"),
)
ACCOUNTS: Final = (
    Column("rep_id", "string", "the rep"),
    Column("rep_name", "string", "the rep's name"),
    Column("account_id", "string", "the account; other accounts: all that have no row of their own"),
    Column("product_id", "string", "the product"),
    Column("period", "string", "month, like 2027-01"),
    Column("quota", "number", "the part of the rep's quota, above zero", "money"),
    Column("share", "number", "quota / the rep's quota of the product and month", "ratio"),
)
POTENTIAL: Final = (
    Column("rep_id", "string", "the rep"),
    Column("product_id", "string", "the product; empty for all of them"),
    Column(
        "potential",
        "number",
        "what the rep's market would bear; empty where only that of all products is known",
        "money",
    ),
    Column("sales", "number", "sales in the same months a year before", "money"),
    Column("penetration", "number", "sales / potential", "ratio"),
    Column("history_share", "number", "the rep's share of what those with a potential are expected to sell", "ratio"),
    Column("potential_share", "number", "the rep's share of their potential, by presence", "ratio"),
    Column("history_weight", "number", "how much history counts", "ratio"),
    Column("share", "number", "the two shares, weighed", "ratio"),
    Column("before", "number", "expected over the plan by history alone", "money"),
    Column("after", "number", "expected over the plan by both", "money"),
)
LOCAL: Final = (
    Column("rep_id", "string", "the rep"),
    Column("rep_name", "string", "the rep's name"),
    Column("period", "string", "month, like 2027-01"),
    Column("currency", "string", "the rep's currency"),
    Column("rate", "number", "what one of it is worth in the plan's currency"),
    Column("quota", "number", "the rep's quota of the month", "money"),
    Column("local_quota", "number", "quota / rate, in the rep's currency"),
)
UNITS: Final = (
    Column("rep_id", "string", "the rep"),
    Column("product_id", "string", "the product"),
    Column("period", "string", "month, like 2027-01"),
    Column("quota", "number", "money asked of the rep", "money"),
    Column("price", "number", "money of one unit, in the plan", "money"),
    Column("units", "number", "quota / price", "ratio"),
    Column("whole_units", "integer", "the same in whole units, sums over months rounded too"),
)
WINDFALL: Final = (
    Column("rep_id", "string", "the rep who booked it"),
    Column("product_id", "string", "the product"),
    Column("month", "string", "month of the past, like 2026-05"),
    Column("date", "string", "the day, where it is written"),
    Column("order_id", "string", "the order, where it is written"),
    Column("amount", "number", "as booked", "money"),
    Column("kept", "number", "what counts as history", "money"),
    Column("windfall", "number", "amount - kept: counts in no base", "money"),
    Column("why", "string", "marked, or beyond the fence"),
    Column("source", "string", "file:line of the sale"),
)
