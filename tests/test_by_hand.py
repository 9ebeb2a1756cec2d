"""Decisions by hand: overrides beside what was computed, commitments against the target, locks against their parent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.archive import Run, find_run
from quotaopt.check import check_scenario
from quotaopt.decisions import share_out
from quotaopt.scenario import load_scenario
from quotaopt.tables.byhand import overlaps

from .conftest import SCENARIO

Call = Callable[..., tuple[int, str, str]]
OVERRIDES = (
    "rep_id,product_id,month,value,reason,author,date\n"
    "R1,,,15000,a new account,Lee,2026-12-01\nR3,core,2027-02,5000,a tender,Lee,\n"
)
COMMITS = "rep_id,product_id,month,value,author\nR2,,,20000,Bob\nR4,core,,39600,Dee\n"
NO_CAP = "rules.stay_within_capacity=false"


def write(project: Path, **tables: str) -> None:
    """Name the tables in the base scenario (target 120,000; R1 … R4 sold 12,000, 24,000, 36,000 and 48,000)."""
    keys = "".join(f'{name} = "data/{name}.csv"\n' for name in tables)
    text = SCENARIO.format(about="By hand", target=120_000) + keys
    (project / "scenarios/base.toml").write_text(text, encoding="utf-8")
    for name, rows in tables.items():
        (project / f"scenarios/data/{name}.csv").write_text(rows, encoding="utf-8")


def reps(run: Run) -> list[float]:
    totals = run.table("totals")
    return list(totals[totals["level"] == "rep"]["quota"])


def problems(project: Path, *sets: str) -> list[str]:
    """What `check` says of the base scenario."""
    inputs, findings = check_scenario(load_scenario("base", project, sets))
    assert inputs is None
    return [str(finding) for finding in findings]


def run_it(project: Path, call: Call, *sets: str) -> Run:
    options = [word for one in sets for word in ("--set", one)]
    assert call("run", "-C", project, *options)[0] == 0
    for extra in ([], ["--rerun"]):
        assert call("verify", "last", "-C", project, *extra)[0] == 0
    return find_run(project, "last")


# ------------------------------------------------------------------ overrides


def test_an_override_is_kept_and_the_others_make_up_for_it(project: Path, call: Call) -> None:
    """R1 asked for 15,000 instead of 12,000: the others share 105,000 by capacity 24 : 36 : 48."""
    write(project, overrides=OVERRIDES.rpartition("R3")[0])
    run = run_it(project, call)
    assert reps(run) == [15_000, 23_333, 35_000, 46_667]
    table = run.table("overrides")
    assert table.to_numpy().tolist() == [
        ["R1", "", "", 12_000, 15_000, 3_000, "Lee", "2026-12-01", "a new account", "scenarios/data/overrides.csv:2"]
    ]
    assert run.table("fairness").set_index("rep_id").loc["R1", "source"] == "scenarios/data/overrides.csv:2"


def test_overrides_left_open_change_nothing_else_and_the_difference_is_named(project: Path, call: Call) -> None:
    """R1 + 3,000; R3 core 2027-02 was 36,000 × 3/4 / 12 = 2,250 and becomes 5,000: 5,750 more than the target."""
    write(project, overrides=OVERRIDES)
    run = run_it(project, call, "overrides.rebalance=false")
    assert reps(run) == [15_000, 24_000, 36_000 + 2_750, 48_000]
    totals = run.table("totals").set_index(["level", "key"])
    assert totals.loc[("all", "all"), "gap"] == 5_750
    assert run.record["deviations"] == [["meet_target", "", "all", 5_750]]
    assert [m for m in run.table("warnings")["message"] if "overrides" in m] == [
        "overrides are not re-balanced: quotas add up to 5,750 more than computed",
        "meet_target all: 5,750 above its limit, as the overrides leave it",
    ]
    quotas = run.table("quotas").groupby(["rep_id", "product_id"])["quota"].sum()
    assert quotas["R1"].tolist() == [3_750, 11_250]  # a quarter is cloud, as computed


def test_an_override_left_open_may_break_a_limit_and_says_which(project: Path, call: Call) -> None:
    """The capacity of R1 is 12,000 × 1.5 = 18,000; 20,000 is 2,000 more."""
    write(project, overrides="rep_id,value,reason\nR1,20000,because\n")
    run = run_it(project, call, "overrides.rebalance=false")
    rules = run.table("rules").set_index(["rule", "scope"])
    assert rules.loc[("stay_within_capacity", "R1"), ["limit", "slack"]].tolist() == [18_000, -2_000]
    said = "stay_within_capacity R1: 2,000 above its limit, as the overrides leave it"
    assert said in run.table("warnings")["message"].tolist()
    code, out, _ = call("run", "-C", project)
    assert code == 3
    assert "keep_locks R1 (scenarios/data/overrides.csv:2)" in " ".join(out.split())


def test_an_override_needs_a_reason_and_a_place_of_its_own(project: Path) -> None:
    write(
        project,
        locks="rep_id,value\nR2,1000\n",
        overrides="rep_id,product_id,month,value,reason\nR1,,,10,\nR2,,,20,x\nR3,,2027-01,30,x\nR3,core,,40,x\n"
        "R3,cloud,2028-01,50,x\nR5,,,60,x\nR4,,,0.5,x\n",
    )
    assert problems(project) == [
        "scenarios/data/overrides.csv:2  reason: empty. Fill it in, or delete the row.",
        "scenarios/data/overrides.csv:7  rep_id: not in scenarios/data/roster.csv (got 'R5'). Nearest: 'R4'.",
        "scenarios/data/overrides.csv:6  month: outside the plan (got '2028-01'). It runs from 2027-01 to 2027-12.",
        "scenarios/data/overrides.csv:5  some of the quotas of line 4. Keep one of the two, or decide the parts apart.",
        "scenarios/data/overrides.csv:3  same quotas as scenarios/data/locks.csv:2. Change the lock instead.",
    ]


def test_amounts_are_whole_rounding_units_and_a_rule_keeps_them(project: Path) -> None:
    write(project, overrides="rep_id,value,reason\nR1,0.5,x\n", commits="rep_id,value\nR2,7.25\n")
    assert problems(project, "rules.keep_locks=false") == [
        (
            "scenarios/data/overrides.csv:2  value: no whole number of rounding units of 1 (got '0.5'). "
            "Write 0, or choose a smaller rounding.to."
        ),
        (
            "scenarios/data/commits.csv:2  value: no whole number of rounding units of 1 (got '7.25'). "
            "Write 7, or choose a smaller rounding.to."
        ),
        (
            "--set  rules.keep_locks: nothing keeps the commits. "
            "Write [rules.keep_locks], with a penalty if they may give."
        ),
        (
            "--set  rules.keep_locks: nothing keeps the overrides. "
            "Write [rules.keep_locks], with a penalty if they may give."
        ),
    ]


def test_a_table_is_shared_out_by_rows_first() -> None:
    table = np.tile(np.array([[250], [750]], dtype=np.int64), (1, 12))
    parts = share_out(15_000, table, np.ones(table.shape))
    assert parts.sum(axis=1).tolist() == [3_750, 11_250]
    empty = share_out(10, np.zeros((2, 3), dtype=np.int64), np.array([[0, 0, 0], [1, 0, 1.0]]))
    assert empty.tolist() == [[0, 0, 0], [5, 0, 5]]
    assert int(share_out(7, np.int64(3), np.float64(1.0))) == 7


@given(
    value=st.integers(0, 10**14),
    quota=st.lists(st.integers(0, 10**9), min_size=1, max_size=30),
)
@settings(max_examples=200, derandomize=True)
def test_an_amount_is_shared_out_exactly_and_in_proportion(value: int, quota: list[int]) -> None:
    cells = np.array(quota, dtype=np.int64)
    parts = share_out(value, cells, np.ones(cells.size))
    assert int(parts.sum()) == value
    total = int(cells.sum())
    if total:
        assert all(abs(int(p) * total - value * q) < total for p, q in zip(parts, quota, strict=True))
        assert not parts[cells == 0].any()


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B"]), st.sampled_from(["", "p", "q"]), st.sampled_from(["", "1", "2"])),
        max_size=8,
        unique=True,
    )
)
@settings(max_examples=200, derandomize=True)
def test_overlaps_are_found_as_by_looking_at_every_cell(rows: list[tuple[str, str, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["rep_id", "product_id", "month"], dtype=str)

    def cells(row: tuple[str, str, str]) -> set[tuple[str, str, str]]:
        return {(row[0], p, m) for p in ([row[1]] if row[1] else "pq") for m in ([row[2]] if row[2] else "12")}

    expected = {}
    for late, row in enumerate(rows):
        first = [k for k in range(late) if cells(row) & cells(rows[k])]
        if first:
            expected[late] = first[0]
    assert overlaps(frame) == expected


# ------------------------------------------------------------------ commitments


def test_commitments_are_kept_and_the_rest_is_spread(project: Path, call: Call) -> None:
    """R2 20,000 and R4 core 39,600 stay; 60,400 are left for R1, R3 and R4 cloud, all of them at one level."""
    write(project, commits=COMMITS)
    run = run_it(project, call)
    assert reps(run) == [12_500, 20_000, 37_500, 50_000]  # 100,000 by capacity 12 : 36 : 48
    quotas = run.table("quotas").groupby(["rep_id", "product_id"])["quota"].sum()
    assert quotas["R4", "core"] == 39_600
    table = run.table("commits")
    columns = ["level", "key", "target", "covered", "commit", "gap", "quota"]
    shown = table[table["level"] != "product"][columns].to_numpy().tolist()
    assert shown == [
        ["all", "all", 120_000, 60_000, 59_600, 400, 120_000],
        ["region", "North", 36_000, 24_000, 20_000, 4_000, 32_500],
        ["region", "South", 84_000, 36_000, 39_600, -3_600, 87_500],
        ["rep", "R1", 12_000, 0, 0, 0, 12_500],
        ["rep", "R2", 24_000, 24_000, 20_000, 4_000, 20_000],
        ["rep", "R3", 36_000, 0, 0, 0, 37_500],
        ["rep", "R4", 48_000, 36_000, 39_600, -3_600, 50_000],
        ["commit", "R2", 24_000, 24_000, 20_000, 4_000, 20_000],
        ["commit", "R4 core", 36_000, 36_000, 39_600, -3_600, 39_600],
    ]
    products = table[table["level"] == "product"].set_index("key")
    assert products.loc["core", ["target", "covered", "commit"]].tolist() == [90_000, 36_000, 39_600]


def test_the_target_goes_before_commitments(project: Path, call: Call) -> None:
    write(project, commits=COMMITS)
    run = run_it(project, call, 'commits.keep="target"')
    assert reps(run) == [12_000, 24_000, 36_000, 48_000]
    table = run.table("commits")
    assert table[table["level"] == "commit"]["gap"].tolist() == [4_000, -3_600]


@pytest.mark.parametrize(("weight", "bob"), [(0.5, 22_000), (0.25, 23_000), (1, 20_000), (0, 24_000)])
def test_commitments_weighed_against_the_target(weight: float, bob: int, project: Path, call: Call) -> None:
    """R2: weight × 20,000 + (1 - weight) × 24,000."""
    write(project, commits="rep_id,value\nR2,20000\n")
    run = run_it(project, call, 'commits.keep="weight"', f"commits.weight={weight}")
    assert reps(run)[1] == bob
    assert sum(reps(run)) == 120_000


def test_an_override_takes_the_place_of_a_commitment(project: Path, call: Call) -> None:
    write(project, commits="rep_id,value\nR2,20000\n", overrides="rep_id,value,reason\nR2,30000,x\n")
    run = run_it(project, call)
    assert reps(run)[1] == 30_000
    assert run.table("overrides")["computed"].tolist() == [24_000]


def test_a_negative_remainder_is_refused_with_names_and_excess(project: Path, call: Call) -> None:
    write(project, commits="rep_id,product_id,value\nR2,,80000\nR4,core,50000\n")
    code, out, _ = call("run", "-C", project, "--set", NO_CAP)
    assert code == 3
    said = (
        "meet_target all (scenarios/base.toml:4) allows at most 120,000, but keep_locks R2 and R4 core "
        "(scenarios/data/commits.csv:2, scenarios/data/commits.csv:3) ask at least 130,000: over by 10,000"
    )
    assert said in " ".join(out.split())
    assert not find_run(project, "last").has("commits")


def test_without_a_plan_the_weighed_commitments_are_not_to_blame(project: Path, call: Call) -> None:
    write(project, commits="rep_id,value\nR2,20000\n")
    code, out, _ = call("run", "-C", project, "--set", "target=1_200_000", "--set", 'commits.keep="weight"')
    assert code == 3
    assert "keep_locks" not in out


# ------------------------------------------------------------------ locks above their parent


@pytest.mark.parametrize(
    ("locks", "sets", "said"),
    [
        (
            "R1,,,50000\nR2,core,,30000\nR3,,2027-01,30000\nR4,core,2027-02,30000\n",
            [],
            (
                "meet_target all (scenarios/base.toml:4) allows at most 120,000, but 4 limits of keep_locks "
                "(scenarios/data/locks.csv:2, scenarios/data/locks.csv:3 and 2 more) ask at least 140,000: "
                "over by 20,000"
            ),
        ),
        (
            "R1,,,20000\nR2,,2027-02,9000\n",
            ["by_region.North=0.2", "by_region.South=0.8"],
            (
                "meet_region_target North (--set) allows at most 24,000, but keep_locks R1 and R2 2027-02 "
                "(scenarios/data/locks.csv:2, scenarios/data/locks.csv:3) ask at least 29,000: over by 5,000"
            ),
        ),
        (
            "R1,core,,20000\nR2,core,2027-01,8000\n",
            ["by_product.core=0.2", "by_product.cloud=0.8"],
            (
                "product_mix core (--set) allows at most 24,000, but keep_locks R1 core and R2 core 2027-01 "
                "(scenarios/data/locks.csv:2, scenarios/data/locks.csv:3) ask at least 28,000: over by 4,000"
            ),
        ),
        (
            "R1,core,,20000\nR1,core,2027-01,28000\n",
            [],
            (
                "keep_locks R1 core (scenarios/data/locks.csv:2) allows at most 20,000, but keep_locks R1 core 2027-01 "
                "(scenarios/data/locks.csv:3) asks at least 28,000: over by 8,000"
            ),
        ),
        (
            "R2,,2027-01,12000\n",
            ['rules.meet_region_target.by="quarter"', 'rules.meet_region_target.shares={"2027-Q1"=0.05}'],
            (
                "meet_region_target 2027-Q1 (--set) allows at most 6,000, but keep_locks R2 2027-01 "
                "(scenarios/data/locks.csv:2) asks at least 12,000: over by 6,000"
            ),
        ),
        (
            "R1,,,5000\nR2,,,5000\nR3,,,5000\nR4,,,5000\n",
            [],
            (
                "meet_target all (scenarios/base.toml:4) asks at least 120,000, but 4 limits of keep_locks "
                "(scenarios/data/locks.csv:2, scenarios/data/locks.csv:3 and 2 more) allow at most 20,000: "
                "short by 100,000"
            ),
        ),
    ],
)
def test_locks_beyond_their_parent_fail_with_excess_and_lines(
    locks: str, sets: list[str], said: str, project: Path, call: Call
) -> None:
    write(project, locks=f"rep_id,product_id,month,value\n{locks}")
    code, out, _ = call("run", "-C", project, *[w for one in [NO_CAP, *sets] for w in ("--set", one)])
    assert code == 3
    assert said in " ".join(out.split())


def test_a_minimum_by_role_above_capacity_is_a_conflict(project: Path, call: Call) -> None:
    """R1 is half-time: its minimum is half of 60,000, its capacity 12,000 × 1.5 × a half."""
    roster = "rep_id,rep_name,region,role,headcount\nR1,Ana,North,hunter,0.5\nR2,,North,,\nR3,,South,,\nR4,,South,,\n"
    (project / "scenarios/data/roster.csv").write_text(roster, encoding="utf-8")
    code, out, _ = call("run", "-C", project, "--set", "rules.quota_floor.by_role.hunter=60000")
    assert code == 3
    said = (
        "stay_within_capacity R1 (models/plain.toml:8) allows at most 18,000, but quota_floor R1 (--set) "
        "asks at least 30,000: over by 12,000"
    )
    assert said in " ".join(out.split())
