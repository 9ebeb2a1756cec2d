"""Scenarios: merging, origins, messages, and the merged text that runs again."""

from __future__ import annotations

import string
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotaopt.errors import InputError
from quotaopt.scenario import find_project, flatten, load_scenario, scenario_names
from quotaopt.settings import Settings, known_keys
from quotaopt.text import plain_day, plain_month, plain_number
from quotaopt.tomltext import find_lines, parse_toml, write_toml

MODEL = """goals = ["equal_chance"]
[rules.limit_change]
down = 0.8
up = 1.35
[rules.month_shape]
by = "quarter"
[ramp.profiles]
new = [0.5]
"""
SCENARIO = """model = "m"
target = 1_000.10
first_month = "2027-01"
last_month = "2027-03"
[data]
history = "../data/h.csv"
roster = ["../data/r.csv", "seats.csv"]
[rules]
month_shape = false
limit_change.up = 1.5
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("models", "scenarios", "deep/down"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "models/m.toml").write_text(MODEL, encoding="utf-8")
    (tmp_path / "scenarios/s.toml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def messages(name: str, project: Path, *sets: str) -> list[str]:
    with pytest.raises(InputError) as failure:
        load_scenario(name, project, sets)
    return [str(finding) for finding in failure.value.findings]


def test_layers_merge_and_every_value_knows_its_origin(project: Path) -> None:
    scenario = load_scenario("s", project, ["solver.seconds=5", "about=a bare text", "rules.limit_change.by=region"])
    settings = scenario.settings
    assert settings.rules == {
        "meet_target": {},
        "keep_locks": {},
        "limit_change": {"down": Decimal("0.8"), "up": Decimal("1.5"), "by": "region"},
        "month_shape": False,
    }
    assert settings.target == Decimal("1000.10")
    assert settings.about == "a bare text"
    assert settings.goals == ["equal_chance"]
    assert settings.months == ("2027-01", "2027-02", "2027-03")
    assert settings.data.roster == (project / "data/r.csv", project / "scenarios/seats.csv")
    places = {
        ("rules", "limit_change", "down"): "models/m.toml:3",
        ("rules", "limit_change", "up"): "scenarios/s.toml:10",
        ("rules", "limit_change", "by"): "--set",
        ("rules", "limit_change", "penalty"): "scenarios/s.toml:10",
        ("rules", "month_shape", "by"): "scenarios/s.toml:9",
        ("solver", "seconds"): "--set",
        ("output", "csv_encoding"): "default",
        ("data", "products"): "scenarios/s.toml:5",
    }
    assert {path: scenario.source(*path) for path in places} == places


def test_another_model_may_be_tried(project: Path) -> None:
    (project / "models/n.toml").write_text('goals = ["level_growth"]', encoding="utf-8")
    scenario = load_scenario("s", project, ["model=n"])
    assert (scenario.settings.model, scenario.settings.goals) == ("n", ["level_growth"])
    assert messages("s", project, "model=oo") == ["--set  model: no model 'oo'. Models: m, n."]


def test_a_rule_may_stand_there_several_times(project: Path) -> None:
    path = project / "scenarios/s.toml"
    path.write_text(SCENARIO + '[[rules.product_mix]]\nby = "family"\n[[rules.product_mix]]\n\nby = "product"\n')
    scenario = load_scenario("s", project)
    assert [rule["by"] for rule in scenario.settings.rules["product_mix"]] == ["family", "product"]
    assert scenario.source("rules", "product_mix", "1", "by") == "scenarios/s.toml:15"
    assert load_scenario(str(_rewrite(scenario, project)), project).settings.rules == scenario.settings.rules


def _rewrite(scenario: Any, project: Path) -> Path:
    folder = project / "runs/2027-01-04-s-1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenario.toml").write_text(scenario.to_toml(folder), encoding="utf-8")
    return folder


def test_the_merged_text_runs_again_from_the_run_folder(project: Path) -> None:
    scenario = load_scenario("s", project, ['by_region={ "North 1"=0.5, South=0.5 }', "currency=€"])
    again = load_scenario(str(_rewrite(scenario, project)), project)
    assert again.name == "s"
    assert again.settings == scenario.settings.model_copy(update={"model": ""})
    assert again.to_toml(project).partition("\n")[2] == scenario.to_toml(project).partition("\n")[2]
    assert scenario.to_toml() == scenario.to_toml(project / "runs/any")


def test_a_project_is_found_from_below(project: Path) -> None:
    assert find_project(project / "deep/down") == project
    assert scenario_names(project) == ["s"]


def test_no_project_is_a_problem() -> None:
    with pytest.raises(InputError, match="no planning project here or above"):
        find_project(Path(Path.cwd().anchor))


def test_a_scenario_may_be_a_path(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_scenario("scenarios/s.toml", project).name == "s"
    monkeypatch.chdir(project / "deep")
    assert load_scenario("../scenarios/s.toml", project).name == "s"
    assert messages("elsewhere/x.toml", project) == ["elsewhere/x.toml  no such file. Scenarios: s."]


def test_overrides_that_are_no_key_and_value(project: Path) -> None:
    assert messages("s", project, "=5") == ["--set  not KEY=VALUE (got '=5'). Write --set target=50_000_000."]


def test_goals_are_names_or_tables_with_a_name(project: Path) -> None:
    assert load_scenario("s", project, ['goals=[{name="level_stretch", by="region"}]']).settings.goals
    assert messages("s", project, "goals=[3]") == [
        """--set  goals: a goal is a name (got '[3]'). Write "level_stretch" or { name = "level_stretch" }."""
    ]
    assert messages("s", project, "goals=[]") == [
        """--set  goals: no goal (got '[]'). Write goals = ["level_stretch"]."""
    ]


TOO_LONG = "--set  last_month: more than 120 months after first_month 2027-01 (got '2072-12'). Change one of the two."
NO_TABLE = "--set  rules.limit_change: a rule is a table (got '[]'). Write it as [rules.NAME], or = false to drop it."


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.history=3", "--set  data.history: not a path (got '3'). Write it in quotes."),
        ("data.history=[3]", "--set  data.history.0: not a path (got '3')."),
        ("data.history=[]", "--set  data.history: no file (got '[]'). Name at least one."),
        ("data=3", "--set  data: not a table (got '3')."),
        ("last_month=2072-12", TOO_LONG),
        ("rules.limit_change=[]", NO_TABLE),
        ("by_region={ N=-0.5, S=1.5 }", "--set  by_region: a share or an amount is negative."),
        ("method=auto", "--set  method: unknown key. Did you mean 'forecast.method'?"),
        ("solver.colour=red", "--set  solver.colour: unknown key. Known here: name, seconds, seed."),
    ],
)  # fmt: skip
def test_overrides_that_are_refused(override: str, message: str, project: Path) -> None:
    assert messages("s", project, override) == [message]


def test_shares_or_amounts_of_nodes(project: Path) -> None:
    assert load_scenario("s", project, ["by_region={ N=0.25, S=0.75 }"]).settings.by_region
    assert load_scenario("s", project, ["by_region={ N=400.1, S=600 }"]).settings.by_region["N"] == Decimal("400.1")


def test_every_key_can_be_shown(project: Path) -> None:
    shown = flatten(load_scenario("s", project))
    assert shown["rules.limit_change.up"] == Decimal("1.5")
    assert shown["data.roster"] == ["data/r.csv", "scenarios/seats.csv"]
    closed = {key for key, section in known_keys().items() if section is None}
    lists = ("forecast.events.", "forecast.keep_whales.", "metrics.")
    open_tables = {"rules", "ramp.profiles"} | {key for key in closed if key.startswith(lists)}
    assert closed - set(shown) <= open_tables


def test_settings_are_closed_and_frozen() -> None:
    assert all(m.model_config["extra"] == "forbid" for m in [Settings, *filter(None, known_keys().values())])


KEYS = st.text(st.sampled_from(string.ascii_letters + "-_ .销\"'\\#="), min_size=1, max_size=6)
PLAIN = st.one_of(
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.decimals(allow_nan=False, places=4, min_value=-(10**9), max_value=10**9),
    st.text(max_size=8).filter(lambda text: text.isprintable() or "\n" in text),
    st.dates(date(1900, 1, 1), date(2100, 1, 1)),
)
INLINE = st.recursive(PLAIN, lambda below: st.lists(below, max_size=3), max_leaves=4)
TABLES = st.recursive(
    st.dictionaries(KEYS, INLINE, max_size=4),
    lambda below: st.dictionaries(KEYS, st.one_of(INLINE, below, st.lists(below, min_size=1, max_size=2)), max_size=4),
    max_leaves=8,
)


@given(TABLES)
def test_what_is_written_as_toml_reads_back(data: dict[str, Any]) -> None:
    assert parse_toml(write_toml(data)) == data


@given(TABLES)
def test_every_key_has_a_line(data: dict[str, Any]) -> None:
    text = write_toml(data)
    lines = find_lines(text)
    rows = text.split("\n")
    for key in data:
        assert 1 <= lines.get((key,), 1) <= len(rows)
    plain = {k for k, v in data.items() if not isinstance(v, dict) or not v}
    assert {path[0] for path in lines if len(path) == 1} >= plain


def test_lines_of_long_values_and_nested_tables() -> None:
    text = 'a = """\nb = 1\n"""\nc = [\n  1,\n]\nd.e = { f = 1 }\n[g]\n\n[g.h]\n"i.j" = 2\n[[k]]\n[[k]]\n[k.l]\nm = 1\n'
    lines = {".".join(path): line for path, line in find_lines(text).items()}
    assert lines == {
        "a": 1, "c": 4, "d": 7, "d.e": 7, "d.e.f": 7, "g": 8, "g.h": 10, "g.h.i.j": 11,
        "k.0": 12, "k.1": 13, "k.1.l": 14, "k.1.l.m": 15,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1,234.50", "1234.50"), ("¥1,234", "1234"), ("(300)", "-300"), ("-5 元", "-5"), ("1.2万", "12000"),
        ("1.234,5", "1234.5"), ("12,5", "12.5"), ("１２３", "123"), ("€ 1 000", "1000"), ("2亿", "200000000"),
        ("abc", ""), ("12%", ""), ("", ""), ("1,23,456", ""), ("1.2.3", ""),
    ],
)  # fmt: skip
def test_numbers_as_people_type_them(typed: str, meant: str) -> None:
    assert plain_number(typed) == meant


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_days_and_months_in_every_form(day: date) -> None:
    y, m, d = day.year, day.month, day.day
    days = [
        day.isoformat(),
        f"{y}/{m}/{d}",
        f"{y}.{m:02}.{d:02}",
        f"{y}年{m}月{d}日",
        f"{y}{m:02}{d:02}",
        f"{day} 08:30:00",
    ]
    assert {plain_day(text) for text in days} == {day.isoformat()}
    months = [*days, f"{y}-{m:02}", f"{y}/{m}", f"{y}年{m}月", f"{y}{m:02}", f"{y}.{m}"]
    assert {plain_month(text) for text in months} == {day.isoformat()[:7]}


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-01", "01/2026", "2026-1-", "2026-02-30", "2026-01/02", ""])
def test_what_is_no_month(text: str) -> None:
    assert plain_month(text) == ""
