"""Every kind of warning a run can write has Chinese words: the kinds are read from the source."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

import quotaopt
from quotaopt.report.findings import GAP, in_language
from quotaopt.report.words_clash import CLASHES
from quotaopt.report.words_findings import FINDINGS

ROOT = Path(quotaopt.__file__).parent
GAPS = "7"  # what stands for a gap
FOREIGN = {"tables/sheet.py", "crosscheck.py"}  # the method `warn` itself; and the words of a solver
TEMPLATES = {**FINDINGS, **CLASHES}
Known = dict[str, list[ast.expr]]


def texts(node: ast.expr, known: Known) -> list[str]:
    """Every text an expression can be, numbers and names as `GAPS`."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(one) for one in product(*(texts(part, known) for part in parts))]
        case ast.FormattedValue(value=value):
            return texts(value, known)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return ["".join(one) for one in product(texts(left, known), texts(right, known))]
        case ast.BinOp(left=ast.Constant(value=str()) | ast.JoinedStr() as left, op=ast.Mult()):
            return ["", *texts(left, known)]
        case ast.IfExp(body=body, orelse=other):
            return texts(body, known) + texts(other, known)
        case ast.Name(id=name) if name in known:
            rest = {key: value for key, value in known.items() if key != name}
            return [text for value in known[name] for text in texts(value, rest)]
        case ast.Call(func=ast.Attribute(value=value, attr="replace")):
            return texts(value, known)
        case ast.Call(func=ast.Name(id="counted"), args=[_, ast.Constant(value=noun)]):
            return [f"{GAPS} {noun}s"]
    return [GAPS]


def assigned(nodes: list[ast.stmt], before: int) -> Known:
    """What names were last set to before a line; what is added to a text or a list counts too."""
    known: Known = defaultdict(list)
    for node in sorted((n for top in nodes for n in ast.walk(top) if hasattr(n, "lineno")), key=lambda n: n.lineno):
        if node.lineno > before:
            break
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                known[name] = [value]
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                known |= {name.id: [value] for name, value in zip(names, values, strict=True) if hasattr(name, "id")}
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                known[name] += [ast.BinOp(old, ast.Add(), value) for old in known[name]]
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value])):
                known[name] = [*(one for one in known[name] if isinstance(one, ast.JoinedStr | ast.Constant)), value]
            case ast.GeneratorExp(generators=[ast.comprehension(target=ast.Name(id=name), iter=ast.Name(id=source))]):
                known[name] = known[source]
    return known


def warnings() -> Iterator[tuple[str, str]]:
    """Place and text of every warning, note and remedy in the source."""
    for path in sorted(ROOT.rglob("*.py")):
        place, tree = path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))
        if place in FOREIGN:
            continue
        top = [node for node in tree.body if isinstance(node, ast.Assign)]
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                name = getattr(call.func, "id", getattr(call.func, "attr", ""))
                given = {key.arg: key.value for key in call.keywords}
                if not call.args or not (name == "warn" or (name == "Finding" and "severity" in given)):
                    continue
                known = assigned([*top, *function.body], call.lineno)
                for said in (call.args[0], *call.args[1:2], *filter(None, [given.get("remedy")])):
                    yield from ((f"{place}:{call.lineno}", text) for text in texts(said, known) if text)


def test_every_warning_has_chinese_words() -> None:
    found = [*warnings()]
    assert len(found) > 80
    assert {text for text in found if text[1] == GAPS or in_language(text[1], "zh").endswith("（英文原文）")} == set()


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_have_the_same_gaps(template: str) -> None:
    assert sorted(GAP.findall(template)) == sorted(GAP.findall(TEMPLATES[template]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("left out 12 rows of 1 rep not in roster.csv", "略去 1 人的 12 行：不在 roster.csv 中"),
        ("short history, so borrowing from peers (months known): A (3), B (4) and 2 more",
         "历史较短，借用同组数据（已知月数）：A (3), B (4)，另有 2 项"),
        ("limit_change North: 12 above its exact total: no table in whole units keeps all",
         "同比变动限制 North：比应有的合计多 12：取整后无法全部满足"),
        ("more is asked than forecast: the company 120 against 100, 20 (20.0 %) more",
         "要求高于预测：公司 120，预测 100，多 20 (20.0 %)"),
        ("meet_target all (a:1) asks at least 100, but 2 limits of limit_change (b:2) allow at most 90: short by 10",
         "公司目标 (a:1) 至少要求 100，而 2 条同比变动限制 (b:2) 至多允许 90：差 10"),
        ("raise limit_change.up from 1.1 to 1.2: still 5 short, meet_region_target Europe and 1 more clashes next",
         "把 limit_change.up 从 1.1 提高到 1.2：仍差 5，其次冲突的是 区域或团队目标 Europe，另有 1 项"),
        ("add 1 seat in North, there from 2027-01", "在 North 增加 1 个席位，自 2027-01 起在岗"),
        ("something nobody foresaw", "something nobody foresaw（英文原文）"),
        ("…", "…"),
        ("", ""),
    ],
)  # fmt: skip
def test_gaps_are_filled(text: str, words: str) -> None:
    assert in_language(text, "zh") == words
    assert in_language(text, "en") == text
