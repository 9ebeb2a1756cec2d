"""The forecaster: promises that hold on any history, and what it reaches on the example data."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quotaopt.capacity import make_capacity
from quotaopt.errors import InputError, UnknownNameError
from quotaopt.forecast import Forecast, forecast_table, forecasters, make_forecast, make_past
from quotaopt.forecast.backtest import Backtest, choose_origins, measure_accuracy
from quotaopt.forecast.notes import note_losses
from quotaopt.forecast.pool.combine import choose
from quotaopt.forecast.pool.season import find_trend
from quotaopt.settings import Settings
from quotaopt.tables import Inputs

from .panels import make_panel

Floats = NDArray[np.float64]
FIRST = "2024-01"
DATA = Path(__file__).parents[2] / "shared" / "data"
METHODS = ["seasonal_naive", "trailing_mean", "last_year_sum", "pooled_season", "pipeline", "auto"]
few = settings(max_examples=12, deadline=None, derandomize=True)


def name_months(first: str, count: int) -> list[str]:
    return [str(m) for m in pd.period_range(first, periods=count, freq="M")]


def make_inputs(
    values: Floats, first: str = FIRST, products: dict[str, list[str]] | None = None, **roster: Any
) -> Inputs:
    """Inputs of a (reps, products, months) array; nan makes no row. `roster` columns are lists, one value a rep."""
    n_reps, n_products, length = values.shape
    reps, items = [f"R{i:03}" for i in range(n_reps)], [f"P{i:02}" for i in range(n_products)]
    index = pd.MultiIndex.from_product(
        [reps, items, name_months(first, length)], names=["rep_id", "product_id", "month"]
    )
    history = pd.DataFrame({"amount": values.ravel()}, index=index).dropna().reset_index()
    frame = pd.DataFrame({"rep_id": reps, "region": "", "role": "", "start_date": None, "end_date": None})
    frame = frame.assign(**{"headcount": 1.0, "ramp_profile": "", **roster})
    frame["start_date"], frame["end_date"] = pd.to_datetime(frame["start_date"]), pd.to_datetime(frame["end_date"])
    table = pd.DataFrame({"product_id": items, "launch_month": "", "end_month": "", **(products or {})})
    return Inputs(history, frame, table)


def make_settings(values: Floats | int, method: str = "auto", months: int = 12, gap: int = 0, **keys: Any) -> Settings:
    """A plan of `months` months that starts `gap` months after the history."""
    length = values if isinstance(values, int) else values.shape[2]
    plan = name_months(FIRST, length + gap + months)[length + gap :]
    return Settings.model_validate(
        {
            "target": 1,
            "first_month": plan[0],
            "last_month": plan[-1],
            "data": {"history": ["h.csv"], "roster": ["r.csv"]},
            "forecast": {"method": method},
            **keys,
        }
    )


def run(values: Floats, method: str = "auto", products: dict[str, list[str]] | None = None, **roster: Any) -> Forecast:
    return make_forecast(make_inputs(values, products=products, **roster), make_settings(values, method))


def draw_sales(seed: int, reps: int = 6, products: int = 3, length: int = 36) -> Floats:
    """Reps of different size with a common season, a little growth and much noise; some months without sales."""
    rng = np.random.default_rng(seed)
    t = np.arange(length)
    season = 1 + 0.4 * np.sin(2 * np.pi * (t / 12 + rng.random((1, products, 1))))
    level = rng.lognormal(8, 1, (reps, products, 1)) * 1.05 ** (t / 12)
    return np.asarray(
        level * season * rng.gamma(3, 1 / 3, (reps, products, length)) * (rng.random((reps, products, length)) > 0.1)
    )


# ------------------------------------------------------------------ promises


@few
@given(st.integers(0, 10**6), st.sampled_from(METHODS), st.sampled_from([1e-4, 1e7]))
def test_the_unit_of_money_does_not_matter(seed: int, method: str, unit: float) -> None:
    sales = draw_sales(seed, 4, 2)
    one, other = run(sales, method), run(sales * unit, method)
    scale = one.mean.max()
    for name in ("mean", "low", "high", "rep_mean", "rep_spread"):
        assert getattr(other, name) / unit == pytest.approx(getattr(one, name), rel=1e-6, abs=1e-6 * scale)


@few
@given(st.integers(0, 10**6), st.sampled_from(METHODS))
def test_the_order_of_the_rows_does_not_matter(seed: int, method: str) -> None:
    sales = draw_sales(seed, 4, 2)
    inputs = make_inputs(sales, region=["a", "b", "a", "b"])
    shuffled = Inputs(
        inputs.history.sample(frac=1, random_state=seed),
        inputs.roster.sample(frac=1, random_state=seed),
        inputs.products.iloc[::-1],
    )
    one, other = (make_forecast(x, make_settings(sales, method)) for x in (inputs, shuffled))
    assert (one.mean == other.mean).all()
    assert (one.rep_spread == other.rep_spread).all()
    assert one.accuracy.equals(other.accuracy)


@few
@given(st.integers(0, 10**6), st.sampled_from(METHODS))
def test_the_names_of_the_reps_do_not_matter(seed: int, method: str) -> None:
    sales = draw_sales(seed, 5, 2)
    order = np.random.default_rng(seed).permutation(5)
    region = np.array(["a", "b", "a", "b", "a"])
    one = run(sales, method, region=list(region))
    other = run(sales[order], method, region=list(region[order]))
    assert other.mean == pytest.approx(one.mean[order], rel=1e-6, abs=1e-6 * one.mean.max())


@few
@given(st.integers(0, 10**6), st.sampled_from(METHODS), st.integers(1, 40))
def test_constant_sales_are_forecast_to_go_on(seed: int, method: str, length: int) -> None:
    level = np.random.default_rng(seed).lognormal(8, 1, (4, 2, 1))
    result = run(np.repeat(level, length, axis=2), method)
    assert result.mean == pytest.approx(np.repeat(level, 12, axis=2), rel=1e-9)
    assert result.high - result.low == pytest.approx(np.zeros_like(result.mean), abs=1e-6 * level.max())


@few
@given(st.integers(0, 10**6), st.sampled_from([14, 20, 26, 36, 48]))
def test_accuracy_of_auto_is_that_of_what_it_chose(seed: int, length: int) -> None:
    result = run(draw_sales(seed, length=length), region=["a", "b"] * 3)
    table = result.accuracy.set_index(["level", "method"])
    chosen = str(result.method[0, 0])
    assert {"seasonal_naive", "pipeline", "auto"} <= set(result.accuracy["method"])
    for level, measure in (("cell", "wape_month"), ("rep", "wape_sum"), ("all", "wape_month")):
        auto, naive, pooled = (table.loc[(level, m), measure] for m in ("auto", "seasonal_naive", "pipeline"))
        if chosen in {"pipeline", "seasonal_naive"}:
            assert auto == pytest.approx(pooled if chosen == "pipeline" else naive)


@few
@given(st.integers(0, 10**6), st.floats(0.2, 5.0), st.sampled_from([24, 36]))
def test_auto_is_the_naive_where_the_back_test_loses(seed: int, times: float, length: int) -> None:
    rng = np.random.default_rng(seed)
    panel = make_panel(draw_sales(seed, length=length))
    origins, ahead = choose_origins(length, 12)
    actual = np.stack([panel.values[:, :, u : u + ahead] for u in origins])
    error = rng.normal(0, actual.std(), actual.shape)
    said = {"seasonal_naive": actual + error, "pipeline": actual + times * error}
    choice, found = choose(Backtest(panel, origins, actual, said))
    if not 1 < times < 1.011:
        assert str(choice) == ("seasonal_naive" if times > 1 else "pipeline")
        assert found.predicted["auto"] == pytest.approx(said[str(choice)])


def test_one_series_of_a_short_back_test_is_told_but_not_chosen_by() -> None:
    """The pooled forecast is nearer for every rep, and a tenth further off for the company's months."""
    rng = np.random.default_rng(5)
    panel = make_panel(draw_sales(5, length=36))
    origins, ahead = choose_origins(36, 12)
    actual = np.stack([panel.values[:, :, u : u + ahead] for u in origins])
    error = rng.normal(0, actual.std(), actual.shape)
    company = error.mean(axis=(1, 2), keepdims=True)
    said = {"seasonal_naive": actual + error, "pipeline": actual + 0.8 * (error - company) + 1.1 * company}
    choice, found = choose(Backtest(panel, origins, actual, said))
    assert str(choice) == "pipeline"
    note = next(note_losses(measure_accuracy(found, "auto")))
    assert note.code == "lost"
    assert re.search(r"too little to choose it by: company \([\d.]+ % against [\d.]+ %\)$", note.what)


