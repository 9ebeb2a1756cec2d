"""One rep on one screen, exactly, and the same numbers as the run's tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from quotaopt.archive import load_run
from quotaopt.run import run_scenario
from quotaopt.scenario import load_scenario

from .office import write_project

Call = Callable[..., tuple[int, str, str]]

SCREEN = """\
张伟  R3 · South · since 2020-01-01
Booked  2025 36,000 · 2026 36,000 · last 12 months 36,000
Used    24 months of history

month    last year  potential     P10     P90  headcount  ramp  capacity
2027-01      3,000      3,000   3,000   3,000       1.00  1.00     3,000
2027-02      3,000      3,000   3,000   3,000       1.00  1.00     3,000
2027-03      3,000      3,000   3,000   3,000       1.00  1.00     3,000
2027-04      3,000      3,000   3,000   3,000       1.00  1.00     3,000
2027-05      3,000      3,000   3,000   3,000       1.00  1.00     3,000
2027-06      3,000      3,000   3,000   3,000       1.00  1.00     3,000
2027-07      3,000      3,000   3,000   3,000       1.00  1.00     3,000
2027-08      3,000      3,000   3,000   3,000       1.00  1.00     3,000
2027-09      3,000      3,000   3,000   3,000       1.00  1.00     3,000
2027-10      3,000      3,000   3,000   3,000       1.00  1.00     3,000
2027-11      3,000      3,000   3,000   3,000       1.00  1.00     3,000
2027-12      3,000      3,000   3,000   3,000       1.00  1.00     3,000
all         36,000     36,000  36,000  36,000                     36,000

Method  seasonal_naive
Mean of over the plan seasonal_naive 36,000
Error   of a rep's month · of the whole plan, in 1 back-test: seasonal_naive 0.0 % · 0.0 %,
        last_year_sum 0.0 % · 0.0 %

From forecasts to capacity                  over the plan
mean of the component forecasts                    36,000
potential of a full-time, fully ramped rep         36,000  80 % range 36,000 – 36,000
capacity                                           36,000
"""


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("rep", ["R3", "张伟"])
def test_one_screen(call: Call, rep: str) -> None:
    code, out, err = call("forecast", "--rep", rep)
    assert (code, err) == (0, "")
    assert out == SCREEN


@pytest.mark.usefixtures("inside")
def test_an_unknown_rep_names_the_nearest(call: Call) -> None:
    assert call("forecast", "--rep", "Bobb") == (1, "", "Error: no such rep 'Bobb'. Did you mean 'Bob'?\n")
    code, out, _ = call("forecast", "--rep", "R9", "--format", "json")
    assert code == 1
    assert json.loads(out)["problems"][0]["message"].startswith("no such rep 'R9'. Did you mean 'R")


@pytest.mark.usefixtures("inside")
def test_a_name_that_two_have_is_refused_with_their_ids(call: Call) -> None:
    roster = Path("scenarios/data/roster.csv")
    roster.write_text(roster.read_text(encoding="utf-8").replace("Dee", "Ana"), encoding="utf-8")
    assert call("forecast", "--rep", "ana")[2] == "Error: no such rep 'ana'. Known: R1, R4.\n"


@pytest.mark.parametrize(
    ("seed", "at", "method"), [(1, "mean", "seasonal_naive"), (4, "0.2", "seasonal_naive"), (3, "0.4", "auto")]
)
def test_the_sheet_ties_to_the_run(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, at: str, method: str
) -> None:
    write_project(tmp_path, seed)
    monkeypatch.chdir(tmp_path)
    sets = (f"forecast.capacity={at}", f"forecast.method={method}")
    run = load_run(run_scenario(load_scenario("base", tmp_path, [*sets, "rounding.to=0.01"])).folder)
    tables = {name: run.table(name) for name in ("forecast", "capacity", "outlook")}
    for rep in tables["forecast"]["rep_id"].unique()[-4:]:
        found = json.loads(call("forecast", "--rep", rep, "--set", sets[0], "--set", sets[1], "--format", "json")[1])
        year, steps = found["year"], found["steps"]
        mine = {name: table[table.get("rep_id", table.get("key")) == rep] for name, table in tables.items()}
        for name, column in (("forecast", "potential"), ("capacity", "capacity")):
            by_month = mine[name].groupby("period")[column].sum().round(2)
            assert [m[column] for m in found["rows"]] == pytest.approx(by_month.to_list(), abs=1e-6)
            assert year[column] == pytest.approx(by_month.sum(), abs=1e-6)
        assert sum(steps.values()) == pytest.approx(year["capacity"], abs=0.05)
        before = list(steps)[: list(steps).index("headcount")]
        assert sum(steps[name] for name in before) == pytest.approx(year["potential"], abs=0.05)
        parts = [row["amount"] * row["weight"] for row in found["components"]]
        assert steps["mean"] == pytest.approx(sum(parts), rel=1e-4, abs=0.05)
        if at != "mean":
            (quantile,) = mine["outlook"]["quantile"]
            assert year["capacity"] == pytest.approx(quantile, abs=0.5)


@pytest.mark.usefixtures("inside")
def test_a_new_hire_is_told_apart(call: Call) -> None:
    with Path("scenarios/data/roster.csv").open("a", encoding="utf-8") as file:
        file.write("R5,New,South,2027-03-01\n")
    code, out, _ = call("forecast", "--rep", "New", "--set", "ramp.profile=[0.5]")
    assert code == 0
    assert "Booked  nothing yet\n" in out
    assert "\nSpecial new hire" in out
    assert "× headcount: part-time, or not there all the time" in out
    assert "× ramp: still becoming productive" in out
    assert "\nNote    short history" in out
