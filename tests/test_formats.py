"""Files for other systems: read back as those systems would, they hold every quota of the run, to the last unit."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt import __version__
from quotaopt.archive import Run, find_run
from quotaopt.errors import InputError, UnknownNameError
from quotaopt.export import Options, exports, read_settings, write_exports
from quotaopt.export.periods import LABELS, NAMES, make_periods
from quotaopt.run import run_scenario
from quotaopt.scenario import load_scenario

Call = Callable[..., tuple[int, str, str]]
GOLDEN = Path(__file__).parent / "golden/formats"
ROSTER = """\
rep_id,rep_name,region,start_date,crm_user_id,email,territory_id,hubspot_owner_id,manager
R1,Ana,North,2020-01-01,005500000001abc,ana@example.com,T1,101,Zoe
R2,Bob,North,2020-01-01,005500000002abcAAB,bob@example.com,T2,102,Zoe
R3,张伟,South,2020-01-01,005500000003abc,wei@example.com,T3,103,
R4,Dee,South,2020-01-01,005500000004abc,dee@example.com,T4,104,
"""
PRODUCTS = "product_id,family\ncloud,Software\ncore,Software\n"
FILES = {
    "salesforce": {"salesforce-quotas.csv": ("QuotaOwnerId", "StartDate", "QuotaAmount")},
    "varicent": {"varicent-quotas.csv": ("Territory ID", "Period", "Value")},
    "oracle": {
        "oracle-territory-quotas.csv": ("TERRITORY_NUMBER", "START_DATE", "TERRITORY_QUOTA"),
        "oracle-territory-quota-periods.csv": ("TERRITORY_NUMBER", "PERIOD_NAME", "TERRITORY_PERIOD_QUOTA"),
    },
    "clari": {"clari-quotas.csv": ("CRM_USER_ID", "PERIOD_NAME", "QUOTA_GOAL")},
    "freshsales": {"freshsales-goals.csv": ("User email", "Goal start date", "Target")},
    "hubspot": {"hubspot-goals.csv": ("hubspot_owner_id", "hs_start_datetime", "hs_target_amount")},
    "erpnext": {"erpnext-targets.csv": ("parent", "fiscal_year", "target_amount")},
    "master": {"master.csv": ("rep_id", "period_start", "target")},
    "parquet": {"master.parquet": ("rep_id", "period_start", "target")},
    "flat": {"quotas-flat.csv": ("rep_id", "period", "quota")},
}
NEEDED = {"salesforce": ["forecasting_type_id=0Db500000000abc"], "oracle": ["quota_plan_name=FY27"]}
IDS = {"salesforce": "crm_user_id", "clari": "crm_user_id", "varicent": "territory_id", "oracle": "territory_id",
       "freshsales": "email", "hubspot": "hubspot_owner_id", "erpnext": "rep_name"}  # fmt: skip
MONTHS = [f"2027-{month:02}" for month in range(1, 13)]


def prepare(project: Path) -> None:
    """Give the roster of the tiny project the columns of ids."""
    data = project / "scenarios/data"
    (data / "roster.csv").write_text(ROSTER, encoding="utf-8")
    (data / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    base = project / "scenarios/base.toml"
    text = base.read_text(encoding="utf-8").replace("120000", "119_999")
    base.write_text(f'{text}products = "data/products.csv"\n', encoding="utf-8")


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of the tiny project with ids and families, whose quotas are not all round."""
    monkeypatch.chdir(project)
    prepare(project)
    return run_scenario(load_scenario("base", project))


