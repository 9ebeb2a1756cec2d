"""Whole-program cases: what each command prints, exactly, and its exit code.

Dates and seconds, which differ from run to run, are masked.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import quotaopt
from quotaopt import __version__, cli
from quotaopt.errors import SolverError
from quotaopt.scenario import Scenario

Call = Callable[..., tuple[int, str, str]]

STAGES = """\
{name}  {about}
  read      192 sales 2025-01 … 2026-12 · 4 reps · 2 products                                  0.0 s
  forecast  seasonal_naive (8)                                                                 0.0 s
  accuracy  error of a month in 1 back-test: company 0.0 % (naive 0.0 %) · region 0.0 %
            (naive 0.0 %) · rep 0.0 % (naive 0.0 %)
"""
SOLVED = "  solve     96 quotas · 2 rules · level_stretch · highs  optimal                               0.0 s\n"
RUN = (
    STAGES.format(name="base", about="As last year")
    + SOLVED
    + """
region  quota EUR  last year  change  capacity  stretch
North      36,000     36,000  +0.0 %    36,000     1.00  ██████████
South      84,000     84,000  +0.0 %    84,000     1.00  ██████████
all       120,000    120,000  +0.0 %   120,000     1.00  ██████████
target 120,000, 2027-01 … 2027-12

Limits  none is reached
Fair    4 of 4 reps stand at their peer group's level, 1.00
"""
)
ENDING = """
Saved   runs/DATE-base-1
Next    quotaopt run impossible && quotaopt compare base impossible
"""


def masked(text: str) -> str:
    """Dates become DATE, seconds 0.0 s."""
    return re.sub(r"\d+\.\d s$", "0.0 s", re.sub(r"20\d\d-\d\d-\d\d(?=-)", "DATE", text), flags=re.MULTILINE)


@pytest.fixture(autouse=True)
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def test_run_prints_the_plan(call: Call) -> None:
    code, out, err = call("run")
    assert masked(out) == RUN + ENDING
    assert (code, err) == (0, "")


def test_run_of_two_scenarios_prints_them_side_by_side(call: Call) -> None:
    code, out, _ = call("run", "base", "stretch")
    assert code == 0
    assert masked(out) == (
        STAGES.format(name="base", about="As last year")
        + SOLVED
        + STAGES.format(name="stretch", about="A fifth more")
        + SOLVED
        + """
scenario   target   quotas   over  stretch mid   max  reps over capacity  binding rules
base      120,000  120,000  0.0 %         1.00  1.00                   0              0
stretch   144,000  144,000  0.0 %         1.20  1.20                   4              0

Note    more is asked than forecast: the company 144,000 against 120,000, 24,000 (20.0 %) more
Saved   runs/DATE-base-1   runs/DATE-stretch-1
Next    quotaopt compare base stretch --by region
"""
    )


def test_run_names_the_rule_that_stops_a_rep(call: Call) -> None:
    code, out, _ = call("run", "stretch", "--set", "rules.quota_ceiling.amount=54000")
    assert code == 0
    assert (
        """
Limits  quota_ceiling 1
Fair    3 of 4 reps stand at their peer group's level, 1.25; a rule stops the others:
        rep  rule              source  level  peers
        Dee  quota_ceiling R4  --set    1.12   1.25
"""
        in out
    )


def test_run_with_two_solvers_holds_them_against_each_other(call: Call) -> None:
    code, out, _ = call("run", "base", "--solver", "highs", "--solver", "highs-ipx")
    assert code == 0
    lines = out.splitlines()
    heading = next(k for k, line in enumerate(lines) if line.startswith("solver"))
    assert lines[heading] == "solver     version  status   seconds  largest difference of a quota  of a rep"
    assert [line.split()[0] for line in lines[heading + 1 : heading + 3]] == ["highs", "highs-ipx"]
    assert lines[heading + 3] == "The plans are identical, to the last unit."
    header = next(Path("runs").glob("*/solvers.csv")).read_text(encoding="utf-8-sig").splitlines()[0]
    assert header == (
        "solver,version,status,goal_1,build_seconds,solve_seconds,largest_cell_difference,largest_rep_difference,detail"
    )


def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every solver of a comparison work in this process, where it can be made to fail."""
    monkeypatch.setattr("quotaopt.crosscheck.call_apart", lambda function, *arguments, seconds: function(*arguments))


