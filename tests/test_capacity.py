"""Capacity = potential × headcount × ramp, checked by hand."""

from __future__ import annotations

from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from quotaopt.attrition import seat_ramp
from quotaopt.capacity import capacity_table, make_capacity, outlook_table
from quotaopt.presence import check_profiles, count_heads, read_ramp
from quotaopt.settings import Attrition, Potential, Workload
from quotaopt.settings.people import Hiring, Leave
from quotaopt.workdays import Workdays
from quotaopt.workload import check_workload, share_in_time

MONTHS = ("2027-01", "2027-02", "2027-03", "2027-04")


def make_roster(*rows: dict[str, Any]) -> pd.DataFrame:
    plain = {"start_date": None, "end_date": None, "headcount": 1.0, "ramp_profile": ""}
    frame = pd.DataFrame([{"rep_id": f"R{i}", **plain, **row} for i, row in enumerate(rows)])
    for column in ("start_date", "end_date"):
        frame[column] = pd.to_datetime(frame[column])
    return frame


def make_settings(profile: list[float] | None = None, **profiles: list[float]) -> Any:
    ramp = SimpleNamespace(profile=profile or [1.0], profiles=profiles, roles={})
    return SimpleNamespace(
        ramp=ramp,
        forecast=SimpleNamespace(capacity="mean", level=0.8),
        attrition=Attrition(),
        workload=Workload(),
        potential=Potential(),
        price={},
        unit=1,
        calendar="",
        leave=Leave(),
        hiring=Hiring(),
    )


def make_parts(roster: pd.DataFrame, settings: Any, potential: float = 100.0) -> tuple[Any, Any, Any]:
    reps = tuple(sorted(roster["rep_id"]))
    mean = np.full((len(reps), 2, len(MONTHS)), potential)
    forecast = SimpleNamespace(reps=reps, products=("a", "b"), months=MONTHS, mean=mean)
    return forecast, SimpleNamespace(roster=roster, more={}), settings


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, [1, 1, 1, 1]),
        ({"headcount": 0.5}, [0.5] * 4),
        ({"start_date": "2027-02-15"}, [0, 14 / 28, 1, 1]),  # 15th to 28th
        ({"start_date": "2027-02-01"}, [0, 1, 1, 1]),
        ({"end_date": "2027-03-01"}, [1, 1, 1 / 31, 0]),  # the last day is worked
        ({"end_date": "2027-02-28"}, [1, 1, 0, 0]),
        ({"start_date": "2027-01-11", "end_date": "2027-01-20"}, [10 / 31, 0, 0, 0]),
        ({"start_date": "2028-01-01"}, [0] * 4),
        ({"end_date": "2026-12-31"}, [0] * 4),
    ],
)
def test_headcount_is_prorated_by_calendar_days(row: dict[str, Any], expected: list[float]) -> None:
    assert count_heads(make_roster(row), MONTHS, Workdays())[0] == pytest.approx(expected)


def test_february_of_a_leap_year_has_29_days() -> None:
    assert count_heads(make_roster({"start_date": "2028-02-15"}), ["2028-02"], Workdays())[0, 0] == pytest.approx(
        15 / 29
    )


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, [1, 1, 1, 1]),  # no start date: fully ramped
        ({"start_date": "2027-01-01"}, [0.2, 0.6, 1, 1]),
        ({"start_date": "2027-01-20"}, [0.2, 0.2 + 0.4 * 12 / 31, 0.6 + 0.4 * 12 / 31, 1]),  # 19 of 31 days behind
        ({"start_date": "2026-12-01"}, [0.6, 1, 1, 1]),
        ({"start_date": "2020-01-01", "ramp_profile": "slow"}, [1, 1, 1, 1]),
        ({"start_date": "2027-02-01", "ramp_profile": "slow"}, [0, 0, 0.1, 0.5]),
    ],
)
def test_ramp_counts_months_since_the_start_date(row: dict[str, Any], expected: list[float]) -> None:
    ramp = read_ramp(make_roster(row), MONTHS, make_settings([0.2, 0.6], slow=[0.0, 0.1, 0.5]), Workdays())
    assert ramp[0] == pytest.approx(expected)


