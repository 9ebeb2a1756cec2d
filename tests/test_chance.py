"""Equal chance by quantiles: levels that bend, against bisection, the definition on cells, and the straight case."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import ndtr

from quotaopt.allocate import Meter, allocate_rules
from quotaopt.goals import FLAT, Levels, equal_chance, goal
from quotaopt.optimize.build import build
from quotaopt.optimize.certificate import certify_fairness
from quotaopt.optimize.export_model import make_model
from quotaopt.optimize.fairness import level_down
from quotaopt.optimize.prices import price_limits
from quotaopt.optimize.search import FairTotals, reach_goals, rep_items
from quotaopt.optimize.sequential import level_sequentially
from quotaopt.optimize.solvers import installed, solve
from quotaopt.optimize.statement import RuleUse, state
from quotaopt.optimize.table import make_table
from quotaopt.prepare import make_quantiles
from quotaopt.problem import SCORES, Floats, Problem

from .crossing import crossing
from .instances import make_problem, rename_reps, solved, use, with_
from .leximin import leximin

SEEDS = st.integers(0, 9999)
SOLVERS = [name for name in ("highs-ipx", "cbc", "glpk", "scip") if name in installed()]
run = partial(solve, solver="highs")


def skewed(problem: Problem, seed: int) -> Problem:
    """Random quantiles around the capacities: skewed, some with mass at zero, some with ties."""
    rng = np.random.default_rng(seed)
    capacity = problem.capacity.by("rep")
    steps = rng.gamma(rng.uniform(0.2, 3, capacity.size)[:, None], size=(capacity.size, SCORES.size))
    steps *= rng.random(steps.shape) > rng.choice([0.0, 0.3], (capacity.size, 1))  # ties
    rise = np.cumsum(steps, axis=1)
    rise = (rise - rise[:, SCORES.size // 2, None]) / (np.ptp(rise, axis=1, keepdims=True) + 1e-9)
    middle = capacity * rng.uniform(0.8, 1.2, capacity.size)
    quantiles = middle[:, None] * (1 + rise * rng.uniform(0.2, 2.5, (capacity.size, 1)))
    return with_(problem, quantiles=np.maximum(quantiles, 0.0))


def bent(problem: Problem) -> Levels:
    """Levels of equal chance."""
    return equal_chance(problem)


# The functions themselves.


@given(st.integers(1, 6), st.integers(2, 9), SEEDS)
@settings(derandomize=True, max_examples=100)
def test_functions_go_through_their_points_and_back(n: int, k: int, seed: int) -> None:
    """Quotas at the points, strictly rising everywhere, and `level` undoes `quota`."""
    rng = np.random.default_rng(seed)
    levels = np.sort(rng.normal(0, 2, k)) + np.arange(k) * 0.01
    quotas = np.cumsum(rng.gamma(1, 1, (n, k)) * (rng.random((n, k)) < 0.8), axis=1) + rng.normal(0, 3, (n, 1))
    has = quotas[:, -1] > quotas[:, 0]
    found = Levels.through(levels, quotas, has)
    assert (found.has == has).all()
    for level, quota in zip(levels, quotas.T, strict=True):
        assert found.quota(level)[has] == pytest.approx(quota[has], abs=2 * FLAT * np.ptp(quotas, axis=1).max())
    tried = np.sort(rng.uniform(levels[0] - 1, levels[-1] + 1, 12))
    values = np.stack([found.quota(level) for level in tried])[:, has]
    assert (np.diff(values, axis=0) > 0).all()
    for level in tried:
        assert found.level(found.quota(level))[has] == pytest.approx(level, abs=1e-6)
    assert np.isnan(found.level(quotas[:, 0])[~has]).all()


def test_a_piece_ends_at_its_knot() -> None:
    """Quota 10 at level 0, 20 at 1, 50 at 2: slopes 10 and 30, straight on at both ends."""
    levels = Levels.through(np.array([0.0, 1, 2]), np.array([[10.0, 20, 50]]), np.array([True]))
    assert levels.quota(-1.0) == pytest.approx([0])
    assert levels.quota(1.5) == pytest.approx([35])
    assert levels.quota(3.0) == pytest.approx([80])
    assert levels.level(np.array([35.0])) == pytest.approx([1.5])
    assert levels.near(np.array([35.0])).scale == pytest.approx([30])


def test_quantiles_of_samples() -> None:
    """A point mass at zero stays; the outer points carry the slope of a score on."""
    rng = np.random.default_rng(0)
    sums = rng.normal(150, 20, (2, 40_000))
    sums[1] *= rng.random(40_000) > 0.4
    found = make_quantiles(sums)
    at = {score: found[:, k] for k, score in enumerate(np.round(SCORES, 6))}
    assert at[0.0][0] == pytest.approx(150, abs=0.5)
    assert at[1.0][0] - at[0.0][0] == pytest.approx(20, rel=0.03)
    assert at[3.0] - at[2.0] == pytest.approx(at[2.0] - at[1.0])
    assert (found[1][ndtr(SCORES) < 0.39] == 0).all()
    assert (np.diff(found, axis=1) >= 0).all()


# Filling.


@given(SEEDS, st.floats(0.3, 2.5))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_filling_meets_bisection(seed: int, stretch: float) -> None:
    """One total and own limits: everyone at the level that bisection finds, clipped to the limits."""
    problem = skewed(make_problem(6, 2, 2, seed=seed, stretch=stretch), seed)
    caps = use("stay_within_capacity", stretch=stretch * 1.3, by=("rep",))
    floor = use("quota_floor", amount=round(float(problem.capacity.by("rep").min()) * stretch * 0.5))
    blocks = state(problem, [use("meet_target"), caps, floor])
    levels = bent(problem)
    assume(levels.has.all())
    found = reach_goals(problem, blocks, [("equal_chance", levels)], run)
    own = build(problem, blocks).own
    at = lambda z: np.clip(levels.quota(z), own.lower, own.upper)  # noqa: E731
    level = brentq(lambda z: at(z).sum() - problem.target, -1e9, 1e9, xtol=1e-12, maxiter=500)
    assert found.values.sum() == pytest.approx(problem.target, rel=1e-12)
    assert np.allclose(found.values, at(level), rtol=1e-6, atol=1e-5)
    assert np.nanmax(levels.level(found.values)) == pytest.approx(found.goals[0].value)


# The three ways, and the definition.


def pieces_on_cells(problem: Problem, rules: Sequence[RuleUse], levels: Levels) -> Floats | None:
    """The definition for levels that bend: fixed point of the definition for the straight pieces where the reps stand.

    A plan that is the leximin of its own pieces, each rep inside its piece, is the leximin of the functions, because
    near it they are the same and the set of tables is convex.
    """
    totals = problem.capacity.by("rep") * problem.target / problem.capacity.values.sum()
    for _ in range(60):
        here = levels.near(totals)
        found = leximin(problem, state(problem, rules), here.offset, here.scale)
        if found is None or (levels.near(found).scale == here.scale).all():
            return found
        totals = (totals + found) / 2
    return np.full(totals.size, np.nan)


def test_equal_chance_is_the_lexicographically_smallest_on_cells() -> None:
    """Where the definition's fixed point is found, crossing rules and skewed quantiles give the same totals."""
    same = 0
    for seed in range(60):
        problem, rules = crossing(seed, reps=4)
        problem = skewed(problem, seed)
        levels = bent(problem)
        if not levels.has.all():
            continue
        wanted = pieces_on_cells(problem, rules, levels)
        if wanted is None or np.isnan(wanted).any():
            continue
        try:
            _, found, _ = solved(problem, rules, goals=("equal_chance",))
        except AssertionError:
            continue
        same += 1
        assert np.abs(found.values - wanted).max() < 1e-6 * problem.target, seed
    assert same > 20


