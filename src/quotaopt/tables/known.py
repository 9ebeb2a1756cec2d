"""Headers that columns of several tables are known by (space-separated words, see `schema.Field`)."""

from __future__ import annotations

from quotaopt.tables.schema import Field, Kind

REP = (
    "rep repcode salesrep salesrepid salesperson salespersonid seller sellerid employeeid "
    "工号 员工工号 员工编号 员工号 业务员工号 业务员编号 销售员工号 销售员编号 人员编号 "
    "销售员 业务员 销售代表 销售人员 业务代表"
)
PRODUCT = (
    "product productcode sku item productline "
    "产品 产品编号 产品编码 产品代码 产品线 产品名称 商品 商品编码 品类 物料编码"
)
MONTH = "period yearmonth 月份 年月 月 期间 会计期间"

TERRITORY = "territory territorycode patch 辖区 辖区编号 地盘 责任区 责任区编号 片区 片区编号 网格 销售区域 区域编号"

ACCOUNT = (
    "account accountcode accountno customer customerid customercode client clientid "
    "客户 客户编号 客户编码 客户代码 客户号 客户名称 门店 门店编号 终端"
)

CURRENCY = "ccy currencycode 币种 货币 货币代码"

ACCOUNT_ID = Field("account_id", aliases=ACCOUNT)
REP_ID = Field("rep_id", aliases=REP, required=True)
PRODUCT_ID = Field("product_id", aliases=PRODUCT, required=True)
QUOTA = Field(
    "quota",
    Kind.MONEY,
    "value amount target 指标 目标 任务 销售指标",
    required=True,
    low=0,
    limits="A quota is zero or more.",
)
