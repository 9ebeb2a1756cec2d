"""Tables as planners keep them: workbooks, Parquet, databases, patterns of files; wide, in 万元, with totals."""

# ruff: noqa: E501, ISC004 - messages stand here whole
from __future__ import annotations

import gzip
import io
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import duckdb
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotaopt.cli import main
from quotaopt.errors import InputError
from quotaopt.scenario import load_scenario
from quotaopt.tables import Inputs, grid, read_inputs, size, spool
from quotaopt.tables.headers import header_month, is_total, split_unit, title_unit

from .books import write_book

ROSTER = "rep_id,region\nR1,North\nR2,South\n"
LONG = [["rep", "product", "month", "amount"], ["R1", "core", "2026-01", 0.1], ["R2", "core", "2026-02", 2400]]
Read = Callable[..., Inputs]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a project whose history is at a place of the folder."""

    def run(place: str = "history.csv", keys: str = "", unit: str = "1") -> Inputs:
        (tmp_path / "scenarios").mkdir(exist_ok=True)
        text = f'target = 100\nunit = {unit}\nfirst_month = "2027-01"\nlast_month = "2027-12"\n[data]\n'
        text += f"history = '{place}'\nroster = '../roster.csv'\n{keys}"
        (tmp_path / "scenarios/s.toml").write_text(text, encoding="utf-8")
        (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
        return read_inputs(load_scenario("s", tmp_path))

    return run


def rows(inputs: Inputs) -> list[list[Any]]:
    return inputs.history.to_numpy(dtype=object).tolist()


def warnings(inputs: Inputs) -> list[str]:
    return [str(finding) for finding in inputs.warnings]


def problems(read: Read, *arguments: str, **keys: str) -> list[str]:
    with pytest.raises(InputError) as failure:
        read(*arguments, **keys)
    return [str(finding) for finding in failure.value.findings if finding.severity == "error"]


EXPECTED = [["R1", "core", "2026-01", 0.1], ["R2", "core", "2026-02", 2400.0]]


def test_every_source_gives_the_same_history(read: Read, tmp_path: Path) -> None:
    text = "\n".join(",".join(map(str, row)) for row in LONG) + "\n"
    (tmp_path / "h.csv.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "sales").mkdir()
    head, first, second, _ = text.split("\n")
    (tmp_path / "sales/1.csv").write_text(f"{head}\n{first}\n", encoding="utf-8")
    (tmp_path / "sales/2.csv").write_text(f"{head}\n{second}\n", encoding="utf-8")
    (tmp_path / "sales/~$3.csv").write_text("lock file of a spreadsheet program", encoding="utf-8")
    write_book(tmp_path / "h.xlsx", only=LONG)
    with closing(sqlite3.connect(tmp_path / "crm.db")) as base, base:
        base.execute('CREATE TABLE "my orders" (rep TEXT, product TEXT, month TEXT, amount REAL)')
        base.executemany('INSERT INTO "my orders" VALUES (?, ?, ?, ?)', LONG[1:])
    columns = "rep, product, CAST(month || '-01' AS DATE) AS date, CAST(amount AS DECIMAL(9, 2)) AS amount"
    values = ", ".join(f"('{r}', '{p}', '{m}', {a})" for r, p, m, a in LONG[1:])
    duckdb.sql(f"COPY (SELECT {columns} FROM (VALUES {values}) t(rep, product, month, amount)) "
               f"TO '{(tmp_path / 'h.parquet').as_posix()}'")  # fmt: skip
    for place, name in {
        "../h.csv.gz": "h.csv.gz",
        "../sales/*.csv": "sales/1.csv",
        "../h.xlsx": "h.xlsx[only]",
        "../h.xlsx#only": "h.xlsx[only]",
        "../h.parquet": "h.parquet",
        "sqlite:///../crm.db?table=my+orders": "crm.db[my orders]",
        "sqlite:///../crm.db?query=SELECT+*+FROM+%22my+orders%22": "crm.db[query]",
    }.items():
        inputs = read(place)
        assert rows(inputs) == EXPECTED, place
        assert warnings(inputs) == []
        assert name in inputs.hashes


def test_the_merged_scenario_names_every_source_from_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    places = [
        "../b.xlsx#S 1",
        "../sales/*.csv",
        "sqlite:///../crm.db?table=t",
        "postgresql://me:secret@host/db?table=t",
    ]
    text = (
        f'target = 1\nfirst_month = "2027-01"\nlast_month = "2027-12"\n[data]\nroster = "r.csv"\nhistory = {places}\n'
    )
    (tmp_path / "scenarios/s.toml").write_text(text, encoding="utf-8")
    scenario = load_scenario("s", tmp_path)
    (tmp_path / "scenarios/again.toml").write_text(scenario.to_toml(tmp_path / "scenarios"), encoding="utf-8")
    assert load_scenario("again", tmp_path).settings.data == scenario.settings.data
    assert [scenario.show(place) for place in scenario.settings.data.history] == [
        "b.xlsx#S 1", "sales/*.csv", "sqlite:///crm.db?table=t", "postgresql://me:***@host/db?table=t",
    ]  # fmt: skip


def test_cells_of_workbooks_are_what_a_planner_sees(read: Read, tmp_path: Path) -> None:
    made = write_book(tmp_path / "h.xlsx", s=[
        ["rep", "product", "date", "amount", "order"],
        ["R1", 1001, date(2026, 1, 31), 0.1 + 0.2, 1],
        [None, 1002, datetime(2026, 2, 1, 9, 30), 1e5, 2],
        ["R2", 1002.0, "2026/3/1", "12", 3],
    ])  # fmt: skip
    made["s"].merge_cells("A2:A3")
    made.save(tmp_path / "h.xlsx")
    assert rows(read("../h.xlsx")) == [
        ["R1", "1001", "2026-01", 0.3], ["R1", "1002", "2026-02", 1e5], ["R2", "1002", "2026-03", 12.0],
    ]  # fmt: skip


def test_merged_amounts_count_once(read: Read, tmp_path: Path) -> None:
    made = write_book(tmp_path / "h.xlsx", s=[*LONG, ["R2", "core", "2026-03", None]])
    made["s"].merge_cells("D3:D4")
    made.save(tmp_path / "h.xlsx")
    assert problems(read, "../h.xlsx") == ["h.xlsx[s]:4  amount: empty. Fill it in, or delete the row."]


def test_errors_and_formulas_nobody_calculated_are_no_empty_cells(read: Read, tmp_path: Path) -> None:
    """In a wide sheet an empty cell is no sale; #N/A or a formula without its value is not empty."""
    write_book(
        tmp_path / "h.xlsx",
        s=[["rep", "product", "2026-01", "2026-02", "2026-03"], ["R1", "core", "#N/A", "=C2*1.1", 3]],
    )
    assert problems(read, "../h.xlsx") == [
        "h.xlsx[s]:2  2026-02 (amount): a formula, not a value (got '=C2*1.1'). In the workbook, copy the column and paste it as values.",
        "h.xlsx[s]:2  2026-01 (amount): not a number (got '#N/A').",
    ]