def test_one_program_per_level_gives_the_same() -> None:
    """Cutting planes against sequential programs, to 1e-9; at least a third need cuts from dual values."""
    count = crossed = 0
    for seed in range(60):
        problem, rules = crossing(seed)
        problem = skewed(problem, seed)
        levels = bent(problem)
        program = build(problem, state(problem, rules))
        items, who = rep_items(program, levels, np.flatnonzero(levels.has))
        fast, slow = level_down(program, items, run), level_sequentially(program, items, run)
        assert fast.status == slow.status, seed
        if fast.status == "optimal":
            count, crossed = count + 1, crossed + (fast.programs > 1)
            sums = [np.bincount(who, fair.values) for fair in (fast, slow)]
            assert np.allclose(*sums, rtol=1e-9, atol=1e-9 * program.reps.size), (seed, sums)
    assert count > 25
    assert crossed > count / 3


def normal(problem: Problem) -> Problem:
    """The same problem with the quantiles of its normal distribution."""
    return with_(problem, quantiles=problem.expected[:, None] + problem.spread[:, None] * SCORES)


@given(SEEDS)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_normal_quantiles_give_the_straight_answer(seed: int) -> None:
    """Bending functions that do not bend: the same totals to 1e-9, the same table, levels and reasons."""
    problem, rules = crossing(seed)
    goals = [("equal_chance", equal_chance(problem))]
    first = allocate_rules(problem, rules, goals, Meter("highs", 60, 0))
    second = allocate_rules(
        normal(problem), rules, [("equal_chance", equal_chance(normal(problem)))], Meter("highs", 60, 0)
    )
    assert first.status == second.status
    assume(first.quota is not None and second.quota is not None)
    assert first.quota is not None
    assert second.quota is not None
    assert np.array_equal(first.quota, second.quota)
    for name in ("level", "block", "chance"):
        a, b = (plan.fairness[name].to_numpy(dtype=float) for plan in (first, second))
        assert np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True), name
    stopped = [(plan.fairness["stopped_by"] != "").tolist() for plan in (first, second)]  # cuts may name tied limits
    assert stopped[0] == stopped[1]


