"""Large history is added up by DuckDB: the same sums to the last cent, the same words for every problem."""

# ruff: noqa: ISC004 - messages stand here whole
from __future__ import annotations

import csv
import gzip
import io
import random
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quotaopt.errors import InputError
from quotaopt.scenario import load_scenario
from quotaopt.tables import Inputs, large, read_inputs, size

from .test_corruption import NASTY

SCENARIO = """target = 100
currency = "CNY"
unit = {unit}
first_month = "2027-01"
last_month = "2027-12"
[data]
history = "../sales*"
roster = "../roster.csv"
{keys}
"""
AMOUNTS = [
    "1",
    "0.1",
    "0.2",
    "12.345",
    "-3.30",
    "999999999999999",
    "1e3",
    "4.35",
    ".5",
    "7.",
    "+2",
    "0.123456789",
    "-0",
]
DATES = ["2026-01-31", "2026/2/1", "2026年3月4日", "20260405", "2026-01-31 09:30", "2026/02/01T1:05", "2026-05"]
HEADS = {
    "en": ["rep", "product", "amount", "month", "order", "patch", "note"],
    "zh": ["业务员工号", "产品", "销售额", "月份", "单号", "辖区", "备注"],
    "stage": ["rep", "product", "amount", "date", "order", "patch", "Deal stage"],
    "kilo": ["rep", "product", "Sales (k€)", "date", "order", "patch", "note"],
    "date": ["工号", "产品编码", "金额", "销售日期", "订单号", "辖区", "备注"],
    "units": ["rep", "product", "amount", "month", "order", "patch", "units"],
    "money": ["rep", "product", "amount", "date", "order", "patch", "ccy"],
    "once": ["rep", "product", "amount", "date", "order", "patch", "一次性"],
}


def make_text(draw: random.Random, heads: list[str], wide: int) -> str:
    """A random file of sales: titles, quotes, subtotals, blank lines, and at times cells that are wrong."""
    dates = ["2026-01", "2026年2月", "202603", "2026/4"] if heads[3] in {"month", "月份"} else DATES
    last = {
        "units": ["3", "0.5", ""],
        "Deal stage": ["Won", "won", "Lost", ""],
        "ccy": ["USD", "usd ", "CNY", "", "GBP"],
        "一次性": ["", "", "是"],
    }.get(heads[6], ["plain"])
    order = draw.sample(range(wide), wide)
    rows = []
    for k in range(draw.choice([3, 30, 200])):
        cells = [
            draw.choice(["R1", "R2", " R2 ", "张伟", "R 3"]),
            draw.choice(["core", "云"]),
            draw.choice(AMOUNTS),
            draw.choice(dates),
            f"A{k}" if draw.random() < 0.98 else draw.choice(["", "A1", "Total:", "=1", "ü", " x"]),
            draw.choice(["N", "S", ""]),
            draw.choice(["", "a,b", 'say "hi"', "two\nlines", "a;b"]) if draw.random() < 0.1 else draw.choice(last),
        ]
        if draw.random() < 0.03:
            cells[draw.randrange(7)] = draw.choice(NASTY)
        rows.append([cells[i] for i in order])
        if draw.random() < 0.02:
            rows.append(
                draw.choice([[""] * wide, ["合计"], ["小计"] + ["1"] * (wide - 1), rows[-1] + ["", ""], ["x"] * 9])
            )
    text = io.StringIO(newline="")
    quoting = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    writer = csv.writer(
        text, delimiter=draw.choice(",,,;\t|"), quoting=quoting, lineterminator=draw.choice(["\n", "\r\n", "\r"])
    )
    if draw.random() < 0.2:
        writer.writerow(["2026年销售 单位:万元"])
    writer.writerow([heads[i] for i in order])
    writer.writerows(rows)
    made = text.getvalue()
    if draw.random() < 0.03:
        at = draw.randrange(len(made))
        made = made[:at] + draw.choice(['"', "\r", "\n\n", "\x00", "\x1f", ","]) + made[at:]
    return made


