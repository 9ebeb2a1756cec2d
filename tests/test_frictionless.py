"""The run folder is a Data Package: Frictionless finds nothing wrong with it, and something when there is."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

from quotaopt.archive import TABLES, Run
from quotaopt.columns_keys import KEYS, PARENTS
from quotaopt.run import run_scenario
from quotaopt.scenario import load_scenario

EXAMPLES = Path(__file__).parents[1]
LEAVE = "rep_id,start_date,end_date,kind\nR1,2027-03-01,2027-05-31,parental\n"
ROSTER = """\
rep_id,rep_name,region,start_date,end_date,is_vacant,include,exclude_reason
R1,Ana,North,2020-01-01,,false,true,
R2,"Bob, ""the"" Bee",North,2020-01-01,2027-06-30,false,true,
R3,张伟,South,2020-01-01,,false,true,
R4,Dee,South,2020-01-01,,false,false,on a project
R5,,South,2027-04-01,,true,true,
"""


def check(folder: Path) -> list[str]:
    """What Frictionless finds wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own dependencies' business
        frictionless = pytest.importorskip("frictionless")
        report = frictionless.Package(str(folder / "datapackage.json")).validate()
    found = [f"{task.name}: {error.title} {error.note}" for task in report.tasks for error in task.errors]
    return found + [error.note for error in report.errors]


def described(folder: Path) -> set[str]:
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return {resource["name"] for resource in package["resources"]}


@pytest.mark.parametrize("name", ["adventureworks", "stretch", "hiring"])
def test_runs_of_the_examples_are_valid(name: str, tmp_path: Path) -> None:
    run = run_scenario(load_scenario(name, EXAMPLES), out=tmp_path)
    assert check(run.folder) == []
    assert described(run.folder) == {path.stem for path in run.folder.glob("*.csv")}


@pytest.fixture
def rich(project: Path) -> Path:
    """The tiny project with leave, a vacant seat, a leaver, somebody left out, one-off orders and returns."""
    data = project / "scenarios/data"
    (data / "roster.csv").write_text(ROSTER, encoding="utf-8")
    (data / "leave.csv").write_text(LEAVE, encoding="utf-8")
    sales = (data / "history.csv").read_text(encoding="utf-8").splitlines()
    sales[50] = sales[50].rpartition(",")[0] + ",90000"
    sales += [f"R3,spare,2026-{month:02},-50" for month in range(1, 13)]
    (data / "history.csv").write_text("\n".join(sales) + "\n", encoding="utf-8")
    base = project / "scenarios/base.toml"
    base.write_text(base.read_text(encoding="utf-8") + 'leave = "data/leave.csv"\n', encoding="utf-8")
    return project


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
def test_runs_with_every_optional_table_are_valid(rich: Path, encoding: str) -> None:
    sets = (f'output.csv_encoding="{encoding}"', "target=60000")
    run = run_scenario(load_scenario("base", rich, sets), solvers=["highs", "cbc"])
    assert described(run.folder) >= {"quotas", "leave", "uncovered", "excluded", "solvers", "warnings"}
    assert check(run.folder) == []
    run = run_scenario(load_scenario("base", rich, ("target=90000000",)))
    assert "conflicts" in described(run.folder)
    assert check(run.folder) == []


def broken(run: Run, table: str, old: str, new: str) -> list[str]:
    path = run.folder / f"{table}.csv"
    text = path.read_bytes().decode("utf-8-sig")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode("utf-8-sig"))
    return check(run.folder)


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("quotas", "R1,Ana,North,cloud,2027-02", "R1,Ana,North,cloud,2027-01", "the same as in the row at position 2"),
        ("quotas", "R1,Ana,North,cloud,2027-02", "R9,Ana,North,cloud,2027-02", 'values "R9, cloud, 2027-02" not found'),
        ("quotas", "2027-01-31", "31.1.2027", "date"),
        ("totals", "all,all,,120000", "all,all,,12o000", "number"),
    ],
)
def test_damage_is_found(project: Path, table: str, old: str, new: str, said: str) -> None:
    run = run_scenario(load_scenario("base", project))
    found = broken(run, table, old, new)
    assert any(said in text for text in found), found


def test_keys_are_columns() -> None:
    for name, key in KEYS.items():
        assert set(key) <= {column.name for column in TABLES[name]}
    for name, (parent, key) in PARENTS.items():
        assert set(key) <= {column.name for column in TABLES[name]} & {column.name for column in TABLES[parent]}