@few
@given(st.integers(0, 10**6), st.sampled_from(METHODS), st.integers(1, 40))
def test_low_mean_and_high_are_in_order_and_never_negative(seed: int, method: str, length: int) -> None:
    result = run(draw_sales(seed, 4, 2, length), method)
    assert (result.low >= 0).all()
    assert (result.low <= result.mean).all()
    assert (result.mean <= result.high).all()
    assert (result.rep_spread >= 0).all()
    assert result.rep_mean == pytest.approx(result.mean.sum(axis=(1, 2)))


@pytest.mark.parametrize("method", METHODS)
def test_totals_of_the_table_are_totals_of_the_cells(method: str) -> None:
    result = run(draw_sales(1), method)
    table = forecast_table(result)
    assert list(table) == [
        "rep_id", "product_id", "period", "potential", "low", "high", "method", "months_used", "flag",
    ]  # fmt: skip
    by_rep = table.groupby("rep_id")["potential"].sum()
    assert by_rep.to_numpy() == pytest.approx(result.rep_mean, rel=1e-9)
    assert table.groupby(["product_id", "period"])["potential"].sum().to_numpy() == pytest.approx(
        result.mean.sum(axis=0).ravel(), rel=1e-9
    )


@pytest.mark.parametrize("method", METHODS)
def test_adding_new_hires_does_not_move_mature_reps(method: str) -> None:
    sales = draw_sales(3, 10)
    alone = run(sales[:7], method, region=["a", "b"] * 3 + ["a"])
    sales[7:, :, :31] = np.nan
    joined = run(sales, method, region=["a", "b"] * 5)
    assert joined.mean[:7] == pytest.approx(alone.mean, rel=0.01)
    assert joined.mean[:7] == pytest.approx(alone.mean, rel=1e-9)  # in fact not at all
    assert joined.rep_spread[:7] == pytest.approx(alone.rep_spread, rel=1e-9)


