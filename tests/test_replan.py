"""Re-planning: months that are over stay, and nothing changes that need not change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.columns import REP
from quotaopt.problem import Cube, Problem

from .crossing import crossing
from .instances import make_problem, solved, use, with_

SEEDS = st.integers(0, 10_000)


def planned(problem: Problem, quota: np.ndarray) -> Problem:
    """The problem with a current plan, which is also the pattern to follow."""
    cube = Cube(problem.index, quota.astype(float))
    pattern = np.where(problem.reference.values > 0, np.maximum(quota, 1e-6), 0.0)
    return with_(problem, plan=cube, reference=Cube(problem.index, pattern))


@given(SEEDS)
@settings(derandomize=True, deadline=None, max_examples=20)
def test_a_plan_is_its_own_replan(seed: int) -> None:
    problem, rules = crossing(seed)
    try:
        table = solved(problem, rules)[2]
    except AssertionError:
        return  # no plan exists
    assert table is not None
    again = solved(planned(problem, table.quota), rules, goals=["least_change", "level_stretch"])[2]
    assert again is not None
    assert (again.quota == table.quota).all()


@given(SEEDS)
@settings(derandomize=True, deadline=None, max_examples=15)
def test_months_that_are_over_stay(seed: int) -> None:
    """The target rises by 5 % in April: January to March are identical, the rest adds up to the new target."""
    problem = make_problem(5, 3, 6, seed=seed)
    rules = [use("meet_target"), use("stay_within_capacity", stretch=1.6)]
    table = solved(problem, rules)[2]
    assert table is not None
    raised = with_(planned(problem, table.quota), target=round(problem.target * 1.05))
    keep = [*rules, use("keep_plan", before="2027-04")]
    for goals in (["level_stretch"], ["least_change", "level_stretch"]):
        again = solved(raised, keep, goals=goals)[2]
        assert again is not None
        assert (again.quota[:, :, :3] == table.quota[:, :, :3]).all()
        assert again.quota.sum() == raised.target


def test_least_change_moves_as_little_as_it_can() -> None:
    """R1 may carry 100 less than planned: exactly these 100 go to others, nobody else gives anything up."""
    problem = make_problem(4, 2, 4, seed=1)
    table = solved(problem, [use("meet_target")])[2]
    assert table is not None
    totals = table.quota.sum(axis=(1, 2))
    limit = dict(zip(problem.group(REP).labels, (totals + 10_000).tolist(), strict=True))
    ceiling = use("meet_region_target", by="rep", ranges={"R01": (0, int(limit["R01"]) - 10_100)})
    again = solved(
        planned(problem, table.quota), [use("meet_target"), ceiling], goals=["least_change", "level_stretch"]
    )[2]
    assert again is not None
    change = again.quota.sum(axis=(1, 2)) - totals
    assert change[0] == -100
    assert (change[1:] >= 0).all()
    assert np.abs(change).sum() == pytest.approx(200)
