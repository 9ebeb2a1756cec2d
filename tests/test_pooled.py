"""The pooled forecast of a panel: promises that hold on any history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quotaopt.forecast.pool.levels import Levels, fill_gaps, stack_history
from quotaopt.forecast.pool.pooled import make_outlook
from quotaopt.forecast.pool.reconcile import reconcile
from quotaopt.forecast.pool.shares import WAYS, weigh_ways

from .panels import make_panel

Floats = NDArray[np.float64]
few = settings(max_examples=10, deadline=None, derandomize=True)
METHOD = "pipeline"


def draw(seed: int, reps: int = 6, products: int = 3, length: int = 40, calm: float = 1.0) -> Floats:
    rng = np.random.default_rng(seed)
    t = np.arange(length)
    season = 1 + 0.4 * np.sin(2 * np.pi * (t / 12 + rng.random((1, products, 1))))
    level = rng.lognormal(8, 1, (reps, products, 1)) * 1.05 ** (t / 12)
    noise = rng.gamma(3 * calm, 1 / 3 / calm, (reps, products, length))
    noise *= rng.random((reps, products, length)) > 0.1 / calm**2
    return np.asarray(level * season * noise)


@few
@given(st.integers(0, 10**6), st.sampled_from([1e-4, 1e7]))
def test_the_unit_of_money_does_not_matter(seed: int, unit: float) -> None:
    panel = make_panel(draw(seed))
    one = make_outlook(panel, 12, METHOD)
    other = make_outlook(replace(panel, values=panel.values * unit), 12, METHOD)
    for name in ("mean", "errors", "scale", "scales"):
        expected = getattr(one, name)
        size = np.nanmax(np.abs(expected))
        assert getattr(other, name) / unit == pytest.approx(expected, rel=1e-6, abs=1e-6 * size, nan_ok=True)


@few
@given(st.integers(0, 10**6))
def test_the_order_of_reps_and_products_does_not_matter(seed: int) -> None:
    panel = make_panel(draw(seed))
    rng = np.random.default_rng(seed)
    reps, products = rng.permutation(6), rng.permutation(3)
    other = replace(panel, values=panel.values[reps][:, products], region=panel.region[reps])
    expected = make_outlook(panel, 12, METHOD).mean[reps][:, products]
    assert make_outlook(other, 12, METHOD).mean == pytest.approx(expected, rel=1e-6, abs=1e-6 * expected.max())


@few
@given(st.integers(0, 10**6), st.integers(1, 50), st.integers(1, 3))
def test_constant_sales_go_on(seed: int, length: int, regions: int) -> None:
    level = np.random.default_rng(seed).lognormal(8, 1, (4, 2, 1))
    outlook = make_outlook(make_panel(np.repeat(level, length, axis=2), regions), 12, METHOD)
    assert outlook.mean == pytest.approx(np.repeat(level, 12, axis=2), rel=1e-9)
    assert np.nan_to_num(outlook.errors) == pytest.approx(np.zeros_like(outlook.errors), abs=1e-9 * level.max())


@few
@given(st.integers(0, 10**6))
def test_reps_with_a_short_history_do_not_move_the_others(seed: int) -> None:
    """Two of twelve have 14 of 40 months: were they not filled, the sums would jump by a fifth."""
    values = draw(seed, 12, calm=20)
    alone = make_outlook(make_panel(values[:10]), 12, METHOD).mean.sum(axis=(1, 2))
    values[10:, :, :26] = np.nan
    joined = make_outlook(make_panel(values), 12, METHOD).mean[:10].sum(axis=(1, 2))
    assert joined == pytest.approx(alone, rel=0.01)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 30), (1, 4, 30), (4, 1, 30), (3, 2, 2), (3, 2, 7), (3, 2, 14)])
@pytest.mark.parametrize("kind", ["usual", "zero", "negative", "gappy"])
def test_any_panel_has_a_finite_outlook(shape: tuple[int, int, int], kind: str) -> None:
    values = draw(0, *shape)
    rng = np.random.default_rng(1)
    if kind == "zero":
        values = np.zeros(shape)
    elif kind == "negative":
        values = -values
    elif kind == "gappy":
        values[rng.random(shape) < 0.3] = np.nan
        values[0, 0, -1] = 1.0
    outlook = make_outlook(make_panel(values, 1), 12, METHOD)
    assert outlook.mean.shape == (*shape[:2], 12)
    assert np.isfinite(outlook.mean).all()
    assert np.isfinite(outlook.scale).all()
    assert outlook.errors.shape == (len(outlook.origins), *outlook.mean.shape)
    assert outlook.scales.shape == outlook.errors.shape[:3]
    if kind == "zero":
        assert (outlook.mean == 0).all()


def test_sums_over_levels_and_back() -> None:
    panel = make_panel(draw(0))
    levels = Levels.of(panel)
    assert levels.shapes == ((1, 1), (1, 3), (2, 1), (2, 3), (6, 1), (6, 3))
    matrix = levels.add_up(np.eye(18).reshape(6, 3, 18))  # the summing matrix itself
    assert matrix.sum(axis=1).tolist() == [18, *[6] * 3, *[9] * 2, *[3] * 6, *[3] * 6, *[1] * 18]
    y = np.random.default_rng(0).random((levels.size, 2))
    assert levels.hand_down(y) == pytest.approx((matrix.T @ y).reshape(6, 3, 2))
    for row, up in enumerate(levels.parent[1:], 1):
        assert (matrix[up] >= matrix[row]).all()


@pytest.mark.parametrize(("regions", "products", "expected"), [(1, 3, 4), (6, 3, 4), (2, 1, 3), (1, 1, 2)])
def test_levels_that_say_the_same_are_left_out(regions: int, products: int, expected: int) -> None:
    assert len(Levels.of(make_panel(draw(0, 6, products), regions)).shapes) == expected


def test_sums_are_like_for_like() -> None:
    """Nine reps sell 10 a month in a common season; one of them came late: the company's history does not jump."""
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(36) / 12)
    values = np.broadcast_to(10 * season, (9, 2, 36)).copy()
    values[0, :, :22] = np.nan
    assert fill_gaps(values) == pytest.approx(np.broadcast_to(10 * season, (9, 2, 36)))
    panel = make_panel(values)
    levels = Levels.of(panel)
    history = stack_history(levels, values)
    assert history[0] == pytest.approx(180 * season)
    assert np.isnan(history[levels.rows[-1]][0]).sum() == 22