def failing(name: str) -> Callable[..., object]:
    from quotaopt import crosscheck

    real = crosscheck.allocate

    def allocate(problem: object, scenario: object, solver: str, progress: object) -> object:
        if solver == name:
            raise SolverError(name, "is not installed")
        return real(problem, scenario, solver, progress)  # type: ignore[arg-type]

    return allocate


def test_a_missing_solver_is_reported_and_the_rest_go_on(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch)
    monkeypatch.setattr("quotaopt.crosscheck.allocate", failing("highs-ipx"))
    code, out, _ = call("run", "base", "--solver", "highs", "--solver", "highs-ipx")
    assert code == 4
    assert re.search(r"^highs-ipx  \S+ +failed$", out, flags=re.MULTILINE)
    assert "Note    solver highs-ipx: is not installed\n" in out


def test_no_solver_answers(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quotaopt.crosscheck.allocate", failing("highs"))
    assert call("run", "base") == (4, "", "Error: solver highs: is not installed\n")
    assert not Path("runs").exists()


def test_plans_that_differ_are_a_bug(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from quotaopt import crosscheck

    real = crosscheck.allocate

    def allocate(problem: object, scenario: object, solver: str, progress: object) -> object:
        plan = real(problem, scenario, solver, progress)  # type: ignore[arg-type]
        assert plan.quota is not None
        moved = plan.quota.copy()
        moved[0, 0, 0] += solver == "highs-ipx"
        moved[1, 0, 0] -= solver == "highs-ipx"
        return replace(plan, quota=moved)

    here(monkeypatch)
    monkeypatch.setattr("quotaopt.crosscheck.allocate", allocate)
    code, out, _ = call("run", "base", "--solver", "highs", "--solver", "highs-ipx")
    assert code == 70
    assert "Note    solver highs-ipx: its plan differs from that of highs in 2 quotas" in out
    assert "The plans DIFFER: this is a bug, please report it.\n" in out


def test_an_impossible_scenario_says_why(call: Call) -> None:
    code, out, err = call("run", "impossible")
    assert (code, err) == (3, "")
    text = masked(out)
    assert text.startswith(STAGES.format(name="impossible", about="Ten times"))
    sentence = text.partition("  no plan ")[2].partition(" limit ")[0]
    for fact in ("meet_target", "1,200,000", "scenarios/impossible.toml:4", "models/plain.toml:8", "1,020,000"):
        assert fact in sentence
    assert text.endswith("\nSaved   runs/DATE-impossible-1\nNext    quotaopt run impossible --write-repairs\n")


def test_wrong_input_stops_before_anything_is_written(call: Call) -> None:
    code, out, err = call("run", "base", "--set", "target=-5", "--set", "rules.meet_targte={}")
    assert (code, out) == (1, "")
    assert err == "--set  target: must be greater than 0 (got '-5').\n1 problem. Nothing was run.\n"
    assert not Path("runs").exists()


def test_of_several_scenarios_none_runs_when_one_is_wrong(call: Call, project: Path) -> None:
    roster = (project / "scenarios/data/roster.csv").read_text(encoding="utf-8")
    (project / "scenarios/data/few.csv").write_text(roster.replace("R4,Dee,South,2020-01-01\n", ""), encoding="utf-8")
    text = (project / "scenarios/stretch.toml").read_text(encoding="utf-8")
    (project / "scenarios/few.toml").write_text(text.replace("roster.csv", "few.csv"), encoding="utf-8")
    code, out, err = call("run", "base", "few")
    assert (code, out) == (1, "")
    assert "'R4'" in err
    assert not Path("runs").exists()


def test_what_was_run_before_a_failure_is_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from quotaopt import run

    real = run.run_scenario

    def run_scenario(scenario: Scenario, **keywords: object) -> object:
        if scenario.name == "stretch":
            raise SolverError("highs", "crashed")
        return real(scenario, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr("quotaopt.batch.run_scenario", run_scenario)
    code, out, err = call("run", "base", "stretch")
    assert (code, err) == (4, "Error: solver highs: crashed\n")
    assert masked(out) == RUN + ENDING


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "strech"], 1, "no scenario 'strech'. Did you mean 'stretch'? Scenarios: base, impossible, stretch."),
        (["run", "--solver", "hihgs"], 1, "Error: no such solver 'hihgs'. Did you mean 'highs'?"),
        (["compare", "base", "last"], 1, "there are no runs yet. Try: quotaopt run."),
        (["compare", "base"], 2, "Error: compare needs two runs or more, like: quotaopt compare base last"),
        (["list", "rulez"], 2, "Error: Invalid value for 'WHAT': 'rulez' is not one of"),
        (["rnu"], 2, "Error: No such command 'rnu'. Did you mean 'run'?"),
        (["run", "--sett", "a=1"], 2, "Error: No such option '--sett'. (Did you mean one of: '--quiet', '--set'?)"),
        (["-X", "run"], 2, "Error: No such option '-X'."),
        (["run", "-C", "/"], 1, "/  no planning project here or above. Make one with: quotaopt init DIR"),
    ],
)
def test_what_is_meant_is_suggested(call: Call, arguments: list[str], code: int, message: str) -> None:
    got, out, err = call(*arguments)
    assert (got, out) == (code, "")
    assert message in err


