"""From files to a plan: alignment, checked parameters, and every promise of the plan on random projects."""

from __future__ import annotations

import re
import tempfile
from decimal import Decimal as D
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.allocate import check_rules, screen_problem
from quotaopt.errors import NoPlanError
from quotaopt.goals import Levels
from quotaopt.goals import goal as goals
from quotaopt.optimize.verify import check_written
from quotaopt.plan import Plan
from quotaopt.prepare import check_data, quota_total
from quotaopt.scenario import load_scenario
from quotaopt.tables import write_csv

from .instances import written
from .office import Office, open_office, write_project

SEEDS = st.integers(0, 9999)


def few(examples: int) -> settings:
    """The same examples every time."""
    return settings(derandomize=True, deadline=None, max_examples=examples)


# Alignment.


def test_labels_are_sorted_whatever_the_order_of_rows(tmp_path: Path) -> None:
    """Shuffled rows of history and roster: the same problem, number for number."""
    write_project(tmp_path / "a", 7)
    write_project(tmp_path / "b", 7, shuffle=True)
    one, two = open_office(tmp_path / "a").problem, open_office(tmp_path / "b").problem
    for side in ("reps", "products", "months"):
        assert list(getattr(one.index, side).index) == sorted(getattr(one.index, side).index)
        pd.testing.assert_frame_equal(getattr(one.index, side), getattr(two.index, side))
    for name in ("capacity", "reference", "last_year"):
        assert np.allclose(getattr(one, name).values, getattr(two, name).values, rtol=1e-12)
    assert one.target == two.target


def test_amounts_become_units(project: Path) -> None:
    """Fixture: R1 sells 1,000 a month, a quarter of it cloud; 120,000 in all. With units of 10: 25 and 12,000."""
    problem = open_office(project, "rounding.to=10").problem
    assert problem.unit == D(10)
    assert problem.target == 12_000
    assert problem.capacity.values[0, 0] == pytest.approx(np.full(12, 25.0))
    assert problem.last_year.values[0, 1] == pytest.approx(np.full(12, 75.0))
    assert problem.presence.tolist() == [1, 1, 1, 1]
    assert problem.full_last_year.all()
    assert list(problem.index.months["quarter"][:4]) == ["2027-Q1", "2027-Q1", "2027-Q1", "2027-Q2"]
    assert list(problem.index.months["half"][5:7]) == ["2027-H1", "2027-H2"]


@pytest.mark.parametrize(
    ("target", "over", "unit", "total"),
    [("120000", "0.05", "1", 126000), ("100", "0", "0.01", 10000), ("1005", "0", "10", 100), ("1015", "0", "10", 102)],
)
def test_quota_total(target: str, over: str, unit: str, total: int) -> None:
    """Target × (1 + overassignment) in whole units, halves to the even one."""
    assert quota_total(D(target), D(over), D(unit)) == total


def test_products_are_there_from_launch_to_end(tmp_path: Path) -> None:
    """`edge` starts in April, `old` ends in September: no quota before or after, in capacity or pattern."""
    write_project(tmp_path, 3)
    problem = open_office(tmp_path).problem
    products = list(problem.index.products.index)
    if "edge" in products:
        assert not problem.eligible[:, products.index("edge"), :3].any()
    assert not problem.eligible[:, products.index("old"), 9:].any()
    assert problem.eligible[:, products.index("old"), :9].any()
    assert (problem.reference.values[problem.capacity.values > 0] > 0).all()


def test_scenario_amounts_in_thousands(project: Path) -> None:
    """`unit = 1000` counts for every amount: a target of 120, a ceiling of 30."""
    problem = open_office(project, "unit=1000", "target=120").problem
    assert problem.target == 120_000
    assert problem.units(30) == 30_000


def test_locks_that_are_no_whole_units_are_refused(project: Path) -> None:
    """1234 in units of 10 is a problem, with the nearest amount that fits; 1230 is none."""
    (project / "scenarios/data/locks.csv").write_text("rep_id,product_id,month,value\nR1,,,1230\nR2,,,1234\n")
    office = open_office(project, "rounding.to=10", 'data.locks="scenarios/data/locks.csv"')
    (finding,) = check_data(office.scenario, office.inputs)
    says = "scenarios/data/locks.csv:3  value: no whole number of rounding units of 10 (got '1234'). Write 1230, or"
    assert str(finding) == f"{says} choose a smaller rounding.to."


# Names and parameters.

