"""The canonical spread: nearest to the pattern, inside every interval, one answer however it is reached."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal as D

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize
from scipy.special import xlogy

from quotaopt.optimize.face import find_face
from quotaopt.optimize.families import families, squeeze
from quotaopt.optimize.spread import Family, miss, spread
from quotaopt.optimize.statement import state
from quotaopt.optimize.table import spread_totals
from quotaopt.problem import Cube, Problem

from .instances import exact, family, make_problem, tiny_problem, use, with_

SEEDS = st.integers(0, 9999)
INF = np.inf


def feasible_families(problem: Problem, seed: int) -> list[Family]:
    """Crossing intervals around the sub-totals of some other positive table, so that they can be met."""
    rng = np.random.default_rng(seed)
    other = problem.reference.values * rng.lognormal(0, 0.5, problem.reference.values.shape)
    room = {
        ("rep",): 0.0,
        ("region", "product"): 0.02,
        ("month",): 0.05,
        ("rep", "product"): 0.3,
        ("rep", "month"): 0.2,
    }
    found = []
    for by, width in room.items():
        total = problem.group(*by).sum(other)
        found.append(family(problem, *by, lower=total * (1 - width), upper=total * (1 + width)))
    return found


def divergence(quota: np.ndarray, reference: np.ndarray) -> float:
    """``sum(q ln(q / w) - q + w)``."""
    return float((xlogy(quota, quota / reference) - quota + reference).sum())


@given(SEEDS)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_every_interval_is_met(seed: int) -> None:
    """It settles, and no sub-total misses its interval by more than the last digits."""
    problem = make_problem(5, 3, 4, seed=seed)
    intervals = feasible_families(problem, seed)
    found = spread(problem.reference.values, intervals)
    assert found.settled
    assert found.miss < 1e-6
    assert found.miss == miss(found.quota, intervals)


def test_by_hand() -> None:
    """R1 of the tiny problem has the pattern 20 30 / 10 40; twice its total doubles every cell."""
    problem = tiny_problem()
    found = spread(problem.reference.values, [exact(problem, [200, 200, 300], "rep")])
    assert found.quota[0] == pytest.approx(np.array([[40, 60], [20, 80]]))
    assert np.array_equal(found.quota[1:], problem.reference.values[1:])
    assert found.passes == 2  # the second finds nothing to do


def test_intervals_that_hold_change_nothing() -> None:
    """Every sub-total inside its interval: the table is the pattern itself."""
    problem = tiny_problem()
    whole = [family(problem, *by, lower=0, upper=700) for by in [(), ("rep",), ("product",), ("rep", "month")]]
    found = spread(problem.reference.values, whole)
    assert np.array_equal(found.quota, problem.reference.values)


@given(SEEDS)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_totals_inside_their_interval_have_factor_one(seed: int) -> None:
    """``q / w`` is a product of one factor for each total at a limit: totals strictly inside leave no trace.

    Taking such intervals away altogether gives the same table.
    """
    problem = make_problem(4, 3, 3, seed=seed)
    intervals = feasible_families(problem, seed)
    found = spread(problem.reference.values, intervals).quota
    held = []
    for one in intervals:
        value = one.grouping.sum(found)
        inside = (value > one.lower + 1e-6 * value) & (value < one.upper - 1e-6 * value)
        held.append(Family(one.grouping, np.where(inside, -INF, one.lower), np.where(inside, INF, one.upper)))
    assert np.allclose(spread(problem.reference.values, held).quota, found, rtol=1e-9)


@given(SEEDS, st.permutations(range(5)))
@settings(derandomize=True, deadline=None, max_examples=30)
def test_the_order_of_rules_does_not_matter(seed: int, order: Sequence[int]) -> None:
    """Families in another order give the same table."""
    problem = make_problem(4, 3, 3, seed=seed)
    intervals = feasible_families(problem, seed)
    first = spread(problem.reference.values, intervals).quota
    second = spread(problem.reference.values, [intervals[k] for k in order]).quota
    assert np.allclose(first, second, rtol=1e-8)


@given(SEEDS)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_another_start_gives_the_same_table(seed: int) -> None:
    """A pattern that differs by factors of exact totals has the same projection: the start does not matter."""
    problem = make_problem(4, 3, 3, seed=seed)
    rng = np.random.default_rng(seed)
    other = problem.reference.values * rng.lognormal(0, 0.4, problem.reference.values.shape)
    intervals = [
        exact(problem, problem.group(*by).sum(other), *by) for by in [("rep",), ("region", "product"), ("month",)]
    ]
    start = problem.reference.values.copy()
    for one in intervals:
        start *= one.grouping.expand(rng.lognormal(0, 1, one.grouping.size))
    first, second = spread(problem.reference.values, intervals), spread(start, intervals)
    assert np.allclose(first.quota, second.quota, rtol=1e-8)


@given(SEEDS)
@settings(derandomize=True, deadline=None, max_examples=15)
def test_nothing_nearer_exists(seed: int) -> None:
    """Sequential quadratic programming finds the same table, and none of smaller divergence."""
    problem = make_problem(2, 2, 2, seed=seed, mean=10)
    reference = problem.reference.values
    intervals = feasible_families(problem, seed)
    found = spread(reference, intervals)
    limits = []
    for one in intervals:  # each family is all equations, or all ranges
        group = np.broadcast_to(one.grouping.expand(np.arange(one.grouping.size)), reference.shape).reshape(-1)
        rows = np.equal.outer(np.arange(one.grouping.size), group).astype(float)
        limits.append(LinearConstraint(rows, one.lower, one.upper))
    weight = reference.reshape(-1)
    best = minimize(
        lambda q: divergence(q, weight),
        found.quota.reshape(-1) * np.random.default_rng(seed).uniform(0.9, 1.1, weight.size),
        jac=lambda q: np.log(q / weight),
        bounds=[(1e-6, None)] * weight.size,
        constraints=limits,
        method="SLSQP",
        options={"ftol": 1e-13, "maxiter": 500},
    )
    assert best.success
    assert divergence(found.quota, reference) <= best.fun + 1e-7
    assert np.allclose(found.quota.reshape(-1), best.x, rtol=1e-3, atol=1e-3)


def test_cells_without_a_pattern_stay_empty() -> None:
    """A zero of the pattern is a zero of the table, whatever the totals ask."""
    problem = tiny_problem()
    pattern = problem.reference.values.copy()
    pattern[0, 0, :] = 0
    found = spread(pattern, [exact(problem, [110, 220, 330], "rep"), exact(problem, [300, 360], "product")])
    assert found.settled
    assert (found.quota[0, 0] == 0).all()
    assert found.miss < 1e-9


def test_a_total_of_nothing_empties_its_cells() -> None:
    """An upper limit of 0 for R1 in March: both cells are 0, and April carries the year."""
    problem = tiny_problem()
    months = np.full(6, INF)
    months[0] = 0
    found = spread(
        problem.reference.values,
        [exact(problem, [100, 200, 300], "rep"), family(problem, "rep", "month", upper=months)],
    )
    assert found.quota[0].tolist() == [[0, pytest.approx(300 / 7)], [0, pytest.approx(400 / 7)]]


def specialists() -> Problem:
    """R1 sells only P1; R2 and R3 sell both."""
    problem = tiny_problem()
    cells = problem.capacity.values.copy()
    cells[0, 1] = 0
    cube = Cube(problem.index, cells)
    return with_(problem, capacity=cube, reference=cube)


def test_cells_that_can_only_be_empty() -> None:
    """P1 must be 100 in all and R1, who sells nothing else, has 100: nobody else may sell P1.

    Factors alone would creep there for ever; the face finds the two reps' four cells and empties them at once.
    """
    problem = specialists()
    totals = np.array([100, 200, 300])
    blocks = state(problem, [use("product_mix", values={"P1": D(100)})])
    intervals = families(problem, blocks, totals)
    assert not spread(problem.reference.values, intervals, passes=300).settled
    face = find_face(problem, intervals, totals)
    assert face is not None
    wanted = problem.eligible.copy()
    wanted[1:, 0] = False
    assert np.array_equal(face.open, wanted)
    found = spread_totals(problem, blocks, totals)
    assert found is not None
    table, _, frozen = found
    assert frozen
    assert table.settled
    assert table.miss < 1e-9
    assert (table.quota[1:, 0] == 0).all()
    assert table.quota[1, 1] == pytest.approx([80, 120])  # 200 after the pattern 40 : 60
    assert table.quota[2, 1] == pytest.approx([120, 180])


def test_limits_that_are_always_met() -> None:
    """R1 is at its cap in both months, 33 + 77 = 110: the face makes equations of both."""
    problem = tiny_problem()
    totals = np.array([110, 200, 300])
    blocks = state(problem, [use("stay_within_capacity", stretch=1.1)])
    intervals = families(problem, blocks, totals)
    face = find_face(problem, intervals, totals)
    assert face is not None
    months = next(f for f in face.intervals if f.grouping.by == ("rep", "month"))
    assert months.lower[:2].tolist() == months.upper[:2].tolist() == [33, 77]
    assert (months.lower[2:] < months.upper[2:]).all()
    assert face.open.all()


def test_what_the_other_months_leave() -> None:
    """R1 carries 33 and 77 at most: of 105 the months must hold 28 and 72 at least; with 110 both are full."""
    problem = tiny_problem()
    blocks = state(problem, [use("stay_within_capacity", stretch=1.1)])
    for total, least in ((105, [28, 72]), (110, [33, 77])):
        totals = np.array([total, 200, 300])
        intervals = squeeze(problem, families(problem, blocks, totals), totals)
        months = next(f for f in intervals if f.grouping.by == ("rep", "month"))
        assert months.lower[:2].tolist() == least
        assert months.upper[:2].tolist() == [33, 77]
    full = spread_totals(problem, blocks, np.array([110, 200, 300]))
    assert full is not None
    table, _, frozen = full
    assert not frozen
    assert table.passes < 10


def test_totals_that_no_table_has() -> None:
    """R1 alone sells P1 only, has 100, and P1 may be 90 at most: there is no such table."""
    problem = specialists()
    totals = np.array([100, 200, 300])
    blocks = state(problem, [use("product_mix", ranges={"P1": (D(0), D(90))})])
    assert find_face(problem, families(problem, blocks, totals), totals) is None
    assert spread_totals(problem, blocks, totals) is None


@given(SEEDS)
@settings(derandomize=True, deadline=None, max_examples=25)
def test_a_face_holds_every_table(seed: int) -> None:
    """Tables with the same totals that do exist lie on the face: nothing is closed that some table uses.

    Half of the cells are empty in the table that sets the totals; those it uses must be open.
    """
    rng = np.random.default_rng(seed)
    problem = make_problem(4, 3, 3, seed=seed)
    other = np.rint(problem.reference.values * rng.uniform(0.5, 2, problem.reference.values.shape))
    other[rng.random(other.shape) < 0.5] = 0
    totals = other.sum(axis=(1, 2)).astype(np.int64)
    intervals = [
        exact(problem, problem.group(*by).sum(other), *by) for by in [("rep",), ("product",), ("rep", "month")]
    ]
    face = find_face(problem, intervals, totals)
    assert face is not None
    assert face.open[other > 0].all()


def test_weighted_rows_become_intervals_of_one_total() -> None:
    """R1 has 110: a month between 0.4 and 0.6 of it lies between 44 and 66; 0.35 of it, 38.5, is widened to 38."""
    problem = tiny_problem()
    totals = np.array([110, 220, 330])
    for low, wanted in ((0.4, [44, 44, 88, 88, 132, 132]), (0.35, [38, 38, 77, 77, 115, 115])):
        blocks = state(problem, [use("month_shape", low=low, of=("rep",))])
        found = next(f for f in families(problem, blocks, totals) if f.grouping.by == ("rep", "month"))
        assert found.lower.tolist() == wanted


def test_the_strictest_of_two_rules_counts() -> None:
    """Caps of 1.2 and of 1.1 on the same totals: 1.1 × 30 = 33 for R1 in March."""
    problem = tiny_problem()
    blocks = state(problem, [use("stay_within_capacity", stretch=1.2), use("stay_within_capacity", stretch=1.1)])
    found = families(problem, blocks, np.array([110, 220, 330]))
    assert [f.grouping.by for f in found] == [("rep",), ("rep", "month")]
    assert found[1].upper.tolist() == [33, 77, 88, 132, 165, 165]
