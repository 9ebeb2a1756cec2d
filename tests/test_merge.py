"""Files of managers: only the own subtree goes out, what comes back is checked, no change makes no change."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from quotaopt.archive import Run, load_run
from quotaopt.managers.files import open_handout, write_manager_files
from quotaopt.managers.merge import merge_files
from quotaopt.run import run_scenario

from .test_tree import HEDGE, TREE, load, plant

Call = Callable[..., tuple[int, str, str]]
FIXTURE = [HealthCheck.function_scoped_fixture]
TODAY = date(2026, 11, 22)


@pytest.fixture
def planned(project: Path) -> Run:
    plant(project, f"{TREE}\n{HEDGE}\n[targets.team]\nA = 20_000\n")
    return run_scenario(load(project))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def change(path: Path, row: int, **cells: str) -> None:
    rows = rows_of(path)
    rows[row] |= cells
    pd.DataFrame(rows).to_csv(path, index=False)


def test_a_file_holds_the_own_subtree_and_nothing_from_above(project: Path, planned: Run, call: Call) -> None:
    code, out, err = call("export", "-C", project, "last", "--per-manager", "-o", project / "out")
    assert (code, err) == (0, "")
    assert out == (
        "file   team   plan  quota\n"
        "A.csv  A     20000  20200\n"
        "B.csv  B     26780  27048\n"
        "C.csv  C     31832  32150\n"
        "D.csv  D     47459  47934\n"
        "Saved   out: 4 files; managers fill in quota_new and reason\n"
        f"Next    quotaopt merge {planned.id} out\n"
    ) or out.startswith("file   team   plan  quota\nA.csv  A     20000  20200\n")
    rows = rows_of(project / "out/A.csv")
    assert list(rows[0]) == [
        "run_id", "level", "node", "rep_id", "rep_name", "product_id", "month", "plan", "quota", "quota_new", "reason",
    ]  # fmt: skip
    assert {(r["rep_id"], r["node"], r["quota_new"]) for r in rows} == {("R1", "A", "")}
    assert sum(int(r["plan"]) for r in rows) == 20_000
    assert sum(int(r["quota"]) for r in rows) == 20_200
    code, _, err = call("export", "-C", project, "last", "--per-manager", "-o", project / "out")
    assert code == 1
    assert "A.csv  is there already. Name another folder, or take the files away.\n" in err


def test_files_go_out_by_any_column(project: Path, planned: Run, call: Call) -> None:
    """A second tree and a column beside both: street numbers add up to all quotas, own ones to the company's."""
    for by in ("region", "大区", "grade", "rep_name"):
        handout = open_handout(planned, project, by)
        assert sum(handout.street.values()) == planned.record["quota"]
        assert abs(sum(handout.plan.values()) - 120_000 * 1.03) <= len(handout.plan)
    code, _, err = call("export", "-C", project, "last", "--per-manager", "-o", project / "out", "--by", "regin")
    assert (code, err) == (1, "Error: no such column of the roster 'regin'. Did you mean 'region'?\n")


def test_a_merge_of_no_change_changes_nothing(project: Path, planned: Run, call: Call) -> None:
    call("export", "-C", project, "last", "--per-manager", "-o", project / "out")
    code, out, err = call("merge", "-C", project, "last", project / "out")
    assert (code, out, err) == (0, "4 files, 96 quotas: nothing was changed\n", "")
    assert not (project / "out/merged").exists()


