"""Why no plan exists, in words; and remedies that are enough, but no more than enough."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal as D
from typing import Any

import numpy as np
import pytest

from quotaopt.optimize.conflicts import explain, money, screen
from quotaopt.optimize.linear import LinearProgram, Solution
from quotaopt.optimize.solvers import solve
from quotaopt.optimize.statement import RuleUse, state
from quotaopt.problem import Cube, Lock, Problem

from .crossing import crossing
from .instances import make_problem, solved, tiny_problem, use, with_


def run(lp: LinearProgram) -> Solution:
    """HiGHS."""
    return solve(lp, "highs")


def said(problem: Problem, *rules: RuleUse) -> str:
    """The screen's sentence, empty when it sees no clash."""
    clash = screen(problem, state(problem, rules))
    return clash.sentence(problem) if clash else ""


def possible(problem: Problem, *rules: RuleUse) -> bool:
    """Whether a plan exists at all."""
    if said(problem, *rules):
        return False
    try:
        return solved(problem, rules)[2] is not None
    except AssertionError:
        return False


def remedies(problem: Problem, *rules: RuleUse) -> dict[str, dict[str, Any]]:
    """The table of remedies by rule."""
    _, table = explain(problem, state(problem, rules), run)
    return {row["rule"]: row for row in table.to_dict("records")}


def without_product(problem: Problem, rep: int, product: int) -> Problem:
    """A rep who does not sell a product."""
    cells = problem.reference.values.copy()
    cells[rep, product] = 0
    return with_(problem, reference=Cube(problem.index, cells))


LOCKED = [Lock("R1", None, None, 120, "locks.csv:2"), Lock("R1", "P1", None, 130, "locks.csv:3")]
SENTENCES: list[tuple[Sequence[RuleUse], dict[str, Any], tuple[str, ...]]] = [
    (  # 1.05 × 600 = 630
        [use("meet_target"), use("stay_within_capacity", stretch=1.05, by=("rep",))],
        {},
        (
            "meet_target all asks at least 660 (test.toml:11)",
            "but stay_within_capacity (test.toml:20) allow at most 630: short by 30",
        ),
    ),
    (  # floors of 300 and 300 and 150 for the one who is there half the time
        [use("meet_target"), use("quota_floor", amount=D(300))],
        {},
        (
            "meet_target all asks at most 660 (test.toml:11)",
            "but quota_floor (test.toml:11) allow at least 750: over by 90",
        ),
    ),
    (  # North is R1 and R2, at most 2.2 × 150 = 330
        [use("meet_region_target", values={"North": D(331)}), use("limit_change", up=2.2)],
        {},
        (
            "meet_region_target North asks at least 331 (test.toml:18)",
            "but limit_change (test.toml:12) allow at most 330: short by 1",
        ),
    ),
    (  # regions within the company
        [use("meet_target"), use("meet_region_target", values={"North": D(330), "South": D(340)})],
        {},
        (
            "meet_target all asks at most 660 (test.toml:11)",
            "but meet_region_target (test.toml:18) allow at least 670: over by 10",
        ),
    ),
    (  # months of a rep within its ceiling: 30 + 70 of R1 in March and April
        [use("quota_floor", by_role={"hunter": D(101)}), use("stay_within_capacity", stretch=1.0)],
        {},
        (
            "quota_floor R1 asks at least 101 (test.toml:11)",
            "but stay_within_capacity (test.toml:20) allow at most 100: short by 1",
        ),
    ),
    (  # a locked product above its rep's locked year
        [use("keep_locks")],
        {"locks": LOCKED},
        (
            "keep_locks R1 P1 asks at least 130 (locks.csv:3)",
            "but keep_locks (test.toml:10) allow at most 120: short by 10",
        ),
    ),
    (  # money with cents: units of 0.01
        [use("meet_target"), use("stay_within_capacity", stretch=1.05, by=("rep",))],
        {"unit": D("0.01")},
        (
            "meet_target all asks at least 6.60 (test.toml:11)",
            "but stay_within_capacity (test.toml:20) allow at most 6.30: short by 0.30",
        ),
    ),
    ([use("meet_target"), use("stay_within_capacity", stretch=1.1)], {}, ()),  # exactly 660: no clash
]


