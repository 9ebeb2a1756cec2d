"""The fair totals of reps: against their definition, by every solver, and under every change that must not matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from quotaopt.errors import InputError
from quotaopt.goals import Levels, goal
from quotaopt.optimize.bounds import LINK
from quotaopt.optimize.build import build
from quotaopt.optimize.fairness import Items, fill, level_down
from quotaopt.optimize.linear import LinearProgram, Solution
from quotaopt.optimize.search import FairTotals, rep_items
from quotaopt.optimize.sequential import level_sequentially
from quotaopt.optimize.soft import settle
from quotaopt.optimize.solvers import installed, solve
from quotaopt.optimize.statement import RuleUse, state
from quotaopt.optimize.table import Table
from quotaopt.problem import Cube, Index, Problem

from .crossing import crossing
from .instances import make_problem, rename_reps, solved, tiny_problem, use, with_
from .leximin import leximin

SEEDS = st.integers(0, 9999)
SOLVERS = [name for name in ("highs", "highs-ipx", "cbc", "glpk", "scip") if name in installed()]


def quick(examples: int) -> Callable[[Any], Any]:
    """The same examples every time."""
    return settings(derandomize=True, deadline=None, max_examples=examples)


def plan(problem: Problem, rules: list[RuleUse], **how: Any) -> tuple[FairTotals, Table] | None:
    """Fair totals and table, or None when the rules leave no plan."""
    try:
        _, found, table = solved(problem, rules, **how)
    except AssertionError as status:
        assert str(status).startswith("infeasible")
        return None
    assert table is not None
    return found, table


# Water-filling.


def items(offset: Any, scale: Any, lower: Any, upper: Any) -> Items:
    """Items with a column each."""
    none = np.full(len(scale), LINK)
    parts = (np.asarray(part, dtype=float) for part in (offset, scale, lower, upper))
    return Items(np.arange(len(scale)), *parts, none, none)


@given(st.integers(1, 8), SEEDS, st.floats(0, 1))
@quick(100)
def test_water_filling_meets_bisection(n: int, seed: int, share: float) -> None:
    """The closed form gives the level that bisection finds on ``sum(w clip(m + s x, l, u)) = total``."""
    rng = np.random.default_rng(seed)
    offset, scale, weight = rng.normal(0, 5, n), rng.lognormal(0, 1, n), rng.integers(1, 4, n).astype(float)
    lower = rng.uniform(0, 5, n)
    upper = np.where(rng.random(n) < 0.2, lower, lower + rng.uniform(0, 10, n))  # some have no room at all
    total = float(weight @ lower + share * (weight @ (upper - lower)))
    level, values = fill(items(offset, scale, lower, upper), np.arange(n), weight, total)
    assert weight @ values == pytest.approx(total, abs=1e-9)
    assert np.allclose(values, np.clip(offset + scale * level, lower, upper), atol=1e-9)
    if 0.001 < share < 0.999 and (upper - lower).sum() > 0.01:
        over = lambda x: weight @ np.clip(offset + scale * x, lower, upper) - total  # noqa: E731
        ends = np.concatenate([(lower - offset) / scale, (upper - offset) / scale])
        wanted = brentq(over, ends.min() - 1, ends.max() + 1, xtol=1e-13)
        assert np.allclose(values, np.clip(offset + scale * wanted, lower, upper), atol=1e-8)


def test_water_filling_by_hand() -> None:
    """Capacities 100, 200, 300, caps 90, none, none, total 660: R1 stops at 90, the others share 570 at 570/500."""
    everyone = items([0, 0, 0], [100, 200, 300], [0, 0, 0], [90, np.inf, np.inf])
    level, values = fill(everyone, np.arange(3), np.ones(3), 660)
    assert level == pytest.approx(1.14)
    assert values == pytest.approx([90, 228, 342])


@pytest.mark.parametrize(("total", "wanted"), [(-5.0, [1.0, 2.0]), (99.0, [3.0, 4.0])])
def test_water_filling_out_of_reach_gives_the_nearest_end(total: float, wanted: list[float]) -> None:
    """Below all lower bounds, or above all upper bounds."""
    _, values = fill(items([0, 0], [1, 1], [1, 2], [3, 4]), np.arange(2), np.ones(2), total)
    assert values == pytest.approx(wanted)


# Leximin.


def test_levels_are_the_lexicographically_smallest_on_cells() -> None:
    """120 random problems with crossing rules: the definition, solved cell by cell, gives the same totals.

    At least a fifth of them need cuts from dual values: the stated totals alone are not enough.
    """
    crossed = feasible = 0
    for seed in range(120):
        problem, rules = crossing(seed)
        levels = goal["level_stretch"](problem)
        assert isinstance(levels, Levels)
        wanted = leximin(problem, state(problem, rules), levels.offset, levels.scale)
        got = plan(problem, rules)
        assert (wanted is None) == (got is None), seed
        if got is None or wanted is None:
            continue
        assert np.abs(got[0].values - wanted).max() < 1e-7 * problem.target, seed
        assert got[0].exact, seed
        feasible += 1
        crossed += got[0].programs > 1
    assert feasible > 60
    assert crossed > feasible / 5


@given(SEEDS, st.sampled_from(["equal_chance", "level_growth"]))
@quick(25)
def test_other_levels_are_the_lexicographically_smallest_on_cells(seed: int, name: str) -> None:
    """The same for levels with offsets, and for growth."""
    problem, rules = crossing(seed, reps=4)
    levels = goal[name](problem)
    assert isinstance(levels, Levels)
    wanted, got = (
        leximin(problem, state(problem, rules), levels.offset, levels.scale),
        plan(problem, rules, goals=(name,)),
    )
    assert (wanted is None) == (got is None)
    if got is not None and wanted is not None:
        assert np.abs(got[0].values - wanted).max() < 1e-7 * problem.target


def test_one_program_per_level_gives_the_same() -> None:
    """The slower way, which steps in when cutting planes stall: same totals, same members of levels."""
    count = 0
    for seed in range(30):
        problem, rules = crossing(seed)
        levels = goal["level_stretch"](problem)
        assert isinstance(levels, Levels)
        program = build(problem, state(problem, rules))
        everyone, _ = rep_items(program, levels, np.arange(problem.index.shape[0]))
        fast, slow = level_down(program, everyone, run_highs), level_sequentially(program, everyone, run_highs)
        assert fast.status == slow.status, seed
        if fast.status == "optimal":
            count += 1
            assert slow.exact, seed
            assert np.allclose(fast.values, slow.values, rtol=1e-9, atol=1e-9), seed
    assert count > 15


def test_leximin_by_hand() -> None:
    """Specialists: R1 alone sells P1, which must carry 300 of 660, although R1's capacity is 100.

    R1 must take 300 (stretch 3). The other 360 are shared at 360 / 500 = 0.72: 144 and 216.
    """
    problem = tiny_problem()
    capacity = problem.capacity.values.copy()
    capacity[1:, 0, :] = 0  # R2 and R3 do not sell P1 …
    capacity[1:, 1, :] *= np.array([[2.0], [2.0]])  # … and sell twice as much P2: 200 and 300 stay their capacities
    capacity[0] = [[40, 60], [0, 0]]
    cube = Cube(problem.index, capacity)
    problem = with_(problem, capacity=cube, reference=cube)
    got = plan(problem, [use("meet_target"), use("product_mix", values={"P1": D(300)})])
    assert got is not None
    assert got[0].values == pytest.approx([300, 144, 216])
    assert got[0].programs > 1
    assert got[1].quota.sum(axis=(1, 2)).tolist() == [300, 144, 216]


@given(SEEDS)
@quick(25)
def test_margins_lose_nothing_against_cells(seed: int) -> None:
    """A rule over every cell that never binds makes the program cell-grained: the totals stay the same."""
    problem, rules = crossing(seed)
    everywhere = use("stay_within_capacity", stretch=1e4, by=("rep", "product", "month"))
    assert build(problem, state(problem, [*rules, everywhere])).layout.pairs.size > 0
    margins, cells = plan(problem, rules), plan(problem, [*rules, everywhere])
    assert (margins is None) == (cells is None)
    if margins is not None and cells is not None:
        assert np.allclose(margins[0].values, cells[0].values, rtol=1e-9, atol=1e-6)
        assert np.array_equal(margins[1].quota, cells[1].quota)


def run_highs(lp: LinearProgram) -> Solution:
    """HiGHS, for direct calls."""
    return solve(lp, "highs")


@pytest.mark.parametrize("ceiling", [D(100), D("119.9")])
def test_crossed_bounds_have_no_fair_totals(ceiling: D) -> None:
    """A floor of 120 above R1's ceiling: there is no plan, whatever a screen before may say."""
    problem = tiny_problem()
    rules = [use("meet_target"), use("quota_floor", amount=D(120))]
    blocks = state(problem, [*rules, use("meet_region_target", by="rep", ranges={"R1": (D(0), ceiling)})])
    program = build(problem, blocks)
    levels = Levels(np.zeros(3), np.array([100.0, 200, 300]))
    assert level_down(program, rep_items(program, levels, np.arange(3))[0], run_highs).status == "infeasible"


