"""Trees of the sales force: sums tie at every node of both trees, hedges compound, and what cannot agree is named."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.allocate import allocate
from quotaopt.archive import load_run
from quotaopt.capacity import make_capacity
from quotaopt.forecast import make_forecast
from quotaopt.node_table import node_table
from quotaopt.nodes import WHOLE, Key, Target, Tie, _whole_units, check_targets
from quotaopt.plan import Plan
from quotaopt.prepare import prepare
from quotaopt.scenario import Scenario, load_scenario
from quotaopt.tables import read_inputs
from quotaopt.tree import make_branches

from .conftest import MODEL, SCENARIO

D = Decimal
Call = Callable[..., tuple[int, str, str]]
ROSTER = """\
rep_id,rep_name,region,team,grade
R1,Ana,North,A,senior
R2,Bob,North,B,junior
R3,张伟,South,C,senior
R4,Dee,South,D,junior
"""
TREE = '[tree]\nlevels = ["region", "team"]\ncross = ["grade"]\n'
HEDGE = "[hedge]\ncompany = 0.03\nregion = 0.02\nteam = 0.01\n"


def plant(project: Path, text: str, nodes: str = "", roster: str = ROSTER) -> Path:
    """Put a tree into the scenario `base`, a table of node targets beside it."""
    data = project / "scenarios/data"
    (data / "roster.csv").write_text(roster, encoding="utf-8")
    scenario = project / "scenarios/base.toml"
    head, _, tail = scenario.read_text(encoding="utf-8").partition("[data]")
    if nodes:
        (data / "nodes.csv").write_text(nodes, encoding="utf-8")
        tail += 'nodes = "data/nodes.csv"\n'
    scenario.write_text(f"{head}{text}\n[data]{tail}", encoding="utf-8")
    model = project / "models/plain.toml"
    model.write_text(model.read_text(encoding="utf-8").replace("stretch = 1.5", "stretch = 3"), encoding="utf-8")
    return project


def load(project: Path, *sets: str) -> Scenario:
    return load_scenario("base", project, sets)


def test_nodes_csv_shows_plan_and_street_numbers(project: Path, call: Call) -> None:
    """North answers for 45,000, hands 45,000 × 1.02 to its teams, and their reps carry × 1.01: 46,359."""
    targets = "[targets.region]\nNorth = 45_000\n\n[targets.team]\nA = 20_000\n"
    nodes = "level,node,product_id,quarter,target\ngrade,senior,,,50000\nteam,B,core,,15000\n"
    plant(project, f"{TREE}\n{HEDGE}limit = 0.15\n\n{targets}", nodes)
    code, out, err = call("run", "-C", project, "-q")
    assert (code, err) == (0, "")
    run = load_run(project / "runs" / out.strip())
    lines = (run.folder / "nodes.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines == [
        "level,node,parent,plan_target,street_target,hedge,cumulative,quota,gap,set,source",
        "company,all,,120000,127333,0.03,0.061106,127333,0,true,scenarios/base.toml:4",
        "region,North,all,45000,46359,0.02,0.0302,46359,0,true,scenarios/base.toml:20",
        "region,South,all,78600.27,80974,0.02,0.0302,80974,0,false,",
        "team,A,North,20000,20200,0.01,0.01,20200,0,true,scenarios/base.toml:23",
        "team,B,North,25900,26159,0.01,0.01,26159,0,false,",
        "team,C,South,31000,31310,0.01,0.01,31310,0,false,",
        "team,D,South,49172.28,49664,0.01,0.01,49664,0,false,",
        "grade,junior,all,73600.27,75823,0.0302,0.0302,75823,0,false,",
        "grade,senior,all,50000,51510,0.0302,0.0302,51510,0,true,scenarios/data/nodes.csv:2",
    ]
    code, out, _ = call("verify", "-C", project, "last", "--rerun")
    assert code == 0
    assert out.endswith("96 quotas keep 3 rules, to the unit; totals.csv adds up; a re-run gives the same tables.\n")
    quotas = run.table("quotas")
    core_of_b = quotas[(quotas["rep_id"] == "R2") & (quotas["product_id"] == "core")]["quota"].sum()
    assert core_of_b == 15_150  # 15,000 × 1.01


@pytest.mark.parametrize(
    ("text", "nodes", "roster", "said"),
    [
        (
            TREE,
            "",
            ROSTER.replace("R3,张伟,South,C", "R3,张伟,South,A"),
            (
                "scenarios/data/roster.csv:4  team: in region South here, in region North on line 2: "
                "a team lies in one region (got 'A'). Rename one, or set tree.paths = true and call it by its path."
            ),
        ),
        (
            TREE,
            "",
            ROSTER.replace("D,junior", ",junior"),
            (
                "scenarios/data/roster.csv:5  team: empty, but a level of the tree. "
                "Fill it in, or leave team out of tree.levels."
            ),
        ),
        (
            TREE.replace("grade", "grde"),
            "",
            ROSTER,
            "scenarios/base.toml:11  tree.cross: no such column in the roster (got 'grde'). Did you mean 'grade'?",
        ),
        (
            f"{TREE}\n[targets.team]\nAA = 1\n",
            "",
            ROSTER,
            "scenarios/base.toml:14  targets.team: no such node in the roster (got 'AA'). Did you mean 'A'?",
        ),
        (
            f"{TREE}\n[targets.region]\nNorth = 60_000\nSouth = 50_000\n",
            "",
            ROSTER,
            (
                "scenarios/base.toml:14  target: company all: the region targets add up to 110,000, asked are 120,000: "
                "10,000 too little. Change one of them."
            ),
        ),
        (
            f"{TREE}\n{HEDGE}\n[targets.region]\nNorth = 60_000\n\n[targets.team]\nA = 30_000\nB = 31_000\n",
            "",
            ROSTER,
            (
                "scenarios/base.toml:22  target: region North: the team targets add up to 61,000, asked are 61,200 "
                "(60,000 × 1.02): 200 too little. Change one of them, or the hedge."
            ),
        ),
        (
            TREE,
            "level,node,target\nteam,A,70000\nteam,B,60000\n",
            ROSTER,
            (
                "scenarios/data/nodes.csv:2  target: company all: the region targets add up to 130,000, asked are "
                "120,000: 10,000 too much. Change one of them."
            ),
        ),
        (
            TREE,
            (
                "level,node,product_id,target\nregion,North,core,50000\nregion,South,core,40000\ngrade,senior,core,50000\n"
                "grade,junior,core,30000\n"
            ),
            ROSTER,
            (
                "scenarios/data/nodes.csv:5  target: the grade targets add up to 80,000, those of the regions to "
                "90,000: 10,000 too little. Change one of them."
            ),
        ),
        (
            TREE,
            (
                "level,node,quarter,target\nteam,A,,40000\nteam,A,2027-Q1,9000\nteam,A,2027-Q2,9000\nteam,A,2027-Q3,9000\n"
                "team,A,2027-Q4,9000\n"
            ),
            ROSTER,
            (
                "scenarios/data/nodes.csv:3  target: team A: the targets by quarter add up to 36,000, asked are "
                "40,000: 4,000 too little. Change one of them."
            ),
        ),
        (
            TREE,
            "level,node,month,quarter,target\nteam,A,2028-01,,1\nteam,E,,2027-Q5,1\nunit,A,2027-01,2027-Q1,1\n",
            ROSTER,
            (
                "scenarios/data/nodes.csv:4  level: no level of the tree (got 'unit'). "
                "Known: company, region, team, grade.\n"
                "scenarios/data/nodes.csv:3  node: no such node in the roster (got 'E'). Known: A, B, C, D.\n"
                "scenarios/data/nodes.csv:2  month: outside the plan (got '2028-01'). "
                "It runs from 2027-01 to 2027-12.\n"
                "scenarios/data/nodes.csv:3  quarter: outside the plan (got '2027-Q5'). "
                "It runs from 2027-Q1 to 2027-Q4.\n"
                "scenarios/data/nodes.csv:4  quarter: a month is given too (got '2027-Q1'). Give one of the two."
            ),
        ),
        (
            f"{TREE}\n[targets.team]\nA = 40_000\n",
            "level,node,target\nteam,A,40000\ncompany,all,100000\n",
            ROSTER,
            (
                "scenarios/data/nodes.csv:3  target: the target is 120,000 (scenarios/base.toml:4) (got '100000'). "
                "Write one of the two.\n"
                "scenarios/data/nodes.csv:2  target: team A has a target on scenarios/base.toml:14 too. "
                "Write it in one place."
            ),
        ),
        (
            f"{TREE}\n{HEDGE}limit = 0.05\n",
            "",
            ROSTER,
            (
                "scenarios/base.toml:13  hedge: all together quotas are 0.061106 above the target, "
                "(1 + 0.03) × (1 + 0.02) × (1 + 0.01) - 1; the limit is 0.05. Lower a hedge, or raise the limit."
            ),
        ),
        (
            f"{TREE}\n[hedge]\nsegment = 0.05\n",
            "",
            ROSTER,
            ("scenarios/base.toml:13  hedge: segment is no level of the tree. Known: company, region, team, limit."),
        ),
        (
            '[tree]\nlevels = ["region", "rep"]\n',
            "",
            ROSTER,
            (
                "scenarios/base.toml:10  tree.levels: rep is no level between company and rep "
                "(got \"['region', 'rep']\"). "
                "Name columns of the roster."
            ),
        ),
    ],
)
def test_what_cannot_agree_is_named(project: Path, call: Call, text: str, nodes: str, roster: str, said: str) -> None:
    plant(project, text, nodes, roster)
    code, out, _ = call("check", "-C", project, "-q", "base")
    count = said.count("\n") + 1
    assert (code, out) == (1, f"{said}\n{count} problem{'s' * (count > 1)}, 0 warnings. Nothing was run.\n")


def test_hedges_and_overassignment_are_one_or_the_other(project: Path, call: Call) -> None:
    plant(project, f"{TREE}\n{HEDGE}")
    code, out, _ = call("check", "-C", project, "-q", "base", "--set", "overassignment=0.05")
    assert code == 1
    assert "hedge: overassignment is given too: it is all hedges together. Keep one of the two." in out


def test_levels_are_known_by_the_headers_of_the_roster(project: Path, call: Call) -> None:
    """A tree names columns as we do, and is told so; a table of nodes may say 大区 and 公司."""
    roster = ROSTER.replace("region", "大区", 1)
    nodes = "层级,节点,目标\n公司,all,120000\n大区,North,40000\n"
    plant(project, TREE, nodes, roster)
    code, out, _ = call("check", "-C", project, "-q", "base")
    assert (code, out) == (0, "No problems, 0 warnings.\n")
    code, out, _ = call("check", "-C", project, "-q", "base", "--set", 'tree.levels=["大区"]')
    assert code == 1
    assert "tree.levels: no such column in the roster (got '大区'). Did you mean 'region'?" in out


def test_check_lists_nodes_without_a_target(project: Path, call: Call) -> None:
    plant(project, f"{TREE}\n[targets.team]\nA = 20_000\nC = 30_000\n")
    code, out, _ = call("check", "-C", project, "base")
    assert code == 0
    assert "team: target not set for B, D. The plan decides there; 2 other targets given." in out


def test_hedge_of_the_lowest_level_is_the_overassignment(project: Path) -> None:
    """One hedge next to the reps and the same overassignment give the same quotas, hedges above raise nodes only."""
    plant(project, f"{TREE}\n[targets.region]\nNorth = 50_000\n")
    plans = [plan_of(load(project, text))[0] for text in ("overassignment=0.07", "hedge.team=0.07")]
    assert (plans[0].amounts() == plans[1].amounts()).all()
    above = plan_of(load(project, "hedge.company=0.07"))[1]
    assert above.loc[above["node"] == "North", ["plan_target", "quota"]].values.tolist() == [[50_000.0, "50000"]]
    assert above.loc[above["node"] == "all", "quota"].tolist() == ["128400"]


def test_paths_let_a_name_stand_under_two_parents(project: Path) -> None:
    roster = ROSTER.replace(",C,", ",A,").replace(",D,", ",B,")
    targets = '[targets.team]\n"North/A" = 20_000\n"South/A" = 40_000\n'
    plant(project, f"{TREE}paths = true\n\n{targets}", roster=roster)
    _, table = plan_of(load(project))
    teams = table[table["level"] == "team"].set_index("node")
    assert teams["parent"].to_dict() == {
        "North/A": "North", "North/B": "North", "South/A": "South", "South/B": "South",
    }  # fmt: skip
    assert teams.loc[["North/A", "South/A"], "quota"].tolist() == ["20000", "40000"]


def plan_of(scenario: Scenario) -> tuple[Plan, pd.DataFrame]:
    inputs = read_inputs(scenario)
    forecast = make_forecast(inputs, scenario.settings)
    problem = prepare(scenario, inputs, forecast, make_capacity(forecast, inputs, scenario.settings))
    assert not [f for f in check_targets(scenario, inputs, problem.index) if f.severity == "error"]
    plan = allocate(problem, scenario)
    return plan, node_table(scenario, inputs, plan)


@settings(max_examples=12, derandomize=True)
@given(data=st.data())
def test_sums_tie_at_every_node_of_both_trees(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Random trees, hedges and agreeing targets: children add up to parents, targets are met to the unit."""
    project = make_project(tmp_path_factory.mktemp("tree"))
    n = data.draw(st.integers(4, 8))
    teams = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    grades = data.draw(st.lists(st.sampled_from(["x", "y"]), min_size=n, max_size=n))
    rows = [f"R{k},Rep {k},{'NS'[t % 2]},T{t},{g}" for k, (t, g) in enumerate(zip(teams, grades, strict=True))]
    roster = "\n".join(["rep_id,rep_name,region,team,grade", *rows, ""])
    sales = [f"R{k},p,{y}-{m:02},{100 + 10 * k}" for k in range(n) for y in (2025, 2026) for m in range(1, 13)]
    history = "\n".join(["rep_id,product_id,month,amount", *sales, ""])
    (project / "scenarios/data/history.csv").write_text(history, encoding="utf-8")
    hedge = data.draw(st.lists(st.integers(0, 40), min_size=3, max_size=3))
    text = "".join(f"{k} = {h / 1000}\n" for k, h in zip(("company", "region", "team"), hedge, strict=True))
    asked = {t: data.draw(st.integers(1300, 1600)) * teams.count(t) for t in sorted(set(teams))[:-1]}
    targets = "".join(f"T{t} = {amount}.37\n" for t, amount in asked.items())
    plant(project, f"{TREE}\n[hedge]\n{text}\n[targets.team]\n{targets}", roster=roster)
    plan, table = plan_of(load(project, f"target={1500 * n}"))
    assert plan.status in ("optimal", "approximate")
    quota = table.assign(quota=table["quota"].map(int), street=table["street_target"].map(int))
    for tree in (["company", "region", "team"], ["company", "grade"]):
        for above, below in itertools.pairwise(tree):
            parents = quota[quota["level"] == above].set_index("node")
            sums = quota[quota["level"] == below].groupby("parent")["quota"].sum()
            assert sums.to_dict() == parents["quota"].to_dict()
    if plan.status == "optimal":
        assert (quota["quota"] == quota["street"]).all()
    given_rows = table[table["set"]]
    raised = given_rows["plan_target"] * (1 + given_rows["cumulative"])
    assert (raised - given_rows["street_target"].map(float)).abs().max() <= 1


