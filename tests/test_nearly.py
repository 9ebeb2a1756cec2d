"""Where no table in whole units keeps every exact total: what gives way, by how much, and what the checker accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quotaopt.allocate import Meter, allocate_rules
from quotaopt.goals import level_stretch
from quotaopt.optimize.nearly import give_way
from quotaopt.optimize.statement import state
from quotaopt.optimize.verify import check_written
from quotaopt.plan import Plan
from quotaopt.problem import Cube, Index, Lock, Problem
from quotaopt.tables import write_csv

from .instances import make_problem, use, with_, written

Call = Callable[..., tuple[int, str, str]]


def odd(**changes: object) -> tuple[Problem, list[object]]:
    """Regions, teams and roles share four reps two by two.

    R1 + R2, R2 + R3 and R1 + R3 are to be 101 each, R4 is the rest of 200: only halves solve that.
    """
    problem = make_problem(4, 2, 2, seed=1)
    reps = problem.index.reps.assign(
        region=["North", "North", "South", "South"], team=["B", "A", "A", "B"],
        role=["hunter", "farmer", "hunter", "farmer"],
    )  # fmt: skip
    index = Index(reps, problem.index.products, problem.index.months)
    cube = Cube(index, np.ones(index.shape) * 12.5)
    problem = with_(problem, index=index, target=200, capacity=cube, reference=cube, last_year=cube, **changes)
    rules = [
        use("meet_target"),
        replace(use("meet_region_target", values={"North": D(101), "South": D(99)}), source="test.toml:1"),
        replace(use("meet_region_target", by="team", values={"A": D(101), "B": D(99)}), source="test.toml:2"),
        replace(use("meet_region_target", by="role", values={"hunter": D(101), "farmer": D(99)}), source="test.toml:3"),
    ]
    return problem, rules


def planned(problem: Problem, rules: list) -> Plan:
    """The plan of equal stretch."""
    return allocate_rules(problem, rules, [("level_stretch", level_stretch(problem))], Meter("highs", 60, 0))


def test_the_last_rule_gives_way_by_a_unit() -> None:
    """Regions and teams are kept; hunters and farmers are one unit off, in opposite ways, and it is said."""
    problem, rules = odd()
    plan = planned(problem, rules)
    assert plan.status == "approximate"
    assert plan.quota is not None
    r1, r2, r3, r4 = plan.quota.sum(axis=(1, 2)).tolist()
    assert (r1 + r2, r3 + r4, r2 + r3, r1 + r4) == (101, 99, 101, 99)
    assert {r1, r2, r3} <= {50, 51}
    off = {(d.by, d.scope): d.units for d in plan.deviations}
    assert off == {("role", "hunter"): r1 + r3 - 101, ("role", "farmer"): r2 + r4 - 99}
    assert sorted(map(abs, off.values())) == [1, 1]
    words = [note for note in plan.notes if "exact total" in note.what]
    assert len(words) == 2
    assert all((note.file, note.line) == ("test.toml", 3) for note in words)
    assert any(
        f"hunter: 1 {'above' if off['role', 'hunter'] > 0 else 'below'} its exact total" in w.what for w in words
    )
    missed = plan.rules[plan.rules["violation"] > 0]
    assert set(missed["scope"]) == {"hunter", "farmer"}


def test_the_order_of_rules_says_what_gives_way() -> None:
    """With roles first, the teams (now last) are off."""
    problem, rules = odd()
    plan = planned(problem, [rules[0], rules[3], rules[1], rules[2]])
    assert {d.by for d in plan.deviations} == {"team"}


def test_locks_are_kept() -> None:
    """R1 locked at 51 leaves R2 = 50 and R3 = 51: R1 + R3 is one too many; the lock does not move."""
    problem, rules = odd(locks=[Lock("R01", None, None, 51)])
    problem = with_(problem, locks=[Lock("R01", None, None, 51)])
    plan = planned(problem, [*rules[:3], use("keep_locks")])
    assert plan.status == "optimal"
    everything = planned(problem, [*rules, use("keep_locks")])
    assert everything.status == "infeasible"  # 50.5 is the only solution, so the lock clashes outright


@pytest.mark.parametrize("unit", ["1", "100", "0.01"])
def test_the_checker_accepts_what_is_reported_and_nothing_else(unit: str, tmp_path: Path) -> None:
    """The written table passes with its deviations, fails without them, and with any one of them left out or larger."""
    problem, rules = odd()
    problem = with_(problem, unit=D(unit), money=D(unit))
    plan = planned(problem, rules)
    path = tmp_path / "quotas.csv"
    write_csv(written(problem, plan.quota), path)
    stated = state(problem, rules)
    assert check_written(path, problem, plan.statement) == []
    assert check_written(path, problem, give_way(stated, plan.deviations)) == []
    assert len(check_written(path, problem, stated)) == 2
    first, second = plan.deviations
    assert len(check_written(path, problem, give_way(stated, [first]))) == 1
    more = replace(first, units=first.units + 1)
    assert len(check_written(path, problem, give_way(stated, [more, second]))) == 1


def test_a_larger_odd_table() -> None:
    """Thirty reps in regions, teams and roles at odd totals: few units off, no rep by a unit or more from fair."""
    problem = make_problem(30, 3, 4, seed=5)
    rng = np.random.default_rng(5)
    reps = problem.index.reps.assign(
        **{k: [f"{k}{g}" for g in rng.integers(0, 5, 30)] for k in ("region", "team", "role")}
    )
    index = Index(reps, problem.index.products, problem.index.months)
    cubes = {k: Cube(index, getattr(problem, k).values) for k in ("capacity", "reference", "last_year")}
    problem = with_(problem, index=index, **cubes)
    fair = problem.capacity.by("rep") * problem.target / problem.capacity.values.sum()
    rules = [use("meet_target")]
    for by in ("region", "team", "role"):
        labels, codes = problem.group(by).labels, problem.group(by).codes[0]
        sums = np.bincount(codes, fair)
        values = {k: D(round(v)) for k, v in zip(labels, sums, strict=True)}
        values[labels[0]] += problem.target - sum(values.values())
        rules.append(use("meet_region_target", by=by, values=values))
    plan = planned(problem, rules)
    assert plan.status in ("optimal", "approximate")
    assert plan.quota is not None
    assert plan.quota.sum() == problem.target
    assert sum(abs(d.units) for d in plan.deviations) <= 4
    if plan.deviations:
        assert {d.by for d in plan.deviations} == {"role"}


def test_a_run_says_what_is_off_and_can_be_verified(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 0, status approximate, both totals in the warnings; `verify` accepts the run, not another unit."""
    monkeypatch.chdir(project)
    Path("scenarios/data/roster.csv").write_text(
        "rep_id,rep_name,region,team,role\nR1,,North,B,hunter\nR2,,North,A,farmer\nR3,,South,A,hunter\nR4,,South,B,farmer\n",
        encoding="utf-8",
    )
    text = Path("scenarios/base.toml").read_text(encoding="utf-8").replace("target = 120000", "target = 200")
    text += "[rules.stay_within_capacity]\nstretch = 9\n[[rules.meet_region_target]]\n"
    text += "values = { North = 101, South = 99 }\n"
    text += "[[rules.meet_region_target]]\nby = 'team'\nvalues = { A = 101, B = 99 }\n"
    text += "[[rules.meet_region_target]]\nby = 'role'\nvalues = { hunter = 101, farmer = 99 }\n"
    Path("scenarios/base.toml").write_text(text, encoding="utf-8")
    code, out, err = call("run", "base")
    assert (code, err) == (0, "")
    assert "approximate" in out
    folder = next(Path("runs").iterdir())
    warnings = pd.read_csv(folder / "warnings.csv", encoding="utf-8-sig")
    assert warnings["message"].str.contains("its exact total").sum() == 2
    assert call("verify", "last")[0] == 0
    table = (folder / "run.json").read_text(encoding="utf-8")
    (folder / "run.json").write_text(table.replace('"hunter"', '"farmer"'), encoding="utf-8")
    assert call("verify", "last")[0] == 1
