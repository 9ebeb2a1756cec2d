"""Breaks of level, past years with weights, and months that are missing rather than zero."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quotaopt.errors import InputError
from quotaopt.forecast import Forecast, Panel, forecasters, make_forecast, make_past
from quotaopt.forecast.history.breaks import find_breaks
from quotaopt.forecast.history.events import measure_factor
from quotaopt.scenario import load_scenario
from quotaopt.settings import Settings
from quotaopt.tables import Inputs

Floats = NDArray[np.float64]
LENGTH = 36
MONTHS = [str(m) for m in pd.period_range("2024-01", periods=LENGTH + 12, freq="M")]
few = settings(max_examples=10, deadline=None, derandomize=True)


def make_inputs(values: Floats, region: str = "", **rows: Any) -> Inputs:
    """Inputs of a (reps, products, months) array; nan makes no row. `region` is one letter per rep."""
    n, products, length = values.shape
    reps, items = [f"R{i:02}" for i in range(n)], [f"P{i}" for i in range(products)]
    index = pd.MultiIndex.from_product([reps, items, MONTHS[:length]], names=["rep_id", "product_id", "month"])
    history = pd.DataFrame({"amount": values.ravel()}, index=index).dropna().reset_index()
    roster = pd.DataFrame({"rep_id": reps, "region": list(region) or "", "role": "", "headcount": 1.0})
    roster = roster.assign(ramp_profile="", start_date=pd.NaT, end_date=pd.NaT, **rows)
    return Inputs(history, roster, pd.DataFrame({"product_id": items, "launch_month": "", "end_month": ""}))


def make_settings(method: str = "pooled_season", events: Any = (), length: int = LENGTH, **keys: Any) -> Settings:
    plan = {"first_month": MONTHS[length], "last_month": MONTHS[length + 11]} if length < LENGTH else {}
    plan = plan or {"first_month": MONTHS[LENGTH], "last_month": MONTHS[-1]}
    forecast = {"method": method, "events": [*events], **keys}
    return Settings.model_validate(
        {"target": 1, **plan, "data": {"history": ["h.csv"], "roster": ["r.csv"]}, "forecast": forecast}
    )


def run(values: Floats, method: str = "pooled_season", events: Any = (), region: str = "", **keys: Any) -> Forecast:
    return make_forecast(make_inputs(values, region), make_settings(method, events, **keys))


def draw(seed: int, reps: int = 12, noise: float = 20, length: int = LENGTH + 12) -> Floats:
    """Reps of different size, a common season and growth, noise; three years and the one after them."""
    rng, t = np.random.default_rng(seed), np.arange(length)
    season = (1 + 0.4 * np.sin(2 * np.pi * t / 12)) * 1.05 ** (t / 12)
    return np.asarray(rng.lognormal(8, 1, (reps, 2, 1)) * season * rng.gamma(noise, 1 / noise, (reps, 2, length)))


def halve(values: Floats, reps: slice, k: int, factor: float = 0.5) -> Floats:
    """These reps sell half from `k` months before the plan on."""
    out = values.copy()
    out[reps, :, LENGTH - k :] *= factor
    return out


# ------------------------------------------------------------------ declared breaks


@pytest.mark.parametrize("k", [3, 6, 12])
@pytest.mark.parametrize("method", ["seasonal_naive", "pooled_season", "pipeline"])
def test_a_declared_break_is_forecast_as_if_it_had_always_been_so(method: str, k: int) -> None:
    """Half from k months ago on, declared: as a rep of half the size; growth does not carry the fall on."""
    sales = draw(1)
    month = MONTHS[LENGTH - k]
    event = {"month": month, "factor": 0.5, "rep": "R00", "reason": "territory cut"}
    told = run(halve(sales, slice(1), k)[:, :, :LENGTH], method, [event])
    always = run(halve(sales, slice(1), LENGTH)[:, :, :LENGTH], method)
    assert told.mean == pytest.approx(always.mean, rel=1e-9)
    assert told.mean[0].sum() > 0.9 * halve(sales, slice(1), k)[0, :, LENGTH - k : LENGTH].sum() * 12 / k * 0.6
    [note] = [n.what for n in told.notes if n.code == "event"]
    assert note == f"event {month} (R00: territory cut): sales before it × 0.5 (as declared)"


@pytest.mark.parametrize("k", [3, 6, 12])
def test_the_factor_of_a_declared_break_is_measured(k: int) -> None:
    """Error of the year of the reps that were cut in half: near what it is without the cut, far below untold."""
    errors = []
    for seed in range(4):
        sales = draw(seed)
        cut = halve(sales, slice(3), k)
        events = [{"month": MONTHS[LENGTH - k], "rep": f"R{i:02}"} for i in range(3)]
        truth = cut[:3, :, LENGTH:].sum(axis=(1, 2))
        plain = run(sales[:, :, :LENGTH]).rep_mean[:3] / 2
        told, untold = (run(cut[:, :, :LENGTH], events=e).rep_mean[:3] for e in (events, []))
        errors.append([np.abs(f - truth).sum() / truth.sum() for f in (plain, told, untold)])
    plain_error, told_error, untold_error = np.mean(errors, axis=0)
    assert told_error < plain_error + 0.3 / k
    assert k == 12 or told_error < 0.5 * untold_error


def test_the_measured_factor_needs_no_noise_to_be_exact_whatever_season_and_growth() -> None:
    t = np.arange(LENGTH)
    sales = np.array([3.0, 5.0, 7.0])[:, None, None] * (1 + 0.4 * np.sin(2 * np.pi * t / 12)) * 1.1 ** (t / 12)
    everybody, first = np.ones((3, 1), dtype=bool), np.array([[True], [False], [False]])
    for at in (5, 20, 33):
        panel = make_past(make_inputs(halve(sales, slice(1), LENGTH - at, 0.4)), make_settings()).panel
        assert measure_factor(panel, at, first, ~first)[0] == pytest.approx(0.4, rel=0.01)
    panel = make_past(make_inputs(sales), make_settings()).panel
    assert measure_factor(panel, 24, everybody, ~everybody) == (pytest.approx(1.1, rel=0.05), 12)
    nothing = make_past(make_inputs(sales * 0), make_settings()).panel
    assert measure_factor(nothing, 24, first, ~first) == (1.0, 0)


def test_events_concern_a_rep_a_region_a_product_or_all() -> None:
    sales = np.ones((3, 2, LENGTH))
    month = MONTHS[24]
    for scope, cells in (
        ({"rep": "R01"}, [[0, 0], [1, 1], [0, 0]]),
        ({"region": "E"}, [[1, 1], [0, 0], [1, 1]]),
        ({"product": "P1"}, [[0, 1]] * 3),
        ({"region": "E", "product": "P0"}, [[1, 0], [0, 0], [1, 0]]),
        ({}, [[1, 1]] * 3),
    ):
        chosen = make_settings(events=[{"month": month, "factor": 3, **scope}])
        values = make_past(make_inputs(sales, "EWE"), chosen).panel.values
        assert values[:, :, :24] == pytest.approx(np.repeat(1 + 2 * np.array(cells)[:, :, None], 24, axis=2))
        assert (values[:, :, 24:] == 1).all()


def test_the_newest_event_comes_first_and_booked_sales_stay() -> None:
    sales = np.full((4, 1, LENGTH), 100.0)
    sales[0, :, 12:], sales[0, :, 30:] = 50.0, 25.0
    events = [{"month": MONTHS[12], "rep": "R00"}, {"month": MONTHS[30], "rep": "R00"}]
    past = make_past(make_inputs(sales), make_settings(events=events))
    assert past.panel.values[0] == pytest.approx(np.full((1, LENGTH), 25.0), rel=0.03)
    assert past.last_year[0, 0] == pytest.approx(sales[0, 0, -12:])


def test_an_event_outside_the_history_is_without_effect_and_said() -> None:
    result = run(draw(0)[:, :, :LENGTH], events=[{"month": "2023-01", "factor": 0.5}])
    assert [n.what for n in result.notes if n.code == "event"] == [
        "event 2023-01 (everything): outside the history used, so without effect"
    ]


def scenario_problems(folder: Path, text: str) -> list[str]:
    files = {
        "scenarios/s.toml": text,
        "h.csv": "rep_id,product_id,month,amount\nR1,core,2026-01,1\n",
        "r.csv": "rep_id,region,role\nR1,East,hunter\n",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    from quotaopt.tables import read_inputs

    with pytest.raises(InputError) as failure:
        read_inputs(load_scenario("s", folder))
    return [str(finding) for finding in failure.value.findings]


SCENARIO = """target = 100
first_month = "2027-01"
last_month = "2027-12"
[data]
history = "../h.csv"
roster = "../r.csv"
"""


def test_unknown_names_in_events_are_found_with_their_line(tmp_path: Path) -> None:
    events = """[ramp]