# ------------------------------------------------------------------ methods by hand


def test_seasonal_naive_repeats_last_year() -> None:
    sales = np.arange(1.0, 25.0).reshape(1, 1, 24)
    assert run(sales, "seasonal_naive").mean[0, 0].tolist() == list(range(13, 25))


def test_seasonal_naive_repeats_over_a_long_plan_and_over_a_gap() -> None:
    sales = np.arange(1.0, 25.0).reshape(1, 1, 24)
    inputs = make_inputs(sales)
    long = make_forecast(inputs, make_settings(sales, "seasonal_naive", months=18))
    assert long.mean[0, 0].tolist() == [*range(13, 25), *range(13, 19)]
    late = make_forecast(inputs, make_settings(sales, "seasonal_naive", gap=2))
    assert late.mean[0, 0].tolist() == [*range(15, 25), 13, 14]
    assert any(n.code == "history_gap" for n in late.notes)


def test_trailing_mean_is_the_mean_of_the_last_year() -> None:
    sales = np.r_[np.full(12, 99.0), np.arange(1.0, 13.0)].reshape(1, 1, 24)
    assert run(sales, "trailing_mean").mean[0, 0] == pytest.approx([6.5] * 12)


def test_last_year_sum_follows_the_company() -> None:
    # Two reps sell 12 a year each, one in January only, one evenly: the company sells 13, 1, 1, ... of 24.
    first, second = np.r_[12.0, np.zeros(11)], np.ones(12)
    sales = np.stack([np.tile(first, 2), np.tile(second, 2)])[:, None, :]
    expected = 12 * np.r_[13.0, np.ones(11)] / 24
    assert run(sales, "last_year_sum").mean[:, 0] == pytest.approx(np.stack([expected, expected]))


