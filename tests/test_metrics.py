"""Several metrics: each is planned like money by the same code, weights are whole, levels have an exact mean."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.archive import load_run
from quotaopt.ledgers.levels import set_levels
from quotaopt.recheck import recheck
from quotaopt.run import run_scenario
from quotaopt.settings.metrics import Metric

from .conftest import SALES
from .test_tree import load

Call = Callable[..., tuple[int, str, str]]
UNITS = "[metrics.amount]\nweight = 0.8\n\n[metrics.units]\ntarget = 6_000\nweight = 0.2\n"


def measure(project: Path, text: str, long: bool = False, price: str = "", levels: str = "") -> Path:
    """Give the scenario `base` other metrics, and its history a column `units`, or rows of them."""
    data, scenario = project / "scenarios/data", project / "scenarios/base.toml"
    history = (data / "history.csv").read_text(encoding="utf-8").splitlines()
    if long:
        rows = [f"{row},money" for row in history[1:]]
        rows += [f"{','.join(row.split(',')[:3])},{float(row.split(',')[3]) / 20:g},units" for row in history[1:]]
        text = text.replace("[data]", '[data]\nmetric = "money"')
        head = f"{history[0]},metric"
    else:
        rows = [f"{row},{float(row.split(',')[3]) / 20:g}" for row in history[1:]]
        head = f"{history[0]},units"
    (data / "history.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    before, _, after = scenario.read_text(encoding="utf-8").partition("[data]\n")
    after += 'metric = "money"\n' if long else ""
    if price:
        (data / "products.csv").write_text(price, encoding="utf-8")
        after += 'products = "data/products.csv"\n'
    if levels:
        (data / "levels.csv").write_text(levels, encoding="utf-8")
        after += 'levels = "data/levels.csv"\n'
    scenario.write_text(f"{before}{text}\n[data]\n{after}", encoding="utf-8")
    return project


@pytest.mark.parametrize("long", [False, True])
def test_units_are_planned_beside_money(project: Path, call: Call, long: bool) -> None:
    """Units in a column of their own or in rows of their own: 6,000 are shared out as they were sold."""
    plain = run_scenario(load(project)).table("quotas")
    measure(project, UNITS, long)
    code, out, _ = call("run", "-C", project)
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert ["metric", "weight", "target", "total", "plan"] in lines
    assert ["units", "20.0", "%", "6,000", "6,000", "optimal"] in lines
    run = load_run(next((project / "runs").glob("*-2")))
    assert (run.table("quotas")["quota"] == plain["quota"]).all()
    quotas = run.table("metric_quotas")
    assert set(quotas["metric"]) == {"units"}
    assert quotas.groupby("rep_id")["quota"].sum().to_dict() == {r: n * 12 / 20 for r, n in SALES.items()}
    table = run.table("metrics").set_index("metric")
    assert table["weight"].to_dict() == {"amount": 0.8, "units": 0.2}
    assert table["total"].to_dict() == {"amount": 120_000, "units": 6_000}
    own = load_run(run.folder / table.loc["units", "run"])
    assert recheck(own, project, rerun=True).faults == ()
    assert recheck(run, project, rerun=True).faults == ()


def test_a_metric_that_is_the_amount_is_the_plain_plan(project: Path) -> None:
    """The same numbers as a metric: the same quotas, rules and chances."""
    data = project / "scenarios/data/history.csv"
    rows = data.read_text(encoding="utf-8").splitlines()
    data.write_text(
        "\n".join([f"{rows[0]},copies", *(f"{r},{r.split(',')[3]}" for r in rows[1:]), ""]), encoding="utf-8"
    )
    rules = '[metrics.copies.rules.stay_within_capacity]\nstretch = 1.5\nby = ["rep"]\n'
    text = f"[metrics.amount]\nweight = 0.5\n\n[metrics.copies]\ntarget = 120_000\nweight = 0.5\n\n{rules}"
    scenario = project / "scenarios/base.toml"
    scenario.write_text(scenario.read_text(encoding="utf-8").replace("[data]", f"{text}\n[data]"), encoding="utf-8")
    run = run_scenario(load(project))
    own = load_run(run.folder / run.table("metrics").set_index("metric").loc["copies", "run"])
    same = ["rep_id", "product_id", "period", "quota", "capacity", "stretch", "potential", "low", "high"]
    pd.testing.assert_frame_equal(own.table("quotas")[same], run.table("quotas")[same])
    pd.testing.assert_frame_equal(
        own.table("fairness").drop(columns="source"), run.table("fairness").drop(columns="source")
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            UNITS.replace("0.8", "0.7"),
            (
                "scenarios/base.toml:9  metrics: weights add up to 0.9, not to 1. "
                "Write [metrics.amount] with weight = 0.8."
            ),
        ),
        (
            UNITS.replace("target = 6_000\n", ""),
            "scenarios/base.toml:9  metrics: units has no target. Write target under [metrics.units].",
        ),
        (
            UNITS.replace("target", "targt"),
            "scenarios/base.toml:13  metrics.units.targt: unknown key. Did you mean 'target'?",
        ),
        (
            UNITS.replace("units", "visits"),
            (
                "scenarios/base.toml:12  visits: data.metric: the history has no such column (got 'visits'). "
                "Add a column of that name to the history, or its rows with a column metric."
            ),
        ),
        (
            f"{UNITS}\n[metrics.units.rules.limit_chang]\n",
            "scenarios/base.toml:16  units: rules.limit_chang: no such rule. Did you mean 'limit_change'?",
        ),
    ],
)
def test_problems_of_metrics_are_named(project: Path, call: Call, text: str, said: str) -> None:
    measure(project, text)
    code, out, _ = call("check", "-C", project, "-q", "base")
    assert code == 1
    assert next(line for line in out.splitlines() if "metrics" in line or ": " in line) == said


def test_units_times_price_is_held_against_money(project: Path) -> None:
    """5,000 units at 20 and 1,000 … : 6,000 × 20 = 120,000 agrees; at 18 the totals differ and the numbers are told."""
    head = "product_id,price\n"
    measure(project, UNITS, price=f"{head}cloud,20\ncore,20\n")
    assert not told(run_scenario(load(project)).folder)
    (project / "scenarios/data/products.csv").write_text(f"{head}cloud,18\ncore,18\n", encoding="utf-8")
    assert told(run_scenario(load(project)).folder) == [
        (
            "units × price is 108,000, quotas of money are 120,000: 12,000 (10.0%) less "
            "With metrics.units.target = 6,667 they agree."
        )
    ]


def told(folder: Path) -> list[str]:
    table = pd.read_csv(folder / "warnings.csv", dtype=str, keep_default_na=False)
    table = table[table["code"] == "identity"]
    return [f"{what} {remedy}" for what, remedy in zip(table["message"], table["remedy"], strict=True)]


def test_a_metric_without_a_plan_is_told_and_the_money_kept(project: Path, call: Call) -> None:
    measure(project, f"{UNITS}\n[metrics.units.rules.quota_ceiling]\namount = 100\n")
    code, out, _ = call("run", "-C", project)
    assert code == 3
    assert "\nunits: " in out
    assert "short by 5,600\n\nSaved" in out
    run = load_run(next((project / "runs").glob("*-1")))
    assert run.has("quotas")
    assert not run.has("metric_quotas")


def test_levels_meet_the_company_level_by_volume(project: Path, call: Call) -> None:
    """Share 0.25 and 0.35 with volumes 3 : 1 is 0.275; a company level of 0.3 moves both up by 0.025."""
    text = '[metrics.amount]\nweight = 0.9\n\n[metrics.share]\nkind = "level"\ntarget = 0.3\nweight = 0.1\nhigh = 1\n'
    rows = "metric,level,node,volume,value,target\nshare,region,North,300,0.25,\nshare,region,South,100,0.35,\n"
    measure(project, text, levels=rows)
    run = run_scenario(load(project))
    assert (run.folder / "levels.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "metric,level,node,volume,value,target,change,set",
        "share,company,all,400,0.275,0.3,0.025,true",
        "share,region,North,300,0.25,0.275,0.025,false",
        "share,region,South,100,0.35,0.375,0.025,false",
    ]
    levels = project / "scenarios/data/levels.csv"
    levels.write_text(rows.replace("0.25,", "0.25,0.5").replace("0.35,", "0.35,0.5"), encoding="utf-8")
    code, out, _ = call("check", "-C", project, "-q", "base")
    assert code == 1
    assert out.splitlines()[0] == (
        "scenarios/base.toml:14  metrics.share.target: the targets given leave a mean between 0.5 and 0.5 (got '0.3'). "
        "Change one of them."
    )
    levels.write_text(
        rows.replace("North", "Nrth").replace("share,region,South", "shre,region,South"), encoding="utf-8"
    )
    code, out, _ = call("check", "-C", project, "-q", "base")
    assert out.splitlines()[:2] == [
        "scenarios/data/levels.csv:2  node: not in the roster (got 'Nrth'). Did you mean 'North'?",
        (
            "scenarios/data/levels.csv:3  metric: no such metric of kind level (got 'shre'). "
            'Write [metrics.shre] with kind = "level".'
        ),
    ]


@settings(max_examples=200, derandomize=True)
@given(
    rows=st.lists(st.tuples(st.integers(1, 1000), st.floats(0, 1), st.booleans()), min_size=1, max_size=12),
    target=st.integers(0, 1000),
)
def test_no_step_of_one_node_brings_the_mean_nearer(rows: list[tuple[int, float, bool]], target: int) -> None:
    """What is given stays; free nodes stay within limits; the mean is as near as one step of one node can bring it."""
    metric = Metric(target=Decimal(target) / 1000, kind="level", low=Decimal(0), high=Decimal(1))
    volume, value = (np.array([row[k] for row in rows], dtype=float) for k in (0, 1))
    given_ = np.array([round(v, 3) if fixed else np.nan for _, v, fixed in rows])
    steps = set_levels(metric, volume, value, given_)
    free = np.isnan(given_)
    assert (steps[~free] == np.rint(given_[~free] * 1000)).all()
    assert ((steps >= 0) & (steps <= 1000)).all()
    off = target * volume.sum() - (volume * steps).sum()
    for k in np.flatnonzero(free):
        for step in (-1, 1):
            if 0 <= steps[k] + step <= 1000:
                assert abs(off - step * volume[k]) >= abs(off) - 1e-6
