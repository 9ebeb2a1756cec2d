"""One run end to end on the tiny project: what is written, exactly, and what is left behind when it is not."""

from __future__ import annotations

import csv
import json
import random
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quotaopt import columns as c
from quotaopt import run as run_module
from quotaopt.archive import TABLES, Run, list_runs
from quotaopt.check import load_scenarios
from quotaopt.errors import QuotaoptError
from quotaopt.record import money_text, shape
from quotaopt.run import run_scenario

PLANNED = {
    "quotas.csv", "totals.csv", "forecast.csv", "capacity.csv", "outlook.csv", "accuracy.csv", "rules.csv", "goals.csv",
    "fairness.csv", "measures.csv", "warnings.csv", "samples.npz", "scenario.toml", "run.json", "datapackage.json",
}  # fmt: skip


def make(project: Path, name: str = "base", *sets: str, **keywords: object) -> Run:
    (scenario,) = load_scenarios([name], project, sets)
    return run_scenario(scenario, **keywords)  # type: ignore[arg-type]


def test_a_run_writes_its_files_with_the_declared_columns(project: Path) -> None:
    run = make(project)
    assert {path.name for path in run.folder.iterdir()} == PLANNED
    for name in PLANNED:
        if name.endswith(".csv"):
            header = (run.folder / name).read_bytes().split(b"\r\n")[0].decode("utf-8-sig")
            assert header == ",".join(column.name for column in TABLES[name.removesuffix(".csv")])


