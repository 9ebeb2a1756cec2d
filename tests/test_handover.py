"""Hand-over of territories: history goes with them, totals stay, and what nobody holds is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quotaopt.capacity import make_capacity
from quotaopt.forecast import Forecast, make_forecast, make_past
from quotaopt.scenario import load_scenario
from quotaopt.settings import Settings
from quotaopt.tables import Inputs, read_inputs

Floats = NDArray[np.float64]
FIRST, LENGTH = "2024-01", 36
MONTHS = [str(m) for m in pd.period_range(FIRST, periods=LENGTH + 12, freq="M")]
few = settings(max_examples=10, deadline=None, derandomize=True)


def make_history(sales: dict[str, Floats], territory: dict[str, str] | None = None) -> pd.DataFrame:
    """Rows of each rep's sales, shape (products, months)."""
    rows = [
        (rep.partition("@")[0], f"P{p}", MONTHS[t], value, rep.partition("@")[2])
        for rep, values in sales.items()
        for (p, t), value in np.ndenumerate(values)
        if not np.isnan(value)
    ]
    frame = pd.DataFrame(rows, columns=["rep_id", "product_id", "month", "amount", "territory_id"])
    return frame if any("@" in rep for rep in sales) else frame.drop(columns="territory_id")


def make_inputs(sales: dict[str, Floats], assignments: list[tuple[Any, ...]] | None, **roster: Any) -> Inputs:
    """`roster` maps each rep to region, start and end date; `assignments` are rep, territory, from, to, share."""
    rows = [(rep, *row, "", 1.0, "") for rep, row in sorted(roster.items())]
    frame = pd.DataFrame(
        rows, columns=["rep_id", "region", "start_date", "end_date", "role", "headcount", "ramp_profile"]
    )
    history = make_history(sales)
    products = sorted(set(history["product_id"]))
    table = pd.DataFrame({"product_id": products, "launch_month": "", "end_month": ""})
    inputs = Inputs(history, read_dates(frame), table)
    if assignments is None:
        return inputs
    spans = pd.DataFrame(
        [(*row, 1.0)[:5] for row in assignments], columns=["rep_id", "territory_id", "start_date", "end_date", "share"]
    )
    return replace(inputs, assignments=read_dates(spans))


def read_dates(frame: pd.DataFrame) -> pd.DataFrame:
    for column in ("start_date", "end_date"):
        frame[column] = pd.to_datetime(frame[column]).astype("datetime64[us]")
    return frame


def make_settings(method: str = "pooled_season", **keys: Any) -> Settings:
    plan = {"first_month": MONTHS[LENGTH], "last_month": MONTHS[-1]}
    data = {"history": ["h.csv"], "roster": ["r.csv"], **keys.pop("data", {})}
    return Settings.model_validate({"target": 1, **plan, "data": data, "forecast": {"method": method}, **keys})


def draw(seed: int, products: int = 2) -> Floats:
    rng = np.random.default_rng(seed)
    season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(LENGTH) / 12)
    return np.asarray(rng.lognormal(5, 1) * season * rng.gamma(8, 1 / 8, (products, LENGTH)))


def office(n: int = 6) -> dict[str, Floats]:
    return {f"R{i}": draw(i) for i in range(n)}


def rows_of(*reps: str, region: str = "East") -> dict[str, tuple[Any, ...]]:
    return dict.fromkeys(reps, (region, None, None))


def mean_of(forecast: Forecast, rep: str) -> Floats:
    return np.asarray(forecast.mean[forecast.reps.index(rep)])


# ------------------------------------------------------------------ hand-over


@pytest.mark.parametrize("method", ["seasonal_naive", "last_year_sum", "pooled_season", "pipeline", "auto"])
def test_the_successor_is_forecast_what_the_predecessor_would_be(method: str) -> None:
    sales = office()
    before = make_forecast(make_inputs(sales, None, **rows_of(*sales)), make_settings(method))
    hires = rows_of("R0", "R1", "R2", "R3", "R4") | {"R9": ("East", "2027-01-01", None)}
    spans = [("R5", "T5", None, "2026-12-31"), ("R9", "T5", "2027-01-01", None)]
    chosen = make_settings(method, ramp={"profile": [0.0, 0.5]})
    inputs = make_inputs(sales, spans, **hires)
    after = make_forecast(inputs, chosen)
    assert after.reps == ("R0", "R1", "R2", "R3", "R4", "R9")
    assert mean_of(after, "R9") == pytest.approx(mean_of(before, "R5"), rel=1e-9)
    assert after.mean.sum(axis=0) == pytest.approx(before.mean.sum(axis=0), rel=1e-9)
    assert after.flag[-1] == "took over T5"
    assert after.own_weight.tolist() == [1] * 6
    assert after.months_used[-1] == LENGTH
    assert after.last_year[-1] == pytest.approx(sales["R5"][:, -12:])
    assert after.vacant.empty
    ramp = make_capacity(after, inputs, chosen).values[-1] / after.mean[-1]
    assert ramp == pytest.approx(np.broadcast_to([0.0, 0.5, *[1.0] * 10], (2, 12)))