def test_pooled_season_lends_the_company_season_to_noisy_series() -> None:
    """Ten reps share a season under heavy noise: the pooled season is nearer to it than last year's own months."""
    rng = np.random.default_rng(0)
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(48) / 12)
    sales = 1000 * season * rng.gamma(4, 1 / 4, (10, 2, 48))
    truth = 1000 * np.broadcast_to(season[36:], (10, 2, 12))
    errors = [np.abs(run(sales[:, :, :36], m).mean - truth).sum() for m in ("pooled_season", "seasonal_naive")]
    assert errors[0] < 0.5 * errors[1]


def test_pooled_season_keeps_a_season_of_its_own_when_it_is_clear() -> None:
    t = np.arange(36)
    season = 1 + 0.5 * np.sin(2 * np.pi * t / 12)
    sales = np.stack([1000 * season, 1000 * season[::-1], 1000 * np.ones(36)])[:, None, :]
    assert run(sales, "pooled_season").mean == pytest.approx(sales[:, :, 24:], rel=0.1)


@pytest.mark.parametrize("method", ["growth", "trend", "pipeline"])
def test_common_growth_goes_on_and_is_damped(method: str) -> None:
    t = np.arange(36)
    sales = 1000 * np.ones((20, 3, 1)) * (1 + 0.2 * t / 12)
    year = run(sales, method).mean.sum(axis=2)
    last, straight = sales[:, :, 24:].sum(axis=2), 1000 * (1 + 0.2 * np.arange(36, 48) / 12).sum()
    assert (year > last * 1.02).all()
    assert (year < straight * 1.01).all()


def test_the_trend_of_a_straight_line_with_a_season_is_straight_inside() -> None:
    t = np.arange(48.0)
    season = np.tile(np.sin(2 * np.pi * np.arange(12) / 12), 4)
    assert find_trend((t + season)[None])[0, 6:42] == pytest.approx(t[6:42])


def test_an_unknown_method_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="seasonal_naive"):
        run(draw_sales(0, 2, 1, 12), "season_naive")


def test_auto_can_be_called_like_any_other() -> None:
    sales = draw_sales(5)
    inputs, chosen = make_inputs(sales), make_settings(sales, forecast={"method": "auto", "fence": False})
    panel = make_past(inputs, chosen).panel
    assert forecasters["auto"](panel, 12) == pytest.approx(make_forecast(inputs, chosen).mean)


# ------------------------------------------------------------------ back-test


@pytest.mark.parametrize(
    ("length", "horizon", "origins", "ahead"),
    [
        (60, 12, (48, 45, 42, 39), 12),
        (36, 12, (24, 21, 18, 15), 12),
        (24, 12, (12,), 12),
        (20, 12, (12,), 8),
        (10, 12, (6,), 4),
        (36, 3, (33, 30, 27, 24), 3),
        (4, 12, (3,), 1),
        (3, 12, (), 0),
        (1, 12, (), 0),
    ],
)
def test_origins_fit_the_history(length: int, horizon: int, origins: tuple[int, ...], ahead: int) -> None:
    found, fits = choose_origins(length, horizon)
    assert found == origins
    assert fits == ahead or not origins


