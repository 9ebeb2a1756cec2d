"""Exports: what is written adds up to the run, opens in a spreadsheet, and comes back as it went."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from quotaopt.archive import Run, find_run
from quotaopt.export import Options, exports, read_master
from quotaopt.export.master import check_totals
from quotaopt.export.words import HEADINGS, WORDS, heading, say
from quotaopt.review import read_edits
from quotaopt.tables.catalogue import PLAN
from quotaopt.tables.grid import Source
from quotaopt.tables.read import read_sheet
from quotaopt.tables.schema import plain_header

Call = Callable[..., tuple[int, str, str]]
LOCKS = "rep_id,product_id,month,value,reason,author\nR1,core,2027-02,800,promised,Ada\nR4,,,48000,as agreed,\n"


@pytest.fixture
def run(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of the tiny project with two locks, and a rep whose name begins with a sign."""
    monkeypatch.chdir(project)
    data = project / "scenarios/data"
    (data / "locks.csv").write_text(LOCKS, encoding="utf-8")
    roster = (data / "roster.csv").read_text(encoding="utf-8").replace("Bob", "@Bob")
    (data / "roster.csv").write_text(roster, encoding="utf-8")
    base = project / "scenarios/base.toml"
    base.write_text(base.read_text(encoding="utf-8") + 'locks = "data/locks.csv"\n', encoding="utf-8")
    assert call("run", "base", "-q")[0] == 0
    return find_run(project, "last")


def test_export_says_what_it_wrote(call: Call, run: Run) -> None:
    code, out, err = call("export", "last", "--to", "wide", "--to", "xlsx", "-o", "out")
    assert (code, err) == (0, "")
    assert out == (
        "Wrote   out/quotas-wide.csv\nWrote   out/plan.xlsx\n"
        "Checked every rep's total, to the last unit; together 120,000 EUR\n"
    )
    assert call("export", "last", "--to", "flat")[0] == 0
    assert (run.folder / "quotas-flat.csv").read_bytes() == (run.folder / "quotas.csv").read_bytes()


def test_usage(call: Call, run: Run) -> None:
    code, _, err = call("export", "last", "--to", "wade")
    assert (code, err) == (1, "Error: no such export format 'wade'. Did you mean 'wide'?\n")
    assert call("export", "last", "--to", "wide", "--encoding", "klingon")[0] == 2
    assert call("export", "last")[0] == 2
    code, out, _ = call("list", "exports")
    assert code == 0
    assert re.search(
        r"^flat +One row per rep × product × period, with the columns of quotas\.csv\.$", out, re.MULTILINE
    )


def test_an_impossible_scenario_has_nothing_to_export(call: Call, run: Run) -> None:
    call("run", "impossible")
    code, _, err = call("export", "impossible", "--to", "wide")
    assert code == 3
    assert "has no quotas.csv: its status is infeasible" in err


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("labels", ["en", "zh"])
def test_wide_has_every_quota(call: Call, run: Run, labels: str, encoding: str) -> None:
    assert call("export", "last", "--to", "wide", "-o", ".", "--labels", labels, "--encoding", encoding)[0] == 0
    wide = pd.read_csv("quotas-wide.csv", encoding=encoding)
    months = [heading(f"2027-{m:02}", labels) for m in range(1, 13)]  # type: ignore[arg-type]
    assert list(wide) == [
        *(heading(name, labels) for name in ("rep_id", "rep_name", "region", "product_id")),  # type: ignore[arg-type]
        *months,
        {"en": "total", "zh": "合计"}[labels],
    ]
    assert wide.iloc[2, 1] == "'@Bob"
    quotas = run.table("quotas").pivot_table(index=["rep_id", "product_id"], columns="period", values="quota")
    assert (wide[months].to_numpy() == quotas.to_numpy()).all()
    assert (wide.iloc[:, -1] == quotas.sum(axis=1).to_numpy()).all()


def test_an_export_that_does_not_add_up_is_removed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("")
    with pytest.raises(RuntimeError, match="does not add up"):
        check_totals(read_master(run), path, ["R1"], ["1"])
    assert not path.exists()