def test_a_hand_over_years_ago_joins_both_histories() -> None:
    old, new = draw(1), draw(2)
    old[:, 18:], new[:, :18] = np.nan, np.nan
    spans = [("R1", "T1", None, "2025-06-30"), ("R2", "T1", "2025-07-01", None)]
    past = make_past(make_inputs({"R1": old, "R2": new}, spans, **rows_of("R2")), make_settings())
    assert past.panel.reps == ("R2",)
    assert past.panel.values[0] == pytest.approx(np.nan_to_num(old) + np.nan_to_num(new))


def test_a_month_that_two_reps_share_by_days_is_one_month_of_the_territory() -> None:
    old, new = np.full((1, LENGTH), 100.0), np.full((1, LENGTH), 100.0)
    old[:, 18:], new[:, :17] = np.nan, np.nan
    old[:, 17], new[:, 17] = 100 * 14 / 30, 100 * 16 / 30
    spans = [("R1", "T1", None, "2025-06-14"), ("R2", "T1", "2025-06-15", None)]
    roster = {"R1": ("East", None, "2025-06-14"), "R2": ("East", "2025-06-15", None)}
    past = make_past(make_inputs({"R1": old, "R2": new}, spans, **roster), make_settings())
    assert past.panel.values[1] == pytest.approx(np.full((1, LENGTH), 100.0))
    assert np.isnan(past.panel.values[0]).all()  # R1 is still in the roster, but all there was is R2's now


def test_the_ramp_of_the_successor_is_taken_out_of_what_was_sold() -> None:
    old, new = np.full((1, LENGTH), 100.0), np.full((1, LENGTH), 100.0)
    old[:, 18:], new[:, :18] = np.nan, np.nan
    new[:, 18:20] = [[25.0, 50.0]]
    spans = [("R1", "T1", None, "2025-06-30"), ("R2", "T1", "2025-07-01", None)]
    roster = {"R2": ("East", "2025-07-01", None)}
    chosen = make_settings(ramp={"profile": [0.25, 0.5]})
    past = make_past(make_inputs({"R1": old, "R2": new}, spans, **roster), chosen)
    assert past.panel.values[0] == pytest.approx(np.full((1, LENGTH), 100.0))


def test_a_shared_territory_is_split_by_share() -> None:
    spans = [("R1", "T1", None, "2026-12-31")]
    spans += [(rep, "T1", "2027-01-01", None, share) for rep, share in (("R2", 0.7), ("R3", 0.3))]
    sales = draw(3)
    past = make_past(make_inputs({"R1": sales}, spans, **rows_of("R2", "R3")), make_settings())
    assert past.panel.values == pytest.approx(np.stack([0.7 * sales, 0.3 * sales]))


def test_sales_of_two_territories_are_divided_by_what_each_sold_alone() -> None:
    """T1 sold 30 and T2 10 a month on their own; 40 a month of both together fall 30 to 10."""
    sales = {"R1": np.full((1, LENGTH), 30.0), "R2": np.full((1, LENGTH), 10.0)}
    sales["R1"][:, 24:], sales["R2"][:, 24:] = 40.0, np.nan
    spans = [("R1", "T1", None, None), ("R2", "T2", None, "2025-12-31"), ("R1", "T2", "2026-01-01", "2026-12-31"),
             ("R3", "T2", "2027-01-01", None)]  # fmt: skip
    past = make_past(make_inputs(sales, spans, **rows_of("R1", "R3")), make_settings())
    assert past.panel.values[0] == pytest.approx(np.full((1, LENGTH), 30.0))
    assert past.panel.values[1] == pytest.approx(np.full((1, LENGTH), 10.0))


def test_territories_never_held_alone_are_taken_as_equal() -> None:
    spans = [("R1", "T1", None, None), ("R1", "T2", None, "2026-12-31"), ("R2", "T2", "2027-01-01", None)]
    past = make_past(make_inputs({"R1": np.full((1, LENGTH), 40.0)}, spans, **rows_of("R1", "R2")), make_settings())
    assert past.panel.values == pytest.approx(np.full((2, 1, LENGTH), 20.0))