WRONG = {
    "rules.meet_tagret={}": "--set  rules.meet_tagret: no such rule. Did you mean 'meet_target'?",
    "rules.limit_change.upp=1": "--set  rules.limit_change.upp: limit_change has no such parameter. Did you mean 'up'?",
    'rules.limit_change.up="much"': "--set  rules.limit_change.up: input should be a valid number",
    "rules.fair_share.band=[1]": "--set  rules.fair_share.band: input should be a valid number",
    "rules.limit_change.penalty=0": "--set  rules.limit_change.penalty: must be a number above 0 (got '0').",
    'rules.limit_change.penalty="x"': "--set  rules.limit_change.penalty: must be a number above 0 (got 'x').",
    "rules.limit_change={penalty=1,priority=0}": "--set  rules.limit_change.priority: must be a whole number from 1",
    "rules.limit_change.priority=2": "--set  rules.limit_change.priority: only soft rules have a priority.",
    "goals=['level_strech']": "--set  goals: no such goal (got 'level_strech'). Did you mean 'level_stretch'?",
    "goals=[{name='level_stretch',relativ={x=1}}]": "--set  goals.relativ: level_stretch has no such parameter.",
    "solver.name=higs": "--set  solver.name: no such solver (got 'higs'). Did you mean 'highs'?",
    "forecast.method=atuo": "--set  forecast.method: no such forecaster (got 'atuo'). Did you mean 'auto'?",
}


@pytest.mark.parametrize("change", sorted(WRONG))
def test_check_rules_says(change: str, project: Path) -> None:
    """One finding, with its place, what is wrong and the nearest that is right."""
    findings = check_rules(load_scenario("base", project, [change]))
    assert [str(f)[: len(WRONG[change])] for f in findings] == [WRONG[change]]
    assert {f.severity for f in findings} == {"error"}


def test_check_rules_names_the_line(project: Path) -> None:
    """A misspelt parameter of the model is found where it was written."""
    model = project / "models/plain.toml"
    model.write_text(model.read_text().replace("stretch = 1.5", "strech = 1.5"))
    (finding,) = check_rules(load_scenario("base", project))
    line = 1 + model.read_text().splitlines().index("strech = 1.5")
    assert finding.place == f"models/plain.toml:{line}"
    assert finding.remedy == "Did you mean 'stretch'?"


def test_check_rules_of_a_rule_used_twice(project: Path) -> None:
    """Each use is checked."""
    change = "rules.stay_within_capacity=[{stretch=1.2},{stretch=2,by=['region'],stretsh=1}]"
    (finding,) = check_rules(load_scenario("base", project, [change]))
    assert finding.column == "rules.stay_within_capacity.1.stretsh"


def test_every_problem_at_once(project: Path) -> None:
    """Three mistakes, three findings."""
    changes = ["rules.meet_tagret={}", "solver.name=higs", "rules.limit_change.upp=1"]
    assert len(check_rules(load_scenario("base", project, changes))) == 3


# Promises.


def make(seed: int, *sets: str) -> tuple[Office, Plan]:
    """A random office and its plan."""
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder), seed)
        office = open_office(Path(folder), *sets)
    return office, office.plan()


@given(SEEDS)
@few(20)
def test_promises(seed: int) -> None:
    """Every rule of the statement is kept to the unit, by the independent check of the written table.

    Then from the inputs themselves: the company's total, locks, empty cells, caps, floors, growth.
    """
    office, plan = make(seed)
    problem, rules = office.problem, office.scenario.settings.rules
    if plan.quota is None:
        assert plan.status == "infeasible"
        assert plan.sentence
        return
    quota = plan.quota
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quotas.csv"
        write_csv(written(problem, quota), path)
        assert check_written(path, problem, plan.statement) == []
    asked = office.scenario.settings
    assert abs(plan.total() - asked.target * (1 + asked.overassignment)) <= problem.unit / 2
    assert (quota >= 0).all()
    assert (quota[~problem.eligible] == 0).all()
    reps, unit = list(problem.index.reps.index), float(problem.unit)
    totals = quota.sum(axis=(1, 2))
    for lock in problem.locks if "keep_locks" in rules else ():
        mine = quota[reps.index(lock.rep)]
        mine = mine if lock.product is None else mine[[list(problem.index.products.index).index(lock.product)]]
        mine = mine if lock.month is None else mine[:, [list(problem.index.months.index).index(lock.month)]]
        assert mine.sum() == lock.value
    if "stay_within_capacity" in rules:
        cap = float(rules["stay_within_capacity"]["stretch"]) * problem.capacity.values.sum(axis=1)
        assert (quota.sum(axis=1) <= cap + 1e-6).all()
    if "limit_change" in rules:
        base = problem.last_year.values.sum(axis=(1, 2)) * problem.presence
        counted = problem.full_last_year & (base > 0)
        assert (totals <= float(rules["limit_change"]["up"]) * base + 1e-6)[counted].all()
        assert (totals >= 0.7 * base - 1e-6)[counted].all()
    if "quota_ceiling" in rules:
        assert (totals * unit <= float(rules["quota_ceiling"]["amount"]) + 1e-6).all()
    if "quota_floor" in rules:
        assert (totals * unit >= float(rules["quota_floor"]["amount"]) * problem.presence - 1e-6).all()


