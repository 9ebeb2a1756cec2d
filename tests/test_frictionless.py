"""The run folder is a Data Package: Frictionless finds nothing wrong with it, and something when there is."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from quotaopt.archive import TABLES, Run
from quotaopt.columns.keys import KEYS, PARENTS
from quotaopt.run import run_scenario
from quotaopt.scenario import load_scenario

from .books import with_currency
from .test_by_hand import COMMITS, OVERRIDES, write
from .test_credit import WITH
from .test_metrics import measure
from .test_tree import HEDGE, TREE, plant

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
@pytest.mark.usefixtures("forecast_once")
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
    assert described(run.folder) >= {
        "quotas",
        "leave",
        "uncovered",
        "excluded",
        "solvers",
        "warnings",
        "vacant",
        "floored",
        "fenced",
    }
    assert check(run.folder) == []
    run = run_scenario(load_scenario("base", rich, ("target=90000000",)))
    assert "conflicts" in described(run.folder)
    assert check(run.folder) == []


def by_hand(project: Path) -> None:
    roster = f"{WITH}X1,Xi,North,,yes\n"
    overlays = "rep_id,covers_rep,share\nX1,R1,0.5\n"
    potential = "rep_id,product_id,potential\nR1,core,7\nR2,core,7\n"
    prices = "product_id,price\ncore,100\ncloud,\n"
    write(project, overrides=OVERRIDES, commits=COMMITS, overlays=overlays, potential=potential, products=prices)
    (project / "scenarios/data/roster.csv").write_text(roster, encoding="utf-8")


def several_metrics(project: Path) -> None:
    level = '[metrics.share]\nkind = "level"\ntarget = 0.3\nweight = 0.2\nhigh = 1\n'
    rows = "metric,level,node,volume,value,target\nshare,region,North,300,0.25,\nshare,region,South,100,0.35,\n"
    text = "[metrics.amount]\nweight = 0.6\n\n[metrics.units]\ntarget = 6_000\nweight = 0.2\n\n" + level
    measure(project, text, levels=rows)


def tree(project: Path) -> None:
    targets = "[targets.region]\nNorth = 45_000\n\n[targets.team]\nA = 20_000\n"
    nodes = "level,node,product_id,quarter,target\ngrade,senior,,,50000\nteam,B,core,,15000\n"
    plant(project, f"{TREE}\n{HEDGE}limit = 0.15\n\n{targets}", nodes)


def currencies(project: Path) -> None:
    with_currency(project, "USD,,0.8\n", {"R1": "USD"}, roster=True)


def accounts(project: Path) -> None:
    path = project / "scenarios/base.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[accounts]\nlargest = 1\n", encoding="utf-8")
    path = project / "scenarios/data/history.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    rows = [f"{row},C{number % 2}" for number, row in enumerate(rows)]
    path.write_text("\n".join([f"{head},account_id", *rows, ""]), encoding="utf-8")


def windfalls(project: Path) -> None:
    path = project / "scenarios/data/history.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    rows = [f"{row},{number}," for number, row in enumerate(rows)] + ["R1,core,2026-06,50000,X,yes"]
    path.write_text("\n".join([f"{head},order_id,windfall", *rows, ""]), encoding="utf-8")


def locked(project: Path) -> None:
    (project / "scenarios/data/locks.csv").write_text("rep_id,product_id,month,value\nR4,,,30000\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "sets", "tables"),
    [
        (by_hand, ["rules.stay_within_capacity=false"], {"overrides", "commits", "overlay", "potential", "units"}),
        (several_metrics, [], {"metrics", "metric_quotas", "levels"}),
        (tree, [], {"nodes"}),
        (windfalls, [], {"windfall"}),
        (currencies, [], {"local"}),
        (accounts, [], {"accounts"}),
        (locked, ["data.locks=scenarios/data/locks.csv"], {"inversions"}),
    ],
)
def test_tables_of_what_a_scenario_asks_for_are_valid(
    project: Path, make: Callable[[Path], None], sets: list[str], tables: set[str]
) -> None:
    make(project)
    run = run_scenario(load_scenario("base", project, sets))
    assert described(run.folder) >= tables
    assert described(run.folder) == {path.stem for path in run.folder.glob("*.csv")}
    assert check(run.folder) == []


def test_every_table_of_a_run_is_tried() -> None:
    """The tables that the runs of this file make together; a new one needs a run that makes it."""
    always = {
        "quotas",
        "totals",
        "forecast",
        "capacity",
        "outlook",
        "accuracy",
        "rules",
        "goals",
        "fairness",
        "measures",
    }
    asked = {"overrides", "commits", "overlay", "potential", "units", "metrics", "metric_quotas", "levels", "nodes"}
    asked.add("accounts")
    found = {"windfall", "vacant", "fenced", "floored", "leave", "uncovered", "excluded", "local", "inversions"}
    assert set(TABLES) == always | asked | found | {"warnings", "conflicts", "solvers"}


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
