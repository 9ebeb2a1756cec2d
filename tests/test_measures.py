"""The quality of quotas in numbers: each measure by hand, and what must not change it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, seed
from hypothesis import strategies as st
from scipy import stats

from quotaopt.columns import MEASURES
from quotaopt.frozen import find_plan, frozen_measures
from quotaopt.goals import Levels
from quotaopt.measures import HEALTHY, PlanView, Row, measure, measure_table
from quotaopt.measures.attainment import band_shares, two_humps
from quotaopt.measures.dominance import inverted
from quotaopt.measures.inversions import inversion_table
from quotaopt.measures.past import least_squares, past_attainment
from quotaopt.measures.statistics import central, correlation_range, group_difference, rank_correlation, ranks, wilson
from quotaopt.measures.table import verdict
from quotaopt.measures.timing import note_season
from quotaopt.pay import PayPlan
from quotaopt.report import words_measures
from quotaopt.report.findings import GAP, in_language
from quotaopt.settings import Settings
from quotaopt.tables import Inputs

OWN = pd.DataFrame(columns=["measure", "value", "unit", "better", "about"])


def make_view(reps: int = 12, draws: int = 200, key: int = 1, scale: float = 1.0) -> PlanView:
    """A plan of noisy reps in two regions, two products, six months; quotas 1.1 × expected."""
    rng = np.random.default_rng(key)
    size = np.exp(rng.normal(11, 0.6, reps)) * scale
    sales = size[:, None] * rng.lognormal(0, 0.3, (reps, draws)) * rng.lognormal(0, 0.1, draws)
    share = np.full((2, 6), 1 / 12)
    capacity = size[:, None, None] * share
    start = pd.Series(pd.to_datetime(["2020-01-01", "2026-06-01"] * reps).to_numpy()[:reps])
    roster = pd.DataFrame({"region": ["North", "South"] * reps, "role": ["a"] * 2 * reps}).iloc[:reps]
    roster = roster.assign(start_date=start.to_numpy(), rep_name="", rep_id=[f"R{i:02}" for i in range(reps)])
    settings = Settings.model_validate(
        {"target": 1, "first_month": "2027-01", "last_month": "2027-06", "data": {"history": "h", "roster": "r"}}
    )
    empty = pd.DataFrame({"rep_id": [], "month": [], "amount": []})
    return PlanView(
        quota=capacity * 1.1, capacity=capacity, last_year=capacity * rng.lognormal(0, 0.1, (reps, 1, 1)),
        potential=size, sales=sales, presence=np.ones((reps, 6)),
        full_last_year=np.ones(reps, dtype=bool), roster=roster.set_index("rep_id"),
        products=pd.DataFrame(index=["core", "cloud"]), peer_group=np.full(reps, "", dtype=object),
        target=float(size.sum()), targets={}, resolution=0.01 * scale, current=None, accuracy=pd.DataFrame(),
        inputs=Inputs(empty, roster, pd.DataFrame()), settings=settings,
    )  # fmt: skip


def reordered(view: PlanView, order: Any) -> PlanView:
    """The same plan with its reps in another order."""
    names = ("quota", "capacity", "last_year", "potential", "sales", "presence", "full_last_year")
    moved = {name: getattr(view, name)[order] for name in names}
    return replace(view, **moved, roster=view.roster.iloc[order], peer_group=view.peer_group[order])


def rows(view: PlanView) -> dict[str, Row]:
    return {row.measure: row for name in measure for row in measure[name](view)}


# --- statistics ---------------------------------------------------------------------------------------------------


def test_wilson_as_in_the_guide() -> None:
    low, high = wilson(12, 20, 0.95)
    assert (round(low, 2), round(high, 2)) == (0.39, 0.78)
    assert wilson(0, 0) == (0.0, 1.0)


@seed(6)
@given(st.integers(1, 400), st.floats(0, 1), st.floats(0.5, 0.99))
def test_wilson_holds_the_share_and_narrows_with_more_counted(count: int, part: float, level: float) -> None:
    hits = round(part * count)
    low, high = wilson(hits, count, level)
    assert 0 <= low <= hits / count <= high <= 1
    less, more = wilson(10 * hits, 10 * count, level)
    assert more - less <= high - low + 1e-12


def test_wilson_covers_as_often_as_it_says() -> None:
    hits = np.random.default_rng(0).binomial(30, 0.6, 4000)
    held = np.mean([low <= 0.6 <= high for low, high in (wilson(int(h), 30) for h in hits)])
    assert 0.87 < held < 0.94


@seed(7)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=30))
def test_rank_correlation_is_spearmans(pairs: list[tuple[int, int]]) -> None:
    x, y = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    mine = rank_correlation(x[:, None], y[:, None])[0]
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert np.isnan(mine)
    else:
        assert mine == pytest.approx(stats.spearmanr(x, y).statistic)
        low, high = correlation_range(mine, len(x))
        assert -1 <= low <= mine + 1e-9
        assert mine - 1e-9 <= high <= 1


def test_ranks_share_ties() -> None:
    assert ranks(np.array([[3.0], [1.0], [3.0]]))[:, 0].tolist() == [2.5, 1, 2.5]


@seed(8)
@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abc")), min_size=5, max_size=25))
def test_group_difference_is_kruskal_and_wallis(pairs: list[tuple[int, str]]) -> None:
    values, groups = np.array([v for v, _ in pairs], dtype=float), [g for _, g in pairs]
    parts = [values[[g == name for g in groups]] for name in sorted(set(groups))]
    mine = group_difference(values, groups)
    if len(parts) < 2 or len(set(values)) == 1:
        assert mine == 1.0
    else:
        assert mine == pytest.approx(stats.kruskal(*parts).pvalue)


# --- measures -----------------------------------------------------------------------------------------------------


@seed(9)
@given(st.lists(st.floats(0, 3), min_size=1, max_size=40))
def test_bands_are_all_reps_once(values: list[float]) -> None:
    a = np.array(values)[:, None]
    edges = [(0.0, 0.5), (0.5, 0.8), (0.8, 1.0), (1.0, 1.2), (1.2, np.inf)]
    assert sum(band_shares(a, low, high)[0] for low, high in edges) == pytest.approx(1)
    assert band_shares(a, 1.0, np.inf)[0] == pytest.approx(np.mean(a >= 1 - 1e-9))


def test_attainment_is_that_of_the_draws() -> None:
    view = make_view()
    found, a = rows(view), view.sales / view.quota.sum(axis=(1, 2))[:, None]
    assert found["reps_at_quota"].value == pytest.approx((a >= 1).mean())
    assert found["reps_near_quota"].value == pytest.approx(((a >= 0.8) & (a <= 1.2)).mean())
    assert found["reps_below_50"].value == pytest.approx((a < 0.5).mean())
    assert (found["reps_at_quota"].low, found["reps_at_quota"].high) == central((a >= 1).mean(axis=0))
    assert found["attainment_sd"].value == pytest.approx(a.std(axis=0).mean())
    assert found["attainment_skew"].value == pytest.approx(stats.skew(a, axis=0).mean())
    assert found["company_chance"].value == pytest.approx((view.sales.sum(axis=0) >= view.target).mean())
    assert found["coverage_p20"].value == pytest.approx(np.quantile(view.sales.sum(axis=0), 0.2) / view.target)


def test_an_interval_holds_its_value() -> None:
    for row in rows(make_view()).values():
        if not np.isnan(row.low):
            assert row.low - 1e-12 <= row.value <= row.high + 1e-12, row.measure


@pytest.mark.parametrize("scale", [1e-4, 7.0])
def test_the_unit_of_money_changes_no_ratio(scale: float) -> None:
    one, other = rows(make_view()), rows(make_view(scale=scale))
    assert one.keys() == other.keys()
    for name, row in one.items():
        assert other[name].value == pytest.approx(row.value), name


def test_the_order_of_reps_changes_nothing() -> None:
    view = make_view()
    one, other = rows(view), rows(reordered(view, np.random.default_rng(3).permutation(12)))
    for name, row in one.items():
        assert other[name].value == pytest.approx(row.value), name
        assert other[name].verdict == row.verdict


def test_large_reps_who_have_it_easier_are_seen() -> None:
    view = make_view(reps=30)
    assert abs(rows(view)["size_bias"].value) < 0.15
    heavier = view.size / view.size.mean()
    unfair = replace(view, quota=view.quota / np.sqrt(heavier)[:, None, None])
    bias = rows(unfair)["size_bias"]
    assert bias.value > 0.5
    assert bias.verdict == "look"


def test_a_region_with_twice_the_quotas_is_seen() -> None:
    view = make_view(reps=12)
    north = (view.roster["region"] == "North").to_numpy()
    unfair = replace(view, quota=np.where(north[:, None, None], 2, 1) * view.quota)
    row = rows(unfair)["region_bias"]
    assert "South over North" in row.about
    assert row.reps == 6
    assert verdict(row) == "look"


def test_no_verdict_on_fewer_than_five() -> None:
    table = measure_table(make_view(reps=4), OWN).set_index("measure")
    judged = {name for name in table.index if table["verdict"][name]}
    assert judged <= {"coverage_p50", "overassignment_cumulative", "attainment_factor",
                      "seasonality_fit"}  # fmt: skip
    assert verdict(Row("past_reps_at_quota", 0.3, "ratio", "", low=0.1, high=0.55, reps=12)) == "ok"
    assert verdict(Row("past_reps_at_quota", 0.3, "ratio", "", low=0.2, high=0.45, reps=12)) == "look"
    assert verdict(Row("stretch_gini", 0.5, "ratio", "", reps=4)) == ""


@seed(10)
@given(st.integers(0, 10_000))
def test_inversions_are_those_of_every_pair(key: int) -> None:
    rng = np.random.default_rng(key)
    driver, quota = rng.integers(0, 3, (7, 3)).astype(float), rng.integers(0, 5, 7) * 100.0
    wanted = [
        (i, j) for i in range(7) for j in range(7)
        if (driver[i] >= driver[j]).all() and (driver[i] > driver[j]).any() and quota[j] > quota[i]
    ]  # fmt: skip
    assert [tuple(pair) for block in inverted(driver, quota, 0.01) for pair in block.tolist()] == wanted


def test_every_inversion_is_listed_with_what_holds_it() -> None:
    view = make_view(reps=6)
    scale = np.array([0.1, 1, 1, 1, 1, 1])[:, None, None]
    turned = replace(view, quota=view.quota * scale)
    fairness = pd.DataFrame({"rep_id": view.roster.index, "stopped_by": ["keep_locks R00", "", "", "", "", ""]})
    table = inversion_table(turned, fairness)
    assert len(table) == rows(turned)["dominance_inversions"].value > 0
    assert table["below"].is_monotonic_decreasing
    assert (table["below"] == table["other_quota"] - table["quota"]).all()
    assert set(table["why"][table["rep_id"] == "R00"]) == {"keep_locks R00"}
    first = table.iloc[0]
    assert f"worst: {first['rep_id']} below {first['other_id']}" in rows(turned)["dominance_inversions"].about
    assert inversion_table(view, fairness).empty == (rows(view)["dominance_inversions"].value == 0)


def test_overassignment_by_level() -> None:
    view = make_view()
    north = float(view.quota[(view.roster["region"] == "North").to_numpy()].sum())
    found = rows(replace(view, targets={("region", "North"): north / 1.3, ("all", "all"): view.target}))
    assert found["overassignment_region"].value == pytest.approx(0.3)
    assert verdict(found["overassignment_region"]) == "look"
    assert found["overassignment_cumulative"].value == pytest.approx(0.1)
    assert found["attainment_factor"].value == pytest.approx(1 / 1.1)


def test_past_attainment_by_hand() -> None:
    history = pd.DataFrame(
        {"rep_id": ["A", "A", "B"], "month": ["2026-01", "2025-12", "2026-02"], "amount": [5.0, 9, 8]}
    )
    quotas = pd.DataFrame({"rep_id": ["A", "B", "C", "D"], "month": ["2026-01"] * 4, "quota": [10.0, 8, 5, 0]})
    assert past_attainment(history, quotas, 2027 * 12).to_dict() == {"A": 0.5, "B": 1.0, "C": 0.0}


def test_the_answer_to_last_years_attainment_is_found_again() -> None:
    """Quotas that were made by 10 % more, half of what was above quota, and a tenth of what was below."""
    rng, view = np.random.default_rng(4), make_view()
    a, was = rng.uniform(0.5, 1.6, 12), rng.uniform(50, 90, 12) * 1000
    now = was * (1.1 + 0.5 * np.maximum(a - 1, 0) + 0.1 * np.minimum(a - 1, 0))
    names = list(view.roster.index)
    history = pd.DataFrame({"rep_id": names, "month": "2026-12", "amount": a * was})
    quotas = pd.DataFrame({"rep_id": names, "month": "2026-03", "quota": was})
    inputs = replace(view.inputs, history=history, more={"quotas": quotas})
    year = replace(view, inputs=inputs, quota=np.repeat(now[:, None, None] / 24, 24, axis=2).reshape(12, 2, 12),
                   last_year=np.ones((12, 2, 12)))  # fmt: skip
    found = rows(year)
    assert found["past_ratchet_up"].value == pytest.approx(0.5)
    assert found["past_ratchet_down"].value == pytest.approx(0.1)
    assert found["past_ratchet_gap"].value == pytest.approx(0.4)
    assert "past_ratchet_gap" not in rows(replace(view, inputs=inputs))  # half a year answers no whole one


@seed(11)
@given(st.integers(0, 999))
def test_least_squares_is_that_of_numpy(key: int) -> None:
    rng = np.random.default_rng(key)
    x, y = rng.normal(size=(9, 2)), rng.normal(size=9)
    found = least_squares(x, y)
    assert found is not None
    beta, rest, *_ = np.linalg.lstsq(np.column_stack([np.ones(9), x]), y, rcond=None)
    assert found[0] == pytest.approx(beta[1:])
    design = np.column_stack([np.ones(9), x])
    assert found[1] == pytest.approx((np.linalg.inv(design.T @ design) * rest[0] / 6)[1:, 1:])
    assert least_squares(np.column_stack([x[:, 0], x[:, 0]]), y) is None


def test_saturated_markets_should_grow_less() -> None:
    view = make_view()
    growth = view.rep_quota / view.rep_last_year
    part = (growth.max() - growth) / np.ptp(growth)  # who is asked for most growth has sold nothing of the market yet
    assert rows(replace(view, penetration=part))["growth_headroom"].value == pytest.approx(1)
    upside_down = rows(replace(view, penetration=1 - part))["growth_headroom"]
    assert upside_down.value == pytest.approx(-1)
    assert verdict(upside_down) == "look"


def test_hours_that_quotas_take() -> None:
    view = make_view(reps=5)
    work = {"hours": 100, "hours_per_deal": {"core": 2.0, "cloud": 4.0}, "value_per_deal": {"core": 500, "cloud": 1000}}
    settings = Settings.model_validate(view.settings.model_dump() | {"workload": work})
    hours = np.array([1e3, 1e3, 1e3, 0, 1e3])
    row = rows(replace(view, settings=settings, hours=hours))["hours_used"]
    asked = view.rep_quota / 250 / 1e3  # four hours for every thousand, of both products
    asked[3] = 0
    assert row.value == pytest.approx(asked.max())
    assert str(view.roster.index[asked.argmax()]) in row.about


def test_two_humps_are_told_from_one() -> None:
    n = 100_000
    two = np.repeat([0.0, 1.0], n // 2)
    for values, wanted in (
        (two, 1.0),
        (np.linspace(0, 1, n), 5 / 9),
        (stats.norm.ppf((np.arange(n) + 0.5) / n), 1 / 3),
    ):
        moments = stats.skew(values), stats.kurtosis(values, fisher=False)
        assert two_humps(*map(np.atleast_1d, moments), n)[0] == pytest.approx(wanted, abs=1e-3)


# --- chances ------------------------------------------------------------------------------------------------------


def of_the_guide(quota: list[float], goals: list[str]) -> PlanView:
    """Five reps with normal sales: means 120 to 40, spreads 18, 30, 12, 24, 16."""
    mean, spread = np.array([120.0, 100, 80, 60, 40]), np.array([18.0, 30, 12, 24, 16])
    view = make_view(reps=5)
    return replace(
        view, quota=np.repeat(np.array(quota)[:, None, None] / 12, 12, axis=2).reshape(5, 2, 6), resolution=1.0,
        sales=np.repeat(mean[:, None], 200, axis=1), chances=Levels(mean, spread),
        settings=view.settings.model_copy(update={"goals": goals}),
    )  # fmt: skip


def test_division_by_size_beside_equal_chance() -> None:
    found = rows(of_the_guide([123.6, 106, 82.4, 64.8, 43.2], ["equal_chance"]))
    assert found["chance_range_by_size"].value == pytest.approx(0.0809, abs=1e-4)  # 37 to 45 %
    assert "chance_range_by_size" not in rows(of_the_guide([100.0] * 5, ["level_stretch"]))


def test_information_is_the_derivative_in_closed_form() -> None:
    row = rows(of_the_guide([123.6, 106, 82.4, 64.8, 43.2], ["equal_chance"]))["information_max"]
    z, share = 0.2, 30 / 100  # the second rep has the widest spread of all
    assert row.value == pytest.approx(stats.norm.sf(z + 0.1 * z * share) - stats.norm.sf(z))
    assert "R01 -0.23, R03 -0.19, R00 -0.14" in row.about
    row = rows(of_the_guide([126, 105, 84, 63, 42], ["level_stretch"]))["information_max"]
    assert row.value == pytest.approx(stats.norm.sf(1.1 / 3) - stats.norm.sf(1 / 3))  # only the worst rep's own counts
    below = rows(of_the_guide([111, 85, 74, 48, 32], ["equal_chance"]))["information_max"]
    assert below.value > 0  # quotas below the median: there certainty makes everybody safer


# --- timing -------------------------------------------------------------------------------------------------------

CURVE = ((0.5, 0.0), (1.0, 1.0), (1.5, 3.0))


@seed(12)
@given(st.floats(0, 2))
def test_the_slope_of_a_pay_curve_is_that_of_pay(attainment: float) -> None:
    plan = PayPlan((CURVE,), np.ones(1))
    step = 1e-7
    if min(abs(attainment - at) for at, _ in CURVE) > 2 * step:
        rise = (plan.pay(np.array([[attainment + step]])) - plan.pay(np.array([[attainment]]))) / step
        assert plan.slope(np.array([[attainment]])) == pytest.approx(rise, abs=1e-6)


def test_a_jump_of_marginal_pay_is_found() -> None:
    """Month 3 is asked for too much: a deal pays nothing there, and three times as much in the months beside it."""
    view = make_view(reps=6)
    months = view.quota.sum(axis=1)
    pay = PayPlan(((((0.0, 0.0), (0.5, 0.0), (2.0, 3.0)),) * 6), view.rep_quota * 0.1)
    paths = np.repeat(months[:, :, None], 3, axis=2)
    level = rows(replace(view, pay=pay, paths=paths))["timing_jump"]
    assert level.value == pytest.approx(0)
    paths[2, 3] = 0.1 * months[2, 3]  # rep R02 sells a tenth of the quota in 2027-04, whatever comes
    row = rows(replace(view, pay=pay, paths=paths))["timing_jump"]
    assert row.value == pytest.approx(0.1 * 2)
    assert "R02, 2027-03 and 2027-04" in row.about
    assert "timing_jump" not in rows(view)


def test_quotas_of_other_seasons_than_sales_are_told() -> None:
    view = make_view()
    assert not list(note_season(view))
    moved = view.quota.copy()
    moved[:, :, 5] += 0.9 * moved[:, :, 0]
    moved[:, :, 0] *= 0.1
    (note,) = note_season(replace(view, quota=moved))
    assert note.severity == "warning"
    assert re.search(r"^1\d % of the quota stands in other months than last year's sales; most apart is 2027-0[16]",
                     note.what)  # fmt: skip


def test_a_frozen_plan_knows_whether_it_was_in_time(project: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    assert call("run", "base", "-q", "-C", project)[0] == 0
    assert "on_time" not in call("measures", "last", "-C", project)[1]
    assert call("freeze", "last", "--as", "2027", "-C", project)[0] == 0
    changes = project / "changes.csv"
    changes.write_text(
        "rep_id,product_id,month,value\nR1,core,2027-07,700\nR2,core,2027-07,1400\nR1,core,2027-08,750\n"
    )
    assert call("revise", "2027", "--effective", "2027-07", "--changes", changes, "--why", "x", "-C", project)[0] == 0
    out = call("measures", "last", "-C", project, "--format", "csv")[1]
    assert re.search(r"^[^,]+,on_time,1.0,,,ratio,higher,,share of quotas of plans/2027 that", out, re.MULTILINE)
    plan = find_plan(project, "2027")
    late = replace(plan, record={**plan.record, "frozen": "2027-07-15T10:00:00+00:00"})
    found = frozen_measures(late).set_index("measure")["value"]
    assert found["on_time"] == pytest.approx((5 * 8 + 2) / 96)  # five months, and two quotas that were revised before
    assert found["change_rate"] == pytest.approx(2 / 4)
    assert found["changed_quotas"] == pytest.approx(2 / 96)  # R1 core 2027-08 stays at 750


def test_past_quotas_are_measured(project: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    lines = ["rep_id,month,quota"] + [f"{r},{y}-01,{q}" for y in (2025, 2026) for r, q in
                                      (("R1", 12_000), ("R2", 30_000), ("R3", 36_000), ("R4", 60_000))]  # fmt: skip
    (project / "scenarios/data/quotas.csv").write_text("\n".join(lines))
    assert call("run", "base", "-q", "-C", project, "--set", "data.quotas=scenarios/data/quotas.csv")[0] == 0
    table = call("measures", "last", "-C", project, "--format", "csv")[1]
    assert "past_reps_at_quota,0.5," in table
    assert "past_reps_near_quota,1.0," in table
    assert "stability,1.0," in table


def test_every_measure_has_words_and_every_healthy_range_a_measure(project: Path, call: Any) -> None:
    assert call("run", "base", "-q", "-C", project)[0] == 0
    frame = pd.read_csv(next((project / "runs").glob("*base*")) / "measures.csv", encoding="utf-8-sig")
    assert list(frame) == [column.name for column in MEASURES]
    assert frame["measure"].is_unique
    assert frame["about"].notna().all()
    made = {*rows(make_view()), *frame["measure"]}
    needs_more = {"past_reps_at_quota", "past_reps_near_quota", "stability", "ratchet_max", "overassignment_region",
                  "overassignment_product", "role_bias", "chance_range", "uncovered_share", "growth_headroom",
                  "noise_max", "hours_used", "on_time", "change_rate"}  # fmt: skip
    assert set(HEALTHY) <= made | needs_more
    assert set(frame["verdict"].dropna()) <= {"ok", "look"}


def test_the_page_lists_every_measure_with_its_healthy_range(project: Path, call: Any) -> None:
    page = (Path(__file__).parents[1] / "docs/howto-judge-a-plan.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| `(\w+)` \| ?(.*?) ?\| .+ \|$", page, re.MULTILINE))
    assert call("run", "base", "-q", "-C", project)[0] == 0
    frame = pd.read_csv(next((project / "runs").glob("*base*")) / "measures.csv", encoding="utf-8-sig")
    assert {*rows(make_view()), *frame["measure"], *HEALTHY} <= set(shown)
    for name, words in shown.items():
        low, high = HEALTHY.get(name, (np.nan, np.nan))
        plain = (
            f"at most {high:g}" if low == -np.inf else f"at least {low:g}" if high == np.inf else f"{low:g} to {high:g}"
        )
        assert words == ("" if name not in HEALTHY else plain), name


# --- in Chinese ---------------------------------------------------------------------------------------------------


def test_what_measures_say_has_chinese_words(project: Path, call: Any) -> None:
    """Of every measure of a run; those that need more data are said here as they would be."""
    assert call("run", "base", "-q", "-C", project)[0] == 0
    frame = pd.read_csv(next((project / "runs").glob("*base*")) / "measures.csv", encoding="utf-8-sig")
    view = make_view()
    north = {("region", "North"): 1.0, ("product", "core"): 1.0}
    more = replace(view, targets=north, penetration=np.linspace(0, 1, 12), hours=np.full(12, 100.0), current=view.quota)
    guide = of_the_guide([126, 105, 84, 63, 42], ["equal_chance"])
    said = {row.about for one in (view, more, guide, make_view(reps=4)) for row in rows(one).values()}
    said |= {
        *frame["about"],
        "quota of vacant seats",
        "share of reps who were below 80 % in the last twelve months: 3 of 9",
    }
    told = {text: in_language(text, "zh") for text in said}
    assert {text for text, zh in told.items() if "英文原文" in zh or re.search("[a-z]{4}", strip(zh))} == set()
    assert told["quota of vacant seats"] == "空缺岗位的配额"
    for english, chinese in words_measures.MEASURES.items():
        assert sorted(GAP.findall(english)) == sorted(GAP.findall(chinese)), english


def strip(text: str) -> str:
    """Without the names of people, products and methods."""
    return re.sub(r"Spearman|Kruskal-Wallis|Sarle|Jain|South|North|cloud|core", "", text)


# --- the command --------------------------------------------------------------------------------------------------


def test_two_runs_side_by_side(project: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    assert call("run", "base", "stretch", "-q", "-C", project)[0] == 0
    code, out, err = call("measures", "base", "stretch", "-C", project)
    assert (code, err) == (0, "")
    assert out == SIDE_BY_SIDE
    again = call("run", "base", "-q", "-C", project)[1].strip()
    first = again.removesuffix("2") + "1"
    assert call("measures", first, again, "-C", project)[1] == f"Nothing differs: {first}, {again}\n"


def test_one_run_with_ranges_verdicts_and_words(project: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    assert call("run", "stretch", "-q", "-C", project)[0] == 0
    code, out, _ = call("measures", "stretch", "-C", project)
    assert code == 0
    lines = {line.split()[0]: " ".join(line.split()) for line in out.splitlines()}
    assert lines["reps_at_quota"] == "reps_at_quota 0 0 to 0 expected share of reps at quota or above"
    assert lines["company_chance"] == (
        "company_chance 0 0 to 0.00672 chance that the company makes its target, from 400 draws"
    )
    assert lines["coverage_p50"] == "coverage_p50 0.833 look 50 % quantile of the company's sales / target"
    assert lines["Look"] == "Look coverage_p50"
    content = json.loads(call("measures", "stretch", "-C", project, "--format", "json")[1])
    assert content["schema"] == "quotaopt/measures/1"
    assert {row["measure"] for row in content["rows"]} >= set(lines) - {"measure", "Look"}


SIDE_BY_SIDE = """\
measure                base  stretch
quota_total         120,000  144,000
growth                    0      0.2
stretch_median            1      1.2
stretch_max               1      1.2
reps_over_capacity        0        4
reps_at_quota             1        0
company_attainment        1    0.833
company_chance            1        0
coverage_p50              1  0.833 !
coverage_p20              1    0.833
drop_two                0.3     0.25
growth_min                0      0.2
growth_max                0      0.2
! worth a look: outside what practice calls healthy
"""
