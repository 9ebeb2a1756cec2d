"""Working days: of countries, of lists, with announced days, and how they share out a month."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotaopt.archive import load_run
from quotaopt.presence import count_heads, read_ramp
from quotaopt.settings import Settings
from quotaopt.workdays import Workdays, known_countries, library, list_workdays, share_of_workdays

YEAR = [f"2026-{month:02}" for month in range(1, 13)]
CHINA = Workdays("CN", "CN")


def make_changes(**days: bool) -> Workdays:
    """The Chinese calendar with some days of 2027 changed: ``d0104=False``."""
    frame = pd.DataFrame(
        {"date": pd.to_datetime([f"2027-{k[1:3]}-{k[3:]}" for k in days]), "is_workday": days.values()}
    )
    settings = Settings.model_validate(
        {"target": 1, "first_month": "2027-01", "last_month": "2027-12", "calendar": "CN",
         "data": {"history": "h.csv", "roster": "r.csv"}}
    )  # fmt: skip
    return list_workdays(settings, frame)


def test_working_days_of_2026_by_hand() -> None:
    """China: the State Council's list for 2026, with six worked weekend days; Bavaria has more holidays than Berlin."""
    assert CHINA.in_months(YEAR).tolist() == [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]
    assert CHINA.in_months(YEAR).sum() == 248
    assert Workdays("DE-BY", "DE-BY").in_months(YEAR).sum() < Workdays("DE-BE", "DE-BE").in_months(YEAR).sum()
    assert Workdays("weekdays.csv").in_months(["2026-02"]).tolist() == [20]
    assert Workdays().in_months(["2026-02", "2028-02"]).tolist() == [28, 29]


def test_announced_days_win() -> None:
    moved = make_changes(d0104=False, d0109=True)  # a Monday off, worked on Saturday
    assert moved.in_months(["2027-01"]) == CHINA.in_months(["2027-01"])
    assert moved.count(np.array(["2027-01-04"], "M8[D]"), np.array(["2027-01-09"], "M8[D]")).tolist() == [4]
    assert make_changes(d0109=True).in_months(["2027-01"]) == CHINA.in_months(["2027-01"]) + 1


def test_a_chinese_year_without_moved_days_is_provisional() -> None:
    assert CHINA.provisional([*YEAR, "2027-01"]) == [2027]
    assert make_changes(d0109=True).provisional(["2027-01", "2027-12"]) == []
    assert Workdays("DE", "DE").provisional(["2027-01"]) == []
    assert Workdays().provisional(["2027-01"]) == []
    assert Workdays("days.csv").provisional(["2027-01"]) == [2027]


days = st.integers(0, 4 * 365).map(lambda k: np.datetime64("2024-01-01") + np.timedelta64(k, "D"))


@given(st.sampled_from(["", "CN", "DE-BY", "SA", "days.csv"]), days, days, days)
def test_counts_add_up_and_never_exceed_the_days(
    name: str, a: np.datetime64, b: np.datetime64, c: np.datetime64
) -> None:
    calendar = Workdays(name, "" if name == "days.csv" else name)
    first, middle, last = (np.array([day]) for day in sorted([a, b, c]))
    whole = calendar.count(first, last)
    assert whole == calendar.count(first, middle) + calendar.count(middle, last)
    assert 0 <= whole <= (last - first).astype(int)
    assert calendar.count(last, first) == 0


@given(days, st.sampled_from(["", "CN", "US"]))
def test_who_hands_over_and_who_takes_over_share_a_month_exactly(day: np.datetime64, name: str) -> None:
    month = [str(day.astype("M8[M]"))]
    none, at = pd.Series([pd.NaT]), pd.Series([pd.Timestamp(day)])
    calendar = Workdays(name, name)
    before = share_of_workdays(none, at - pd.Timedelta(days=1), month, calendar)
    after = share_of_workdays(at, none, month, calendar)
    assert (before + after)[0, 0] == pytest.approx(1)


