"""Remedies: applied to the rules or the scenario they give a plan, and one step less gives none."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quotaopt.optimize.changes import find_changes
from quotaopt.optimize.conflicts import explain, find_clash
from quotaopt.optimize.linear import LinearProgram, Solution
from quotaopt.optimize.proof import by_use
from quotaopt.optimize.repairs import Repair
from quotaopt.optimize.solvers import solve
from quotaopt.optimize.statement import RuleUse, state
from quotaopt.problem import Cube, Index, Lock, Problem
from quotaopt.tomltext import set_key

from .crossing import crossing
from .instances import make_problem, solved, tiny_problem, use, with_

Call = Callable[..., tuple[int, str, str]]


def run(lp: LinearProgram) -> Solution:
    """HiGHS."""
    return solve(lp, "highs")


def possible(problem: Problem, rules: Sequence[RuleUse]) -> bool:
    """Whether the whole way through ends in a table of whole units."""
    if find_clash(problem, state(problem, rules), run) is not None:
        return False
    try:
        return solved(problem, rules)[2] is not None
    except AssertionError:
        return False


def repairs(problem: Problem, rules: Sequence[RuleUse]) -> dict[str, Repair]:
    """Every change tried, by its words up to where it goes."""
    return {repair.text: repair for repair in explain(problem, state(problem, rules), run).repairs}


def applied(problem: Problem, rules: Sequence[RuleUse], repair: Repair) -> tuple[Problem, list[RuleUse]]:
    """The change made as a planner would: in the target, or in the parameters of its rule."""
    if repair.path == ("target",):
        raised = (1 + problem.overassignment) * problem.money / problem.unit
        return with_(problem, target=int((repair.given * raised).to_integral_value())), list(rules)
    out = list(rules)
    k = next(k for k, one in enumerate(rules) if (one.name, one.source) == (repair.rule, repair.rule_source))
    out[k] = replace(out[k], parameters=put(out[k].parameters, repair.path, repair.given))
    return problem, out


def put(given: Any, path: Sequence[str], value: Any) -> Any:
    """A copy of nested parameters with one replaced, in the type that stood there."""
    if path:
        return {**given, path[0]: put(given.get(path[0]), path[1:], value)}
    if isinstance(value, list) and value and isinstance(value[0], D):
        return tuple(value) if given and isinstance(given[0], D) else tuple(map(float, value))
    return float(value) if isinstance(given, float) else tuple(value) if isinstance(value, list) else value


def test_too_little_capacity() -> None:
    """Lower the target by 30, or stretch to 660 / 600 = 1.1: both are just enough."""
    found = repairs(tiny_problem(), [use("meet_target"), use("stay_within_capacity", stretch=1.05, by=("rep",))])
    assert list(found) == [
        "lower the target by 30 to 630",
        "raise stay_within_capacity.stretch from 1.05 to 1.1",
    ]
    assert all(repair.enough for repair in found.values())
    assert [repair.value for repair in found.values()] == [630, D("1.1")]


def test_what_is_not_enough_says_what_is_missing_and_what_clashes_next() -> None:
    """Ceilings of 150 for three reps, R1 carries 100: 400 of 660. Without either limit 450, or 600, remain."""
    rules = [
        use("meet_target"),
        use("stay_within_capacity", stretch=1.0, by=("rep",)),
        use("quota_ceiling", amount=D(150)),
    ]
    found = repairs(tiny_problem(), rules)
    short = {repair.rule: (repair.enough, repair.short) for repair in found.values()}
    assert short == {
        "meet_target": (True, 0), "stay_within_capacity": (False, 210), "quota_ceiling": (False, 60)
    }  # fmt: skip
    assert any(text.endswith("still 60 short, stay_within_capacity R1 and 2 more clashes next") for text in found)


def test_overassignment_is_taken_into_account() -> None:
    """Quotas of 660 are a target of 600 + 10 %; 630 can be carried: 572.72 is the largest whole target below, 572."""
    problem = tiny_problem(overassignment=D("0.1"))
    rules = [use("meet_target"), use("stay_within_capacity", stretch=1.05, by=("rep",))]
    text = next(iter(repairs(problem, rules)))
    assert text == "lower the target by 27 to 573"  # 573 × 1.1 = 630.3, in whole units 630


def test_a_lock_is_freed() -> None:
    """North asks 330; R1 is locked at 50 and R2 may grow to 2.2 × 100: 270. Without the lock R1 grows to 110."""
    problem = tiny_problem(
        locks=[Lock("R1", None, None, 50, "locks.csv:2"), Lock("R3", None, None, 330, "locks.csv:3")]
    )
    rules = [
        use("meet_target"), use("limit_change", up=2.2), use("keep_locks"),
        use("meet_region_target", values={"North": D(330)}),
    ]  # fmt: skip
    assert not possible(problem, rules)
    found = repairs(problem, rules)
    lock = found["free the lock of R1"]
    assert (lock.enough, lock.value, lock.source, lock.path, lock.given) == (
        True,
        None,
        "locks.csv:2",
        ("free",),
        ["R1"],
    )
    assert possible(*applied(problem, rules, lock))


def test_the_growth_of_one_rep_is_raised() -> None:
    """R1 and R2 carry 330 of 150 sold last year at 2.2; at 2.0 one of them has to take the 30 missing."""
    problem = tiny_problem()
    rules = [use("meet_target"), use("meet_region_target", values={"North": D(330)}), use("limit_change", up=2.0)]
    found = repairs(problem, rules)
    assert found["raise limit_change.up from 2 to 2.2"].enough
    one = found["raise limit_change.up of R2 from 2 to 2.3"]
    assert (one.path, one.given) == (("ranges", "R2"), [D("0.0"), D("2.3")])
    assert possible(*applied(problem, rules, one))
    assert not possible(*applied(problem, rules, replace(one, given=[D(0), D("2.2999")])))


def test_numbers_of_regions_products_and_ranges() -> None:
    """P1 is sold by R1 alone and must carry 300; R1 may have 200."""
    problem = tiny_problem()
    cells = problem.reference.values.copy()
    cells[1:, 0] = 0
    problem = with_(problem, reference=Cube(problem.index, cells))
    rules = [
        use("meet_target"), use("product_mix", values={"P1": D(300)}),
        use("meet_region_target", by="rep", ranges={"R1": (D(0), D(200))}),
    ]  # fmt: skip
    found = repairs(problem, rules)
    assert list(found) == [
        "lower product_mix.values.P1 from 300 to 200",
        "raise meet_region_target.ranges.R1 (high end) from 200 to 300",
    ]
    for repair in found.values():
        assert repair.enough
        assert possible(*applied(problem, rules, repair))


def test_a_raised_stretch_is_enough_in_whole_units() -> None:
    """Three caps of 33 carry 99 of 100. 100 / 99 × 1.1 = 1.1112 would still allow 33 each: one needs 34, 34 / 30."""
    problem = tiny_problem(target=100)
    even = Cube(problem.index, np.full((3, 2, 2), 7.5))
    problem = with_(problem, capacity=even, reference=even)
    rules = [use("meet_target"), use("stay_within_capacity", stretch=1.1, by=("rep",))]
    assert repairs(problem, rules)["raise stay_within_capacity.stretch from 1.1 to 1.1334"].enough
    assert not possible(problem, [rules[0], use("stay_within_capacity", stretch=1.1333, by=("rep",))])


def test_weights_of_rows_are_numbers_too() -> None:
    """At most 0.4 of the year in each of two months: 0.5 is the least."""
    found = repairs(tiny_problem(), [use("meet_target"), use("month_shape", high=0.4)])
    assert found["raise month_shape.high from 0.4 to 0.5"].enough
    assert found["raise month_shape.high of 2027-03 from 0.4 to 0.6"].enough


@pytest.mark.parametrize("seed", range(30))
def test_remedies_are_enough_and_no_more(seed: int) -> None:
    """Random crossing rules that no plan can keep: each remedy is applied, and one step less, and solved again."""
    problem, rules = crossing(seed)
    problem = with_(problem, target=round(problem.target * (1.1 + seed % 4 * 0.15)))
    rules = [replace(one, source=f"test.toml:{k}") for k, one in enumerate(rules)]
    blocks = state(problem, rules)
    clash = find_clash(problem, blocks, run)
    if clash is None:
        return
    changes = {(c.use.source, c.scope, c.words): c for c in find_changes(problem, clash.groups, clash.proof)}
    for repair in explain(problem, blocks, run).repairs:
        mine = [c for c in changes.values() if c.use.source == repair.rule_source and repair.text.startswith(c.words)]
        change = max(mine, key=lambda c: len(c.words))
        if not repair.enough:
            assert not possible(*stated(problem, rules, repair, change.writes(change.value(change.steps))))
            continue
        assert repair.value is not None
        assert possible(*applied(problem, rules, repair)), repair.text
        less = repair.value - change.step
        if (less - change.start) * change.step > 0:
            assert not possible(*stated(problem, rules, repair, change.writes(less))), repair.text


def stated(
    problem: Problem, rules: Sequence[RuleUse], repair: Repair, wrote: tuple[Any, Any]
) -> tuple[Problem, list[RuleUse]]:
    """The same change to another value."""
    return applied(problem, rules, replace(repair, path=wrote[0], given=wrote[1]))


@pytest.mark.parametrize("seed", range(0, 12, 3))
@pytest.mark.parametrize("by", [("rep",), ("rep", "month"), ("product",)])
def test_stretch_and_target_of_random_capacities(seed: int, by: tuple[str, ...]) -> None:
    """Target 3 to 25 % above what the stretch of 1.1 allows."""
    problem = make_problem(4, 3, 3, seed=seed, stretch=1.1 * (1.03 + seed / 50))
    rules = [use("meet_target"), use("stay_within_capacity", stretch=1.1, by=by)]
    target, stretch = repairs(problem, rules).values()
    assert target.enough
    assert stretch.enough
    assert target.value is not None
    assert stretch.value is not None
    assert possible(with_(problem, target=int(target.value)), rules)
    assert not possible(with_(problem, target=int(target.value) + 1), rules)
    assert possible(problem, [rules[0], use("stay_within_capacity", stretch=float(stretch.value), by=by)])
    less = float(stretch.value - D("0.0001"))
    assert not possible(problem, [rules[0], use("stay_within_capacity", stretch=less, by=by)])


def test_the_same_rule_twice_is_two_rules() -> None:
    """Only the cap that is in the way is a remedy."""
    rules = [
        use("meet_target"),
        use("stay_within_capacity", stretch=1.05, by=("rep",)),
        use("stay_within_capacity", stretch=2.0, by=("product",)),
    ]
    assert len(by_use(state(tiny_problem(), rules))) == 3
    assert list(repairs(tiny_problem(), rules)) == [
        "lower the target by 30 to 630", "raise stay_within_capacity.stretch from 1.05 to 1.1"
    ]  # fmt: skip


def test_a_value_is_enough_in_whole_units() -> None:
    """Two odd rings of three reps: every pair is to carry 101, 50.5 each, 303 in all; whole numbers need 304."""
    problem = make_problem(6, 1, 1, seed=0)
    reps = problem.index.reps.assign(
        region=["a", "a", "-", "b", "b", "-"], team=["-", "c", "c", "-", "d", "d"], role=["e", "-", "e", "f", "-", "f"]
    )
    index = Index(reps, problem.index.products, problem.index.months)
    cubes = {name: Cube(index, getattr(problem, name).values) for name in ("capacity", "reference", "last_year")}
    problem = with_(problem, index=index, target=290, **cubes)
    nodes = {"region": "ab", "team": "cd", "role": "ef"}
    rules = [use("meet_target")]
    rules += [
        use("meet_region_target", by=by, ranges={k: (D(101), D(999)) for k in pair}) for by, pair in nodes.items()
    ]
    target = next(iter(repairs(problem, rules).values()))
    assert (target.text, target.enough) == ("raise the target by 14 to 304", True)
    assert possible(with_(problem, target=304), rules)
    assert not possible(with_(problem, target=303), rules)


# Scenario files.

TEXTS = [
    ("target = 5 # much\nx = 1\n", ("target",), D(4), "target = 4  # why\nx = 1\n"),
    ("a = 1\n[rules.b]\nup = 2\n", ("rules", "b", "up"), D("1.5"), "a = 1\n[rules.b]\nup = 1.5  # why\n"),
    ("a = 1\n[rules.b]\nup = 2\n", ("rules", "b", "down"), D(1), "a = 1\n[rules.b]\ndown = 1  # why\nup = 2\n"),
    ("a = 1\n", ("rules", "b", "up"), D(1), "a = 1\n\n[rules.b]\nup = 1  # why\n"),
    (
        "[rules.b]\nvalues = { N = 1, S = 2 } # both\n",
        ("rules", "b", "values", "S"),
        D(3),
        "[rules.b]\nvalues = { N = 1, S = 3 }  # why\n",
    ),
    ("[rules]\nb = true\n", ("rules", "b", "up"), D(1), "[rules]\nb = { up = 1 }  # why\n"),
]


@pytest.mark.parametrize(("text", "path", "value", "changed"), TEXTS)
def test_a_key_is_changed_where_it_stands(text: str, path: tuple[str, ...], value: D, changed: str) -> None:
    """Comments and order of everything else stay."""
    assert set_key(text, path, value, "why") == changed


def test_a_text_that_cannot_be_changed_in_place_is_written_anew() -> None:
    """Dotted keys of one table in two lines."""
    out = set_key("rules.b.up = 1\nrules.b.down = 2\n", ("rules", "b", "up"), D(3), "why")
    assert tomllib.loads(out) == {"rules": {"b": {"up": 3, "down": 2}}}
    assert out.startswith("# why\n")


def test_write_repairs_makes_scenarios_that_run(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file for each change that is enough, named in the output; each gives a plan."""
    monkeypatch.chdir(project)
    code, out, err = call("run", "impossible", "--write-repairs")
    assert (code, err) == (3, "")
    made = sorted(path.name for path in Path("scenarios").glob("impossible-repair-*.toml"))
    assert made == [f"impossible-repair-{k}.toml" for k in (1, 2, 3, 4)]
    assert all(f"scenarios/{name}" in out for name in made)
    text = Path("scenarios/impossible-repair-1.toml").read_text(encoding="utf-8")
    assert text.startswith("# repaired: impossible - lower the target by 1,020,000 to 180,000\n")
    assert 'about = "Ten times"' in text
    for name in made:
        assert call("run", Path(name).stem)[0] == 0
    keep = Path("scenarios/impossible-repair-1.toml")
    keep.write_text(text.replace("# repaired", "# mine"), encoding="utf-8")
    call("run", "impossible", "--write-repairs")
    assert keep.read_text(encoding="utf-8").startswith("# mine")
    assert Path("scenarios/impossible-repair-5.toml").exists()