def book(run: Run, folder: Path, labels: str = "en") -> Path:
    return exports["xlsx"](run, folder, Options(labels))[0]  # type: ignore[arg-type]


def test_the_workbook_can_be_edited_where_it_should(run: Run, tmp_path: Path) -> None:
    made = openpyxl.load_workbook(book(run, tmp_path))
    assert made.sheetnames == ["Quotas", "Regions", "Rules", "Charts", "Read me"]
    sheet = made["Quotas"]
    assert sheet["A1"].value == f"{run.id}  EUR  ·  yellow cells may be changed; grey ones are locked"
    assert [cell.value for cell in sheet[3]] == [
        "rep_id", "rep_name", "region", "product_id", *(f"2027-{m:02}" for m in range(1, 13)), "total",
    ]  # fmt: skip
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("E4", "A3:Q11")
    assert sheet.protection.sheet
    assert not sheet.protection.password
    rows = {(row[0].value, row[3].value): row for row in sheet.iter_rows(min_row=4)}
    free, locked = rows["R1", "core"][4], rows["R1", "core"][5]
    assert (free.protection.locked, free.fill.start_color.rgb) == (False, "FFFFF9DB")
    assert (locked.protection.locked, locked.fill.start_color.rgb) == (True, "FFE3E3E3")
    assert locked.comment.text == "locked: promised (Ada) scenarios/data/locks.csv:2"
    assert rows["R4", "core"][4].comment.text == "locked: as agreed scenarios/data/locks.csv:3"
    assert rows["R4", "core"][5].comment is None
    assert rows["R2", "core"][1].value == "@Bob"
    (rule,) = sheet.data_validations.dataValidation
    assert (str(rule.sqref), rule.operator, rule.formula1) == ("E4:P11", "greaterThanOrEqual", "0")
    assert rule.error == "A quota is a number, zero or more. Write 0 for none."
    assert len(made["Charts"]._charts) == 3


def test_formulas_have_their_values(run: Run, tmp_path: Path) -> None:
    path = book(run, tmp_path)
    formulas, values = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    sheet, shown = formulas["Quotas"], values["Quotas"]
    assert sheet["Q4"].value == "=SUM(E4:P4)"
    assert shown["Q4"].value == sum(cell.value for cell in shown[4][4:16])
    assert sheet["E2"].value == "=SUBTOTAL(109,E4:E11)"
    assert shown["E2"].value == sum(shown.cell(row, 5).value for row in range(4, 12))
    assert shown["Q2"].value == 120_000
    regions = values["Regions"]
    assert formulas["Regions"]["B2"].value == "=SUMPRODUCT(--('Quotas'!$C$4:$C$11=$A2),'Quotas'!E$4:E$11)"
    assert [[regions.cell(row, 1).value, regions.cell(row, 14).value] for row in (2, 3, 4)] == [
        ["North", 36_000], ["South", 84_000], ["all", 120_000],
    ]  # fmt: skip
    assert formulas["Charts"]["B2"].value == "=SUM('Quotas'!E$4:E$11)"
    assert sum(values["Charts"].cell(row, 2).value for row in range(2, 14)) == 120_000


@pytest.mark.parametrize("labels", ["en", "zh"])
def test_the_same_run_gives_the_same_bytes(run: Run, tmp_path: Path, labels: str) -> None:
    first = book(run, tmp_path, labels).read_bytes()
    time.sleep(1.1)  # a clock in seconds would show
    assert book(run, tmp_path, labels).read_bytes() == first