def test_open_document_sheets(read: Read, tmp_path: Path) -> None:
    cells = "".join(
        "<table:table-row>" + "".join(
            f'<table:table-cell office:value-type="float" office:value="{v}"/>' if isinstance(v, (int, float)) else
            f'<table:table-cell office:value-type="string"><text:p>{v}</text:p></table:table-cell>' for v in row
        ) + "</table:table-row>" for row in LONG
    )  # fmt: skip
    name = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (f'<?xml version="1.0"?><office:document-content xmlns:office="{name}office:1.0" xmlns:table="{name}table:1.0" '
               f'xmlns:text="{name}text:1.0"><office:body><office:spreadsheet><table:table table:name="s">{cells}'
               "</table:table></office:spreadsheet></office:body></office:document-content>")  # fmt: skip
    with zipfile.ZipFile(tmp_path / "h.ods", "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        made.writestr("META-INF/manifest.xml", "<manifest/>")
        made.writestr("content.xml", content)
    assert rows(read("../h.ods")) == EXPECTED


def test_the_sheet_that_fits_best_is_read_and_named(read: Read, tmp_path: Path) -> None:
    write_book(tmp_path / "b.xlsx", notes=[["made by", "me"]], data=LONG, empty=[])
    inputs = read("../b.xlsx")
    assert rows(inputs) == EXPECTED
    assert warnings(inputs) == ["b.xlsx  read the sheet 'data', one of 2. Name one, like b.xlsx#data."]
    assert problems(read, "../b.xlsx#date") == ["b.xlsx  has no sheet 'date'. Did you mean 'data'?"]
    write_book(tmp_path / "b.xlsx", jan=LONG, feb=LONG)
    assert problems(read, "../b.xlsx") == [
        "b.xlsx  holds 2 sheets, and 'jan' and 'feb' fit equally well. Name one, like b.xlsx#jan."
    ]


def test_sources_that_cannot_be_read_are_problems(read: Read, tmp_path: Path) -> None:
    for name in ("a.xlsx", "a.xls", "a.ods", "a.parquet", "a.csv.gz", "a.db"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 nothing of the kind" * 9)
    for name in ("a.xlsx", "a.xls", "a.ods"):
        assert "not a workbook that can be read" in problems(read, f"../{name}")[0]
    assert "not a Parquet file" in problems(read, "../a.parquet")[0]
    assert problems(read, "../a.csv.gz") == ["a.csv.gz  cannot be read: it is not compressed by gzip."]
    assert problems(read, "sqlite:///../a.db?table=x") == ["a.db[x]  cannot be read: file is not a database."]
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"x" * 999)[:-12])
    assert "damaged or cut off" in problems(read, "../a.csv.gz")[0]
    with closing(sqlite3.connect(tmp_path / "b.db")) as base, base:
        base.execute("CREATE TABLE orders (rep TEXT)")
    for address, said in {
        "b.db?table=order": "b.db[order]  has no table 'order'. Did you mean 'orders'?",
        "b.db": "sqlite:///b.db  the address must name a table or a query. Write ?table=NAME behind the database.",
        "b.db?table=orders&x=1": "sqlite:///b.db?table=orders&x=1  unknown x in the address. Write ?table=… or ?query=….",
        "b.db?query=DROP+TABLE+orders": "b.db[query]  cannot be read: attempt to write a readonly database.",
        "c.db?table=x": "sqlite:///c.db?table=x  no such file. Paths are relative to the file that writes them.",
    }.items():
        assert problems(read, f"sqlite:///../{address}") == [said]
    assert problems(read, "../no/*.csv") == [
        "scenarios/s.toml:6  data.history: no such file (got 'no/*.csv'). Paths are relative to the file that writes them."
    ]