@given(SEEDS)
@few(20)
def test_every_rep_is_at_its_groups_level_or_a_binding_rule_is_named(seed: int) -> None:
    """`level` equals `block` to a unit, unless `stopped_by` names rows that the rules table calls binding."""
    office, plan = make(seed)
    if plan.quota is None:
        return
    goal = str(office.scenario.settings.goals[0])
    rows = {(r.rule, r.scope) for r in plan.rules.itertuples() if r.binding}
    unit, levels = float(office.problem.unit), goals[goal](office.problem)
    assert isinstance(levels, Levels)
    for rep in plan.fairness.itertuples():
        assert "meet_target" not in rep.stopped_by  # the target raises everyone; it keeps nobody apart
        if rep.stopped_by:
            named = [re.sub(r" and \d+ more$", "", part) for part in rep.stopped_by.split("; ")]
            assert {tuple(part.split(" ", 1)) for part in named} <= rows, (goal, rep.stopped_by)
            assert rep.source
        elif np.isfinite(rep.level):
            there = float(levels.quota(rep.block)[list(plan.fairness["rep_id"]).index(rep.rep_id)])
            assert abs(rep.quota / unit - there) <= 1.0001, (goal, rep)


@given(SEEDS)
@few(8)
def test_replanning_from_the_written_plan_changes_nothing(seed: int) -> None:
    """`data.plan` is the plan of the same scenario, with least change first: the same table."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root, seed)
        office = open_office(root)
        first = office.plan()
        if first.quota is None:
            return
        frame = written(office.problem, first.quota).rename(columns={"period": "month"})
        write_csv(frame, root / "scenarios/data/plan.csv")
        goals = ["least_change", *office.scenario.settings.goals]
        again = open_office(root, 'data.plan="scenarios/data/plan.csv"', f"goals={goals}")
        second = again.plan()
    assert second.quota is not None
    assert np.array_equal(first.quota, second.quota)
    assert second.goals["value"][0] == 0


@given(SEEDS)
@few(8)
def test_shuffled_rows_give_the_same_plan(seed: int) -> None:
    """Integers equal, cell by cell."""
    plans = []
    for shuffle in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            write_project(Path(folder), seed, shuffle)
            plans.append(open_office(Path(folder)).plan())
    one, two = plans
    assert one.status == two.status
    assert one.quota is None or np.array_equal(one.quota, two.quota)


# The plan as tables, and when there is none.


def test_the_plan_of_the_fixture(project: Path) -> None:
    """120,000 as last year, capacity 120,000: everyone at 1, twelve equal months, a quarter cloud."""
    plan = open_office(project).plan()
    assert plan.status == "optimal"
    assert plan.amounts()[0].tolist() == [[250] * 12, [750] * 12]
    assert plan.total() == 120_000
    assert plan.fairness["stretch"].tolist() == [1, 1, 1, 1]
    assert plan.goals["goal"].tolist() == ["level_stretch"]
    assert plan.goals["value"].tolist() == pytest.approx([1])
    assert plan.measures.set_index("measure")["value"]["stretch_gini"] == pytest.approx(0)
    assert plan.notes == ()


@pytest.mark.parametrize("change", ["unit=1", "by_region={North=36000,South=84000}"])
def test_a_target_stops_nobody_at_its_level(change: str, project: Path) -> None:
    """Everyone is at one level, with the company's target alone and with regions that ask for just that."""
    table = open_office(project, change).plan().fairness
    assert table["stopped_by"].tolist() == ["", "", "", ""]
    assert table["block"].tolist() == pytest.approx([1, 1, 1, 1])


