"""Files that went wrong on the way: never a traceback, never a number that changes without a word.

Cells, rows and bytes of a valid folder are corrupted at random. When `check` still accepts it, the money that was read
is the money in the file (added up here by the `csv` module) less the lines that were named as left out.
"""

# ruff: noqa: E501
from __future__ import annotations

import csv
import gzip
import io
import random
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quotaopt.cli import main
from quotaopt.errors import InputError
from quotaopt.scenario import load_scenario
from quotaopt.tables import Inputs, read_inputs, size

SCENARIO = """target = 100
first_month = "2027-01"
last_month = "2027-12"
[data]
history = "../history.{ending}"
roster = "../roster.csv"
"""
ROSTER = [["rep_id", "region", "start_date"], ["R1", "North", "2020-01-01"], ["R2", "South", ""]]
LONG = [["rep", "product", "month", "amount"], *(
    [rep, product, f"2026-{month:02}", str(month * 10 + 0.25)] for rep in ("R1", "R2") for product in ("a", "b") for month in range(1, 7)
)]  # fmt: skip
WIDE = [["工号", "产品", *(f"2026年{m}月(万元)" for m in range(1, 7)), "合计"], *(
    [rep, product, *(str(m / 4) for m in range(1, 7)), "5.25"] for rep in ("R1", "R2") for product in ("a", "b")
), ["合计", "", *(str(float(m)) for m in range(1, 7)), "21"]]  # fmt: skip
NASTY = [
    "", " ", "1,234", "1,5", "1e3", "1e400", "¥5", "2万", "(3)", "-7", "合计", "Total", "nan", "inf", "=1+1", "１２", " 12 ",
    "0x10", "1_000", "2026-01", "2026-13", "01/02/2026", "'=1", "\ufeff", "\x00", "\x1a", "R1", "R3", "a\nb", '"', "12.", ".5",
    "+4", "9" * 20, "TRUE", "#N/A", "−5", "5-", "1 000", "1.234,50", "amount", "month", "1月", "Jan-26", "单位:元", "Q1",
]  # fmt: skip
Cells = list[list[str]]


def corrupt(cells: Cells, draw: random.Random) -> Cells:
    """One to three accidents to cells, rows and columns."""
    cells = [list(row) for row in cells]
    for _ in range(draw.randint(1, 3)):
        r, c = draw.randrange(len(cells)), draw.randrange(len(cells[0]))
        accident = draw.choice(
            ["cell", "cell", "cell", "twice", "lost", "blank", "swap", "column", "short", "long", "top"]
        )
        if accident == "cell" and c < len(cells[r]):
            cells[r][c] = draw.choice(NASTY)
        elif accident == "twice":
            cells.insert(r, list(cells[r]))
        elif accident == "lost" and len(cells) > 2:
            del cells[r]
        elif accident == "blank":
            cells.insert(r, [""] * len(cells[0]))
        elif accident == "swap":
            cells[r][:] = draw.sample(cells[r], len(cells[r]))
        elif accident == "column":
            for row in cells:
                del row[c : c + 1]
            cells = [row or [""] for row in cells]
        elif accident == "short":
            cells[r] = cells[r][:-1] or [""]
        elif accident == "long":
            cells[r].append(draw.choice(NASTY))
        elif accident == "top":
            cells.insert(0, [draw.choice(["Sales 2025", "单位:万元", "x"]), *[""] * (len(cells[0]) - 1)])
    return cells


def project(folder: Path, ending: str = "csv") -> Path:
    (folder / "scenarios").mkdir(exist_ok=True)
    (folder / "scenarios/s.toml").write_text(SCENARIO.format(ending=ending), encoding="utf-8")
    write(ROSTER, folder / "roster.csv")
    return folder


def write(cells: Cells, path: Path, encoding: str = "utf-8") -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(cells)
    path.write_bytes(text.getvalue().encode(encoding))


def read(folder: Path) -> Inputs | None:
    """What was read; None when it was refused in words."""
    try:
        return read_inputs(load_scenario("s", folder))
    except InputError as failure:
        assert all(finding.what for finding in failure.findings)
        return None


def check_sums(inputs: Inputs, path: Path) -> None:
    """Money in the amount column, or in the columns of months, of all lines that were not named as left out."""
    left_out = {
        int(number)
        for finding in inputs.warnings
        if finding.file.startswith(path.name) and (found := re.search(r"subtotal rows?, line ([\d, ]+)", finding.what))
        for number in found[1].split(",")
    }
    said = " ".join(finding.what for finding in inputs.warnings)
    lines: list[tuple[int, list[str]]] = []
    reader, start = csv.reader(io.StringIO(path.read_bytes().decode(), newline="")), 1
    for row in reader:
        lines.append((start, [cell.strip() for cell in row]))
        start = reader.line_num + 1
    filled = [(line, row) for line, row in lines if any(row)]
    top = next(i for i, (_, row) in enumerate(filled) if sum(map(bool, row)) > 1)
    top += "headers stand in two rows" in said
    header = filled[top][1]
    heads = [h for h in header if h == "amount" or re.match(r"2026年\d月|1月|Jan-26|2026-01", h)]
    places = [header.index(h) for h in heads]
    total = sum(
        float(row[i].removeprefix("'") or 0) for line, row in filled[top + 1 :] if line not in left_out for i in places
    )
    unit = 10_000 if "amounts are in 10,000" in said else 1
    assert inputs.history.amount.sum() == pytest.approx(total * unit), said


