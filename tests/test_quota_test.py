"""The back-test of quotas: only what was known before is used, the realised total is divided, measures by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from quotaopt.backtest import backtest_quotas, simple_splits
from quotaopt.backtest.past import Past, look_from
from quotaopt.backtest.run import CAVEAT, _divide
from quotaopt.backtest.score import measure_split, pool, with_skill
from quotaopt.columns.quality import QUOTA_TEST
from quotaopt.scenario import load_scenario
from quotaopt.tables import read_inputs

Call = Callable[..., tuple[int, str, str]]
DATA = Path(__file__).parents[2] / "shared" / "data"


def noisy(project: Path, key: int = 5) -> pd.DataFrame:
    """Three years of four reps who change; returns the history."""
    rng = np.random.default_rng(key)
    lines = [
        (f"R{k}", "core", f"{2024 + y}-{m:02}", round(1000 * k * rng.lognormal(0, 0.3), 2))
        for k in range(1, 5) for y in range(3) for m in range(1, 13)
    ]  # fmt: skip
    history = pd.DataFrame(lines, columns=["rep_id", "product_id", "month", "amount"])
    history.to_csv(project / "scenarios/data/history.csv", index=False)
    return history


def run_test(project: Path, months: int = 12, origins: int = 2, *sets: str) -> tuple[pd.DataFrame, list[str]]:
    return backtest_quotas(load_scenario("base", project, sets), months, origins)


# --- measures -----------------------------------------------------------------------------------------------------


def test_one_division_by_hand() -> None:
    reps = list("ABCD")
    actual, quota = pd.Series([100.0, 50, 30, 20], reps), pd.Series([80.0, 60, 60, 0], reps)
    got = measure_split(quota, actual, pd.Series([4.0, 3, 2, 1], reps))
    assert got["misallocated"] == pytest.approx((20 + 10 + 30 + 20) / 400)
    assert got["median_error"] == pytest.approx(0.25)  # attainment 1.25, 0.8333, 0.5
    assert got["near_quota"] == pytest.approx(1 / 3)
    assert got["at_quota"] == pytest.approx(1 / 3)
    assert got["at_quota_low"] < 1 / 3 < got["at_quota_high"]
    assert got["size_bias"] == pytest.approx(1)
    assert got["reps"] == 3


@seed(1)
@given(st.lists(st.floats(1, 1e6), min_size=3, max_size=12), st.integers(0, 99), st.floats(1e-3, 1e3))
def test_a_division_is_judged_alike_in_any_unit_and_order(sold: list[float], key: int, unit: float) -> None:
    rng = np.random.default_rng(key)
    actual = pd.Series(sold)
    quota = actual * rng.lognormal(0, 0.3, len(sold))
    quota *= actual.sum() / quota.sum()
    one, same = measure_split(quota, actual, actual), measure_split(actual, actual, actual)
    assert 0 <= one["misallocated"] <= 1
    assert same["misallocated"] == 0
    order = rng.permutation(len(sold))
    other = measure_split(*((s * unit).iloc[order] for s in (quota, actual, actual)))
    for name in ("misallocated", "median_error", "near_quota", "at_quota"):
        assert other[name] == pytest.approx(one[name])


def test_skill_is_against_the_best_simple_method() -> None:
    table = pd.DataFrame({
        "origin": "2026-01", "method": ["plan", "equal", "last 12 months", "all history"],
        "kind": ["plan", *["simple"] * 3], "misallocated": [0.1, 0.05, 0.2, 0.4], "median_error": [0.3, 1, 0.4, 1.0],
    })  # fmt: skip
    table = with_skill(table).set_index("method")
    assert table["skill"].to_dict() == pytest.approx(
        {"plan": 0.5, "equal": 0.75, "last 12 months": 0, "all history": -1}
    )
    assert table["skill_median"]["plan"] == pytest.approx(0.25)


def test_origins_are_pooled_by_money_and_by_reps() -> None:
    def part(total: float, off: float, reps: int, at: float) -> pd.DataFrame:
        row = {"method": "plan", "kind": "plan", "total": total, "misallocated": off, "reps": reps, "at_quota": at}
        return pd.DataFrame([{**row, "median_error": 0.1, "near_quota": 0.5, "size_bias": np.nan}])

    row = pool([part(100, 0.1, 4, 0.5), part(300, 0.2, 6, 1.0)]).iloc[0]
    assert row["misallocated"] == pytest.approx((10 + 60) / 400)
    assert row["at_quota"] == pytest.approx(0.8)
    assert np.isnan(row["size_bias"])


def test_simple_splits_by_hand() -> None:
    past = np.arange(1, 27, dtype=float).reshape(1, 1, 26).repeat(2, axis=0) * np.array([1.0, 3])[:, None, None]
    splits = {name: cube.sum(axis=(1, 2)) / cube.sum() for name, cube in simple_splits(past, 12).items()}
    assert all(cube.shape == (2, 1, 12) for cube in simple_splits(past, 12).values())
    assert splits.pop("equal").tolist() == [0.5, 0.5]
    assert all(share == pytest.approx([0.25, 0.75]) for share in splits.values())
    assert simple_splits(past, 12)["same months last year"][0, 0].tolist() == list(range(15, 27))
    assert simple_splits(past[:, :, :5], 4)["same months last year"][1, 0].tolist() == [9.0] * 4  # mean of 3 … 15
    assert simple_splits(past, 14)["same months last year"][0, 0, 11:].tolist() == [26, 15, 16]


# --- what was known -----------------------------------------------------------------------------------------------


def test_only_what_was_known_before_is_used(project: Path) -> None:
    """Whatever happens in the hidden months, every division is the same as long as their total is."""

    def divide() -> tuple[Past, dict[str, pd.Series]]:
        scenario = load_scenario("base", project)
        inputs = read_inputs(scenario)
        past = look_from(scenario, inputs, "2026-01", 12)
        assert past is not None
        return past, _divide(past, inputs, sorted(set(past.inputs.history["month"])), 12, {})

    history = noisy(project)
    past, quotas = divide()
    hidden = history["month"] >= "2026-01"
    assert past.inputs.history["month"].max() == "2025-12"
    assert past.total == pytest.approx(history.loc[hidden, "amount"].sum(), abs=1)
    assert past.actual.to_dict() == pytest.approx(history[hidden].groupby("rep_id")["amount"].sum().to_dict())
    history.loc[hidden, "amount"] = history.loc[hidden, "amount"].to_numpy()[::-1]
    history.to_csv(project / "scenarios/data/history.csv", index=False)
    other, again = divide()
    assert other.actual.to_dict() != past.actual.to_dict()
    for method, quota in quotas.items():
        assert quota.sum() == pytest.approx(past.total)
        assert again[method].to_numpy() == pytest.approx(quota.to_numpy()), method


def test_leavers_are_not_known_and_those_to_come_are_not_there(project: Path) -> None:
    noisy(project)
    rows = "R1,North,2020-01-01,2026-03-31\nR2,North,2020-01-01,2025-06-30\nR3,South,,\nR4,South,2024-01-01,\n"
    rows += "R5,South,2026-05-01,\n"
    (project / "scenarios/data/roster.csv").write_text(f"rep_id,region,start_date,end_date\n{rows}")
    scenario = load_scenario("base", project)
    past = look_from(scenario, read_inputs(scenario), "2026-01", 12)
    assert past is not None
    assert past.inputs.roster["rep_id"].tolist() == ["R1", "R3", "R4"]
    assert past.inputs.roster["end_date"].isna().all()


def test_amounts_of_today_become_shares_of_then(project: Path) -> None:
    noisy(project)
    sets = (
        "by_region.North=40000", "by_region.South=80000", "rules.quota_floor.amount=1000", "overassignment=0.1",
        "rules.product_mix.ranges={ core = [60000, 120000] }", "rules.limit_change.up=9",
        'rules.keep_plan.before="2027-02"', 'data.locks="scenarios/data/locks.csv"',
    )  # fmt: skip
    (project / "scenarios/data/locks.csv").write_text("rep_id,value\nR1,100\n")
    scenario = load_scenario("base", project, sets)
    past = look_from(scenario, read_inputs(scenario), "2026-01", 12)
    assert past is not None
    rules: dict[str, Any] = past.scenario.settings.rules
    shares = rules["meet_region_target"][0]["shares"]
    assert sum(shares.values()) == 1
    assert float(shares["North"]) == pytest.approx(1 / 3)
    assert rules["product_mix"][0]["ranges"] == {"core": [Decimal("0.5"), Decimal(1)]}
    assert float(rules["quota_floor"][0]["amount"]) == pytest.approx(1000 * past.total / 120_000)
    assert rules["limit_change"] == [{"up": 9}]
    assert "keep_locks" not in rules
    assert "keep_plan" not in rules
    assert past.scenario.settings.overassignment == 0
    assert set(past.notes) == {
        "meet_region_target: amounts taken as shares of the target",
        "product_mix: ranges of amounts taken as shares of the target",
        "quota_floor: amounts scaled from the target to what was sold",
        "keep_locks: no locks of that time; left out",
        "keep_plan: no current plan of that time; left out",
    }


def test_rules_that_allow_no_plan_give_way_in_words(project: Path) -> None:
    noisy(project)
    table, notes = run_test(project, 12, 1, "rules.limit_change.up=0.5")
    assert len(table[table["method"] == "plan"]) == 2
    assert any(note.startswith("2026-01: only meet_target is kept: the rules allow no plan") for note in notes)
    table, notes = run_test(project, 12, 1, "by_region={ North = 0.9, South = 0.1 }", "rules.limit_change.up=1.5")
    assert any(note.startswith("2026-01: today's shares are left out: the rules allow no plan") for note in notes)


def test_real_quotas_and_potential_are_methods_too(project: Path) -> None:
    history = noisy(project)
    real = history[history["month"] >= "2025-01"].groupby(["rep_id", "month"], as_index=False)["amount"].sum()
    real.assign(quota=2 * real["amount"])[["rep_id", "month", "quota"]].to_csv(
        project / "scenarios/data/quotas.csv", index=False
    )
    rows = "".join(f"R{k},North,{p}\n" for k, p in ((1, 10), (2, 20), (3, 30), (4, 40)))
    (project / "scenarios/data/roster.csv").write_text(f"rep_id,region,potential\n{rows}")
    table, notes = run_test(project, 12, 2, 'data.quotas="scenarios/data/quotas.csv"')
    real_rows = table[table["method"] == "real quotas"]
    assert real_rows["misallocated"].to_numpy() == pytest.approx(0, abs=1e-4)
    assert set(table["kind"]) == {"plan", "simple", "real", "potential"}
    assert sum("2.00 × what was sold" in note for note in notes) == 2


def test_origins_step_back_and_stop_where_nothing_is_known(project: Path) -> None:
    noisy(project)
    assert run_test(project, 12, 9)[0]["origin"].unique().tolist() == ["2026-01", "2025-01", "all"]
    assert run_test(project, 6, 3)[0]["origin"].unique().tolist() == ["2026-07", "2026-01", "2025-07", "all"]


# --- the command --------------------------------------------------------------------------------------------------


def test_backtest_prints(project: Path, call: Call) -> None:
    code, out, err = call("backtest", "-C", project)
    assert (code, err) == (0, "")
    assert out == PRINTED


PRINTED = """\
Back-test of base: 120,000 sold from 1 origin, divided again
method                 wrong rep  median error  80–120 %  at quota  90 % range  size bias  skill
plan                       0.0 %         0.0 %   100.0 %   100.0 %    60–100 %
equal                     20.0 %        40.0 %    50.0 %    50.0 %     18–82 %       1.00
last 12 months             0.0 %         0.0 %   100.0 %   100.0 %    60–100 %
last 3 months              0.0 %         0.0 %   100.0 %   100.0 %    60–100 %
all history                0.0 %         0.0 %   100.0 %   100.0 %    60–100 %
same months last year      0.0 %         0.0 %   100.0 %   100.0 %    60–100 %

