"""The independent checker: it refuses a table that breaks any one rule, and reads what was written."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.optimize.statement import state
from quotaopt.optimize.verify import add_up, check_written, parse_units, read_cells
from quotaopt.problem import Cube, Index, Lock, NodeTarget, Problem
from quotaopt.record import money_text
from quotaopt.rules import rule
from quotaopt.tables import write_csv

from .crossing import crossing
from .instances import make_problem, solved, tiny_problem, use, with_, written

# Moves of units between cells (rep, product, month) of the plan that is 1.1 × the tiny capacity. Each breaks one
# rule by one unit and keeps the others; rows that weigh several totals may be 2 units off, so 3 units are moved.
Cell = tuple[int, int, int]
TINY = tiny_problem()
BREAKS: dict[str, tuple[dict[str, Any], dict[str, Any], Cell, Cell, int]] = {
    # R1 + R2 carry 330: R1 gives a unit to R3.
    "meet_region_target": ({"values": {"North": D(330)}}, {}, (0, 0, 0), (2, 0, 0), 1),
    # P1 carries 330: R1 moves a unit from P1 to P2.
    "product_mix": ({"values": {"P1": D(330)}}, {}, (0, 0, 0), (0, 1, 0), 1),
    # R1 has 33 in March, its cap: a unit comes from April.
    "stay_within_capacity": ({"stretch": 1.1}, {}, (0, 0, 1), (0, 0, 0), 1),
    # R1 may have 2.2 × 50 = 110, which it has.
    "limit_change": ({"up": 2.2}, {}, (2, 0, 0), (0, 0, 0), 1),
    # R1 has 110, the floor; R3's floor is half of it.
    "quota_floor": ({"amount": D(110)}, {}, (0, 0, 0), (2, 0, 0), 1),
    # R2 has 220.
    "quota_ceiling": ({"by_role": {"farmer": D(220)}}, {}, (2, 0, 0), (1, 0, 0), 1),
    # R1 has 33 of 110 in March, exactly 0.3; R2 and R3 have more.
    "month_shape": ({"low": 0.3, "of": ("rep",)}, {}, (0, 0, 0), (0, 0, 1), 3),
    "keep_locks": ({}, {"locks": [Lock("R1", None, None, 110)]}, (0, 0, 0), (2, 0, 0), 1),
    # R1 has exactly a third of the 330 of its group: R2 gets 3 units of it.
    "fair_share": ({"band": 0.0}, {}, (0, 0, 0), (1, 0, 0), 3),
    # March is over: its quotas are those of the plan.
    "keep_plan": (
        {"before": "2027-04"}, {"plan": Cube(TINY.index, np.rint(TINY.capacity.values * 1.1))}, (0, 0, 0), (0, 0, 1), 1
    ),
    # 286 in March, 374 in April: two units moved are 2 × (1 + 374 / 286) = 4.6 beyond the limit, more than 1 of each.
    "smooth_months": ({"up": 374 / 286}, {}, (0, 0, 0), (0, 0, 1), 2),
    # North carries 330.
    "meet_node_targets": ({}, {"nodes": [NodeTarget(("region",), 0, 330)]}, (0, 0, 0), (2, 0, 0), 1),
    # P1 carries 330: R1 moves a unit from P2 to P1.
    "stay_within_supply": ({"caps": {"P1": D(330)}}, {}, (0, 1, 0), (0, 0, 0), 1),
    # As much is relieved in North as in South: both carry half.
    "keep_relief": (
        {"by": "region"}, {"relieved": Cube(TINY.index, np.array([10.0, 0, 10])[:, None, None] * np.ones((1, 2, 2)))},
        (0, 0, 0), (2, 0, 0), 1,
    ),
    # P1 carries 330 and costs its whole quota.
    "limit_budget": ({"budget": D(330), "prices": {"P1": D(1)}}, {}, (0, 1, 0), (0, 0, 0), 3),
}  # fmt: skip


def tenth_more(problem: Problem) -> np.ndarray:
    """1.1 × the tiny capacity: whole numbers that add up to 660."""
    return np.rint(problem.capacity.values * 1.1).astype(np.int64)


def check(tmp_path: Path, problem: Problem, quota: Any, *rules: Any, encoding: str = "utf-8-sig") -> list[str]:
    """Write the table, and what the checker says of the file."""
    path = tmp_path / "quotas.csv"
    write_csv(written(problem, quota), path, encoding)
    return check_written(path, problem, state(problem, rules), encoding)


def test_every_rule_has_a_table_that_breaks_it() -> None:
    """`meet_target` has a test of its own, since every move keeps the sum."""
    assert sorted([*BREAKS, "meet_target"]) == sorted(rule)


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_a_table_that_breaks_one_rule_is_refused(name: str, tmp_path: Path) -> None:
    """Kept: accepted. Broken by a unit: refused in the rule's own words, accepted again without the rule."""
    parameters, changes, giver, taker, units = BREAKS[name]
    problem = tiny_problem(**changes)
    target, mine = use("meet_target"), use(name, **parameters)
    quota = tenth_more(problem)
    assert check(tmp_path, problem, quota, target, mine) == []
    quota[giver] -= units
    quota[taker] += units
    faults = check(tmp_path, problem, quota, target, mine)
    assert faults
    assert all(fault.startswith(f"{name} ") for fault in faults)
    assert check(tmp_path, problem, quota, target) == []


