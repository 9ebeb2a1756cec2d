"""Joint sample paths: promises that hold on any history, and how well their intervals hold what comes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quotaopt.archive import SAMPLES, load_run, write_samples
from quotaopt.capacity import rep_sums
from quotaopt.errors import NoPlanError
from quotaopt.forecast import Outlook, Panel, backtest_distribution, make_draws, make_outlook
from quotaopt.forecast.peers import find_peers
from quotaopt.forecast.pool.outlook import keep_cuts
from quotaopt.forecast.sampling import draws as module
from quotaopt.forecast.sampling.draws import Draws, draw_own_months
from quotaopt.forecast.sampling.paths import complete_paths, split_paths
from quotaopt.forecast.sampling.scores import Tally, tally

from .panels import make_panel

Floats = NDArray[np.float64]
few = settings(max_examples=8, deadline=None, derandomize=True)


def sell(seed: int, reps: int = 6, products: int = 3, length: int = 40, zeros: float = 0.1) -> Floats:
    """Reps of different size, a common season, levels that drift, and months without sales."""
    rng = np.random.default_rng(seed)
    t = np.arange(length)
    season = 1 + 0.4 * np.sin(2 * np.pi * (t / 12 + rng.random((1, products, 1))))
    drift = np.exp(np.cumsum(rng.normal(0, 0.03, (reps, products, length)), axis=2))
    level = rng.lognormal(8, 0.8, (reps, products, 1)) * drift
    noise = rng.gamma(3, 1 / 3, (reps, products, length)) * (rng.random((reps, products, length)) >= zeros)
    return np.asarray(level * season * noise / (1 - zeros))


def look(panel: Panel, horizon: int = 12) -> Outlook:
    return make_outlook(panel, horizon, "pooled_season")


def draw(panel: Panel, outlook: Outlook | None = None, samples: int = 200, seed: int = 0) -> Floats:
    outlook = outlook or look(panel)
    return whole(make_draws(panel, outlook, outlook.mean, samples=samples, seed=seed))


def whole(draws: Draws) -> Floats:
    return np.concatenate([paths for _, paths in draws.blocks()])


# ------------------------------------------------------------------ promises


@few
@given(st.integers(0, 10**6), st.integers(5, 40), st.sampled_from([0.0, 0.3, 0.7]))
def test_the_mean_is_that_of_the_forecast_and_nothing_is_negative(seed: int, length: int, zeros: float) -> None:
    panel = make_panel(sell(seed, length=length, zeros=zeros))
    outlook = look(panel)
    paths = draw(panel, outlook)
    assert paths.mean(axis=3) == pytest.approx(outlook.mean, rel=1e-9, abs=1e-9 * outlook.mean.max())
    assert (paths >= 0).all()


@few
@given(st.integers(0, 10**6), st.integers(1, 7))
def test_every_draw_adds_up(seed: int, block: int) -> None:
    """Sums that are streamed block by block are the sums of the cells."""
    panel = make_panel(sell(seed, 7, 3))
    outlook = look(panel)
    draws = make_draws(panel, outlook, outlook.mean, samples=60)
    cells = whole(draws)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_NUMBERS", block * 3 * 12 * 60)
        kept = draws.summarise(0.8)
    size = cells.sum()
    assert kept.reps == pytest.approx(cells.sum(axis=1), rel=1e-9)
    assert kept.products == pytest.approx(cells.sum(axis=0), rel=1e-9)
    assert kept.reps.sum(axis=0) == pytest.approx(kept.products.sum(axis=0), rel=1e-9, abs=1e-12 * size)
    assert kept.low == pytest.approx(np.minimum(np.quantile(cells, 0.1, axis=3), outlook.mean), rel=1e-9, abs=1e-6)


@few
@given(st.integers(0, 10**6), st.sampled_from([1e-4, 1e7]), st.sampled_from([0.1, 0.6]))
def test_the_unit_of_money_does_not_matter(seed: int, unit: float, zeros: float) -> None:
    panel = make_panel(sell(seed, zeros=zeros))
    one, other = draw(panel), draw(replace(panel, values=panel.values * unit))
    assert other / unit == pytest.approx(one, rel=1e-6, abs=1e-6 * one.max())


@few
@given(st.integers(0, 10**6))
def test_the_order_of_the_reps_does_not_matter(seed: int) -> None:
    panel = make_panel(sell(seed))
    outlook = look(panel)
    order = np.random.default_rng(seed).permutation(6)
    moved = replace(
        panel,
        reps=tuple(panel.reps[i] for i in order),
        values=panel.values[order],
        region=panel.region[order],
        role=panel.role[order],
    )
    turned = replace(
        outlook,
        mean=outlook.mean[order],
        errors=outlook.errors[:, order],
        scale=outlook.scale[order],
        scales=outlook.scales[:, order],
    )
    one, other = draw(panel, outlook), draw(moved, turned)
    assert other == pytest.approx(one[order], rel=1e-6, abs=1e-6 * one.max())


def test_the_same_seed_gives_the_same_draws_and_another_does_not() -> None:
    panel = make_panel(sell(3))
    assert (draw(panel) == draw(panel)).all()
    assert (draw(panel) != draw(panel, seed=1)).any()


@few
@given(st.integers(0, 10**6), st.integers(0, 11))
def test_a_new_hire_leaves_the_draws_of_the_others_as_they_are(seed: int, known: int) -> None:
    values = sell(seed, 7)
    values[-1, :, : values.shape[2] - known] = np.nan
    panel = make_panel(values)
    mature = panel.of(panel.mature)
    outlook, peers = look(mature), find_peers(panel)
    mean = peers.blend(panel, np.concatenate([outlook.mean, np.zeros((1, 3, 12))]))
    alone = whole(make_draws(mature, outlook, outlook.mean, samples=100))
    joined = whole(make_draws(panel, outlook, mean, peers, samples=100))
    assert joined[:6] == pytest.approx(alone, rel=1e-9, abs=1e-9 * alone.max())
    assert joined[6].mean(axis=2) == pytest.approx(mean[6], rel=1e-9, abs=1e-9 * mean.max())
    assert (joined[6] >= 0).all()


def test_a_new_hire_is_less_certain_than_the_peers() -> None:
    values = sell(5, 12, 2)
    values[-1] = np.nan
    panel = make_panel(values, regions=1)
    mature = panel.of(panel.mature)
    outlook, peers = look(mature), find_peers(panel)
    mean = peers.blend(panel, np.concatenate([outlook.mean, np.zeros((1, 2, 12))]))
    sums = whole(make_draws(panel, outlook, mean, peers, samples=400)).sum(axis=(1, 2))
    relative = sums.std(axis=1) / sums.mean(axis=1)
    assert relative[-1] > np.median(relative[:-1])


def test_series_with_returns_may_be_negative_and_the_others_may_not() -> None:
    values = sell(7, 4, 2, zeros=0.3)
    values[0, 0, ::5] = -values[0, 0].mean()
    panel = make_panel(values)
    paths = draw(panel)
    assert (paths[0, 0] < 0).any()
    assert (paths[1:] >= 0).all()
    assert (paths[0, 1] >= 0).all()
    assert paths.mean(axis=3) == pytest.approx(look(panel).mean, rel=1e-9, abs=1e-9 * values.max())


def test_sparse_series_have_zero_months_as_often_as_before() -> None:
    values = sell(8, 20, 4, 48, zeros=0.6)
    panel = make_panel(values)
    zero = (draw(panel, samples=400) == 0).mean(axis=(2, 3))
    assert zero == pytest.approx((values[:, :, -24:] == 0).mean(axis=2), abs=0.03)


def test_a_month_forecast_zero_is_zero_in_every_draw() -> None:
    panel = make_panel(sell(9))
    outlook = look(panel)
    mean = outlook.mean.copy()
    mean[:, 1, :4] = 0.0
    paths = whole(make_draws(panel, outlook, mean, samples=60))
    assert (paths[:, 1, :4] == 0).all()
    assert (paths[:, 1, 4:].max(axis=2) > 0).all()


def test_constant_sales_have_no_spread() -> None:
    paths = draw(make_panel(np.repeat(np.arange(1.0, 13.0).reshape(4, 3, 1), 40, axis=2)))
    assert paths == pytest.approx(np.broadcast_to(paths[..., :1], paths.shape), rel=1e-9)


def test_nobody_has_any_history() -> None:
    panel = make_panel(np.full((2, 2, 6), np.nan))
    outlook = look(panel.of(panel.mature))
    assert (whole(make_draws(panel, outlook, np.zeros((2, 2, 12)), find_peers(panel), samples=50)) == 0).all()


# ------------------------------------------------------------------ parts


@few
@given(st.integers(0, 10**6))
def test_parts_add_up_to_the_paths_and_to_zero_within_the_group_above(seed: int) -> None:
    rng = np.random.default_rng(seed)
    panel = make_panel(sell(seed, 6, 3))
    errors = rng.normal(size=(5, 6, 3, 12)) * rng.lognormal(0, 1, (6, 3, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quotaopt.forecast.sampling.paths.widen", lambda own, *_: (own, np.zeros_like(own[:, 0])))
        parts = split_paths(panel, errors, np.ones((6, 3)), 3.0)
    cells = [np.moveaxis((p.pattern[p.group] * p.share[:, None, None]).reshape(6, 3, 12, 5), 3, 0) for p in parts]
    assert sum(cells) == pytest.approx(errors)
    company, region, product, _, cell = cells
    assert company.sum(axis=(1, 2)) == pytest.approx(errors.sum(axis=(1, 2)))
    assert region.sum(axis=(1, 2)) == pytest.approx(np.zeros((5, 12)), abs=1e-9)
    assert product.sum(axis=(1, 2)) == pytest.approx(np.zeros((5, 12)), abs=1e-9)
    assert cell.sum(axis=2) == pytest.approx(np.zeros((5, 6, 12)), abs=1e-9)


def test_paths_are_completed() -> None:
    """A path half known goes on mirrored; a cell without one takes its next; one without any another rep's."""
    panel = make_panel(np.ones((2, 1, 24)), 1)
    errors = np.full((2, 2, 1, 4), np.nan)
    errors[0, 0, 0] = [1, 2, 3, 4]
    errors[1, 0, 0, :2] = [5, 6]
    ones = np.ones((2, 1))
    found = complete_paths(panel, errors, ones * [[1.0], [10.0]], np.ones((2, 2, 1)))
    assert found[:, 0, 0].tolist() == [[1, 2, 3, 4], [5, 6, 6, 5]]
    assert found[:, 1, 0].tolist() == [[10, 20, 30, 40], [50, 60, 60, 50]]
    errors[0, 0] = np.nan
    assert complete_paths(panel, errors, ones, np.ones((2, 2, 1)))[0, 0, 0].tolist() == [5, 6, 6, 5]


