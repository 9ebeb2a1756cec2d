"""Every table people may bring: its columns and the headers they are known by.

A table needs an entry here, and a key of its name in `settings.data.Data` and `settings.data.Columns`; it is then read,
checked and typed, and stands in `Inputs.more` where it has no place of its own in `Inputs`.
"""

from __future__ import annotations

from dataclasses import replace

from quotaopt.tables.catalogue_changes import HEADCOUNT, HEADCOUNTS, SUPPLY, SUPPLY_CAP
from quotaopt.tables.catalogue_targets import LEVELS, NODES, QUOTAS, RATES
from quotaopt.tables.known import ACCOUNT_ID, CURRENCY, MONTH, PRODUCT, PRODUCT_ID, QUOTA, REP, REP_ID, TERRITORY
from quotaopt.tables.schema import Field, Kind, Table

HISTORY = Table(
    "history",
    (
        REP_ID,
        PRODUCT_ID,
        Field("date", Kind.DAY, "day orderdate invoicedate saledate 日期 销售日期 订单日期 下单日期 开票日期"),
        Field("month", Kind.MONTH, MONTH, required=True, instead="date"),
        Field(
            "amount",
            Kind.MONEY,
            "sales salesamount revenue value 销售额 完成额 销售金额 金额 业绩 实际销售额 实际完成 营业额",
            required=True,
        ),
        Field("currency", aliases=CURRENCY),
        Field("metric", aliases="measure kpi 指标名称 度量"),
        Field("units", Kind.NUMBER, "quantity qty 数量 销量 件数"),
        Field("orders", Kind.NUMBER, "ordercount 订单数 订单数量"),
        Field("new_customers", Kind.NUMBER, "newcustomers 新客户 新客户数 新增客户"),
        Field("order_id", aliases="order orderno ordernumber invoice invoiceno 订单 订单号 订单编号 单号 发票号"),
        Field("territory_id", aliases=TERRITORY),
        Field("windfall", Kind.FLAG, "oneoff once 一次性 意外大单 一次性大单"),
        ACCOUNT_ID,
    ),
    key=("rep_id", "product_id", "territory_id", "date", "month", "order_id", "account_id"),
    remedy='Add an order_id, or set data.duplicates = "sum".',
)

WITHOUT_ACCOUNTS = replace(HISTORY, fields=HISTORY.fields[:-1], key=HISTORY.key[:-1])
"""The history where rows are added up and nobody asks for accounts: the column would only cost time."""


def _potential(required: bool = False) -> Field:
    headers = "marketpotential 潜力 市场潜力 市场容量"
    return Field("potential", Kind.MONEY, headers, required, low=0, limits="A potential is zero or more.")


ROSTER = Table(
    "roster",
    (
        Field("rep_id", aliases=f"id {REP} 姓名 name", required=True),
        Field("rep_name", aliases="name fullname 姓名 销售员 业务员 员工姓名 销售代表 salesperson"),
        Field("region", aliases="area territory 大区 区域 地区 片区 销售区域", required=True),
        Field("team", aliases="group department 团队 部门 小组 销售组"),
        Field("manager", aliases="managerid managername 经理 主管 上级 负责人 区域经理"),
        Field("channel", aliases="saleschannel 渠道 销售渠道"),
        Field("segment", aliases="customersegment 客户群 客户类型 细分市场 行业"),
        Field("role", aliases="title jobtitle position 职位 岗位 角色 职务"),
        Field("peer_group", aliases="peers 同类组 对标组 分组"),
        Field("start_date", Kind.DAY, "start hiredate joined 入职日期 入职时间 开始日期 到岗日期"),
        Field("end_date", Kind.DAY, "end leavedate left 离职日期 离职时间 结束日期"),
        HEADCOUNT,
        Field("currency", aliases=CURRENCY),
        Field("ramp_profile", aliases="ramp 爬坡 爬坡曲线 成长曲线"),
        Field("is_vacant", Kind.FLAG, "vacant tobehired tbh 空缺 待招 是否空缺"),
        Field("include", Kind.FLAG, "included inplan 参与 是否参与 纳入 是否纳入"),
        Field("exclude_reason", aliases="reasonexcluded whyexcluded 排除原因 不参与原因"),
        Field("overlay", Kind.FLAG, "isoverlay 叠加 叠加指标 专家岗"),
        Field("accounts", Kind.NUMBER, "accountcount 客户数 客户数量", low=0, limits="A number of accounts."),
        _potential(),
    ),
    key=("rep_id",),
    keeps_others=True,
    remedy="Keep one row for each rep.",
)
PRODUCTS = Table(
    "products",
    (
        PRODUCT_ID,
        Field("product_name", aliases="name 产品名称 名称"),
        Field("family", aliases="productfamily category 产品大类 产品系列 系列 大类 类别"),
        Field("launch_month", Kind.MONTH, "launch launchdate 上市月份 上市日期 上市"),
        Field("end_month", Kind.MONTH, "end enddate 退市月份 退市日期 停产月份 退市"),
        SUPPLY_CAP,
        Field("price", Kind.MONEY, "unitprice listprice 单价 价格", low=0, limits="A price is zero or more."),
    ),
    key=("product_id",),
    keeps_others=True,
    remedy="Keep one row for each product.",
)


def _share(name: str, headers: str, required: bool = False, whole: str = "all of it") -> Field:
    limits = f"Write 1 for {whole}, 0.5 for half of it."
    return Field(name, Kind.NUMBER, headers, required, low=0, high=1, limits=limits)