@pytest.mark.parametrize("name", ["long", "wide"])
@given(seed=st.integers(0, 10**9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, derandomize=True)
def test_no_number_changes_without_a_word(name: str, seed: int, tmp_path: Path) -> None:
    folder = project(tmp_path)
    write(corrupt(LONG if name == "long" else WIDE, random.Random(seed)), folder / "history.csv")
    inputs = read(folder)
    if inputs is not None:
        check_sums(inputs, folder / "history.csv")


@given(seed=st.integers(0, 10**9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, derandomize=True)
def test_damaged_bytes_are_refused_or_read(seed: int, tmp_path: Path) -> None:
    draw, folder = random.Random(seed), project(tmp_path)
    for cells, name in ((LONG, "history.csv"), (ROSTER, "roster.csv")):
        write(cells, folder / name, draw.choice(["utf-8", "gb18030", "utf-16", "utf-8-sig"]))
        raw = bytearray((folder / name).read_bytes())
        for _ in range(draw.randint(0, 4)):
            at = draw.randrange(len(raw))
            raw[at : at + draw.choice([0, 0, 1, 9])] = draw.randbytes(draw.choice([0, 1, 3]))
        (folder / name).write_bytes(bytes(raw[: draw.choice([len(raw), len(raw), draw.randrange(len(raw))])]))
    read(folder)


@given(seed=st.integers(0, 10**9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, derandomize=True)
def test_damaged_workbooks_are_refused_or_read(seed: int, tmp_path: Path) -> None:
    draw, folder = random.Random(seed), project(tmp_path, "xlsx")
    book = openpyxl.Workbook()
    clean = re.compile(r"[\x00-\x08\x0b-\x1f]")
    for row in corrupt(LONG, draw):
        book.active.append([clean.sub("", cell) for cell in row])
    book.save(folder / "history.xlsx")
    if draw.random() < 0.5:
        raw = bytearray((folder / "history.xlsx").read_bytes())
        at = draw.randrange(len(raw))
        raw[at : at + 5] = draw.randbytes(5)
        (folder / "history.xlsx").write_bytes(raw)
    read(folder)


@given(seed=st.integers(0, 10**9), kind=st.sampled_from(["xls", "xlsb", "ods", "parquet", "db", "csv.gz"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, derandomize=True)
def test_damaged_binary_files_are_refused_or_read(seed: int, kind: str, tmp_path: Path) -> None:
    draw, folder = random.Random(seed), project(tmp_path, kind)
    raw = bytearray(binary(kind, folder))
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(raw))
        raw[at : at + draw.choice([0, 1, 1, 9])] = draw.randbytes(draw.choice([0, 1, 1, 3]))
    (folder / f"history.{kind}").write_bytes(bytes(raw[: draw.choice([len(raw), len(raw), draw.randrange(len(raw))])]))
    if kind == "db":
        text = (folder / "scenarios/s.toml").read_text(encoding="utf-8")
        text = text.replace('"../history.db"', '"sqlite:///../history.db?table=t"')
        (folder / "scenarios/s.toml").write_text(text, encoding="utf-8")
    read(folder)


def binary(kind: str, folder: Path) -> bytes:
    """A sound file of sales."""
    if kind in {"xls", "xlsb", "ods"}:
        return (Path(__file__).parent / f"workbooks/sales.{kind}").read_bytes()
    text = "\n".join(map(",".join, LONG))
    if kind == "csv.gz":
        return gzip.compress(text.encode())
    path = folder / f"sound.{kind}"
    path.unlink(missing_ok=True)
    columns, values = ", ".join(LONG[0]), ", ".join(f"({', '.join(map(repr, row))})" for row in LONG[1:])
    if kind == "parquet":
        rows = f"SELECT * FROM (VALUES {values}) t({columns})"
        duckdb.connect().execute(f"COPY ({rows}) TO '{path.as_posix()}'")
    else:
        with closing(sqlite3.connect(path)) as base, base:
            base.execute(f"CREATE TABLE t ({columns})")
            base.execute(f"INSERT INTO t VALUES {values}")
    return path.read_bytes()


@pytest.mark.parametrize(
    "raw",
    [
        b"rep,product,month,amount\r\nR1,a,2026-01,1\rR2,a,2026-01,2\n",
        b'rep,product,month,amount\nR1,"a\nb",2026-01,1\n"R1"x,a,2026-01,1\n',
        b"rep,product,month,amount\nR1," + b"a" * 200_000 + b",2026-01,1\n",
        b"rep,product,month,amount\nR1,a,2026-01,1e-999999999\nR2,a,2026-01,1e-99999999999999999999\n",
        b"rep,product,month,amount\nR1,a,2026-01," + b"0" * 5000 + b"1\n",
        b"rep,product,month,amount\nR1,\xc4\xe3,2026-01,1\nR2,\xe4\xbd\xa0,2026-01,1\n",
        b"\xef\xbb\xbf",
        b"\n" * 10_000,
        b",\n" * 10_000,
        b'"',
    ],
)
def test_odd_bytes_are_refused_or_read(raw: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path)
    (folder / "history.csv").write_bytes(raw)
    first = read(folder)
    monkeypatch.setattr(size, "LARGE", -1)
    again = read(folder)
    assert (first is None) == (again is None)


def test_check_never_shows_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path)
    for seed in range(20):
        write(corrupt(WIDE, random.Random(seed)), folder / "history.csv")
        assert main(["check", "-C", str(folder)]) in {0, 1}, capsys.readouterr()
