"""Potential, prices, accounts and supply: what they make of capacity, of quotas and of units."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from quotaopt.archive import Run, find_run
from quotaopt.check import check_scenario
from quotaopt.ledgers.units import whole_units
from quotaopt.market import blend, share_in_supply
from quotaopt.scenario import load_scenario

from .conftest import ROSTER, SCENARIO

Call = Callable[..., tuple[int, str, str]]
Floats = NDArray[np.float64]


def write(project: Path, roster: str = "", data: str = "", **tables: str) -> None:
    keys = "".join(f'{name} = "data/{name}.csv"\n' for name in tables)
    (project / "scenarios/base.toml").write_text(SCENARIO.format(about="Market", target=120_000) + keys + data)
    for name, rows in (tables | {"roster": roster or ROSTER}).items():
        (project / f"scenarios/data/{name}.csv").write_text(rows, encoding="utf-8")


def run_it(project: Path, call: Call, *sets: str) -> Run:
    assert call("run", "-C", project, *[w for one in sets for w in ("--set", one)])[0] == 0
    assert call("verify", "last", "-C", project, "--rerun")[0] == 0
    return find_run(project, "last")


def by_rep(run: Run, name: str = "capacity") -> list[float]:
    return [round(v, 2) for v in run.table(name).groupby("rep_id")["capacity"].sum()]


# ------------------------------------------------------------------ potential


def test_a_roster_with_potentials_moves_capacity_toward_them(project: Path, call: Call) -> None:
    """Shares of history 10, 20, 30, 40 %, of potential 40, 30, 20, 10 %; half of each: 25 % for all."""
    roster = "rep_id,rep_name,region,start_date,market potential\n"
    roster += "".join(
        f"R{k},,{'North' if k < 3 else 'South'},2020-01-01,{500_000 - 100_000 * k}\n" for k in range(1, 5)
    )
    write(project, roster=roster)
    run = run_it(project, call, "potential.history_weight=0.5")
    assert by_rep(run) == [30_000] * 4
    totals = run.table("totals")
    assert totals[totals["level"] == "rep"]["quota"].tolist() == [30_000] * 4
    table = run.table("potential")
    whole = table[table["product_id"] == ""]
    assert whole[["potential", "sales", "penetration", "before", "after"]].to_numpy().tolist() == [
        [400_000, 12_000, 0.03, 12_000, 30_000],
        [300_000, 24_000, 0.08, 24_000, 30_000],
        [200_000, 36_000, 0.18, 36_000, 30_000],
        [100_000, 48_000, 0.48, 48_000, 30_000],
    ]
    first = table[(table["rep_id"] == "R1") & (table["product_id"] == "core")].iloc[0]
    assert first[["history_share", "potential_share", "history_weight", "share"]].tolist() == [0.1, 0.4, 0.5, 0.25]


def test_potential_of_one_product_by_its_own_weight(project: Path, call: Call) -> None:
    """Core sells 90,000; only R1 and R2 have potentials, so that their 27,000 are shared 1 : 1 by potential."""
    write(project, potential="rep_id,product_id,potential\nR1,core,7\nR2,core,7\n")
    run = run_it(project, call, "potential.by_product.core=0")
    table = run.table("capacity").groupby(["rep_id", "product_id"])["capacity"].sum()
    assert table["R1", "core"] == table["R2", "core"] == 13_500
    assert table.xs("cloud", level=1).tolist() == [3_000, 6_000, 9_000, 12_000]


def test_the_potential_of_a_territory_goes_to_its_holders(project: Path, call: Call) -> None:
    """T1 is R1's and R2's by halves, and T2 R2's alone: 50 and 50 + 100."""
    assignments = "rep_id,territory_id,share\nR1,T1,0.5\nR2,T1,0.5\nR2,T2,1\n"
    write(project, assignments=assignments, potential="territory_id,potential\nT1,100\nT2,100\n")
    table = run_it(project, call, "potential.history_weight=0").table("potential")
    assert table[table["product_id"] == ""]["potential"].tolist() == [50, 150]
    shares = table[table["product_id"] == "core"]
    assert shares["potential_share"].tolist() == shares["share"].tolist() == [0.25, 0.75]


def test_history_alone_is_the_same_as_no_potential(project: Path, call: Call) -> None:
    assert call("run", "-C", project)[0] == 0
    before = find_run(project, "last")
    write(project, potential="rep_id,potential\nR1,100\nR3,5\n")
    after = run_it(project, call, "potential.history_weight=1")
    for name in ("quotas", "capacity", "outlook", "fairness", "totals"):
        one, other = (run.table(name).drop(columns="run_id", errors="ignore") for run in (before, after))
        assert one.equals(other), name
    assert not before.has("potential")