@pytest.mark.parametrize("name", sorted(n for n in BREAKS if BREAKS[n][-1] == 3))
def test_weighted_rows_may_be_two_units_off(name: str, tmp_path: Path) -> None:
    """Their limits are no whole numbers, and both sides of them are rounded."""
    parameters, changes, giver, taker, _ = BREAKS[name]
    problem = tiny_problem(**changes)
    quota = tenth_more(problem)
    quota[giver] -= 2
    quota[taker] += 2
    assert check(tmp_path, problem, quota, use(name, **parameters)) == []


@pytest.mark.parametrize(("more", "says"), [(1, ["meet_target all: 661 units, allowed 660 to 660"]), (0, [])])
def test_the_target_to_the_unit(more: int, says: list[str], tmp_path: Path) -> None:
    """661 is not 660."""
    problem = tiny_problem()
    quota = tenth_more(problem)
    quota[0, 0, 0] += more
    assert check(tmp_path, problem, quota, use("meet_target")) == says
    assert check(tmp_path, problem, quota) == []


@given(st.integers(0, 9999), st.integers(0, 10**6))
@settings(derandomize=True, deadline=None, max_examples=15)
def test_one_unit_more_anywhere_is_seen(seed: int, where: int) -> None:
    """Plans of the optimiser pass; one more unit in any cell breaks at least the target."""
    import tempfile

    problem, rules = crossing(seed)
    try:
        blocks, _, table = solved(problem, rules)
    except AssertionError:
        return
    assert table is not None
    quota = table.quota.copy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quotas.csv"
        write_csv(written(problem, quota), path)
        assert check_written(path, problem, blocks) == []
        quota.reshape(-1)[where % quota.size] += 1
        write_csv(written(problem, quota), path)
        assert check_written(path, problem, blocks)


def test_where_no_quota_may_stand(tmp_path: Path) -> None:
    """R1 does not sell P2; a unit there is refused although every total holds."""
    problem = tiny_problem()
    cells = problem.reference.values.copy()
    cells[0, 1] = 0
    problem = with_(problem, reference=Cube(problem.index, cells))
    quota = tenth_more(problem)
    quota[0, 0] += quota[0, 1]
    quota[0, 1] = 0
    assert check(tmp_path, problem, quota, use("meet_target")) == []
    quota[0, :, 0] += [-1, 1]
    assert check(tmp_path, problem, quota, use("meet_target")) == ["R1 P2 2027-03: no quota may stand here"]