PLANS = """\
+ better, - worse                              base    stretch
Target                                      120,000    144,000
Sum of quotas                               120,000    144,000
Against last year's sales                    +0.0 %    +20.0 %
Quota / capacity, median rep                   1.00     1.20 -
Quota / capacity, highest                      1.00     1.20 -
Quota / capacity, highest less lowest          0.00       0.00
Reps asked for more than capacity                 0        4 -
Reps a rule keeps from their group's level        0          0

region     base  stretch   change      stretch
South    84,000  100,800  +20.0 %  1.00 → 1.20
North    36,000   43,200  +20.0 %  1.00 → 1.20
all     120,000  144,000  +20.0 %  1.00 → 1.20
Sums tie: the changes by region add up to +24,000, the change of the plan.

rep      base  stretch   change      stretch
Dee    48,000   57,600  +20.0 %  1.00 → 1.20
张伟   36,000   43,200  +20.0 %  1.00 → 1.20
Bob    24,000   28,800  +20.0 %  1.00 → 1.20
Ana    12,000   14,400  +20.0 %  1.00 → 1.20
all   120,000  144,000  +20.0 %  1.00 → 1.20
Sums tie: the changes by rep add up to +24,000, the change of the plan.

The same limits are reached.
"""


def test_compare_prints_what_changed(call: Call) -> None:
    call("run", "base", "stretch")
    assert call("compare", "base", "stretch", "--top", 2) == (
        0,
        """\
rep      base  stretch   change      stretch
Dee    48,000   57,600  +20.0 %  1.00 → 1.20
张伟   36,000   43,200  +20.0 %  1.00 → 1.20
all   120,000  144,000  +20.0 %  1.00 → 1.20
… 2 more: --top 4, or --format csv
Sums tie: the changes by rep add up to +24,000, the change of the plan.
""",
        "",
    )
    assert call("compare", "base", "stretch", "--by", "region", "--format", "csv")[1] == (
        "by,key,name,measure,a,b,change,change_ratio\n"
        "region,South,,quota,84000.0,100800.0,16800.0,0.2\n"
        "region,South,,stretch,1.0,1.2,0.2,0.2\n"
        "region,North,,quota,36000.0,43200.0,7200.0,0.2\n"
        "region,North,,stretch,1.0,1.2,0.2,0.2\n"
        "region,all,,quota,120000.0,144000.0,24000.0,0.2\n"
        "region,all,,stretch,1.0,1.2,0.2,0.2\n"
        "region,all,,target,120000.0,144000.0,24000.0,0.2\n"
    )
    assert call("compare", "base", "stretch", "--by", "rule")[1] == (
        "rule         of   measure     base  stretch   change\nmeet_target  all  limit    120,000  144,000  +20.0 %\n"
    )
    assert call("compare", "base", "stretch", "--by", "solver")[1] == (
        "goal             of  measure     base  stretch   change\n"
        "1 level_stretch      goal value     1      1.2  +20.0 %\n"
    )
    assert call("compare", "base", "stretch", "--by", "measure", "--top", 2)[1] == MEASURES
    assert call("compare", "base", "stretch", "--by", "plan")[1] == PLANS
    assert call("compare", "base", "stretch", "--by", "product", "--html", "page.html")[1].endswith(
        "Saved   page.html\n"
    )
    assert "Sums tie" in Path("page.html").read_text(encoding="utf-8")