@settings(
    max_examples=6,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_merge_finds_every_change_and_nothing_else(
    project: Path, planned: Run, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Managers move quota between their own cells: the changes are those moves, and all the rest is as it was."""
    folder = tmp_path_factory.mktemp("out")
    handout = open_handout(planned, project, "region")
    moved: dict[tuple[str, str, str], tuple[str, int]] = {}
    for path in write_manager_files(handout, folder):
        rows = rows_of(path)
        picked = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=6, unique=True))
        for give, take in zip(picked[::2], picked[1::2], strict=False):
            amount = data.draw(st.integers(1, int(rows[give]["quota"])))
            for row, step in ((give, -amount), (take, amount)):
                new = int(rows[row]["quota"]) + step
                change(path, row, quota_new=str(new), reason=f"moved {amount}")
                moved[rows[row]["rep_id"], rows[row]["product_id"], rows[row]["month"]] = (path.stem, new)
    merged = merge_files(planned, project, folder, TODAY)
    keys = ["rep_id", "product_id", "month"]
    found = merged.changes.set_index(keys)[["author", "new"]]
    assert {key: (author, int(new)) for key, author, new in found.itertuples()} == moved
    assert (merged.changes["new"].astype(int) - merged.changes["old"].astype(int)).sum() == 0
    touched = {author for author, _ in moved.values()}
    assert set(merged.overrides["author"]) == touched
    kept = merged.overrides.set_index(keys)["value"].astype(int)
    assert {k: kept[k] for k in moved} == {k: new for k, (_, new) in moved.items()}
    assert kept.sum() == sum(handout.street[node] for node in touched)


def test_the_next_run_plans_with_what_came_back(project: Path, planned: Run, call: Call) -> None:
    call("export", "-C", project, "last", "--per-manager", "-o", project / "out")
    path = project / "out/D.csv"
    first, second = rows_of(path)[0], rows_of(path)[1]
    change(path, 0, quota_new=str(int(first["quota"]) - 50), reason="fair in January")
    change(path, 1, quota_new=str(int(second["quota"]) + 50), reason="moved from January")
    code, out, err = call("merge", "-C", project, "last", project / "out")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "4 files, 96 quotas: 2 changed, by D (2)"
    assert (project / "out/merged/merge.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "author,rep_id,rep_name,product_id,month,old,new,change,reason,source",
        f"D,R4,Dee,cloud,2027-01,{first['quota']},{int(first['quota']) - 50},'-50,fair in January,D.csv:2",
        f"D,R4,Dee,cloud,2027-02,{second['quota']},{int(second['quota']) + 50},50,moved from January,D.csv:3",
    ]
    setting = out.splitlines()[-1].split("--set ")[1]
    again = run_scenario(load(project, setting)).table("quotas")
    cell = (again["rep_id"] == "R4") & (again["product_id"] == "cloud") & (again["period"] == "2027-01")
    assert again.loc[cell, "quota"].tolist() == [int(first["quota"]) - 50]
    before = planned.table("quotas")
    assert (again["quota"] - before["quota"]).abs().sum() == 100


def test_all_problems_of_all_files_come_at_once(project: Path, planned: Run, call: Call) -> None:
    call("export", "-C", project, "last", "--per-manager", "-o", project / "out")
    a, b, c, d = (project / f"out/{name}.csv" for name in "ABCD")
    quota = rows_of(a)[1]["quota"]
    change(a, 0, quota_new="12.5", reason="half")
    change(a, 1, quota="7")
    change(a, 2, quota_new="1")
    change(b, 0, rep_id="R9")
    change(b, 1, rep_id="R1", month="2027-01")
    change(c, 0, run_id="2026-01-01-base-1")
    change(d, 0, quota_new="many", reason="?")
    code, _, err = call("merge", "-C", project, "last", project / "out")
    assert code == 1
    assert err == (
        "D.csv:2  quota_new: not a number (got 'many').\n"
        "B.csv:3  same rep, product and month as A.csv:2. Each quota may stand in one file only.\n"
        f"C.csv:2  run_id: a file of another run (got '2026-01-01-base-1'). This is {planned.id}.\n"
        "B.csv:2  rep_id: the run has no such quota (got 'R9'). Leave rep, product and month as they were.\n"
        "B.csv:3  node: not the team of this rep (got 'B'). Leave the row as it was.\n"
        "A.csv:3  quota: not the quota of the run (got '7'). "
        "Leave it as it was, and write the new one into quota_new.\n"
        "A.csv:2  quota_new: no whole number of rounding units of 1 (got '12.5').\n"
        "A.csv:4  reason: a change without a reason. Say why.\n"
        "B.csv  2 rows did not come back, the first is R2 cloud 2027-01. "
        "Put the rows back; an empty quota_new changes nothing.\n"
        "9 problems. Nothing was run.\n"
    )
    assert quota != "7"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_managers_may_work_in_a_workbook(project: Path, planned: Run, call: Call, language: str) -> None:
    """The same rows and checks as in CSV files; sums above the headings follow what is typed."""
    out = project / "books"
    export = ("export", "-C", project, "last", "--per-manager", "--to", "xlsx", "--labels", language, "-o", out)
    assert call(*export)[0] == 0
    assert call("merge", "-C", project, "last", out)[:2] == (0, "4 files, 96 quotas: nothing was changed\n")
    book = openpyxl.load_workbook(out / "A.xlsx")
    sheet = book["Quotas"]
    heads = [cell.value for cell in sheet[6]]
    assert heads[0] == ("run_id" if language == "en" else "运行编号")
    assert [sheet.cell(row, 2).value for row in range(2, 6)] == [
        20_000, "=SUM(I7:I30)", '=SUMPRODUCT((J7:J30="")*I7:I30)+SUM(J7:J30)',
        '=SUMPRODUCT((J7:J30="")*I7:I30)+SUM(J7:J30)-SUM(I7:I30)',
    ]  # fmt: skip
    assert sheet.protection.sheet
    assert not sheet["J7"].protection.locked
    first, second = sheet["I7"].value, sheet["I8"].value
    sheet["J7"], sheet["K7"], sheet["J8"], sheet["K8"] = first + 10, "more", second - 10, "less"
    book.save(out / "A.xlsx")
    code, said, _ = call("merge", "-C", project, "last", out)
    assert (code, said.splitlines()[0]) == (0, "4 files, 96 quotas: 2 changed, by A (2)")
    sheet["J8"] = "much"
    book.save(out / "A.xlsx")
    code, _, err = call("merge", "-C", project, "last", out)
    assert code == 1
    column = "quota_new" if language == "en" else "新指标 (quota_new)"
    assert err.startswith(f"A.xlsx[Quotas]:8  {column}: not a number (got 'much').")
    assert call("export", "-C", project, "last", "--per-manager", "--to", "flat", "-o", out)[0] == 2


@pytest.mark.parametrize(
    ("limit", "step", "said"),
    [
        ("", 100, "team A: the new quotas add up to 20,300, its street number is 20,200: 100 too much"),
        ("limit = 0.07\n", 100, ""),
        ("limit = 0.07\n", -300, "team A: the new quotas add up to 19,900, its own number is 20,000: 100 too little"),
        (
            "limit = 0.08\n",
            1500,
            (
                "team A: the new quotas add up to 21,700, at most 21,600 is within hedge.limit 0.08 "
                "of its own number 20,000: 100 too much"
            ),
        ),
    ],
)
def test_sums_and_hedges_are_held(project: Path, call: Call, limit: str, step: int, said: str) -> None:
    plant(project, f"{TREE}\n{HEDGE}{limit}\n[targets.team]\nA = 20_000\n")
    run = load_run(run_scenario(load(project)).folder)
    call("export", "-C", project, run.id, "--per-manager", "-o", project / "out")
    path = project / "out/A.csv"
    change(path, 5, quota_new=str(int(rows_of(path)[5]["quota"]) + step), reason="because")
    code, _, err = call("merge", "-C", project, run.id, project / "out")
    assert (code, err) == (
        (1, f"A.csv  quota_new: {said}. Change quota_new.\n1 problem. Nothing was run.\n") if said else (0, "")
    )