def _by_hand(name: str, headers: str, reason: bool = False) -> Table:
    """A table of quotas decided by hand: product or month left empty means all of them."""
    fields = (
        REP_ID,
        Field("product_id", aliases=PRODUCT),
        Field("month", Kind.MONTH, MONTH),
        Field(
            "value", Kind.MONEY, f"quota amount {headers} 金额", required=True, low=0, limits="A quota is zero or more."
        ),
        Field("reason", aliases="why note 原因 理由 备注", required=reason),
        Field("author", aliases="by who 操作人 提出人 修改人"),
        Field("date", Kind.DAY, "day when 日期 修改日期 承诺日期"),
    )
    return Table(name, fields, key=("rep_id", "product_id", "month"), may_be_empty=True)


LOCKS = _by_hand("locks", "指标 目标 任务 锁定值")
OVERRIDES = _by_hand("overrides", "指标 目标 任务 调整值 调整后指标", reason=True)
COMMITS = _by_hand("commits", "commit commitment 承诺 承诺值 承诺额 自报指标 指标 目标")
PLAN = Table(
    "plan",
    (
        REP_ID,
        PRODUCT_ID,
        Field("month", Kind.MONTH, MONTH, required=True),
        QUOTA,
        Field(
            "unit", Kind.NUMBER, "金额单位", low=0.000001, limits="Money in one of the file's quotas, like 1 or 10000."
        ),
    ),
    key=("rep_id", "product_id", "month"),
)
ASSIGNMENTS = Table(
    "assignments",
    (
        REP_ID,
        Field("territory_id", aliases=TERRITORY, required=True, instead="account_id"),
        ACCOUNT_ID,
        Field("start_date", Kind.DAY, "start from validfrom 开始日期 生效日期 起始日期 接手日期"),
        Field("end_date", Kind.DAY, "end to until validto 结束日期 失效日期 截止日期 移交日期"),
        _share("share", "part 份额 比例 占比 分摊比例", whole="the whole territory"),
        Field("kind", aliases="type 类型 分配类型"),
        Field("region", aliases="大区 区域 地区"),
    ),
    key=("rep_id", "territory_id", "start_date", "end_date"),
    may_be_empty=True,
)


OVERLAYS = Table(
    "overlays",
    (
        REP_ID,
        Field("covers_rep", aliases="covers ofrep supports 支持人员 覆盖人员 被支持人"),
        Field("region", aliases="area 大区 区域 地区"),
        Field("territory_id", aliases=TERRITORY),
        Field("product_id", aliases=PRODUCT),
        Field("start_date", Kind.DAY, "start from validfrom 开始日期 生效日期 起始日期"),
        Field("end_date", Kind.DAY, "end to until validto 结束日期 失效日期 截止日期"),
        _share("share", "part credit 份额 比例 计入比例", required=True),
    ),
    key=("rep_id", "covers_rep", "region", "territory_id", "product_id", "start_date", "end_date"),
    may_be_empty=True,
)
SPLITS = Table(
    "splits",
    (
        REP_ID,
        Field("order_id", aliases="order orderno ordernumber deal dealid 订单 订单号 订单编号 单号"),
        Field("credit_rep", aliases="credited creditedto creditto 计入人员 分单人员 分成人员", required=True),
        _share("share", "creditshare part 份额 比例 分单比例", required=True),
        _share("quota_share", "quotapart 指标比例 指标份额"),
    ),
    key=("rep_id", "order_id", "credit_rep"),
    may_be_empty=True,
)
POTENTIAL = Table(
    "potential",
    (
        Field("rep_id", aliases=REP),
        Field("territory_id", aliases=TERRITORY),
        Field("product_id", aliases=PRODUCT),
        _potential(required=True),
    ),
    key=("rep_id", "territory_id", "product_id"),
    may_be_empty=True,
)
LEAVE = Table(
    "leave",
    (
        REP_ID,
        Field("start_date", Kind.DAY, "from start 开始日期 起始日期 休假开始", required=True),
        Field("end_date", Kind.DAY, "to end until 结束日期 截止日期 休假结束"),
        _share("relief", "reliefshare 减免 减免比例", whole="all of the quota of these days"),
        Field("kind", aliases="reason type 类型 假别 原因"),
        Field("paid", Kind.FLAG, "ispaid 带薪 是否带薪"),
    ),
    key=("rep_id", "start_date"),
    may_be_empty=True,
    keeps_others=True,
    remedy="Keep one row for each leave.",
)
CALENDAR_CHANGES = Table(
    "calendar_changes",
    (
        Field("date", Kind.DAY, "day 日期 调休日期", required=True),
        Field("is_workday", Kind.FLAG, "workday worked working 是否工作日 是否上班 上班 工作日", required=True),
        Field("name", aliases="holiday holidayname reason 节日 节假日 名称 说明 备注"),
    ),
    key=("date",),
    may_be_empty=True,
)
TABLES = {
    table.name: table
    for table in (
        HISTORY, ROSTER, PRODUCTS, LOCKS, PLAN, ASSIGNMENTS, OVERRIDES, COMMITS, OVERLAYS, SPLITS, POTENTIAL, LEAVE,
        CALENDAR_CHANGES, QUOTAS, NODES, LEVELS, RATES, HEADCOUNTS, SUPPLY,
    )
}  # fmt: skip
