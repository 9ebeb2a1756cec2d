"""Plans over the draws of their forecast: pay adds up, chances are those of the draws, hedges reach what they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from quotaopt.archive import find_run
from quotaopt.columns.quality import SIMULATION
from quotaopt.pay import PayPlan
from quotaopt.settings import Settings, known_keys
from quotaopt.simulate import load_future, simulate
from quotaopt.simulate.effects import kind_of
from quotaopt.simulate.hedge import least_hedge
from quotaopt.simulate.risk import mean_of_worst, quantile_of, weigh

Call = Callable[..., tuple[int, str, str]]
PAY = ("--set", "pay.curve=[[0.5,0],[1,1],[1.5,2]]", "--set", "pay.target_pay=1000")
CURVE = ((0.5, 0.0), (1.0, 1.0), (1.5, 2.0))


def noisy(project: Path) -> None:
    """Sales that differ from year to year, so that the draws do too."""
    rng = np.random.default_rng(5)
    lines = [
        f"R{k},core,{2024 + y}-{m:02},{1000 * k * rng.lognormal(0, 0.4):.0f}"
        for k in range(1, 5) for y in range(3) for m in range(1, 13)
    ]  # fmt: skip
    path = project / "scenarios/data/history.csv"
    path.write_text("\n".join(["rep_id,product_id,month,amount", *lines]) + "\n")


def values(table: pd.DataFrame, run: str, level: str, key: str = "all") -> pd.Series:
    part = table[(table["run"] == run) & (table["level"] == level) & (table["key"] == key)]
    return part.set_index("measure")["value"]


# --- pay ----------------------------------------------------------------------------------------------------------


def test_pay_follows_the_points_and_stops_at_both_ends() -> None:
    plan = PayPlan((CURVE, ()), np.array([200.0, 100.0]))
    got = plan.pay(np.array([[0.2, 0.5, 0.75, 1.0, 1.25, 3.0, np.nan], [1.0] * 7]))
    assert got[0].tolist() == [0, 0, 100, 200, 300, 400, 0]
    assert not got[1].any()


@seed(3)
@given(st.integers(0, 999), st.floats(0.1, 1000))
def test_pay_of_all_is_the_sum_and_grows_with_target_pay(key: int, scale: float) -> None:
    rng = np.random.default_rng(key)
    attainment, target = rng.uniform(0, 2, (6, 9)), rng.uniform(0, 9, 6)
    curves = tuple(CURVE if k % 2 else ((0.0, 0.0), (2.0, 3.0)) for k in range(6))
    pay = PayPlan(curves, target).pay(attainment)
    alone = [PayPlan((c,), target[k : k + 1]).pay(attainment[k : k + 1]).sum() for k, c in enumerate(curves)]
    assert pay.sum() == pytest.approx(sum(alone))
    assert PayPlan(curves, target * scale).pay(attainment) == pytest.approx(pay * scale)
    assert (PayPlan(curves, target).pay(attainment + 0.1) >= pay - 1e-12).all()


# --- hedge --------------------------------------------------------------------------------------------------------


def test_without_an_elasticity_no_overassignment_helps() -> None:
    assert np.isnan(least_hedge(90.0, 100.0, 0.0))
    assert least_hedge(110.0, 100.0, 0.0) == 0


@seed(2)
@given(st.floats(1, 200), st.floats(0.01, 0.99))
def test_the_least_hedge_reaches_the_target_and_no_less_does(company: float, effort: float) -> None:
    over = least_hedge(company, 100.0, effort)
    if np.isnan(over):
        assert company * 2**effort < 100 * (1 + 1e-9)
    else:
        assert company * (1 + over) ** effort >= 100 * (1 - 1e-9)
        assert over == 0 or company * (1 + 0.999 * over) ** effort < 100


# --- the worst futures --------------------------------------------------------------------------------------------


@seed(4)
@given(st.integers(0, 999), st.sampled_from([0.05, 0.1, 0.37, 1.0]))
def test_the_mean_of_the_worst_is_that_of_rockafellar_and_uryasev(key: int, part: float) -> None:
    rng = np.random.default_rng(key)
    loss, other, weight = rng.integers(0, 9, 30).astype(float), rng.normal(0, 5, 30), rng.uniform(0, 1, 30)
    mine = mean_of_worst(loss, part, weight)
    share = weight / weight.sum()
    assert mine == pytest.approx(min(c + share @ np.maximum(loss - c, 0) / part for c in loss))
    assert share @ loss - 1e-9 <= mine <= loss.max() + 1e-9
    assert quantile_of(loss, 1 - part, weight) <= mine + 1e-9
    assert mean_of_worst(3 * loss + 7, part, weight) == pytest.approx(3 * mine + 7)
    together = mean_of_worst(loss + other, part, weight)
    assert together <= mine + mean_of_worst(other, part, weight) + 1e-9  # a diversified risk is no larger
    assert mean_of_worst(loss, part) == pytest.approx(mean_of_worst(loss, part, np.full(30, 5.0)))


def test_every_plan_is_held_against_every_world(project: Path, call: Call) -> None:
    noisy(project)
    assert call("run", "base", "-q", "-C", project, *PAY)[0] == 0
    assert call("run", "stretch", "-q", "-C", project, *PAY, "--set", "forecast.seed=1")[0] == 0
    futures = [load_future(find_run(project, name), project) for name in ("base", "stretch")]
    found = {(row["run"], row["measure"]): row for row in weigh(futures, [3, 1], 0.5)}
    base, stretch = futures
    draws = [world.drawn.sum(axis=0) for world in futures]
    for plan in futures:
        missing = [np.maximum(plan.target - sold, 0) for sold in draws]
        row = found[plan.run.id, "shortfall_mean"]
        assert row["value"] == pytest.approx(0.75 * missing[0].mean() + 0.25 * missing[1].mean())
        both = np.concatenate([missing[0], missing[0], missing[0], missing[1]])  # 400 draws each
        assert found[plan.run.id, "shortfall_worst_10"]["value"] == pytest.approx(mean_of_worst(both, 0.1))
        assert found[plan.run.id, "shortfall_p90"]["value"] == pytest.approx(np.sort(both)[1439])
    own = [np.maximum(f.target - sold, 0).mean() for f, sold in zip(futures, draws, strict=True)]
    assert found["", "shortfall_mean"]["value"] == pytest.approx(0.75 * own[0] + 0.25 * own[1])
    assert found[stretch.run.id, "pay_mean"]["change"] == pytest.approx(
        found[stretch.run.id, "pay_mean"]["value"] - found[base.run.id, "pay_mean"]["value"]
    )
    out = call("simulate", "base", "stretch", "-C", project, "--weights", "3,1", "--omega", "0.5")[1]
    assert "Over all worlds: base 75.0 %, stretch 25.0 %" in out
    assert "Choose no plan: their targets differ, and a lower target is no smaller risk" in out


def test_the_plan_of_least_risk_is_named(project: Path, call: Call) -> None:
    noisy(project)
    varied = ("--vary", "overassignment=0,0.1", *PAY, "--set", "policy.effort=0.3")
    assert call("run", "base", "-q", "-C", project, *varied)[0] == 0
    names = ["base+overassignment=0", "base+overassignment=0.1"]
    out = call("simulate", *names, "-C", project, "--omega", "1", "--format", "csv")[1]
    rows = [line.split(",") for line in out.splitlines() if ",risk," in line]
    least = min(rows, key=lambda row: float(row[5]))
    assert least[0].endswith("=0.1-1")
    out = call("simulate", *names, "-C", project, "--omega", "1")[1]
    assert f"Choose {names[1]} {float(least[5]):,.0f} (" in out
    assert "Least shortfall and pay: mean + 1 × worst 10 %, over all worlds" in " ".join(out.split())
    (project / "scenarios/data/three.csv").write_text("rep_id,region\nR1,N\nR2,N\nR3,S\n")
    fewer = ("target=80000", "data.unknown_reps=drop", "data.roster=scenarios/data/three.csv")
    assert call("run", "stretch", "-q", "-C", project, *(part for one in fewer for part in ("--set", one)))[0] == 0
    out = call("simulate", names[0], "stretch", "-C", project, "--weights", "1,1", "--omega", "1")[1]
    assert "Choose no plan: the runs have other reps" in " ".join(out.split())
    assert out.count("each plan in its own world") == 1  # only one of the two has pay


def test_weights_are_one_for_each_run(project: Path, call: Call) -> None:
    assert call("run", "base", "stretch", "-q", "-C", project)[0] == 0
    for text in ("1", "1,2,3", "a,b", "-1,2", "0,0", "inf,1", "nan,1"):
        code, out, err = call("simulate", "base", "stretch", "-C", project, "--weights", text)
        assert (code, out) == (2, "")
        assert f"--weights needs 2 weights, one for each run, like 0.5,0.3,0.2 (got '{text}')" in err
    assert call("simulate", "base", "-C", project, "--weights", "1")[0] == 2


# --- from runs ----------------------------------------------------------------------------------------------------


def test_attainment_is_that_of_samples_times_presence(project: Path, call: Call) -> None:
    noisy(project)
    roster = project / "scenarios/data/roster.csv"
    roster.write_text(roster.read_text().replace("R4,Dee,South,2020-01-01", "R4,Dee,South,2027-07-01"))
    assert call("run", "base", "-q", "-C", project)[0] == 0
    run = find_run(project, "last")
    table = simulate([load_future(run, project)])
    capacity = run.table("capacity").drop_duplicates(["rep_id", "period"])
    presence = (capacity["headcount"] * capacity["ramp"]).to_numpy().reshape(4, 12)
    assert presence.sum() == 42
    sales = (run.samples()["samples"] * presence[:, :, None]).sum(axis=1)
    quota = run.table("quotas").groupby("rep_id")["quota"].sum().to_numpy()
    a = sales / quota[:, None]
    mine = values(table, run.id, "all")
    assert mine["reps_at_quota"] == pytest.approx((a >= 1).mean(), abs=1e-6)
    assert mine["company_chance"] == pytest.approx((sales.sum(axis=0) >= 120_000).mean(), abs=1e-6)
    bands = ("reps_below_50", "reps_50_80", "reps_80_100", "reps_100_120", "reps_above_120")
    assert sum(mine[band] for band in bands) == pytest.approx(1, abs=1e-5)
    for k, rep in enumerate(("R1", "R2", "R3", "R4")):
        one = values(table, run.id, "rep", rep)
        assert one["chance"] == pytest.approx((a[k] >= 1).mean(), abs=1e-6)
        assert one["attainment"] == pytest.approx(np.median(a[k]), rel=1e-4)
    measured = run.table("measures").set_index("measure")["value"]
    shared = sorted(set(mine.index) & set(measured.index))
    assert len(shared) >= 6
    assert mine[shared].to_numpy() == pytest.approx(measured[shared].to_numpy(), abs=2e-3)


def test_common_draws_narrow_the_change(project: Path, call: Call) -> None:
    noisy(project)
    assert call("run", "base", "stretch", "-q", "-C", project, *PAY)[0] == 0
    runs = [find_run(project, name) for name in ("base", "stretch")]
    table = simulate([load_future(run, project) for run in runs])
    assert list(table) == [column.name for column in SIMULATION]
    later = table[(table["run"] == runs[1].id) & (table["measure"] == "company_attainment")].iloc[0]
    assert later["change_high"] - later["change_low"] < 0.5 * (later["high"] - later["low"])
    assert later["change_low"] <= later["change"] <= later["change_high"]
    assert (table["low"].isna() | (table["low"] <= table["high"])).all()
    held = table[table["measure"].isin(["chance", "attainment", "company_chance", "street_chance"])]
    assert ((held["low"] <= held["value"] + 1e-6) & (held["value"] <= held["high"] + 1e-6)).all()
    pay = table[(table["measure"] == "pay") & (table["run"] == runs[0].id)]
    assert pay.loc[pay["level"] == "rep", "value"].sum() == pytest.approx(pay.loc[pay["level"] == "pay", "value"].sum())


def test_other_draws_give_no_range_of_change(project: Path, call: Call) -> None:
    noisy(project)
    assert call("run", "base", "-q", "-C", project)[0] == 0
    assert call("run", "stretch", "-q", "-C", project, "--set", "forecast.seed=1")[0] == 0
    out = call("simulate", "base", "stretch", "-C", project)[1]
    assert out.startswith("400 futures, not the same: the forecasts differ\n")
    assert "input" in out.lower()
    assert "forecast.seed: 0 → 1" in out
    table = simulate([load_future(find_run(project, name), project) for name in ("base", "stretch")])
    assert table["change"].notna().any()
    assert table["change_low"].isna().all()


def test_a_declared_elasticity_is_behaviour_and_moves_sales(project: Path, call: Call) -> None:
    noisy(project)
    options = ("base", "-q", "-C", project, "--set", "overassignment=0.1")
    assert call("run", *options)[0] == 0
    assert call("run", *options, "--set", "policy.effort=0.5")[0] == 0
    first, second = (load_future(find_run(project, f"{find_run(project, 'last').id[:-1]}{k}"), project) for k in "12")
    assert second.sales == pytest.approx(first.sales * 1.1**0.5)
    table = simulate([first, second])
    effects = table[table["level"] == "effect"]
    assert effects[["key", "measure", "about"]].to_numpy().tolist() == [["policy.effort", "behaviour", "0.0 → 0.5"]]
    hedges = table[table["level"] == "hedge"].set_index("run")
    assert "whatever the overassignment" in hedges["about"][first.run.id]
    over = hedges["value"][second.run.id]
    sold = second.drawn.sum(axis=0)
    if not np.isnan(over):
        assert ((sold * (1 + over) ** 0.5) >= 120_000 * (1 - 1e-9)).mean() >= 0.8


def test_pay_by_role_and_by_column(project: Path, call: Call) -> None:
    (project / "scenarios/data/roster.csv").write_text(
        "rep_id,region,role,otc\nR1,North,hunter,\nR2,North,hunter,500\nR3,South,farmer,\nR4,South,farmer,0\n"
    )
    more = ("--set", "pay.target_pay_by_role.hunter=2000", "--set", "pay.column=otc",
            "--set", "pay.curve_by_role.farmer=[[0,1],[2,1]]")  # fmt: skip
    assert call("run", "base", "-q", "-C", project, *PAY, *more)[0] == 0
    table = simulate([load_future(find_run(project, "last"), project)])
    pay = table[(table["level"] == "rep") & (table["measure"] == "pay")].set_index("key")["value"]
    assert pay.to_dict() == {"R1": 2000, "R2": 500, "R3": 1000, "R4": 0}


def test_what_pay_names_must_exist(project: Path, call: Call) -> None:
    code, out, _ = call("check", "base", "-C", project, "--set", "pay.column=otc", "--set", "pay.curve_by_role.x=[]")
    assert code == 1
    assert "pay.column: scenarios/data/roster.csv has no such column (got 'otc'). Add it there." in out
    code, out, _ = call("check", "base", "-C", project, "--set", "pay.curve=[[1,1],[0.5,0]]")
    assert code == 1
    assert "points of a pay curve rise in attainment" in out
    (project / "scenarios/data/roster.csv").write_text("rep_id,region,otc\nR1,N,\nR2,N,lots\nR3,S,1\nR4,S,2\n")
    code, out, _ = call("check", "base", "-C", project, "--set", "pay.column=otc")
    assert code == 1
    assert "scenarios/data/roster.csv:3  otc: no amount of pay (got 'lots')." in out


def test_every_key_has_a_kind() -> None:
    kinds = {key: kind_of(key) for key in known_keys(Settings)}
    assert kinds["policy.effort"] == "behaviour"
    assert {kinds[key] for key in ("forecast.method", "data.history", "ramp.profile")} == {"input"}
    assert {kinds[key] for key in ("target", "goals", "rules", "pay.curve", "overassignment")} == {"rule"}


# --- the command --------------------------------------------------------------------------------------------------


def test_simulate_prints(project: Path, call: Call, tmp_path: Path) -> None:
    assert call("run", "base", "stretch", "-q", "-C", project, *PAY)[0] == 0
    code, out, err = call(
        "simulate", "base", "stretch", "-C", project, "--top", 2, "--weights", "0.6,0.4", "--out", tmp_path / "sim"
    )
    assert (code, err) == (0, "")
    assert out == PRINTED.replace("OUT", str(tmp_path / "sim"))
    written = pd.read_csv(tmp_path / "sim/simulation.csv", encoding="utf-8-sig")
    assert list(written) == [column.name for column in SIMULATION]
    assert (tmp_path / "sim/datapackage.json").exists()


PRINTED = """\
400 futures, the same for all runs

                                                          base          90 % range  stretch          90 % range   change
