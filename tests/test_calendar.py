"""Weekdays and the Chinese new year: found where they are, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from quotaopt.forecast import Panel, forecasters, make_forecast
from quotaopt.forecast.history.calendar import find_calendar, workday_ratio
from quotaopt.forecast.history.lunar import FIRST_YEAR, NEW_YEARS, lunar_shares, weekday_ratio
from quotaopt.settings import Settings
from quotaopt.workdays import Workdays

from .test_forecast import few, make_inputs, make_settings
from .test_new_hires import draw_reps

Floats = NDArray[np.float64]
START = 2020 * 12
CHINA, GERMANY = Workdays("CN", "CN"), Workdays("DE-BY", "DE-BY")


def draw_year(seed: int, length: int, lunar: float = 0.0, weekdays: float = 0.0, reps: int = 30) -> Panel:
    """Reps whose months the Chinese new year moves by +60 % before and −100 % during (× `lunar`), from 2020-01 on."""
    months = np.arange(START, START + length)
    factors = (1 + lunar * np.array([0.6, -1.0]) @ lunar_shares(months)) * weekday_ratio(months) ** weekdays
    values = draw_reps(seed, reps, 4, length, 0.5) * factors
    empty = np.full(reps, "", dtype=object)
    names = tuple(f"R{i:03}" for i in range(reps)), tuple(f"P{i:02}" for i in range(4))
    return Panel(*names, START, values, empty, empty)


def run(panel: Panel, known: int, calendar: str = "", method: str = "pooled_season", **keys: Any) -> Floats:
    """Company months of the forecast of the 12 months after `known`."""
    inputs = make_inputs(panel.values[:, :, :known], first="2020-01")
    plan = [str(pd.Period("2020-01", "M") + known + i) for i in (0, 11)]
    chosen = make_settings(known, method, calendar=calendar, **keys)
    chosen = chosen.model_copy(update={"first_month": plan[0], "last_month": plan[1]})
    made = make_forecast(inputs, chosen)
    assert made.rep_mean == pytest.approx(made.mean.sum(axis=(1, 2)))
    assert (made.low <= made.mean).all()
    assert (made.mean <= made.high).all()
    return np.asarray(made.mean.sum(axis=(0, 1)))


def test_the_table_of_new_years() -> None:
    days = [pd.Timestamp(f"{FIRST_YEAR + i}-{day}") for i, day in enumerate(NEW_YEARS)]
    assert len(days) == 31
    gaps = {(b - a).days for a, b in pairwise(days)}
    assert gaps <= {353, 354, 355, 383, 384, 385}  # twelve or thirteen moons
    known = {2020: "01-25", 2023: "01-22", 2024: "02-10", 2025: "01-29", 2026: "02-17", 2027: "02-06"}
    assert {y: NEW_YEARS[y - FIRST_YEAR] for y in known} == known


def test_shares_of_windows_by_hand() -> None:
    """2023: 22 January, so all before and 10 of 14 days during in January; 2026: 17 February, 5 of 21 in January."""
    months = np.arange(2010 * 12, 2041 * 12)
    shares = lunar_shares(months)
    assert shares.reshape(2, 31, 12).mean(axis=1) == pytest.approx(np.zeros((2, 12)), abs=1e-12)
    year = shares.reshape(2, 31, 12)
    change = year[:, 2023 - 2010] - year[:, 2026 - 2010]
    assert change[0, :2] == pytest.approx([1 - 5 / 21, -16 / 21])
    assert change[1, :3] == pytest.approx([10 / 14, 4 / 14 - 12 / 14, -2 / 14])
    assert (lunar_shares(np.arange(2041 * 12, 2050 * 12)) == 0).all()


def test_weekdays_by_hand() -> None:
    ratio = weekday_ratio(np.array([2026 * 12 + 1, 2024 * 12 + 1, 2027 * 12]))
    assert ratio == pytest.approx([20 / (141.25 / 7), 21 / (141.25 / 7), 21 / (155 / 7)])


@pytest.mark.parametrize("country", ["CN", ""])
def test_the_new_year_halves_the_error_of_january_and_february_where_it_moves_month(country: str) -> None:
    """Plans of 2024 to 2028 from four years of history; the date moves between the months in 2024, 2025, 2026, 2028."""
    errors = []
    for seed in range(2):
        panel = draw_year(seed, 12 * 9, lunar=1.0, reps=150)
        for known in range(48, 97, 12):
            past = replace(panel, values=panel.values[:, :, known - 48 : known], first=START + known - 48)
            found, truth = (
                find_calendar(past, 12, CHINA if country else None),
                panel.values[:, :, known : known + 2].sum(axis=(0, 1)),
            )
            told = forecasters["pooled_season"](found.remove(past), 12) * found.ahead
            untold = forecasters["pooled_season"](past, 12)
            errors.append([np.abs(m.sum(axis=(0, 1))[:2] - truth).sum() / truth.sum() for m in (told, untold)])
    told, untold = np.mean(errors, axis=0)
    assert told < 0.5 * untold


def test_the_scenario_turns_it_on() -> None:
    panel = draw_year(0, 48, lunar=1.0, reps=10)
    plain, told = run(panel, 36), run(panel, 36, "CN")
    found = find_calendar(panel.until(36), 12, CHINA)
    assert told[0] / plain[0] == pytest.approx(found.ahead[:, 0].mean(), rel=0.2)
    assert abs(told[0] / plain[0] - 1) > 0.1
    assert told.sum() == pytest.approx(plain.sum(), rel=0.05)


@few
@given(st.integers(0, 10**6), st.sampled_from([24, 36, 48, 60]))
def test_nothing_changes_without_an_effect(seed: int, known: int) -> None:
    panel = draw_year(seed, known)
    found = find_calendar(panel, 12)
    assert found.effects == {}
    assert (found.ahead == 1).all()
    assert found.remove(panel) is panel
    declared = find_calendar(panel, 12, CHINA)  # declared where there is none, it is small
    if known >= 36:
        assert np.abs(declared.ahead - 1).max() < 0.15


def test_working_days_by_hand() -> None:
    """Bavaria: Easter Monday is in April in 2025 (with Good Friday) and 2026; Whit Monday in June, then in May."""
    months = np.arange(2025 * 12, 2027 * 12)
    ratio = workday_ratio(months, GERMANY)
    assert ratio.reshape(2, 12).mean(axis=0) == pytest.approx(np.ones(12))
    assert ratio[4] / ratio[16] == pytest.approx(20 / 18)
    assert workday_ratio(months[5:7], GERMANY) == pytest.approx([1.0, 1.0])


@few
@given(st.integers(0, 10**6))
def test_working_days_of_a_country_are_found_by_the_back_test(seed: int) -> None:
    plain = draw_year(seed, 72, reps=80)
    days = workday_ratio(np.arange(START, START + 72), GERMANY)
    found = find_calendar(replace(plain, values=plain.values * days).until(60), 12, GERMANY)
    assert found.effects["working days"][0] == pytest.approx(1.0, abs=0.4)
    assert any("working days" in n.what for n in found.note())
    assert "weekdays" not in found.effects


@pytest.mark.parametrize("seed", range(4))
def test_weekdays_are_found_by_the_back_test(seed: int) -> None:
    panel = draw_year(seed, 72, weekdays=1.0, reps=80)
    found = find_calendar(panel.until(60), 12)
    assert found.effects["weekdays"][0] == pytest.approx(1.0, abs=0.4)
    assert any("weekdays" in n.what for n in found.note())
    truth = weekday_ratio(np.arange(START + 60, START + 72))
    assert np.abs(found.ahead - truth).mean() < 0.6 * np.abs(truth - 1).mean()


def test_factors_keep_the_mean_of_many_years() -> None:
    panel = draw_year(0, 60, lunar=1.0, weekdays=1.0)
    found = find_calendar(panel, 16 * 12, CHINA)
    assert found.ahead.mean() == pytest.approx(1.0, abs=0.01)
    assert found.ahead.reshape(4, 16, 12)[:, :, 3:11].std() < 0.05
    assert set(found.effects) >= {"lunar new year"}
    before, during = found.effects["lunar new year"]
    assert before == pytest.approx(0.6, abs=0.3)
    assert during == pytest.approx(-1.0, abs=0.4)


@few
@given(st.integers(0, 10**6), st.sampled_from([1e-4, 1e7]))
def test_unit_and_order_do_not_matter(seed: int, unit: float) -> None:
    panel = draw_year(seed, 48, lunar=1.0, reps=8)
    one = find_calendar(panel, 12, CHINA).ahead
    scaled = find_calendar(replace(panel, values=panel.values * unit), 12, CHINA).ahead
    assert scaled == pytest.approx(one, rel=1e-9)
    assert find_calendar(replace(panel, values=panel.values[::-1]), 12, CHINA).ahead == pytest.approx(one)


@few
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 40))
def test_any_history_is_taken(seed: int, products: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.lognormal(0, 2, (5, products, length)) * rng.choice([0.0, 1.0, np.nan, -1.0], (5, products, length))
    empty = np.full(5, "", dtype=object)
    found = find_calendar(Panel(tuple("abcde"), tuple("pqrs"[:products]), START, values, empty, empty), 12, CHINA)
    assert np.isfinite(found.past).all()
    assert np.isfinite(found.ahead).all()
    assert ((found.past >= 0.05) & (found.past <= 10)).all()


def test_only_a_calendar_that_is_known() -> None:
    with pytest.raises(ValidationError, match="no such calendar"):
        make_settings(24, calendar="XX")
    assert Settings.model_fields["calendar"].default == ""
