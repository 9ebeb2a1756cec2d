"""Every rule alone: its program in a file one can read, and its rows against numbers worked out by hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quotaopt.columns import REP_ATTRIBUTES
from quotaopt.errors import InputError
from quotaopt.optimize.build import build
from quotaopt.optimize.statement import state
from quotaopt.problem import Cube, Lock, NodeTarget, Problem
from quotaopt.rules import rule

from .instances import tiny_problem, use
from .lptext import render

GOLDEN = Path(__file__).parent / "golden"
UPDATE = "QUOTAOPT_UPDATE_GOLDEN"  # set it to write the golden files anew
INF = float("inf")

LOCKS = [
    Lock("R1", None, None, 90, "locks.csv:2"),
    Lock("R2", "P1", None, 110, "locks.csv:3"),
    Lock("R3", None, "2027-03", 170, "locks.csv:4"),
    Lock("R3", "P2", "2027-04", 80, "locks.csv:5"),
]
NODES = [
    NodeTarget(("region",), 0, 330, "nodes.csv:2"),
    NodeTarget(("region", "product"), 3, 120, "nodes.csv:3"),
    NodeTarget(("region", "month"), 0, 160, "nodes.csv:4"),
]


def away_first() -> Cube:
    """The first rep's capacity a quarter higher without leave: 25 of the tiny problem's 600 are missing."""
    capacity = tiny_problem().capacity
    share = np.where(np.arange(len(capacity.values)) == 0, 0.25, 0.0)
    return replace(capacity, values=capacity.values * share[:, None, None])


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # rule: its parameters, changes of the tiny problem
    "meet_target": ({}, {}),
    "meet_region_target": ({"values": {"North": D(330)}, "ranges": {"South": (D("0.4"), D("0.6"))}}, {}),
    "meet_node_targets": ({}, {"nodes": NODES}),
    "product_mix": ({"by": "family", "shares": {"F1": D("0.55")}, "ranges": {"F2": (D(250), D(320))}}, {}),
    "stay_within_capacity": ({"stretch": 1.2}, {}),
    "limit_change": ({"down": 0.8, "up": 2.4}, {}),
    "quota_floor": ({"amount": D(80), "by_role": {"hunter": D(110)}}, {}),
    "quota_ceiling": ({"amount": D(400), "by_role": {"farmer": D(250)}}, {}),
    "month_shape": ({"by": "quarter", "low": 0.4, "high": 0.7, "of": ("rep",)}, {}),
    "keep_locks": ({}, {"locks": LOCKS}),
    "fair_share": ({"band": 0.1}, {}),
    "stay_within_supply": (
        {"stretch": 1.1, "caps": {"P1": D(500)}},
        {"supply": np.array([[100.0, 150.0], [np.inf, 200.0]])},
    ),
    "smooth_months": ({"down": 0.9, "up": 1.2}, {}),
    "limit_budget": ({"budget": D(100), "prices": {"P1": D("0.1"), "P2": D("0.25")}}, {}),
    "keep_relief": ({"by": "region"}, {"relieved": away_first()}),
    "keep_plan": ({"before": "2027-04"}, {"plan": tiny_problem().capacity}),
}


def rendered(name: str) -> str:
    """The program of the tiny problem with this rule alone."""
    parameters, changes = CASES[name]
    problem = tiny_problem(**changes)
    blocks = state(problem, [use(name, **parameters)])
    return f"{name} alone, on three reps, two products, two months\n" + render(problem, blocks, build(problem, blocks))


def test_every_rule_has_a_golden_program() -> None:
    """A rule without one, or a file without its rule, is a mistake."""
    assert sorted(CASES) == sorted(rule)
    if UPDATE not in os.environ:
        assert sorted(path.stem for path in GOLDEN.glob("*.lp")) == sorted(rule)


@pytest.mark.parametrize("name", sorted(CASES))
def test_golden_program(name: str) -> None:
    """The program is the stored one; run with QUOTAOPT_UPDATE_GOLDEN=1 to store it anew, and read the change."""
    path = GOLDEN / f"{name}.lp"
    if UPDATE in os.environ:
        path.write_text(rendered(name), encoding="utf-8")
    assert rendered(name) == path.read_text(encoding="utf-8")


def rows(name: str, problem: Problem | None = None, **parameters: Any) -> dict[str, tuple[float, float, float]]:
    """Activity, lower and upper limit of every row of a rule, by scope, when the quota equals the tiny capacity.

    A rule that states one scope twice (a lower and an upper side) gets a second line with an apostrophe.
    """
    problem = problem or tiny_problem()
    found: dict[str, tuple[float, float, float]] = {}
    for block in state(problem, [use(name, **parameters)]):
        activity = block.evaluate(problem.capacity.values)
        for k in range(block.size):
            scope = block.scope(k)
            while scope in found:
                scope += "'"
            found[scope] = (float(activity[k]), float(block.lower[k]), float(block.upper[k]))
    return found


def about(wanted: dict[str, tuple[float, float, float]]) -> Any:
    """Equal up to the last digits of floating point."""
    return {scope: pytest.approx(values, rel=1e-12, abs=1e-9) for scope, values in wanted.items()}


def test_meet_target() -> None:
    """The tiny capacity sums to 100 + 200 + 300 = 600; the target is 660."""
    assert rows("meet_target") == {"all": (600, 660, 660)}


def test_meet_region_target_values() -> None:
    """North carries 100 + 200 = 300. A value is money before overassignment: 330 × 1.1 = 363, South left alone."""
    raised = tiny_problem(overassignment=D("0.1"))
    assert rows("meet_region_target", raised, values={"North": D(330)}) == {"North": (300, 363, 363)}


def test_meet_region_target_values_in_units() -> None:
    """With a unit of 10 money, 330 money are 33 units."""
    assert rows("meet_region_target", tiny_problem(unit=D(10)), values={"North": D(330)}) == {"North": (300, 33, 33)}


def test_meet_region_target_shares() -> None:
    """A quarter of 660 is 165; a share is of the target with overassignment already inside."""
    found = rows("meet_region_target", tiny_problem(overassignment=D("0.1")), shares={"South": D("0.25")})
    assert found == {"South": (300, 165, 165)}


def test_keep_relief() -> None:
    """North carries 300 and would carry 325 of 625 without leave: 660 × 325 / 625 = 343.2. Nobody is away in South."""
    away = tiny_problem(relieved=away_first())
    assert rows("keep_relief", away, by="region") == {"North": (300, 343, 343)}
    assert rows("keep_relief", tiny_problem(), by="region") == {}


def test_relief_that_nobody_carries_is_taken_off_the_regions() -> None:
    """The company gives up 26.4 of 660, all of it North's: its half of 660 becomes 303.6, South keeps 330."""
    relief = away_first().values * (660 / 625)
    less = tiny_problem(target=634, relief=relief)
    found = rows("meet_region_target", less, shares={"North": D("0.5"), "South": D("0.5")})
    assert found == {"North": (300, 304, 304), "South": (300, 330, 330)}