share of reps below 50 %                                 0.0 %      0.0 % to 0.0 %    0.0 %      0.0 % to 0.0 %     +0.0
share of reps at 50 to 80 %                              0.0 %      0.0 % to 0.0 %    0.0 %      0.0 % to 0.0 %     +0.0
share of reps at 80 to 100 %                             0.0 %      0.0 % to 0.0 %  100.0 %  100.0 % to 100.0 %   +100.0
share of reps at 100 to 120 %                          100.0 %  100.0 % to 100.0 %    0.0 %      0.0 % to 0.0 %   -100.0
share of reps above 120 %                                0.0 %      0.0 % to 0.0 %    0.0 %      0.0 % to 0.0 %     +0.0
share of reps at quota or above                        100.0 %  100.0 % to 100.0 %    0.0 %      0.0 % to 0.0 %   -100.0
share of reps at 80 to 120 %                           100.0 %  100.0 % to 100.0 %  100.0 %  100.0 % to 100.0 %     +0.0
the company's sales / target                           100.0 %  100.0 % to 100.0 %   83.3 %    83.3 % to 83.3 %    -16.7
the same that half of the draws reach                  100.0 %                       83.3 %                        -16.7
the same that four draws of five reach                 100.0 %                       83.3 %                        -16.7
share of sales by the best fifth of the reps            40.0 %    40.0 % to 40.0 %   40.0 %    40.0 % to 40.0 %     +0.0
chance that the company makes its target               100.0 %   99.3 % to 100.0 %    0.0 %      0.0 % to 0.7 %   -100.0
what is missing to the target, expected                      0              0 to 0   24,000    24,000 to 24,000  +24,000
what is missing to the target, mean of the worst 10 %        0                       24,000                      +24,000
what is missing to the target, mean of the worst 5 %         0                       24,000                      +24,000
chance that sales reach the sum of all quotas          100.0 %   99.3 % to 100.0 %    0.0 %      0.0 % to 0.7 %   -100.0

                                                     base          90 % range  stretch          90 % range  change