@pytest.mark.parametrize("labels", ["en", "zh"])
@pytest.mark.parametrize("name", ["flat", "wide", "xlsx"])
def test_every_export_reads_back_as_a_plan(run: Run, tmp_path: Path, name: str, labels: str) -> None:
    (path,) = exports[name](run, tmp_path, Options(labels))  # type: ignore[arg-type]
    part = say("Quotas", labels) if name == "xlsx" else ""  # type: ignore[arg-type]
    read = read_sheet(Source(path, path.name, part), PLAN, {})
    assert not [f for f in read.findings if f.severity == "error"]
    found = read.frame.assign(month=read.frame["month"].str.replace(r"年(\d\d?)月", r"-\1", regex=True))
    amounts = {tuple(row[:3]): Decimal(row[3]) for row in found[["rep_id", "product_id", "month", "quota"]].to_numpy()}
    quotas = run.table("quotas")
    wanted = {tuple(row[:3]): Decimal(row[3]) for row in quotas[["rep_id", "product_id", "period", "quota"]].to_numpy()}
    assert amounts == wanted


def test_every_word_has_its_chinese(run: Run) -> None:
    for column in [*run.table("quotas"), *run.table("totals"), "rule", "scope", "limit", "total"]:
        if column not in ("level", "key", "name"):
            assert column in HEADINGS
    for ours, plan in (("rep_id", "rep_id"), ("product_id", "product_id"), ("period", "month"), ("quota", "quota")):
        assert plain_header(HEADINGS[ours]) in PLAN.field(plan).headers
    assert all(re.search("[\u4e00-\u9fff]", text) for text in WORDS.values())


def change(path: Path, **cells: object) -> Path:
    """A copy of a workbook with cells of its first sheet changed, as somebody would in Excel."""
    made = openpyxl.load_workbook(path)
    for place, value in cells.items():
        made.worksheets[0][place] = value
    copy = path.with_name("back.xlsx")
    made.save(copy)
    return copy


def test_changed_cells_come_back_as_locks(call: Call, run: Run, project: Path, tmp_path: Path) -> None:
    back = change(book(run, tmp_path), E4=1000, F8=0)
    code, out, err = call("new", "review", "--from", back)
    assert (code, err) == (0, "")
    edits = read_edits(back, project)
    assert edits.cells["after"].tolist() == [1000, 0]
    ana, wei = edits.cells["before"].tolist()
    rows = [("Ana", ana, 1000, 1000 - ana), ("张伟", wei, 0, -wei)]
    assert out.splitlines()[0] == f"2 quotas changed against {run.id}, together {1000 - ana - wei:+,}"
    assert [line.split() for line in out.splitlines()[1:4]] == [
        ["rep", "cells", "before", "after", "change"],
        *([name, "1", f"{old:,}", f"{new:,}", f"{change:+,}"] for name, old, new, change in rows),
    ]
    assert out.splitlines()[4:] == [
        "Made   scenarios/review.toml   scenarios/review-locks.csv",
        "Next   quotaopt check review && quotaopt run review",
    ]
    assert (project / "scenarios/review-locks.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "rep_id,product_id,month,value,reason,author",
        "R1,cloud,2027-01,1000,edited in plan.xlsx,",
        "R3,cloud,2027-02,0,edited in plan.xlsx,",
    ]
    text = (project / "scenarios/review.toml").read_text(encoding="utf-8")
    assert 'locks = ["data/locks.csv", "review-locks.csv"]' in text
    assert call("check", "review")[0] == 0
    assert call("run", "review", "-q")[0] == 0
    quotas = find_run(project, "review").table("quotas").set_index(["rep_id", "product_id", "period"])["quota"]
    assert quotas["R1", "cloud", "2027-01"] == 1000
    assert quotas["R3", "cloud", "2027-02"] == 0
    assert quotas.sum() == 120_000


def test_amounts_come_back_in_the_unit_of_the_scenario(call: Call, run: Run, project: Path, tmp_path: Path) -> None:
    base = project / "scenarios/base.toml"
    base.write_text("unit = 1000\n" + base.read_text().replace("120000", "120").replace("base", "thousand"))
    for name in ("history", "locks"):
        path = project / f"scenarios/data/{name}.csv"
        frame = pd.read_csv(path)
        column = "amount" if name == "history" else "value"
        frame.assign(**{column: frame[column] / 1000}).to_csv(path, index=False)
    assert call("run", "base", "-q")[0] == 0
    back = change(book(find_run(project, "last"), tmp_path), E4=1234)
    assert call("new", "again", "--from", back)[0] == 0
    assert "R1,cloud,2027-01,1.234," in (project / "scenarios/again-locks.csv").read_text(encoding="utf-8-sig")
    assert call("run", "again", "-q")[0] == 0
    quotas = find_run(project, "again").table("quotas").set_index(["rep_id", "product_id", "period"])["quota"]
    assert quotas["R1", "cloud", "2027-01"] == 1234