def test_negative_amounts(tmp_path: Path) -> None:
    """A negative quota is refused."""
    problem = tiny_problem()
    quota = tenth_more(problem)
    quota[0, 0] += [-30, 30]
    assert check(tmp_path, problem, quota, use("meet_target")) == ["R1 P1 2027-03: negative"]


def test_a_cell_written_twice(tmp_path: Path) -> None:
    """The second line of a cell is refused."""
    problem = tiny_problem()
    frame = written(problem, tenth_more(problem))
    frame.loc[1, "period"] = frame.loc[0, "period"]
    path = tmp_path / "quotas.csv"
    write_csv(frame, path)
    assert check_written(path, problem, state(problem, [use("meet_target")])) == ["R1 P1 2027-03: written twice"]


def test_a_cell_nobody_knows(tmp_path: Path) -> None:
    """A rep who is not in the problem is refused."""
    problem = tiny_problem()
    frame = written(problem, tenth_more(problem))
    frame.loc[0, "rep_id"] = "R9"
    path = tmp_path / "quotas.csv"
    write_csv(frame, path)
    assert check_written(path, problem, []) == ["R9 P1 2027-03: no quota may stand here"]


def test_amounts_that_are_no_whole_units(tmp_path: Path) -> None:
    """With a unit of 0.05, 22.02 is no quota."""
    problem = tiny_problem(unit=D("0.05"))
    frame = written(problem, tenth_more(problem))
    frame.loc[0, "quota"] = D("22.02")
    path = tmp_path / "quotas.csv"
    write_csv(frame, path)
    assert check_written(path, problem, [])[0].startswith("R1 P1 2027-03: 22.02")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("unit", ["0.01", "1", "1000"])
def test_reads_what_was_written(encoding: str, unit: str, tmp_path: Path) -> None:
    """Any unit, with and without a byte order mark."""
    problem = tiny_problem(unit=D(unit))
    quota = tenth_more(problem)
    assert check(tmp_path, problem, quota, use("meet_target"), encoding=encoding) == []
    quota[0, 0, 0] += 1
    assert len(check(tmp_path, problem, quota, use("meet_target"), encoding=encoding)) == 1


def renamed(problem: Problem, ids: list[str], regions: list[str] | None = None) -> Problem:
    """The tiny problem with other ids of its reps, in sorted order, and other regions."""
    reps = problem.index.reps.set_axis(ids)
    if regions is not None:
        reps = reps.assign(region=regions)
    index = Index(reps, problem.index.products, problem.index.months)
    cubes = {k: Cube(index, getattr(problem, k).values) for k in ("capacity", "reference", "last_year")}
    return replace(problem, index=index, **cubes)


def test_ids_that_look_like_formulas(tmp_path: Path) -> None:
    """They are written with an apostrophe, and read without it."""
    problem = renamed(tiny_problem(), ["+R1", "=R2", "张伟"])
    assert check(tmp_path, problem, tenth_more(problem), use("meet_target")) == []
    assert "'=R2" in (tmp_path / "quotas.csv").read_text(encoding="utf-8-sig")


def test_ids_that_begin_with_an_apostrophe(tmp_path: Path) -> None:
    """An apostrophe of one's own stays."""
    problem = renamed(tiny_problem(), ["'s-Gravenhage", "R2", "R3"])
    assert check(tmp_path, problem, tenth_more(problem), use("meet_target")) == []


def test_labels_that_read_alike(tmp_path: Path) -> None:
    """Region "A B" with role "c" and region "A" with role "B c" are both written "A B c"."""
    problem = renamed(tiny_problem(), ["R1", "R2", "R3"], ["A B", "A", "C"])
    reps = problem.index.reps.assign(role=["c", "B c", "d"])
    index = Index(reps, problem.index.products, problem.index.months)
    cubes = {k: Cube(index, getattr(problem, k).values) for k in ("capacity", "reference", "last_year")}
    problem = replace(problem, index=index, **cubes)
    quota = tenth_more(problem)
    cap = use("stay_within_capacity", stretch=1.1, by=("region", "role"))
    assert check(tmp_path, problem, quota, cap) == []
    quota[1, 0, 0] += 1
    assert len(check(tmp_path, problem, quota, cap)) == 1


