"""Comparison of runs, on hand-written run folders."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from quotaopt import columns as c
from quotaopt.archive import Run, load_run
from quotaopt.compare import BY, compare_runs
from quotaopt.errors import UnknownNameError


def make_run(folder: Path, quotas: dict[str, float], limit: float = 150) -> Run:
    """A run with the totals of two reps in one region and one product, one rule and one goal."""
    folder.mkdir()
    total = sum(quotas.values())
    rows = [("all", "all", "", total), *(("rep", rep, f"Name {rep}", quota) for rep, quota in quotas.items())]
    rows += [("region", "North", "", total), ("product", "core", "", total), ("period", "2027-01", "", total)]
    totals = pd.DataFrame(rows, columns=["level", "key", "name", "quota"])
    totals = totals.assign(capacity=1000.0, stretch=totals["quota"] / 1000)
    totals.reindex(columns=[col.name for col in c.TOTALS]).to_csv(folder / "totals.csv", index=False)
    rule = {"rule": "limit_change", "scope": "R1", "activity": quotas["R1"], "limit": limit}
    rule |= {"binding": str(quotas["R1"] == limit).lower(), "violation": 0}
    pd.DataFrame([rule]).reindex(columns=[col.name for col in c.RULES]).to_csv(folder / "rules.csv", index=False)
    goal = {"order": 1, "goal": "level_stretch", "value": total / 1000}
    pd.DataFrame([goal]).reindex(columns=[col.name for col in c.GOALS]).to_csv(folder / "goals.csv", index=False)
    (folder / "run.json").write_text(json.dumps({"id": folder.name, "status": "optimal"}))
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


@pytest.mark.parametrize("by", ["rep", "region", "product", "month"])
def test_changes_add_up_to_the_total(pair: list[Run], by: str) -> None:
    quotas = compare_runs(pair, by).query("measure == 'quota'").set_index("key")["change"]
    assert quotas.drop("all").sum() == quotas["all"] == 30


def test_rules_and_goals_are_compared_by_value(pair: list[Run], tmp_path: Path) -> None:
    tight = make_run(tmp_path / "tight", {"R1": 100, "R2": 200}, limit=100)
    assert compare_runs([pair[0], tight], "rule")[["key", "name", "measure", "a", "b"]].to_numpy().tolist() == [
        ["limit_change", "", "rows binding", 0, 1],
        ["limit_change", "R1", "limit", 150, 100],
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