def make_project(folder: Path, draw: random.Random) -> None:
    (folder / "scenarios").mkdir(exist_ok=True)
    keys = "".join(line for line in (
        'duplicates = "sum"\n', 'unknown_reps = "drop"\n', "unit.history = 10_000\n", 'assignments = "../held.csv"\n',
        'rates = "../rates.csv"\n', 'where.history = { patch = ["n", "S"], rep = ["R1", "张伟"] }\n',
    ) if draw.random() < 0.5)  # fmt: skip
    heads, wide = HEADS[draw.choice(list(HEADS))], draw.choice([4, 5, 6, 7])
    if heads[6] == "Deal stage" and draw.random() < 0.8:
        keys += 'where.history.deal_stage = "Won"\n'
    text = SCENARIO.format(unit=draw.choice(["1", "10_000"]), keys=keys)
    (folder / "scenarios/s.toml").write_text(text, encoding="utf-8")
    (folder / "roster.csv").write_text(
        "rep_id,region\nR1,N\nR2,S\n张伟,S\n" + "R 3,N\n" * (draw.random() < 0.7), encoding="utf-8"
    )
    rates = "USD,,7.123\nGBP,2026-01,9.1\n" + "GBP,,9.0123456\n" * (draw.random() < 0.7)
    (folder / "rates.csv").write_text(f"currency,month,rate\n{rates}", encoding="utf-8")
    (folder / "held.csv").write_text("rep_id,territory_id\nR1,N\nR2,S\n", encoding="utf-8")
    for old in folder.glob("sales*"):
        old.unlink()
    for k in range(draw.choice([1, 1, 1, 2])):
        encoding = draw.choice(["utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16"])
        raw = make_text(draw, heads, wide).encode(encoding)
        packed = draw.random() < 0.1
        name = f"sales{k}.csv" + ".gz" * packed
        (folder / name).write_bytes(gzip.compress(raw) if packed else raw)


def outcome(folder: Path) -> tuple[list[str], Inputs | None]:
    """What was said, and what was read."""
    try:
        inputs = read_inputs(load_scenario("s", folder))
    except InputError as failure:
        return [f"{f.severity} {f}" for f in failure.findings], None
    return [f"{f.severity} {f}" for f in inputs.warnings], inputs


def compare(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], bool]:
    """Both ways must agree; what was said, and whether DuckDB really did it."""
    monkeypatch.setattr(size, "LARGE", 10**12)
    said, inputs = outcome(folder)
    monkeypatch.setattr(size, "LARGE", -1)
    monkeypatch.setattr(size, "SLOW", -1)
    again, others = outcome(folder)
    own = [line for line in again if "read cell by cell" not in line]
    assert own == said
    assert (inputs is None) == (others is None)
    if inputs is not None and others is not None:
        pd.testing.assert_frame_equal(inputs.history, others.history, check_exact=True)
        assert inputs.hashes == others.hashes
    return said, len(own) == len(again)