def test_shares_that_add_up_to_one_meet_the_target_to_the_unit() -> None:
    """Of 100: 1/3 each is 33.33; the two largest remainders tie, so the first labels get the odd unit."""
    third = D(1) / 3
    found = rows(
        "meet_region_target", tiny_problem(target=100), by="rep", shares=dict.fromkeys(("R1", "R2", "R3"), third)
    )
    assert [row[1] for row in found.values()] == [34, 33, 33]
    # 100 × (0.336, 0.333, 0.331) = 33.6, 33.3, 33.1: one unit is missing, R1 has the largest remainder.
    uneven = dict(zip(("R1", "R2", "R3"), (D("0.336"), D("0.333"), D("0.331")), strict=True))
    found = rows("meet_region_target", tiny_problem(target=100), by="rep", shares=uneven)
    assert [row[1] for row in found.values()] == [34, 33, 33]


def test_meet_region_target_ranges() -> None:
    """Both at most 1: shares of 660, 264 to 396. Else money: 200 to 350, times 1.1 overassignment 220 to 385."""
    raised = tiny_problem(overassignment=D("0.1"))
    assert rows("meet_region_target", raised, ranges={"North": (D("0.4"), D("0.6"))}) == {"North": (300, 264, 396)}
    assert rows("meet_region_target", raised, ranges={"North": (D(200), D(350))}) == {"North": (300, 220, 385)}


