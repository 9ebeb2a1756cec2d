"""Rows that weigh several totals: a smooth year, a budget. Outside the network class, and still one answer."""

from __future__ import annotations

from decimal import Decimal as D

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.columns import MONTH, PRODUCT, REP
from quotaopt.errors import InputError, UnknownNameError
from quotaopt.goals import blend, equal_share, level_growth, level_stretch
from quotaopt.optimize.families import families, weighings
from quotaopt.optimize.solvers import installed
from quotaopt.optimize.spread import spread
from quotaopt.optimize.statement import RuleUse, state
from quotaopt.problem import Problem

from .instances import make_problem, solved, tiny_problem, use

SEEDS = st.integers(0, 10_000)
SOLVERS = [s for s in ("highs-ipx", "cbc", "glpk", "scip") if s in installed()]


def weighing_rules(problem: Problem, seed: int) -> list[RuleUse]:
    """A budget that bites by a tenth, and months or reps that must be smooth."""
    prices = {"P1": D("0.1"), "P2": D("0.3")}
    cost = problem.capacity.by(PRODUCT)[:2] @ [0.1, 0.3] * 1.05 * 0.9
    return [
        use("meet_target"),
        use("stay_within_capacity", stretch=1.4),
        use("limit_budget", budget=D(int(cost)), prices=prices),
        use("smooth_months", down=0.9, up=1.1) if seed % 2 else use("smooth_months", up=1.15, of=(REP,)),
    ]


@given(SEEDS)
@settings(derandomize=True, deadline=None, max_examples=25)
def test_limits_hold_to_a_few_units(seed: int) -> None:
    """Every weighed row holds to within one unit of each of its totals; plain ones hold exactly."""
    problem = make_problem(6, 3, 6, seed=seed, stretch=1.05)
    blocks, _, table = solved(problem, weighing_rules(problem, seed))
    assert table is not None
    for block in blocks:
        activity = block.evaluate(table.quota)
        weights = sum(np.abs(t.weight)[block.keep] for t in block.expression.terms)
        slack = 0 if block.expression.plain else 1 + weights
        assert (activity >= block.lower - slack).all()
        assert (activity <= block.upper + slack).all()


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_solver_gives_the_same_table(solver: str, seed: int) -> None:
    problem = make_problem(6, 3, 6, seed=seed, stretch=1.05)
    rules = weighing_rules(problem, seed)
    ours, theirs = solved(problem, rules)[2], solved(problem, rules, solver=solver)[2]
    assert ours is not None
    assert theirs is not None
    assert (ours.quota == theirs.quota).all()


def test_the_spread_is_the_nearest_table() -> None:
    """With one month at most 1.1 times the one before, the factors of the two months tie: q = w λ^(-1.1) and w λ.

    March carries 260 and April 340 at the reference; April = 1.1 × March and the sum 600 give 285.71 and 314.29. Each
    rep's total is kept too, so the solution is checked by its defining equation instead: inside one rep and month the
    products keep the ratio of the reference.
    """
    problem = tiny_problem()
    blocks = state(problem, [use("smooth_months", up=1.1)])
    totals = np.array([100, 200, 300])
    found = spread(
        problem.reference.values, families(problem, blocks, totals), 3000, weighings(problem, blocks, totals)
    )
    assert found.settled
    assert found.miss < 1e-6
    march, april = problem.group(MONTH).sum(found.quota)
    assert april == pytest.approx(1.1 * march)
    ratio = found.quota / problem.reference.values
    assert ratio[:, 0] == pytest.approx(ratio[:, 1])
    tilt = ratio[:, 0, 1] / ratio[:, 0, 0]
    assert tilt == pytest.approx(tilt[0])  # the same pull between months for everybody


def test_rows_inside_their_limits_change_nothing() -> None:
    problem = tiny_problem()
    totals = np.array([100, 200, 300])
    plain = state(problem, [use("meet_target")])
    loose = state(problem, [use("smooth_months", up=5.0)])
    a = spread(problem.reference.values, families(problem, plain, totals))
    b = spread(problem.reference.values, families(problem, loose, totals), 100, weighings(problem, loose, totals))
    assert (a.quota == b.quota).all()


def test_equal_share() -> None:
    """660 over 1 + 1 + 0.5 full-time people: 264 each, 132 for the half."""
    problem = tiny_problem()
    assert equal_share(problem).scale.tolist() == [1, 1, 0.5]
    _, found, _ = solved(problem, [use("meet_target")], goals=["equal_share"])
    assert found.values == pytest.approx([264, 264, 132])


def test_a_blend_lies_between() -> None:
    """All the weight on one goal is that goal; half and half is the mean of the two fair shares."""
    problem = make_problem(4, 2, 3, seed=5)
    alone = blend(problem, weights={"level_growth": D(1)})
    assert alone.scale / alone.scale.sum() == pytest.approx(
        level_growth(problem).scale / level_growth(problem).scale.sum()
    )
    with pytest.raises(InputError, match="needs weights"):
        blend(problem, weights={})
    with pytest.raises(UnknownNameError, match="no such goal to blend 'equal_chance'"):
        blend(problem, weights={"equal_chance": D(1)})
    half = blend(problem, weights={"level_growth": D(1), "level_stretch": D(1)}).scale
    parts = [g(problem).scale / g(problem).scale.sum() for g in (level_growth, level_stretch)]
    assert half / half.sum() == pytest.approx((parts[0] + parts[1]) / 2)