@pytest.mark.parametrize(("rules", "changes", "sentence"), SENTENCES)
def test_the_screen_says(rules: Sequence[RuleUse], changes: dict[str, Any], sentence: tuple[str, ...]) -> None:
    """Word by word; arithmetic beside each case."""
    assert said(tiny_problem(**changes), *rules) == ", ".join(sentence)


def test_a_quota_where_none_may_stand() -> None:
    """R1 does not sell P2, but has a lock there."""
    problem = without_product(tiny_problem(locks=[Lock("R1", "P2", None, 5, "locks.csv:9")]), 0, 1)
    assert said(problem, use("keep_locks")) == (
        "keep_locks R1 P2 asks at least 5 (locks.csv:9), but availability (nobody may sell this here) allow at most 0: "
        "short by 5"
    )


def test_soft_rules_are_no_clash() -> None:
    """What may give way rules nothing out."""
    assert said(tiny_problem(), use("meet_target"), use("stay_within_capacity", stretch=0.5, penalty=1.0)) == ""


@pytest.mark.parametrize(
    ("units", "unit", "text"), [(1234567, "1", "1,234,567"), (5, "0.01", "0.05"), (3, "1000", "3,000")]
)
def test_money_for_people(units: int, unit: str, text: str) -> None:
    """Thousands apart, cents only where there are some."""
    assert money(tiny_problem(unit=D(unit)), units) == text


def test_the_screen_never_cries_wolf() -> None:
    """Whatever has a plan passes the screen: 60 random problems, about two thirds of which have one."""
    found = 0
    for seed in range(60):
        problem, rules = crossing(seed)
        try:
            solved(problem, rules)
        except AssertionError:
            continue
        found += 1
        assert said(problem, *rules) == "", seed
    assert found > 30


# Remedies.


def test_remedies_for_too_little_capacity() -> None:
    """Lower the target by 30, or stretch to 660 / 600 = 1.1: both are just enough."""
    problem = tiny_problem()
    rules = [use("meet_target"), use("stay_within_capacity", stretch=1.05, by=("rep",))]
    found = remedies(problem, *rules)
    assert found["meet_target"]["enough"]
    assert found["meet_target"]["remedy"] == "lower the target by 30"
    assert found["meet_target"]["remedy_value"] == 30
    assert found["meet_target"]["shortfall"] == 30
    assert found["stay_within_capacity"]["enough"]
    assert found["stay_within_capacity"]["remedy"] == "raise stay_within_capacity.stretch from 1.05 to 1.1"
    assert found["stay_within_capacity"]["remedy_value"] == 1.1


def test_a_remedy_that_is_not_enough_alone() -> None:
    """Caps of 1.0 on reps and on months: neither gives way alone, the target does."""
    rules = [
        use("meet_target"),
        use("stay_within_capacity", stretch=1.0, by=("rep",)),
        use("quota_ceiling", amount=D(150)),
    ]
    found = remedies(tiny_problem(), *rules)
    assert found["meet_target"]["enough"]
    for name in ("stay_within_capacity", "quota_ceiling"):
        assert not found[name]["enough"]
        assert found[name]["remedy"] == f"relaxing {name} alone is not enough"


@pytest.mark.parametrize("seed", range(0, 12, 2))
@pytest.mark.parametrize("by", [("rep",), ("rep", "month"), ("product",)])
def test_remedies_are_enough_and_no_more(seed: int, by: tuple[str, ...]) -> None:
    """Random capacities, target 3 to 25 % above what the stretch of 1.1 allows.

    The target lowered by the remedy has a plan, by one unit less has none; likewise the stretch and 0.001 less.
    """
    problem = make_problem(4, 3, 3, seed=seed, stretch=1.1 * (1.03 + seed / 50))
    rules = [use("meet_target"), use("stay_within_capacity", stretch=1.1, by=by)]
    found = remedies(problem, *rules)
    lower = int(found["meet_target"]["remedy_value"])
    assert possible(with_(problem, target=problem.target - lower), *rules)
    assert not possible(with_(problem, target=problem.target - lower + 1), *rules)
    stretch = found["stay_within_capacity"]["remedy_value"]
    assert possible(problem, rules[0], use("stay_within_capacity", stretch=stretch, by=by))
    assert not possible(problem, rules[0], use("stay_within_capacity", stretch=stretch - 1e-3, by=by))