def test_nodes_of_single_reps_in_another_order() -> None:
    """R1 is alone in "South", R2 alone in "North", R3 alone in "West"; South carries 300, so R1 does.

    The other 360 are shared by 200 and 300 of capacity: 144 and 216.
    """
    problem = tiny_problem()
    index = Index(
        problem.index.reps.assign(region=["South", "North", "West"]), problem.index.products, problem.index.months
    )
    cubes = {name: Cube(index, getattr(problem, name).values) for name in ("capacity", "reference", "last_year")}
    problem = with_(problem, index=index, **cubes)
    got = plan(problem, [use("meet_target"), use("meet_region_target", values={"South": D(300)})])
    assert got is not None
    assert got[1].quota.sum(axis=(1, 2)).tolist() == [300, 144, 216]


# The same answer from every solver, whatever the order, the names or the size of the money.


@pytest.mark.parametrize("solver", SOLVERS[1:])
def test_every_solver_gives_the_same_plan(solver: str) -> None:
    """Totals to 1e-9 and whole-unit tables exactly, on 16 problems with crossing rules."""
    count = 0
    for seed in range(16):
        problem, rules = crossing(seed, months=3)
        first, second = plan(problem, rules), plan(problem, rules, solver=solver)
        assert (first is None) == (second is None), seed
        if first is None or second is None:
            continue
        assert first[0].exact, seed
        assert second[0].exact, seed
        assert np.allclose(first[0].values, second[0].values, rtol=1e-9, atol=1e-9 * problem.target), seed
        assert np.array_equal(first[1].quota, second[1].quota), seed
        count += 1
    assert count > 8