def test_files_that_unpack_to_gigabytes_are_refused(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid, "UNPACKED", 100_000)
    (tmp_path / "h.csv.gz").write_bytes(gzip.compress(b"rep,product,month,amount\n" * 10_000))
    said = "unpacks to 0.0001 GB or more. Split it, or unpack it and name the file itself."
    assert problems(read, "../h.csv.gz") == [f"h.csv.gz  {said}"]
    monkeypatch.setattr(size, "LARGE", 1)
    monkeypatch.setattr(spool, "MOST_PACKED", 1)
    assert problems(read, "../h.csv.gz") == [f"h.csv.gz  {said.replace('0.0001', '0.00025')}"]
    write_book(tmp_path / "h.xlsx", s=[["rep", "product", "month", "amount"], *[["R1", "core", "2026-01", 1]] * 2000])
    assert "h.xlsx  unpacks to 0.000" in problems(read, "../h.xlsx")[0]


def test_other_databases_need_the_extra(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    assert problems(read, "postgresql://me:secret@host/db?table=t") == [
        'postgresql://me:***@host/db?table=t  other databases than SQLite need SQLAlchemy. pip install "quotaopt[sql]".'
    ]


def test_databases_are_read_through_sqlalchemy(read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(tmp_path / "crm.db")) as base, base:
        base.execute('CREATE TABLE "my orders" (rep TEXT, product TEXT, month TEXT, amount NUMERIC)')
        base.executemany('INSERT INTO "my orders" VALUES (?, ?, ?, ?)', LONG[1:])
    monkeypatch.setenv("CRM_FOLDER", tmp_path.as_posix())
    query = quote_plus('SELECT rep, product, month, sum(amount) AS amount FROM "my orders" GROUP BY 1, 2, 3')
    for address, name in (("?table=my+orders", "[my orders]"), (f"?query={query}", "[query]")):
        inputs = read(f"sqlite+pysqlite:///$CRM_FOLDER/crm.db{address}")
        assert rows(inputs) == EXPECTED
        assert next(key for key in inputs.hashes if "crm.db" in key).endswith(f"crm.db{name}")
    address = "sqlite+pysqlite:///$CRM_FOLDER/crm.db"
    assert "has no table 'orders'. Did you mean 'my orders'?" in problems(read, f"{address}?table=orders")[0]
    assert "no such table: none" in problems(read, f"{address}?query=SELECT+1+FROM+none")[0]
    assert "Can't load plugin" in problems(read, "nothing://host/db?table=t")[0]
    assert "cannot be read" in problems(read, "oracle://host/db?table=t")[0]


@pytest.mark.parametrize("kind", ["xls", "xlsb", "ods"])
def test_binary_workbooks(kind: str, read: Read, tmp_path: Path) -> None:
    """One book in each form: .xls and .ods as LibreOffice saves them, .xlsb written after [MS-XLSB]."""
    shutil.copy(Path(__file__).parent / f"workbooks/sales.{kind}", tmp_path)
    inputs = read(f"../sales.{kind}")
    assert rows(inputs) == [["R1", "core", "2026-01", 1000.0], ["R2", "core", "2026-02", 24_000_000.0]]
    assert warnings(inputs) == [
        f"sales.{kind}[销售]  amounts are in 10,000, as the file says.",
        f"sales.{kind}[销售]  left out 1 subtotal row, line 5.",
    ]


# ---- wide sheets --------------------------------------------------------------------------------


@given(
    year=st.integers(1950, 2049),
    month=st.integers(1, 12),
    form=st.sampled_from(
        ["{y}-{m:02}", "{y}/{m}", "{y}.{m}", "{y}{m:02}", "{y}年{m}月", "{y}年{m:02}月份", "{e}-{s}", "{e} {y}", "{e}{y}",
         "{l} {y}", "{y} {e}", "{y}M{m}", "{y}-M{m:02}", "M{m} {y}", "{y}-{m:02}-01", "{m:02}/{y}", "{e}'{s}", "{s}年{m}月"]
    ),
)  # fmt: skip
def test_every_form_of_a_month_is_known(year: int, month: int, form: str) -> None:
    day = date(year if "{s}" not in form else 2000 + year % 100, month, 1)
    text = form.format(y=day.year, m=month, e=day.strftime("%b"), l=day.strftime("%B"), s=f"{day:%y}")
    assert header_month(text) == (day.year, month), text
    assert header_month(text.upper()) == (day.year, month)


def test_months_without_a_year_and_what_is_no_month() -> None:
    assert [header_month(t) for t in ("1月", "12月份", "十一月", "M3", "Jan", "sept")] == [
        (0, 1), (0, 12), (0, 11), (0, 3), (0, 1), (0, 9),
    ]  # fmt: skip
    for text in ("2026", "2026-13", "13月", "m13", "Q1", "maybe", "core", "0月", "", "1", "26"):
        assert header_month(text)[1] == 0, text


def test_totals_and_units_of_headers() -> None:
    assert all(
        map(is_total, ("合计", "Q1", "一季度", "第1季度", "上半年", "全年", "Total 2026", "2026年合计", "小计(万元)"))
    )
    assert not any(map(is_total, ("2026", "core", "units", "region", "", "季节")))
    assert split_unit("销售额（万元）") == ("销售额", 10_000)
    assert split_unit("Sales [k€]") == ("Sales", 1000)
    assert split_unit("Sales (net)") == ("Sales (net)", None)
    assert title_unit("2026年销售额 单位:万元") == 10_000
    assert [title_unit(t) for t in ("North in 2026", "Team (M)", "Sales in M", "Sheet (2)")] == [None] * 4
    assert [title_unit(t) for t in ("Sales in k€, 2026", "2026年销售(万元)", "单位：元")] == [1000, 10_000, 1]


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def test_a_wide_sheet_is_made_long(read: Read, tmp_path: Path) -> None:
    write(tmp_path / "h.csv", "rep,product,Jan-26,2026年2月,Q1,Total\nR1,core,1,2,3,3\n小计,,1,2,3,3\nR2,core,,4,4,9\n")
    inputs = read("../h.csv")
    assert rows(inputs) == [["R1", "core", "2026-01", 1.0], ["R1", "core", "2026-02", 2.0],
                            ["R2", "core", "2026-02", 4.0]]  # fmt: skip
    assert warnings(inputs) == [
        "h.csv  left out columns of totals: Q1, Total.",
        "h.csv  Total is not the sum of the months in 1 row, line 4. The months are used.",
        "h.csv  a wide sheet: 5 cells of the columns Jan-26 … 2026年2月 became rows, 2026-01 to 2026-02; 1 empty cell left out.",
        "h.csv  left out 1 subtotal row, line 3.",
    ]  # fmt: skip


def test_problems_of_wide_sheets_name_the_cell(read: Read, tmp_path: Path) -> None:
    write(
        tmp_path / "h.csv", 'rep,product,1月,2月,年\n,core,1,2,2026\nR9,core,"1,234",x,2026\nR1,core,1,1.2万,2026年\n'
    )
    assert problems(read, "../h.csv") == [
        "h.csv:2  rep (rep_id): empty. Fill it in, or delete the row.",
        "h.csv:3  1月 (amount): not a plain number (got '1,234'). Write 1234.",
        "h.csv:3  2月 (amount): not a number (got 'x').",
        "h.csv:4  2月 (amount): not a plain number (got '1.2万'). Write 12000.",
        "h.csv:3  rep (rep_id): not in roster.csv (got 'R9'). Nearest: 'R2'.",
    ]
    write(tmp_path / "h.csv", "rep,product,1月,2026-01,Jan-26,年\nR1,core,1,2,3,2026\nR1,core,1,2,3,last\n")
    assert problems(read, "../h.csv") == ["h.csv:3  年: not a year (got 'last'). Write it like 2026."]
    write(tmp_path / "h.csv", "rep,product,2026-01,Jan-26\nR1,core,1,2\n")
    assert problems(read, "../h.csv") == ["h.csv:1  Jan-26: the same month as '2026-01'. Rename or delete one."]
    write(tmp_path / "h.csv", "rep,product,amount,2026-01,2026-02\nR1,core,3,1,2\n")
    assert problems(read, "../h.csv") == [
        "h.csv:1  a column of amounts (amount) beside columns of months (2026-01 …). Delete the one or the others."
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2026年销售\nrep,product,1月,M2\nR1,core,1,2\n",
        "rep,product,year,January,feb\nR1,core,2026,1,2\n",
        "rep,product,年份,1月,2月\nR1,core,2026年,1,2\n",
        "Sales of 2026,,,\n\nrep,product,Jan,Feb\nR1,core,1,2\n",
    ],
)
def test_the_year_may_stand_in_a_column_or_a_title(text: str, read: Read, tmp_path: Path) -> None:
    write(tmp_path / "h.csv", text)
    assert rows(read("../h.csv")) == [["R1", "core", "2026-01", 1.0], ["R1", "core", "2026-02", 2.0]]


