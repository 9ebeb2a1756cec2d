"""Comparison of runs, on hand-written run folders."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from quotaopt import columns as c
from quotaopt.archive import Run, load_run
from quotaopt.columns.hand import ACCOUNTS
from quotaopt.compare import BY, LEVELS, _measures, check_sums, compare_runs, limits_moved
from quotaopt.errors import NoPlanError, UnknownNameError
from quotaopt.report.compare import compare_report, tie_line
from quotaopt.report.compare_page import compare_content, compare_page
from quotaopt.report.render import Page
from quotaopt.report.words import LANGUAGES


def make_run(folder: Path, quotas: dict[str, float], limit: float = 150) -> Run:
    """A run with the totals of two reps in one region and one product, one rule and one goal."""
    folder.mkdir()
    total = sum(quotas.values())
    rows = [("all", "all", "", total), *(("rep", rep, f"Name {rep}", quota) for rep, quota in quotas.items())]
    rows += [("region", "North", "", total), ("product", "core", "", total), ("period", "2027-01", "", total)]
    totals = pd.DataFrame(rows, columns=["level", "key", "name", "quota"])
    totals = totals.assign(capacity=1000.0, stretch=totals["quota"] / 1000)
    totals.reindex(columns=[col.name for col in c.TOTALS]).to_csv(folder / "totals.csv", index=False)
    rule = {"rule": "limit_change", "scope": "R1", "activity": quotas["R1"], "limit": limit, "sense": "<="}
    rule |= {"binding": str(quotas["R1"] == limit).lower(), "violation": 0}
    pd.DataFrame([rule]).reindex(columns=[col.name for col in c.RULES]).to_csv(folder / "rules.csv", index=False)
    goal = {"order": 1, "goal": "level_stretch", "value": total / 1000}
    pd.DataFrame([goal]).reindex(columns=[col.name for col in c.GOALS]).to_csv(folder / "goals.csv", index=False)
    measures = {"quota_total": (total, "money", ""), "stretch_max": (max(quotas.values()) / 1000, "ratio", "lower")}
    rows = [(name, value, unit, better, "") for name, (value, unit, better) in measures.items()]
    frame = pd.DataFrame(rows, columns=["measure", "value", "unit", "better", "about"])
    frame.reindex(columns=[col.name for col in c.MEASURES]).to_csv(folder / "measures.csv", index=False)
    record = {
        "id": folder.name,
        "scenario": folder.name,
        "status": "optimal",
        "target": 300,
        "about": f"<{folder.name}>",
    }
    (folder / "run.json").write_text(json.dumps(record))
    parts = [(f"Name {rep}", f"{rep}-{name}", quota * share)
             for rep, quota in quotas.items() for name, share in (("A", 0.75), ("B", 0.25))]  # fmt: skip
    frame = pd.DataFrame(parts, columns=["rep_name", "account_id", "quota"])
    frame.reindex(columns=[col.name for col in ACCOUNTS]).to_csv(folder / "accounts.csv", index=False)
    return load_run(folder)


@pytest.fixture
def pair(tmp_path: Path) -> list[Run]:
    return [make_run(tmp_path / "a", {"R1": 100, "R2": 200}), make_run(tmp_path / "b", {"R1": 130, "R2": 200})]


def test_only_what_changed_with_the_total_last(pair: list[Run]) -> None:
    table = compare_runs(pair, "rep")
    assert list(table.columns) == [column.name for column in c.COMPARISON]
    quotas = table[table["measure"] == "quota"]
    assert quotas[["key", "name", "a", "b", "change", "change_ratio"]].to_numpy().tolist() == [
        ["R1", "Name R1", 100, 130, 30, 0.3],
        ["all", "", 300, 330, 30, 0.1],
    ]
    assert "R2" not in set(table["key"])


@pytest.mark.parametrize("by", LEVELS)
def test_changes_add_up_to_the_total(pair: list[Run], by: str) -> None:
    quotas = compare_runs(pair, by).query("measure == 'quota'").set_index("key")["change"]
    assert quotas.drop("all").sum() == quotas["all"] == 30


def test_a_rep_who_was_renamed_is_the_same_rep(pair: list[Run]) -> None:
    path = pair[1].folder / "totals.csv"
    path.write_text(path.read_text().replace("Name R1", "Renamed"))
    quotas = compare_runs(pair, "rep").query("measure == 'quota'")
    assert quotas[["key", "name", "change"]].to_numpy().tolist() == [["R1", "Renamed", 30], ["all", "", 30]]
    said = Page(endless=True).render(compare_report(pair, compare_runs(pair), "rep", 20))
    assert re.search(r"Renamed +100.00 +130.00 +\+30\.0 %", said)


def test_accounts_are_compared_where_runs_have_them(pair: list[Run]) -> None:
    quotas = compare_runs(pair, "account").query("measure == 'quota'")
    assert quotas[["key", "name", "a", "b"]].to_numpy().tolist() == [
        ["R1-A", "", 75, 97.5],
        ["R1-B", "", 25, 32.5],
        ["all", "", 300, 330],
    ]
    (pair[1].folder / "accounts.csv").unlink()
    with pytest.raises(NoPlanError, match=r"run b has no quotas by account; set accounts\.largest in its scenario"):
        compare_runs(pair, "account")


def test_rules_and_goals_are_compared_by_value(pair: list[Run], tmp_path: Path) -> None:
    tight = make_run(tmp_path / "tight", {"R1": 100, "R2": 200}, limit=100)
    assert compare_runs([pair[0], tight], "rule")[["key", "name", "measure", "a", "b"]].to_numpy().tolist() == [
        ["limit_change", "", "rows binding", 0, 1],
        ["limit_change", "R1 <=", "limit", 150, 100],
        ["limit_change", "R1 <=", "reached", 0, 1],
    ]
    goals = compare_runs(pair, "solver")
    assert goals[["key", "measure"]].to_numpy().tolist() == [["1 level_stretch", "goal value"]]


def test_several_runs_are_each_held_against_the_first(pair: list[Run], tmp_path: Path) -> None:
    third = make_run(tmp_path / "c", {"R1": 100, "R2": 260})
    table = compare_runs([*pair, third], "rep").query("measure == 'quota' and key != 'all'")
    assert table[["run", "key", "change"]].to_numpy().tolist() == [["b", "R1", 30], ["c", "R2", 60]]


@pytest.mark.parametrize("by", BY)
def test_a_run_does_not_differ_from_itself(pair: list[Run], by: str) -> None:
    assert compare_runs([pair[0], pair[0]], by).empty


def test_an_unknown_way_names_the_nearest(pair: list[Run]) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'region'"):
        compare_runs(pair, "regoin")


def test_a_rep_who_is_in_one_run_only_is_shown(pair: list[Run], tmp_path: Path) -> None:
    more = make_run(tmp_path / "more", {"R1": 100, "R2": 200, "R3": 50})
    table = compare_runs([pair[0], more], "rep").query("measure == 'quota'")
    row = table[table["key"] == "R3"].iloc[0]
    assert pd.isna(row["a"])
    assert (row["b"], row["change"]) == (50, 50)


def test_measures_are_compared_by_share_of_their_change(pair: list[Run]) -> None:
    table = compare_runs(pair, "measure")
    assert table[["key", "name", "measure", "a", "b", "change_ratio"]].to_numpy().tolist() == [
        ["quota_total", "", "value", 300, 330, 0.1],
    ]
    more = pair[1].table("measures").drop(columns="better").assign(scope=["North", "South"])
    assert [k[:2] for k in _measures(more).index] == [("quota_total", "North"), ("stretch_max", "South")]


@pytest.mark.parametrize("by", BY)
def test_sums_tie_or_it_is_said(pair: list[Run], by: str) -> None:
    ties = check_sums(pair, by)
    assert [(tie.run, tie.parts, tie.total, tie.holds) for tie in ties] == [("b", 30, 30, True)] * (by in LEVELS)
    path = pair[1].folder / "totals.csv"
    path.write_text(path.read_text().replace("rep,R1,Name R1,130", "rep,R1,Name R1,130.01"))
    if by == "rep":
        (tie,) = check_sums(pair, by)
        assert not tie.holds
        assert tie_line(tie, by, pair) == (
            "Sums do NOT tie: the changes by rep add up to +30.01, the plan's change is +30. Try: quotaopt verify b"
        )
        assert "Sums do NOT tie" in compare_page(pair, "en")


def test_limits_gained_and_lost(pair: list[Run], tmp_path: Path) -> None:
    tight = make_run(tmp_path / "tight", {"R1": 100, "R2": 200}, limit=100)
    assert limits_moved(pair[0], tight) == ([("limit_change", "R1 <=")], [])
    assert limits_moved(tight, pair[0]) == ([], [("limit_change", "R1 <=")])
    assert compare_content([pair[0], tight], "rep") == {
        "sums": [{"run": "tight", "parts": 0.0, "total": 0.0, "tie": True}],
        "limits": [{"run": "tight", "gained": ["limit_change R1 <="], "lost": []}],
    }


SIDE = """\
rep         a    b   change    c   change
Name R2   200    =           260  +30.0 %
Name R1   100  130  +30.0 %    =
all       300  330  +10.0 %  360  +20.0 %
b: Sums tie: the changes by rep add up to +30, the change of the plan.
c: Sums tie: the changes by rep add up to +60, the change of the plan.
"""


def test_several_runs_stand_side_by_side(pair: list[Run], tmp_path: Path) -> None:
    runs = [*pair, make_run(tmp_path / "c", {"R1": 100, "R2": 260})]
    said = Page(endless=True).render(compare_report(runs, compare_runs(runs), "rep", 20)) + "\n"
    assert re.sub(r"\.00\b| +(?= )", "", said) == re.sub(r" +(?= )", "", SIDE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_nothing_else_and_says_what_the_table_says(
    language: str, pair: list[Run], tmp_path: Path
) -> None:
    runs = [*pair, make_run(tmp_path / "c", {"R1": 100, "R2": 260}, limit=100)]
    for some in (runs[:2], runs):
        page = compare_page(some, language)
        assert not re.search(r"https?:|<script|\{\{", page)
        assert "&lt;a&gt;" in page  # what people wrote is text
        assert {"Name R1", "+30.0 %", "+10.0 %"} <= set(re.findall(r">([^<>]+)</(?:td|span)>", page))
        assert ("Name R1 ≤" in page) is (len(some) == 3)
    assert ("Sums tie" in page) is (language == "en")