def test_stay_within_supply() -> None:
    """P1 can be delivered for 100 in March, P2 for 210 in April; P1 for 250 in all."""
    problem = replace(tiny_problem(), supply=np.array([[100.0, np.inf], [np.inf, 210.0]]))
    found = rows("stay_within_supply", problem, stretch=1.1, caps={"P1": D(250)})
    sums = problem.capacity.by("product", "month")
    assert found["P1 2027-03"] == (sums[0], -INF, 110)
    assert found["P2 2027-04"] == (sums[3], -INF, 231)
    assert found["P1"] == (sums[0] + sums[1], -INF, 250)
    assert len(found) == 3
    with pytest.raises(InputError, match="knows no limit"):
        rows("stay_within_supply")


def test_limits_are_rounded_inward() -> None:
    """A third to two thirds of 100 is 33.3 to 66.7: whole quotas lie in 34 to 66."""
    found = rows("meet_region_target", tiny_problem(target=100), ranges={"North": (D("0.3333"), D("0.6666"))})
    assert found == {"North": (300, 34, 66)}


def test_meet_region_target_by_any_attribute_of_the_roster() -> None:
    """Peer group b is R3 alone (300); hunters are R1 and R3 (400)."""
    assert rows("meet_region_target", by="peer_group", values={"b": D(320)}) == {"b": (300, 320, 320)}
    assert rows("meet_region_target", by="role", values={"hunter": D(410)}) == {"hunter": (400, 410, 410)}


def test_product_mix() -> None:
    """P1 is 50 + 100 + 150 = 300. Half of 660 is 330; families are P1 and P2 here."""
    assert rows("product_mix", shares={"P1": D("0.5")}) == {"P1": (300, 330, 330)}
    assert rows("product_mix", values={"P2": D(310)}) == {"P2": (300, 310, 310)}
    found = rows("product_mix", by="family", ranges={"F1": (D("0.4"), D("0.6"))})
    assert found == {"F1": (300, 264, 396)}


def test_stay_within_capacity() -> None:
    """1.2 × capacity by rep and month: R1 has 20 + 10 in March and 30 + 40 in April."""
    assert rows("stay_within_capacity", stretch=1.2) == {
        "R1 2027-03": (30, -INF, 36),
        "R1 2027-04": (70, -INF, 84),
        "R2 2027-03": (80, -INF, 96),
        "R2 2027-04": (120, -INF, 144),
        "R3 2027-03": (150, -INF, 180),
        "R3 2027-04": (150, -INF, 180),
    }


def test_stay_within_capacity_of_other_totals() -> None:
    """By region: 300 each. 0.999 × 300 = 299.7 allows 299 whole units."""
    found = rows("stay_within_capacity", stretch=0.999, by=("region",))
    assert found == {"North": (300, -INF, 299), "South": (300, -INF, 299)}


def test_limit_change() -> None:
    """Last year was half the capacity: R1 50, R2 100; 0.8 to 2.4 of it. R3 was not there all of last year."""
    assert rows("limit_change", down=0.8, up=2.4) == {"R1": (100, 40, 120), "R2": (200, 80, 240)}


def test_limit_change_counts_the_base_by_presence() -> None:
    """R2 now works half time: the base is 50, so 40 to 120."""
    problem = tiny_problem(presence=np.array([1.0, 0.5, 1.0]))
    assert rows("limit_change", problem, down=0.8, up=2.4) == {"R1": (100, 40, 120), "R2": (200, 40, 120)}


def test_limit_change_of_groups() -> None:
    """By region every rep's sales count: 150 each; no upper limit leaves a lower one alone."""
    assert rows("limit_change", down=0.8, by="region") == {"North": (300, 120, INF), "South": (300, 120, INF)}
    assert rows("limit_change", up=2.0, by="product") == {"P1": (300, 0, 300), "P2": (300, 0, 300)}


def test_limit_change_without_a_last_year() -> None:
    """A group that sold nothing has no base and no limit."""
    problem = tiny_problem()
    none = problem.last_year.values.copy()
    none[:, 0, :] = 0
    assert rows("limit_change", replace(problem, last_year=Cube(problem.index, none)), up=2.0, by="product") == {
        "P2": (300, 0, 300)
    }