def test_a_product_before_its_launch_is_zero_in_sums_and_missing_by_itself() -> None:
    values = np.full((4, 2, 20), 5.0)
    values[:, 1, :8] = np.nan
    levels = Levels.of(make_panel(values))
    history = stack_history(levels, values)
    assert history[0].tolist() == [20.0] * 8 + [40.0] * 12
    assert np.isnan(history[levels.rows[1]][1]).tolist() == [True] * 8 + [False] * 12


def test_reconciled_sums_are_the_weighted_least_squares_solution() -> None:
    levels = Levels.of(make_panel(draw(0)))
    rng = np.random.default_rng(0)
    base, variance = rng.random((levels.size, 3)), rng.lognormal(0, 2, levels.size)
    matrix = levels.add_up(np.eye(18).reshape(6, 3, 18))
    root = 1 / np.sqrt(variance)[:, None]
    expected = np.linalg.lstsq(root * matrix, root * base, rcond=None)[0]
    assert reconcile(levels, base, variance).reshape(18, 3) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def make_reps(seed: int, differ: float, length: int = 36, reps: int = 20) -> Floats:
    """Reps whose levels differ by `differ` (in the logarithm), noisy months, no season."""
    rng = np.random.default_rng(seed)
    level = np.exp(differ * rng.standard_normal((reps, 1, 1)))
    return np.asarray(1000 * level * rng.gamma(2, 0.5, (reps, 4, length)))


def split(values: Floats) -> tuple[Floats, Floats]:
    """Share of each rep in the forecast, and in the last year."""
    year = make_outlook(make_panel(values), 12, METHOD).mean.sum(axis=(1, 2))
    last = values[:, :, -12:].sum(axis=(1, 2))
    return year / year.sum(), last / last.sum()


@few
@given(st.integers(0, 10**6))
def test_alike_reps_are_forecast_alike(seed: int) -> None:
    forecast, last = split(make_reps(seed, 0.0))
    assert np.std(forecast) < 0.6 * np.std(last)
    assert np.abs(forecast * 20 - 1).max() < 0.2


@few
@given(st.integers(0, 10**6))
def test_very_different_reps_keep_their_own_history(seed: int) -> None:
    values = make_reps(seed, 1.5)
    forecast, _ = split(values)
    own = values.sum(axis=(1, 2)) / values.sum()
    assert forecast == pytest.approx(own, rel=0.25)


@few
@given(st.integers(0, 10**6))
def test_reps_are_compared_with_those_of_their_role(seed: int) -> None:
    """Two roles that sell one to ten, alike within: a role tells its reps apart from chance."""
    values = make_reps(seed, 0.0) * np.where(np.arange(20) % 2, 10.0, 1.0)[:, None, None]
    roles = np.where(np.arange(20) % 2, "closer", "starter").astype(object)
    year, guess = (
        make_outlook(replace(make_panel(values), role=role), 12, METHOD).mean.sum(axis=(1, 2))
        for role in (roles, np.full(20, "", dtype=object))
    )
    for role in (slice(0, None, 2), slice(1, None, 2)):
        assert np.std(year[role]) < 0.6 * np.std(values[role, :, -12:].sum(axis=(1, 2)))
        assert np.std(year[role]) < np.std(guess[role])


