"""The report of a run: one file, the run's own numbers, no names where none are wanted, and nothing clipped."""

from __future__ import annotations

import csv
import html
import itertools
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.look import CHROMIUM, seen

from quotaopt.archive import TABLES, find_run
from quotaopt.pseudonyms import KEY, MaskedRun, mask_runs, pseudonym
from quotaopt.report.page import report_page
from quotaopt.report.render import money, percent, ratio
from quotaopt.report.words import words
from quotaopt.run import run_scenario
from quotaopt.scenario import load_scenario

Call = Callable[..., tuple[int, str, str]]


def plan(project: Path, name: str = "base", *sets: str) -> str:
    """Run a scenario; the id of the run."""
    return run_scenario(load_scenario(name, project, sets)).id


def page_of(project: Path, *runs: str, language: str = "en", masked: bool = False) -> str:
    found = [find_run(project, run) for run in runs]
    return report_page(mask_runs(found, project) if masked else found, project, language)


def data_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def cells_of(page: str, part: str) -> list[list[str]]:
    """The cells of every row of a part of the page, as they are read."""
    inside = page.partition(f'<section id="{part}">')[2].partition("</section>")[0]
    rows = re.findall(r"<tr.*?</tr>", re.sub(r"<svg.*?</svg>", "", inside, flags=re.DOTALL), re.DOTALL)
    return [[html.unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<td.*?</td>", row)] for row in rows]


def csv_of(project: Path, run: str, name: str) -> list[dict[str, str]]:
    with (project / "runs" / run / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_command_writes_the_page(project: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    run = plan(project)
    assert call("report", "base", "-o", "out/plan.html", "--lang", "zh") == (0, "Saved   out/plan.html\n", "")
    page = Path("out/plan.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page
    assert "<h1>配额方案：base</h1>" in page
    assert call("report") == (0, f"Saved   runs/{run}/report.html\n", "")
    code, out, _ = call("report", run, "--format", "json")
    size = (project / "runs" / run / "report.html").stat().st_size
    place = {"file": f"runs/{run}/report.html", "bytes": size}
    assert (code, json.loads(out)) == (0, {"schema": "quotaopt/report/1", "runs": [run], "rows": [place]})
    assert call("report", "nobody")[0] == 1
    opened = list[str]()
    monkeypatch.setattr("click.launch", opened.append)
    assert call("report", "--open", "-o", "p.html")[0] == 0
    assert opened == [(project / "p.html").as_uri()]


@settings(
    max_examples=4,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(target=st.integers(60_000, 170_000), over=st.integers(0, 5), to=st.sampled_from(["0.01", "1", "50"]))
def test_every_number_is_the_runs_own(project: Path, target: int, over: int, to: str) -> None:
    run = plan(project, "base", f"target={target - target % 50}", f"overassignment=0.0{over}", f"rounding.to={to}")
    page = page_of(project, run)
    data, totals = data_of(page), csv_of(project, run, "totals")
    fair = {row["rep_id"]: row for row in csv_of(project, run, "fairness")}
    reps = {row["key"]: row for row in totals if row["level"] == "rep"}
    assert sorted(data["reps"]["id"]) == sorted(reps)
    for k, rep in enumerate(data["reps"]["id"]):
        for name in ("quota", "last_year", "change", "capacity", "stretch"):
            assert data["reps"][name][k] == float(reps[rep][name])
        for name in ("chance", "level", "block"):
            assert data["reps"][name][k] == (float(fair[rep][name]) if fair[rep][name] else None)
        assert data["reps"]["name"][k] == reps[rep]["name"]
        assert sum(data["reps_months"][k]["quota"]) == pytest.approx(float(reps[rep]["quota"]), abs=6.0)
    rows = sorted((row for row in totals if row["level"] == "region"), key=lambda row: -float(row["quota"]))
    written = [*rows, *(row for row in totals if row["level"] == "all")]
    shown = [row for row in cells_of(page, "regions") if row]
    for row, cells in zip(written, shown, strict=True):
        amounts = (money(float(row["quota"])), money(float(row["last_year"])), percent(float(row["change"])))
        assert cells[1:6] == [*amounts, money(float(row["capacity"])), ratio(float(row["stretch"]))]
    outlook = {(row["level"], row["key"]): row for row in csv_of(project, run, "outlook")}
    for k, key in enumerate(zip(data["outlook"]["level"], data["outlook"]["key"], strict=True)):
        assert data["outlook"]["expected"][k] == float(outlook[key]["expected"])
        assert data["outlook"]["low"][k] == float(outlook[key]["low"])


def test_the_page_asks_no_other_host(project: Path) -> None:
    plan(project)
    plan(project, "stretch")
    page = page_of(project, "base", "stretch")
    assert set(re.findall(r"https?:[^\s\"'`<>)]*", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)|@import|url\(|fetch\(|XMLHttp|import\(|WebSocket""", page)
    assert "default-src 'none'" in page
    assert len(page) < 100_000


def test_no_name_can_become_markup(project: Path) -> None:
    roster = project / "scenarios/data/roster.csv"
    bad = "</script><b>Ana & co"
    roster.write_text(roster.read_text(encoding="utf-8").replace("Ana", bad), encoding="utf-8")
    page = page_of(project, plan(project))
    assert bad not in page
    assert bad in data_of(page)["reps"]["name"]


def test_booked_sales_are_shown_while_the_files_are_what_they_were(project: Path) -> None:
    run = plan(project)
    data = data_of(page_of(project, run))
    assert data["months"][0] == "2025-01"
    assert data["company"]["past"] == [10_000] * 24
    history = project / "scenarios/data/history.csv"
    history.write_text(history.read_text(encoding="utf-8").replace(",250\n", ",999\n"), encoding="utf-8")
    page = page_of(project, run)
    data = data_of(page)
    assert (data["months"][0], data["company"]["past"]) == ("2026-01", [10_000] * 12)
    assert words("en")["unknown.changed"].format(files="scenarios/data/history.csv") in html.unescape(page)


def test_a_changed_table_is_told(project: Path) -> None:
    run = plan(project)
    assert words("en")["checked.yes"] in page_of(project, run)
    path = project / "runs" / run / "totals.csv"
    quota = next(row["quota"] for row in csv_of(project, run, "totals") if row["level"] == "rep")
    path.write_text(path.read_text(encoding="utf-8-sig").replace(f",{quota},", f",{int(quota) + 1},"), encoding="utf-8")
    assert words("en")["checked.no"] in page_of(project, run)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_run_without_a_plan_says_why(project: Path, language: str) -> None:
    page = page_of(project, plan(project, "impossible"), language=language)
    assert words(language)["status.infeasible"] in page
    assert words(language)["part.clash"] in page
    assert "1,200,000" in page
    assert 'id="reps"' not in page


def test_rules_and_those_they_keep_apart_are_named(project: Path) -> None:
    scenario = project / "scenarios/base.toml"
    with scenario.open("a", encoding="utf-8") as file:  # its last section is [data]
        file.write('locks = "data/locks.csv"\n')
    (project / "scenarios/data/locks.csv").write_text("rep_id,quota\nR4,44000\n", encoding="utf-8")
    page = html.unescape(page_of(project, plan(project)))
    rules = page.partition('<section id="rules">')[2].partition("</section>")[0]
    assert "Locked quotas: Dee" in rules
    fair = page.partition('<section id="fairness">')[2].partition("</section>")[0]
    assert "3 of 4 reps stand at the level of their peer group; rules keep 1 from it:" in fair
    assert '<td class="l">Dee</td>' in fair


def test_two_runs_are_held_against_each_other(project: Path) -> None:
    plan(project)
    plan(project, "stretch")
    page = page_of(project, "stretch", "base")
    assert words("en")["page.first"].format(name="stretch") in page
    compared = page.partition('<section id="compare">')[2].partition('<section id="regions">')[0]
    assert "144,000" in compared
    assert "120,000" in compared
    assert "Sums tie" in compared


# Pseudonyms.


def test_pseudonyms_leave_no_name_and_stay_the_same(project: Path) -> None:
    plan(project)
    plan(project, "stretch")
    for runs in (("base", "stretch"), ("stretch", "base")):
        page = page_of(project, *runs, masked=True)
        assert not re.search(r"\b(R[1-4]|Ana|Bob|Dee)\b|张伟", page)
        assert words("en")["page.pseudonyms"] in page
    key = (project / KEY).read_text(encoding="ascii").strip().encode()
    assert data_of(page)["reps"]["id"][0] == pseudonym(key, "R4")
    open_page = data_of(page_of(project, "stretch"))
    assert data_of(page)["reps"]["quota"] == open_page["reps"]["quota"]
    assert data_of(page)["reps_months"] == open_page["reps_months"]


def test_the_command_says_so(project: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    plan(project)
    assert call("report", "--pseudonymise", "-o", "p.html") == (0, "Saved   p.html\n", "")
    assert "张伟" not in Path("p.html").read_text(encoding="utf-8")


@given(rep=st.text(min_size=1), other=st.text(min_size=1))
def test_a_pseudonym_hangs_on_key_and_id_only(rep: str, other: str) -> None:
    assert pseudonym(b"key", rep) == pseudonym(b"key", rep)
    assert pseudonym(b"key", rep) != pseudonym(b"yek", rep)
    assert (pseudonym(b"key", rep) == pseudonym(b"key", other)) == (rep == other)
    assert re.fullmatch(r"p-[a-z2-7]{8}", pseudonym(b"key", rep))


def test_sentences_lose_names_and_doubtful_ones_are_left_out(project: Path) -> None:
    run = find_run(project, plan(project))
    masked = MaskedRun(run.folder, run.record, b"key")
    ana = pseudonym(b"key", "R1")
    assert masked.scrub("Ana (R1) sells more than Anabel.") == f"{ana} ({ana}) sells more than Anabel."
    assert masked.scrub("给张伟的配额") == f"给{pseudonym(b'key', 'R3')}的配额"
    for name in filter(run.has, TABLES):
        text = masked.table(name).to_csv()
        assert not re.search(r"\b(R[1-4]|Ana|Bob|Dee)\b|张伟", text), name


# What a browser makes of it.


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine: the report is not looked at")
def test_a_browser_shows_it_whole(project: Path, tmp_path: Path) -> None:
    plan(project)
    run = plan(project, "stretch")
    rep = next(row for row in csv_of(project, run, "totals") if row["key"] == "R4")
    for language, width in itertools.product(["en", "zh"], [400, 1400]):
        look = seen(page_of(project, "stretch", "base", language=language), width, tmp_path)
        assert look["faults"] == []
        assert look["texts"] > 10
        cells = look["rows"][0]
        assert cells[0].startswith("Dee R4")
        assert cells[2] == money(float(rep["quota"]))
        assert cells[4].replace(" ", "") == percent(float(rep["change"])).replace(" ", "")
        assert cells[6] == ratio(float(rep["stretch"]))


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine: the report is not looked at")
def test_a_browser_shows_why_there_is_no_plan(project: Path, tmp_path: Path) -> None:
    assert seen(page_of(project, plan(project, "impossible")), 400, tmp_path)["faults"] == []


def test_a_thousand_reps_are_a_file_one_can_mail(project: Path) -> None:
    data = project / "scenarios/data"
    reps = [f"R{k}" for k in range(1000)]
    roster = [
        "rep_id,rep_name,region,start_date",
        *(f"{rep},Name of {rep},Region {k % 9},2020-01-01" for k, rep in enumerate(reps)),
    ]
    (data / "roster.csv").write_text("\n".join(roster) + "\n", encoding="utf-8")
    months = [f"{year}-{month:02}" for year in (2025, 2026) for month in range(1, 13)]
    rows = [f"{rep},core,{month},{1000 + k}" for k, rep in enumerate(reps) for month in months]
    (data / "history.csv").write_text("\n".join(["rep_id,product_id,month,amount", *rows]) + "\n", encoding="utf-8")
    run = plan(project, "base", "target=19000000")
    begin = time.process_time()
    page = page_of(project, run)
    assert time.process_time() - begin < 10
    assert len(page.encode()) < 3_000_000
    assert len(data_of(page)["reps"]["id"]) == len(data_of(page)["reps_months"]) == 1000