@given(SEEDS, st.randoms(use_true_random=False))
@quick(20)
def test_names_and_order_of_reps_do_not_matter(seed: int, shuffle: Any) -> None:
    """New names in a new order: every rep keeps its quotas."""
    problem, rules = crossing(seed)
    order = list(range(problem.index.shape[0]))
    shuffle.shuffle(order)
    first, second = plan(problem, rules), plan(rename_reps(problem, order), rules)
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert np.allclose(first[0].values[order], second[0].values, rtol=1e-9, atol=1e-6)
        assert np.array_equal(first[1].quota[order], second[1].quota)


def scaled(problem: Problem, rules: list[RuleUse], factor: int) -> tuple[Problem, list[RuleUse]]:
    """All money times `factor`, in the same rounding unit."""
    cubes = {
        name: Cube(problem.index, getattr(problem, name).values * factor)
        for name in ("capacity", "reference", "last_year")
    }
    amounts = {"expected": problem.expected * factor, "spread": problem.spread * factor}
    money = {"values": lambda v: {k: x * factor for k, x in v.items()}, "amount": lambda v: v * factor}
    new = [replace(r, parameters={k: money[k](v) if k in money else v for k, v in r.parameters.items()}) for r in rules]
    return with_(problem, target=problem.target * factor, **cubes, **amounts), new


@given(SEEDS)
@quick(20)
def test_the_size_of_money_does_not_matter(seed: int) -> None:
    """× 1000: the totals times 1000, up to the whole units of the limits."""
    problem, rules = crossing(seed)
    first, second = plan(problem, rules), plan(*scaled(problem, rules, 1000))
    assume(first is not None and second is not None)
    assert first is not None
    assert second is not None
    assert np.abs(first[0].values - second[0].values / 1000).max() < 6
    assert np.abs(first[1].quota - second[1].quota / 1000).max() < 0.002 * problem.target


@given(SEEDS)
@quick(20)
def test_a_small_change_of_input_is_a_small_change_of_output(seed: int) -> None:
    """Capacities × (1 ± 1e-6) move no rep by more than a few units of some 40,000."""
    problem, rules = crossing(seed)
    noise = 1 + 1e-6 * np.random.default_rng(seed).uniform(-1, 1, problem.capacity.values.shape)
    near = Cube(problem.index, problem.capacity.values * noise)
    first, second = plan(problem, rules), plan(with_(problem, capacity=near, reference=near), rules)
    assume(first is not None and second is not None)
    assert first is not None
    assert second is not None
    assert np.abs(first[0].values - second[0].values).max() < 6


