"""Runs kept in order, plans frozen and revised: the index, the ledger, and the commands."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotaopt.archive import list_runs, load_run
from quotaopt.errors import InputError
from quotaopt.frozen import check_plan, find_plan, revise
from quotaopt.frozen.revisions import spread
from quotaopt.index import INDEX, read_index

Call = Callable[..., tuple[int, str, str]]
DAY = re.compile(r"20\d\d-\d\d-\d\d")


@pytest.fixture
def at(project: Path, monkeypatch: pytest.MonkeyPatch, call: Call) -> Call:
    """The command line inside the project."""
    monkeypatch.chdir(project)
    return call


def masked(text: str) -> str:
    """Dates become DATE, as wide as they were."""
    return DAY.sub("DATE", text)


def ids(project: Path) -> list[str]:
    return [run.id for run in list_runs(project)]


# The index.


def test_the_index_follows_the_folders(project: Path, at: Call) -> None:
    at("run", "base", "stretch", "-q")
    rows = read_index(project)
    assert [row["id"] for row in rows] == ids(project)
    assert [row["target"] for row in rows] == [144_000, 120_000]
    assert [round(row["stretch_max"], 6) for row in rows] == [1.2, 1.0]
    with closing(sqlite3.connect(project / INDEX)) as base:
        assert base.execute("select scenario from runs order by id").fetchall() == [("base",), ("stretch",)]
    first = ids(project)[-1]
    for path in (project / "runs" / first).iterdir():
        path.unlink()
    (project / "runs" / first).rmdir()
    assert [row["id"] for row in read_index(project)] == ids(project)[:1]


@pytest.mark.parametrize("damage", [b"", b"no database at all, but long enough to be looked at as one " * 9])
def test_a_damaged_index_is_made_anew(project: Path, at: Call, damage: bytes) -> None:
    at("run", "base", "-q")
    before = read_index(project)
    (project / INDEX).write_bytes(damage)
    assert read_index(project) == before
    assert at("runs", "rebuild")[0] == 0
    assert read_index(project) == before


def test_notes_and_pins_stand_in_the_folders(project: Path, at: Call) -> None:
    at("run", "base", "stretch", "-q")
    assert masked(at("runs", "note", "base", "board,", "2nd round")[1]) == "Noted  DATE-base-1\n"
    assert masked(at("runs", "pin", "base")[1]) == "Pinned  DATE-base-1\n"
    read_index(project)
    (project / INDEX).unlink()
    assert masked(at("runs")[1]) == (
        "id                    scenario  status    target   quotas  stretch max  age  note\n"
        "DATE-stretch-1  stretch   optimal  144,000  144,000         1.20  now\n"
        "DATE-base-1 *   base      optimal  120,000  120,000         1.00  now  board, 2nd round\n"
    )
    assert masked(at("runs", "--limit", "1", "--format", "csv")[1]).splitlines()[0] == (
        "id,scenario,status,target,quota,stretch_max,age_seconds,pinned,note"
    )
    code, _, err = at("runs", "remove", "base", "stretch")
    said = "DATE-base-1  is pinned. quotaopt runs unpin DATE-base-1\n1 problem. Nothing was run.\n"
    assert (code, masked(err)) == (1, said)
    assert len(ids(project)) == 2
    at("runs", "unpin", "base")
    assert masked(at("runs", "remove", "base", "stretch")[1]) == "Removed  DATE-base-1 DATE-stretch-1\n"
    assert ids(project) == []
    assert list((project / "runs").iterdir()) == []


def test_show_tells_all_there_is(project: Path, at: Call) -> None:
    at("run", "base", "-q")
    code, out, _ = at("runs", "show", "last")
    assert code == 0
    lines = dict(re.split(r"\s+", line, maxsplit=1) for line in re.sub(r"\n +", " ", out).splitlines())
    assert lines["target"] == "120,000"
    assert lines["status"] == "optimal"
    assert "scenarios/data/history.csv" in lines["inputs"]
    assert "quotas.csv" in lines["files"]
    shown = json.loads(at("runs", "show", "last", "--format", "json")[1])["runs"][0]
    assert shown["versions"] == load_run(next((project / "runs").iterdir())).record["versions"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["burn"], "no such action 'burn': list, show, note, pin, unpin, remove, rebuild"),
        (["list", "base"], "runs list takes no run"),
        (["pin"], "runs pin needs a run, like: quotaopt runs pin last"),
    ],
)
def test_usage_of_runs(at: Call, words: list[str], said: str) -> None:
    code, out, err = at("runs", *words)
    assert (code, out) == (2, "")
    assert said in err


# Frozen plans.


CHANGES = """rep_id,product_id,month,value,reason,author
R1,core,2027-05,800,key account left,Eve
R2,,2027-06,1000,,
"""


def test_freeze_revise_and_look(project: Path, at: Call) -> None:
    at("run", "base", "stretch", "-q")
    assert at("freeze", "base", "--as", "2027", "--by", "Ada", "--note", "board")[0] == 0
    Path("changes.csv").write_text(CHANGES, encoding="utf-8")
    code, out, err = at("revise", "2027", "--effective", "2027-04", "--changes", "changes.csv", "--by", "Ada",
                        "--why", "territory cut")  # fmt: skip
    assert (code, err) == (0, "")
    assert out == (
        "Revised  plans/2027, revision 1: 3 quotas of 2 reps from 2027-04 on\n"
        "Total    119,050, -950.00 against before\n"
        "Next     quotaopt plans 2027\n"
    )
    assert masked(at("plans", "2027", "--by", "rep")[1]) == (
        "2027  frozen DATE by Ada from DATE-base-1\n"
        "rep     plan      now   change\n"
        "Ana   12,000   12,050    50.00  +0.4 %\n"
        "Bob   24,000   23,000   -1,000  -4.2 %\n"
        "all  120,000  119,050  -950.00  -0.8 %\n"
        "\n"
        "revision  from     written     by        quotas  sum changes by  why\n"
        "1         2027-04  DATE  Eve, Ada       3         -950.00  key account left; territory cut\n"
    )
    assert masked(at("plans", "2027", "--rep", "R2")[1]) == (
        "R2  24,000 in the plan, 23,000 now\n"
        "revision  month    product     old     new  by   written     why\n"
        "1         2027-06  cloud    500.00  250.00  Ada  DATE  territory cut\n"
        "1         2027-06  core      1,500  750.00  Ada  DATE  territory cut\n"
    )
    assert masked(at("plans")[1]) == (
        "plan  from run           frozen      by   revisions  plan total      now  note\n"
        "2027  DATE-base-1  DATE  Ada          1     120,000  119,050  board\n"
    )
    assert at("verify", "2027")[:2] == (
        0, "plans/2027: 96 quotas as frozen; 3 changes in 1 revision, none altered or left out.\n",
    )  # fmt: skip


def test_a_later_run_revises_from_its_month_on(project: Path, at: Call) -> None:
    at("run", "base", "stretch", "-q")
    at("freeze", "base", "--as", "2027", "--by", "Ada")
    at("revise", "2027", "--effective", "2027-07", "--run", "stretch", "--by", "Ada", "--why", "more is asked")
    plan = find_plan(project, "2027")
    now = plan.current.groupby("month")["quota"].sum()
    assert now["2027-06"] == 10_000
    assert now["2027-07"] == 12_000
    assert set(plan.ledger["run_id"]) == {ids(project)[0]}
    code, _, err = at("runs", "remove", "base")
    assert (code, "is the base of plans/2027" in err) == (1, True)


def test_the_current_plan_can_be_planned_from(project: Path, at: Call) -> None:
    at("run", "base", "-q")
    at("freeze", "base", "--as", "2027", "--by", "Ada")
    code, out, err = at(
        "run", "base", "--set", "data.plan=plans/2027/current.csv", "--set", "goals=['least_change']", "-q"
    )
    assert (code, err) == (0, "")
    first, second = (load_run(Path("runs") / name).table("quotas")["quota"] for name in (ids(project)[-1], out.strip()))
    pd.testing.assert_series_equal(first, second)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("R1,core,2027-03,1,x,", "month: 2027-03 is over. Changes hold from 2027-04 on."),
        ("R9,core,2027-05,1,x,", "changes.csv:2  rep_id: not in the plan from then on (got 'R9')."),
        ("R1,core,2027-05,-1,x,", "changes.csv:2  value: negative (got '-1'). A quota is zero or more."),
        ("R1,core,2027-05,750,x,", "nothing changes. The plan has these quotas already."),
        ("R1,core,2027-05,8,x,\nR1,,2027-05,9,x,",
         "changes.csv:3  rep_id: says something of a cell an earlier row is about (got 'R1')."),
    ],
)  # fmt: skip
def test_a_wrong_change_changes_nothing(project: Path, at: Call, row: str, said: str) -> None:
    at("run", "base", "-q")
    at("freeze", "base", "--as", "2027", "--by", "Ada")
    before = (project / "plans/2027/ledger.csv").read_bytes()
    Path("changes.csv").write_text(f"rep_id,product_id,month,value,reason,author\n{row}\n", encoding="utf-8")
    code, out, err = at("revise", "2027", "--effective", "2027-04", "--changes", "changes.csv", "--why", "test")
    assert (code, out, err) == (1, "", f"{said}\n1 problem. Nothing was run.\n")
    assert (project / "plans/2027/ledger.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("plan.csv", b"750", b"751", "plan.csv was changed after it was frozen"),
        ("ledger.csv", b"Eve", b"Eva", "ledger.csv:2 is not the row that was written"),
        ("ledger.csv", b",500,250,", b",501,250,", "ledger.csv:3 says another old quota than stood there"),
        ("current.csv", b"750", b"751", "current.csv is not the plan after its revisions"),
    ],
)
def test_what_was_touched_is_found(project: Path, at: Call, file: str, old: bytes, new: bytes, fault: str) -> None:
    at("run", "base", "-q")
    at("freeze", "base", "--as", "2027", "--by", "Ada")
    Path("changes.csv").write_text(CHANGES, encoding="utf-8")
    at("revise", "2027", "--effective", "2027-04", "--changes", "changes.csv", "--by", "Ada", "--why", "cut")
    path = project / "plans/2027" / file
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    assert any(line.startswith(fault) for line in check_plan(find_plan(project, "2027")))
    assert at("verify", "2027")[0] == 1


def test_a_row_left_out_of_the_ledger_is_found(project: Path, at: Call) -> None:
    at("run", "base", "-q")
    at("freeze", "base", "--as", "2027", "--by", "Ada")
    Path("changes.csv").write_text(CHANGES, encoding="utf-8")
    at("revise", "2027", "--effective", "2027-04", "--changes", "changes.csv", "--by", "Ada", "--why", "cut")
    path = project / "plans/2027/ledger.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:1] + lines[2:]))
    assert "ledger.csv:2 is not the row that was written" in check_plan(find_plan(project, "2027"))
    assert at("plans", "2027", "--rebuild")[0] == 0


def test_a_plan_is_frozen_once(project: Path, at: Call) -> None:
    at("run", "base", "impossible", "-q")
    assert at("freeze", "impossible", "--as", "2027")[0] == 3
    at("freeze", "base", "--as", "2027", "--by", "Ada")
    assert at("freeze", "base", "--as", "2027")[::2] == (
        1, "plans/2027  there is such a plan. Revise it: quotaopt revise 2027.\n1 problem. Nothing was run.\n",
    )  # fmt: skip
    assert at("freeze", "base", "--as", "../x")[0] == 1
    assert at("plans", "2026")[::2] == (1, "Error: no such plan '2026'. Did you mean '2027'?\n")


def test_revisions_add_up(project: Path, at: Call) -> None:
    at("run", "base", "-q")
    at("freeze", "base", "--as", "2027", "--by", "Ada")
    plan = find_plan(project, "2027")
    for number, amount in enumerate((Decimal(800), Decimal(900), Decimal("750")), 1):
        cell = pd.DataFrame({"rep_id": ["R1"], "product_id": ["core"], "month": ["2027-05"], "reason": "x"})
        plan = revise(plan, cell.assign(new=pd.Series([amount], dtype=object)), "2027-05", "Ada")
        assert plan.revisions == number
        assert check_plan(plan) == []
    assert plan.current.equals(plan.plan)
    with pytest.raises(InputError, match="nothing changes"):
        revise(plan, cell.assign(new=pd.Series([Decimal(750)], dtype=object)), "2027-05", "Ada")


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=9),
    st.integers(0, 10**7),
    st.sampled_from([Decimal(1), Decimal("0.01"), Decimal(100)]),
)
def test_a_value_is_spread_in_whole_units_to_its_sum(weights: list[int], total: int, unit: Decimal) -> None:
    parts = spread(total * unit, [weight * unit for weight in weights], unit)
    assert sum(parts) == total * unit
    assert all(part % unit == 0 for part in parts)
    if sum(weights):
        exact = [total * unit * weight / sum(weights) for weight in weights]
        assert all(abs(part - fair) < unit for part, fair in zip(parts, exact, strict=True))