def test_own_months_keep_the_order_of_the_paths() -> None:
    values = np.array([[0.0, 0.0, 30.0, 0.0]])
    paths = np.random.default_rng(0).normal(size=(1, 3, 100))
    found = draw_own_months(values, np.full((1, 3), 5.0), paths)
    assert (found == 0).mean() == 0.75
    for month in range(3):
        assert found[0, month, np.argsort(paths[0, month])][75:] == pytest.approx(np.full(25, 20.0))


# ------------------------------------------------------------------ how right they are


@pytest.mark.parametrize(("zeros", "seed"), [(0.1, 1), (0.6, 2), (0.6, 3)])
def test_intervals_hold_what_they_should(zeros: float, seed: int) -> None:
    panel = make_panel(sell(seed, 40, 5, 60, zeros), 4)
    table = backtest_distribution(panel, 12, "pooled_season", origins=[36, 48], samples=200)
    found = table[(table["origin"] == "all") & table["chosen"]].set_index("level")
    assert found["coverage_month"][["rep", "cell"]].between(0.70, 0.90).all()
    assert found["coverage_sum"][["rep", "cell"]].between(0.60, 0.92).all()


def test_the_back_test_scores_the_naives_beside() -> None:
    panel = make_panel(sell(4), 2)
    table = backtest_distribution(panel, 6, "pooled_season", samples=60)
    assert set(table["method"]) == {"seasonal_naive", "last_year_sum", "pooled_season"}
    assert set(table["level"]) == {"all", "region", "rep", "product", "cell"}
    assert list(table["origin"].unique()) == ["2022-02", "2022-05", "2022-08", "2022-11", "all"]
    numbers = table.drop(columns=["origin", "level", "method", "chosen"])
    assert np.isfinite(numbers.to_numpy(np.float64)).all()
    again = backtest_distribution(replace(panel, values=panel.values[:, :, :34]), 6, "pooled_season", samples=60)
    assert list(again["origin"].unique())[:-1] == ["2021-08", "2021-11", "2022-02", "2022-05"]