def test_a_territory_written_in_the_history_is_believed() -> None:
    sales = {"R1@T1": draw(1), "R1@T2": draw(2), "R2": draw(3)}
    spans = [("R1", "T1", None, None), ("R1", "T2", None, "2026-12-31"), ("R2", "T2", "2027-01-01", None),
             ("R2", "T3", None, None)]  # fmt: skip
    past = make_past(make_inputs(sales, spans, **rows_of("R1", "R2")), make_settings())
    assert past.panel.values[0] == pytest.approx(sales["R1@T1"])
    assert past.panel.values[1] == pytest.approx(sales["R1@T2"] + sales["R2"])


def test_history_may_stay_with_the_rep() -> None:
    sales = {"R1": draw(1), "R2": draw(2)}
    spans = [("R1", "T1", None, "2026-12-31"), ("R2", "T1", "2027-01-01", None)]
    inputs = make_inputs(sales, spans, **rows_of("R1", "R2"))
    stays = make_past(inputs, make_settings(data={"history_follows": "rep"}))
    assert stays.panel.values == pytest.approx(np.stack(list(sales.values())))
    assert make_past(inputs, make_settings()).panel.values[1] == pytest.approx(sales["R1"] + sales["R2"])


def test_orders_booked_after_somebody_left_go_with_the_territory() -> None:
    old, new = draw(1), draw(2)
    old[:, 19:], new[:, :18] = np.nan, np.nan  # one order month after the last day
    spans = [("R1", "T1", None, "2025-06-30"), ("R2", "T1", "2025-07-01", None)]
    for roster in (rows_of("R2"), rows_of("R2") | {"R1": ("East", None, "2025-06-30")}):
        past = make_past(make_inputs({"R1": old, "R2": new}, spans, **roster), make_settings())
        total = np.nan_to_num(old) + np.nan_to_num(new)
        assert past.panel.values[past.panel.reps.index("R2")] == pytest.approx(total)


def test_sales_without_a_territory_stay_a_patch_of_ones_own_and_are_said() -> None:
    sales = {"R1": draw(1), "R2": draw(2)}
    spans = [("R1", "T1", None, "2026-12-31"), ("R2", "T1", "2027-01-01", None)]
    past = make_past(make_inputs(sales, spans, **rows_of("R1", "R2")), make_settings())
    assert past.panel.values[1] == pytest.approx(sales["R1"] + sales["R2"])
    assert [n.what.rpartition(": ")[2] for n in past.notes if n.code == "unassigned"] == ["R2"]
    assert [n.what.rpartition(": ")[2] for n in past.notes if n.code == "no_territory"] == ["R1"]


def test_a_hand_over_within_the_plan_moves_the_months() -> None:
    sales = {"R1": np.full((1, LENGTH), 100.0), "R3": np.full((1, LENGTH), 100.0)}
    spans = [("R1", "T1", None, "2027-06-15"), ("R2", "T1", "2027-06-16", None)]
    inputs = make_inputs(sales, spans, **rows_of("R1", "R2", "R3"))
    forecast = make_forecast(inputs, make_settings("trailing_mean"))
    first = [100.0] * 5 + [50.0] + [0.0] * 6
    assert mean_of(forecast, "R1")[0] == pytest.approx(first)
    assert mean_of(forecast, "R2")[0] == pytest.approx(100 - np.array(first))
    assert forecast.rep_mean == pytest.approx([550, 650, 1200])
    assert forecast.last_year[:, 0].sum(axis=0) == pytest.approx([200.0] * 12)
    assert forecast.vacant.empty


def test_who_holds_nothing_any_more_is_no_new_hire() -> None:
    sales = office()
    roster = rows_of(*sales) | {"R5": ("East", None, "2026-12-31"), "R9": ("East", "2027-01-01", None)}
    spans = [("R5", "T5", None, "2026-12-31"), ("R9", "T5", "2027-01-01", None)]
    forecast = make_forecast(make_inputs(sales, spans, **roster), make_settings())
    assert forecast.flag.tolist() == [*[""] * 5, "holds no territory in the plan", "took over T5"]
    assert (mean_of(forecast, "R5") == 0).all()
    assert not [n for n in forecast.notes if n.code in ("new_hires", "vacant")]
    assert forecast.vacant.empty