def send(run: Run, folder: Path, name: str, *texts: str, encoding: str = "", hide: bool = False) -> list[Path]:
    """Export in one format, with what it needs."""
    chosen = read_settings([name], [*NEEDED.get(name, ()), *texts], hide)
    return write_exports(run, folder, Options(encoding=encoding), chosen)[name]


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a file, as a program that knows nothing of us reads them."""
    source = "read_parquet(?)" if path.suffix == ".parquet" else "read_csv(?, all_varchar=true, header=true)"
    with duckdb.connect() as base:
        found = base.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {source}", [str(path)])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def sums(pairs: list[tuple[tuple[str, str], str]]) -> dict[tuple[str, str], Decimal]:
    """Sums that are not zero."""
    total: Counter[tuple[str, str]] = Counter()
    for key, amount in pairs:
        assert re.fullmatch(r"\d+(\.\d+)?", amount)
        total[key] += Decimal(amount)  # type: ignore[assignment]
    return {key: value for key, value in total.items() if value}  # type: ignore[misc]


def wanted(run: Run, name: str, size: int) -> dict[tuple[str, str], Decimal]:
    """The quotas of a run by the id of the rep and the first day of the period, from its own file."""
    roster = pd.read_csv(run.folder.parents[1] / "scenarios/data/roster.csv", dtype=str).set_index("rep_id")
    ids = roster[IDS[name]] if name in IDS else pd.Series(roster.index, index=roster.index)
    rows = pd.read_csv(run.folder / "quotas.csv", dtype=str, encoding="utf-8-sig")
    starts = [f"2027-{(int(month[5:]) - 1) // size * size + 1:02}-01" for month in rows["period"]]
    return sums([((ids[r], s), q) for r, s, q in zip(rows["rep_id"], starts, rows["quota"], strict=True)])


def first_day(label: str) -> str:
    """The first day of a period by any of its names."""
    if found := re.fullmatch(r"(\d{4}-\d\d)(-\d\d.*)?", label):
        return f"{found[1]}-01"
    for place, name in enumerate(NAMES):
        if label in (name, f"{name[:3]}-27", f"2027_M{place + 1}"):
            return f"2027-{place + 1:02}-01"
    found = re.fullmatch(r"(?:2027_)?([QH])(\d)(?:-27)?", label)
    if not found:
        assert label in ("", "2027")
        return "2027-01-01"
    return f"2027-{(int(found[2]) - 1) * {'Q': 3, 'H': 6}[found[1]] + 1:02}-01"


def found_in(path: Path, columns: tuple[str, str, str]) -> dict[tuple[str, str], Decimal]:
    owner, period, amount = columns
    rows = read(path)
    return sums([((row[owner], first_day(row.get(period) or "")), row[amount]) for row in rows])


@pytest.mark.parametrize("size", ["month", "quarter", "half", "year"])
@pytest.mark.parametrize("name", FILES)
def test_every_format_reads_back_as_the_run(run: Run, tmp_path: Path, name: str, size: str) -> None:
    period = exports.parameters(name).get("period")
    if size != "month" and (not period or size not in str(period.annotation)):
        pytest.skip("not a period of this format")
    size = "year" if name == "erpnext" else size
    paths = send(run, tmp_path / "out", name, *([f"period={size}"] if period else []))
    months = {"month": 1, "quarter": 3, "half": 6, "year": 12}[size]
    assert [path.name for path in paths] == list(FILES[name])
    for path, columns in zip(paths, FILES[name].values(), strict=True):
        whole = 12 if path.name == "oracle-territory-quotas.csv" else months
        assert found_in(path, columns) == wanted(run, name, whole)


@pytest.mark.parametrize("name", FILES)
def test_golden_files(run: Run, tmp_path: Path, name: str) -> None:
    for path in send(run, tmp_path / "out", name):
        if path.suffix == ".parquet":
            rows = read(path)
            text = "".join(",".join(map(str, line)) + "\n" for line in [rows[0], *(row.values() for row in rows)])
        else:
            text = path.read_bytes().decode()
        text = text.replace(run.id, "RUN").replace(f",{__version__},", ",VERSION,")
        golden = GOLDEN / f"{path.name}{'.txt' if path.suffix == '.parquet' else ''}"
        assert text == golden.read_bytes().decode()


@pytest.mark.parametrize("name", FILES)
def test_the_same_run_gives_the_same_bytes(run: Run, tmp_path: Path, name: str) -> None:
    first, again = send(run, tmp_path / "a", name), send(run, tmp_path / "b", name)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose quotas are written anew by each example of the property test."""
    from .conftest import MODEL, SCENARIO, history

    root = tmp_path_factory.mktemp("plan")
    files = {
        "quotaopt.toml": "", "models/plain.toml": MODEL, "scenarios/data/history.csv": history(),
        "scenarios/base.toml": SCENARIO.format(about="", target=120000),
    }  # fmt: skip
    for file, text in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text, encoding="utf-8")
    (root / "scenarios/data").mkdir(exist_ok=True)
    prepare(root)
    return run_scenario(load_scenario("base", root))