MEASURES = """\
measure         base  stretch    change
company_chance     1        0  -100.0 %  worse
reps_at_quota      1        0  -100.0 %  worse
… 11 more: --top 13, or --format csv
"""


def test_compare_of_equal_runs_and_of_a_run_without_a_plan(call: Call) -> None:
    call("run", "base")
    call("run", "base")
    call("run", "impossible")
    assert masked(call("compare", "base", "last")[2]).startswith("Error: run DATE-impossible-1 has no totals.csv")
    runs = sorted(path.name for path in Path("runs").iterdir() if "base" in path.name)
    assert masked(call("compare", *runs)[1]) == "Nothing differs: DATE-base-1, DATE-base-2\n"
    assert call("compare", "base", "impossible")[0] == 3


def test_check_prints_problems_then_warnings(call: Call) -> None:
    assert call("check") == (0, "No problems, 0 warnings.\n", "")
    with Path("scenarios/data/history.csv").open("a", encoding="utf-8") as file:
        file.write("R1,core,2026-13,5\nR1,core,2026-12,abc\n")
    code, out, err = call("check", "base")
    assert (code, err) == (1, "")
    assert out.splitlines()[-1] == "3 problems, 0 warnings. Nothing was run."
    assert [line.split("  ")[0] for line in out.splitlines()[:2]] == [
        "scenarios/data/history.csv:194",
        "scenarios/data/history.csv:195",
    ]


def test_check_for_programs(call: Call) -> None:
    code, out, _ = call("check", "base", "--set", "traget=5", "--format", "json")
    found = json.loads(out)
    assert (code, found["schema"], found["warnings"]) == (1, "quotaopt/check/1", [])
    assert found["problems"][0]["remedy"] == "Did you mean 'target'?"
    code, out, _ = call("check", "base", "--set", "traget=5", "--format", "csv")
    assert out == (
        "severity,code,file,row,column,value,message,remedy\n"
        "error,scenario,--set,,traget,,unknown key,Did you mean 'target'?\n"
    )


def test_forecast_by_rep_and_region(call: Call) -> None:
    accuracy = """
Error of a month · of the whole plan, in 1 back-test (* used)
method                      all         region            rep        product           cell
seasonal_naive *  0.0 % · 0.0 %  0.0 % · 0.0 %  0.0 % · 0.0 %  0.0 % · 0.0 %  0.0 % · 0.0 %
last_year_sum     0.0 % · 0.0 %  0.0 % · 0.0 %  0.0 % · 0.0 %  0.0 % · 0.0 %  0.0 % · 0.0 %
"""
    code, out, _ = call("forecast")
    assert code == 0
    assert out == (
        """\
rep   region  potential     low    high  last year  change  capacity  months   own
Ana   North      12,000  12,000  12,000     12,000  +0.0 %    12,000      24  1.00
Bob   North      24,000  24,000  24,000     24,000  +0.0 %    24,000      24  1.00
张伟  South      36,000  36,000  36,000     36,000  +0.0 %    36,000      24  1.00
Dee   South      48,000  48,000  48,000     48,000  +0.0 %    48,000      24  1.00
all  120,000 (120,000 – 120,000), +0.0 % on last year; capacity 120,000
"""
        + accuracy
    )
    assert call("forecast", "base", "--by", "region")[1] == (
        """\
region  reps  potential     low    high  last year  change  capacity
North      2     36,000  36,000  36,000     36,000  +0.0 %    36,000
South      2     84,000  84,000  84,000     84,000  +0.0 %    84,000
all  120,000 (120,000 – 120,000), +0.0 % on last year; capacity 120,000
"""
        + accuracy
    )