def test_totals_by_several_attributes_of_every_side(tmp_path: Path) -> None:
    """By region, family and quarter, in any order: North F1 Q1 is 66, of which one unit more is too much."""
    problem = tiny_problem()
    quota = tenth_more(problem)
    for by in (("region", "family", "quarter"), ("quarter", "family", "region"), ("family", "rep")):
        cap = use("stay_within_capacity", stretch=1.1, by=by)
        assert check(tmp_path, problem, quota, cap) == []
        more = quota.copy()
        more[0, 0, 0] += 1
        assert len(check(tmp_path, problem, more, cap)) == 1


@given(
    st.lists(st.decimals(-(10**12), 10**12, places=3) | st.integers(-(10**15), 10**15).map(D), max_size=20),
    st.sampled_from(["0.01", "0.05", "0.25", "1", "100", "1E+3", "0.001"]),
)
@settings(derandomize=True, deadline=None)
def test_amounts_are_read_exactly(amounts: list[D], unit: str) -> None:
    """As decimals would, digit by digit."""
    texts = np.array([f"{amount:f}" for amount in amounts], dtype=object)
    units, faulty = parse_units(texts, D(unit))
    whole = [amount / D(unit) == (amount / D(unit)).to_integral_value() for amount in amounts]
    assert [line for line, _ in faulty] == [k for k, is_whole in enumerate(whole) if not is_whole]
    for amount, is_whole, found in zip(amounts, whole, units.tolist(), strict=True):
        assert found == (int(amount / D(unit)) if is_whole else 0)


@pytest.mark.parametrize(
    ("text", "units", "says"),
    [
        ("12.30", 1230, ""),
        ("-0.01", -1, ""),
        (".5", 50, ""),
        ("7.", 700, ""),
        ("90071992547409.93", 9_007_199_254_740_993, ""),  # no float is this
        ("0000000000000000000012.5", 1250, ""),
        ("1e3", 100_000, ""),
        ("0.005", 0, "0.005 is no multiple of 0.01"),
        ("", 0, "'' is no amount"),
        ("-", 0, "'-' is no amount"),
        ("1-2", 0, "'1-2' is no amount"),
        ("1.2.3", 0, "'1.2.3' is no amount"),
        ("12,5", 0, "'12,5' is no amount"),
        ("NaN", 0, "'NaN' is no amount"),
        ("-Infinity", 0, "'-Infinity' is no amount"),
        ("一二", 0, "'一二' is no amount"),
        ("99999999999999999999", 0, "99999999999999999999 is too large"),
        ("99999999999999999.99", 0, "99999999999999999.99 is too large"),
    ],
)
def test_amounts_of_every_kind(text: str, units: int, says: str) -> None:
    found, faulty = parse_units(np.array([text, "1.00"], dtype=object), D("0.01"))
    assert found.tolist() == [units, 100]
    assert [what for _, what in faulty] == [says] * bool(says)


def test_lines_in_any_order_and_lines_left_out(tmp_path: Path) -> None:
    """What counts is the cell; one that is not written carries nothing."""
    problem = tiny_problem()
    frame = written(problem, tenth_more(problem)).sample(frac=1, random_state=1)
    path = tmp_path / "quotas.csv"
    rules = state(problem, [use("meet_target"), use("stay_within_capacity", stretch=1.1)])
    write_csv(frame, path)
    assert check_written(path, problem, rules) == []
    kept = frame[frame["rep_id"] != "R1"]
    write_csv(kept, path)
    assert check_written(path, problem, rules) == ["meet_target all: 550 units, allowed 660 to 660"]