@given(seed=st.integers(0, 10**9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, derandomize=True)
def test_both_ways_give_the_same(seed: int, tmp_path: Path) -> None:
    make_project(tmp_path, random.Random(seed))
    with pytest.MonkeyPatch.context() as patch:
        compare(tmp_path, patch)


def write_project(folder: Path, text: str, keys: str = "") -> None:
    """A project with this history."""
    (folder / "scenarios").mkdir(exist_ok=True)
    (folder / "scenarios/s.toml").write_text(SCENARIO.format(unit=1, keys=keys), encoding="utf-8")
    (folder / "roster.csv").write_text("rep_id,region\nR1,N\nR2,S\n", encoding="utf-8")
    (folder / "sales.csv").write_bytes(text.encode())


def test_sums_are_exact_and_returns_are_netted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times 0.1 is 1, which floats added one by one do not give."""
    rows = "".join(f"R1,core,2026-01-{day:02},0.1\n" for day in range(1, 11))
    write_project(tmp_path, f"rep,product,date,amount\n{rows}R1,core,2026-01-31,-0.25\n")
    said, fast = compare(tmp_path, monkeypatch)
    assert fast
    assert said == ["warning sales.csv  1 negative amount, taken as returns."]
    inputs = outcome(tmp_path)[1]
    assert inputs is not None
    assert inputs.history.to_numpy(dtype=object).tolist() == [["R1", "core", "2026-01", 0.75]]


def test_problems_of_a_large_file_have_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"R1,core,2026-01,{k},A{k}\n" for k in range(300))
    text = (
        f'rep,product,month,amount,order\n{rows}\n"R2","a\n\nb",2026-01,"1,5",B\n{rows}合计,,,9,\nR9,core,2026-13,1,C\n'
    )
    write_project(tmp_path, text)
    said, fast = compare(tmp_path, monkeypatch)
    assert fast
    assert said[:4] == [
        "warning sales.csv  left out 1 subtotal row, line 606.",
        "error sales.csv:607  month: not a month (got '2026-13'). Write it like 2026-12.",
        "error sales.csv:303  amount: not a plain number (got '1,5'). Write 1.5.",
        "error sales.csv:306  same rep, product, month and order as line 2. "
        'Add an order_id, or set data.duplicates = "sum".',
    ]  # fmt: skip
    assert len(said) == 304
    assert said[-1].startswith("error sales.csv:607  rep (rep_id): not in roster.csv (got 'R9').")


@pytest.mark.parametrize(
    ("column", "cells", "says"),
    [
        ("order", ["", "A", "B"], []),
        ("patch", ["", "", "S"], ["warning sales.csv  patch (territory_id) is not used."]),
        ("patch", ["", "", ""], []),
        ("windfall", ["", "yes", ""], ["warning sales.csv  1 row cut by 2 of windfall"]),
        ("units", ["", "many", ""], ["error sales.csv:3  units: not a number (got 'many')."]),
    ],
)
def test_a_column_counts_wherever_it_is_filled(
    column: str, cells: list[str], says: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a column whose first cell is empty nothing is lost, and one that is empty throughout is not there."""
    rows = "".join(f"R1,core,2026-01,{2 if cell else 1},{cell}\n" for cell in cells)
    keys = 'duplicates = "sum"\n' * (column != "order")
    write_project(tmp_path, f"rep,product,month,amount,{column}\n{rows}", keys)
    said, fast = compare(tmp_path, monkeypatch)
    assert fast == (column != "windfall")
    others = [line for line in said if "added up" not in line]
    assert [line[: len(start)] for line, start in zip(others, says, strict=True)] == says
    inputs = outcome(tmp_path)[1]
    assert inputs is None or ("territory_id" in inputs.history) == ("S" in cells)


def test_what_duckdb_cannot_add_up_is_read_cell_by_cell_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(tmp_path, "rep,product,2026-01,2026-02\nR1,core,1,2\n")
    said, fast = compare(tmp_path, monkeypatch)
    assert not fast
    assert "a wide sheet" in said[0]
    write_project(tmp_path, "rep,product,month,amount\n" + "R1,core,2026-01,1e3\n" * 9)
    monkeypatch.setattr(large, "MOST_ODD", 3)
    said, _ = outcome(tmp_path)
    assert said[-1].endswith("The reason: too many of its lines need a closer look.")


def test_without_duckdb_large_history_is_read_with_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_project(tmp_path, "rep,product,month,amount\nR1,core,2026-01,1\n")
    monkeypatch.setattr(size, "LARGE", 0)
    monkeypatch.setattr(size, "SLOW", 0)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    said, inputs = outcome(tmp_path)
    assert inputs is not None
    assert said == [
        "warning sales.csv  large, and read cell by cell, which needs time and memory. "
        'The reason: pip install "quotaopt[parquet]" makes it quicker.'
    ]