def test_a_raised_stretch_is_enough_in_whole_units() -> None:
    """Three caps of 33 carry 99 of 100. 100 / 99 × 1.1 = 1.1112 would still allow 33 each: one needs 34, 34 / 30."""
    problem = tiny_problem(target=100)
    even = Cube(problem.index, np.full((3, 2, 2), 7.5))
    problem = with_(problem, capacity=even, reference=even)
    rules = [use("meet_target"), use("stay_within_capacity", stretch=1.1, by=("rep",))]
    found = remedies(problem, *rules)["stay_within_capacity"]
    assert found["enough"]
    stretch = found["remedy_value"]
    assert possible(problem, rules[0], use("stay_within_capacity", stretch=stretch, by=("rep",)))
    assert not possible(problem, rules[0], use("stay_within_capacity", stretch=stretch - 1e-3, by=("rep",)))


@pytest.mark.parametrize("up", [1.6, 2.0])
def test_a_raised_growth_is_enough_and_no_more(up: float) -> None:
    """R1 and R2 carry 330 of 150 sold last year: growth must be allowed up to 2.2."""
    problem = tiny_problem()
    rules = [use("meet_region_target", values={"North": D(330)}), use("limit_change", up=up)]
    found = remedies(problem, use("meet_target"), *rules)
    assert found["limit_change"]["remedy"] == f"raise limit_change.up from {up:g} to 2.2"
    assert possible(problem, use("meet_target"), rules[0], use("limit_change", up=2.2))
    assert not possible(problem, use("meet_target"), rules[0], use("limit_change", up=2.199))


def test_a_lower_limit_is_not_mended_by_the_upper_one() -> None:
    """Reps may not sink below 5 × last year's 150, but carry 660 with R3: raising `up` cannot help, `down` can."""
    problem = tiny_problem()
    rules = [use("meet_target"), use("limit_change", down=5.0, up=9.0)]
    found = remedies(problem, *rules)["limit_change"]
    assert "limit_change.up" not in found["remedy"]


def test_weighted_rows_give_way_too() -> None:
    """At most 0.4 of the year in each of two months cannot be: the words come without a warning or a crash."""
    problem = tiny_problem()
    rules = [use("meet_target"), use("month_shape", high=0.4)]
    found = remedies(problem, *rules)
    assert found["month_shape"]["enough"]
    assert found["month_shape"]["remedy"].startswith(("raise month_shape.high", "relax month_shape by"))


# Conflicts that arithmetic on single totals does not see.


def crossed() -> tuple[Problem, list[RuleUse]]:
    """P1 is sold by R1 alone and must carry 300; R1 may have 200. Each total by itself looks fine."""
    problem = without_product(without_product(tiny_problem(), 1, 0), 2, 0)
    rules = [
        use("meet_target"),
        use("product_mix", values={"P1": D(300)}),
        use("meet_region_target", by="rep", ranges={"R1": (D(0), D(200))}),
    ]
    return problem, rules


def test_a_conflict_that_passes_the_screen() -> None:
    """The program finds it; the remedies say what would help."""
    problem, rules = crossed()
    assert said(problem, *rules) == ""
    assert not possible(problem, *rules)
    sentence, table = explain(problem, state(problem, rules), run)
    assert sentence == "no plan can keep these rules together: meet_region_target, meet_target, product_mix"
    found = {row["rule"]: row for row in table.to_dict("records")}
    assert not found["meet_target"]["enough"]
    assert found["product_mix"]["enough"]
    assert found["product_mix"]["remedy"] == "relax product_mix by 100"
    assert found["meet_region_target"]["enough"]
    assert found["meet_region_target"]["remedy"] == "relax meet_region_target by 100"
    assert possible(problem, rules[0], use("product_mix", values={"P1": D(200)}), rules[2])
    assert not possible(problem, rules[0], use("product_mix", values={"P1": D(201)}), rules[2])
    wider = use("meet_region_target", by="rep", ranges={"R1": (D(0), D(300))})
    assert possible(problem, *rules[:2], wider)


def test_the_same_rule_twice_is_two_rules() -> None:
    """Only the cap that is in the way is named as a remedy that helps."""
    problem = tiny_problem()
    rules = [
        use("meet_target"),
        use("stay_within_capacity", stretch=1.05, by=("rep",)),
        use("stay_within_capacity", stretch=2.0, by=("product",)),
    ]
    _, table = explain(problem, state(problem, rules), run)
    assert table["rule"].tolist() == ["meet_target", "stay_within_capacity", "stay_within_capacity"]
    assert table["enough"].tolist() == [True, True, False]