def test_forecast_writes_its_tables(call: Call) -> None:
    code, out, _ = call("forecast", "--out", "tables", "--by", "region", "--html", "page.html")
    assert code == 0
    assert out.endswith("\nSaved   page.html   tables\n")
    names = ["accuracy", "capacity", "forecast", "outlook"]
    assert sorted(path.name for path in Path("tables").iterdir()) == sorted(
        ["datapackage.json", *(f"{name}.csv" for name in names)]
    )
    assert call("run", "--quiet")[0] == 0
    run = next(Path("runs").iterdir())
    for name in names:
        assert (Path("tables") / f"{name}.csv").read_bytes() == (run / f"{name}.csv").read_bytes()
    assert (Path("tables") / "outlook.csv").read_text(encoding="utf-8-sig").splitlines()[:2] == [
        "level,key,name,potential,expected,low,high,capacity,quantile,after_leaving",
        "all,all,,120000,120000,120000,120000,120000,120000,",
    ]


def test_forecast_looks_back(call: Call) -> None:
    code, out, err = call("forecast", "--backtest")
    assert (code, err) == (0, "")
    assert out.startswith(
        """\
Back-test of seasonal_naive, forecast from 1 origin: 2026-01
level          method            month   plan    bias  MASE  CRPS month   plan  in 80 % month     plan
company        seasonal_naive *  0.0 %  0.0 %  +0.0 %             0.000  0.000        100.0 %  100.0 %
               last_year_sum     0.0 %  0.0 %  +0.0 %             0.000  0.000        100.0 %  100.0 %
"""
    )
    assert "Whole plan: seasonal_naive is no better than last year's sum, better in 0 of 1 origin\n" in out
    assert out.endswith("\nSaved   runs/base-forecast\n")
    header, first, *_ = Path("runs/base-forecast/backtest.csv").read_text(encoding="utf-8-sig").splitlines()
    assert header == (
        "origin,level,method,wape_month,wape_sum,bias,mase,crps_month,crps_sum,coverage_month,coverage_sum,"
        "width_month,width_sum,chosen"
    )
    assert first == "2026-01,all,seasonal_naive,0,0,0,,0,0,1,1,0,0,true"
    package = json.loads(Path("runs/base-forecast/datapackage.json").read_text(encoding="utf-8"))
    assert "backtest.csv" in [resource["path"] for resource in package["resources"]]
    assert call("runs")[0] == 0


def test_forecast_says_when_there_is_too_little_to_look_back(call: Call) -> None:
    history = Path("scenarios/data/history.csv")
    rows = history.read_text(encoding="utf-8").splitlines()
    kept = [rows[0], *(row for row in rows if ",2026-1" in row)]
    history.write_text("\n".join(kept) + "\n", encoding="utf-8")
    code, out, _ = call("forecast", "--backtest")
    assert code == 0
    assert out.startswith("The history is too short for a back-test")


def test_forecast_asks_one_thing(call: Call) -> None:
    code, _, err = call("forecast", "--backtest", "--rep", "R1")
    assert code == 2
    assert "ask one thing" in err


def test_forecast_cannot_write_a_picture_into_a_missing_folder(call: Call) -> None:
    code, _, err = call("forecast", "--html", "nowhere/page.html")
    assert code == 1
    assert err.startswith("nowhere/page.html  No such file or directory.")


def test_forecast_says_who_borrows_from_peers(call: Call) -> None:
    with Path("scenarios/data/roster.csv").open("a", encoding="utf-8") as file:
        file.write("R5,New,South,2027-03-01\n")
    code, out, _ = call("forecast")
    assert code == 0
    assert "\nNew  new hire" in out.replace("New new", "New  new")
    found = json.loads(call("forecast", "--format", "json")[1])
    assert found["schema"] == "quotaopt/forecast/1"
    assert [row["own_weight"] for row in found["rows"]] == [1, 1, 1, 1, 0]


def test_show_prints_a_scenario_that_loads_again(call: Call, project: Path) -> None:
    code, out, _ = call("show", "stretch", "--set", "overassignment=0.1")
    assert code == 0
    (project / "scenarios/shown.toml").write_text(out, encoding="utf-8")
    assert call("diff", "stretch", "shown") == (
        0,
        'key             stretch  shown\nmodel           "plain"  ""\noverassignment  0        0.1\n',
        "",
    )


