"""Tables in: every encoding, header, date and amount people use; tables out: the same bytes every time."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quotaopt.columns import Column
from quotaopt.errors import InputError
from quotaopt.scenario import load_scenario
from quotaopt.tables import Inputs, LockRow, datapackage, read_inputs, write_csv
from quotaopt.text import encoding_of

SCENARIO = """target = 100
first_month = "2027-01"
last_month = "2027-12"
[data]
history = "../history.csv"
roster = "../roster.csv"
"""
HISTORY = "rep_id,product_id,month,amount\nR1,core,2026-01,10\nR2,core,2026-01,20.5\nR1,cloud,2026-02,30\n"
ROSTER = "rep_id,region\nR1,North\nR2,South\n"
Read = Callable[..., Inputs]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write the files given (others are the small valid ones) and read them; keys go behind ``[data]``."""

    def run(keys: str = "", *, unit: str = "1", **files: str | bytes) -> Inputs:
        (tmp_path / "scenarios").mkdir(exist_ok=True)
        (tmp_path / "scenarios/s.toml").write_text(f"unit = {unit}\n{SCENARIO}{keys}", encoding="utf-8")
        for name, content in ({"history": HISTORY, "roster": ROSTER} | files).items():
            raw = content.encode() if isinstance(content, str) else content
            (tmp_path / f"{name}.csv").write_bytes(raw)
        return read_inputs(load_scenario("s", tmp_path))

    return run


def rows(frame: pd.DataFrame) -> list[list[Any]]:
    return frame.to_numpy(dtype=object).tolist()


def problems(read: Read, keys: str = "", **files: str | bytes) -> list[str]:
    with pytest.raises(InputError) as failure:
        read(keys, **files)
    return [str(finding) for finding in failure.value.findings]


def test_the_smallest_project(read: Read) -> None:
    inputs = read()
    assert rows(inputs.history) == [["R1", "cloud", "2026-02", 30.0], ["R1", "core", "2026-01", 10.0],
                                    ["R2", "core", "2026-01", 20.5]]  # fmt: skip
    assert list(inputs.roster.columns) == [
        "rep_id", "rep_name", "region", "team", "manager", "channel", "segment", "role", "peer_group",
        "start_date", "end_date", "headcount", "ramp_profile", "is_vacant", "include", "exclude_reason",
    ]  # fmt: skip
    assert rows(inputs.roster[["rep_id", "rep_name", "region", "team", "headcount"]]) == [
        ["R1", "R1", "North", "", 1.0], ["R2", "R2", "South", "", 1.0],
    ]  # fmt: skip
    assert inputs.roster[["start_date", "end_date"]].isna().all(axis=None)
    assert rows(inputs.products) == [["cloud", "cloud", "", "", ""], ["core", "core", "", "", ""]]
    assert (inputs.locks, inputs.plan, inputs.warnings) == ((), None, ())
    assert set(inputs.hashes) == {"history.csv", "roster.csv"}


def test_chinese_files_are_read_without_any_mapping(read: Read) -> None:
    header = "工号,销售员,大区,入职日期,离职日期,团队,经理,渠道,职位,人数"
    roster = f"{header}\nR1,张伟,华东,2024年3月1日,,一组,李娜,直销,代表,0.5\n"
    history = "业务员,产品线,日期,完成额\nR1,云,2026/3/5,10\nR1,云,20260320,5\nR1,云,2026年4月1日,1\n"
    inputs = read(history=history.encode("gb18030"), roster=roster.encode("gbk"))
    assert rows(inputs.history) == [["R1", "云", "2026-03", 15.0], ["R1", "云", "2026-04", 1.0]]
    person = inputs.roster.iloc[0]
    assert (person.rep_name, person.region, person.team, person.manager) == ("张伟", "华东", "一组", "李娜")
    assert (person.start_date, person.headcount) == (pd.Timestamp("2024-03-01"), 0.5)
    assert [w.what for w in inputs.warnings] == ["read as GB18030"] * 2