def test_potentials_that_cannot_be(project: Path) -> None:
    write(project, potential="rep_id,territory_id,product_id,potential\nR1,T1,,5\n,,core,5\n,T2,,5\nR9,,,5\nR1,,,-1\n")
    inputs, findings = check_scenario(load_scenario("base", project, ["potential.by_product.c=0.5"]))
    assert inputs is None
    assert [str(f) for f in findings] == [
        "--set  potential.by_product: not in scenarios/data/history.csv (got 'c'). Known: cloud, core.",
        "scenarios/data/potential.csv:6  potential: negative (got '-1'). A potential is zero or more.",
        "scenarios/data/potential.csv:5  rep_id: not in scenarios/data/roster.csv (got 'R9'). Nearest: 'R4'.",
        "scenarios/data/potential.csv:2  neither of a rep nor of a territory alone. Name one of the two.",
        "scenarios/data/potential.csv:3  neither of a rep nor of a territory alone. Name one of the two.",
        (
            "scenarios/data/potential.csv:2  territory_id: not in the assignments (got 'T1'). "
            "Say who holds it in data.assignments."
        ),
        (
            "scenarios/data/potential.csv:4  territory_id: not in the assignments (got 'T2'). "
            "Say who holds it in data.assignments."
        ),
    ]


amounts = st.floats(0, 1e6, allow_subnormal=False)


@given(
    cells=arrays(np.float64, (4, 3, 5), elements=amounts),
    presence=arrays(np.float64, (4, 5), elements=st.sampled_from([0.0, 0.25, 1.0])),
    potential=arrays(np.float64, (4, 3), elements=st.one_of(st.just(np.nan), amounts)),
    weight=arrays(np.float64, 3, elements=st.floats(0, 1)),
)
@settings(max_examples=150, derandomize=True)
def test_blending_keeps_products_and_those_without_potential(
    cells: Floats, presence: Floats, potential: Floats, weight: Floats
) -> None:
    cells = np.where(cells < 1e-3, 0.0, cells) * presence[:, None, :]
    mixed = blend(cells, presence, potential, weight)
    assert (mixed >= 0).all()
    assert mixed.sum(axis=(0, 2)) == pytest.approx(cells.sum(axis=(0, 2)), rel=1e-9, abs=1e-6)
    assert (mixed[np.isnan(potential)] == cells[np.isnan(potential)]).all()
    assert (blend(cells, presence, potential, np.ones(3)) == cells).all()
    assert blend(cells, presence, potential * 7, weight) == pytest.approx(mixed, rel=1e-9, abs=1e-6)
    assert (mixed[~presence.any(axis=1)] == 0).all()


# ------------------------------------------------------------------ limits


def test_accounts_take_their_hours_first(project: Path, call: Call) -> None:
    """R4 sells 4,000 a month in deals of 100 and 1 hour: 40 hours. 50 less 5 accounts × 6 hours are 20: half of it."""
    roster = ROSTER.replace("start_date", "start_date,accounts").replace("01-01", "01-01,0")
    roster = roster.replace("R4,Dee,South,2020-01-01,0", "R4,Dee,South,2020-01-01,5")
    keys = "[workload]\nhours = 50\nhours_per_account = 6\n"
    keys += "hours_per_deal = { core = 1, cloud = 1 }\nvalue_per_deal = { core = 100, cloud = 100 }\n"
    write(project, roster=roster, data=keys)
    run = run_it(project, call, "target=90000")
    assert by_rep(run) == [12_000, 24_000, 36_000, 24_000]
    limited = run.table("capacity").groupby("rep_id")["limited_by"].unique()
    assert [list(names) for names in limited] == [["forecast"]] * 3 + [["workload"]]


def test_supply_limits_the_sum_of_a_product_and_is_named(project: Path, call: Call) -> None:
    """7,500 of core are sold a month; 6,000 can be delivered: everybody has four fifths."""
    write(project, products="product_id,supply_cap\ncore,6000\ncloud,\n")
    run = run_it(project, call, "target=100000", "rules.stay_within_supply.stretch=1")
    assert by_rep(run) == [10_200, 20_400, 30_600, 40_800]
    limited = run.table("capacity").groupby("product_id")["limited_by"].unique()
    assert [list(names) for names in limited] == [["forecast"], ["supply"]]
    quotas = run.table("quotas").groupby(["product_id", "period"])["quota"].sum()
    assert quotas["core"].max() <= 6_000
    rules = run.table("rules")
    assert len(rules[rules["rule"] == "stay_within_supply"]) == 12