@given(
    seed=st.integers(0, 2**32 - 1),
    unit=st.sampled_from(["0.01", "0.5", "1", "1000"]),
    name=st.sampled_from(sorted(FILES)),
    skip=st.booleans(),
    encoding=st.sampled_from(["", "utf-8-sig", "gb18030"]),
)
@settings(max_examples=40)
def test_any_quotas_read_back(template: Run, seed: int, unit: str, name: str, skip: bool, encoding: str) -> None:
    draw = np.random.default_rng(seed)
    path = template.folder / "quotas.csv"
    rows = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    units = draw.integers(0, 10 ** draw.integers(1, 12), len(rows)) * (draw.random(len(rows)) < draw.random())
    rows["quota"] = [format(int(many) * Decimal(unit), "f") for many in units]
    rows.to_csv(path, index=False, encoding="utf-8-sig")
    texts = ["skip_zero=true"] if skip and "skip_zero" in exports.parameters(name) else []
    if "period" in exports.parameters(name):
        texts.append("period=month")
    folder = template.folder / "out"
    shutil.rmtree(folder, ignore_errors=True)
    written = send(template, folder, name, *texts, encoding=encoding)
    for file, columns in zip(written, FILES[name].values(), strict=True):
        whole = 12 if name == "erpnext" or file.name == "oracle-territory-quotas.csv" else 1
        if encoding and file.suffix == ".csv":
            file.write_bytes(file.read_bytes().decode(encoding).encode())
        if len(file.read_bytes().splitlines()) > 1 or file.suffix == ".parquet":
            assert found_in(file, columns) == wanted(template, name, whole)
        else:
            assert not units.any()


def problems(run: Run, tmp_path: Path, name: str, *texts: str) -> list[str]:
    """What is wrong with an export, in sentences; nothing may be written."""
    with pytest.raises(InputError) as caught:
        send(run, tmp_path / "none", name, *texts)
    assert not (tmp_path / "none").exists()
    return [str(finding) for finding in caught.value.findings]


def change_roster(project: Path, *pairs: tuple[str, str]) -> None:
    text = ROSTER
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (project / "scenarios/data/roster.csv").write_text(text, encoding="utf-8")


def test_every_id_that_is_missing_is_named(run: Run, project: Path, tmp_path: Path) -> None:
    change_roster(
        project, ("005500000001abc", ""), ("005500000002abcAAB", "0055 0002"), ("005500000004abc", "005500000003abc")
    )
    place = "scenarios/data/roster.csv"
    assert problems(run, tmp_path, "salesforce") == [
        f"{place}:2  crm_user_id: no id of rep R1. Fill it in.",
        (
            f"{place}:3  crm_user_id: the id of rep R2 is no Salesforce id of 15 or 18 letters and digits"
            " (got '0055 0002'). Correct it."
        ),
        (
            f"{place}:5  crm_user_id: the same id for reps R3 and R4: one quota would overwrite the other"
            " (got '005500000003abc'). Give each its own."
        ),
    ]
    change_roster(project, ("crm_user_id", "crm_id"))
    assert problems(run, tmp_path, "clari") == [
        (
            f"{place}:1  crm_user_id: the roster has no such column. Add it, or name one of rep_id, rep_name, region, "
            "start_date, crm_id, email, territory_id, hubspot_owner_id, manager: --option id_column=…"
        )
    ]
    assert send(run, tmp_path / "out", "clari", "id_column=crm_id")
    change_roster(project, (ROSTER.splitlines()[2] + "\n", ""), ("T4", "-T4"))
    assert problems(run, tmp_path, "varicent") == [
        f"{place}  territory_id: rep R2 is not in the roster any more. Add the row again.",
        (
            f"{place}:4  territory_id: the id of rep R4 begins like a formula: it would be marked as a text"
            " and not be found (got '-T4'). Take another column."
        ),
    ]
    change_roster(project, ("ana@example.com", "ana"), (",103,", ",x3,"))
    assert problems(run, tmp_path, "freshsales") == [
        f"{place}:2  email: the id of rep R1 is no e-mail address (got 'ana'). Correct it."
    ]
    assert problems(run, tmp_path, "hubspot", "team_column=team") == [
        f"{place}:4  hubspot_owner_id: the id of rep R3 is no number (got 'x3'). Correct it.",
        (
            f"{place}:1  team: the roster has no such column. Add it, or name one of rep_id, rep_name, region, "
            "start_date, crm_user_id, email, territory_id, hubspot_owner_id, manager: --option team_column=…"
        ),
    ]


