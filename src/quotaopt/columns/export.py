"""Columns of the long file that every other layout could be made from."""

from __future__ import annotations

from typing import Final

from quotaopt.columns import Column

LONG: Final = (
    Column("run_id", "string", "the run this quota belongs to"),
    Column("scenario", "string", "name of the scenario"),
    Column("version", "string", "version of quotaopt that made the run"),
    Column("metric", "string", "what is counted, as the option `metric` says"),
    Column("year", "integer", "fiscal year, named for the calendar year it ends in"),
    Column("month", "integer", "place of the month in it, 1 to 12"),
    Column("period_start", "date", "first day of the month"),
    Column("period_end", "date", "last day of the month"),
    Column("company", "string", "as the option `company` says"),
    Column("region", "string", "the rep's region"),
    Column("channel", "string", "the rep's channel, as the roster says now"),
    Column("segment", "string", "the rep's segment, as the roster says now"),
    Column("team", "string", "the rep's team, as the roster says now"),
    Column("manager_id", "string", "the rep's manager, as the roster says now"),
    Column("rep_id", "string", "the rep who carries it"),
    Column("rep_name", "string", "the rep's name"),
    Column("territory_id", "string", "the column territory_id of the roster, where it has one"),
    Column("product_id", "string", "the product"),
    Column("target", "number", "money asked of the rep: the quota", "money"),
    Column("plan_target", "number", "what the company counts on: target / (1 + overassignment), in cents", "money"),
    Column("street_target", "number", "the same as target: what is asked in the field", "money"),
    Column("base", "number", "the pattern the quota was spread after", "money"),
    Column("capacity", "number", "potential × headcount × ramp × factor", "money"),
    Column("p_attain", "number", "chance that the rep reaches the quotas of the whole plan", "ratio"),
    Column("locked", "boolean", "whether a lock covers this quota"),
    Column("binding_rule", "string", "the rule that keeps it from going on; empty where none does"),
    Column("currency", "string", "currency of every amount"),
    Column("unit", "number", "how much money an amount of 1 is", "money"),
)
