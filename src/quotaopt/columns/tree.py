"""The columns of the tables about nodes of the tree."""

from __future__ import annotations

from typing import Final

from quotaopt.columns import Column

NODES: Final = (
    Column("level", "string", "company, or a level of one of the trees"),
    Column("node", "string", "its name, or its path with tree.paths"),
    Column("parent", "string", "the node above it"),
    Column("plan_target", "number", "its own number: what it answers for to its parent", "money"),
    Column("street_target", "number", "what the quotas below it have to add up to, all hedges on top", "money"),
    Column("hedge", "number", "by how much its children are asked for more than itself", "ratio"),
    Column("cumulative", "number", "all hedges from here down together, (1 + h) × … - 1", "ratio"),
    Column("quota", "number", "sum of the quotas below it", "money"),
    Column("gap", "number", "quota - street_target", "money"),
    Column("set", "boolean", "whether a target was given; otherwise the plan decided it"),
    Column("source", "string", "file:line of the target"),
)