def test_accuracy_by_hand() -> None:
    """Two years of 10 a month for one rep, 30 for another, then 20 and 30: the naive misses 10 of 50 a month."""
    sales = np.repeat([[10.0], [30.0]], 36, axis=1)[:, None, :]
    sales[0, 0, 24:] = 20.0
    inputs = make_inputs(sales, region=["a", "a"])
    table = make_forecast(inputs, make_settings(sales, "seasonal_naive", months=12)).accuracy
    newest = table[table["method"] == "seasonal_naive"].set_index("level")
    # origins 24, 21, 18, 15: the rep's 12 months ahead hold 12, 9, 6, 3 of the new months and miss 10 in each
    missed, sold = 10 * (12 + 9 + 6 + 3), 4 * 12 * 40 + 10 * 30
    assert newest["wape_month"].to_numpy() == pytest.approx([missed / sold] * 5)
    assert newest["wape_sum"].to_numpy() == pytest.approx([missed / sold] * 5)
    assert newest["bias"].to_numpy() == pytest.approx([-missed / sold] * 5)
    assert newest["chosen"].all()


def test_mase_compares_with_the_seasonal_naive_in_training() -> None:
    rng = np.random.default_rng(2)
    sales = 100 + rng.random((3, 2, 48))
    table = run(sales, "seasonal_naive").accuracy.set_index(["level", "method"])
    assert table.loc[("cell", "seasonal_naive"), "mase"] == pytest.approx(1.0, abs=0.2)


def test_the_naives_are_always_in_the_table() -> None:
    for method in METHODS:
        table = run(draw_sales(0, 3, 1), method).accuracy
        assert {"seasonal_naive", "last_year_sum", method} <= set(table["method"])
        assert set(table.loc[table["chosen"], "method"]) == {method}


def test_auto_is_the_naive_when_nothing_beats_it() -> None:
    """Each rep × product repeats a random year of its own exactly: nothing beats the same month of last year."""
    sales = np.tile(np.random.default_rng(4).gamma(0.5, 1, (6, 3, 12)), 3)
    result = run(sales)
    assert set(result.method.ravel()) == {"seasonal_naive"}
    assert result.mean == pytest.approx(sales[:, :, :12])
    assert any(n.code == "naive" for n in result.notes)


def test_too_little_for_a_back_test_is_said() -> None:
    result = run(draw_sales(0, 3, 2, 2))
    assert any(n.code == "no_backtest" for n in result.notes)
    assert (result.accuracy["origins"] == 0).all()
    assert result.accuracy["wape_sum"].isna().all()
    assert (result.rep_spread > 0).all()


# ------------------------------------------------------------------ new hires and the roster


def hire(sales: Floats, known: int) -> Floats:
    """The last rep is there for the last `known` months only."""
    out = sales.copy()
    out[-1, :, : sales.shape[2] - known] = np.nan
    return out


def test_a_seat_without_history_is_forecast_wherever_peers_sell() -> None:
    sales = hire(draw_sales(6), 0)
    result = run(sales, region=["North"] * 3 + ["South"] * 2 + ["North"], role=["Rep"] * 6)
    assert (result.mean[-1].sum(axis=1) > 0).all()
    assert result.mean[-1] == pytest.approx(result.mean[:3].mean(axis=0))
    assert result.flag[-1] == "new hire: no own history, peers North / Rep"
    assert result.own_weight.tolist() == [1, 1, 1, 1, 1, 0]
    assert result.months_used.tolist() == [36] * 5 + [0]
    assert set(result.method[-1]) == {"peers"}
    relative = result.rep_spread / result.rep_mean
    assert relative[-1] > np.median(relative[:3])
    width = (result.high - result.low).sum(axis=(1, 2)) / result.rep_mean
    assert width[-1] > np.median(width[:3])


@pytest.mark.parametrize(
    ("region", "role", "peers"),
    [
        (["N", "N", "S", "S", "N"], ["A", "B", "A", "B", "A"], "N / A"),
        (["N", "N", "S", "S", "W"], ["A", "B", "A", "B", "A"], "A"),
        (["N", "N", "S", "S", "N"], ["A", "B", "A", "B", "C"], "N"),
        (["N", "N", "S", "S", "W"], ["A", "B", "A", "B", "C"], "all reps"),
        (["N", "N", "S", "S", "N"], [""] * 5, "N"),
    ],
)
def test_peers_are_the_nearest_there_are(region: list[str], role: list[str], peers: str) -> None:
    result = run(hire(draw_sales(7, 5), 0), region=region, role=role)
    assert result.flag[-1] == f"new hire: no own history, peers {peers}"
    assert result.rep_mean[-1] > 0