def test_headers_may_stand_in_two_rows(read: Read, tmp_path: Path) -> None:
    made = write_book(tmp_path / "h.xlsx", s=[
        ["销售额(万元)"],
        ["工号", "产品", "2025年", None, None, "2026年", None, None],
        [None, None, "1月", "2月", "合计", "1月", "2月", "合计"],
        ["R1", "core", 1, 2, 3, 4, "x", 9],
    ])  # fmt: skip
    for area in ("A2:A3", "B2:B3", "C2:E2", "F2:H2"):
        made["s"].merge_cells(area)
    made.save(tmp_path / "h.xlsx")
    assert problems(read, "../h.xlsx") == ["h.xlsx[s]:4  2026年2月 (amount): not a number (got 'x')."]
    made["s"]["G4"] = 5
    made.save(tmp_path / "h.xlsx")
    inputs = read("../h.xlsx")
    assert inputs.history.amount.tolist() == [10_000, 20_000, 40_000, 50_000]
    assert inputs.history.month.tolist() == ["2025-01", "2025-02", "2026-01", "2026-02"]
    write(tmp_path / "h.csv", "rep,product,Sales (k€),\n,,Jan 2026,Feb 2026\nR1,core,1,2\n")
    assert read("../h.csv").history.amount.tolist() == [1000, 2000]


