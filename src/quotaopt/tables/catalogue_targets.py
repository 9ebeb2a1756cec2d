"""Tables of what is asked and what was asked: targets of nodes, levels of metrics, past quotas, and rates of money."""

from __future__ import annotations

from quotaopt.tables.known import CURRENCY, MONTH, PRODUCT, QUOTA, REP_ID
from quotaopt.tables.schema import Field, Kind, Table

LEVELS = Table(
    "levels",
    (
        Field("metric", aliases="measure kpi 指标 指标名称", required=True),
        Field("level", aliases="层级 级别", required=True),
        Field("node", aliases="name 节点 名称 组织", required=True),
        Field("volume", Kind.NUMBER, "weight 权重 体量 规模", required=True, low=0, limits="It is zero or more."),
        Field("value", Kind.NUMBER, "last actual 去年 实际 当前值"),
        Field("target", Kind.NUMBER, "目标 目标值"),
    ),
    key=("metric", "level", "node"),
    may_be_empty=True,
)
NODES = Table(
    "nodes",
    (
        Field("level", aliases="层级 级别", required=True),
        Field("node", aliases="name 节点 名称 组织", required=True),
        Field("product_id", aliases=PRODUCT),
        Field("month", Kind.MONTH, MONTH),
        Field("quarter", aliases="季度"),
        Field(
            "target",
            Kind.MONEY,
            "value amount 目标 指标 任务 金额",
            required=True,
            low=0,
            limits="A target is zero or more.",
        ),
    ),
    key=("level", "node", "product_id", "month", "quarter"),
    may_be_empty=True,
)
QUOTAS = Table(
    "quotas",
    (
        REP_ID,
        Field("product_id", aliases=PRODUCT),
        Field("month", Kind.MONTH, f"{MONTH} date 日期 quarterstart", required=True),
        QUOTA,
    ),
    key=("rep_id", "product_id", "month"),
    may_be_empty=True,
)
RATES = Table(
    "rates",
    (
        Field("currency", aliases=CURRENCY, required=True),
        Field("month", Kind.MONTH, MONTH),
        Field("rate", Kind.NUMBER, "exchangerate fxrate fx 汇率 折算率", required=True, low=1e-9, limits="Above zero."),
    ),
    key=("currency", "month"),
    may_be_empty=True,
)
