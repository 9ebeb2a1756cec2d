"""Capacity = potential × headcount × ramp, checked by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from quotaopt.capacity import capacity_table, make_capacity
from quotaopt.errors import InputError
from quotaopt.presence import check_profiles, count_heads, read_ramp

MONTHS = ("2027-01", "2027-02", "2027-03", "2027-04")


def make_roster(*rows: dict[str, Any]) -> pd.DataFrame:
    plain = {"start_date": None, "end_date": None, "headcount": 1.0, "ramp_profile": ""}
    frame = pd.DataFrame([{"rep_id": f"R{i}", **plain, **row} for i, row in enumerate(rows)])
    for column in ("start_date", "end_date"):
        frame[column] = pd.to_datetime(frame[column])
    return frame


def make_settings(profile: list[float] | None = None, **profiles: list[float]) -> Any:
    return SimpleNamespace(ramp=SimpleNamespace(profile=profile or [1.0], profiles=profiles, roles={}))


def make_parts(roster: pd.DataFrame, settings: Any, potential: float = 100.0) -> tuple[Any, Any, Any]:
    reps = tuple(sorted(roster["rep_id"]))
    mean = np.full((len(reps), 2, len(MONTHS)), potential)
    forecast = SimpleNamespace(reps=reps, products=("a", "b"), months=MONTHS, mean=mean)
    return forecast, SimpleNamespace(roster=roster), settings


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
    assert count_heads(make_roster(row), MONTHS)[0] == pytest.approx(expected)


def test_february_of_a_leap_year_has_29_days() -> None:
    assert count_heads(make_roster({"start_date": "2028-02-15"}), ["2028-02"])[0, 0] == pytest.approx(15 / 29)


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
    ramp = read_ramp(make_roster(row), MONTHS, make_settings([0.2, 0.6], slow=[0.0, 0.1, 0.5]))
    assert ramp[0] == pytest.approx(expected)


def test_a_role_may_have_a_profile_that_the_roster_overrides() -> None:
    settings = make_settings([0.2], slow=[0.0, 0.1], fast=[0.9])
    settings.ramp.roles = {"hunter": "slow"}
    start = {"start_date": "2027-01-01"}
    rows = ({"role": "hunter"}, {"role": "hunter", "ramp_profile": "fast"}, {"role": "farmer"})
    ramp = read_ramp(make_roster(*({**start, **row} for row in rows)), MONTHS, settings)
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
    shuffled = SimpleNamespace(roster=roster.iloc[::-1])
    same = make_capacity(forecast, shuffled, settings).values == make_capacity(forecast, inputs, settings).values
    assert same.all()


def test_an_unknown_profile_names_the_nearest() -> None:
    roster = make_roster({"ramp_profile": "field"}, {"ramp_profile": "feild"}, {"ramp_profile": "feild"})
    forecast, inputs, settings = make_parts(roster, make_settings(field=[0.5]))
    (finding,) = check_profiles(inputs, settings)
    assert str(finding) == "ramp_profile: no such ramp profile (got 'feild'). Did you mean 'field'?"
    with pytest.raises(InputError, match="Did you mean 'field'"):
        make_capacity(forecast, inputs, settings)
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
    assert list(table) == ["rep_id", "product_id", "period", "potential", "headcount", "ramp", "capacity"]
    assert len(table) == 2 * 2 * 4
    row = table.set_index(["rep_id", "product_id", "period"]).loc[("R0", "b", "2027-02")]
    assert row.tolist() == [100.0, 0.5, 1.0, 50.0]
    assert table["capacity"].sum() == pytest.approx(capacity.values.sum())