@few
@given(st.integers(0, 10**6))
def test_the_weight_on_own_history_rises_with_the_months(seed: int) -> None:
    sales = draw_sales(seed, 5)
    weights = [run(hire(sales, known), "pooled_season").own_weight[-1] for known in range(13)]
    assert weights[0] == 0
    assert weights[12] == 1
    assert (np.diff(weights) >= 0).all()  # equal where the first month of the rep is one without sales
    assert weights[11] >= 0.68  # 0.7 after a full year, however alike the reps are


def test_own_history_counts_more_where_reps_differ() -> None:
    rng = np.random.default_rng(0)
    noise = rng.gamma(4, 1 / 4, (20, 1, 36))
    alike, different = 1000 * noise, 1000 * rng.lognormal(0, 2, (20, 1, 1)) * noise
    low, high = (run(hire(sales, 3), "pooled_season").own_weight[-1] for sales in (alike, different))
    assert low < 0.5 < 0.8 < high


def test_a_new_hire_ends_between_own_and_peers() -> None:
    sales = np.full((5, 2, 36), 100.0) * np.array([0.8, 0.9, 1.1, 1.2, 3.0])[:, None, None]
    sales *= np.random.default_rng(0).gamma(20, 1 / 20, sales.shape)
    result = run(hire(sales, 3), "trailing_mean")
    own = np.nanmean(sales[-1, :, -3:])
    assert result.mean[:4].mean() < result.mean[-1].mean() < own
    assert result.flag[-1].startswith("new hire: ")
    assert "% own history" in result.flag[-1]
    assert set(result.method[-1]) == {"own and peers"}
    assert any(n.code == "new_hires" and "R004 (3)" in n.what for n in result.notes)


def test_months_before_the_start_are_missing_not_zero() -> None:
    sales = np.full((3, 1, 36), 100.0)
    sales[2, :, :20] = np.nan
    assert run(sales, "trailing_mean").months_used.tolist() == [36, 36, 16]
    starts = ["2024-01-01", "2024-01-01", "2024-07-01"]  # hired in month 6, first sale in month 20: zeros between
    result = run(sales, "trailing_mean", start_date=starts)
    assert result.months_used.tolist() == [36, 36, 30]
    assert run(sales, "trailing_mean", start_date=[None, None, "2026-01-01"]).months_used[2] == 16  # inherited sales


def test_a_month_without_one_product_is_zero_and_one_without_anything_is_missing() -> None:
    sales = np.full((2, 2, 24), 100.0)
    sales[0, 0, 20] = np.nan  # this rep sold none of this product
    sales[:, :, 15] = np.nan  # nobody sold anything
    result = run(sales, "trailing_mean")
    assert result.mean[0, 0] == pytest.approx([1000 / 11] * 12)
    assert result.mean[1, 1] == pytest.approx([100] * 12)
    assert any(n.code == "empty_month" and "2025-04" in n.what for n in result.notes)


def test_sales_in_the_plan_are_ignored_and_said() -> None:
    sales = np.full((2, 1, 30), 100.0)
    sales[:, :, 24:] = 1e6
    result = make_forecast(make_inputs(sales), make_settings(24))
    assert result.mean == pytest.approx(np.full((2, 1, 12), 100.0))
    assert any(n.code == "sales_in_plan" and n.what.startswith("12 rows") for n in result.notes)