def test_who_holds_as_much_as_last_year_sold_what_was_booked() -> None:
    sales = np.full((1, LENGTH), 80.0)
    past = make_past(make_inputs({"R1": sales}, [("R1", "T1", None, None, 0.8)], **rows_of("R1")), make_settings())
    assert past.panel.reps == ("R1", "T1")
    assert past.panel.values[:, 0, 0] == pytest.approx([80, 20])  # 100 for the whole territory
    assert past.last_year[:, 0, 0] == pytest.approx([80, 0])
    spans = [("R1", "T1", None, "2026-12-31"), ("R1", "T1", "2027-01-01", None, 0.8)]
    past = make_past(make_inputs({"R1": sales}, spans, **rows_of("R1")), make_settings())
    assert past.last_year[:, 0, 0] == pytest.approx([64, 16])


@few
@given(st.integers(0, 10**6))
def test_totals_do_not_change(seed: int) -> None:
    """Whoever holds what: history, last year and their region's sums are what was booked."""
    rng = np.random.default_rng(seed)
    sales, spans, roster = {}, [], {}
    for i in range(5):
        region, change = "EW"[i % 2], int(rng.integers(1, LENGTH))
        day = str(pd.Timestamp(f"{MONTHS[change]}-01") + pd.Timedelta(days=int(rng.integers(0, 28))))[:10]
        before = str(pd.Timestamp(day) - pd.Timedelta(days=1))[:10]
        first, second = draw(seed + i), draw(seed + i + 10)
        first[:, change + 1 :], second[:, :change] = np.nan, np.nan
        sales |= {f"A{i}": first, f"B{i}": second}
        share = float(rng.choice([1.0, 0.4]))
        spans += [(f"A{i}", f"T{i}", None, before), (f"B{i}", f"T{i}", day, None, share)]
        roster[f"B{i}"] = (region, None, None)
        if share < 1:
            spans.append((f"C{i}", f"T{i}", day, None, 1 - share))
            roster[f"C{i}"] = (region, None, None)
    inputs = make_inputs(sales, spans, **roster)
    past = make_past(inputs, make_settings())
    booked = inputs.history.groupby(inputs.history["rep_id"].str[1].astype(int) % 2)["amount"].sum()
    for code, region in enumerate("EW"):
        assert np.nansum(past.panel.values[past.panel.region == region]) == pytest.approx(booked[code], rel=1e-9)
    last = inputs.history.loc[inputs.history["month"] >= "2026-01", "amount"].sum()
    assert past.last_year.sum() == pytest.approx(last, rel=1e-9)


@few
@given(st.integers(0, 10**6))
def test_the_order_of_the_assignments_does_not_matter(seed: int) -> None:
    sales = office(4)
    spans = [("R0", "T0", None, "2025-06-14"), ("R1", "T1", None, None), ("R2", "T2", None, None)]
    spans += [(rep, "T0", "2025-06-15", None, 0.5) for rep in ("R1", "R2")] + [("R0", "T3", "2025-08-01", None)]
    inputs = make_inputs(sales, spans, **rows_of("R0", "R1", "R2", "R3"))
    assert inputs.assignments is not None
    mixed = replace(inputs, assignments=inputs.assignments.sample(frac=1, random_state=seed))
    one, other = (make_past(x, make_settings()).panel.values for x in (inputs, mixed))
    assert other == pytest.approx(one, rel=1e-12, nan_ok=True)