def test_supply_of_single_months(project: Path, call: Call) -> None:
    """6,000 of core in March, nothing in April, and 9,000 in all other months, when 7,500 are sold."""
    supply = "product_id,month,supply_cap\ncore,2027-03,6000\ncore,,9000\ncore,2027-04,0\ncore,2029-01,1\n"
    write(project, products="product_id,supply_cap\ncore,1000\ncloud,\n", supply=supply)
    run = run_it(project, call, "target=90000", "rules.stay_within_supply.stretch=1")
    capacity = run.table("capacity").groupby(["product_id", "period"])["capacity"].sum()["core"]
    assert capacity.tolist() == [7_500, 7_500, 6_000, 0, *[7_500] * 8]
    limited = run.table("capacity").query("limited_by == 'supply'")
    assert set(zip(limited["product_id"], limited["period"], strict=True)) == {("core", "2027-03"), ("core", "2027-04")}
    quotas = run.table("quotas").groupby(["product_id", "period"])["quota"].sum()["core"]
    assert (quotas["2027-03"] <= 6_000, quotas["2027-04"]) == (True, 0)
    write(project, supply="product_id,month,supply_cap\ncore,2026-03,6000\n")  # of other months: no limit in this plan
    assert call("check", "-C", project, "base", "--set", "rules.stay_within_supply.stretch=1")[0] == 0
    write(project, supply="产品,供应上限,2027年3月\ncore,1,2\nwood,,3\n")
    code, out, _ = call("check", "-C", project, "base")
    assert code == 1
    assert "supply.csv:3" in out


def test_more_than_can_be_delivered_is_refused_with_the_excess(project: Path, call: Call) -> None:
    write(project, products="product_id,supply_cap\ncore,6000\ncloud,1000\n")
    code, out, _ = call("run", "-C", project, "--set", "rules.stay_within_supply.stretch=1")
    assert code == 3
    said = " ".join(out.split())
    assert "meet_target all (scenarios/base.toml:4) asks at least 120,000" in said
    assert "stay_within_supply" in said
    assert "allow at most 84,000: short by 36,000" in said


def test_a_supply_rule_needs_a_limit_somewhere(project: Path, call: Call) -> None:
    code, out, _ = call("check", "-C", project, "base", "--set", "rules.stay_within_supply.stretch=1")
    assert code == 1
    assert "rules.stay_within_supply knows no limit" in out
    assert call("run", "-C", project, "base", "--set", "rules.stay_within_supply.caps.core=80000")[0] == 0
    totals = find_run(project, "last").table("totals").set_index(["level", "key"])
    assert totals.loc[("product", "core"), "quota"] == 80_000


@given(
    cells=arrays(np.float64, (3, 2, 4), elements=amounts),
    cap=arrays(np.float64, (2, 4), elements=st.one_of(st.just(np.inf), amounts)),
)
@settings(max_examples=100, derandomize=True)
def test_supply_is_used_up_where_it_binds_and_never_exceeded(cells: Floats, cap: Floats) -> None:
    share = share_in_supply(cells, cap)
    used = (cells * share).sum(axis=0)
    assert (used <= cap * (1 + 1e-9) + 1e-9).all()
    assert used[share < 1] == pytest.approx(cap[share < 1])
    assert (share_in_supply(cells, None) == 1).all()


# ------------------------------------------------------------------ prices and units


def test_units_follow_from_price_and_a_dearer_price_raises_money_alone(project: Path, call: Call) -> None:
    """R1's core is 9,000: 90 units of 100. At prices 5 % up it is forecast 9,450, the same 90 units."""
    write(project, products="product_id,price\ncore,100\ncloud,\n")
    run = run_it(project, call)
    units = run.table("units")
    assert set(units["product_id"]) == {"core"}
    sums = units.groupby("rep_id")[["quota", "units", "whole_units"]].sum()
    assert sums.loc["R1"].tolist() == [9_000, 90, 90]
    dear = run_it(project, call, "price.core=1.05", "target=124500")
    assert by_rep(dear) == [12_450, 24_900, 37_350, 49_800]
    after = dear.table("units")
    assert set(after["price"]) == {105}
    assert after.groupby("rep_id")["units"].sum()["R1"] == pytest.approx(90, abs=0.1)
    note = "prices of core × 1.05 at the same units: +4,500 expected"
    assert note in dear.table("warnings")["message"].tolist()


@given(units=arrays(np.float64, (2, 2, 12), elements=st.floats(0, 1e5)))
@settings(max_examples=100, derandomize=True)
def test_whole_units_never_drift(units: Floats) -> None:
    whole = whole_units(units)
    assert (whole >= 0).all()
    assert np.abs(np.cumsum(whole - units, axis=2)).max() <= 0.5 + 1e-6
