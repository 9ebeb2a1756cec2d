"""Tables of what changes within the year: full-time shares of people, and what can be delivered of a product."""

from __future__ import annotations

from dataclasses import replace

from quotaopt.tables.known import MONTH, PRODUCT_ID, REP_ID
from quotaopt.tables.schema import Field, Kind, Table

HEADCOUNT = Field(
    "headcount", Kind.NUMBER, "fte 人数 编制 在岗比例", low=0, high=1, limits="Write 1 for full time, 0.5 for half."
)
SUPPLY_CAP = Field(
    "supply_cap", Kind.MONEY, "supply monthlysupply 供应上限 供货上限 产能上限", low=0, limits="Money a month."
)

HEADCOUNTS = Table(
    "headcounts",
    (
        REP_ID,
        Field("start_date", Kind.DAY, "from start 开始日期 起始日期 生效日期", required=True),
        Field("end_date", Kind.DAY, "to end until 结束日期 截止日期"),
        replace(HEADCOUNT, aliases="fte 在岗比例 人数 编制", required=True),
    ),
    key=("rep_id", "start_date"),
    may_be_empty=True,
)
SUPPLY = Table(
    "supply",
    (
        PRODUCT_ID,
        Field("month", Kind.MONTH, MONTH),
        replace(SUPPLY_CAP, aliases=f"cap {SUPPLY_CAP.aliases}", required=True),
    ),
    key=("product_id", "month"),
    may_be_empty=True,
)