# More room is never worse; soft and hard rules.


@given(SEEDS)
@quick(25)
def test_loosening_a_rule_never_worsens_the_levels(seed: int) -> None:
    """Without its last rule a problem has levels that are lexicographically no higher."""
    problem, rules = crossing(seed)
    assume(len(rules) > 1)
    tight = plan(problem, rules)
    assume(tight is not None)
    loose = plan(problem, rules[:-1])
    assert tight is not None
    assert loose is not None
    before, after = (np.sort(p[0].values / problem.capacity.by("rep"))[::-1] for p in (tight, loose))
    apart = np.flatnonzero(np.abs(before - after) > 1e-7)
    assert not apart.size or after[apart[0]] < before[apart[0]]


@given(SEEDS)
@quick(20)
def test_a_soft_rule_that_can_be_kept_is_a_hard_one(seed: int) -> None:
    """Every rule but the target made soft: no violation, and the same table."""
    problem, rules = crossing(seed)
    hard = plan(problem, rules)
    assume(hard is not None)
    soft = plan(problem, [rules[0], *(replace(r, penalty=1000.0) for r in rules[1:])])
    assert hard is not None
    assert soft is not None
    assert np.array_equal(hard[1].quota, soft[1].quota)


def give_way(problem: Problem, rules: list[RuleUse], solver: str = "highs") -> list[list[float]]:
    """Violation of every block of rows, in units."""
    kept = settle(problem, state(problem, rules), lambda lp: solve(lp, solver))
    assert kept.status == "optimal"
    return [(below + above).tolist() for below, above in zip(kept.short, kept.over, strict=True)]


@pytest.mark.parametrize("solver", SOLVERS)
def test_soft_limits_give_way_alike(solver: str) -> None:
    """Ceilings of 100 and 200 with 360 to carry and R3 held at 300: both give way by a fifth, 20 and 40."""
    ceilings = use("meet_region_target", by="rep", ranges={"R1": (D(0), D(100)), "R2": (D(0), D(200))}, penalty=1.0)
    rules = [use("meet_target"), use("quota_ceiling", by_role={"hunter": D(300)}), ceilings]
    assert give_way(tiny_problem(), rules, solver)[-1] == pytest.approx([20, 40])


def test_a_higher_penalty_gives_way_less() -> None:
    """Two soft ceilings, R1 at penalty 3 and R2 at 1, limits 100 and 200, 60 too much: 100 a / 3 + 200 a = 60.

    The common level of ``penalty × violation / limit`` is a = 60 / (100 / 3 + 200) = 9 / 35, so R1 gives
    100 × 9 / 105 = 8.571… and R2 51.428….
    """
    rules = [
        use("meet_target"),
        use("meet_region_target", by="rep", ranges={"R3": (D(0), D(300))}),
        use("meet_region_target", by="rep", ranges={"R1": (D(0), D(100))}, penalty=3.0),
        use("meet_region_target", by="rep", ranges={"R2": (D(0), D(200))}, penalty=1.0),
    ]
    *_, first, second = give_way(tiny_problem(), rules)
    assert first == pytest.approx([60 / 7])
    assert second == pytest.approx([360 / 7])


def test_priorities_come_in_order() -> None:
    """The first priority is kept whole; the second gives all of the 60."""
    rules = [
        use("meet_target"),
        use("meet_region_target", by="rep", ranges={"R3": (D(0), D(300))}),
        use("meet_region_target", by="rep", ranges={"R1": (D(0), D(100))}, penalty=1.0, priority=1),
        use("meet_region_target", by="rep", ranges={"R2": (D(0), D(200))}, penalty=9.0, priority=2),
    ]
    *_, first, second = give_way(tiny_problem(), rules)
    assert first == pytest.approx([0], abs=1e-9)
    assert second == pytest.approx([60])


def test_hard_rules_that_clash_are_no_business_of_soft_ones() -> None:
    """Nothing soft can help: the status says so."""
    rules = [
        use("meet_target"),
        use("quota_ceiling", amount=D(200)),
        use("quota_floor", amount=D(10), penalty=1.0),
    ]
    assert settle(tiny_problem(), state(tiny_problem(), rules), run_highs).status == "infeasible"


# The goals.