def test_problems_of_all_formats_are_told_at_once(call: Call, run: Run, project: Path) -> None:
    change_roster(project, ("T2", ""), ("dee@example.com", ""))
    code, out, err = call("export", "last", "--to", "varicent", "--to", "wide", "--to", "freshsales", "-o", "out")
    assert (code, out) == (1, "")
    assert err == (
        "scenarios/data/roster.csv:3  territory_id: no id of rep R2. Fill it in.\n"
        "scenarios/data/roster.csv:5  email: no id of rep R4. Fill it in.\n"
        "2 problems. Nothing was run.\n"
    )
    assert not (project / "out").exists()
    change_roster(project)  # ids may be filled in after the run
    assert call("export", "last", "--to", "varicent", "--to", "freshsales", "-o", "out") == (
        0,
        (
            "Wrote   out/varicent-quotas.csv\nWrote   out/freshsales-goals.csv\n"
            "Checked every rep's total, to the last unit; together 119,999 EUR\n"
        ),
        "",
    )


def test_reps_without_a_quota_need_no_id_when_zeros_are_left_out(run: Run, project: Path, tmp_path: Path) -> None:
    change_roster(project, (",T2,", ",,"))
    rows = pd.read_csv(run.folder / "quotas.csv", dtype=str, encoding="utf-8-sig")
    rows.loc[rows["rep_id"] == "R2", "quota"] = "0"
    rows.to_csv(run.folder / "quotas.csv", index=False, encoding="utf-8-sig")
    assert problems(run, tmp_path, "varicent")[0].endswith("no id of rep R2. Fill it in.")
    (path,) = send(run, tmp_path / "out", "varicent", "skip_zero=true")
    assert {row["Territory ID"] for row in read(path)} == {"T1", "T3", "T4"}


def test_options_are_held_against_the_signature(call: Call, run: Run) -> None:
    with pytest.raises(UnknownNameError, match=r"no such option of clari, wide 'perod'\. Did you mean 'period'\?"):
        read_settings(["clari", "wide"], ["perod=year"])
    code, _, err = call(
        "export", "last", "--to", "salesforce", "--option", "period=week", "--option", "fiscal_start=April",
        "--option", "skip_zero=perhaps",
    )  # fmt: skip
    assert code == 1
    assert err == (
        "--option period: is one of month, quarter (got 'week').\n"
        "--option fiscal_start: is a whole number (got 'April').\n"
        "--option skip_zero: is true or false (got 'perhaps').\n"
        "--to salesforce: needs forecasting_type_id. Add: --option forecasting_type_id=…\n"
        "4 problems. Nothing was run.\n"
    )
    assert read_settings(["clari", "wide"], [" period = year ", "skip_zero"]) == {
        "clari": {"period": "year", "skip_zero": True}, "wide": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "texts", "said"),
    [
        ("salesforce", ["forecasting_type_id=0Db"], "no Salesforce id of 15 or 18 letters and digits (got '0Db')"),
        ("clari", ["annual_name=Quota"], "the same name for yearly and other quotas"),
        ("clari", ["fiscal_start=13"], "fiscal_start: not a month (got '13'). Write 1 for January to 12 for December."),
        (
            "varicent",
            ["period=half", "fiscal_start=4"],
            (
                "period: of the half 2026-10-01 to 2027-03-31 only 3 of 6 months are planned. "
                "Plan whole ones, or export shorter periods. If the fiscal year begins with the plan: fiscal_start=1."
            ),
        ),
    ],
)
def test_what_cannot_be_exported_is_told(run: Run, tmp_path: Path, name: str, texts: list[str], said: str) -> None:
    (found,) = problems(run, tmp_path, name, *texts)
    assert said in found


def test_labels_without_a_year_tell_one_year_apart(run: Run, project: Path, tmp_path: Path) -> None:
    rows = pd.read_csv(run.folder / "quotas.csv", dtype=str, encoding="utf-8-sig")
    later = rows.assign(period=rows["period"].str.replace("2027", "2028"))
    pd.concat([rows, later]).to_csv(run.folder / "quotas.csv", index=False, encoding="utf-8-sig")
    assert "labels like 'January' do not name the year" in problems(run, tmp_path, "varicent")[0]
    assert "labels like 'none' do not name the year" in problems(run, tmp_path, "varicent", "period=year")[0]
    assert "one quota plan is one year, and the run has 2" in problems(run, tmp_path, "oracle")[0]
    (path,) = send(run, tmp_path / "out", "clari", "period=year", "annual_name=Year")
    assert len(read(path)) == 16


