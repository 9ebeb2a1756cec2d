"""``quotaopt verify``: a run on disk is what it says, and any change to it is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quotaopt.archive import Run, find_run
from quotaopt.check import load_scenarios
from quotaopt.recheck import recheck
from quotaopt.run import run_scenario

from .office import write_project

Call = Callable[..., tuple[int, str, str]]


def make(project: Path, name: str = "base", *sets: str, **keywords: Any) -> Run:
    (scenario,) = load_scenarios([name], project, sets)
    return run_scenario(scenario, **keywords)


def replace_in(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_bytes().decode("utf-8-sig")
    assert old in text
    path.write_bytes(text.replace(old, new, count).encode("utf-8-sig"))


def cells(run: Run) -> list[list[str]]:
    return [line.split(",") for line in (run.folder / "quotas.csv").read_text(encoding="utf-8-sig").splitlines()]


def set_quota(run: Run, line: int, by: int) -> None:
    """Change the quota of one cell by so much money."""
    table = cells(run)
    column = table[0].index("quota")
    table[line][column] = str(int(table[line][column]) + by)
    text = "".join(",".join(row) + "\r\n" for row in table)
    (run.folder / "quotas.csv").write_bytes(text.encode("utf-8-sig"))


def test_a_run_as_it_was_written(project: Path, call: Call) -> None:
    run = make(project, "stretch")
    code, out, err = call("verify", "last", "-C", project)
    assert (code, err) == (0, "")
    assert out == f"{run.id}: 96 quotas keep 2 rules, to the unit; totals.csv adds up.\n"
    code, out, _ = call("verify", run.id, "--rerun", "-C", project)
    assert (code, out.endswith("; a re-run gives the same tables.\n")) == (0, True)


@pytest.mark.parametrize("seed", [0, 3, 6, 7, 8])
def test_runs_with_rules_that_cross(seed: int, tmp_path: Path) -> None:
    """Locks, shares, launches, leavers, and rounding units of cents and tens."""
    write_project(tmp_path, seed)
    verdict = recheck(make(tmp_path), tmp_path, rerun=True)
    assert verdict.faults == ()
    assert verdict.quotas > 0


def test_soft_rules_count_as_far_as_they_can_be_kept(project: Path) -> None:
    """A cap of 1.1 on a target of 1.2 gives way to 1.2 and no further."""
    soft = ["rules.stay_within_capacity.stretch=1.1", "rules.stay_within_capacity.penalty=1"]
    run = make(project, "stretch", *soft)
    assert recheck(run, project, rerun=True).faults == ()
    set_quota(run, 1, 1)
    set_quota(run, -1, -1)
    faults = recheck(run, project).faults
    assert [fault.partition(":")[0] for fault in faults] == ["stay_within_capacity R1"]


def test_a_unit_more_is_found(project: Path, call: Call) -> None:
    run = make(project)
    set_quota(run, 5, 1)
    code, out, _ = call("verify", "last", "-C", project)
    assert (code, out) == (1, f"meet_target all: 120,001 units, allowed 120,000 to 120,000\n{run.id}: 1 fault.\n")


def test_a_unit_moved_is_found_in_the_totals(project: Path) -> None:
    """No rule is broken, but the totals are no longer those of the quotas."""
    run = make(project)
    first, last = cells(run)[1], cells(run)[-1]
    set_quota(run, 1, 1)
    set_quota(run, -1, -1)
    names = cells(run)[0]
    moved = [fault.partition(":")[0] for fault in recheck(run, project).faults]
    rep, region, month = (names.index(name) for name in ("rep_id", "region", "period"))
    for row in (first, last):
        assert f"totals.csv rep {row[rep]}" in moved
        assert f"totals.csv region {row[region]}" in moved
        assert f"totals.csv period {row[month]}" in moved
    assert "totals.csv all all" not in moved


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("North,,36001,", ["totals.csv region North: 36001 written, the quotas add up to 36000"]),
        ("North,,36k,", ["totals.csv region North: '36k' is no amount"]),
        (
            "East,,36000,",
            ["totals.csv region East: written twice, or nothing the plan has", "totals.csv region North: is missing"],
        ),
    ],
)
def test_totals_that_are_not_of_the_quotas(row: str, says: list[str], project: Path) -> None:
    run = make(project)
    replace_in(run.folder / "totals.csv", "region,North,,36000,", f"region,{row}")
    assert list(recheck(run, project).faults) == says


def test_a_record_that_says_another_total(project: Path) -> None:
    run = make(project)
    path = run.folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"quota": 7}), encoding="utf-8")
    faults = recheck(find_run(project, "last"), project).faults
    assert faults == ("run.json: quota is 7, the quotas add up to 120000",)


@pytest.mark.parametrize("text", [b"", b"rep_id,quota\r\nR1,5\r\n", b"\xff\xfe\x00", b'a,b\r\n"c,d\r\n'])
def test_files_that_are_no_tables(text: bytes, project: Path) -> None:
    run = make(project)
    kept = (run.folder / "quotas.csv").read_bytes()
    (run.folder / "quotas.csv").write_bytes(text)
    (fault,) = recheck(run, project).faults
    assert fault.startswith("quotas.csv is no table of quotas: ")
    (run.folder / "quotas.csv").write_bytes(kept)
    for name in ("totals", "capacity"):
        (run.folder / f"{name}.csv").write_bytes(text)
    first, *others = recheck(run, project, rerun=True).faults
    assert first.startswith("totals.csv is no table of totals: ")
    assert [other.split(".csv")[0] for other in others] == ["totals", "capacity"]


def test_a_table_without_lines(project: Path) -> None:
    run = make(project)
    (run.folder / "quotas.csv").write_bytes((run.folder / "quotas.csv").read_bytes().split(b"\r\n")[0] + b"\r\n")
    assert recheck(run, project).faults == ("meet_target all: 0 units, allowed 120,000 to 120,000",)


def test_every_broken_rule_is_named(project: Path, call: Call) -> None:
    run = make(project, "base", "rules.stay_within_capacity.stretch=1")
    for line in range(1, 97):
        set_quota(run, line, 1)
    code, out, _ = call("verify", "last", "-C", project, "--format", "csv")
    assert code == 1
    assert [line.strip('"').partition(":")[0] for line in out.splitlines()] == [
        "fault", "meet_target all", *(f"stay_within_capacity R{k}" for k in range(1, 5))
    ]  # fmt: skip


def test_data_that_changed_since(project: Path, call: Call) -> None:
    make(project)
    with (project / "scenarios/data/history.csv").open("a") as file:
        file.write("R1,core,2026-12,\n")
    (project / "scenarios/data/roster.csv").write_text("rep_id\n")
    code, out, _ = call("verify", "last", "-C", project)
    assert code == 1
    assert out.splitlines()[:2] == [
        "scenarios/data/history.csv has changed since the run: restore it, or plan again",
        "scenarios/data/roster.csv has changed since the run: restore it, or plan again",
    ]


def test_a_file_that_is_gone(project: Path) -> None:
    run = make(project)
    (project / "scenarios/data/roster.csv").unlink()
    (run.folder / "totals.csv").unlink()
    assert recheck(run, project).faults == (
        "totals.csv is gone",
        "scenarios/data/roster.csv is gone: the run cannot be checked without it",
    )


def test_a_re_run_finds_what_no_rule_sees(project: Path) -> None:
    run = make(project)
    replace_in(run.folder / "capacity.csv", ",1,1,", ",1,0.5,")
    (run.folder / "fairness.csv").write_text("rep_id\r\n")
    (run.folder / "measures.csv").unlink()
    assert recheck(run, project).faults == ()
    faults = recheck(run, project, rerun=True).faults
    assert [fault.partition(":")[0] for fault in faults] == ["capacity.csv", "fairness.csv", "measures.csv is gone"]
    assert "1 values differ; the first: " in faults[0]


def test_a_run_of_several_solvers_elsewhere(project: Path, tmp_path: Path, call: Call) -> None:
    run = make(project, "base", solvers=("highs", "highs-ipx"), out=tmp_path / "out")
    assert call("verify", run.folder, "--rerun", "-C", project)[0] == 0


def test_a_run_without_a_plan(project: Path, call: Call) -> None:
    run = make(project, "impossible")
    assert call("verify", "last", "-C", project) == (
        3, "", f"Error: run {run.id} has no plan to verify: its status is infeasible\n"
    )  # fmt: skip


def test_as_json(project: Path, call: Call) -> None:
    run = make(project)
    set_quota(run, 5, 1)
    code, out, _ = call("verify", "last", "-C", project, "--format", "json")
    found = json.loads(out)
    assert (code, found["schema"], found["run"]) == (1, "quotaopt/verify/1", run.id)
    assert found["rows"] == [{"fault": "meet_target all: 120,001 units, allowed 120,000 to 120,000"}]


# The model


def test_a_run_writes_its_model(project: Path, tmp_path: Path, call: Call) -> None:
    path = tmp_path / "first.mps"
    assert call("run", "stretch", "-C", project, "--write-model", path)[0] == 0
    text = path.read_text()
    assert text.startswith(
        "* quotas of the first goal, amounts in 10,000\nNAME quotaopt\nROWS\n N cost\n E meet_target_all\n"
    )
    assert " rhs meet_target_all 14.4\n" in text
    assert " L level_R1 -1.2\n" in text
    assert "Q_R3,column,Q R3" in path.with_suffix(".names.csv").read_text(encoding="utf-8-sig")


def test_the_model_of_a_scenario_without_a_plan(project: Path, tmp_path: Path, call: Call) -> None:
    """Its rules as they stand."""
    assert call("run", "impossible", "-C", project, "--write-model", tmp_path / "m.lp")[0] == 3
    assert " meet_target_all: + 1 Q_R1 + 1 Q_R2 + 1 Q_R3 + 1 Q_R4 = 12\n" in (tmp_path / "m.lp").read_text()


def test_a_model_for_nobody(project: Path, tmp_path: Path, call: Call) -> None:
    code, _, err = call("run", "base", "-C", project, "--write-model", tmp_path / "m.txt")
    assert (code, "End it in .mps or .lp" in err) == (1, True)
    code, _, err = call("run", "base", "stretch", "-C", project, "--write-model", tmp_path / "m.lp")
    assert (code, "run one scenario" in err) == (2, True)
    assert not (project / "runs").exists()