variable pay when everybody makes just the quota    4,000                        4,000                          +0
variable pay, expected                              4,000      4,000 to 4,000    2,667      2,667 to 2,667  -1,333
variable pay: in half of the draws less             4,000                        2,667                      -1,333
variable pay: in nine draws of ten less             4,000                        2,667                      -1,333
variable pay: mean of the worst 10 %                4,000                        2,667                      -1,333
variable pay: mean of the worst 5 %                 4,000                        2,667                      -1,333
variable pay / sales                                3.3 %      3.3 % to 3.3 %    2.2 %      2.2 % to 2.2 %    -1.1
part of variable pay that goes to reps at quota   100.0 %  100.0 % to 100.0 %    0.0 %      0.0 % to 0.0 %  -100.0
90th percentile of pay over reps / median         100.0 %  100.0 % to 100.0 %  100.0 %  100.0 % to 100.0 %    +0.0

                                                  base         90 % range  stretch      90 % range  change
North: chance of making the sum of its quotas  100.0 %  99.3 % to 100.0 %    0.0 %  0.0 % to 0.7 %  -100.0
South: chance of making the sum of its quotas  100.0 %  99.3 % to 100.0 %    0.0 %  0.0 % to 0.7 %  -100.0

chance of making quota, lowest first     base    pay  stretch     pay
Ana                                   100.0 %  1,000    0.0 %  666.67
Bob                                   100.0 %  1,000    0.0 %  666.67
… 2 more: --top 4, or --format csv

Over all worlds: base 60.0 %, stretch 40.0 %
what is missing to the target  expected  90 % below  worst 10 %  worst 5 %
base                                  0           0           0          0
stretch                          24,000      24,000      24,000     24,000
each plan in its own world        9,600      24,000      24,000     24,000

variable pay                expected  90 % below  worst 10 %  worst 5 %
base                           4,000       4,000       4,000      4,000
stretch                        2,667       2,667       2,667      2,667
each plan in its own world     3,467       4,000       4,000      4,000

Hedge base: 0.0 % is enough. Quotas divide sales and do not make them (policy.effort is 0): the
      company makes its target with a chance of 100 % whatever the overassignment; wanted is 80 %
Hedge stretch: Quotas divide sales and do not make them (policy.effort is 0): the company makes its
      target with a chance of 0 % whatever the overassignment; wanted is 80 %
Rule  stretch: target: 120000 → 144000
Saved   OUT
"""


def test_a_run_without_a_plan_has_nothing_to_simulate(project: Path, call: Call) -> None:
    call("run", "impossible", "-q", "-C", project)
    code, out, err = call("simulate", "last", "-C", project)
    assert (code, out) == (3, "")
    assert "has no quotas.csv: its status is infeasible" in err