def test_a_row_of_dates_is_no_second_row_of_headers(read: Read, tmp_path: Path) -> None:
    text = "rep,product,OrderDate,DueDate,ShipDate,DateKey,Sales\n"
    write(tmp_path / "h.csv", text + "R1,core,2026-01-02,2026-02-03,2026-03-04,20260405,7\n")
    assert rows(read("../h.csv")) == [["R1", "core", "2026-01", 7.0]]


def test_no_year_and_two_years_are_problems(read: Read, tmp_path: Path) -> None:
    write(tmp_path / "h.csv", "rep,product,1月,2月\nR1,core,1,2\n")
    assert problems(read, "../h.csv") == [
        "h.csv:1  the months 1月 … 2月 have no year. Write them like 2026-01, or add a column year."
    ]
    write(tmp_path / "h.csv", "2025 and 2026\nrep,product,1月,2月\nR1,core,1,2\n")
    assert problems(read, "../h.csv") == [
        "h.csv:2  the months 1月 … 2月 have no year, the titles name 2025 and 2026. "
        "Write them like 2026-01, or add a column year."
    ]


# ---- units --------------------------------------------------------------------------------------


def test_the_unit_of_a_file_is_recognised_said_and_exact(read: Read, tmp_path: Path) -> None:
    write(tmp_path / "h.csv", "rep,product,month,销售额(万元)\nR1,core,2026-01,4.35\n")
    inputs = read("../h.csv")
    assert rows(inputs) == [["R1", "core", "2026-01", 43500.0]]
    assert warnings(inputs) == ["h.csv  amounts are in 10,000, as the file says."]
    assert rows(read("../h.csv", unit="10_000")) == [["R1", "core", "2026-01", 43500.0]]
    assert warnings(read("../h.csv", unit="10_000")) == []
    assert warnings(read("../h.csv", "unit.history = 10_000\n")) == []
    assert problems(read, "../h.csv", "unit.history = 1\n") == [
        "scenarios/s.toml:8  data.unit.history: amounts are in 10,000, as the file says (got '1'). "
        "Write 10000, or leave it out."
    ]
    write(tmp_path / "h.csv", "rep,product,month,amount\nR1,core,2026-01,4.35\n")
    assert rows(read("../h.csv", "unit.history = 10_000\n")) == [["R1", "core", "2026-01", 43500.0]]
    write(tmp_path / "h.csv", "单位：万元\nrep,product,month,amount\nR1,core,2026-01,1.2万\n")
    assert problems(read, "../h.csv") == ["h.csv:3  amount: not a plain number (got '1.2万'). Write 1.2."]
    write(tmp_path / "h.csv", "rep,product,2026-01(万元),2026-02(元)\nR1,core,1,2\n")
    assert problems(read, "../h.csv") == ["h.csv:1  two units of money, 1 and 10,000. Write all amounts in one."]


