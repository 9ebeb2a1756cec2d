"""Headings and sentences of exports in English and Chinese.

English headings are the columns' own names; the Chinese ones of rep, product, period and quota are headers that are
known when a table is read, so that an exported table can be brought back.
"""

from __future__ import annotations

import re

from quotaopt.export._registry import Language

HEADINGS = {
    "run_id": "运行编号", "scenario": "方案", "rep_id": "工号", "rep_name": "姓名", "region": "大区",
    "product_id": "产品", "period": "期间", "period_start": "期初", "period_end": "期末", "quota": "指标",
    "capacity": "能力", "stretch": "指标/能力", "potential": "潜力", "low": "下限", "high": "上限",
    "baseline": "基准", "last_year": "去年同期", "change": "同比", "locked": "锁定", "binding_rule": "限制规则",
    "currency": "币种", "unit": "金额单位", "total": "合计", "target": "目标", "gap": "差额", "rule": "规则",
    "scope": "范围", "activity": "实际值", "sense": "关系", "limit": "限值", "slack": "余量", "binding": "起作用",
    "hard": "硬性", "violation": "超限", "source": "来源", "reps": "人数",
    "version": "版本", "metric": "指标类型", "year": "年度", "month": "月份", "company": "公司", "channel": "渠道",
    "segment": "客户群", "team": "团队", "manager_id": "经理", "territory_id": "辖区", "plan_target": "计划目标",
    "street_target": "下达目标", "base": "基准", "p_attain": "达成概率",
    "account_id": "客户", "share": "占比",
}  # fmt: skip
WORDS = {
    "Quotas": "指标",
    "Regions": "大区汇总",
    "Rules": "规则",
    "Charts": "图表",
    "Read me": "说明",
    "yellow cells may be changed; grey ones are locked": "黄色单元格可修改，灰色单元格已锁定",
    "Total of the rows shown": "显示行合计",
    "all": "全部",
    "locked": "已锁定",
    "Not a quota": "不是有效指标",
    "A quota is a number, zero or more. Write 0 for none.": "指标须为大于或等于零的数字；没有指标请填 0。",
    "Quota by region": "各大区指标",
    "Quota by period": "各期指标",
    "Reps by stretch (quota / capacity)": "按指标/能力的人数分布",
    "run": "运行编号",
    "scenario": "方案",
    "about": "说明",
    "target": "目标",
    "sum of the quotas": "指标合计",
    "periods": "期间",
    "currency": "币种",
    "made by": "制作",
    "What to do with it": "如何使用",
    "Change yellow cells of the sheet {Quotas} and save. Totals follow.":
        "修改“{Quotas}”工作表的黄色单元格并保存，合计会随之变化。",
    "Then, in the project:  quotaopt new review --from plan.xlsx":
        "然后在项目中运行：quotaopt new review --from plan.xlsx",
    "Changed cells become locks of a new scenario; the rest is planned again around them.":
        "改过的单元格成为新方案的锁定值，其余部分据此重新规划。",
    "Sheets are protected without a password, so that formulas are not hit by accident.":
        "工作表已保护（无密码），以免误改公式。",
    "Money, not thousands; each number is exact.": "金额未按千或万缩写，每个数字都是精确值。",
    "capacity: what the rep can be expected to sell. stretch: quota / capacity.":
        "能力：预计可完成的销售额。指标/能力：指标与能力之比。",
}  # fmt: skip
MONTH = re.compile(r"(\d{4})-(\d\d)")


def heading(column: str, labels: Language) -> str:
    """A column's heading; periods are headings too."""
    if labels == "en":
        return column
    month = MONTH.fullmatch(column)
    return f"{month[1]}年{int(month[2])}月" if month else HEADINGS.get(column, column)


def say(text: str, labels: Language) -> str:
    """A sentence in the language of the labels; names of sheets stand in braces."""
    said = WORDS[text] if labels == "zh" else text
    return re.sub(r"\{(.+?)\}", lambda name: say(name[1], labels), said)
