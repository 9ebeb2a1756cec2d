"""The hand-written pages are true: examples run, words are explained, files and columns that are named exist."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from quotaopt.allocate import Meter, allocate_rules
from quotaopt.archive import TABLES
from quotaopt.cli import cli
from quotaopt.columns import PRODUCT, REP
from quotaopt.forecast import forecasters
from quotaopt.goals import goal
from quotaopt.optimize.build import build
from quotaopt.optimize.linear import Status
from quotaopt.optimize.rows import Rows, Total
from quotaopt.optimize.statement import state
from quotaopt.problem import Problem
from quotaopt.rules import rule

from .instances import tiny_problem, use
from .lptext import render
from .test_rules import INF, about, rows

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
UPDATE = "QUOTAOPT_UPDATE_GOLDEN"  # as in test_rules.py
NOUNS = """
target, quota, street quota, overassignment, rep, region, product, month, roster, headcount, ramp, potential, capacity,
stretch, chance, attainment, seasonality, baseline, rule, row, hard, soft, penalty, priority, violation, goal,
objective, activity, limit, slack, binding, dual value, conflict, repair, status, lock, override, commit, hedge, run,
scenario, model, history, forecast, problem, plan, level, block, peer group, class of reps, margin, spread, certificate
"""


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture
def example() -> Iterator[dict[str, Any]]:
    """The rule of the page, registered for one test, and the names its code uses."""
    names: dict[str, Any] = {
        "rule": rule, "REP": REP, "PRODUCT": PRODUCT, "Problem": Problem, "Total": Total, "Rows": Rows,
        "Iterator": Iterator, "rows": rows, "about": about, "INF": INF,
    }  # fmt: skip
    before = set(rule)
    try:
        for kind, text in BLOCK.findall(read("howto-add-a-rule.md")):
            if kind == "python":
                exec(text, names)
        yield names
    finally:
        for name in set(rule) - before:
            del rule._functions[name]


def test_the_example_rule_holds_by_hand(example: dict[str, Any]) -> None:
    example["test_mix_products"]()


def test_the_example_rule_has_the_program_shown(example: dict[str, Any]) -> None:
    page, problem = read("howto-add-a-rule.md"), tiny_problem()
    blocks = state(problem, [use("mix_products")])
    made = "mix_products alone, on three reps, two products, two months\n" + render(
        problem, blocks, build(problem, blocks)
    )
    (shown,) = (text for kind, text in BLOCK.findall(page) if not kind)
    if UPDATE in os.environ:
        (DOCS / "howto-add-a-rule.md").write_text(page.replace(f"```\n{shown}```", f"```\n{made}```"), encoding="utf-8")
    else:
        assert made == shown


def glossary() -> dict[str, tuple[str, str]]:
    """The Chinese word and the meaning of each word."""
    cells = (line.strip("|").split("|") for line in read("glossary.md").splitlines() if line.startswith("| "))
    return {word.strip(" `"): (chinese.strip(), meaning.strip()) for word, chinese, meaning in cells}


@pytest.mark.parametrize("kind", ["rule", "goal", "forecaster"])
def test_every_registered_name_is_in_the_glossary(kind: str) -> None:
    registry: Any = {"rule": rule, "goal": goal, "forecaster": forecasters}[kind]
    assert set(registry) <= set(glossary())


def test_every_noun_is_in_the_glossary() -> None:
    wanted = {" ".join(word.split()) for word in NOUNS.split(",")} | set(get_args(Status))
    assert wanted <= set(glossary())


def test_every_word_has_its_chinese_and_one_sentence() -> None:
    for word, (chinese, meaning) in glossary().items():
        if word in ("word", "rule", "goal", "forecaster") and meaning == "meaning":
            continue  # a table's header
        assert re.search(r"[\u4e00-\u9fff]", chinese), word
        assert meaning.endswith("."), word
        assert ". " not in meaning, f"{word}: one sentence"


def test_every_file_of_a_run_is_explained_with_columns_it_has() -> None:
    page, problem = read("howto-read-a-run.md"), tiny_problem()
    for name in TABLES:
        assert f"`{name}.csv`" in page
    goals = [("level_stretch", goal["level_stretch"](problem))]
    measures = set(allocate_rules(problem, [use("meet_target")], goals, Meter("highs", 60.0, 0)).measures["measure"])
    for line in page.splitlines():
        if line.startswith("| ") and (files := re.findall(r"`(\w+)\.csv`", line)):
            named = set(re.findall(r"`(\w+)`", line.rpartition("|")[0].rpartition("|")[2]))
            known = {column.name for file in files for column in TABLES[file]}
            assert named <= known | (measures if files == ["measures"] else set()), line


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!http|#)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_a_page_names_exists(page: Path) -> None:
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), flags=re.DOTALL))
    assert set(re.findall(r"(?:^|[`$&|] ?)quotaopt ([a-z]+)", code, re.MULTILINE)) <= set(cli.commands)


def test_every_page_is_in_the_index() -> None:
    listed = set(re.findall(r"^[\w/-]+$", read("index.md") + read("decisions/index.md"), re.MULTILINE))
    for page in PAGES:
        assert page.name == "index.md" or page.stem in listed, page