def test_a_role_may_have_a_profile_that_the_roster_overrides() -> None:
    settings = make_settings([0.2], slow=[0.0, 0.1], fast=[0.9])
    settings.ramp.roles = {"hunter": "slow"}
    start = {"start_date": "2027-01-01"}
    rows = ({"role": "hunter"}, {"role": "hunter", "ramp_profile": "fast"}, {"role": "farmer"})
    ramp = read_ramp(make_roster(*({**start, **row} for row in rows)), MONTHS, settings, Workdays())
    assert ramp[:, :3].tolist() == [[0.0, 0.1, 1.0], [0.9, 1.0, 1.0], [0.2, 1.0, 1.0]]


def test_capacity_multiplies_and_floors_at_zero() -> None:
    roster = make_roster({"start_date": "2027-02-15", "headcount": 0.5}, {})
    forecast, inputs, settings = make_parts(roster, make_settings([0.4]))
    forecast.mean[1, 0, 0] = -5.0
    capacity = make_capacity(forecast, inputs, settings)
    assert capacity.values[0, 1] == pytest.approx([0, 100 * 0.25 * 0.4, 50 * (0.4 + 1) / 2, 50])
    assert capacity.values[1, 0] == pytest.approx([0, 100, 100, 100])


def test_the_order_of_the_roster_does_not_matter() -> None:
    roster = make_roster({"headcount": 0.5}, {"start_date": "2027-03-01"}, {})
    forecast, inputs, settings = make_parts(roster, make_settings())
    shuffled = SimpleNamespace(roster=roster.iloc[::-1], more={})
    same = make_capacity(forecast, shuffled, settings).values == make_capacity(forecast, inputs, settings).values
    assert same.all()


def test_an_unknown_profile_names_the_nearest() -> None:
    roster = make_roster({"ramp_profile": "field"}, {"ramp_profile": "feild"}, {"ramp_profile": "feild"})
    _, inputs, settings = make_parts(roster, make_settings(field=[0.5]))
    (finding,) = check_profiles(inputs, settings)
    assert str(finding) == "ramp_profile: no such ramp profile (got 'feild'). Did you mean 'field'?"
    (finding,) = check_profiles(inputs, make_settings(field=[0.5], zzz=[1.0]))
    assert finding.remedy == "Did you mean 'field'?"
    assert check_profiles(SimpleNamespace(roster=make_roster({"ramp_profile": "x"})), make_settings())[0].remedy == (
        "Add it under [ramp.profiles]."
    )


def test_the_table_has_a_row_for_each_cell() -> None:
    roster = make_roster({"headcount": 0.5}, {})
    forecast, inputs, settings = make_parts(roster, make_settings())
    capacity = make_capacity(forecast, inputs, settings)
    table = capacity_table(forecast, capacity)
    assert list(table) == [
        "rep_id",
        "product_id",
        "period",
        "potential",
        "headcount",
        "ramp",
        "factor",
        "limited_by",
        "capacity",
    ]
    assert len(table) == 2 * 2 * 4
    row = table.set_index(["rep_id", "product_id", "period"]).loc[("R0", "b", "2027-02")]
    assert row.tolist() == [100.0, 0.5, 1.0, 1.0, "forecast", 50.0]
    assert table["capacity"].sum() == pytest.approx(capacity.values.sum())


