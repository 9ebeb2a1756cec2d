"""The columns of the tables about several metrics."""

from __future__ import annotations

from typing import Final

from quotaopt.columns import QUOTAS, Column

METRIC_QUOTAS: Final = (Column("metric", "string", "what is counted, such as units"), *QUOTAS)
METRICS: Final = (
    Column("metric", "string", "amount (the money of quotas.csv), or the name of another metric"),
    Column("kind", "string", "sum or level"),
    Column("weight", "number", "its part of the whole; all add up to 1", "ratio"),
    Column("target", "number", "the company's target of this metric"),
    Column("total", "number", "sum of its quotas; of levels the mean weighted by volume"),
    Column("gap", "number", "total - target"),
    Column("status", "string", "how its plan ended; set for levels"),
    Column("run", "string", "folder of its own plan in this run"),
    Column("sentence", "string", "why it has no plan"),
)
LEVELS: Final = (
    Column("metric", "string", "what is measured, such as share"),
    Column("level", "string", "company, or what its nodes are of"),
    Column("node", "string", "which one"),
    Column("volume", "number", "its weight in the mean"),
    Column("value", "number", "the last value; the company's target where there is none"),
    Column("target", "number", "the level asked for; of the company the mean weighted by volume"),
    Column("change", "number", "target - value"),
    Column("set", "boolean", "whether it was given"),
)
