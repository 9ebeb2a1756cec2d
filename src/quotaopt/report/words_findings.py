"""Warnings, notes and remedies of runs in Chinese: a template for each kind of English text.

``{name}`` is a gap, ``row(s)`` a word that may end in s. What stands in a gap is a number, a name of the planner's own,
or one of `PHRASES`. `quotaopt.report.findings.in_language` reads these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FINDINGS: Final[Mapping[str, str]] = {
    # Tables as they were read.
    "{n} row(s) in {names}, at the rates of data.rates": "{n} 行为 {names}，已按 data.rates 的汇率换算",
    "read as GB18030": "按 GB18030 编码读取",
    "If names look wrong, set data.encoding.": "若姓名显示异常，请设置 data.encoding。",
    "read the sheet {name}, one of {n}": "读取工作表 {name}（共 {n} 张）",
    "Name one, like {name}.": "请指明一张，例如 {name}。",
    "large, and read cell by cell, which needs time and memory": "文件较大且须逐格读取，耗费时间和内存",
    "The reason: {reason}.": "原因：{reason}。",
    "{n} negative amount(s), taken as returns": "{n} 个负数金额，视为退货",
    "added up the amounts of {n} row(s) that repeat an earlier one": "{n} 行与前面的行重复，金额已相加",
    "provisional for {year}: no moved working days of {country} are known yet ({source})": (
        "{year} 年为暂定：{country} 的调休安排尚不可知（{source}）"
    ),
    "{file} has no day of {year}: Monday to Friday are taken as worked": (
        "{file} 没有 {year} 年的日期：按周一至周五上班计"
    ),
    "List the days that were announced in data.calendar_changes.": "请把已公布的调休写入 data.calendar_changes。",
    "amounts are in {unit}, as the file says": "金额单位为 {unit}，以文件所写为准",
    "a wide sheet: {n} cell(s) of the columns {first} … {last} became rows": (
        "宽表：{first} … {last} 列的 {n} 格已转为行"
    ),
    "a wide sheet: {n} cell(s) of the columns {first} … {last} became rows, {begin} to {end}": (
        "宽表：{first} … {last} 列的 {n} 格已转为行，{begin} 至 {end}"
    ),
    "a wide sheet: {n} cell(s) of the columns {first} … {last} became rows; {empty} empty cell(s) left out": (
        "宽表：{first} … {last} 列的 {n} 格已转为行；略去 {empty} 个空格"
    ),
    "a wide sheet: {n} cell(s) of the columns {first} … {last} became rows, {begin} to {end}; {empty} empty cell(s) "
    "left out": "宽表：{first} … {last} 列的 {n} 格已转为行，{begin} 至 {end}；略去 {empty} 个空格",
    "the months {first} … {last} are those of {year}: the title says so": (
        "{first} … {last} 为 {year} 年的月份：标题如此"
    ),
    "left out columns of totals: {names}": "略去合计列：{names}",
    "{name} is not the sum of the months in {n} row(s), line {lines}": "{n} 行的 {name} 不等于各月之和，行号 {lines}",
    "The months are used.": "以各月为准。",
    "{column} is not used": "未使用 {column}",
    "Say who holds which territory in a table of assignments (data.assignments).": (
        "请用分配表（data.assignments）写明各区域由谁负责。"
    ),
    "left out {n} row(s) of {reps} rep(s) not in {file}": "略去 {reps} 人的 {n} 行：不在 {file} 中",
    "accounts.largest divides quotas between accounts.": "accounts.largest 可把配额分到客户。",
    "nothing was sold to {name}": "{name} 没有销售记录",
    "Nearest: {name}.": "最接近的是 {name}。",
    "The history knows no such account.": "历史中没有该客户。",
    "nor to {n} other assigned account(s)": "另有 {n} 个已分配的客户也没有",
    "left out {n} row(s) outside the plan's months": "略去计划期以外的 {n} 行",
    "left out {n} row(s), {amount} in all: {what}": "按 data.where 略去 {n} 行，合计 {amount}：{what}",
    "left out {n} row(s): {what}": "按 data.where 略去 {n} 行：{what}",
    "left out {n} subtotal row(s), line {lines}": "略去 {n} 个小计行，行号 {lines}",
    "left out {n} row(s) of overlay reps, {amount}: whoever booked them has them": (
        "略去重叠人员的 {n} 行，金额 {amount}：归记账人员所有"
    ),
    "{n} rep(s) left out of the plan, without a target: {names}": "{n} 人不在计划之内，没有目标：{names}",
    "Write why in a column exclude_reason.": "请在 exclude_reason 列写明原因。",
    "headers stand in two rows, line {first} and {second}": "表头分两行，第 {first} 行和第 {second} 行",
    "unknown columns: {names}": "未识别的列：{names}",
    "They are kept as they are.": "原样保留。",
    "They are not used.": "未使用。",
    "amounts are those of {name}, not of {others}": "金额取自 {name}，而非 {others}",
    "To change it: {line}.": "如需更改：{line}。",
    "{n} row(s) cut by {amount} of windfall, {share} of all sales: {names}": (
        "{n} 行扣除意外之财 {amount}，占全部销售的 {share}：{names}"
    ),
    "{n} row(s) cut by {amount} of windfall: {names}": "{n} 行扣除意外之财 {amount}：{names}",
    "They are listed in windfall.csv and count in no base.": "列于 windfall.csv，不计入任何基数。",
    "{n} % of the quota stands in other months than last year's sales; most apart is {month}: {quota} of the quota, "
    "{sales} of the sales": (
        "{n} % 的配额与上年销售的月份分布不符；相差最大的是 {month}：配额占 {quota}，销售占 {sales}"
    ),
    "Where pay goes by the month, deals will wait or be hurried; look at rules by month and at data.plan.": (
        "若按月计奖，成交会被推迟或提前；请查看按月的规则和 data.plan。"
    ),
    # History and forecast.
    "nobody sold anything in {months}: taken as missing, not as zero": "{months} 无人有销售：视为缺失，而非零",
    "history ends {month}, {n} months before the plan": "历史截至 {month}，早于计划期 {n} 个月",
    "months without a single row, taken as missing: {names}": "整月没有记录，视为缺失：{names}",
    "Write rows of 0 where nothing was sold, or set forecast.no_rows.": "没有销售时请写 0，或设置 forecast.no_rows。",
    "{n} rows of sales in or after {month}, where the plan starts, were not used": (
        "计划期自 {month} 开始，当月及以后的 {n} 行销售未使用"
    ),
    "{rep} has sold {much} since about {month} than a year before, the others' change apart": (
        "约自 {month} 起，{rep} 的销售较上年同期{much}（已剔除他人的变动）"
    ),
    "If it will last, declare it: {line}.": "若会持续，请写明：{line}。",
    "a month with 1 % more {days} sells {share} % more: used": "{days}每多 1%，当月销售多 {share}%：已采用",
    "Chinese new year: {before} of a month's sales for the three weeks before, {during} for the two from it on, where "
    "they fall in another month than usual: used": (
        "春节：节前三周为月销售的 {before}，节后两周为 {during}，落在与往年不同的月份时：已采用"
    ),
    "{event}: sales before it × {factor} ({how})": "{event}：此前的销售 × {factor}（{how}）",
    "{event}: outside the history used, so without effect": "{event}：在所用历史之外，不起作用",
    "forecast.keep_whales names {name}, which is not in the history used": (
        "forecast.keep_whales 中的 {name} 不在所用的历史之内"
    ),
    "Compare it with the history; forecast.months says how much of it is used.": (
        "请与历史核对；所用长度由 forecast.months 决定。"
    ),
    "in no region, because nobody of the roster has held them: {names}": (
        "不属于任何大区，因为名册中无人负责过：{names}"
    ),
    "Name the region in a column region of the assignments.": "请在分配表的 region 列写明大区。",
    "sold in months in which the assignments name no territory for them, taken as a patch of their own: {names}": (
        "有销售的月份未分配区域，视为自有区域：{names}"
    ),
    "Write who held which territory then too.": "请写明当时各区域由谁负责。",
    "hold no territory in the plan, so forecast zero: {names}": "计划期内没有区域，因此预测为零：{names}",
    "{reps} new reps sold {shares} of a full month in their first twelve; the ramp profile says {said}": (
        "{reps} 名新人入职前十二个月的产出为满产的 {shares}；爬坡曲线所设为 {said}"
    ),
    "Consider ramp.profile = {line}.": "可考虑 ramp.profile = {line}。",
    "short history, so borrowing from peers (months known): {names}": "历史较短，借用同组数据（已知月数）：{names}",
    "no rep has any history: every forecast is zero": "没有任何人有历史：预测全部为零",
    "months of history are too few for a back-test ({n}): intervals are rough": (
        "历史月数不足以回测（{n}）：区间较为粗略"
    ),
    "months of history are too few for a back-test ({n}): intervals are rough, auto is the naive": (
        "历史月数不足以回测（{n}）：区间较为粗略，auto 即为上年同期法"
    ),
    "no method beat the seasonal naive in the back-test: auto is the naive": (
        "回测中没有方法优于上年同期法：auto 即取该法"
    ),
    "in the back-test taking last year's months again was nearer here, too little to choose it by: {names}": (
        "回测中此处按上年同期更准，但证据不足以改用：{names}"
    ),
    "no sales for a year, or launch or end outside the plan, so forecast zero: {names}": (
        "一年内无销售，或上市、停售不在计划期内，因此预测为零：{names}"
    ),
    "{n} one-off months cut for the forecast, {share} of all sales, all raised {more} instead: {names}": (
        "{n} 个月的一次性大单在预测中被压低，占全部销售的 {share}；全部预测因此上调 {more}：{names}"
    ),
    "If such orders come every year, list them under forecast.keep_whales, or set forecast.fence = false.": (
        "若此类订单每年都有，请列入 forecast.keep_whales，或设置 forecast.fence = false。"
    ),
    "{n} months with more returns than sales are forecast zero for {names}: that adds {more} to {total}": (
        "{n} 个月退货多于销售，预测取零（{names}）：使 {total} 增加 {more}"
    ),
    "a rep's level differs from the others' by {between}, a single month from the rep's level by {within}: {how}": (
        "人员之间的水平相差 {between}，单月与本人水平相差 {within}：{how}"
    ),
    "component forecasts are weighed by how well they did before, at up to {share}": (
        "各组成预测按以往表现加权，力度最高 {share}"
    ),
    "corrected by what was learnt from past errors, at up to {share}": "已按以往误差修正，力度最高 {share}",
    "{share} of {where}, {amount}, is held by nobody ({when}): {names}": (
        "{where}的 {share}（{amount}）无人负责（{when}）：{names}"
    ),
    "Assign a successor in the table of assignments (data.assignments), or add a seat to the roster.": (
        "请在分配表（data.assignments）中写明接任者，或在名册中增加席位。"
    ),
    "shares of past years in the forecast, last year first: {shares}": "往年在预测中的占比（由近及远）：{shares}",
    "years missing, so the others count for more: {names}": "缺少部分年份，其余年份占比提高：{names}",
    # Capacity and what is asked.
    "more returns than sales: capacity is 0 there, so higher than the forecast, for {names}": (
        "退货多于销售：产能取 0，因而高于预测：{names}"
    ),
    "the {at} quantile of the plan's sales is below 0, so capacity is 0, for {names}": (
        "计划期销售的 {at} 分位数低于 0，产能取 0：{names}"
    ),
    "prices of {name} × {factor} at the same units: {amount} expected": (
        "{name} 价格 × {factor}，数量不变：预计 {amount}"
    ),
    "more is asked than forecast: {names}": "要求高于预测：{names}",
    "Lower the target, add reps, or accept that reps are asked for more than can be expected.": (
        "请降低目标、增加人员，或接受配额高于预计。"
    ),
    "with people leaving as [attrition] says, the company sells {amount} ({change}), against quotas of {quota}": (
        "按 [attrition] 的离职率，公司可售 {amount}（{change}），而配额为 {quota}"
    ),
    "No rep's quota counts on it.": "不影响任何人的配额。",
    "quotas will add up to {total}: target × (1 + {named}) is {exact}, no multiple of {unit}": (
        "配额合计将为 {total}：目标 × (1 + {named}) 为 {exact}，不是 {unit} 的整数倍"
    ),
    "policies contradict each other: {wanted} % of reps are meant to make quota, but with {over} % overassignment "
    "{share} % will, by {source}; they agree with {ways}": (
        "政策互相矛盾：希望 {wanted}% 的人达成，但超额分配 {over}% 时，按{source}只有 {share}% 能达成；"
        "可行的改法：{ways}"
    ),
    "{level}: target not set for {names}": "{level}：未设目标的有 {names}",
    "The plan decides there; {n} other target(s) given.": "由方案决定；另有 {n} 个目标已给定。",
    "overlay reps who cover nobody: {names}": "没有支持对象的重叠人员：{names}",
    "Write whom in data.overlays.": "请在 data.overlays 中写明。",
    "overlay reps credited with more than 100 % of a quota: {names}": "重叠人员计入超过 100% 的配额：{names}",
    "Rows that cover the same quota add up.": "覆盖同一配额的行会相加。",
    # The plan.
    "{rule} {scope}: {amount} {way} its exact total: no table in whole units keeps all": (
        "{rule} {scope}：比应有的合计{way} {amount}：取整后无法全部满足"
    ),
    "Choose a smaller rounding.to.": "请把 rounding.to 设得更小。",
    "some levels rest on the solver's own digits: another solver may differ by a rounding unit": (
        "部分水平取决于求解器的末位数字：换求解器可能相差一个取整单位"
    ),
    "the spread stopped {n} units from a total before rounding": "取整之前，分摊与合计相差 {n} 个单位",
    "quota could move from {giver} to {receiver}, who is less stretched": "配额可从 {giver} 移给压力较小的 {receiver}",
    "solver {solver}: its plan differs from that of {first} in {n} quotas": (
        "求解器 {solver}：方案与 {first} 的方案有 {n} 个配额不同"
    ),
    "{solver} found no plan without the decisions in time: they cannot be compared with it": (
        "{solver} 未能在时限内求出不含人工决定的方案：无法对比"
    ),
    "Raise solver.seconds.": "请调大 solver.seconds。",
    "overrides are not re-balanced: quotas add up to {amount} {way} than computed": (
        "人工调整未再平衡：配额合计比计算值{way} {amount}"
    ),
    "Set overrides.rebalance = true to spread it.": "设置 overrides.rebalance = true 可将其分摊。",
    "{rule} {scope}: {amount} {way} its limit, as the overrides leave it": (
        "{rule} {scope}：因人工调整，比界限{way} {amount}"
    ),
    "units × price is {worth}, quotas of money are {money}: {gap} {way}": (
        "数量 × 价格为 {worth}，金额配额为 {money}：{way} {gap}"
    ),
    "With metrics.units.target = {n} they agree.": "当 metrics.units.target = {n} 时二者一致。",
    "{amount} of the quota is that of {n} vacant seat(s), {first} to {last}: uncovered until filled": (
        "配额中有 {amount} 属于 {n} 个空缺席位（{first} 至 {last}）：到岗之前无人承担"
    ),
    "See uncovered.csv.": "见 uncovered.csv。",
    "quotas add up to {amount} less than the target: leave relieves so much, and nobody carries it": (
        "配额合计比目标少 {amount}：休假减免的部分无人承担"
    ),
    "See leave.csv.": "见 leave.csv。",
    "took over {names}": "接手了 {names}",
    "holds no territory in the plan": "计划期内没有区域",
    # Explanations.
    "no plan exists with the rules up to {step}: what it changes is booked to the next step": (
        "到 {step} 为止的规则没有可行方案：其影响记入下一步"
    ),
    "today's program plans {off} of {n} quotas otherwise: their difference is booked to rounding": (
        "当前程序对 {n} 个配额中的 {off} 个算得不同：差额记入取整"
    ),
    "Try: {command}.": "请运行：{command}。",
}
"""English template → Chinese template, remedies too."""

PHRASES: Final[Mapping[str, str]] = {
    r"^(.*) and ([\d,]+) more$": r"\1，另有 \2 项",
    r"([\d,]+) limits of ": r"\1 条",
    r"\) and (?=\S)": ")、",
    r"^([\w.]+) of (\S+)$": r"\1（\2）",
    r"^above$|^more$": "多",
    r"^below$|^less$": "少",
    r"^(\d+ %) more$": r"多 \1",
    r"^(\d+ %) less$": r"少 \1",
    r"^raise$": "提高",
    r"^lower$": "降低",
    r"^weekdays$|^working days$": "工作日",
    r"^(\d{4}-\d\d) to (\d{4}-\d\d)$": r"\1 至 \2",
    r"^event (\d{4}-\d\d) \(everything": r"事件 \1（全部",
    r"^event (\d{4}-\d\d) \(": r"事件 \1（",
    r"^(事件 .*)\)$": r"\1）",
    r"^measured from (\d+) months$": r"由 \1 个月测得",
    r"^could not be measured: write the factor$": "无法测得：请写明系数",
    r"^as declared$": "按所写",
    r"^the forecast without a region$": "无大区的预测",
    r"^(.*)'s forecast$": r"\1 预测",
    r"\bthe company (?=[\d,]+ against )": "公司 ",
    r"([\d,]+) against ([\d,]+), ([\d,]+)( \([\d.]+ %\))? more": r"\1，预测 \2，多 \3\4",
    r"^the forecast$": "预测",
    r"^last year's sales$": "上年销售",
    r"\boverassignment of ([\d.]+) % at most": r"超额分配不超过 \1%",
    r"\bpolicy\.at_quota of ([\d.]+) at most": r"policy.at_quota 不超过 \1",
    r"\ba target of ([\d,]+) at most": r"目标不超过 \1",
    r"\bexpected sales of ([\d.]+) × target instead of ([\d.]+)": r"预计销售为目标的 \1 倍（现为 \2 倍）",
    r", or (?=超额|policy|目标|预计)": "，或",
    r"^shares of reps change too fast to be carried on, so each rep's own forecast stands$": (
        "人员占比变化太快，不宜沿用，因此各用本人的预测"
    ),
    r"^own history counts (\d+%), the other reps the rest; shares are told by ": (
        r"本人历史占 \1，其余取自他人；占比依据："
    ),
    r"\bmonths that count half after (\d+)": r"全部月份（每 \1 个月权重减半）",
    r"\bthe last (\d+) months": r"最近 \1 个月",
    r"\beach rep's own forecast\b": "本人的预测",
    r" \(([\d,]+) to ([\d,]+)\)": r"（\1 压至 \2）",
    r"^all hedges$": "各级超额分配",
    r"^overassignment$": "超额分配",
}
"""What gaps may hold besides numbers and names: a pattern, and what takes its place."""