def test_show_origin_names_the_line_of_each_value(call: Call) -> None:
    lines = call("show", "--origin", "--set", "solver.seconds=5")[1].splitlines()
    found = {line.partition(" = ")[0]: line.rpartition("# ")[2] for line in lines}
    assert found["target"] == "scenarios/base.toml:4"
    assert found["rules.stay_within_capacity.stretch"] == "models/plain.toml:9"
    assert found["solver.seconds"] == "--set"
    assert found["data.locks"] == found["unit"] == "default"


def test_diff_of_equal_scenarios(call: Call) -> None:
    assert call("diff", "base", "base") == (0, "base and base are the same.\n", "")


@pytest.mark.parametrize("what", ["rules", "goals", "forecasters", "solvers"])
def test_list_names_everything_with_a_line_each(call: Call, what: str) -> None:
    code, out, _ = call("list", what)
    assert code == 0
    rows = json.loads(call("list", what, "--format", "json")[1])["rows"]
    for row in rows:
        assert row["about"]
        assert row["name"] in out


def test_list_shows_parameters_as_a_scenario_writes_them(call: Call) -> None:
    out = call("list", "rules")[1]
    assert 'stretch = 1.0, by = ["rep", "month"]\n' in out


def test_runs_lists_newest_first(call: Call) -> None:
    assert call("runs") == (0, "No runs yet. Try: quotaopt run\n", "")
    call("run", "base")
    call("run", "impossible")
    assert masked(call("runs")[1]) == (
        "id                 scenario    status         target   quotas  stretch max  age\n"
        "DATE-impossible-1  impossible  infeasible  1,200,000                        now\n"
        "DATE-base-1        base        optimal       120,000  120,000         1.00  now\n"
    ).replace("id                 ", "id                       ").replace("DATE-base-1        ", "DATE-base-1        ")


