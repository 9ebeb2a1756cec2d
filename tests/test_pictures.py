"""The forecast's page: one file that asks nobody, with the numbers of forecast.csv, whatever people are called."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from quotaopt.archive import load_run
from quotaopt.report import pictures
from quotaopt.report.pictures import booked_months, forecast_page, plain_json
from quotaopt.run import run_scenario
from quotaopt.scenario import load_scenario

from .office import open_office, write_project

Call = Callable[..., tuple[int, str, str]]


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def office_page(root: Path, *sets: str, seed: int = 5) -> tuple[str, Any]:
    write_project(root, seed)
    office = open_office(root, *sets)
    return forecast_page(office.scenario, office.inputs, office.forecast, office.capacity), office


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("sets", [("rounding.to=0.01",), ("rounding.to=0.01", "forecast.capacity=0.3")])
def test_the_numbers_are_those_of_the_run(tmp_path: Path, seed: int, sets: tuple[str, ...]) -> None:
    page, _ = office_page(tmp_path, *sets, seed=seed)
    data = data_of(page)
    run = load_run(run_scenario(load_scenario("base", tmp_path, sets)).folder)
    forecast, capacity, outlook = (run.table(name) for name in ("forecast", "capacity", "outlook"))
    ahead = data["months"][-data["ahead"] :]
    for table, column, line, year in (
        (forecast, "potential", "full", "potential"),
        (capacity, "capacity", "cap", "capacity"),
    ):
        by_rep = table.groupby(["rep_id", "period"])[column].sum().round(2)
        for rep in data["reps"]:
            drawn = dict(zip(ahead, rep.get(line, rep["mean"]), strict=True))
            assert drawn == pytest.approx(by_rep[rep["id"]].to_dict(), abs=1e-6 if line in rep else 0.02)
            assert rep[year] == pytest.approx(by_rep[rep["id"]].sum(), abs=1e-6)
        assert data["company"][year] == pytest.approx(table[column].sum(), abs=1e-6)
        for region in data["regions"]:
            mine = [rep[year] for rep in data["reps"] if rep["region"] == region["id"]]
            assert region[year] == pytest.approx(sum(mine), abs=1e-6)
    levels = outlook.set_index(["level", "key"])
    nodes = [("all", "all", data["company"])]
    nodes += [("region", node["id"], node) for node in data["regions"]] + [("rep", n["id"], n) for n in data["reps"]]
    for level, key, node in nodes:
        row = levels.loc[(level, key)]
        assert [node["sumlow"], node["sumhigh"]] == pytest.approx([row["low"], row["high"]], abs=0.011)
        assert node["expected"] == pytest.approx(row["expected"], abs=1.0)


def test_the_past_is_what_was_booked(tmp_path: Path) -> None:
    page, office = office_page(tmp_path)
    data = data_of(page)
    past = data["months"][: -data["ahead"]]
    booked = office.inputs.history.groupby(["rep_id", "month"])["amount"].sum()
    for rep in data["reps"]:
        drawn = {month: value for month, value in zip(past, rep["past"], strict=True) if value}
        assert drawn == pytest.approx(booked[rep["id"]].loc[lambda s: s != 0].to_dict(), abs=0.006)
    company = [sum(rep["past"][k] or 0 for rep in data["reps"]) for k in range(len(past))]
    assert data["company"]["past"] == pytest.approx(company, abs=0.05)


def test_the_companys_past_has_those_who_left(tmp_path: Path) -> None:
    _, office = office_page(tmp_path)
    history = office.inputs.history
    gone = history[history["rep_id"] == "R1"].assign(rep_id="gone")
    _, past, whole = booked_months(
        pd.concat([history, gone], ignore_index=True), office.forecast.reps, office.forecast.months
    )
    assert whole == pytest.approx(np.nansum(past, axis=0) + np.nan_to_num(past[0]))


def test_the_page_asks_no_other_host(tmp_path: Path) -> None:
    page, _ = office_page(tmp_path)
    assert set(re.findall(r"https?:[^\s\"'`<>)]*", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"""(?:src|href)\s*=|@import|url\(|fetch\(|XMLHttp|import\(|WebSocket""", page)
    assert "default-src 'none'" in page
    assert len(page) < 300_000


def test_no_name_can_become_markup(tmp_path: Path) -> None:
    write_project(tmp_path, 5)
    roster = tmp_path / "scenarios/data/roster.csv"
    bad = "</script><img src=x onerror=alert(1)>{{data}}"
    roster.write_text(roster.read_text().replace("Name 1", bad).replace("North", "<b>N&\u2028"), encoding="utf-8")
    office = open_office(tmp_path, f"about={bad}")
    page = forecast_page(office.scenario, office.inputs, office.forecast, office.capacity)
    assert "<img" not in page
    assert page.count("</script>") == 2
    data = data_of(page)
    assert data["about"] == bad
    assert {rep["name"] for rep in data["reps"]} >= {bad}


def test_json_in_a_script_cannot_end_it() -> None:
    text = plain_json({"a": "</script><!-- & \u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!-- & \u2028"}


def test_the_smallest_reps_are_left_out_of_a_page_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, office = office_page(tmp_path)
    whole = data_of(page)
    monkeypatch.setattr(pictures, "MOST_NUMBERS", 2 * (len(whole["months"]) + 4 * whole["ahead"]))
    data = data_of(forecast_page(office.scenario, office.inputs, office.forecast, office.capacity))
    largest = np.argsort(-office.capacity.expected.sum(axis=(1, 2)))[:2]
    assert {rep["id"] for rep in data["reps"]} == {office.forecast.reps[r] for r in largest}
    assert data["left"] == len(whole["reps"]) - 2
    assert data["company"] == whole["company"]


def test_both_languages_have_every_word() -> None:
    template = Path(pictures.__file__).with_name("pictures.html").read_text(encoding="utf-8")
    words = re.search(r"const WORDS = \{\n  en: \{(.*?)\},\n  zh: \{(.*?)\}\n\};", template, re.DOTALL)
    assert words
    english, chinese = (re.findall(r'(\w+): "((?:[^"\\]|\\.)*)"', part) for part in words.groups())
    assert [key for key, _ in english] == [key for key, _ in chinese] or dict(english).keys() == dict(chinese).keys()
    for key, text in chinese:
        assert re.findall(r"\{\w\}", text) == re.findall(r"\{\w\}", dict(english)[key]), key
    asked = set(re.findall(r'\bt\("(\w+)"', template))
    assert asked <= set(dict(english))


def test_the_command_writes_the_page(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    code, out, err = call("forecast", "--html", "f.html", "--rep", "张伟")
    assert (code, err) == (0, "")
    assert out.endswith("\nSaved   f.html\n")
    data = data_of(Path("f.html").read_text(encoding="utf-8"))
    assert (data["selected"], data["scenario"], data["months"][-1]) == ("R3", "base", "2027-12")
    assert data["company"]["potential"] == 120_000


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(not CHROMIUM, reason="no browser here")
@pytest.mark.parametrize(("language", "word"), [("en", "Expected over the plan"), ("zh", "计划期预计")])
def test_a_browser_draws_it_without_a_network(tmp_path: Path, language: str, word: str) -> None:
    page, office = office_page(tmp_path)
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"]
    flags += [f"--user-data-dir={tmp_path / 'browser'}", "--proxy-server=127.0.0.1:9"]
    address = f"file://{tmp_path}/page.html#{language}"
    done = subprocess.run([str(CHROMIUM), *flags, address], capture_output=True, timeout=60, check=True)
    drawn = done.stdout.decode()
    assert f'<p class="soft small">{word}</p><b>{round(office.capacity.expected.sum()):,}</b>' in drawn
    body = drawn.partition("<main")[2].partition("</main>")[0]
    assert body.count("<desc") == 2 + len(data_of(page)["regions"])  # company, regions and one rep
    assert body.count('class="who"') == len(office.forecast.reps)
    assert "NaN" not in body
    assert "undefined" not in body
