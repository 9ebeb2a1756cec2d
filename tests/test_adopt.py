"""A project from the workbooks a planner has: every sheet recognised, every number kept, nothing half-made."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from quotaopt.adopt import adopt
from quotaopt.check import check_all
from quotaopt.errors import InputError
from quotaopt.scenario import load_scenario
from quotaopt.tables import read_inputs
from quotaopt.tables.catalogue import TABLES
from quotaopt.templates import heading, sheet_name, write_templates

from .books import write_book

Call = Callable[..., tuple[int, str, str]]
REPS = [("E01", "张伟", "华东"), ("E02", "李娜", "华东"), ("E03", "王芳", "华南")]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def year(number: int) -> list[list[Any]]:
    """A wide sheet of a year in 万元: a title, a column and a row of totals."""
    rows: list[list[Any]] = [
        [f"{number}年销售额（万元）"],
        ["大区", "销售员", "产品线", *(f"{m}月" for m in range(1, 13)), "合计"],
    ]
    for k, (_, name, region) in enumerate(REPS):
        rows += [[region, name, product, *[1.25 + k] * 12, 12 * (1.25 + k)] for product in ("云服务", "硬件")]
    return [*rows, ["合计", None, None, *[13.5] * 12, 162]]


def chinese(path: Path, roster: bool = True) -> Path:
    people = [["工号", "姓名", "大区", "岗位", "入职日期"], *([*rep, "客户经理", "2020-01-05"] for rep in REPS)]
    sheets = {"2025年": year(2025), "2026年": year(2026)} | ({"人员名单": people} if roster else {})
    write_book(path, **sheets, 备注=[["请大家尽快填写"]])
    return path


def english(path: Path) -> Path:
    """A history none of whose headers is known, and a team."""
    orders: list[list[Any]] = [["Booked on", "Who", "Stuff", "Net EUR", "Ref"]]
    for number in range(24):
        for k, who in enumerate(("Ana", "Bob", "Cid")):
            for stuff in ("core", "cloud"):
                day = f"{2025 + number // 12}-{number % 12 + 1:02}-15"
                orders.append([day, who, stuff, 100.5 * (k + 1), f"X{len(orders)}"])
    team = [["Name", "Area"], ["Ana", "North"], ["Bob", "North"], ["Cid", "South"]]
    write_book(path, Orders=orders, Team=team)
    return path


def test_a_chinese_workbook_becomes_a_plan(call: Call, tmp_path: Path) -> None:
    code, out, err = call("init", "q2027", "--from", chinese(tmp_path / "销售.xlsx"), "--lang", "zh")
    assert (code, err) == (0, "")
    assert (
        out
        == (
            "sheet               taken for   rows  columns\n"
            "销售.xlsx#2025年    history        7  销售员 = rep_id, 产品线 = product_id, months 1月 … 12月, "
            "in units of 10000\n"
            "销售.xlsx#2026年    history        7  销售员 = rep_id, 产品线 = product_id, months 1月 … 12月, "
            "in units of 10000\n"
            "销售.xlsx#人员名单  roster         3  姓名 = rep_id, 大区 = region, 岗位 = role, 入职日期 = start_date\n"
            "销售.xlsx#备注      left aside     1  no headers we know\n"
            "\n"
            "Unused  销售.xlsx#2025年: 大区, 合计\n"
            "Unused  销售.xlsx#2026年: 大区, 合计\n"
            "Guess   销售.xlsx#人员名单: 姓名: the history names them so\n"
            "Unused  销售.xlsx#人员名单: 工号\n"
            "Plan    2027-01 … 2027-12; target 162 in units of 10,000, the sales of 2026-01 … 2026-12\n"
            f"Made    q2027, {len(TABLES) + 5} files; scenarios/base.toml is the one to edit\n"
            "Check   no problems, 12 warnings\n"
            "Next    cd q2027 && quotaopt run\n"
        )
        or out
    )
    root = tmp_path / "q2027"
    assert (root / "data/销售.xlsx").read_bytes() == (tmp_path / "销售.xlsx").read_bytes()
    text = (root / "scenarios/base.toml").read_text(encoding="utf-8")
    assert 'history = ["../data/销售.xlsx#2025年", "../data/销售.xlsx#2026年"]\n' in text
    assert "target = 162  # 暂取 2026-01 … 2026-12 的销售额，请改成您的目标\nunit = 10000  # " in text
    assert call("-C", "q2027", "check", "base")[0] == 0
    code, out, _ = call("run", "-C", "q2027")
    assert code == 0
    assert "1,620,000" in out
    assert sorted(path.name for path in root.iterdir() if path.name != "runs") == [
        ".gitignore", "data", "models", "quotaopt.toml", "scenarios", "templates",
    ]  # fmt: skip


def test_headers_are_guessed_from_cells_and_said(call: Call, tmp_path: Path) -> None:
    code, out, _ = call("init", "p", "--from", english(tmp_path / "en.xlsx"))
    assert code == 0
    assert out == (
        "sheet           taken for  rows  columns\n"
        "en.xlsx#Orders  history     144  Who = rep_id, Stuff = product_id, Booked on = date, Net EUR = amount\n"
        "en.xlsx#Team    roster        3  Name = rep_id, Area = region\n"
        "\n"
        "Guess   en.xlsx#Orders: Who: its cells are those of the table of reps; Stuff: the only column of texts that "
        "repeat; Booked on: its cells are months or days; Net EUR: its cells are amounts\n"
        "Unused  en.xlsx#Orders: Ref\n"
        "Plan    2027-01 … 2027-12; target 14,472, the sales of 2026-01 … 2026-12\n"
        f"Made    p, {len(TABLES) + 5} files; scenarios/base.toml is the one to edit\n"
        "Check   no problems, 1 warning\n"
        "Next    cd p && quotaopt run\n"
    )
    text = Path("p/scenarios/base.toml").read_text(encoding="utf-8")
    assert (
        '[data.columns.history]  # headers that were recognised by their cells: please check\nWho = "rep_id"\n' in text
    )
    assert '"Net EUR" = "amount"\n' in text
    assert call("run", "-C", "p", "-q")[0] == 0


def test_reps_come_from_the_sales_where_these_name_the_region(call: Call, tmp_path: Path) -> None:
    code, out, _ = call("init", "p", "--from", chinese(tmp_path / "x.xlsx", roster=False))
    assert code == 0
    assert "Reps    3 reps of the sales became data/roster.csv\n" in out
    assert Path("p/data/roster.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "rep_id,region", "张伟,华东", "李娜,华东", "王芳,华南",
    ]  # fmt: skip
    text = Path("p/scenarios/base.toml").read_text(encoding="utf-8")
    assert 'roster = "../data/roster.csv"  # made from the history: please complete it\n' in text
    assert call("run", "-C", "p", "-q")[0] == 0


def test_a_folder_and_several_files(call: Call, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/sales.csv").write_bytes(
        "销售员,产品,月份,销售额\n张三,甲,2026-01,10\n张三,甲,2026-02,12\n".encode("gb18030")
    )
    (tmp_path / "in/~$open.xlsx").write_bytes(b"")
    (tmp_path / "people.csv").write_text("工号,大区\n张三,华东\n", encoding="utf-8")
    code, out, _ = call("init", "p", "--from", "in", "--from", "people.csv", "--format", "json")
    assert code == 0
    said = json.loads(out)
    assert [(row["sheet"], row["table"]) for row in said["rows"]] == [
        ("sales.csv", "history"),
        ("people.csv", "roster"),
    ]
    assert (said["target"], said["first_month"], said["problems"]) == (22, "2026-03", 0)


def test_a_table_of_something_else_is_left_aside(call: Call, tmp_path: Path) -> None:
    """Deals hold every product many times and are no table of products; of two rosters the fuller one counts."""
    months = [f"2026-{m:02}" for m in range(1, 13)]
    write_book(
        tmp_path / "x.xlsx",
        Sales=[["Rep", "Product", "Month", "Amount"], *(["Ana", "core", m, 10] for m in months)],
        Team=[["Rep", "Region", "Role"], ["Ana", "North", "seller"], ["Bo", "South", "seller"]],
        Desks=[["Rep", "Region"], ["Ana", "Floor 1"], ["Bo", "Floor 2"]],
        Products=[["Product", "Family"], ["core", "all"]],
        Pipeline=[["Product", "Stage"], *(["core", "open"] for _ in range(9))],
    )
    code, out, _ = call("init", "p", "--from", "x.xlsx", "--format", "json")
    assert code == 0
    said = json.loads(out)
    assert {row["sheet"]: row["table"] for row in said["rows"] if row["table"]} == {
        "x.xlsx#Sales": "history", "x.xlsx#Team": "roster", "x.xlsx#Products": "products",
    }  # fmt: skip
    assert said["problems"] == 0
    _, out, _ = call("init", "q", "--from", "x.xlsx")
    assert "like products, but 8 of 9 rows repeat product_id" in out
    assert "like roster, but x.xlsx#Team says more of the same" in out


def test_what_is_missing_is_said_and_nothing_is_made(call: Call, tmp_path: Path) -> None:
    write_book(
        tmp_path / "x.xlsx", Team=[["Name", "Area"], ["Ana", "North"]], Misc=[["Rep", "Month"], ["Ana", "2026-01"]]
    )
    code, out, err = call("init", "p", "--from", "x.xlsx")
    assert (code, out) == (1, "")
    assert err == (
        "no sheet of sales was found: it needs columns of rep, product, month (or date, or one for each month) "
        "and amount.\n"
        "x.xlsx#Misc  left aside: like roster, but no column for region. "
        "Rename its headers, or begin with: quotaopt init DIR --bare.\n"
        "2 problems. Nothing was run.\n"
    )
    write_book(tmp_path / "y.xlsx", Sales=[["Rep", "Product", "Month", "Amount"], ["Ana", "core", "2026-01", 5]])
    assert "no sheet of reps was found, and the sales name no region" in call("init", "p", "--from", "y.xlsx")[2]
    assert call("init", "p", "--from", "none.xlsx")[2].startswith("none.xlsx  no such file.")
    (tmp_path / "bad.xlsx").write_bytes(b"no workbook")
    assert "bad.xlsx  not a workbook" in call("init", "p", "--from", "bad.xlsx")[2]
    (tmp_path / "in").mkdir()
    chinese(tmp_path / "in/x.xlsx")
    assert "has the same name as x.xlsx" in call("init", "p", "--from", "x.xlsx", "--from", "in")[2]
    assert call("init", "p", "--from", "x.xlsx", "--bare")[0] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.xlsx", "in", "x.xlsx", "y.xlsx"]


def test_a_project_may_be_made_where_one_stands(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    code, out, err = call("init", ".", "--bare")
    assert (code, err) == (0, ""), out
    assert Path.cwd() == here
    assert {"quotaopt.toml", "scenarios", "models", "data", "templates"} <= {path.name for path in here.iterdir()}
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_the_folder_must_be_free(call: Call, tmp_path: Path) -> None:
    book = english(tmp_path / "en.xlsx")
    (tmp_path / "p").mkdir()
    assert call("init", "p", "--from", book)[0] == 0
    code, _, err = call("init", "p", "--from", book)
    assert (code, err) == (1, "p  is there already. Name a new folder.\n1 problem. Nothing was run.\n")


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("quotaopt.adopt.project.write_templates", fail)
    with pytest.raises(OSError, match="disk full"):
        adopt(tmp_path / "p", [english(tmp_path / "en.xlsx")])
    assert [path.name for path in tmp_path.iterdir()] == ["en.xlsx"]


def test_quotas_of_the_past_may_have_dates(tmp_path: Path) -> None:
    """As systems write them: a row a month, on its first day."""
    english(tmp_path / "en.xlsx")
    rows = [f"{rep},2026-{month:02}-01,{100 * month}" for rep, *_ in REPS for month in range(1, 13)]
    (tmp_path / "quotas_monthly.csv").write_text("\n".join(["Rep,Date,Quota", *rows]) + "\n", encoding="utf-8")
    made = adopt(tmp_path / "p", [tmp_path / "en.xlsx", tmp_path / "quotas_monthly.csv"])
    found = next(one for one in made.found if one.table == "quotas")
    assert len(found.read("quotas").frame) == 12 * len(REPS)
    inputs = read_inputs(load_scenario("base", tmp_path / "p"))
    assert sorted(inputs.more["quotas"]["month"].unique())[:2] == ["2026-01", "2026-02"]


def test_chinese_sheets_of_what_changes_are_known_by_their_names(tmp_path: Path) -> None:
    """The names our own templates give them; customers of the sales are known, and tell their rows apart."""
    rows = [["工号", "产品", "月份", "客户", "销售额"]]
    rows += [
        [rep, "云服务", f"2026-{m:02}", f"{rep}-{k}", "10"] for rep, *_ in REPS for m in range(1, 13) for k in "ab"
    ]
    write_book(
        tmp_path / "全套.xlsx",
        销售=rows,
        花名册=[["工号", "姓名", "大区"], *map(list, REPS)],
        辖区分配=[["工号", "客户", "开始日期"], ["E02", "E01-a", "2027-07-01"]],
        请假=[["工号", "开始日期", "带薪"], ["E03", "2027-03-01", "是"]],
        在岗比例=[["工号", "开始日期", "在岗比例"], ["E01", "2027-09-01", 0.6]],
        供应上限=[["产品", "月份", "供应上限"], ["云服务", "2027-02", 10]],
    )
    made = adopt(tmp_path / "p", [tmp_path / "全套.xlsx"], "zh")
    assert [one.table for one in made.found] == [
        "history", "roster", "assignments", "leave", "headcounts", "supply",
    ]  # fmt: skip
    assert check_all(["base"], tmp_path / "p") == ([], [])


def test_locks_and_products_and_quotas_of_the_past(call: Call, tmp_path: Path) -> None:
    people = [["Rep", "Region"], ["Ana", "North"]]
    sales = [["Rep", "Product", "Month", "Sales"], *(["Ana", "core", f"2026-{m:02}", 10] for m in range(1, 13))]
    locks = [["Rep", "Month", "Quota", "Reason"], ["Ana", "2027-02", 9, "promised"]]
    old = [["Rep", "Product", "Month", "Quota"], ["Ana", "core", "2026-12", 9]]
    write_book(tmp_path / "b.xlsx", People=people, Sales=sales, Locked=locks, Quotas=old, Products=[["SKU"], ["core"]])
    code, out, _ = call("init", "p", "--from", "b.xlsx", "--format", "csv")
    assert code == 0
    assert [line.split(",")[:2] for line in out.splitlines()[1:]] == [
        ["b.xlsx#People", "roster"], ["b.xlsx#Sales", "history"], ["b.xlsx#Locked", "locks"], ["b.xlsx#Quotas", ""],
        ["b.xlsx#Products", "products"],
    ]  # fmt: skip
    assert "quotas of the past are not used" in out
    assert call("run", "-C", "p", "-q")[0] == 0


@st.composite
def books(draw: st.DrawFn) -> tuple[dict[str, list[list[Any]]], pd.DataFrame]:
    """A workbook with sales and reps, and the sales it holds: any language, order of columns and shape."""
    zh, wide = draw(st.booleans()), draw(st.booleans())
    reps = [f"{'王' if zh else 'R'}{k}" for k in range(draw(st.integers(1, 4)))]
    products = [f"p{k}" for k in range(draw(st.integers(1, 3)))]
    months = [f"2026-{m:02}" for m in range(1, draw(st.integers(2, 12)) + 1)]
    cents = st.integers(1, 10**8)
    sales = pd.DataFrame(
        [(r, p, m, Decimal(draw(cents)) / 100) for r in reps for p in products for m in months],
        columns=["rep_id", "product_id", "month", "amount"],
    )
    names = {
        "rep_id": draw(st.sampled_from(["工号", "业务员", "销售员"] if zh else ["Rep", "rep_id", "Salesperson"])),
        "product_id": draw(st.sampled_from(["产品", "产品线"] if zh else ["Product", "SKU"])),
        "month": draw(st.sampled_from(["月份", "年月"] if zh else ["Month", "period"])),
        "amount": draw(st.sampled_from(["销售额", "完成额"] if zh else ["Amount", "Sales"])),
    }
    if wide:
        table = sales.set_index(["rep_id", "product_id", "month"])["amount"].unstack().reset_index()  # noqa: PD010
        if zh:
            names |= {m: f"{m[:4]}年{int(m[5:])}月" for m in months}
    else:
        table = sales
    table = table[draw(st.permutations(list(table)))].sample(frac=1, random_state=draw(st.integers(0, 99)))
    cells = [
        [names.get(c, c) for c in table],
        *table.map(lambda v: float(v) if isinstance(v, Decimal) else v).to_numpy(),
    ]
    titles: list[list[Any]] = [["销售情况" if zh else "What was sold"]] * draw(st.integers(0, 2))
    region = ["大区", "区域"] if zh else ["Region", "Area"]
    people = [[names["rep_id"], draw(st.sampled_from(region))], *([r, "东" if zh else "North"] for r in reps)]
    sheets = {"S1": [*titles, *map(list, cells)], "S2": people, "S3": [["1"]]}
    return {name: sheets[name] for name in draw(st.permutations(list(sheets)))}, sales


@seed(20261122)
@settings(max_examples=40)
@given(books())
def test_any_workbook_is_read_to_the_cent(book: tuple[dict[str, list[list[Any]]], pd.DataFrame]) -> None:
    sheets, sales = book
    with TemporaryDirectory() as folder:
        path = Path(folder) / "b.xlsx"
        write_book(path, **sheets)
        made = adopt(Path(folder) / "p", [path])
        assert check_all(["base"], Path(folder) / "p")[0] == []
        scenario = load_scenario("base", Path(folder) / "p")
        history = read_inputs(scenario).history
    found = {tuple(row[:3]): Decimal(str(round(row[3], 2))) for row in history.to_numpy().tolist()}
    assert found == {tuple(row[:3]): row[3] for row in sales.to_numpy().tolist()}
    assert scenario.settings.target == max(round(sales["amount"].sum()), 1)
    assert scenario.settings.first_month > sales["month"].max()
    assert made.sales.last == sales["month"].max()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_templates_read_back_filled(call: Call, tmp_path: Path, lang: str) -> None:
    """An empty project, its templates filled in by hand, is checked and planned."""
    code, out, _ = call("init", "p", "--bare", "--lang", lang)
    assert code == 0
    assert out.splitlines()[0] == f"Made   p, {len(TABLES) + 7} files"
    code, _, err = call("check", "-C", "p")
    assert code == 1
    rows = {
        "roster": [{"rep_id": "007", "region": "North", "start_date": pd.Timestamp("2020-01-05"), "headcount": 1}],
        "products": [{"product_id": "core", "launch_month": "2025-01"}],
        "history": [
            {"rep_id": "007", "product_id": "core", "month": f"{y}-{m:02}", "amount": 100.25}
            for y in (2025, 2026) for m in range(1, 13)
        ],
    }  # fmt: skip
    for name, filled in rows.items():
        fill(Path("p/data") / f"{name}.xlsx", name, filled, lang)
    sets = [f"--set={key}" for key in ("first_month=2027-01", "last_month=2027-12", "target=1203")]
    code, out, err = call("check", "-C", "p", "base", *sets)
    assert (code, err) == (0, ""), out
    assert call("run", "-C", "p", "-q", *sets)[0] == 0
    assert ",007," in next(Path("p/runs").glob("*/quotas.csv")).read_text(encoding="utf-8-sig")
    assert call("verify", "last", "-C", "p")[0] == 0


def fill(path: Path, table: str, rows: list[dict[str, Any]], lang: str) -> None:
    """Type rows below the headings of a template."""
    book = openpyxl.load_workbook(path)
    sheet = book[sheet_name(table, lang)]  # type: ignore[arg-type]
    places = {cell.value: cell.column for cell in sheet[1]}
    for number, row in enumerate(rows, start=2):
        for column, value in row.items():
            sheet.cell(number, places[heading(TABLES[table].field(column), lang)]).value = value  # type: ignore[arg-type]
    book.save(path)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_templates_help_while_typing(tmp_path: Path, lang: str) -> None:
    choices = {"region": ["North", "South"], "role": [], "ramp_profile": ["new_hire"]}
    files = write_templates(tmp_path, lang, choices)  # type: ignore[arg-type]
    assert [file.stem for file in files] == list(TABLES)
    for table in TABLES.values():
        sheet = openpyxl.load_workbook(tmp_path / f"{table.name}.xlsx").worksheets[0]
        for field, cell in zip(table.fields, sheet[1], strict=True):
            assert (cell.value, cell.font.bold) == (heading(field, lang), field.required)  # type: ignore[arg-type]
            assert cell.comment.text
        assert len({cell.value for cell in sheet[1]}) == len(table.fields)
    roster = openpyxl.load_workbook(tmp_path / "roster.xlsx").worksheets[0]
    rules = {str(rule.sqref): rule for rule in roster.data_validations.dataValidation}
    assert rules["C2:C2001"].formula1 == '"North,South"'
    head = next(rule for rule in rules.values() if rule.type == "decimal")
    assert (head.formula1, head.formula2) == ("0", "1")
    assert head.error == {"en": "Write a number between 0 and 1.", "zh": "请填写 0 到 1 之间的数字。"}[lang]
    assert {rule.type for rule in rules.values()} == {"list", "date", "decimal"}


def test_a_name_that_is_taken_in_both_folders_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sheet of sales"):
        adopt(tmp_path / "p", [])