def test_init_makes_a_project_that_runs(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = call("init", "q2027")
    assert code == 0
    assert out.startswith("Made   q2027, ")
    assert out.endswith("Next   cd q2027 && quotaopt run\n")
    monkeypatch.chdir(tmp_path / "q2027")
    code, out, _ = call("run", "--quiet")
    assert (code, masked(out)) == (0, "DATE-adventureworks-1\n")
    monkeypatch.chdir(tmp_path)
    code, _, err = call("init", "q2027")
    assert (code, err) == (1, "q2027  is there already. Name a new folder.\n1 problem. Nothing was run.\n")


def test_without_a_default_the_scenarios_are_named(call: Call, project: Path) -> None:
    (project / "quotaopt.toml").write_text("")
    assert call("run") == (
        1,
        "",
        "which scenario. Name one: base, impossible, stretch.\n1 problem. Nothing was run.\n",
    )
    (project / "quotaopt.toml").write_text("scenarios = 'base'")
    assert "quotaopt.toml  scenarios: unknown key. Did you mean 'scenario'?" in call("run")[2]
    (project / "quotaopt.toml").write_text("scenario = 5")
    assert "quotaopt.toml  scenario: not a text" in call("run")[2]
    (project / "quotaopt.toml").write_text("scenario = ")
    assert "quotaopt.toml  not valid TOML" in call("run")[2]
    for name in ("impossible", "stretch"):
        (project / f"scenarios/{name}.toml").unlink()
    (project / "quotaopt.toml").unlink()
    assert masked(call("run", "-q")[1]) == "DATE-base-1\n"


def test_json_of_a_run_and_of_its_problems(call: Call) -> None:
    code, out, _ = call("run", "base", "--format", "json")
    found = json.loads(out)
    assert (code, found["schema"], found["runs"][0]["status"]) == (0, "quotaopt/run/1", "optimal")
    assert found["rows"][0] | {"run_id": ""} == {
        "run_id": "", "scenario": "base", "level": "all", "key": "all", "name": "", "quota": 120000, "capacity": 120000,
        "stretch": 1, "last_year": 120000, "change": 0, "target": 120000, "gap": 0,
    }  # fmt: skip
    code, out, _ = call("run", "impossible", "--format", "json")
    assert code == 3
    assert json.loads(out)["runs"][0]["conflicts"][0]["rule"] == "meet_target"
    code, out, _ = call("run", "base", "--set", "target=0", "--format", "json")
    assert code == 1
    assert json.loads(out)["problems"][0]["column"] == "target"


def test_verbose_says_what_is_being_done(call: Call) -> None:
    err = call("run", "-v", "-q")[2].splitlines()
    assert [line for line in ("read", "forecast", "capacity", "solve", "write") if line in err] == [
        "read", "forecast", "capacity", "solve", "write",
    ]  # fmt: skip


def test_a_bug_is_logged_and_never_a_traceback(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("quotaopt.batch.run_scenario", broken)
    code, out, err = call("run")
    assert (code, out) == (70, "")
    assert err == (
        "Error: this is a bug in quotaopt (ZeroDivisionError: oh).\n"
        f"The details are in {project / cli.LOG}; please report it.\n"
    )
    assert "ZeroDivisionError: oh" in (project / cli.LOG).read_text()
    with pytest.raises(ZeroDivisionError):
        call("run", "--debug")


def test_ctrl_c_stops_with_130(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("quotaopt.batch.run_scenario", stopped)
    assert call("run") == (130, "", "\nStopped. The unfinished run was not written.\n")


def test_debug_shows_the_traceback_of_an_error(call: Call) -> None:
    with pytest.raises(Exception, match="no scenario 'x'"):
        call("run", "x", "--debug")


def program(project: Path, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    """The program in a process of its own."""
    path = str(Path(quotaopt.__file__).parents[1])
    command = [sys.executable, "-m", "quotaopt", *arguments]
    environment = {**os.environ, "PYTHONPATH": path, **environment}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=project, env=environment)


def test_a_closed_pipe_is_no_error(project: Path) -> None:
    with program(project, "list", "rules") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""


def test_version_and_help(call: Call) -> None:
    assert call("--version") == (0, f"quotaopt, version {__version__}\n", "")
    assert call("run", "--version") == (0, f"quotaopt, version {__version__}\n", "")
    code, out, _ = call("-h")
    assert code == 0
    for name in cli.cli.commands:
        assert f"\n  {name} " in out
        code, text, _ = call(name, "--help")
        assert code == 0
        for flag in ("--project", "--format", "--quiet", "--verbose", "--debug", "--no-color", "--help", "--version"):
            assert flag in text


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("arguments", "environment", "coloured"),
    [([], {}, True), (["--no-color"], {}, False), ([], {"NO_COLOR": "1"}, False), ([], {"TERM": "dumb"}, False)],
)
def test_colour_only_on_a_terminal_that_wants_it(
    call: Call, monkeypatch: pytest.MonkeyPatch, arguments: list[str], environment: dict[str, str], coloured: bool
) -> None:
    call("run")
    for key, value in ({"TERM": "xterm"} | environment).items():
        monkeypatch.setenv(key, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert cli.main(["runs", *arguments]) == 0
    assert ("\x1b[" in terminal.getvalue()) == coloured


def test_a_narrow_encoding_gets_plain_glyphs(project: Path) -> None:
    with program(project, "run", PYTHONIOENCODING="ascii") as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"2025-01 ... 2026-12 | 4 reps" in out
    assert b"##########" in out


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_data_are_never_altered_by_a_narrow_encoding(call: Call, project: Path, kind: str) -> None:
    with program(project, "forecast", "--format", kind, PYTHONIOENCODING="ascii") as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert "张伟".encode() in out


def test_a_folder_that_cannot_be_written_is_no_bug(call: Call, project: Path) -> None:
    (project / "runs").write_text("a file")
    assert call("run") == (1, "", f"{project / 'runs'}  File exists.\n1 problem. Nothing was run.\n")


def test_common_options_may_lead(call: Call, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`quotaopt -C DIR --format json runs` is `quotaopt runs -C DIR --format json`."""
    monkeypatch.chdir(tmp_path)
    leading = call("-C", str(project), "--format", "json", "runs")
    assert leading == call("runs", "-C", str(project), "--format", "json")
    assert leading[0] == 0
    assert call("-q")[0] == 2