@few
@given(st.integers(0, 10**6))
def test_those_who_are_alone_in_their_roles_are_compared_with_each_other(seed: int) -> None:
    """Titles of their own say nothing; one such rep among many of one role is like nobody."""
    panel = make_panel(make_reps(seed, 0.3))
    own = np.array([f"title {i}" for i in range(20)], dtype=object)
    plain = make_outlook(panel, 12, METHOD).mean
    assert make_outlook(replace(panel, role=own), 12, METHOD).mean == pytest.approx(plain)
    level = Levels.of(replace(panel, role=np.array(["boss", *["rep"] * 19], dtype=object)))
    assert len(set(level.role.tolist())) == 2


def test_growth_is_believed_with_the_years() -> None:
    growth = 1.3
    found = []
    for years in (2, 3, 5):
        t = np.arange(12 * years)
        values = 1000 * growth ** (t / 12) * np.random.default_rng(0).gamma(50, 1 / 50, (10, 2, t.size))
        found.append(make_outlook(make_panel(values), 12, METHOD).mean.sum() / values[:, :, -12:].sum())
    assert 1 < found[0] < found[1] < found[2] < growth


def test_pooling_wins_where_reps_are_alike_and_history_where_they_differ() -> None:
    """Money with the wrong rep, against equal shares and against last year's."""
    wrong = {differ: np.zeros(3) for differ in (0.0, 1.0)}
    for differ, lost in wrong.items():
        for seed in range(8):
            values = make_reps(seed, differ, 48)
            actual = values[:, :, 36:].sum(axis=(1, 2)) / values[:, :, 36:].sum()
            forecast, last = split(values[:, :, :36])
            lost += [np.abs(share - actual).sum() for share in (forecast, np.full(20, 0.05), last)]
    assert wrong[0.0][0] < 1.1 * wrong[0.0][1] < wrong[0.0][2]
    assert wrong[1.0][0] < wrong[1.0][2] < wrong[1.0][1]


def test_the_notes_tell_how_much_reps_differ() -> None:
    notes = make_outlook(make_panel(make_reps(0, 1.0)), 12, METHOD).notes
    assert [n.code for n in notes][:1] == ["rep_effects"]
    assert "own history counts" in notes[0].what


@pytest.mark.parametrize("horizon", [1, 3, 4, 6, 7, 12])
def test_months_as_they_were_tell_of_as_many_months_ahead_only(horizon: int) -> None:
    levels, none = Levels.of(make_panel(draw(0))), np.empty((0, 6, 3, horizon))
    say = weigh_ways(levels, [], none, none)
    assert say.sum() == pytest.approx(1)
    for way, weight in zip(WAYS, say, strict=True):
        assert not (way.raw and way.window < horizon and weight > 0)
    assert {way.window: way.fits(horizon) for way in WAYS if way.raw} == {6: horizon <= 6, 3: horizon <= 3}


def test_shares_that_run_away_are_not_held_back() -> None:
    """Half of the reps double every year, the others do not: shares of the past would be shares of the past."""
    t = np.arange(60)
    growth = np.where(np.arange(10) % 2, 2.0, 1.0)[:, None, None]
    values = 1000 * growth ** (t / 12) * np.random.default_rng(0).gamma(50, 1 / 50, (10, 2, 60))
    forecast, last = split(values)
    assert forecast[1::2].sum() > last[1::2].sum()
    assert (forecast[1::2] > 0.85 * last[1::2]).all()


def test_trees_leave_noise_alone() -> None:
    values = 1000 * np.random.default_rng(0).gamma(20, 1 / 20, (60, 6, 60))
    outlook = make_outlook(make_panel(values), 12, METHOD)
    assert outlook.mean == pytest.approx(np.full((60, 6, 12), 1000), rel=0.15)


@pytest.mark.parametrize("unit", [1e-4, 1e7])
def test_the_unit_of_money_does_not_matter_to_trees(unit: float) -> None:
    """A panel large enough to learn from: the note says that trees were used."""
    panel = make_panel(draw(1, reps=30, products=4, length=48))
    one = make_outlook(panel, 12, METHOD)
    assert any(n.code == "learnt" for n in one.notes)
    other = make_outlook(replace(panel, values=panel.values * unit), 12, METHOD)
    for name in ("mean", "errors"):
        expected = getattr(one, name)
        size = np.nanmax(np.abs(expected))
        assert getattr(other, name) / unit == pytest.approx(expected, rel=1e-6, abs=1e-6 * size, nan_ok=True)