PERIODS: list[tuple[Any, int, str, list[str]]] = [
    ("month", 1, "short", ["M01", "M02", "M12"]),
    ("month", 1, "english", ["January", "February", "December"]),
    ("month", 1, "clari", ["2027_M1", "2027_M2", "2027_M12"]),
    ("month", 1, "ledger", ["Jan-27", "Feb-27", "Dec-27"]),
    ("month", 4, "short", ["M10", "M11", "M09"]),
    ("month", 4, "english", ["January", "February", "December"]),
    ("month", 4, "clari", ["2027_M10", "2027_M11", "2028_M9"]),
    ("quarter", 1, "short", ["Q1", "Q2", "Q4"]),
    ("quarter", 1, "english", ["Q1", "Q2", "Q4"]),
    ("quarter", 1, "clari", ["2027_Q1", "2027_Q2", "2027_Q4"]),
    ("quarter", 4, "clari", ["2027_Q4", "2028_Q1", "2028_Q3"]),
    ("quarter", 1, "ledger", ["Q1-27", "Q2-27", "Q4-27"]),
    ("half", 1, "short", ["H1", "H2", "H2"]),
    ("half", 7, "english", ["H2", "H1", "H1"]),
    ("year", 1, "short", ["2027", "2027", "2027"]),
    ("year", 1, "english", ["", "", ""]),
    ("year", 1, "ledger", ["2027", "2027", "2027"]),
    ("year", 1, "clari", ["2027", "2027", "2027"]),
    ("year", 1, "span", ["2027", "2027", "2027"]),
]


@pytest.mark.parametrize(("kind", "start", "style", "labels"), PERIODS)
def test_periods_have_their_labels(kind: Any, start: int, style: str, labels: list[str]) -> None:
    periods, place = make_periods(MONTHS, kind, start)
    found = [period.label(style) for period in periods]
    assert [found[0], found[min(1, len(found) - 1)], found[-1]] == labels
    assert place.tolist() == sorted(place.tolist())


def test_fiscal_years_span_two() -> None:
    months = [str(month) for month in pd.period_range("2026-04", "2027-03", freq="M")]
    (period,), place = make_periods(months, "year", 4)
    assert (period.label("span"), period.label("clari")) == ("2026-2027", "2027")
    assert (period.start, period.end) == ("2026-04-01", "2027-03-31")
    assert set(place.tolist()) == {0}


@given(
    first=st.integers(2020 * 12, 2030 * 12), many=st.integers(1, 48), start=st.integers(1, 12),
    kind=st.sampled_from(["month", "quarter", "half", "year"]),
)  # fmt: skip
def test_periods_cover_their_months(first: int, many: int, start: int, kind: Any) -> None:
    months = [f"{m // 12}-{m % 12 + 1:02}" for m in range(first, first + many)]
    try:
        periods, place = make_periods(months, kind, start)
    except InputError:
        assert kind != "month"
        return
    for month, at in zip(months, place.tolist(), strict=True):
        assert periods[at].start <= f"{month}-01" <= periods[at].end
    assert len({(p.year, p.number) for p in periods}) == len(periods)
    days = pd.to_datetime([p.start for p in periods[1:]]) - pd.to_datetime([p.end for p in periods[:-1]])
    assert set(days.days.tolist()) <= {1}


def test_every_label_is_tested() -> None:
    pairs = {(style, kind) for kind, _, style, _ in PERIODS}
    assert pairs == {(style, kind) for style, labels in LABELS.items() for kind in labels}


def test_salesforce_takes_families_territories_and_the_old_header(run: Run, project: Path, tmp_path: Path) -> None:
    change_roster(project, ("T1,", "0MI50000000000A,"), (",T2,", ",0MI50000000000A,"), ("T3", "0MI50000000000B"),
                  ("T4", "0MI50000000000C"))  # fmt: skip
    (path,) = send(
        run, tmp_path, "salesforce", "owner_header=UserId", "product_family=family", "territory_column=territory_id",
        "with_currency=false", "period=quarter", "fiscal_start=4",
    )  # fmt: skip
    rows = read(path)
    assert list(rows[0]) == ["UserId", "ForecastingTypeId", "StartDate", "QuotaAmount", "ProductFamily", "Territory2Id"]
    assert {row["ProductFamily"] for row in rows} == {"Software"}
    assert [row["StartDate"] for row in rows][:4] == ["2027-01-01", "2027-04-01", "2027-07-01", "2027-10-01"]
    assert rows[0]["Territory2Id"] == rows[4]["Territory2Id"] == "0MI50000000000A"
    assert sum(Decimal(row["QuotaAmount"]) for row in rows) == 119_999