def totals(problem: Problem, *goals: str, rules: list[RuleUse] | None = None) -> np.ndarray:
    """Whole-unit totals of reps."""
    got = plan(problem, rules or [use("meet_target")], goals=goals)
    assert got is not None
    return got[1].quota.sum(axis=(1, 2))


def test_level_stretch() -> None:
    """660 over a capacity of 600: everyone at 1.1."""
    assert totals(tiny_problem(), "level_stretch").tolist() == [110, 220, 330]


def test_level_stretch_with_intended_levels() -> None:
    """Group b at 0.8 of the others: weights 100, 200, 240 share 660 at 660 / 540."""
    problem = tiny_problem()
    levels = goal["level_stretch"](problem, relative={"b": D("0.8")})
    assert isinstance(levels, Levels)
    assert levels.scale.tolist() == [100, 200, 240]


def test_equal_chance() -> None:
    """Medians 100, 200, 300, spreads 10, 20, 60; 60 above the medians' 600 is 60 / 90 of a spread for everyone."""
    got = totals(tiny_problem(), "equal_chance")
    assert got.tolist() == [107, 213, 340]  # 106.67, 213.33, 340


def test_level_growth() -> None:
    """Last year 50 and 100; R3 was not there, so its base is capacity × (150 / 300) × presence = 150.

    660 over 300 is 2.2: 110, 220, 330. With the whole last year the base of R3 is 150 × 0.5 = 75 instead:
    660 / 225 gives 146.67, 293.33 and 220.
    """
    assert totals(tiny_problem(), "level_growth").tolist() == [110, 220, 330]
    there = tiny_problem(full_last_year=np.array([True, True, True]))
    assert totals(there, "level_growth").tolist() == [147, 293, 220]


def test_a_rep_without_a_level_shares_by_capacity() -> None:
    """R3 has no spread, hence no chance: R1 and R2 are levelled first, R3 takes what they leave.

    Lowest levels of R1 and R2 are at quota 0; R3 carries all 660.
    """
    problem = tiny_problem(spread=np.array([10.0, 20.0, 0.0]))
    assert totals(problem, "equal_chance").tolist() == [0, 0, 660]


def test_least_change_needs_a_plan() -> None:
    """The message says which key to set."""
    with pytest.raises(InputError, match=r"least_change needs the current plan\. Set data\.plan"):
        goal["least_change"](tiny_problem())


def test_least_change_moves_the_least() -> None:
    """Current totals 120, 230, 310 make 660, but a ceiling of 300 takes 10 from R3: somebody else gets 10."""
    problem = tiny_problem()
    current = problem.capacity.values * np.array([1.2, 1.15, 31 / 30])[:, None, None]
    problem = with_(problem, plan=Cube(problem.index, current), reference=Cube(problem.index, current))
    rules = [use("meet_target"), use("meet_region_target", by="rep", ranges={"R3": (D(0), D(300))})]
    got = totals(problem, "least_change", "level_stretch", rules=rules)
    assert np.abs(got - [120, 230, 310]).sum() == 20
    assert got.tolist() == [120, 240, 300]  # R2 gets the 10: its stretch 1.15 is below R1's 1.2


@given(SEEDS)
@quick(20)
def test_replanning_a_plan_returns_it(seed: int) -> None:
    """The plan as `data.plan`, least change first: not one unit moves."""
    problem, rules = crossing(seed)
    first = plan(problem, rules)
    assume(first is not None)
    assert first is not None
    current = first[1].quota.astype(float)
    faint = np.where(problem.eligible, np.maximum(current, 1e-6 * problem.capacity.values), 0.0)
    again = with_(problem, plan=Cube(problem.index, current), reference=Cube(problem.index, faint))
    second = plan(again, rules, goals=("least_change", "level_stretch"))
    assert second is not None
    assert np.array_equal(first[1].quota, second[1].quota)


@pytest.mark.parametrize("unit", ["0.01", "1", "100"])
def test_a_larger_problem_keeps_the_level(unit: str) -> None:
    """Forty reps under one target, in any unit: all stretches within one unit of the same level."""
    problem = make_problem(40, 4, 6, seed=3, unit=unit)
    got = plan(problem, [use("meet_target")])
    assert got is not None
    level = problem.target / problem.capacity.values.sum()
    assert np.abs(got[1].quota.sum(axis=(1, 2)) - level * problem.capacity.by("rep")).max() < 1
    assert got[1].quota.sum() == problem.target