roles = { hunte = "slow" }
profiles = { slow = [0.5] }
[[forecast.events]]
month = "2026-04"
rep = "R2"
factor = 0.5
[[forecast.events]]
month = "2026-04"
region = "Est"
product = "cor"
"""
    ends = "no sales from then on: history ends 2026-01"
    assert scenario_problems(tmp_path, SCENARIO + events) == [
        "scenarios/s.toml:17  forecast.events.1.product: not in h.csv (got 'cor'). Did you mean 'core'?",
        f"scenarios/s.toml:15  forecast.events.1.month: {ends} (got '2026-04'). Write the factor.",
        "scenarios/s.toml:8  ramp.roles: not in r.csv (got 'hunte'). Did you mean 'hunter'?",
        "scenarios/s.toml:12  forecast.events.0.rep: not in r.csv (got 'R2'). Did you mean 'R1'?",
        "scenarios/s.toml:16  forecast.events.1.region: not in r.csv (got 'Est'). Did you mean 'East'?",
    ]


def test_events_of_the_wrong_shape_are_refused(tmp_path: Path) -> None:
    events = '[[forecast.events]]\nmonth = "2026-04"\nfactor = -1\nprodukt = "x"\n[ramp]\nroles = { hunter = "slow" }\n'
    assert scenario_problems(tmp_path, f"{SCENARIO}{events}[forecast]\nweights = []\n") != []
    remedy = 'Leave it out, or write "estimate", to have it measured.'
    assert scenario_problems(tmp_path, SCENARIO + events) == [
        f"scenarios/s.toml:9  forecast.events.0.factor: must be a number greater than 0 (got '-1'). {remedy}",
        "scenarios/s.toml:10  forecast.events.0.produkt: unknown key. Did you mean 'product'?",
        "scenarios/s.toml:12  ramp.roles: no such ramp profile: slow. Profiles: none.",
    ]


def test_a_scenario_with_events_reads_back(tmp_path: Path) -> None:
    scenario_problems(tmp_path, SCENARIO + '[[forecast.events]]\nmonth = "2026-04"\nrep = "R2"\n')
    scenario = load_scenario("s", tmp_path)
    folder = tmp_path / "runs" / "x"
    folder.mkdir(parents=True)
    (folder / "scenario.toml").write_text(scenario.to_toml(folder), encoding="utf-8")
    assert load_scenario(str(folder), tmp_path).settings == scenario.settings


# ------------------------------------------------------------------ breaks nobody declared


@pytest.mark.parametrize("k", [3, 6, 12])
def test_a_large_undeclared_break_is_reported_and_nothing_else(k: int) -> None:
    sales = draw(3, reps=20)[:, :, :LENGTH]
    broken = halve(draw(3, reps=20), slice(1), k, 0.3)[:, :, :LENGTH]
    result = run(broken)
    [note] = [n for n in result.notes if n.code == "break"]
    assert note.what.startswith("R00 has sold ")
    assert "% less since about " in note.what
    assert any(f'month = "{m}", rep = "R00"' in note.remedy for m in MONTHS[LENGTH - k - 1 : LENGTH - k + 2])
    told = run(broken, events=[{"month": MONTHS[LENGTH - k], "rep": "R00"}])
    assert not [n for n in told.notes if n.code == "break"]
    assert make_past(make_inputs(broken), make_settings()).panel.values == pytest.approx(broken)
    assert not [n for n in run(sales).notes if n.code == "break"]


def test_false_alarms_are_rare() -> None:
    """Of 30 reps × 20 panels with much noise (standard deviation of a month 58 %) at most one in a hundred."""
    alarms = 0
    for seed in range(20):
        panel = make_past(make_inputs(draw(seed, 30, noise=3)[:, :, :LENGTH]), make_settings()).panel
        alarms += int((~np.isnan(find_breaks(panel)[:, 0])).sum())
    assert alarms <= 6


# ------------------------------------------------------------------ weighted past years


def test_past_years_by_weight() -> None:
    sales = np.concatenate([np.full(12, 10.0), np.full(12, 20.0), np.arange(30.0, 42.0)]).reshape(1, 1, LENGTH)
    result = run(sales, "weighted_years")
    assert result.mean[0, 0] == pytest.approx(0.5 * np.arange(30.0, 42.0) + 0.3 * 20 + 0.2 * 10)
    assert run(sales, "weighted_years", weights=[0, 1]).mean[0, 0] == pytest.approx(np.full(12, 20.0))
    [note] = [n.what for n in result.notes if n.code == "weights"]
    assert note == "shares of past years in the forecast, last year first: 69 %, 23 %, 8 %"


def test_years_that_are_missing_leave_their_weight_to_the_others() -> None:
    sales = np.full((3, 1, LENGTH), 100.0)
    sales[1, :, :12], sales[2, :, :24] = np.nan, np.nan
    result = run(sales, "weighted_years")
    assert result.mean == pytest.approx(np.full((3, 1, 12), 100.0))
    assert [n.what for n in result.notes if n.code == "weights"][1] == (
        "years missing, so the others count for more: R01 (2 of 3), R02 (1 of 3)"
    )


@few
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 30))
def test_weighted_years_stay_between_the_least_and_the_most_sold(seed: int, length: int, horizon: int) -> None:
    values = draw(seed, 3)[:, :, :length]
    panel = Panel(("a", "b", "c"), ("p", "q"), 2024 * 12, values, *[np.array([""] * 3, object)] * 2, (0.5, 0.3, 0.2))
    mean = forecasters["weighted_years"](panel, horizon)
    assert mean.shape == (3, 2, horizon)
    assert (mean >= values.min(axis=2, keepdims=True) * (1 - 1e-9)).all()
    assert (mean <= values.max(axis=2, keepdims=True) * (1 + 1e-9)).all()


# ------------------------------------------------------------------ missing or zero


def test_a_month_without_any_row_of_a_rep_is_missing_and_said() -> None:
    sales = np.full((3, 2, LENGTH), 100.0)
    sales[0, :, 30] = np.nan
    sales[1, 0, 30] = np.nan
    result = run(sales, "trailing_mean")
    assert result.mean[0] == pytest.approx(np.full((2, 12), 100.0))
    assert result.mean[1, 0] == pytest.approx(np.full(12, 1100 / 12))
    assert result.months_used.tolist() == [LENGTH - 1, LENGTH, LENGTH]
    assert [n.what for n in result.notes if n.code == "no_rows"] == [
        f"months without a single row, taken as missing: R00 ({MONTHS[30]})"
    ]
    assert run(sales, "trailing_mean", no_rows="zero").mean[0] == pytest.approx(np.full((2, 12), 1100 / 12))


def test_a_rep_who_sells_now_and_then_has_zeros() -> None:
    rng = np.random.default_rng(0)
    sales = np.full((3, 2, LENGTH), 100.0)
    sales[0, :, 1 + rng.permutation(LENGTH - 1)[:18]] = np.nan  # half of the months
    sales[1, :, 1:] = np.where(
        rng.random((2, LENGTH - 1)) < 0.4, np.nan, 100.0
    )  # products apart, both missing by chance
    inputs = make_inputs(sales)
    panel = make_past(inputs, make_settings()).panel
    assert panel.values == pytest.approx(np.nan_to_num(sales))
    missing = make_past(inputs, make_settings(no_rows="missing")).panel.values
    assert np.isnan(missing[0]).all(axis=0).sum() == 18


@few
@given(st.integers(0, 10**6))
def test_a_tenth_of_the_months_removed_changes_the_total_little(seed: int) -> None:
    """Taken as zeros they would cost a tenth; the months themselves are left for the forecaster to fill."""
    sales = draw(seed)[:, :, :LENGTH]
    rng = np.random.default_rng(seed)
    holes = sales.copy()
    for r in range(len(sales)):
        holes[r, :, rng.permutation(LENGTH)[:3]] = np.nan
    whole, filled, zeros = (
        run(x, no_rows=n).mean.sum() for x, n in ((sales, "judge"), (holes, "judge"), (holes, "zero"))
    )
    assert abs(filled / whole - 1) < 0.03
    assert zeros < whole