def test_quota_floor() -> None:
    """80 for all, 110 for hunters, times presence: R1 110, R2 80, R3 110 / 2 = 55."""
    found = rows("quota_floor", amount=D(80), by_role={"hunter": D(110)})
    assert found == {"R1": (100, 110, INF), "R2": (200, 80, INF), "R3": (300, 55, INF)}


def test_quota_floor_is_rounded_up() -> None:
    """81 × 0.5 = 40.5: the lowest whole quota is 41."""
    assert rows("quota_floor", amount=D(81))["R3"] == (300, 41, INF)


def test_quota_ceiling() -> None:
    """400 for all, 250 for farmers; presence does not count. Without an amount only the named role is limited."""
    found = rows("quota_ceiling", amount=D(400), by_role={"farmer": D(250)})
    assert found == {"R1": (100, -INF, 400), "R2": (200, -INF, 250), "R3": (300, -INF, 400)}
    assert rows("quota_ceiling", by_role={"farmer": D(250)}) == {"R2": (200, -INF, 250)}


def test_quota_ceiling_in_units() -> None:
    """Amounts are money: with a unit of 0.01, a ceiling of 2.50 is 250 units."""
    assert rows("quota_ceiling", tiny_problem(unit=D("0.01")), amount=D("2.50"))["R1"] == (100, -INF, 250)


def test_month_shape_of_the_company() -> None:
    """March is 30 + 80 + 150 = 260 of 600; 0.4 to 0.5 of 600 is 240 to 300: rows 260 - 240 = 20, 260 - 300 = -40.

    April is 340: 340 - 240 = 100, 340 - 300 = 40, which breaks the upper side.
    """
    assert rows("month_shape", low=0.4, high=0.5) == about(
        {
            "2027-03": (20, 0, INF),
            "2027-04": (100, 0, INF),
            "2027-03'": (-40, -INF, 0),
            "2027-04'": (40, -INF, 0),
        }
    )


def test_month_shape_of_single_periods() -> None:
    """Only the first quarter is limited: 260 - 0.3 × 600 = 80 from below, 260 - 0.5 × 600 = -40 from above."""
    found = rows("month_shape", by="quarter", ranges={"2027-Q1": (D("0.3"), D("0.5"))})
    assert found == about({"2027-Q1": (80, 0, INF), "2027-Q1'": (-40, -INF, 0)})


def test_month_shape_of_each_rep() -> None:
    """At most 0.6 of the rep's own year: R1 30 - 60 and 70 - 60, R2 80 - 120 and 120 - 120, R3 150 - 180 twice."""
    found = rows("month_shape", high=0.6, of=("rep",))
    wanted = {"R1": (-30, 10), "R2": (-40, 0), "R3": (-30, -30)}
    assert found == about(
        {
            f"{rep} {month}": (value, -INF, 0)
            for rep, pair in wanted.items()
            for month, value in zip(("2027-03", "2027-04"), pair, strict=True)
        }
    )


def test_month_shape_by_half_limits_nothing_when_there_is_one() -> None:
    """Both months are in one half: its share is 1, a lower limit of 0.5 leaves 600 - 300 = 300."""
    assert rows("month_shape", by="half", low=0.5) == about({"2027-H1": (300, 0, INF)})


def test_month_shape_of_two_attributes() -> None:
    """By region and role: North farmer is R2, 80 in March of 200; 80 - 0.25 × 200 = 30."""
    found = rows("month_shape", low=0.25, of=("region", "role"))
    assert found["North farmer 2027-03"] == pytest.approx((30, 0, INF))
    assert list(found) == [
        f"{who} {month}" for who in ("North farmer", "North hunter", "South hunter") for month in ("2027-03", "2027-04")
    ]


def test_keep_locks() -> None:
    """A year, a product, a month and a cell; the numbers of the tiny capacity are 100, 100, 150 and 90."""
    problem = tiny_problem(locks=LOCKS)
    assert rows("keep_locks", problem) == {
        "R1": (100, 90, 90),
        "R2 P1": (100, 110, 110),
        "R3 2027-03": (150, 170, 170),
        "R3 P2 2027-04": (90, 80, 80),
    }
    blocks = state(problem, [use("keep_locks")])
    assert [block.source(0) for block in blocks] == [lock.source for lock in LOCKS]