def test_a_roster_of_names_uses_the_name_as_id(read: Read) -> None:
    inputs = read(history="销售员,产品,月份,销售额\n张伟,云,2026-01,1\n", roster="销售员,大区\n张伟,华东\n")
    assert rows(inputs.roster[["rep_id", "rep_name"]]) == [["张伟", "张伟"]]


def test_headers_are_known_without_case_spaces_and_punctuation(read: Read) -> None:
    history = "Rep ID , PRODUCT-id,Ｍonth, Sales Amount\nR1,core,2026-01,1\n"
    assert len(read(history=history).history) == 1


def test_headers_the_scenario_maps(read: Read) -> None:
    keys = '[data.columns.history]\n"Umsatz (netto)" = "amount"\nKunde = "rep_id"\n'
    inputs = read(keys, history="Kunde,product,month,Umsatz (netto),amount\nR1,core,2026-01,7,1\n")
    assert rows(inputs.history) == [["R1", "core", "2026-01", 7.0]]
    assert [str(w) for w in inputs.warnings] == ["history.csv  unknown columns: column 5. They are not used."]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(separator: str, ending: str, read: Read) -> None:
    history = HISTORY.replace(",", separator).replace("\n", ending)
    assert len(read(history=history).history) == 3
    history = history.replace("30", "x")
    assert problems(read, history=history) == ["history.csv:4  amount: not a number (got 'x')."]


def test_lines_stay_true_behind_blank_rows_and_cells_of_several_lines(read: Read) -> None:
    roster = '\nrep_id,rep_name,region\n\nR1,"two\nlines",North\n,,\nR2,x,South\nR2,y,South\n'
    assert problems(read, roster=roster) == ["roster.csv:8  same rep as line 7. Keep one row for each rep."]