total with the wrong rep  2026-01
plan                        0.0 %
equal                      20.0 %
last 12 months              0.0 %
last 3 months               0.0 %
all history                 0.0 %
same months last year       0.0 %
skill of the plan

A simple method is exactly right here: there is no skill to measure.
Note Sales reacted to the quotas there were, so that differences between methods are rather larger
     than shown. What is divided is the total that was sold: how well a total is guessed is not
     judged here. The best simple method is known in hindsight only.
"""


def test_backtest_as_json_and_as_a_file(project: Path, call: Call, tmp_path: Path) -> None:
    noisy(project)
    code, out, _ = call("backtest", "-C", project, "--format", "json", "--out", tmp_path / "out", "--origins", 1)
    content = json.loads(out)
    assert (code, content["schema"], content["scenario"]) == (0, "quotaopt/backtest/1", "base")
    assert {row["origin"] for row in content["rows"]} == {"2026-01", "all"}
    written = pd.read_csv(tmp_path / "out/quota_test.csv", encoding="utf-8-sig")
    assert list(written) == [column.name for column in QUOTA_TEST]
    text = " ".join(call("backtest", "-C", project)[1].split())
    assert CAVEAT in text
    assert "The plan puts less with the wrong rep than the best simple method of hindsight in" in text


def test_too_short_a_history_is_said(project: Path, call: Call) -> None:
    code, out, err = call("backtest", "-C", project, "--months", 30)
    assert (code, out) == (1, "")
    assert err == (
        "scenarios/data/history.csv  too short for a back-test: 24 months, of which 30 are hidden. Hide fewer: "
        "--months 3.\n1 problem. Nothing was run.\n"
    )


@pytest.mark.skipif(not DATA.exists(), reason="the data sets are not beside the repository")
@pytest.mark.parametrize(
    ("name", "months", "least"), [("tourism", 12, 0.0), ("crm_opportunities", 4, 0.0)]
)  # fmt: skip
def test_real_panels_are_divided_better_than_last_year(tmp_path: Path, name: str, months: int, least: float) -> None:
    """What was measured: skill of +6.8 % on tourism, +2.0 % on CRM opportunities."""
    (tmp_path / "scenarios").mkdir()
    tidy = DATA / name / "tidy"
    text = (
        'version = 1\ntarget = 1000\nfirst_month = "2030-01"\nlast_month = "2030-12"\n[data]\nunknown_reps = "drop"\n'
    )
    text += f"history = {json.dumps(str(tidy / 'history.csv'))}\nroster = {json.dumps(str(tidy / 'reps.csv'))}\n"
    (tmp_path / "scenarios/base.toml").write_text(text)
    table, _ = run_test(tmp_path, months, 1)
    every = table[table["origin"] == "all"].set_index("method")
    assert every["skill"]["plan"] > least
    assert every["misallocated"]["plan"] < every["misallocated"]["equal"] / 2