def test_clari_repeats_the_yearly_quota_in_every_period(run: Run, tmp_path: Path) -> None:
    (path,) = send(run, tmp_path, "clari", "annual_name=Year")
    rows = read(path)
    assert [row["QUOTA_NAME"] for row in rows] == ["Quota"] * 16 + ["Year"] * 16
    for user in {row["CRM_USER_ID"] for row in rows}:
        mine = [row for row in rows if row["CRM_USER_ID"] == user]
        year = sum(Decimal(row["QUOTA_GOAL"]) for row in mine if row["QUOTA_NAME"] == "Quota")
        assert [Decimal(row["QUOTA_GOAL"]) for row in mine if row["QUOTA_NAME"] == "Year"] == [year] * 4
        assert len({row["PERIOD_NAME"] for row in mine}) == 4


def test_other_columns_of_planning_systems(run: Run, tmp_path: Path) -> None:
    (path,) = send(run, tmp_path, "varicent", "component=product", "period=year")
    rows = read(path)
    assert list(rows[0]) == ["Quota component", "Territory ID", "Value"]
    assert [row["Quota component"] for row in rows[:2]] == ["cloud", "core"]
    (path,) = send(run, tmp_path, "erpnext", "distribution=Even", "item_group=none")
    assert [row["distribution_id"] for row in read(path)] == ["Even"] * 4
    _, path = send(run, tmp_path, "oracle", "period_labels=short", "action=UPDATE", "period=quarter")
    assert [row["PERIOD_NAME"] for row in read(path)][:4] == ["Q1", "Q2", "Q3", "Q4"]
    assert {row["ACTION_CODE"] for row in read(path)} == {"UPDATE"}


def test_files_begin_with_a_mark_only_if_asked(run: Run, tmp_path: Path) -> None:
    (plain,) = send(run, tmp_path / "a", "erpnext")
    (marked,) = send(run, tmp_path / "b", "erpnext", encoding="utf-8-sig")
    (chinese,) = send(run, tmp_path / "c", "erpnext", encoding="gb18030")
    text = plain.read_bytes().decode()
    assert text.startswith("parent,")
    assert "张伟" in text
    assert marked.read_bytes() == b"\xef\xbb\xbf" + plain.read_bytes()
    assert chinese.read_bytes().decode("gb18030") == text


def test_parquet_has_types(run: Run, tmp_path: Path) -> None:
    (path,) = send(run, tmp_path, "parquet", "metric=bookings", "company=Acme", "fiscal_start=7")
    with duckdb.connect() as base:
        types = dict(
            base.execute("SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet(?))", [str(path)]).fetchall()
        )
    assert {types[name] for name in ("rep_id", "metric")} == {"VARCHAR"}
    assert (types["target"], types["capacity"], types["period_start"]) == ("DECIMAL(38,0)", "DOUBLE", "DATE")
    assert (types["year"], types["locked"]) == ("INTEGER", "BOOLEAN")
    rows = read(path)
    assert (rows[0]["company"], rows[0]["metric"], rows[0]["year"], rows[0]["month"]) == (
        "Acme",
        "bookings",
        "2027",
        "7",
    )
    assert (rows[0]["manager_id"], rows[0]["territory_id"]) == ("Zoe", "T1")


@pytest.mark.parametrize("name", ["flat", "wide", "master", "parquet"])
def test_pseudonyms_name_nobody_and_stay(run: Run, project: Path, tmp_path: Path, name: str) -> None:
    plain, hidden = send(run, tmp_path / "a", name)[0], send(run, tmp_path / "b", name, hide=True)[0]
    again = send(run, tmp_path / "c", name, hide=True)[0]
    assert hidden.read_bytes() == again.read_bytes()
    known, shown = read(plain), read(hidden)
    for text in ("Ana", "Bob", "张伟", "Dee", "Zoe", "R1", "R4"):
        assert text not in str(read(hidden)).replace(run.id, "")
    people = {row["rep_id"] for row in shown}
    assert len(people) == 4
    assert all(re.fullmatch(r"P[0-9a-f]{10}", text) for text in people)
    amount = {"flat": "quota", "wide": "total"}.get(name, "target")

    def by_rep(rows: list[dict[str, str]]) -> list[Decimal]:
        return sorted(
            sum(Decimal(r[amount]) for r in rows if r["rep_id"] == rep) for rep in {r["rep_id"] for r in rows}
        )

    assert by_rep(shown) == by_rep(known)
    key = project / "pseudonyms.key"
    assert len(key.read_text()) == 65
    key.write_text("another\n")
    assert {row["rep_id"] for row in read(send(run, tmp_path / "d", name, hide=True)[0])}.isdisjoint(people)


