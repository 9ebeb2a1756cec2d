"""Run folders: whole or not there, numbered, found by what people type."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from quotaopt.archive import STALE_SECONDS, find_run, list_runs, load_run, new_folder
from quotaopt.errors import InputError, NoPlanError, UnknownNameError


def make_run(project: Path, scenario: str, started: str) -> str:
    with new_folder(project / "runs", f"2027-01-04-{scenario}") as (run_id, folder):
        record = {"id": run_id, "scenario": scenario, "started": started, "status": "optimal", "exit_code": 0}
        (folder / "run.json").write_text(json.dumps(record))
    return run_id


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for scenario, started in (("base", "2027-01-04T09:00"), ("base", "2027-01-04T10:00"), ("wide", "2027-01-04T08:00")):
        make_run(tmp_path, scenario, started)
    return tmp_path


def test_runs_are_numbered_and_listed_newest_first(runs: Path) -> None:
    assert [run.id for run in list_runs(runs)] == ["2027-01-04-base-2", "2027-01-04-base-1", "2027-01-04-wide-1"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("last", "2027-01-04-base-2"),
        ("base", "2027-01-04-base-2"),
        ("2027-01-04-base-1", "2027-01-04-base-1"),
        ("2027-01-04-w", "2027-01-04-wide-1"),
    ],
)
def test_a_run_is_found_by(runs: Path, text: str, meant: str) -> None:
    assert find_run(runs, text).id == meant


def test_a_run_is_found_by_its_path(runs: Path) -> None:
    assert find_run(runs / "elsewhere", str(runs / "runs" / "2027-01-04-wide-1")).scenario == "wide"


def test_a_prefix_that_fits_several_is_refused_with_their_names(runs: Path) -> None:
    with pytest.raises(InputError, match=r"'2027-01-04-b' fits 2 runs: 2027-01-04-base-2, 2027-01-04-base-1"):
        find_run(runs, "2027-01-04-b")


def test_an_unknown_run_names_the_nearest(runs: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"no such run '2027-01-05-wide-1'\. Did you mean '2027-01-04-wide-1'"):
        find_run(runs, "2027-01-05-wide-1")


def test_without_runs_the_next_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no runs yet"):
        find_run(tmp_path, "last")


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="disk"), new_folder(tmp_path / "runs", "x") as (_, folder):
        (folder / "quotas.csv").write_text("half")
        raise RuntimeError("disk")
    assert list((tmp_path / "runs").iterdir()) == []


def test_two_runs_at_once_take_different_numbers(tmp_path: Path) -> None:
    with new_folder(tmp_path, "x") as (first, _), new_folder(tmp_path, "x") as (second, _):
        assert (first, second) == ("x-1", "x-2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x-1", "x-2"]


def test_hidden_folders_are_not_listed_and_removed_when_stale(tmp_path: Path) -> None:
    stale, fresh = tmp_path / "runs" / ".old-1", tmp_path / "runs" / ".new-1"
    for folder in (stale, fresh):
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
    past = time.time() - STALE_SECONDS - 1
    os.utime(stale, (past, past))
    assert list_runs(tmp_path) == []
    make_run(tmp_path, "base", "2027-01-04T09:00")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [".new-1", "2027-01-04-base-1"]


def test_a_folder_without_record_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        load_run(tmp_path)


def test_a_table_that_was_not_written_says_why(runs: Path) -> None:
    with pytest.raises(NoPlanError, match=r"has no quotas.csv: its status is optimal"):
        find_run(runs, "last").table("quotas")


def test_tables_come_back_typed_and_unescaped(runs: Path) -> None:
    run = find_run(runs, "last")
    text = "rule,scope,activity,binding\r\n'=cmd,all,12.5,true\r\nkeep_locks,'+x,,false\r\n"
    (run.folder / "rules.csv").write_text(text, encoding="utf-8-sig", newline="")
    table = run.table("rules")
    assert table["rule"].tolist() == ["=cmd", "keep_locks"]
    assert table["scope"].tolist() == ["all", "+x"]
    assert table["binding"].tolist() == [True, False]
    assert table["activity"].fillna(-1).tolist() == [12.5, -1]
