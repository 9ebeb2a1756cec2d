"""Columns of what `explain` answers."""

from __future__ import annotations

from typing import Final

from quotaopt.columns import Column

EXPLAIN: Final = (
    Column("rep_id", "string", "the rep"),
    Column("order", "integer", "number of the step"),
    Column("step", "string", "last_year, potential, headcount, ramp, factor, workload, share, a rule …, rounding"),
    Column("amount", "number", "what the step adds to the rep's quota; all steps add up to it exactly", "money"),
    Column("total", "number", "where the rep stands after the step", "money"),
    Column("source", "string", "file:line of what the step switches on"),
)  # fmt: skip
RULE_COSTS: Final = (
    Column("rule", "string", "the rule that is left out, alone; overassignment is left out like a rule"),
    Column("binding", "integer", "how many of its limits are reached"),
    Column("moved", "number", "quota it moves between reps, or adds to their sum; empty: no plan without it", "money"),
    Column("reps", "integer", "reps whose quota it moves", "reps"),
    Column("level", "number", "the highest level in the plan"),
    Column("level_without", "number", "the highest level without the rule"),
    Column("level_change", "number", "level - level_without: what it costs in fairness"),
    Column("more_rep", "string", "the rep whose quota it raises most"),
    Column("more_change", "number", "by how much", "money"),
    Column("less_rep", "string", "the rep whose quota it lowers most"),
    Column("less_change", "number", "by how much", "money"),
    Column("scope", "string", "the one of its limits that 1 % of itself is worth most; empty where no price is known"),
    Column("limit", "number", "that limit", "money"),
    Column("price", "number", "change of the highest level it moves, per 1 more of the limit; empty where not known"),
    Column("price_from", "number", "the lowest limit to which that was proven to be in proportion", "money"),
    Column("price_to", "number", "the highest", "money"),
    Column("source", "string", "file:line of the rule"),
)
HOLDS: Final = (
    Column("rule", "string", "name of the rule"),
    Column("scope", "string", "the total it limits"),
    Column("sense", "string", "<=, >= or =="),
    Column("limit", "number", "its limit; empty where it weighs several totals", "money"),
    Column("limits", "integer", "limits of the rule that are reached and concern the rep"),
    Column("without", "number", "the rep's quota without the rule, alone; empty: no plan without it", "money"),
    Column("price", "number", "change of the highest level it moves, per 1 more of the limit; empty where not known"),
    Column("price_from", "number", "the lowest limit to which that was proven to be in proportion", "money"),
    Column("price_to", "number", "the highest", "money"),
    Column("source", "string", "file:line of the limit"),
)
PEERS: Final = (
    Column("peer", "string", "you, then A, B, C: no names"),
    Column("last_year", "number", "sales in the same months; of peers to two digits", "money"),
    Column("capacity", "number", "what the rep can carry; of peers to two digits", "money"),
    Column("presence", "number", "headcount × ramp, mean over the plan", "ratio"),
    Column("quota", "number", "the quota; of peers to two digits", "money"),
    Column("stretch", "number", "quota / capacity", "ratio"),
)
SWAP: Final = (
    Column("rep_id", "string", "who could take a part of the quota"),
    Column("region", "string", "where"),
    Column("quota", "number", "the quota now", "money"),
    Column("takes", "number", "what comes to it", "money"),
    Column("comes_to", "number", "quota + takes", "money"),
    Column("ratio", "number", "takes / quota", "ratio"),
    Column("chance", "number", "chance to make the quota now; empty where the forecast knows none", "ratio"),
    Column("chance_after", "number", "chance to make what it comes to", "ratio"),
)
LESS: Final = (
    Column("way", "string", "target: less is asked of the company; lock: the quota is fixed and others pay"),
    Column("possible", "boolean", "whether it can be"),
    Column("amount", "number", "by how much the target falls, or what the others pay", "money"),
    Column("ratio", "number", "the same in parts of the target, or of the quota of the one who pays most", "ratio"),
    Column("reps", "integer", "how many others pay", "reps"),
    Column("scope", "string", "targets that fall with the company's, or limits that forbid it"),
    Column("source", "string", "file:line of those"),
)

# What would move the plan.

WHAT_IF: Final = (
    Column("change", "string", "what was asked"),
    Column("way", "string", "up, down, or to a value"),
    Column("value_before", "string", "the number in the scenario"),
    Column("value_after", "string", "the number it was changed to"),
    Column("what", "string", "level (of a peer group), highest level, rep, rule, or plan when there is none"),
    Column("key", "string", "which one: peer group, rep, rule"),
    Column("name", "string", "of a rule the limit; of a plan that does not exist the reason"),
    Column("before", "number", "level, quota, or whether the limit is reached (0 or 1)"),
    Column("after", "number", "the same after the change"),
    Column("difference", "number", "after - before"),
    Column("rate", "number", "difference per 1 of the changed number"),
)
RANGES: Final = (
    Column("what", "string", "what is totalled by"),
    Column("key", "string", "which one"),
    Column("quota", "number", "the total in the plan", "money"),
    Column("low", "number", "the lowest it could be in a plan as fair", "money"),
    Column("high", "number", "the highest it could be in a plan as fair", "money"),
    Column("below", "number", "low / quota - 1", "ratio"),
    Column("above", "number", "high / quota - 1", "ratio"),
)
FRONTIER: Final = (
    Column("delta", "number", "fairness given up: largest distance of a rep's level from the fair one"),
    Column("cost", "number", "least sum over reps of |quota - pattern|", "money"),
    Column("share", "number", "part of the way from the fair plan's cost to the least cost", "ratio"),
    Column("at_limit", "integer", "reps whose level differs by delta; with over 100 reps empty, like who pays", "reps"),
    Column("first_rep", "string", "the rep whose level rises most: who pays for it"),
    Column("first_change", "number", "that rep's quota / fair quota - 1", "ratio"),
    Column("second_rep", "string", "the rep who pays second most"),
    Column("second_change", "number", "that rep's quota / fair quota - 1", "ratio"),
    Column("knee", "boolean", "where most is gained for the fairness given up"),
)