@given(
    name=st.text(st.characters(codec="gb18030", exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(
        lambda t: not t.startswith(("=", "'")) and t == t.strip()
    ),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_names_survive_every_encoding(name: str, encoding: str, read: Read) -> None:
    raw = f'rep_id,rep_name,region\r\nR1,"{name.replace(chr(34), chr(34) * 2)}",大区\r\nR2,李娜,大区\r\n'.encode(
        encoding
    )
    if encoding_of(raw) == "utf-8" and encoding == "gb18030":
        return  # a handful of GB18030 texts are also UTF-8: nobody can tell
    if name.casefold().rstrip(":：") in {"total", "sum", "合计", "小计", "总计"}:
        return
    assert rows(read(roster=raw).roster[["rep_name", "region"]]) == [[name, "大区"], ["李娜", "大区"]]


def test_a_named_encoding_is_used(read: Read) -> None:
    inputs = read('encoding = "latin-1"\n', roster=b"rep_id,rep_name,region\nR1,Jos\xe9,N\nR2,B\xf6b,S\n")
    assert list(inputs.roster.rep_name) == ["José", "Böb"]


def test_amounts_are_money_in_the_unit(read: Read) -> None:
    keys = 'locks = "../locks.csv"\nplan = "../plan.csv"\n'
    locks = "rep,month,value\nR1,,1.10\nR1,2027-02,0.3\n"
    plan = "rep,product,month,quota\nR2,core,2027-01,1.1\nR1,core,2027-01,2\nR1,core,2026-12,9\n"
    inputs = read(keys, unit="10_000", locks=locks, plan=plan)
    assert inputs.history.amount.tolist() == [300_000.0, 100_000.0, 205_000.0]
    assert inputs.locks == (
        LockRow("R1", None, None, Decimal("11000"), "locks.csv:2"),
        LockRow("R1", None, "2027-02", Decimal("3000"), "locks.csv:3"),
    )
    assert inputs.plan is not None
    assert rows(inputs.plan) == [["R1", "core", "2027-01", Decimal(20000)], ["R2", "core", "2027-01", Decimal(11000)]]
    assert [str(w) for w in inputs.warnings] == ["plan.csv  left out 1 row outside the plan's months."]


def test_a_plan_may_say_its_own_unit(read: Read) -> None:
    """Runs write plain money with a column `unit`: read back, it is not multiplied a second time."""
    plan = "rep_id,product_id,period,quota,unit\nR1,core,2027-01,20000,1\nR2,core,2027-01,1.1,10000\n"
    inputs = read('plan = "../plan.csv"\n', unit="10_000", plan=plan)
    assert inputs.plan is not None
    assert rows(inputs.plan) == [["R1", "core", "2027-01", Decimal(20000)], ["R2", "core", "2027-01", Decimal(11000)]]


def test_amounts_beyond_all_measure_are_refused(read: Read) -> None:
    history = "rep,product,month,amount\nR1,core,2026-01,1e999\nR2,core,2026-01,1.2E+05\n"
    assert problems(read, history=history) == ["history.csv:2  amount: too large to be true (got '1e999')."]


def test_days_of_a_month_and_orders_of_a_day_are_added(read: Read) -> None:
    history = (
        "rep,product,date,amount,order_id\nR1,core,2026-01-05,1,a\nR1,core,2026-01-05,2,b\nR1,core,2026-01,-0.5,\n"
    )
    inputs = read(history=history)
    assert rows(inputs.history) == [["R1", "core", "2026-01", 2.5]]
    assert [str(w) for w in inputs.warnings] == ["history.csv  1 negative amount, taken as returns."]


def test_repeated_rows_may_be_added(read: Read) -> None:
    inputs = read('duplicates = "sum"\n', history=HISTORY + "R1,core,2026-01,5\nR1,core,2026-01,5\n")
    assert inputs.history.amount.tolist() == [30.0, 20.0, 20.5]
    assert [str(w) for w in inputs.warnings] == [
        "history.csv  added up the amounts of 2 rows that repeat an earlier one."
    ]


def test_reps_without_a_roster_row_may_be_left_out(read: Read) -> None:
    inputs = read('unknown_reps = "drop"\n', history=HISTORY + "R8,core,2026-01,5\nR9,core,2026-01,5\n")
    assert set(inputs.history.rep_id) == {"R1", "R2"}
    assert [str(w) for w in inputs.warnings] == ["history.csv  left out 2 rows of 2 reps not in roster.csv."]


def test_columns_we_do_not_know_are_kept_and_named_once(read: Read) -> None:
    inputs = read(roster="rep_id,region,size,crm\nR1,N,7,a\nR2,S,8,b\n")
    assert rows(inputs.roster[["size", "crm"]]) == [["7", "a"], ["8", "b"]]
    assert [str(w) for w in inputs.warnings] == ["roster.csv  unknown columns: size, crm. They are kept as they are."]


def test_several_files_make_one_table(read: Read) -> None:
    hires = "rep_id,region,start_date,size\nTBH-1,North,2027-03-15,9\n"
    inputs = read('products = "../roster2.csv"\n[data.columns]\n', roster2="product_id,family\ncore,a\ncloud,b\n")
    assert inputs.products.family.tolist() == ["b", "a"]
    keys = 'locks = ["../locks.csv", "../more.csv"]\n'
    with pytest.raises(InputError):
        read(keys, locks="rep,value\nR1,5\n", more=hires)
    inputs = read(keys, locks="rep,value\nR1,5\n", more="rep,value,month\nR2,5,2027-01\n")
    assert [lock.source for lock in inputs.locks] == ["locks.csv:2", "more.csv:2"]
    assert [lock.month for lock in inputs.locks] == [None, "2027-01"]


def test_quotas_of_the_past_are_read_in_money(read: Read) -> None:
    table = "rep,quarter_start,quota\nR2,2026-01,4\nR1,2026-01-01,3\n"
    inputs = read('quotas = "../quotas.csv"\nunit = { quotas = 1000 }\n', quotas=table)
    columns = ["rep_id", "product_id", "month", "quota"]
    assert rows(inputs.more["quotas"][columns]) == [["R1", "", "2026-01", 3000], ["R2", "", "2026-01", 4000]]
    assert not len(read().more["quotas"])
    [problem] = problems(read, 'quotas = "../quotas.csv"\n', quotas="rep,month,quota\nR1,2026-01,1\nR1,2026-01,2\n")
    assert "Keep one of the two." in str(problem)


def test_assignments_are_read_with_dates_and_shares(read: Read) -> None:
    """Who is only named there may sell in the history and be in no roster."""
    keys = 'assignments = "../assignments.csv"\n'
    table = "工号,辖区,开始日期,结束日期,比例,大区\nR2,T1,2027/1/1,,0.5,North\nR9,T1,,20261231,,\n"
    inputs = read(keys, assignments=table, history=HISTORY + "R9,core,2026-01,5\n")
    assert inputs.assignments is not None
    assert [[str(value) for value in row] for row in rows(inputs.assignments)] == [
        ["R2", "T1", "2027-01-01 00:00:00", "NaT", "0.5", "North"],
        ["R9", "T1", "NaT", "2026-12-31 00:00:00", "1.0", ""],
    ]
    assert inputs.warnings == ()
    assert read().assignments is None


def test_sales_of_one_month_in_two_territories_stay_apart(read: Read) -> None:
    history = "rep,product,month,amount,territory\nR1,core,2026-01,1,T1\nR1,core,2026-01,2,T2\nR1,core,2026-02,4,\n"
    inputs = read('assignments = "../a.csv"\n', history=history, a="rep,territory\nR1,T1\nR1,T2\n")
    assert rows(inputs.history) == [
        ["R1", "core", "2026-01", "T1", 1.0], ["R1", "core", "2026-01", "T2", 2.0], ["R1", "core", "2026-02", "", 4.0],
    ]  # fmt: skip


def test_one_after_the_other_is_no_overlap(read: Read) -> None:
    table = "rep,territory,from,to,share\nR1,T1,,2026-06-14,\nR2,T1,2026-06-15,,0.6\nR1,T1,2026-06-15,,0.4\n"
    assert read('assignments = "../a.csv"\n', a=table).warnings == ()
    [problem] = problems(read, 'assignments = "../a.csv"\n', a=table.replace("0.6", "0.7"))
    assert problem.startswith(
        "a.csv:4  territory (territory_id): given out to 110 % from 2026-06-15, together with line 3"
    )


def test_empty_locks_are_no_locks(read: Read) -> None:
    assert read('locks = "../locks.csv"\n', locks="rep_id,value\n").locks == ()


def test_a_folder_that_cannot_be_read_is_a_problem(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    read()
    original = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: refuse(self) if self.suffix == ".csv" else original(self))
    assert problems(read) == [f"{name}.csv  cannot be read: Permission denied." for name in ("history", "roster")]


def test_advice_for_unknown_reps_and_mapped_columns(read: Read) -> None:
    keys = '[data.columns.roster]\nzzz = "rep_id"\nregion = "qqq"\n'
    known = "rep_id, rep_name, region, team, manager, channel, segment, role, peer_group, start_date, end_date, "
    known += "headcount, currency, ramp_profile, is_vacant, include, exclude_reason, overlay, accounts, potential"
    assert problems(read, keys) == [
        "scenarios/s.toml:9  data.columns.roster.zzz: no file has this header. The headers are: rep_id, region.",
        f"scenarios/s.toml:10  data.columns.roster.region: no such column (got 'qqq'). Columns: {known}.",
        "roster.csv:1  region: missing column. The headers are: rep_id, region.",
    ]


@given(seed=st.integers(0, 10**6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
def test_shuffled_rows_give_the_same_inputs(seed: int, read: Read) -> None:
    draw = random.Random(7)
    body = [f"R{r},P{p},2026-0{m}-{d:02},{draw.uniform(-5, 900):.2f}"
            for r in (1, 2) for p in (1, 2) for m in (1, 2) for d in range(1, 9)]  # fmt: skip
    tables: Mapping[str, tuple[str, list[str]]] = {
        "history": ("rep,product,date,amount", body),
        "roster": ("rep_id,region,start_date", ["R1,N,2024-01-01", "R2,S,"]),
        "products": ("product_id,family", ["P1,a", "P2,b"]),
        "locks": ("rep,product,month,value", ["R1,,,5", "R1,P1,2027-01,6", "R2,,2027-01,7"]),
    }
    keys = 'products = "../products.csv"\nlocks = "../locks.csv"\n'
    plain = read(keys, **{k: "\n".join([head, *lines]) for k, (head, lines) in tables.items()})
    draw.seed(seed)
    mixed = {k: "\n".join([head, *draw.sample(lines, len(lines))]) for k, (head, lines) in tables.items()}
    other = read(keys, **mixed)
    for name in ("history", "roster", "products"):
        pd.testing.assert_frame_equal(getattr(plain, name), getattr(other, name), check_exact=True)
    assert [(k.rep_id, k.product_id, k.month, k.value) for k in plain.locks] == [
        (k.rep_id, k.product_id, k.month, k.value) for k in other.locks
    ]


def test_what_is_written(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "text": ["=1+1", "-x", "@a", "+b", "plain, quoted", "张伟"],
            "exact": [Decimal("1E+3"), Decimal("0.10"), None, Decimal("-5"), 7, 1.5],
            "number": [1e-7, 1e22, np.nan, -0.0, 0.1, 1200.0],
            "day": pd.to_datetime(["2027-01-01", None, "2027-01-02 03:04:05", None, None, None], format="ISO8601"),
            "flag": [True, False, True, False, True, False],
            "mixed": [True, float("nan"), date(2027, 1, 1), "x", np.float64(2), np.bool_(False)],
            "whole": np.arange(6),
        }
    )
    path = tmp_path / "t.csv"
    write_csv(frame, path)
    assert path.read_bytes().decode("utf-8-sig").split("\r\n") == [
        "text,exact,number,day,flag,mixed,whole",
        "'=1+1,1000,0.0000001,2027-01-01,true,true,0",
        "'-x,0.10,10000000000000000000000,,false,,1",
        "'@a,,,2027-01-02T03:04:05,true,2027-01-01,2",
        "'+b,-5,0,,false,x,3",
        '"plain, quoted",7,0.1,,true,2,4',
        "张伟,1.5,1200,,false,false,5",
        "",
    ]
    first = path.read_bytes()
    write_csv(frame, path, "utf-8")
    assert b"\xef\xbb\xbf" + path.read_bytes() == first


@given(
    cells=st.lists(st.lists(st.text('ab ,;"\r\n\t', max_size=4) | st.integers(), min_size=3, max_size=3), max_size=4),
    width=st.integers(1, 3),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_quotation_marks_are_those_of_the_csv_module(cells: list[list[object]], width: int, tmp_path: Path) -> None:
    rows = [row[:width] for row in cells]
    write_csv(pd.DataFrame(rows, columns=list("abc")[:width], dtype=object), tmp_path / "x.csv", "utf-8")
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([list("abc")[:width], *rows])
    assert (tmp_path / "x.csv").read_bytes().decode() == out.getvalue()


@given(names=st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8), min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_texts_read_back_as_they_were_written(names: list[str], read: Read, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"rep_id": [f"R{i}" for i in range(1, 3)], "region": "N", "note": (names * 2)[:2]}, dtype=object
    )
    write_csv(frame, tmp_path / "x.csv")
    expected = [n.removeprefix("'") if n[:1] == "'" and n[1:2] in "=+-@" and n[1:] else n for n in frame["note"]]
    assert read(roster=(tmp_path / "x.csv").read_bytes()).roster["note"].tolist() == expected


def test_the_data_package_describes_every_table(tmp_path: Path) -> None:
    columns = [Column("rep_id", "string", "Who"), Column("quota", "number", "Money asked of the rep")]
    datapackage({"quotas.csv": columns, "Goals 1.csv": columns[:1]}, tmp_path / "datapackage.json")
    package = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    assert [r["name"] for r in package["resources"]] == ["quotas", "goals-1"]
    assert package["resources"][0]["schema"]["fields"][1] == {
        "name": "quota", "type": "number", "description": "Money asked of the rep",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["adventureworks", "stretch", "hiring"])
def test_the_shipped_project_is_clean(name: str) -> None:
    inputs = read_inputs(load_scenario(name, Path(__file__).parents[1]))
    assert inputs.warnings == ()
    assert inputs.history.amount.sum() == pytest.approx(80_450_596.78)
    assert len(inputs.roster) == 20 if name == "hiring" else 17
    assert inputs.history.month.min() == "2011-07"