def test_a_start_within_a_month_counts_working_days() -> None:
    """From 24 February 2026: five of the month's 16 working days are left, Saturday 28 among them; five of 28 days."""
    frame = pd.DataFrame({"start_date": [pd.Timestamp("2026-02-24")], "end_date": [pd.NaT], "headcount": 0.5})
    assert count_heads(frame, ["2026-02"], CHINA)[0, 0] == pytest.approx(0.5 * 5 / 16)
    assert count_heads(frame, ["2026-02"], Workdays())[0, 0] == pytest.approx(0.5 * 5 / 28)
    settings = Settings.model_validate(
        {"target": 1, "first_month": "2026-02", "last_month": "2026-03", "ramp": {"profile": [0.0, 0.5]},
         "data": {"history": "h.csv", "roster": "r.csv"}}
    )  # fmt: skip
    roster = frame.assign(ramp_profile="", role="")
    assert read_ramp(roster, ["2026-02", "2026-03"], settings, CHINA)[0] == pytest.approx([0, 0.5 * 5 / 16])


@pytest.mark.parametrize("name", ["CN", "DE", "DE-BY", "US", "IN", "HK"])
def test_countries_are_known(name: str) -> None:
    assert name in known_countries()


def use(project: Path, line: str) -> None:
    file = project / "scenarios/base.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("[data]", f"{line}\n\n[data]"), encoding="utf-8")


def test_check_warns_of_a_provisional_year(project: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    use(project, 'calendar = "CN"')
    code, out, _ = call("-C", project, "check", "base")
    assert code == 0
    assert out == (
        "Warnings\n"
        "  scenarios/base.toml:9  calendar: provisional for 2027: no moved working days of CN are known yet"
        f" ({library()}). List the days that were announced in data.calendar_changes.\n"
        "No problems, 1 warning.\n"
    )
    assert call("-C", project, "run", "base")[0] == 0
    assert load_run(next((project / "runs").iterdir())).record["calendar"] == {"name": "CN", "provisional": [2027]}


def test_a_list_cures_it_and_its_mistakes_are_named(project: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    use(project, 'calendar = "CN"')
    scenario = project / "scenarios/base.toml"
    scenario.write_text(
        scenario.read_text("utf-8").replace("[data]\n", '[data]\ncalendar_changes = "data/days.csv"\n'), "utf-8"
    )
    file = project / "scenarios/data/days.csv"
    file.write_text("日期,是否上班,节日\n2027-02-20,班,春节\n2027-02-08,休,春节\n", encoding="utf-8")
    code, out, _ = call("-C", project, "check", "base")
    assert code == 0
    assert "provisional" not in out
    file.write_text("date,is_workday\n2027-02-20,perhaps\n2027-02-20,yes\n", encoding="utf-8")
    code, out, err = call("-C", project, "check", "base")
    assert code == 1
    said = " ".join((out + err).split())
    assert "days.csv:2 is_workday: neither yes nor no (got 'perhaps'). Write yes or no." in said
    assert "days.csv:3 same day as line 2." in said


def test_a_calendar_may_be_a_file_beside_the_scenario(project: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    use(project, 'calendar = "data/days.csv"')
    (project / "scenarios/data/days.csv").write_text("date,is_workday,name\n2027-01-04,no,Inventory\n", "utf-8")
    assert call("-C", project, "run", "base")[0] == 0
    run = load_run(next((project / "runs").iterdir()))
    assert run.record["calendar"] == {"name": "days.csv", "provisional": []}
    assert call("-C", project, "run", run.folder / "scenario.toml")[0] == 0  # the merged scenario finds it again


@pytest.mark.parametrize(("name", "near"), [("cn", "CN"), ("DE-XX", "DE-")])
def test_an_unknown_country_is_named(
    project: Path, call: Callable[..., tuple[int, str, str]], name: str, near: str
) -> None:
    use(project, f'calendar = "{name}"')
    code, out, err = call("-C", project, "check", "base")
    assert code == 1
    assert f"calendar: no such calendar (got '{name}'). Did you mean '{near}" in " ".join((out + err).split())