def test_new_seats_are_rows_of_a_second_roster(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of seats is enough, and one less is not; the rep's attributes are those of most in the region."""
    monkeypatch.chdir(project)
    roster = Path("scenarios/data/roster.csv")
    roster.write_text(
        roster.read_text(encoding="utf-8").replace("start_date", "role,start_date").replace("th,", "th,hunter,"),
        encoding="utf-8",
    )
    out = call("run", "base", "--set", "target=260_000", "--write-repairs")[1]
    # 180,000 can be carried; a new hire in the South sells 3,500 a month, 63,000 at 1.5 times, one in the North 27,000.
    assert "add 2 seats in South, there from 2027-01" in out
    assert "add 3 seats in North, there from 2027-01" in out
    texts = {path: path.read_text(encoding="utf-8") for path in Path("scenarios").glob("base-repair-*.toml")}
    seats = [path for path, text in texts.items() if text.startswith("# repaired: base - add")]
    assert len(seats) == 2
    for path in seats:
        rows = path.with_name(f"{path.stem}-seats.csv")
        whole = rows.read_text(encoding="utf-8-sig").splitlines(keepends=True)
        assert all(",hunter," in line for line in whole[1:])
        assert f'roster = ["data/roster.csv", "{rows.name}"]' in texts[path]
        assert call("run", path.stem)[0] == 0
        rows.write_text("".join(whole[:-1]), encoding="utf-8")
        assert call("run", path.stem)[0] == 3


def test_seats_do_not_help_against_locks(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two locks of the same rep, one inside the other and larger: nobody new can resolve that."""
    monkeypatch.chdir(project)
    Path("scenarios/data/locks.csv").write_text(
        "rep_id,product_id,month,value\nR1,,,1000\nR1,core,,2000\n", encoding="utf-8"
    )
    scenario = Path("scenarios/base.toml")
    scenario.write_text(scenario.read_text(encoding="utf-8") + 'locks = "data/locks.csv"\n', encoding="utf-8")
    code, out, _ = call("run", "base")
    assert code == 3
    assert "seat" not in out


def test_nothing_is_written_unasked(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither without the flag, nor when there is a plan."""
    monkeypatch.chdir(project)
    call("run", "impossible")
    call("run", "base", "--write-repairs")
    assert not list(Path("scenarios").glob("*repair*"))


def test_what_was_set_on_the_command_line_is_in_the_repair(
    call: Call, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repaired file is the merged scenario then."""
    monkeypatch.chdir(project)
    call("run", "base", "--set", "target=500_000", "--set", "about=too much", "--write-repairs")
    code, out, _ = call("run", "base-repair-1")
    assert code == 0
    assert "too much" in out


def test_locks_and_single_limits_in_scenarios(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Freed locks and ranges of single reps are keys of their rules."""
    monkeypatch.chdir(project)
    Path("scenarios/data/locks.csv").write_text("rep_id,product_id,month,value\nR1,,,1000\n", encoding="utf-8")
    scenario = Path("scenarios/base.toml")
    text = scenario.read_text(encoding="utf-8") + 'locks = "data/locks.csv"\n[rules.limit_change]\nup = 1.0\n'
    scenario.write_text(text, encoding="utf-8")
    assert call("run", "base", "--write-repairs")[0] == 3
    changes = {path.stem: path.read_text(encoding="utf-8") for path in Path("scenarios").glob("base-repair-*.toml")}
    assert any('free = ["R1"]' in text for text in changes.values())
    assert any("[rules.limit_change.ranges]" in text for text in changes.values())
    for name, text in changes.items():
        assert call("run", name)[0] == 0, text
