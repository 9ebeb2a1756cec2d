"""The certificate accepts every fair plan, rejects unfair ones, and names a move that is really possible."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.columns import REP
from quotaopt.goals import Levels, level_stretch
from quotaopt.optimize.certificate import certify_fairness
from quotaopt.optimize.search import reach_goals
from quotaopt.optimize.solvers import solve
from quotaopt.optimize.statement import state
from quotaopt.optimize.table import make_table

from .crossing import crossing
from .instances import make_problem, solved, tiny_problem, use

SEEDS = st.integers(0, 10_000)


@given(SEEDS)
@settings(derandomize=True, deadline=None, max_examples=40)
def test_fair_plans_are_accepted_and_others_rejected(seed: int) -> None:
    """A plan that levels something else than stretch is feasible but unfair: a move must be found in it."""
    problem, rules = crossing(seed)
    try:
        blocks, found, table = solved(problem, rules)
    except AssertionError:
        return  # no plan exists
    assert table is not None
    assert certify_fairness(problem, blocks, table.quota, found.levels).fair
    scale = problem.capacity.by(REP) * np.random.default_rng(seed).uniform(0.5, 1.5, problem.index.shape[0])
    other = reach_goals(problem, blocks, [("other", Levels(np.zeros_like(scale), scale))], partial(solve), whole=True)
    unfair = make_table(problem, blocks, other.values, [])
    if unfair is not None and np.abs(unfair.quota.sum(axis=(1, 2)) - table.quota.sum(axis=(1, 2))).max() > 5:
        verdict = certify_fairness(problem, blocks, unfair.quota, found.levels)
        assert not (verdict.fair and verdict.complete)
        assert bool(verdict.giver) == bool(verdict.receiver) == (not verdict.fair)


def test_the_move_is_named() -> None:
    """R1 stands at 1.5, R3 at 0.9, nothing but the target binds: quota could move from R1 to R3."""
    problem = tiny_problem()
    quota = np.rint(problem.capacity.values * np.array([1.5, 1.1, 0.9])[:, None, None]).astype(np.int64)
    verdict = certify_fairness(problem, state(problem, [use("meet_target")]), quota, level_stretch(problem))
    assert (verdict.fair, verdict.complete) == (False, True)
    assert (verdict.giver, verdict.receiver) == ("R1", "R3")


@pytest.mark.parametrize("limit", ["floor", "region", "nothing"])
def test_a_limit_forbids_the_move(limit: str) -> None:
    """The same table is fair when R1's floor, or the total of its region, keeps the quota where it is."""
    problem = tiny_problem()
    quota = np.rint(problem.capacity.values * np.array([1.5, 1.1, 1.1])[:, None, None]).astype(np.int64)
    totals = quota.sum(axis=(1, 2))
    north = use("meet_region_target", values={"North": int(totals[:2].sum())})
    rules = {
        "floor": [use("quota_floor", by_role={"hunter": int(totals[0])})],
        "region": [north, use("quota_ceiling", by_role={"farmer": int(totals[1])})],  # R2 is the farmer
        "nothing": [north],  # R1 could still give to R2
    }
    blocks = state(problem, rules[limit])
    assert certify_fairness(problem, blocks, quota, level_stretch(problem)).fair == (limit != "nothing")


def test_products_forbid_the_move() -> None:
    """R1 alone sells P1, and P1 must carry 150: R1 stays at 1.5 although R2 and R3 stand at 1.1."""
    problem = tiny_problem()
    pattern = problem.capacity.values.copy()
    pattern[1:, 0], pattern[0, 1] = 0.0, 0.0
    alone = tiny_problem(reference=type(problem.reference)(problem.index, pattern))
    quota = np.rint(pattern * np.array([3.0, 1.1, 1.1])[:, None, None]).astype(np.int64)
    p1 = int(quota[:, 0].sum())
    free = certify_fairness(alone, state(alone, [use("meet_target")]), quota, level_stretch(alone))
    held = state(alone, [use("meet_target"), use("product_mix", values={"P1": p1})])
    assert not free.fair
    assert certify_fairness(alone, held, quota, level_stretch(alone)).fair


def test_rows_that_weigh_are_not_complete() -> None:
    """Outside the network class only moves between two reps are looked for, and the certificate says so."""
    problem = make_problem(4, 2, 4, seed=3)
    blocks, found, table = solved(problem, [use("meet_target"), use("fair_share", band=0.3)])
    assert table is not None
    verdict = certify_fairness(problem, blocks, table.quota, found.levels)
    assert (verdict.fair, verdict.complete) == (True, False)
