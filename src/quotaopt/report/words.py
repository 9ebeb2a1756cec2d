"""The words of pages that people hand out, in English and Chinese: ``words("zh")["quota"]``.

Every key has both languages, because both stand in one pair. Texts with gaps are filled by ``.format(name=...)``.
Words of the trade follow the glossary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from quotaopt.report.words_page import PAGE_WORDS

LANGUAGES: Final = ("en", "zh")

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    # The page of one rep.
    "why": ("Why this quota", "配额说明"),
    "quota": ("Quota", "配额"),
    "period": ("{first} to {last}", "{first} 至 {last}"),
    "head": (
        "{quota}: {last} × last year's sales, {stretch} × capacity",
        "{quota}：为上年同期销售的 {last} 倍，产能的 {stretch} 倍",
    ),
    "head_new": ("{quota}: {stretch} × capacity", "{quota}：为产能的 {stretch} 倍"),
    "chance": ("chance to make it: {chance}", "达成概率：{chance}"),
    "how": ("How it came about", "配额的由来"),
    "step": ("step", "步骤"),
    "amount": ("adds", "增减"),
    "total": ("comes to", "累计"),
    "written": ("written in", "出处"),
    "final": ("Quota", "配额"),
    "idle": ("Steps that change nothing: {steps}.", "没有影响的步骤：{steps}。"),
    # The steps.
    "step.last_year": ("Sales in the same months last year", "上年同期销售"),
    "step.potential": ("What full-time work is forecast to sell", "按全勤预测的潜力"),
    "step.headcount": ("Presence: part time, start and end", "在岗：兼职、入职与离职"),
    "step.leave": ("Leave", "休假"),
    "step.ramp": ("Ramp: still becoming productive", "爬坡：新人尚未满产"),
    "step.market": ("Potential of the market, and prices", "市场潜力与价格"),
    "step.factor": ("Capacity is taken at a chosen quantile", "产能按选定分位数取值"),
    "step.workload": ("Hours: no more than there is time for", "工时：不超过可用时间"),
    "step.supply": ("Supply: no more than can be delivered", "供应：不超过可交付数量"),
    "step.share": ("Fair share of the company's target", "公司目标的公平份额"),
    "step.hedge": ("Overassignment: quotas add up to more than the target", "超额分配：配额之和高于目标"),
    "step.locks": ("Quotas that were fixed by hand", "人工锁定的配额"),
    "step.rounding": ("Rounding to whole units", "取整"),
    # Rules, as people call them.
    "rule.meet_target": ("the company's target", "公司目标"),
    "rule.meet_region_target": ("targets of regions and teams", "区域或团队目标"),
    "rule.meet_node_targets": ("targets of nodes of the tree", "组织各级目标"),
    "rule.product_mix": ("mix of products", "产品结构"),
    "rule.month_shape": ("shape of the year", "月度分布"),
    "rule.smooth_months": ("even months", "月度平滑"),
    "rule.stay_within_capacity": ("limit against capacity", "产能上限"),
    "rule.limit_change": ("limit of change against last year", "同比变动限制"),
    "rule.limit_budget": ("budget", "预算"),
    "rule.fair_share": ("fair share of the peer group", "同组公平份额"),
    "rule.quota_floor": ("lowest quota", "最低配额"),
    "rule.quota_ceiling": ("highest quota", "最高配额"),
    "rule.keep_locks": ("locked quotas", "锁定的配额"),
    "rule.keep_plan": ("months that are over", "已过月份"),
    "rule.stay_within_supply": ("limit of supply", "供应上限"),
    "rule.keep_relief": ("quota of people on leave kept in their team", "休假人员的配额留在团队"),
    "rule.overassignment": ("overassignment", "超额分配"),
    # What holds it.
    "holds": ("What holds it", "约束"),
    "no_holds": ("No rule but the company's target holds this quota.", "除公司目标外，没有规则约束这一配额。"),
    "at_group": (
        "It stands at the level of the peer group, {level}.",
        "与同组水平一致（{level}）。",
    ),
    "off_group": (
        "It stands at {level}, the peer group at {group}; kept apart by {rules} ({source}).",
        "水平为 {level}，同组为 {group}；原因：{rules}（{source}）。",
    ),
    "limit": ("{rule}: {scope} {sense} {limit} ({source}).", "{rule}：{scope} {sense} {limit}（{source}）。"),
    "weighed": ("{rule}: {scope} is at its limit ({source}).", "{rule}：{scope} 已达界限（{source}）。"),
    "limits": (
        "{rule}: {count} limits, first {scope} ({source}).",
        "{rule}：{count} 条界限，首条为 {scope}（{source}）。",
    ),
    "others": ("{rule}: limits of others ({source}).", "{rule}：其他人的界限（{source}）。"),
    "own": ("this quota", "本配额"),
    "all": ("the company", "公司"),
    "<=": ("at most", "不超过"),
    ">=": ("at least", "不低于"),
    "==": ("exactly", "恰为"),
    "without": ("Without this rule alone: {quota} ({change}).", "仅去掉此规则：{quota}（{change}）。"),
    "without_same": ("Without this rule alone: the same.", "仅去掉此规则：不变。"),
    "there": ("there", "此处"),
    "price": (
        "{amount} {way} {scope} would {effect} the highest level it moves by {level}",
        "{scope}每{way} {amount}，其影响的最高水平{effect} {level}",
    ),
    "price.less": ("less", "减"),
    "price.more": ("more", "增"),
    "price.lower": ("lower", "降低"),
    "price.raise": ("raise", "提高"),
    "price.between": (", in proportion from {low} to {high} at least", "，至少在 {low} 至 {high} 之间成比例"),
    "price.unknown": (
        "What one more would do is not known: the limit cannot move alone, or not in proportion (a degenerate plan).",
        "多一单位的影响未知：该界限不能单独变动，或影响不成比例（退化）。",
    ),
    "without_none": ("Without this rule there is no plan.", "去掉此规则则没有可行方案。"),
    # Who could take a part.
    "swap.fair": (
        "Every rule holds, nobody else moves, and nobody who takes more is left with a lower chance than this rep now.",
        "所有规则均得满足，其他人不变；承接者的达成概率均不低于此人目前的水平。",
    ),
    "swap.nobody": (
        "Nobody could take any of it: everybody else has a lower chance already, or a rule forbids it.",
        "无人可以承接：其他人的达成概率本已更低，或规则不允许。",
    ),
    "swap.goes": ("{amount} ({part}) could go to {count} others", "{amount}（{part}）可由另外 {count} 人承接"),
    "swap.goes_one": ("{amount} ({part}) could go to {count} other", "{amount}（{part}）可由另外 {count} 人承接"),
    "swap.chance": ("; the chance to make it: {chance}", "；达成概率：{chance}"),
    "swap.of": ("{taken} of {quota} {currency}", "{quota} {currency} 中的 {taken}"),
    "swap.rest": (
        "More of the {wanted} that were asked about cannot go that way.",
        "所问的 {wanted} 中，其余部分无法这样转出。",
    ),
    "swap.do": (
        "To do it, write these quotas into data.overrides and run again.",
        "如要实行，请将这些配额写入 data.overrides 后重新运行。",
    ),
    "swap.who": ("who", "承接者"),
    "swap.region": ("region", "区域"),
    "swap.quota": ("quota", "配额"),
    "swap.takes": ("takes", "承接"),
    "swap.total": ("comes to", "合计"),
    "swap.odds": ("chance", "达成概率"),
    # Peers.
    "peers": ("The peers most like you", "最相近的同事"),
    "peers_about": (
        "Nearest in capacity, potential, last year's sales and presence. No names; amounts to two digits.",
        "按产能、潜力、上年销售和在岗程度最为接近。不含姓名，金额取两位有效数字。",
    ),
    "peers_all": ("Taken from everybody: the peer group is small.", "同组人数少，取自全体。"),
    "you": ("you", "本人"),
    "peer": ("Peer {letter}", "同事 {letter}"),
    "last_year": ("last year", "上年同期"),
    "capacity": ("capacity", "产能"),
    "presence": ("presence", "在岗"),
    "stretch": ("quota / capacity", "配额 / 产能"),
    # Less.
    "less": ("What would have to be true for 5 % less ({quota})", "若要减少 5%（至 {quota}），需要"),
    "by_target": (
        "The company's target would be lower by {amount} ({ratio}).",
        "公司目标降低 {amount}（{ratio}）。",
    ),
    "by_node": (
        "The target of {scope}, and the company's with it, would be lower by {amount} ({ratio} of the company's).",
        "{scope} 的目标连同公司目标降低 {amount}（公司目标的 {ratio}）。",
    ),
    "no_target": (
        "A lower target would not do: a limit holds this quota.",
        "降低目标也无法做到：有规则限制这一配额。",
    ),
    "by_lock": (
        "Or it would be fixed there: {reps} others would pay {amount}, the one most concerned {ratio} more{regions}.",
        "或锁定在该值：由另外 {reps} 人承担 {amount}，最多一人增加 {ratio}{regions}。",
    ),
    "by_lock_none": ("Or it would be fixed there: nobody else would have to pay.", "或锁定在该值：无需他人承担。"),
    "no_lock": (
        "It cannot be fixed there: {rules} ({source}) forbid it.",
        "不能锁定在该值：{rules}（{source}）不允许。",
    ),
    "of_regions": ("; by region: {parts}", "；按区域：{parts}"),
    "list": (", ", "、"),
    "and": ("; ", "；"),
    "then": (" ", ""),
    "note": ("Note", "注"),
    # Runs held against each other.
    "against": ("{b} against {a}", "{b} 对比 {a}"),
    "figures": ("Key figures", "关键指标"),
    "by_region": ("By region", "按区域"),
    "movers": ("Who moves most", "变动最大的人员"),
    "limits_moved": ("Limits", "规则界限"),
    "gained": ("{run} reaches, {first} does not", "{run} 触及而 {first} 未触及"),
    "lost": ("{first} reaches, {run} does not", "{first} 触及而 {run} 未触及"),
    "no_limits": ("The same limits are reached.", "触及的界限相同。"),
    "more": ("{names} and {count} more", "{names} 等，另有 {count} 项"),
    "ties": (
        "Sums tie, to the cent: by region and by rep the changes add up to those of the plans ({totals}).",
        "合计核对无误：按区域和按人员的变动之和均等于方案的变动（{totals}）。",
    ),
    "no_ties": (
        "Sums do NOT tie: a table was changed. Try: quotaopt verify.",
        "合计不符：表格被改动过。请运行 quotaopt verify。",
    ),
    "sum": ("all", "合计"),
    "target": ("Target", "目标"),
    "none": ("(none)", "（无）"),
    "measure.quota_total": ("Sum of quotas", "配额合计"),
    "measure.growth": ("Against last year's sales", "较上年销售"),
    "measure.stretch_median": ("Quota / capacity, median rep", "配额 / 产能，中位数"),
    "measure.stretch_max": ("Quota / capacity, highest", "配额 / 产能，最高"),
    "measure.stretch_range": ("Quota / capacity, highest less lowest", "配额 / 产能，极差"),
    "measure.reps_over_capacity": ("Reps asked for more than capacity", "配额超过产能的人数"),
    "measure.chance_median": ("Chance to make the quota, median rep", "达成概率，中位数"),
    "measure.chance_range": ("Chance, highest less lowest", "达成概率，极差"),
    "measure.reps_stopped": ("Reps a rule keeps from their group's level", "被规则限制的人数"),
    **PAGE_WORDS,
}


def words(language: str) -> Mapping[str, str]:
    """Every text in one language.

    Raises
    ------
    ValueError
        If the language is none of `LANGUAGES`.
    """
    column = LANGUAGES.index(language)
    return {key: pair[column] for key, pair in WORDS.items()}


def rule_words(language: str, rule: str) -> str:
    """How people call a rule (``limit_change``, or ``limit_change 2``); its own name when it is none of ours."""
    name, _, number = rule.partition(" ")
    return f"{words(language).get(f'rule.{name}', name)} {number}".strip()


def step_words(language: str, step: str) -> str:
    """How people call a step of the ladder."""
    text = words(language).get(f"step.{step}", "") or rule_words(language, step)
    return text[:1].upper() + text[1:]