def test_locks_that_do_not_fit_say_by_how_much(call: Call, run: Run, tmp_path: Path) -> None:
    back = change(book(run, tmp_path), E4=100_000)
    assert call("new", "greedy", "--from", back)[0] == 0
    code, out, _ = call("run", "greedy")
    assert code == 3
    assert "greedy-locks.csv:2" in out


def other_project(folder: Path) -> Path:
    """A project without runs."""
    (folder / "other").mkdir()
    (folder / "other/quotaopt.toml").write_text("")
    return folder / "other"


def test_what_cannot_come_back_is_named(
    call: Call, run: Run, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = book(run, tmp_path)
    code, _, err = call("new", "review", "--from", change(made, E4="a lot", F5=-3, G5=1.5, A6="R9"))
    assert code == 1
    assert "back.xlsx[Quotas]:4  2027-01 (quota): not a number (got 'a lot')" in err
    assert "back.xlsx[Quotas]:5  2027-02 (quota)" in err
    code, _, err = call("new", "review", "--from", change(made, F5=801, G5=1.5))
    assert "2027-03 (quota): not a whole number of 1 (got '1.5'). Round it." in err
    assert "2027-02 (quota): changed, but locked in the run (got '801')" in err
    code, _, err = call("new", "review", "--from", change(made, A6="R9"))
    assert "not in the run (got 'R9')" in err
    code, _, err = call("new", "review", "--from", made)
    assert (code, err) == (
        1, f"plan.xlsx  no quota differs from {run.id}. There is nothing to lock.\n1 problem. Nothing was run.\n",
    )  # fmt: skip
    assert "no quota differs" in call("new", "review", "--from", change(made, A1="hello"))[2]  # the last sheet names it
    monkeypatch.chdir(other_project(tmp_path))
    code, _, err = call("new", "review", "--from", made)
    assert "plan.xlsx  names no run of this project in its first rows." in err
    monkeypatch.chdir(project)
    assert call("new", "review", "--from", "none.xlsx")[2].startswith("none.xlsx  no such file")
    assert not (project / "scenarios/review.toml").exists()


def test_new_makes_a_scenario_like_another(call: Call, run: Run, project: Path) -> None:
    assert call("new", "bold", "--like", "stretch") == (
        0, "Made   scenarios/bold.toml\nNext   quotaopt check bold && quotaopt run bold\n", "",
    )  # fmt: skip
    text = (project / "scenarios/bold.toml").read_text(encoding="utf-8")
    assert text.startswith("# scenarios/bold.toml - like stretch.\nversion = 1\n")
    assert "target = 144000" in text
    assert call("check", "bold")[0] == 0
    code, _, err = call("new", "bold")
    assert (code, err) == (
        1,
        "scenarios/bold.toml  is there already. Choose another name.\n1 problem. Nothing was run.\n",
    )
    assert call("new", "../bold")[0] == 1


def test_two_thousand_rows_take_a_second(run: Run, tmp_path: Path) -> None:
    """A generous bound for a busy machine; the speed itself is measured in docs/howto-excel.md."""
    frame = pd.read_csv(run.folder / "quotas.csv", encoding="utf-8-sig", dtype=str)
    many = pd.concat([frame.assign(rep_id=frame["rep_id"] + f"-{k}") for k in range(250)])
    many["locked"] = "false"
    many.to_csv(run.folder / "quotas.csv", index=False, encoding="utf-8-sig")
    assert many["quota"].astype(np.int64).sum() == 250 * 120_000
    start = time.process_time()
    book(run, tmp_path)
    assert time.process_time() - start < 5
