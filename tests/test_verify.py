"""The independent checker: it refuses a table that breaks any one rule, and reads what was written."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.optimize.statement import state
from quotaopt.optimize.verify import check_written
from quotaopt.problem import Cube, Index, Lock, Problem
from quotaopt.rules import rule
from quotaopt.tables import write_csv

from .crossing import crossing
from .instances import solved, tiny_problem, use, with_, written

# Moves of units between cells (rep, product, month) of the plan that is 1.1 × the tiny capacity. Each breaks one
# rule by one unit and keeps the others; rows that weigh several totals may be 2 units off, so 3 units are moved.
Cell = tuple[int, int, int]
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
}


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