def test_rules_table_of_the_fixture(project: Path) -> None:
    """The target is met exactly; each rep's cap of 1.5 leaves half of its capacity as room."""
    table = open_office(project).plan().rules.set_index(["rule", "scope"])
    target = table.loc[("meet_target", "all")]
    assert (target["activity"], target["sense"], target["limit"], target["slack"], target["violation"]) == (
        120_000,
        "==",
        120_000,
        0,
        0,
    )
    assert bool(target["binding"])
    cap = table.loc[("stay_within_capacity", "R2")]
    assert (cap["activity"], cap["sense"], cap["limit"], cap["slack"]) == (24_000, "<=", 36_000, 12_000)
    assert not cap["binding"]


def test_who_is_stopped_and_by_what(project: Path) -> None:
    """A ceiling of 42,000 stops R4 (48,000 at the level); the others share 78,000 over 72,000: 1.0833."""
    plan = open_office(project, "rules.quota_ceiling.amount=42000").plan()
    table = plan.fairness.set_index("rep_id")
    assert table.loc["R4", "stopped_by"] == "quota_ceiling R4"
    assert table.loc["R4", "source"] == "--set"
    assert table.loc["R4", "quota"] == 42_000
    assert table.loc["R1", "block"] == pytest.approx(78 / 72)
    assert table["stopped_by"].drop("R4").tolist() == ["", "", ""]
    assert plan.binding_rule is not None
    assert set(plan.binding_rule[3].reshape(-1)) == {"quota_ceiling"}
    assert set(plan.binding_rule[:3].reshape(-1)) == {""}


def test_soft_rules_report_what_they_gave(project: Path) -> None:
    """Ceilings of 20,000 for everyone, soft: 120,000 over four is 30,000 each, 10,000 over."""
    plan = open_office(
        project, "rules.stay_within_capacity=false", "rules.quota_ceiling={amount=20000,penalty=1}"
    ).plan()
    assert plan.quota is not None
    soft = plan.rules[plan.rules["rule"] == "quota_ceiling"]
    assert soft["limit"].tolist() == [20_000] * 4
    assert soft["violation"].sum() == 40_000
    assert not soft["hard"].any()
    assert plan.amounts().sum() == 120_000


def test_locks_are_kept(project: Path) -> None:
    """A year and a cell of the fixture's reps; the others carry the rest at one level."""
    (project / "scenarios/data/locks.csv").write_text(
        "rep_id,product_id,month,value\nR1,,,15000\nR2,cloud,2027-03,777\n"
    )
    plan = open_office(project, 'data.locks="scenarios/data/locks.csv"').plan()
    quota = plan.amounts()
    assert quota[0].sum() == 15_000
    assert quota[1, 0, 2] == 777
    table = plan.fairness.set_index("rep_id")
    assert table.loc["R1", "stopped_by"] == "keep_locks R1"
    assert table.loc["R1", "source"] == "scenarios/data/locks.csv:2"
    assert table.loc[["R2", "R3", "R4"], "stretch"].tolist() == pytest.approx([105 / 108] * 3, abs=1e-4)


def test_region_and_product_targets_of_the_scenario(project: Path) -> None:
    """`by_region` and `by_product` are met to the unit without a rule of their own in the file."""
    plan = open_office(project, "by_region={North=40000,South=80000}", "by_product={cloud=0.3,core=0.7}").plan()
    quota = plan.amounts()
    assert quota[:2].sum() == 40_000
    assert quota[:, 0].sum() == 36_000
    assert set(plan.rules["rule"]) >= {"meet_region_target", "product_mix"}


def test_no_plan(project: Path) -> None:
    """Ten times last year with caps of 1.5: the sentence, the remedies, no quota, and no crash."""
    office = open_office(project, "target=1200000")
    assert screen_problem(office.problem, office.scenario) == (
        "meet_target all (--set) asks at least 1,200,000, but 4 limits of stay_within_capacity (models/plain.toml:8) "
        "allow at most 180,000: short by 1,020,000"
    )
    plan = office.plan()
    assert plan.status == "infeasible"
    assert plan.quota is None
    assert plan.sentence == screen_problem(office.problem, office.scenario)
    assert "raise stay_within_capacity.stretch from 1.5 to 10" in set(plan.conflicts["remedy"])
    with pytest.raises(NoPlanError, match="asks at least 1,200,000"):
        plan.amounts()


def test_a_plan_tells_its_progress(project: Path) -> None:
    """Stages are named as they begin, and their seconds are kept."""
    from quotaopt.allocate import allocate

    office, told = open_office(project), []
    plan = allocate(office.problem, office.scenario, progress=told.append)
    assert told == ["rules", "goals", "spread"]
    assert set(plan.seconds) == {"build", "solve", "spread", "round", "report"}