def test_formats_that_must_name_people_say_so(call: Call, run: Run) -> None:
    assert call("export", "last", "--to", "clari", "--to", "wide", "--pseudonymise", "-o", "out") == (
        1, "",
        ("--to clari: clari must name people: its ids are what they are matched by. Leave out --pseudonymise.\n"
        "1 problem. Nothing was run.\n"),
    )  # fmt: skip
    assert find_run(Path(), "last").id == run.id


@pytest.fixture
def several(project: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with units beside money, and an overlay rep who is credited with half of North's core."""
    monkeypatch.chdir(project)
    prepare(project)
    data = project / "scenarios/data"
    head, *rows = (data / "history.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{row},{float(row.split(',')[3]) / 50:g}" for row in rows]
    (data / "history.csv").write_text("\n".join([f"{head},units", *rows, ""]), encoding="utf-8")
    head, *rows = ROSTER.splitlines()
    extra = "X1,Xi,North,,005500000009abc,xi@example.com,T9,109,,yes"
    (data / "roster.csv").write_text("\n".join([f"{head},overlay", *(f"{r}," for r in rows), extra, ""]), "utf-8")
    (data / "overlays.csv").write_text("rep_id,region,product_id,from,share\nX1,North,core,2027-03-01,0.5\n", "utf-8")
    base = project / "scenarios/base.toml"
    metrics = "[metrics.amount]\nweight = 0.8\n\n[metrics.units]\ntarget = 2_401\nweight = 0.2\n"
    text = base.read_text(encoding="utf-8").replace("[data]", f'{metrics}\n[data]\noverlays = "data/overlays.csv"')
    base.write_text(text, encoding="utf-8")
    return run_scenario(load_scenario("base", project))


def test_other_metrics_and_overlay_quotas_go_out_in_files_of_their_own(several: Run, tmp_path: Path) -> None:
    amounts = {"salesforce": ("QuotaQuantity", "QuotaAmount"), "erpnext": ("target_qty", "target_amount")}
    overlay = several.table("overlay").query("level == 'rep'")["quota"].sum()
    for name in IDS:
        owner, _, header = next(iter(FILES[name].values()))
        for ledger, total, place in (("units", 2_401, 0), ("overlay", overlay, 1)):
            texts = [f"ledger={ledger}", *(["period=quarter"] if "period" in exports.parameters(name) else [])]
            path = send(several, tmp_path, name, *texts)[0]
            assert f"-{ledger}-" in path.name
            rows = read(path)
            column = amounts.get(name, (header, header))[place]
            assert sum(Decimal(row[column]) for row in rows) == total, (name, ledger)
            assert len({row[owner] for row in rows}) == (4 if ledger == "units" else 1)
            assert ledger == "overlay" or not {row.get("CurrencyIsoCode") for row in rows} - {None}
    assert {row["hs_goal_name"] for row in read(tmp_path / "hubspot-units-goals.csv")} == {"Quota units"}
    assert {row["Quota component"] for row in read(tmp_path / "varicent-overlay-quotas.csv")} == {"overlay"}
    paths = send(several, tmp_path, "flat")
    assert [path.name for path in paths] == ["quotas-flat.csv", "units-flat.csv", "overlay-flat.csv"]
    assert {row["metric"] for row in read(paths[1])} == {"units"}
    assert sum(Decimal(row["quota"]) for row in read(paths[2])) == overlay
    with pytest.raises(UnknownNameError, match="no such ledger of this run 'unit'"):
        send(several, tmp_path, "clari", "ledger=unit")


def test_every_format_and_option_is_documented() -> None:
    text = (Path(__file__).parents[1] / "docs/howto-export.md").read_text(encoding="utf-8")
    for name in exports:
        assert f"`{name}`" in text, name
        for option in exports.parameters(name):
            assert f"`{option}" in text, (name, option)