def test_quotas_are_exact_and_every_level_adds_up(project: Path) -> None:
    run = make(project, "base", "target=100_000.01", "overassignment=0.05", 'rounding.to="0.01"')
    with (run.folder / "quotas.csv").open(encoding="utf-8-sig", newline="") as file:
        total = sum(Decimal(row["quota"]) for row in csv.DictReader(file))
    assert total == Decimal("105000.01")  # 100,000.01 × 1.05 = 105,000.0105
    with (run.folder / "totals.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for level in {row["level"] for row in rows}:
        assert sum(Decimal(row["quota"]) for row in rows if row["level"] == level) == total, level


def test_totals_compare_with_last_year_and_target(project: Path) -> None:
    totals = make(project, "stretch").table("totals").set_index(["level", "key"])
    every = totals.loc[("all", "all")]
    assert every[["quota", "last_year", "target", "gap"]].tolist() == [144_000, 120_000, 144_000, 0]
    assert every["change"] == pytest.approx(0.2)
    assert totals.loc[("rep", "R3"), "name"] == "张伟"
    assert totals.loc[("region_product", "North/core"), "quota"] == 32_400  # 3,000 × 0.75 × 12 × 1.2


def test_targets_of_regions_are_resolved_from_shares(project: Path) -> None:
    totals = make(project, "base", "by_region={North=0.4, South=0.6}").table("totals").set_index(["level", "key"])
    assert totals.loc[("region", "North"), "target"] == 48_000
    assert totals.loc[("region", "South"), "target"] == 72_000


def test_locked_cells_are_marked(project: Path) -> None:
    (project / "scenarios/data/locks.csv").write_text("rep_id,product_id,month,value\nR1,,,15000\n")
    quotas = make(project, "base", 'data.locks="scenarios/data/locks.csv"').table("quotas")
    assert set(quotas.loc[quotas["locked"], "rep_id"]) == {"R1"}
    assert quotas.loc[quotas["rep_id"] == "R1", "quota"].sum() == 15_000
    assert (quotas.loc[quotas["locked"], "quota"] > 0).all()


def tables_without(run: Run) -> dict[str, str]:
    """Every table as text, without what may differ between two runs: the id and the seconds."""
    found = {}
    for path in sorted(run.folder.glob("*.csv")):
        frame = pd.read_csv(path, dtype=str, encoding="utf-8-sig").drop(columns=["run_id", "seconds"], errors="ignore")
        found[path.name] = frame.to_csv()
    return found | {"scenario.toml": (run.folder / "scenario.toml").read_text(encoding="utf-8")}


def test_a_rerun_is_identical(project: Path) -> None:
    assert tables_without(make(project)) == tables_without(make(project))


def test_shuffled_rows_change_nothing(project: Path) -> None:
    first = make(project, "stretch")
    for name in ("history", "roster"):
        path = project / f"scenarios/data/{name}.csv"
        head, *rows = path.read_text(encoding="utf-8").splitlines()
        random.Random(1).shuffle(rows)
        path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    assert tables_without(make(project, "stretch")) == tables_without(first)


def test_the_merged_scenario_runs_again(project: Path) -> None:
    first = make(project, "stretch", "rounding.to=100")
    again = make(project, str(first.folder / "scenario.toml"))
    assert again.scenario == "stretch"
    assert tables_without(again)["quotas.csv"] == tables_without(first)["quotas.csv"]


def test_elsewhere_with_out(project: Path, tmp_path: Path) -> None:
    run = make(project, out=tmp_path / "elsewhere" / "deep")
    assert run.folder.parent == tmp_path / "elsewhere" / "deep"
    assert list_runs(project) == []
    again = make(project, str(run.folder / "scenario.toml"))
    assert again.record["inputs"] == run.record["inputs"]


def test_the_record_says_how_the_run_was_made(project: Path) -> None:
    record = make(project).record
    assert record["schema"] == "quotaopt/run/1"
    assert record["status"] == "optimal"
    assert record["quota"] == record["target"] == 120_000
    assert set(record["inputs"]) == {"scenarios/data/history.csv", "scenarios/data/roster.csv"}
    assert all(len(digest) == 64 for digest in record["inputs"].values())
    assert {"quotaopt", "python", "numpy", "pandas", "highspy", "scikit-learn"} <= set(record["versions"])
    assert set(record["seconds"]) == {"read", "forecast", "capacity", "solve"}


def test_the_data_package_names_every_column(project: Path) -> None:
    run = make(project)
    package = json.loads((run.folder / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        header = (run.folder / resource["path"]).read_text(encoding="utf-8-sig").split("\n")[0].strip()
        assert header == ",".join(field["name"] for field in resource["schema"]["fields"])
    assert {r["path"] for r in package["resources"]} == {name for name in PLANNED if name.endswith(".csv")}


def test_an_impossible_scenario_leaves_conflicts_and_no_quotas(project: Path) -> None:
    run = make(project, "impossible")
    assert (run.status, run.exit_code) == ("infeasible", 3)
    assert run.record["sentence"]
    assert {path.name for path in run.folder.iterdir()} == PLANNED - {"quotas.csv", "totals.csv"} | {"conflicts.csv"}
    assert not run.table("conflicts").empty


def test_a_plan_that_fails_its_check_is_not_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "check_written", lambda *_: ["meet_target all: 5 units, allowed 7 to 7"])
    with pytest.raises(QuotaoptError, match="meet_target all: 5 units, allowed 7 to 7") as caught:
        make(project)
    assert caught.value.exit_code == 70
    assert list((project / "runs").iterdir()) == []


KILL = """
import os, signal, sys
from pathlib import Path
from quotaopt import check, run
from quotaopt.tables import write as tables
write, left = tables.write_csv, int(sys.argv[2])
def write_or_die(*arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    write(*arguments)
tables.write_csv = write_or_die
(scenario,) = check.load_scenarios(["base"], Path(sys.argv[1]))
run.run_scenario(scenario)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize("files_before", [0, 4, 9])
def test_a_kill_leaves_no_half_made_run(project: Path, files_before: int) -> None:
    done = subprocess.run([sys.executable, "-c", KILL, str(project), str(files_before)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = (project / "runs").iterdir()
    assert left.name.startswith(".")
    assert len(list(left.iterdir())) == files_before
    assert list_runs(project) == []
    assert make(project).id.endswith("-base-2")  # the hidden folder still holds number 1


@pytest.mark.parametrize(
    ("unit", "units", "text"),
    [
        ("0.01", 12345, "123.45"),
        ("0.01", 7, "0.07"),
        ("1", 12345, "12345"),
        ("100", 3, "300"),
        ("1E+3", 2, "2000"),
        ("0.5", 3, "1.5"),
        ("0.25", 3, "0.75"),
        ("0.01", -5, "-0.05"),
        ("0.01", 90_071_992_547_409_93, "90071992547409.93"),  # beyond what a float holds exactly
    ],
)
def test_money_is_written_exactly(unit: str, units: int, text: str) -> None:
    assert money_text(np.array([units]), Decimal(unit)).tolist() == [text]
    assert Decimal(text) == units * Decimal(unit)


def test_numbers_are_rounded_by_what_they_count() -> None:
    columns = (c.Column("m", "number", "", "money"), c.Column("r", "number", "", "ratio"), c.Column("n", "number", ""))
    frame = pd.DataFrame({"m": [1.005001, -0.001], "r": [1 / 3, np.nan], "n": [2.7342298744195190e-8, 0.0]})
    table = shape(frame, columns)
    assert table["m"].tolist() == [1.01, 0.0]
    assert str(table["m"].iloc[1]) == "0.0"
    assert table["r"].iloc[0] == 0.333333
    assert table["n"].tolist() == [2.73422987442e-8, 0.0]