def test_fair_share() -> None:
    """Group a has 300 of capacity and, here, 300 of quota. R1's share is a third: 100 - 0.9 × 100 = 10 from below,
    100 - 1.1 × 100 = -10 from above; R2: 200 - 180 = 20 and 200 - 220 = -20. R3 is alone in b: no rows.
    """
    assert rows("fair_share", band=0.1) == about(
        {"R1": (10, 0, INF), "R2": (20, 0, INF), "R1'": (-10, -INF, 0), "R2'": (-20, -INF, 0)}
    )


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("meet_region_target", {"values": {"Nroth": D(1)}}, "no such region (got 'Nroth'). Did you mean 'North'?"),
        (
            "meet_region_target",
            {"by": "regoin", "values": {"North": D(1)}},
            "no such attribute (got 'regoin'). Did you mean 'region'?",
        ),
        ("product_mix", {"shares": {"P3": D(1)}}, "no such product (got 'P3'). Did you mean 'P2'?"),
        ("quota_floor", {"by_role": {"huntre": D(1)}}, "no such role (got 'huntre'). Did you mean 'hunter'?"),
        ("quota_ceiling", {"by_role": {"x": D(1)}}, "no such role (got 'x'). Known: farmer, hunter."),
        (
            "month_shape",
            {"ranges": {"2027-05": (D(0), D(1))}},
            "no such month (got '2027-05'). Did you mean '2027-04'?",
        ),
        (
            "month_shape",
            {"of": ("family",)},
            f"no such attribute of a rep (got 'family'). Known: {', '.join(REP_ATTRIBUTES)}.",
        ),
    ],
)
def test_unknown_names(name: str, parameters: dict[str, Any], says: str) -> None:
    """A name that is not there is refused with its place, its rule, and the nearest that is."""
    with pytest.raises(InputError) as error:
        state(tiny_problem(), [use(name, **parameters)])
    (finding,) = error.value.findings
    assert str(finding) == f"test.toml:{len(name)}  rules.{name}: {says}"


def test_totals_of_different_rows_cannot_be_added() -> None:
    """The message says how to make them the same."""
    from quotaopt.optimize.rows import totals_of

    total: Callable[..., Any] = totals_of(tiny_problem())
    with pytest.raises(ValueError, match=r"use \.along"):
        total("rep") + total("region")
    with pytest.raises(ValueError, match="total by rep is not part of one by product"):
        total("product").along("rep")


def test_smooth_months() -> None:
    """The months carry 260 and 340: 340 - 1.2 × 260 = 28 is over 0, 340 - 0.9 × 260 = 106 is not under it."""
    assert rows("smooth_months", up=1.2) == about({"2027-04": (28, -INF, 0)})
    assert rows("smooth_months", down=0.9) == about({"2027-04": (106, 0, INF)})


def test_smooth_months_of_each_rep() -> None:
    """R1 carries 30 and 70, and so on: one row for each rep."""
    assert list(rows("smooth_months", up=1.2, of=("rep",))) == ["R1 2027-04", "R2 2027-04", "R3 2027-04"]


def test_limit_budget() -> None:
    """Each product carries 300: at 0.1 and 0.25 they cost 30 + 75. Of P1, North carries 150 and so does South."""
    prices = {"P1": D("0.1"), "P2": D("0.25")}
    assert rows("limit_budget", budget=D(100), prices=prices) == about({"all": (105, -INF, 100)})
    found = rows("limit_budget", budget=D(100), prices={"P1": D(1)}, by=("region",))
    assert found == about({"North": (150, -INF, 100), "South": (150, -INF, 100)})
    with pytest.raises(InputError, match="no such product"):
        rows("limit_budget", budget=D(100), prices={"P9": D(1)})


def test_keep_plan() -> None:
    """March is over: its six cells stay as the plan has them; April is free."""
    problem = tiny_problem()
    found = rows("keep_plan", replace(problem, plan=problem.capacity), before="2027-04")
    assert len(found) == 6
    assert all(low == high == round(activity) for activity, low, high in found.values())
    assert all(scope.endswith("2027-03") for scope in found)
    with pytest.raises(InputError, match="needs the current plan"):
        rows("keep_plan", problem, before="2027-04")