def make_sampled(roster: pd.DataFrame, at: float | str, spread: float = 0.2) -> tuple[Any, Any, Any]:
    forecast, inputs, settings = make_parts(roster, make_settings([0.5]))
    normal = np.array([NormalDist().inv_cdf((k + 0.5) / 200) for k in range(200)])
    rng = np.random.default_rng(0)
    off = 1 + spread * np.array([rng.permutation(normal) for _ in forecast.reps])
    forecast.samples = forecast.mean.sum(axis=1)[:, :, None] * off[:, None, :]
    settings.forecast.capacity = at
    return forecast, inputs, settings


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_capacity_at_a_quantile_is_that_of_the_reps_own_sum(at: float) -> None:
    roster = make_roster({"headcount": 0.5}, {"start_date": "2027-02-15"}, {"start_date": "2028-01-01"})
    forecast, inputs, settings = make_sampled(roster, at)
    capacity = make_capacity(forecast, inputs, settings)
    sums = np.einsum("rtb,rt->rb", forecast.samples, capacity.presence)
    assert capacity.values.sum(axis=(1, 2)) == pytest.approx(np.quantile(sums, at, axis=1))
    assert capacity.factor[:2] == pytest.approx(1 + 0.2 * NormalDist().inv_cdf(at), abs=0.01)
    assert capacity.factor[2] == 1  # not there: nothing to scale
    assert (np.diff(make_capacity(*make_sampled(roster, 0.95)).values - capacity.values) >= -1e-9).all()


def test_a_quantile_below_zero_is_zero_and_told() -> None:
    forecast, inputs, settings = make_sampled(make_roster({}, {}), 0.05, spread=1.0)
    capacity = make_capacity(forecast, inputs, settings)
    assert (capacity.values == 0).all()
    (note,) = capacity.notes
    assert str(note) == "the 0.05 quantile of the plan's sales is below 0, so capacity is 0, for R0, R1."


def test_what_is_floored_is_told_in_money() -> None:
    forecast, inputs, settings = make_parts(make_roster({"headcount": 0.5}, {}), make_settings())
    forecast.mean[0, 0, 0] = -30.0
    (note,) = make_capacity(forecast, inputs, settings).notes
    assert note.what.endswith("higher than the forecast, for R0 (15)")


def test_a_regions_quantile_is_not_the_sum_of_its_reps_quantiles() -> None:
    roster = make_roster(*({} for _ in range(8))).assign(region="North", rep_name="")
    forecast, inputs, settings = make_sampled(roster, 0.1)
    capacity = make_capacity(forecast, inputs, settings)
    table = outlook_table(forecast, capacity, inputs, settings).set_index(["level", "key"])
    north, reps = table.loc[("region", "North")], table.loc["rep"]
    assert north["capacity"] == pytest.approx(reps["capacity"].sum())
    assert reps["capacity"].to_numpy() == pytest.approx(reps["quantile"].to_numpy())
    assert north["quantile"] > north["capacity"]  # not all of them are unlucky together
    assert north["expected"] == pytest.approx(reps["expected"].sum())
    assert table.loc[("all", "all")].iloc[1:-1].tolist() == north.iloc[1:-1].tolist()
    assert (table["low"] < table["expected"]).all()
    assert (table["expected"] < table["high"]).all()


def make_leavers(monthly: float, backfill: int, months: int = 6, profile: list[float] | None = None) -> Any:
    settings = make_settings(profile)
    settings.attrition = Attrition(monthly={"hunter": monthly}, backfill=backfill)
    roster = pd.DataFrame({"role": ["hunter", "farmer"]})
    return seat_ramp(roster, np.ones((2, months)), np.ones((2, months)), settings)


def test_a_seat_by_hand() -> None:
    """A tenth leaves at the end of each month; the seat is empty for a month; the next one starts with half."""
    hunter, farmer = make_leavers(0.1, 1, 4, [0.5])
    third = 0.81 + 0.1 * 0.5
    fourth = 0.729 + 0.1 * 0.9 * 1.0 + 0.9 * 0.1 * 0.5
    assert hunter == pytest.approx([1.0, 0.9, third, fourth])
    assert (farmer == 1).all()


@given(st.floats(0, 1), st.integers(0, 8), st.lists(st.floats(0, 1), min_size=1, max_size=6))
@seed(1)
def test_a_seat_is_never_worth_more_than_full_and_less_the_longer_it_is_empty(
    monthly: float, backfill: int, profile: list[float]
) -> None:
    seat, longer = (make_leavers(monthly, b, 12, sorted(profile))[0] for b in (backfill, backfill + 1))
    assert (seat <= 1 + 1e-12).all()
    assert (seat >= (1 - monthly) ** np.arange(12) - 1e-12).all()
    assert seat.sum() >= longer.sum() - 1e-9