# Everything that must not matter, and what follows from levels.


def chance_plan(
    problem: Problem, rules: Sequence[RuleUse], solver: str = "highs"
) -> tuple[FairTotals, np.ndarray] | None:
    """Fair totals and table for equal chance, or None when there is no plan."""
    try:
        _, found, table = solved(problem, rules, ("equal_chance",), solver)
    except AssertionError as status:
        assert str(status).startswith("infeasible")
        return None
    assert table is not None
    return found, table.quota


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_gives_the_same_plan(solver: str) -> None:
    """Totals to 1e-9 and whole-unit tables exactly."""
    count = 0
    for seed in range(12):
        problem, rules = crossing(seed, months=3)
        problem = skewed(problem, seed)
        first, second = chance_plan(problem, rules), chance_plan(problem, rules, solver)
        assert (first is None) == (second is None), seed
        if first is not None and second is not None:
            assert np.allclose(first[0].values, second[0].values, rtol=1e-9, atol=1e-9 * problem.target), seed
            assert np.array_equal(first[1], second[1]), seed
            count += 1
    assert count > 6


@given(SEEDS, st.randoms(use_true_random=False))
@settings(derandomize=True, deadline=None, max_examples=20)
def test_names_and_order_do_not_matter(seed: int, shuffle: random.Random) -> None:
    """New names in a new order: every rep keeps its quotas."""
    problem, rules = crossing(seed)
    problem = skewed(problem, seed)
    order = list(range(problem.index.shape[0]))
    shuffle.shuffle(order)
    first, second = chance_plan(problem, rules), chance_plan(rename_reps(problem, order), rules)
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert np.allclose(first[0].values[order], second[0].values, rtol=1e-9, atol=1e-6)
        assert np.array_equal(first[1][order], second[1])


@pytest.mark.parametrize("seed", range(12))
def test_the_certificate_accepts_equal_chances_and_rejects_others(seed: int) -> None:
    """A plan that levels stretch is not one of equal chance: a move is found, unless rules forbid all."""
    problem, rules = crossing(seed)
    problem = skewed(problem, seed)
    levels = bent(problem)
    got = chance_plan(problem, rules)
    if got is None:
        return
    blocks = state(problem, rules)
    assert certify_fairness(problem, blocks, got[1], levels).fair
    other = reach_goals(problem, blocks, [("level_stretch", goal["level_stretch"](problem))], run, whole=True)
    unfair = make_table(problem, blocks, other.values, [])
    if unfair is not None and np.abs(other.values - got[0].values).max() > 1e-3 * problem.target:
        verdict = certify_fairness(problem, blocks, unfair.quota, levels)
        assert not (verdict.fair and verdict.complete)


def test_prices_follow_the_slope_where_reps_stand() -> None:
    """The target's price is one over the sum of local slopes; a larger target by a unit raises the level by it."""
    problem = skewed(make_problem(5, 2, 3, seed=4), 4)
    blocks, levels = state(problem, [use("meet_target")]), bent(problem)
    found = reach_goals(problem, blocks, [("equal_chance", levels)], run)
    price = price_limits(found, blocks, run)
    wanted = 1 / levels.near(found.values).scale.sum()
    assert list(price.values()) == pytest.approx([wanted], rel=1e-5)
    more = replace(problem, target=problem.target + 1)
    then = reach_goals(more, state(more, [use("meet_target")]), [("equal_chance", levels)], run)
    assert then.goals[0].value - found.goals[0].value == pytest.approx(wanted, rel=1e-3)


def test_the_exported_program_has_the_pieces_of_the_plan() -> None:
    """Its optimum is the plan's highest level."""
    problem, rules = crossing(7)
    problem = skewed(problem, 7)
    blocks, levels = state(problem, rules), bent(problem)
    found = reach_goals(problem, blocks, [("equal_chance", levels)], run, whole=True)
    assert found.status == "optimal"
    model = make_model(problem, blocks, levels, found.values)
    assert run(model.lp).objective == pytest.approx(found.goals[0].value, rel=1e-6)


def test_chances_are_reported_by_quantile() -> None:
    """Nothing but the target binds: all have the same chance, that of the level."""
    problem = skewed(make_problem(5, 2, 3, seed=2, mean=1e7), 5)
    plan = allocate_rules(problem, [use("meet_target")], [("equal_chance", bent(problem))], Meter("highs", 60, 0))
    assert plan.quota is not None
    steep = bent(problem).near(plan.quota.sum(axis=(1, 2)).astype(float)).scale > 1e5  # a unit is no matter there
    assert steep.sum() > 2
    chance = plan.fairness["chance"].to_numpy(dtype=float)
    assert chance[steep] == pytest.approx(ndtr(-float(plan.goals["value"].iloc[0])), abs=1e-4)
    assert (plan.fairness["stopped_by"] == "").all()