def make_project(root: Path) -> Path:
    files = {
        "models/plain.toml": MODEL,
        "scenarios/base.toml": SCENARIO.format(about="", target=120_000),
        "scenarios/data/history.csv": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@settings(max_examples=100, derandomize=True)
@given(
    regions=st.lists(st.lists(st.decimals(0, 1000, places=3), min_size=1, max_size=4), min_size=1, max_size=5),
)
def test_targets_that_agree_still_do_in_whole_units(regions: list[list[Decimal]]) -> None:
    """Nested targets whose parts are not whole: each is rounded down or up, and every sum holds exactly."""
    targets = {WHOLE: Target(D(0), sum((sum(r, D(0)) for r in regions), D(0)), "")}
    ties = [Tie((WHOLE,), tuple(Key("region", str(k)) for k in range(len(regions))), True, D(1), D(1), "")]
    for k, teams in enumerate(regions):
        region = Key("region", str(k))
        targets[region] = Target(D(0), sum(teams, D(0)), "")
        keys = [Key("team", f"{k}.{j}") for j in range(len(teams))]
        targets |= {key: Target(D(0), amount, "") for key, amount in zip(keys, teams, strict=True)}
        ties.append(Tie((region,), tuple(keys), True, D(1), D(1), ""))
    total = int(targets[WHOLE].street.to_integral_value())
    units = _whole_units(targets, ties, total) | {WHOLE: total}
    for tie in ties:
        assert sum(units[key] for key in tie.parts) == units[tie.whole[0]]
    assert all(abs(units[key] - targets[key].street) < 1 for key in units if key != WHOLE)


def test_the_second_tree_takes_the_rest_of_the_hedges(project: Path) -> None:
    plant(project, f"{TREE}\n{HEDGE}")
    scenario = load(project)
    first, second = make_branches(scenario.settings, read_inputs(scenario).roster)
    assert first.factors == (D("1.061106"), D("1.0302"), D("1.01"))
    assert second.factors == (D("1.061106"), D("1.0302"))
    assert np.array_equal(first.above[2], [0, 0, 1, 1])