def test_an_unknown_rep_without_a_quota_changes_nothing(tmp_path: Path) -> None:
    """A line of nothing for nobody; it is not taken for the last cell."""
    problem = tiny_problem()
    frame = written(problem, tenth_more(problem))
    extra = frame.iloc[[0]].assign(rep_id="R9", quota=D(0))
    path = tmp_path / "quotas.csv"
    write_csv(pd.concat([frame, extra]), path)
    assert check_written(path, problem, state(problem, [use("meet_target")])) == []


def test_more_than_a_float_can_hold(tmp_path: Path) -> None:
    """A unit too much in 2^53 + 1 is seen."""
    problem = tiny_problem(target=2**53 + 1)
    quota = np.zeros((3, 2, 2), dtype=np.int64)
    quota[0, 0, 0] = 2**53 + 1
    assert check(tmp_path, problem, quota) == []
    path = tmp_path / "quotas.csv"
    cells, faults = read_cells(path, problem)
    assert faults == []
    assert cells.cube((3, 2, 2)).tolist() == quota.tolist()
    assert add_up(quota, problem.index, problem.group("region")).tolist() == [2**53 + 1, 0]


@pytest.mark.parametrize("text", ["9007199254740993", "9007199254740993.0", "+9007199254740993", " 9007199254740993"])
def test_one_amount_with_a_point_makes_no_float_of_the_others(text: str, tmp_path: Path) -> None:
    """2^53 + 1 is read exactly however it is written, beside whole numbers and beside others."""
    problem = tiny_problem(target=2**53 + 1)
    for other in ("0", "0.0"):
        path = tmp_path / "quotas.csv"
        path.write_text(f"rep_id,product_id,period,quota\nR1,P1,2027-03,{text}\nR1,P1,2027-04,{other}\n")
        cells, faults = read_cells(path, problem)
        assert (faults, cells.units.tolist()) == ([], [2**53 + 1, 0])


def test_every_fault_of_a_file_at_once(tmp_path: Path) -> None:
    """Amounts first, then cells, in the order of the file."""
    problem = tiny_problem()
    frame = written(problem, tenth_more(problem)).astype({"quota": object})
    frame.loc[3, "quota"] = "a lot"
    frame.loc[1, "quota"] = D("0.5")
    frame.loc[4, "quota"] = D(-1)
    frame.loc[6, "rep_id"] = "R8"
    path = tmp_path / "quotas.csv"
    write_csv(frame, path)
    assert check_written(path, problem, state(problem, [use("meet_target")])) == [
        "R1 P1 2027-04: 0.5 is no multiple of 1",
        "R1 P2 2027-04: 'a lot' is no amount",
        "R2 P1 2027-03: negative",
        "R8 P2 2027-03: no quota may stand here",
    ]


def test_a_large_table_is_checked_fast(tmp_path: Path) -> None:
    """240,000 cells in a second or two; one unit too much among them is found."""
    problem = make_problem(1000, 20, 12, 8, unit="0.01")
    quota = np.rint(problem.capacity.values).astype(np.int64)
    problem = replace(problem, target=int(quota.sum()))
    rules = [use("meet_target"), use("stay_within_capacity", stretch=1.5, by=("rep", "month"))]
    quota[7, 3, 5] += 1
    path = tmp_path / "quotas.csv"
    names = [list(side.index) for side in (problem.index.reps, problem.index.products, problem.index.months)]
    keys = pd.MultiIndex.from_product(names, names=["rep_id", "product_id", "period"])
    table = pd.DataFrame({"quota": money_text(quota.reshape(-1), problem.unit)}, index=keys)
    table.to_csv(path, encoding="utf-8-sig", lineterminator="\r\n")
    began = perf_counter()
    (fault,) = check_written(path, problem, state(problem, rules))
    assert perf_counter() - began < 10
    assert fault.startswith("meet_target all: ")