def test_locks_have_their_own_unit(read: Read, tmp_path: Path) -> None:
    write(tmp_path / "h.csv", "rep,product,month,amount\nR1,core,2026-01,4\n")
    write(tmp_path / "l.csv", "rep,value (k€)\nR1,1.5\n")
    assert read("../h.csv", "locks = '../l.csv'\n").locks[0].value == Decimal(1500)


def test_of_several_columns_of_amounts_the_one_taken_is_named(read: Read, tmp_path: Path) -> None:
    write(tmp_path / "h.csv", "rep,product,month,完成额,销售额\nR1,core,2026-01,4,5\n")
    inputs = read("../h.csv")
    assert rows(inputs) == [["R1", "core", "2026-01", 5.0]]
    assert warnings(inputs) == [
        "h.csv  amounts are those of '销售额', not of '完成额'. "
        'To change it: "完成额" = "amount" under [data.columns.history].'
    ]


# ---- all findings -------------------------------------------------------------------------------


def test_every_finding_is_in_the_csv(read: Read, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "h.csv", "rep,product,1月,2月,year\n" + "R1,core,x,y,2026\n" * 30)
    problems(read, "../h.csv")
    assert main(["check", "-C", str(tmp_path)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[9:11] == ["h.csv:6  2月 (amount): not a number (got 'y').", "h.csv  amount: and 50 more like this."]
    assert main(["check", "-C", str(tmp_path), "--format", "csv"]) == 1
    found = pd.read_csv(io.StringIO(capsys.readouterr().out.removeprefix("\ufeff")), dtype=str, keep_default_na=False)
    assert list(found.columns) == ["severity", "code", "file", "row", "column", "value", "message", "remedy"]
    assert (found["code"] == "number").sum() == 60
    assert found.iloc[59].tolist()[:7] == ["error", "number", "h.csv", "31", "2月 (amount)", "y", "not a number"]


def test_wrong_cells_of_a_workbook_are_marked(read: Read, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_book(tmp_path / "h.xlsx", s=[
        ["2026年"], ["rep", "product", "1月", "2月"], ["R9", "core", "1,234", 5], ["R1", "core", "x", 4], ["R1", "core", 1, 2],
    ])  # fmt: skip
    before = (tmp_path / "h.xlsx").read_bytes()
    problems(read, "../h.xlsx")
    assert main(["check", "-C", str(tmp_path), "--mark"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == f"Marked  {tmp_path / 'h-checked.xlsx'}"
    assert (tmp_path / "h.xlsx").read_bytes() == before
    sheet = openpyxl.load_workbook(tmp_path / "h-checked.xlsx")["s"]
    notes = {cell.coordinate: cell.comment.text for row in sheet for cell in row if cell.comment}
    assert notes == {
        "A3": "not in roster.csv. Nearest: 'R2'.",
        "C3": "not a plain number. Write 1234.",
        "C4": "not a number.",
        "A5": 'same rep, product and month as line 4. Add an order_id, or set data.duplicates = "sum".',
    }
    assert {sheet[name].fill.start_color.rgb for name in notes} == {"FFF4B6B6"}
    assert not sheet["D3"].fill.fill_type


# ---- months in cells ----------------------------------------------------------------------------


@pytest.mark.parametrize("month", ["Jan-26", "2026年1月", "26年1月", "January 2026", "2026M1", "01/2026", "2026-01-15"])
def test_a_month_cell_may_have_the_forms_of_a_header(month: str, read: Read, tmp_path: Path) -> None:
    write(tmp_path / "h.csv", f"rep,product,month,amount\nR1,core,{month},3\n")
    assert rows(read("../h.csv")) == [["R1", "core", "2026-01", 3.0]]


@pytest.mark.parametrize("month", ["3/4", "01-26", "26", "1月", "Jan", "2026-13", "May be"])
def test_a_month_cell_that_could_be_something_else_is_a_problem(month: str, read: Read, tmp_path: Path) -> None:
    write(tmp_path / "h.csv", f"rep,product,month,amount\nR1,core,{month},3\n")
    assert problems(read, "../h.csv") == [f"h.csv:2  month: not a month (got {month!r}). Write it like 2026-12."]


def test_the_year_may_stand_beside_the_month(read: Read, tmp_path: Path) -> None:
    write(tmp_path / "h.csv", "rep,product,年,月,amount\nR1,core,2026,1,1\nR1,core,2026年,02,2\nR1,core,2025,12月,3\n")
    inputs = read("../h.csv")
    assert rows(inputs) == [
        ["R1", "core", "2025-12", 3.0], ["R1", "core", "2026-01", 1.0], ["R1", "core", "2026-02", 2.0],
    ]  # fmt: skip
    assert warnings(inputs) == []
    write(tmp_path / "h.csv", "rep,product,Year,Month,amount\nR1,core,2026,Jan,1\nR1,core,,13,2\nR1,core,last,3,2\n")
    assert problems(read, "../h.csv") == [
        "h.csv:4  Year: not a year (got 'last'). Write it like 2026.",
        "h.csv:3  Month (month): not a month (got '13'). Write it like 2026-12.",
        "h.csv:4  Month (month): not a month (got '3'). Write it like 2026-12.",
    ]