def test_last_year_is_what_was_booked() -> None:
    sales = draw_sales(8, 3, 2, 24)
    sales[2, :, :14] = np.nan
    inputs = make_inputs(sales, headcount=[0.5, 1.0, 1.0])
    result = make_forecast(inputs, make_settings(sales, months=14))
    assert result.last_year[:, :, :12] == pytest.approx(np.nan_to_num(sales[:, :, 12:]))
    assert (result.last_year[:, :, 12:] == 0).all()
    assert result.full_last_year.tolist() == [True, True, False]


def test_a_part_time_rep_is_not_halved_twice() -> None:
    sales = np.full((2, 1, 24), 100.0)
    inputs = make_inputs(sales, headcount=[0.5, 1.0])
    chosen = make_settings(sales)
    forecast = make_forecast(inputs, chosen)
    assert forecast.mean[0] == pytest.approx(np.full((1, 12), 200.0))
    assert make_capacity(forecast, inputs, chosen).values == pytest.approx(np.full((2, 1, 12), 100.0))


def test_sales_of_the_ramp_are_read_as_such() -> None:
    sales = np.full((4, 1, 24), 100.0)
    sales[3, 0] = [np.nan] * 20 + [25.0, 50.0, 75.0, 100.0]
    starts = ["2020-01-01"] * 3 + ["2025-09-01"]
    inputs = make_inputs(sales, start_date=starts)
    chosen = make_settings(sales, "trailing_mean", ramp={"profile": [0.25, 0.5, 0.75]})
    assert make_forecast(inputs, chosen).mean == pytest.approx(np.full((4, 1, 12), 100.0))


def test_leavers_teach_but_are_not_peers_once_they_are_gone() -> None:
    sales = draw_sales(9, 5)
    sales[0, :, 20:] = np.nan
    result = run(hire(sales, 0), "trailing_mean", end_date=["2025-08-31"] + [None] * 4)
    assert result.months_used[0] == 20
    assert result.mean[-1] == pytest.approx(result.mean[1:4].mean(axis=0))


def test_an_unknown_ramp_profile_is_an_input_error() -> None:
    sales = draw_sales(0, 2, 1, 12)
    with pytest.raises(InputError, match="no such ramp profile"):
        run(sales, ramp_profile=["fast", ""])


def test_nobody_has_any_history() -> None:
    sales = np.full((2, 2, 12), np.nan)
    inputs = make_inputs(sales)
    result = make_forecast(inputs, make_settings(12))
    assert (result.mean == 0).all()
    assert {"no_history", "no_backtest"} <= {n.code for n in result.notes}


# ------------------------------------------------------------------ products and returns


def test_ended_products_are_zero_and_launches_wait() -> None:
    sales = np.full((3, 4, 36), 100.0)
    sales[:, 0, 20:] = np.nan  # nobody sold it for a year
    plan = {"launch_month": ["", "", "2027-04", ""], "end_month": ["", "2026-12", "", "2027-06"]}
    result = run(sales, "trailing_mean", products=plan)
    assert (result.mean[:, :2] == 0).all()
    assert (result.high[:, :2] == 0).all()
    assert (result.mean[:, 2] > 0).all(axis=0).tolist() == [False] * 3 + [True] * 9
    assert (result.mean[:, 3] > 0).all(axis=0).tolist() == [True] * 6 + [False] * 6
    assert any(n.code == "not_on_sale" and n.what.endswith("P00, P01") for n in result.notes)


def test_months_before_a_launch_are_missing() -> None:
    sales = np.full((3, 2, 24), 100.0)
    sales[:, 1, :18] = np.nan  # sold by all in every month since
    assert run(sales, "trailing_mean").mean[:, 1] == pytest.approx(np.full((3, 12), 100.0))
    sales[:, 1] = np.nan
    sales[0, 1, 20] = 120.0  # a single order is no launch
    assert run(sales, "trailing_mean").mean[0, 1] == pytest.approx([10.0] * 12)


def test_returns_are_floored_and_said() -> None:
    sales = np.full((2, 2, 36), 100.0)
    sales[0, 0] = -50.0
    result = run(sales)
    assert (result.mean >= 0).all()
    assert any(n.code == "floored" and "R000" in n.what for n in result.notes)


