"""Why there is no plan, and what would make one, in Chinese: templates as in `words_findings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CLASHES: Final[Mapping[str, str]] = {
    "{asks} ask(s) at least {amount}, but {allows} allow(s) at most {most}: short by {gap}": (
        "{asks} 至少要求 {amount}，而 {allows} 至多允许 {most}：差 {gap}"
    ),
    "{allows} allow(s) at most {most}, but {asks} ask(s) at least {amount}: over by {gap}": (
        "{allows} 至多允许 {most}，而 {asks} 至少要求 {amount}：超出 {gap}"
    ),
    "no plan can keep these limits together: {limits}": "以下界限无法同时满足：{limits}",
    "no plan can keep these rules together: {names}": "以下规则无法同时满足：{names}",
    "{way} the target by {amount} to {goal}": "把目标{way} {amount}，至 {goal}",
    "{way} the target by {amount} to {goal}: still {gap} short": "把目标{way} {amount}，至 {goal}：仍差 {gap}",
    "{way} {key} from {old} to {new}": "把 {key} 从 {old} {way}到 {new}",
    "{way} {key} from {old} to {new}: still {gap} short": "把 {key} 从 {old} {way}到 {new}：仍差 {gap}",
    "{way} {key} from {old} to {new}: still {gap} short, {limits} clashes next": (
        "把 {key} 从 {old} {way}到 {new}：仍差 {gap}，其次冲突的是 {limits}"
    ),
    "{way} {key}, however far: still {gap} short": "无论把 {key} {way}多少：仍差 {gap}",
    "{way} {key}, however far: still {gap} short, {limits} clashes next": (
        "无论把 {key} {way}多少：仍差 {gap}，其次冲突的是 {limits}"
    ),
    "free the lock of {name}": "取消 {name} 的锁定",
    "free all {n} locks in the way": "取消全部 {n} 个有碍的锁定",
    "add {n} seat(s) in {region}, there from {month}": "在 {region} 增加 {n} 个席位，自 {month} 起在岗",
    "add {n} seat(s), there from {month}": "增加 {n} 个席位，自 {month} 起在岗",
}
"""English template → Chinese template."""