def test_scores_by_hand() -> None:
    """Of the draws 0 … 100 the 80 % interval is 10 … 90; a point forecast scores its absolute error."""
    draws = np.arange(101.0)
    found = tally(np.stack([draws, draws]), np.array([50.0, 95.0]), 0.8)
    assert (found.coverage, found.mean_width) == (0.5, pytest.approx(160 / 145))
    point = tally(np.full((1, 10), 7.0), np.array([10.0]), 0.8)
    assert point.crps == pytest.approx(0.3)
    silent = tally(np.zeros((1, 10)), np.array([0.0]), 0.8)
    assert np.isnan(silent.coverage)
    assert np.isnan(Tally().crps)
    assert tally(np.zeros((1, 10)), np.array([np.nan]), 0.8) == Tally()


# ------------------------------------------------------------------ on disk and in use


def test_presence_scales_the_months_of_each_draw() -> None:
    samples = np.arange(12.0).reshape(2, 2, 3)
    forecast: Any = SimpleNamespace(samples=samples)
    presence = np.array([[1.0, 0.5], [0.0, 1.0]])
    assert rep_sums(forecast, presence) == pytest.approx((samples * presence[:, :, None]).sum(axis=1))


@pytest.mark.parametrize(("most", "kept", "periods"), [(10**7, 100, 2), (600, 60, 2), (250, 50, 1)])
def test_samples_are_saved_within_bounds(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, most: int, kept: int, periods: int
) -> None:
    """First fewer draws, then sums instead of months."""
    monkeypatch.setattr("quotaopt.archive.MOST_SAMPLES", most)
    samples = np.random.default_rng(0).random((5, 2, 100))
    names = tuple(f"R{i}" for i in range(5))
    forecast: Any = SimpleNamespace(samples=samples, reps=names, months=("2027-01", "2027-02"))
    said = write_samples(tmp_path, forecast, 5)
    (tmp_path / "run.json").write_text('{"id": "x"}', encoding="utf-8")
    file = load_run(tmp_path).samples()
    assert said == {"file": SAMPLES, "draws": kept, "made": 100, "periods": periods, "seed": 5}
    expected = samples[:, :, :kept] if periods == 2 else samples[:, :, :kept].sum(axis=1, keepdims=True)
    assert file["samples"] == pytest.approx(expected, rel=1e-6)
    assert file["rep_id"].tolist() == list(names)
    assert file["period"].tolist() == (["2027-01", "2027-02"] if periods == 2 else ["2027-01/2027-02"])
    assert file["seed"] == 5
    (tmp_path / SAMPLES).unlink()
    with pytest.raises(NoPlanError, match=r"no samples\.npz"):
        load_run(tmp_path).samples()


def test_one_off_orders_that_were_cut_stay_in_what_may_come() -> None:
    """Their mean over the months of an error joins it; where nothing was cut nothing changes."""
    panel = make_panel(sell(0))
    outlook = look(panel)
    cut = np.zeros(panel.values.shape)
    assert np.array_equal(keep_cuts(outlook, cut).errors, outlook.errors, equal_nan=True)
    cut[2, 1, -1] = 600.0
    more = keep_cuts(outlook, cut).errors - outlook.errors
    for origin, gain in zip(outlook.origins, more, strict=True):
        months = min(panel.length - origin, 12)
        seen = origin + 12 >= panel.length
        assert np.nanmax(gain[2, 1]) == pytest.approx(600 / months if seen else 0.0)
        gain[2, 1] = 0.0
        assert np.nansum(np.abs(gain)) == 0
