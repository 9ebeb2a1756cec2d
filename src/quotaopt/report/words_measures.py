"""What measures of a plan say of themselves, in Chinese: a template for each, as in `words_findings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MEASURES: Final[Mapping[str, str]] = {
    "sum of all quotas": "全部配额之和",
    "sum of all capacity": "全部产能之和",
    "sales in the same months a year before": "上年同期销售",
    "sum of quotas / target - 1": "配额之和 / 目标 − 1",
    "sum of quotas / last year's sales - 1": "配额之和 / 上年销售 − 1",
    "median quota / capacity of the reps": "配额 / 产能的中位数",
    "highest quota / capacity": "最高的配额 / 产能",
    "highest less lowest quota / capacity": "配额 / 产能的最高减最低",
    "Gini index of quota / capacity, 0 is equal": "配额 / 产能的基尼系数，0 为均等",
    "Theil's index of quota / capacity, 0 is equal": "配额 / 产能的泰尔指数，0 为均等",
    "Jain's index of quota / capacity, 1 is equal": "配额 / 产能的 Jain 指数，1 为均等",
    "reps asked for more than capacity": "配额超过产能的人数",
    "median chance that sales reach the quota": "达成概率的中位数",
    "highest less lowest chance": "达成概率的最高减最低",
    "1: no quota can move from a more to a less stretched rep, whatever shifts on the way": (
        "1：无论中间如何调整，配额都无法由拉伸度高的人转给低的人"
    ),
    "1: no quota can move from a more to a less stretched rep, looking at moves between two reps": (
        "1：就两人之间的调整而言，配额无法由拉伸度高的人转给低的人"
    ),
    "reps a rule keeps from their group's level": "因规则偏离同组水平的人数",
    "expected share of reps {band}": "{band}的人数占比（期望）",
    "standard deviation of attainment over reps, expected": "各人达成率的标准差（期望）",
    "skewness of attainment over reps, expected; above 0 a few reps lead far": (
        "各人达成率的偏度（期望）；大于 0 表示少数人遥遥领先"
    ),
    "whether attainment has two humps (Sarle's coefficient, expected): above 0.56 it looks like it": (
        "达成率是否呈双峰（Sarle 系数，期望）：大于 0.56 则像是"
    ),
    "the company's sales / target, expected": "公司销售 / 目标（期望）",
    "chance that the company makes its target, from {n} draws": "公司达成目标的概率（{n} 次抽样）",
    "{n} % quantile of the company's sales / target": "公司销售 / 目标的 {n}% 分位数",
    "the company's sales / target without the two best reps of each draw": "每次抽样去掉最好的两人后，公司销售 / 目标",
    "Spearman correlation of attainment and last year's sales, expected; above 0 large reps have it easier": (
        "达成率与上年销售的 Spearman 相关（期望）；大于 0 表示规模大的人更容易"
    ),
    "Spearman correlation of attainment and growth, expected; above 0 who grows is ahead": (
        "达成率与增长的 Spearman 相关（期望）；大于 0 表示增长者领先"
    ),
    "largest difference of median attainment by {kind}: {pair}; p = {p} by Kruskal and Wallis; groups of fewer than "
    "five reps, no verdict": (
        "各{kind}达成率中位数的最大差：{pair}；Kruskal-Wallis 检验 p = {p}；有的组不足五人，不作判断"
    ),
    "largest difference of median attainment by {kind}: {pair}; p = {p} by Kruskal and Wallis": (
        "各{kind}达成率中位数的最大差：{pair}；Kruskal-Wallis 检验 p = {p}"
    ),
    "largest difference of capacity / quota by product: {pair}": "各产品产能 / 配额的最大差：{pair}",
    "Spearman correlation of quota and expected sales": "配额与预期销售的 Spearman 相关",
    "lowest share of quotas / share of expected sales: {rep}": "配额占比 / 预期销售占比的最低者：{rep}",
    "highest share of quotas / share of expected sales: {rep}": "配额占比 / 预期销售占比的最高者：{rep}",
    "Spearman correlation of growth asked and 1 - sales / potential: saturated markets grow less": (
        "要求的增长与 1 − 销售 / 市场潜力的 Spearman 相关：饱和的市场应增长较少"
    ),
    "standard deviation over reps of quota / last year's sales - 1": "各人配额 / 上年销售 − 1 的标准差",
    "min of quota / last year's sales - 1: {rep}": "配额 / 上年销售 − 1 的最低者：{rep}",
    "max of quota / last year's sales - 1: {rep}": "配额 / 上年销售 − 1 的最高者：{rep}",
    "highest / lowest quota / capacity": "配额 / 产能的最高与最低之比",
    "standard deviation / mean of quota / capacity": "配额 / 产能的标准差与均值之比",
    "share of reps asked for more than 95 % of their capacity": "配额超过产能 95% 的人数占比",
    "highest share of a rep's hours that the quota takes: {rep}": "完成配额所需工时占可用工时的最高比例：{rep}",
    "share of expected sales by the best fifth of the reps": "最好的五分之一人员占预期销售的比例",
    "share of quotas on the same reps": "同一批人占配额的比例",
    "pairs of peers where the rep with the better potential, history, tenure and presence has the lower quota": (
        "潜力、历史、司龄和在岗均不低于同组某人、配额却更低的对数"
    ),
    "pairs of peers where the rep with the better potential, history, tenure and presence has the lower quota; "
    "worst: {rep} below {other}": (
        "潜力、历史、司龄和在岗均不低于同组某人、配额却更低的对数；最甚者：{rep} 低于 {other}"
    ),
    "change of the lowest chance if that rep's sales could be foreseen a tenth surer, in points: {named}": (
        "若该人的销售预测更准一成，最低达成概率的变化（百分点）：{named}"
    ),
    "highest less lowest chance if the same total went by expected sales instead": (
        "若同一总额改按预期销售分配，达成概率的最高减最低"
    ),
    "sum of quotas / target - 1, through all levels": "各级合计：配额之和 / 目标 − 1",
    "target / sum of quotas: what is enough": "目标 / 配额之和：达到即可",
    "highest sum of quotas / target - 1 by region: {name}": "各区域配额之和 / 目标 − 1 的最高者：{name}",
    "highest sum of quotas / target - 1 by product: {name}": "各产品配额之和 / 目标 − 1 的最高者：{name}",
    "expected sales / target at which {n} % of reps make quota": "使 {n}% 的人达成配额所需的预期销售 / 目标",
    "part of the year's quota in other months than last year": "与上年销售月份分布不符的配额比例",
    "most that pay for one more of sales differs between neighbouring months: {jump}; pay by the month": (
        "每多售一元，相邻两月奖金的最大差：{jump}；按月计奖"
    ),
    "half the sum of changes of reps' quotas / the current plan": "各人配额变动之和的一半 / 现行计划",
    "absolute error of reps' sums / sales in the back-test": "回测中各人合计的绝对误差 / 销售",
    "error / sales of the company in the back-test; above 0 too high": "回测中公司的误差 / 销售；大于 0 为偏高",
    "quota of vacant seats": "空缺岗位的配额",
    "quota of vacant seats / sum of quotas": "空缺岗位的配额 / 配额之和",
    "quota of people on leave that others or nobody carry": "休假人员的配额中由他人承担或无人承担的部分",
    "share of reps who were {band} in the last twelve months: {hits} of {n}": (
        "最近十二个月{band}的人数占比：{n} 人中 {hits} 人"
    ),
    "Spearman correlation of attainment in the last two years; near 1 quotas favour the same patches": (
        "最近两年达成率的 Spearman 相关；接近 1 表示配额总是偏向同样的片区"
    ),
    "growth of quota for each point a rep was above last year's": "上年每超额一个百分点，配额的增长",
    "fall of quota for each point a rep was below last year's": "上年每欠一个百分点，配额的下降",
    "the first less the second: above 0 quotas rise but do not fall": "前者减后者：大于 0 表示配额只升不降",
}
"""English template → Chinese template of the words of every measure that a run writes."""

BANDS: Final[Mapping[str, str]] = {
    r"^(below|above) (\d+) %$": r"\1\2%",
    r"^below(?=\d)": "达成率低于 ",
    r"^above(?=\d)": "达成率高于 ",
    r"^at 80 to 120 %$": "达成率在 80% 至 120% ",
    r"^at quota or above$": "达成或超额",
    r"^region$": "区域",
    r"^role$": "角色",
    r"^tenure \(two years\)$": "司龄（两年为界）",
    r"^new over settled$": "新人高于老员工",
    r"^settled over new$": "老员工高于新人",
    r"^(.*) over (.*)$": r"\1 高于 \2",
    r"^all alike$": "全部相同",
    r"^(.*), (\d{4}-\d\d) and (\d{4}-\d\d)$": r"\1，\2 与 \3",
}
"""What their gaps may hold besides numbers and names."""
