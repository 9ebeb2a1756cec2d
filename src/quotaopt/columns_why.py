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
    Column("source", "string", "file:line of the rule"),
)
HOLDS: Final = (
    Column("rule", "string", "name of the rule"),
    Column("scope", "string", "the total it limits"),
    Column("sense", "string", "<=, >= or =="),
    Column("limit", "number", "its limit; empty where it weighs several totals", "money"),
    Column("limits", "integer", "limits of the rule that are reached and concern the rep"),
    Column("without", "number", "the rep's quota without the rule, alone; empty: no plan without it", "money"),
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