def test_the_example_of_the_how_to_runs(tmp_path: Path) -> None:
    """Its table of assignments and its scenario keys, with a roster of those who are still there."""
    page = (Path(__file__).parents[1] / "docs/howto-people-and-territories.md").read_text(encoding="utf-8")
    table = page.partition("```text\n")[2].partition("```")[0]
    blocks = [block.partition("```")[0] for block in page.split("```toml\n")[1:]]
    history = make_history({"R07": draw(7), "R08": draw(8), "R21": draw(9)[:, :0]})
    files = {
        "data/assignments.csv": table,
        "data/history.csv": history.to_csv(index=False),
        "data/roster.csv": "rep_id,region,role,end_date\nR08,East,,2027-03-31\n"
        + "".join(f"R2{i},East,hunter,\n" for i in (1, 2, 3)),
        "scenarios/s.toml": f'target = 1\nfirst_month = "{MONTHS[LENGTH]}"\nlast_month = "{MONTHS[-1]}"\n'
        + blocks[0]
        + 'history = "../data/history.csv"\nroster = "../data/roster.csv"\n'
        + next(block for block in blocks if "events" in block).replace("R07", "R08")
        + next(block for block in blocks if "[ramp]" in block),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    scenario = load_scenario("s", tmp_path)
    inputs = read_inputs(scenario)
    forecast = make_forecast(inputs, scenario.settings)
    assert forecast.flag.tolist() == ["", "took over T7", "took over T8", "took over T8"]
    assert mean_of(forecast, "R08")[:, 3:] == pytest.approx(np.zeros((2, 9)))
    assert forecast.vacant.empty


# ------------------------------------------------------------------ vacant


def test_a_leaver_without_a_successor_leaves_something_vacant() -> None:
    sales = office()
    roster = rows_of("R0", "R1", "R2", region="East") | rows_of("R3", "R4", region="West")
    roster["R5"] = ("West", None, "2027-03-15")
    inputs = make_inputs(sales, None, **roster)
    stays = make_forecast(replace(inputs, roster=inputs.roster.assign(end_date=pd.NaT)), make_settings())
    forecast = make_forecast(inputs, make_settings())
    assert forecast.mean == pytest.approx(stays.mean)  # neither zero nor given to peers
    assert set(forecast.vacant["holder"]) == {"R5"}
    share = np.r_[0, 0, 16 / 31, np.ones(9)]
    assert forecast.vacant["potential"].to_numpy() == pytest.approx((mean_of(forecast, "R5").sum(axis=0) * share)[2:])
    assert forecast.vacant["period"].tolist() == MONTHS[LENGTH + 2 :]
    [note] = [n for n in forecast.notes if n.code == "vacant"]
    assert "of West's forecast" in note.what
    assert note.what.endswith("is held by nobody (2027-03 to 2027-12): R5")
    capacity = make_capacity(forecast, inputs, make_settings()).values
    missing = forecast.vacant["potential"].sum()
    assert capacity.sum() + missing == pytest.approx(forecast.mean.sum())


def test_a_territory_nobody_holds_is_forecast_and_kept_apart() -> None:
    sales = office()
    whole = make_forecast(make_inputs(sales, None, **rows_of(*sales)), make_settings())
    left = {"R5": ("East", None, "2026-12-31")}
    for roster, exact in ((left, 1e-9), ({}, 1e-3)):  # of who is in no roster, the region is not known
        inputs = make_inputs(
            sales, [("R5", "T5", None, "2026-12-31")], **rows_of("R0", "R1", "R2", "R3", "R4"), **roster
        )
        forecast = make_forecast(inputs, make_settings())
        assert len(forecast.mean) == len(forecast.flag) == len(forecast.samples) == len(inputs.roster)
        missing = forecast.vacant["potential"].sum()
        assert missing == pytest.approx(whole.rep_mean[-1], rel=exact)
        assert forecast.mean.sum() + missing == pytest.approx(whole.mean.sum(), rel=exact)
        assert [n.what.rpartition(": ")[2] for n in forecast.notes if n.code == "vacant"] == ["T5"]


def test_a_seat_still_to_be_filled_leaves_its_first_months_vacant() -> None:
    sales = office()
    spans = [("R5", "T5", None, "2026-12-31"), ("TBH-1", "T5", "2027-01-01", None)]
    roster = rows_of("R0", "R1", "R2", "R3", "R4") | {"TBH-1": ("East", "2027-03-01", None)}
    forecast = make_forecast(make_inputs(sales, spans, **roster), make_settings())
    assert forecast.vacant["period"].tolist() == ["2027-01", "2027-02"]
    assert forecast.vacant["holder"].tolist() == ["TBH-1"] * 2


def test_nothing_is_vacant_where_all_are_there() -> None:
    sales = office(3)
    forecast = make_forecast(make_inputs(sales, None, **rows_of(*sales)), make_settings())
    assert forecast.vacant.empty
    assert list(forecast.vacant) == ["holder", "region", "period", "potential"]
    assert not [n for n in forecast.notes if n.code == "vacant"]


def test_thousands_of_hand_overs_take_seconds() -> None:
    n = 3000
    sales = np.full((2, LENGTH), 5.0)
    names = [f"R{i:04}" for i in range(n)]
    index = pd.MultiIndex.from_product([names, ["P0", "P1"], MONTHS[:LENGTH]], names=["rep_id", "product_id", "month"])
    spans = [(r, f"T{i}", None, "2025-05-31") for i, r in enumerate(names)]
    spans += [(names[(i + 1) % n], f"T{i}", "2025-06-01", None) for i in range(n)]
    inputs = make_inputs({"R0000": sales}, spans, **rows_of(*names))
    inputs = replace(inputs, history=pd.DataFrame({"amount": 5.0}, index=index).reset_index())
    past = make_past(inputs, make_settings())
    assert past.panel.values == pytest.approx(np.full((n, 2, LENGTH), 5.0))