def test_the_draws_are_those_of_the_forecast() -> None:
    """New hires, sums over products and quantiles included."""
    sales = hire(draw_sales(3), 4)
    result = make_forecast(
        make_inputs(sales), make_settings(sales, forecast={"method": "pooled_season", "samples": 60})
    )
    assert result.samples.shape == (6, 12, 60)
    assert result.samples.mean(axis=2) == pytest.approx(result.mean.sum(axis=1), rel=1e-9)
    assert result.product_samples.sum(axis=0) == pytest.approx(result.samples.sum(axis=0), rel=1e-9)
    assert result.rep_quantiles([0, 1])[:, 1] == pytest.approx(result.samples.sum(axis=1).max(axis=1))
    assert result.rep_spread == pytest.approx(result.samples.sum(axis=1).std(axis=1))


# ------------------------------------------------------------------ size


def test_two_hundred_reps() -> None:
    sales = draw_sales(0, 200, 10)
    assert make_forecast(make_inputs(sales), make_settings(sales)).mean.shape == (200, 10, 12)


def test_scikit_learn_is_imported_only_where_there_is_enough_to_learn() -> None:
    code = "import sys, quotaopt.forecast; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ------------------------------------------------------------------ example data


def load(name: str, by: str = "product") -> tuple[pd.DataFrame, pd.DataFrame]:
    folder = DATA / name / "tidy"
    if not folder.is_dir():
        pytest.skip("example data are not at hand")
    history, reps = pd.read_csv(folder / "history.csv"), pd.read_csv(folder / "reps.csv")
    if by != "product":
        products = pd.read_csv(folder / "products.csv").set_index("product")[by]
        history["product"] = history["product"].map(products)
    history = history.rename(columns={"rep": "rep_id", "product": "product_id"})
    history["month"] = history["date"].str[:7]
    roster = pd.DataFrame({"rep_id": reps["rep"], "region": reps["region"].fillna("")})
    roster["role"], roster["start_date"] = reps.get("role", ""), pd.to_datetime(reps.get("hire_date"))
    roster["end_date"], roster["headcount"], roster["ramp_profile"] = pd.NaT, 1.0, ""
    return history.groupby(["rep_id", "product_id", "month"], as_index=False)["amount"].sum(), roster


@pytest.mark.parametrize(
    ("name", "by", "first", "cells", "sums"),
    [
        ("adventureworks", "family", "2013-07", 1.0, 1.0),
        ("tourism", "product", "2016-01", 0.85, 0.95),
        ("tourism", "product", "2014-01", 0.85, 0.97),
        ("crm_opportunities", "product", "2017-10", 1.015, 1.01),
    ],
)
def test_auto_beats_the_naive_on_months_it_has_not_seen(
    name: str, by: str, first: str, cells: float, sums: float
) -> None:
    history, roster = load(name, by)
    ahead = sorted(set(history.loc[history["month"] >= first, "month"]))[:12]
    products = pd.DataFrame({"product_id": sorted(set(history["product_id"])), "launch_month": "", "end_month": ""})
    inputs = Inputs(history[history["month"] < first], roster, products)
    plan = {"first_month": ahead[0], "last_month": ahead[-1]}
    auto, naive = (
        make_forecast(inputs, make_settings(12, forecast={"method": m, "fence": False}).model_copy(update=plan))
        for m in ("auto", "seasonal_naive")
    )
    index = pd.MultiIndex.from_product([auto.reps, auto.products, auto.months])
    truth = history.set_index(["rep_id", "product_id", "month"])["amount"].reindex(index, fill_value=0.0)
    actual = truth.to_numpy().reshape(auto.mean.shape)
    mature = auto.own_weight == 1
    miss, naive_miss = (np.abs(f.mean - actual)[mature].sum() for f in (auto, naive))
    assert miss <= cells * naive_miss
    miss, naive_miss = (np.abs((f.mean - actual).sum(axis=(1, 2)))[mature].sum() for f in (auto, naive))
    assert miss <= sums * naive_miss