def test_whoever_is_replaced_at_once_by_an_equal_is_not_missed() -> None:
    assert make_leavers(0.3, 0, 12, [1.0])[0] == pytest.approx(1.0)


def test_leaving_changes_what_the_company_expects_but_no_capacity() -> None:
    roster = make_roster({}, {}).assign(region="North", rep_name="", role="hunter")
    forecast, inputs, settings = make_sampled(roster, "mean")
    plain = make_capacity(forecast, inputs, settings)
    settings.attrition = Attrition(monthly={"hunter": 0.1}, backfill=1)
    leaving = make_capacity(forecast, inputs, settings)
    assert (leaving.values == plain.values).all()
    table = outlook_table(forecast, leaving, inputs, settings).set_index("level")
    assert table.loc["all", "after_leaving"] == pytest.approx(2 * 2 * 100 * (1 + 0.9 + 0.86 + 0.864))
    assert outlook_table(forecast, plain, inputs, settings)["after_leaving"].isna().all()


def test_a_month_without_hours_enough_gives_way_in_all_products_alike() -> None:
    """100 of each product: 10 deals of 10 at 2 hours, 5 deals of 20 at 4 hours: 40 hours; a half-time rep needs 20."""
    forecast, inputs, settings = make_parts(make_roster({}, {"headcount": 0.5}), make_settings())
    settings.workload = Workload(hours=30, hours_per_deal={"a": 2, "b": 4}, value_per_deal={"a": 10, "b": 20})
    capacity = make_capacity(forecast, inputs, settings)
    assert capacity.values[0] == pytest.approx(75.0)
    assert capacity.values[1] == pytest.approx(37.5)
    assert capacity.expected[0] == pytest.approx(100.0)
    assert set(capacity_table(forecast, capacity)["limited_by"]) == {"workload"}
    settings.workload = Workload(hours=40, hours_per_deal={"a": 2, "b": 4}, value_per_deal={"a": 10, "b": 20})
    roomy = make_capacity(forecast, inputs, settings)
    assert (roomy.values == roomy.expected).all()
    assert set(capacity_table(forecast, roomy)["limited_by"]) == {"forecast"}


@given(st.floats(0.01, 1e4), st.lists(st.floats(0, 100), min_size=3, max_size=3), st.floats(1, 1e6))
@seed(1)
def test_hours_are_never_exceeded_nor_left_unused_where_they_bind(
    hours: float, each: list[float], value: float
) -> None:
    products = ["a", "b", "c"]
    rng = np.random.default_rng(0)
    cells, heads = rng.lognormal(8, 1, (4, 3, 6)), rng.choice([0.0, 0.5, 1.0], (4, 6))
    settings = make_settings()
    settings.workload = Workload(
        hours=hours,
        hours_per_deal=dict(zip(products, each, strict=True)),
        value_per_deal=dict.fromkeys(products, value),
    )
    share = share_in_time(cells, hours * heads, products, settings)
    used = np.einsum("rpt,p->rt", cells * share[:, None, :], np.array(each) / value)
    assert (used <= hours * heads * (1 + 1e-9) + 1e-9).all()
    assert used[share < 1] == pytest.approx((hours * heads)[share < 1])


def test_products_of_the_workload_must_exist_and_have_a_value() -> None:
    settings = make_settings()
    settings.workload = Workload(hours=1, hours_per_deal={"core": 1, "coree": 2}, value_per_deal={"core": 5})
    inputs: Any = SimpleNamespace(products=pd.DataFrame({"product_id": ["core"]}))
    first, second = check_workload(inputs, settings)
    assert str(first) == "workload.hours_per_deal: no such product (got 'coree'). Did you mean 'core'?"
    assert second.remedy == "Add coree to workload.value_per_deal."
