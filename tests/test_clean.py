"""What is done to history before it is forecast: one-off orders are cut, gaps are missing, returns stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from quotaopt.forecast import Forecast, make_forecast
from quotaopt.forecast.history.fence import expect_again, fence, list_cuts
from quotaopt.forecast.methods import forecasters

from .test_forecast import draw_sales, few, make_inputs, make_settings
from .test_new_hires import DATA, draw_reps, load_tourism, make_panel

Floats = NDArray[np.float64]
METHODS = ["seasonal_naive", "pooled_season"]


def run(values: Floats, method: str = "pooled_season", **forecast: Any) -> Forecast:
    chosen = make_settings(values, forecast={"method": method, **forecast})
    return make_forecast(make_inputs(values), chosen)


def hit(values: Floats, seed: int, share: float = 0.05) -> tuple[Floats, NDArray[np.bool_]]:
    """One month times ten in a share of the series, and which."""
    rng = np.random.default_rng(seed)
    out, which = values.copy(), rng.random(values.shape[:2]) < share
    which[0, 0] = True
    r, p = np.nonzero(which)
    out[r, p, rng.integers(0, values.shape[2], r.size)] *= 10
    return out, which


def measure_bias(values: Floats, method: str, region: Any = None) -> tuple[float, float]:
    """How much too high the year of hit series is, with the fence and without, on average over draws."""
    found = []
    truth = forecasters[method](make_panel(values, region), 12)
    for seed in range(4):
        spoilt, which = hit(values, seed)
        panel = make_panel(spoilt, region)
        years = [forecasters[method](p, 12)[which].sum() / truth[which].sum() - 1 for p in (fence(panel), panel)]
        found.append(years)
    treated, untreated = np.mean(found, axis=0)
    return float(treated), float(untreated)


# ------------------------------------------------------------------ one-off orders


@pytest.mark.parametrize(
    ("method", "length"), [("seasonal_naive", 60), ("pooled_season", 24), ("pooled_season", 36), ("smoothing", 36)]
)
def test_one_month_ten_times_as_large_moves_the_year_by_a_tenth_at_most(method: str, length: int) -> None:
    treated, untreated = measure_bias(draw_reps(0, 30, 5, length, 0.5) ** 0.7, method)
    assert treated <= 0.1
    assert untreated >= 2 * treated


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.skipif(not DATA.exists(), reason="the example data is not here")
def test_the_fence_holds_on_real_data(method: str) -> None:
    values, region = load_tourism(60)
    treated, _ = measure_bias(values, method, region)
    assert treated <= 0.1
    panel = make_panel(values, region)
    clean, plain = (forecasters[method](p, 12) for p in (fence(panel), panel))
    assert clean.sum() == pytest.approx(plain.sum(), rel=0.01)


@few
@given(st.integers(0, 10**6), st.floats(0.2, 0.6), st.floats(0, 0.8), st.floats(0, 0.7))
def test_undamaged_data_hardly_change(seed: int, noise: float, empty: float, growth: float) -> None:
    rng = np.random.default_rng(seed)
    sales = draw_reps(seed, 20, 4, 36) * (1 + growth) ** (np.arange(36) / 12)
    sales = sales * rng.gamma(1 / noise**2, noise**2, sales.shape) * (rng.random(sales.shape) > empty)
    panel = make_panel(sales)
    assert np.nansum(fence(panel).values) == pytest.approx(sales.sum(), rel=0.01)


def test_growth_seasons_launches_and_rare_orders_are_not_cut() -> None:
    t = np.arange(36)
    rng = np.random.default_rng(1)
    noise = rng.gamma(16, 1 / 16, (12, 1, 36))
    december = np.where(t % 12 == 11, 8.0, 1.0)
    launch = np.where(t < 20, 0.0, 3.0 ** np.minimum(t - 20, 4.0))
    rare = rng.random((12, 1, 36)) < 0.15
    doubling = 2.0 ** (t / 6)
    step = np.where(t < 30, 1.0, 10.0)
    campaign = np.where(t == 17, 9.0, 1.0)  # everyone sold nine times as much
    sales = np.concatenate([noise * x for x in (december, launch, rare, doubling, step, campaign)], axis=1)
    panel = make_panel(100 * sales)
    assert list_cuts(panel, fence(panel)).empty
    alone = panel.values.copy()
    alone[1:, 5, 17] /= 9  # one rep did
    cuts = list_cuts(make_panel(alone), fence(make_panel(alone)))
    assert cuts[["rep_id", "product_id", "month"]].to_numpy().tolist() == [["R000", "P5", "2023-06"]]


def test_each_cut_is_listed_and_said() -> None:
    sales = np.full((6, 2, 36), 100.0) * np.random.default_rng(0).gamma(50, 1 / 50, (6, 2, 36))
    sales[2, 1, 20], sales[3, 0, 30] = 1000.0, -5000.0
    result = run(sales)
    assert list(result.fenced) == ["rep_id", "product_id", "month", "amount", "kept", "cut"]
    assert result.fenced[["rep_id", "product_id", "month"]].to_numpy().tolist() == [
        ["R003", "P00", "2026-07"],
        ["R002", "P01", "2025-09"],
    ]
    assert result.fenced["amount"].tolist() == [-5000, 1000]
    assert (result.fenced["kept"] + result.fenced["cut"]).tolist() == pytest.approx([-5000, 1000])
    assert (result.fenced["kept"].abs() < 250).all()
    note = next(n for n in result.notes if n.code == "fenced")
    assert "R002 P01 2025-09 (1,000 to 1" in note.what
    assert "keep_whales" in note.remedy
    assert result.last_year[3, 0, 6] == -5000  # what was booked stays booked


def test_what_is_cut_comes_back_for_all_as_far_as_it_was_frequent() -> None:
    """Orders ten times as large, one month in a hundred: nobody will have the same one, somebody will have one."""
    rng = np.random.default_rng(4)
    sales = 1000 * rng.lognormal(-0.02, 0.2, (24, 4, 60))
    large = np.where(rng.random(sales.shape) < 0.01, 10.0, 1.0)
    plain, often = run(sales), run(sales * large)
    assert often.mean.sum() == pytest.approx(12 / 60 * (sales * large).sum(), rel=0.03)
    steady = (large == 1).all(axis=(1, 2))
    assert steady.any()
    again = expect_again(make_panel(sales * large), fence(make_panel(sales * large)))
    assert again > 0.03
    assert often.mean.sum(axis=(1, 2))[steady] / plain.mean.sum(axis=(1, 2))[steady] == pytest.approx(
        1 + again, rel=0.02
    )
    assert expect_again(make_panel(sales), fence(make_panel(sales))) < 0.002
    # One order in five years says little of how often they come.
    once = sales.copy()
    once[0, 0, 30] *= 100
    assert 0 < expect_again(make_panel(once), fence(make_panel(once))) < 0.1 * once[0, 0, 30] / sales.sum()


@pytest.mark.parametrize(
    ("keep", "left"),
    [
        ([{"month": "2025-09"}], 1),
        ([{"rep": "R002", "product": "P01", "month": "2025-09"}], 1),
        ([{"rep": "R002", "product": "P00", "month": "2025-09"}], 2),
        ([{"rep": "R002", "month": "2025-09"}, {"rep": "R003", "month": "2026-07"}], 0),
    ],
)
def test_declared_orders_are_kept(keep: list[dict[str, str]], left: int) -> None:
    sales = np.full((6, 2, 36), 100.0)
    sales[2, 1, 20], sales[3, 0, 30] = 1000.0, 5000.0
    assert len(run(sales, keep_whales=keep).fenced) == left
    assert run(sales, fence=False).fenced.empty
    assert not any(n.code == "fenced" for n in run(sales, fence=False).notes)
    wrong = run(sales, keep_whales=[{"rep": "R999", "month": "2025-09"}, {"month": "1999-01"}]).notes
    assert [n.what for n in wrong if "keep_whales names" in n.what] == [
        "forecast.keep_whales names R999 2025-09, which is not in the history used",
        "forecast.keep_whales names 1999-01, which is not in the history used",
    ]


@few
@given(st.integers(0, 10**6), st.sampled_from([1e-4, 1e7]))
def test_unit_and_order_do_not_matter_to_the_fence(seed: int, unit: float) -> None:
    sales, _ = hit(draw_sales(seed, 8, 3), seed)
    one = fence(make_panel(sales)).values
    assert fence(make_panel(sales * unit)).values / unit == pytest.approx(one, rel=1e-9)
    order = np.random.default_rng(seed).permutation(8)
    assert fence(make_panel(sales[order])).values == pytest.approx(one[order], rel=1e-9)
    assert (np.abs(one) <= np.abs(sales)).all()


@few
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 4), st.integers(1, 30))
def test_the_fence_takes_any_history(seed: int, reps: int, products: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    sales = rng.lognormal(0, 3, (reps, products, length)) * rng.choice(
        [-1.0, 0.0, 1.0, np.nan], (reps, products, length)
    )
    after = fence(make_panel(sales)).values
    assert (np.isnan(after) == np.isnan(sales)).all()
    assert (np.sign(np.nan_to_num(after)) == np.sign(np.nan_to_num(sales))).all()


# ------------------------------------------------------------------ returns


def test_what_is_floored_is_listed() -> None:
    sales = np.full((3, 2, 36), 100.0)
    sales[0, 0] = -50.0
    result = run(sales, "trailing_mean")
    assert list(result.floored) == ["rep_id", "product_id", "period", "amount"]
    assert len(result.floored) == 12
    assert set(result.floored["rep_id"]) == {"R000"}
    assert result.floored["amount"].sum() == pytest.approx(-600)
    assert any(n.code == "floored" and "adds 600 to 5,400" in n.what for n in result.notes)
    assert run(np.abs(sales)).floored.empty


# ------------------------------------------------------------------ missing or zero


def lose(values: Floats, seed: int, share: float = 0.1) -> tuple[Floats, NDArray[np.bool_]]:
    """Rep-months lost in a share of all, not the first and the last: nan makes no row."""
    lost = np.random.default_rng(seed).random((values.shape[0], values.shape[2])) < share
    lost[:, [0, -1]] = False
    return np.where(lost[:, None, :], np.nan, values), lost


@pytest.mark.parametrize(("method", "products"), [("pooled_season", 1), ("pooled_season", 4), ("smoothing", 4)])
def test_a_tenth_of_the_months_lost_moves_the_total_by_a_hundredth_at_most(method: str, products: int) -> None:
    moved, as_zero = [], []
    for seed in range(3):
        sales = (
            draw_reps(seed, 30, 4, 36, 0.6).sum(axis=1, keepdims=True) if products == 1 else draw_reps(seed, 30, 4, 36)
        )
        whole = run(sales, method).mean.sum()
        holes, lost = lose(sales, seed)
        result = run(holes, method)
        moved.append(result.mean.sum() / whole - 1)
        as_zero.append(run(np.nan_to_num(holes), method).mean.sum() / whole - 1)
        assert any(n.code == "no_rows" for n in result.notes)
        assert (result.months_used == sales.shape[2] - lost.sum(axis=1))[result.months_used < 36].all()
    assert abs(np.mean(moved)) <= 0.01
    assert np.mean(as_zero) < -0.03


@pytest.mark.skipif(not DATA.exists(), reason="the example data is not here")
def test_lost_months_of_real_data() -> None:
    values, _ = load_tourism(60)
    whole = run(values, months=60).mean.sum()
    moved = [run(lose(values, seed)[0], months=60).mean.sum() / whole - 1 for seed in range(2)]
    assert abs(np.mean(moved)) <= 0.015
    assert not any(n.code == "no_rows" for n in run(np.where(values > 0, values, np.nan), months=60).notes)


def test_what_is_missing_and_what_is_zero() -> None:
    sales = np.full((4, 2, 24), 100.0)
    sales[0, :, 10] = np.nan  # no record at all: missing
    sales[1, 0, 10] = np.nan  # no record of one product: zero
    sales[2, :, 10] = 0.0  # records of zero: zero
    sales[3, :, 22:] = np.nan  # nothing at the end: zero, as nobody says that the rep left
    result = run(sales, "trailing_mean", months=24)
    assert result.months_used.tolist() == [23, 24, 24, 24]
    note = next(n for n in result.notes if n.code == "no_rows")
    assert note.what.endswith("R000 (2024-11)")
    assert "rows of 0" in note.remedy
    assert result.mean[3, 0, 0] == pytest.approx(1000 / 12)
    assert run(sales, months=24, no_rows="missing").months_used.tolist() == [23, 24, 24, 22]
    assert run(sales, months=24, no_rows="zero").months_used.tolist() == [24] * 4


@few
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_months_without_orders_of_reps_who_sell_now_and_then_are_zero(seed: int, products: int) -> None:
    rng = np.random.default_rng(seed)
    orders = rng.poisson(1.6 / products, (30, products, 36))
    sales = np.where(orders > 0, rng.gamma(np.maximum(orders, 1) * 2.0, 500.0), np.nan)
    seen = ~np.isnan(sales).all(axis=1)
    inside = np.maximum.accumulate(seen, axis=1).sum()
    # a rep in twenty may by accident look like one who sells every month
    assert run(sales, fence=False).months_used.sum() >= 0.99 * inside


def test_a_lost_month_is_no_full_last_year() -> None:
    sales = np.full((2, 2, 24), 100.0)
    sales[0, :, 20] = np.nan
    assert run(sales).full_last_year.tolist() == [False, True]
