"""The files of a new project as texts, with comments in English or Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from quotaopt.tomltext import write_toml

Language = Literal["en", "zh"]
COMMENTS = {
    "scenario": (
        "scenarios/{name}.toml - what we assume this time. Check it with: quotaopt check {name}",
        "scenarios/{name}.toml - 本次假设。检查：quotaopt check {name}",
    ),
    "target": (
        "sales of {first} … {last}, as a start: write your own target here",
        "暂取 {first} … {last} 的销售额，请改成您的目标",
    ),
    "no target": ("the money the company must have covered: write your own", "公司要完成的总额，请改成您的目标"),
    "unit": ("amounts here and in the tables are in this many: 10_000 is 万元", "此处和表中的金额单位：10_000 即万元"),
    "currency": ('like "EUR"; shown beside amounts', '如 "CNY"，显示在金额旁'),
    "months": ("the twelve months after the last sales", "最后一笔销售之后的十二个月"),
    "period": ("first and last month of the plan", "计划的首末月份"),
    "over": ("0.03: quotas add up to 3 % more than the target", "0.03 表示指标总和比目标高 3 %"),
    "data": ("paths are relative to this file; #Sheet names a sheet of a workbook", "路径相对本文件；#后为工作表名"),
    "columns": ("headers that were recognised by their cells: please check", "根据内容识别的列名，请核对"),
    "sum": ("several rows of one rep, product and day are added up", "同一人员、产品、日期的多行将相加"),
    "derived": ("made from the history: please complete it", "由历史数据生成，请补充完整"),
    "model": (
        "models/plan.toml - how we plan: goals, forecast, rules. To choose from: quotaopt list rules",
        "models/plan.toml - 如何制定计划：目标、预测、规则。可选项：quotaopt list rules",
    ),
    "goals": (
        "everybody in a peer group carries the same multiple of what he or she can sell",
        "同组人员的指标与其可完成销售额之比相同",
    ),
    "ramp": (
        "share of full productivity in months 0, 1, 2 … after the start; then 1. Write your own",
        "入职后第 0、1、2… 个月的产能比例，之后为 1，请按实际填写",
    ),
    "meet": ("quotas add up to the target, to the last unit", "指标总和与目标完全一致"),
    "stay": (
        "quota / capacity at most; soft, because of the penalty: broken only where it must be",
        "指标与能力之比的上限；有 penalty，故为软约束，必要时才突破",
    ),
    "locks": ("quotas in the table of locks stay as they are", "锁定表中的指标保持不变"),
    "rounding": ("whole units of money; totals are kept exactly", "金额取整，合计保持精确"),
    "project": ("what `quotaopt run` runs when no scenario is named", "未指明方案时 `quotaopt run` 运行的方案"),
}


def say(comment: str, language: Language, /, **values: object) -> str:
    """A comment in a language."""
    return COMMENTS[comment][language == "zh"].format(**values)


def toml(key: str, value: Any) -> str:
    """One statement."""
    return write_toml({key: value}).strip()


def scenario_text(
    name: str,
    language: Language,
    months: tuple[str, str],
    target: Decimal,
    sold: tuple[str, str] | None,
    unit: Decimal,
    data: Mapping[str, Sequence[str]],
    columns: Mapping[str, Mapping[str, str]],
    adding: bool = False,
    derived: bool = False,
) -> str:
    """A scenario that names the planner's own tables.

    Parameters
    ----------
    months, sold : first and last month of the plan, and of the sales the target is taken from (None: a guess).
    data : the places of each table, relative to the scenario.
    columns : for each table the headers that were recognised by their cells.
    adding : whether rows of one rep, product and day are added up.
    derived : whether the roster was made from the history.
    """

    def note(statement: str, comment: str, **values: object) -> str:
        return f"{statement}  # {say(comment, language, **values)}"

    first, last = sold or ("", "")
    lines = [
        f"# {say('scenario', language, name=name)}",
        "version = 1",
        'model = "plan"',
        "",
        note(toml("target", target), "target" if sold else "no target", first=first, last=last),
        note(toml("unit", unit), "unit"),
        note("overassignment = 0", "over"),
        note('currency = ""', "currency"),
        "",
        note(toml("first_month", months[0]), "months" if sold else "period"),
        toml("last_month", months[1]),
        "",
        f"[data]  # {say('data', language)}",
    ]
    for table, places in data.items():
        statement = toml(table, places[0] if len(places) == 1 else list(places))
        lines.append(note(statement, "derived") if derived and table == "roster" else statement)
    lines += [note('duplicates = "sum"', "sum")] if adding else []
    for table, mapping in columns.items():
        lines += ["", f"[data.columns.{table}]  # {say('columns', language)}"]
        lines += [toml(theirs, ours) for theirs, ours in mapping.items()]
    return "\n".join(lines) + "\n"


def model_text(language: Language, profiles: Sequence[str]) -> str:
    """How to plan: fair, exact, and with soft limits, so that there is a plan to begin with."""
    lines = [
        f"# {say('model', language)}",
        f'goals = ["level_stretch"]  # {say("goals", language)}',
    ]
    if profiles:
        lines += ["", f"[ramp.profiles]  # {say('ramp', language)}"]
        lines += [toml(name, [Decimal("0.25"), Decimal("0.5"), Decimal("0.75")]) for name in profiles]
    lines += [
        "",
        f"[rules.meet_target]  # {say('meet', language)}",
        "",
        f"[rules.stay_within_capacity]  # {say('stay', language)}",
        "stretch = 1.25",
        'by = ["rep"]',
        "penalty = 10",
        "",
        f"[rules.keep_locks]  # {say('locks', language)}",
        "",
        f"[rounding]  # {say('rounding', language)}",
        "to = 1",
    ]
    return "\n".join(lines) + "\n"


def project_text(scenario: str, language: Language) -> str:
    """``quotaopt.toml``."""
    return f"{toml('scenario', scenario)}  # {say('project', language)}\n"
