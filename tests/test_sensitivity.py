"""Sensitivity by solving again: prices by finite differences, free ranges and frontier by programs over cells."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from quotaopt.allocate import allocate
from quotaopt.case import Case
from quotaopt.errors import InputError, NoPlanError, UnknownNameError
from quotaopt.goals import Levels, goal
from quotaopt.optimize import prices
from quotaopt.optimize.alternatives import find_ranges, trace_frontier
from quotaopt.optimize.build import build, rows_of
from quotaopt.optimize.linear import LinearProgram, Solution
from quotaopt.optimize.prices import price_limits
from quotaopt.optimize.rows import totals_of
from quotaopt.optimize.search import FairTotals, reach_goals, rep_items
from quotaopt.optimize.slopes import Limit
from quotaopt.optimize.solvers import solve
from quotaopt.optimize.statement import Block, RuleUse, state
from quotaopt.problem import Floats, Problem
from quotaopt.report.chart import line_chart, ticks
from quotaopt.scenario import load_scenario
from quotaopt.sensitivity.frontier import tabulate_frontier
from quotaopt.sensitivity.ranges import free_range, what_if

from .crossing import crossing
from .instances import make_problem, tiny_problem, use
from .leximin import cell_rows

Call = Callable[..., tuple[int, str, str]]
SEEDS = st.integers(0, 10**6)


def run_highs(lp: LinearProgram) -> Solution:
    return solve(lp, "highs")


def bounded(seed: int) -> tuple[Problem, list[RuleUse]]:
    """A crossing problem in which growth limits stop some reps, and caps or floors others."""
    problem, rules = crossing(seed)
    rng = np.random.default_rng(seed)
    kept = [rule for rule in rules if rule.name not in ("limit_change", "stay_within_capacity")]
    kept.append(use("limit_change", down=0.5, up=float(rng.uniform(1.1, 1.4))))
    if seed % 3 == 0:
        kept.append(use("stay_within_capacity", stretch=1.3, by=("rep", "month")))
    if seed % 3 == 1:
        kept.append(use("quota_floor", amount=D(round(float(problem.capacity.by("rep").min() * 1.2)))))
    return problem, kept


def fair(problem: Problem, blocks: Sequence[Block]) -> FairTotals | None:
    """The fair totals with each rep on its own, or None."""
    found = reach_goals(problem, blocks, [("level_stretch", stretch(problem))], run_highs, whole=True)
    return found if found.status == "optimal" else None


def stretch(problem: Problem) -> Levels:
    levels = goal["level_stretch"](problem)
    assert isinstance(levels, Levels)
    return levels


# Prices of limits.


def moved(blocks: Sequence[Block], limit: Limit, step: float) -> list[Block]:
    """The blocks with one limit moved."""
    out, first = list(blocks), 0
    for k, block in enumerate(blocks):
        if first <= limit.row < first + block.size:
            at = (np.arange(block.size) == limit.row - first) * step
            out[k] = replace(block, lower=block.lower + at * limit.lower, upper=block.upper + at * limit.upper)
        first += block.size
    return out


def test_prices_are_finite_differences() -> None:
    """On 60 random problems every price is what one unit more of its limit does to the highest level it moves."""
    names, stopped, known = set(), 0, 0
    for seed in range(60):
        problem, rules = (crossing if seed % 4 == 0 else bounded)(seed)
        blocks, levels = state(problem, rules), stretch(problem)
        base = fair(problem, blocks)
        if base is None:
            continue
        shared = reach_goals(problem, blocks, [("level_stretch", levels)], run_highs)
        same = shared.status == "optimal" and np.abs(shared.values - base.values).max() < 1e-6
        priced = price_limits(shared if same else base, blocks, run_highs)
        of = (shared if same else base).fair
        stopped += int((of.stop >= 0).sum() * bool(of.pool))
        known += len({limit.row for limit in priced} & set(of.stop[of.stop >= 0].tolist()))
        where = [block.use.name for block in blocks for _ in range(block.size)]
        for limit, price in priced.items():
            after = fair(problem, moved(blocks, limit, 1.0))
            assert after is not None, (seed, limit)
            change, level = (after.values - base.values) / levels.scale, base.values / levels.scale
            much = np.abs(after.values - base.values) > 1e-4
            top = much & (level >= level[much].max() - 1e-9)
            assert np.isclose(change[top], price, rtol=1e-4).any(), (seed, limit, price)
            names.add(where[limit.row])
    assert {"meet_target", "meet_region_target", "product_mix", "limit_change", "quota_floor"} <= names
    assert known >= 0.9 * stopped > 10


def test_the_structure_gives_what_filling_again_gives() -> None:
    """On 60 random problems each slope is the difference of two fillings, for every limit that holds something."""
    seen = 0
    for seed in range(60):
        problem, rules = (crossing if seed % 4 == 0 else bounded)(seed)
        blocks = state(problem, rules)
        found = reach_goals(problem, blocks, [("level_stretch", stretch(problem))], run_highs)
        if fair(problem, blocks) is None or found.program is None or found.items is None or not found.fair.pool:
            continue
        lower, upper = (np.concatenate([getattr(b, side) for b in blocks]) for side in ("lower", "upper"))
        search = prices._Search(found.program, found.items, found, lower == upper, run_highs)
        for limit, slope in search.prices().items():
            ways = [search.change(search.fill({limit: way}), way) for way in (search.step * 1e-3, search.step * -1e-3)]
            assert np.isclose(ways, slope, rtol=1e-4).any(), (seed, limit, slope, ways)
            seen += 1
    assert seen > 80


def test_prices_by_hand() -> None:
    """R2 is capped at 210: one more of the target raises R1 and R3 (capacity 400) by 1/400, of the cap lowers them."""
    problem = tiny_problem()
    rules = [use("meet_target"), use("quota_ceiling", by_role={"farmer": D(210)})]
    blocks = state(problem, rules)
    found = fair(problem, blocks)
    assert found is not None
    assert price_limits(found, blocks, run_highs) == pytest.approx(
        {Limit(0, True, True): 1 / 400, Limit(1, False, True): -1 / 400}
    )


def test_a_cap_inside_a_region_with_a_target() -> None:
    """R1 is capped at 95 of North's 300: one more of its cap lowers R2 alone, by 1/200."""
    problem = tiny_problem()
    capped = use("quota_ceiling", by_role={"hunter": D(95)})
    blocks = state(problem, [use("meet_target"), use("meet_region_target", values={"North": D(300)}), capped])
    block = blocks[-1]  # R3, the other hunter, is not capped
    blocks[-1] = replace(block, keep=block.keep[:1], lower=block.lower[:1], upper=block.upper[:1])
    shared = reach_goals(problem, blocks, [("level_stretch", stretch(problem))], run_highs)
    for found in (shared, fair(problem, blocks)):
        assert found is not None
        assert price_limits(found, blocks, run_highs) == pytest.approx(
            {Limit(0, True, True): 1 / 300, Limit(1, True, True): -1 / 300, Limit(2, False, True): -1 / 200}, rel=1e-5
        )


def test_a_floor_raises_the_level_of_its_own_rep() -> None:
    """R1's floor of 150 holds it at 1.5, above the others; one more is 1/100 of a level more."""
    problem = tiny_problem(presence=np.ones(3))
    blocks = state(problem, [use("meet_target"), use("quota_floor", amount=D(150))])
    found = fair(problem, blocks)
    assert found is not None
    assert price_limits(found, blocks, run_highs) == pytest.approx(
        {Limit(0, True, True): 1 / 500, Limit(1, True, False): 1 / 100}
    )


def test_limits_that_cannot_move_alone_have_no_price() -> None:
    """All regions and the company are given: no single one can be another number."""
    problem = tiny_problem()
    blocks = state(problem, [use("meet_target"), use("meet_region_target", values={"North": D(300), "South": D(360)})])
    found = fair(problem, blocks)
    assert found is not None
    assert price_limits(found, blocks, run_highs) == {}


def test_prices_are_written_with_the_limit_in_force(project: Path) -> None:
    """A range has two limits; only the one that holds has a price. Money is not units."""
    sets = ["rounding.to=10", "rules.meet_region_target.ranges={ North = [0.35, 0.9] }"]
    case = Case(load_scenario("base", project, sets))
    rules = allocate(case.problem, case.scenario).rules.set_index(["rule", "sense"])["dual_value"]
    assert rules["meet_region_target", ">="] == pytest.approx(1 / 36_000, rel=1e-5)
    assert np.isnan(rules["meet_region_target", "<="])
    assert rules["meet_target", "=="] == pytest.approx(1 / 84_000, rel=1e-5)


@pytest.mark.parametrize(
    "sets",
    [
        ["rules.quota_ceiling={ amount = 20000, penalty = 1 }"],
        ['goals=["least_change", "level_stretch"]', "data.plan=plan.csv"],
    ],
)
def test_no_price_where_other_answers_would_move_too(sets: list[str], project: Path) -> None:
    """A soft rule that gave way gives another way; a plan kept near another one is held by that."""
    rows = [f"R{k},{p},2027-{m:02},{1000 * k}" for k in range(1, 5) for p in ("core", "cloud") for m in range(1, 13)]
    (project / "plan.csv").write_text("rep_id,product_id,month,quota\n" + "\n".join(rows) + "\n", encoding="utf-8")
    case = Case(load_scenario("base", project, sets))
    plan = allocate(case.problem, case.scenario)
    assert plan.status == "optimal"
    assert plan.rules["dual_value"].isna().all()


# What if.


@pytest.fixture
def case(project: Path) -> Case:
    return Case(load_scenario("base", project))


def test_what_if_agrees_with_the_price(case: Case) -> None:
    """1 % more of 120,000 raises everybody's level of 1.00 to 1.01, and 1 % less lowers it."""
    table = what_if(case, ["target=+1%"])
    level = table[table["what"] == "level"].set_index("way")
    assert level["after"].tolist() == pytest.approx([1.01, 0.99])
    assert level["value_after"].tolist() == ["121200", "118800"]
    dual = allocate(case.problem, case.scenario).rules.set_index("rule").loc["meet_target", "dual_value"]
    assert level["rate"].tolist() == pytest.approx([dual, dual], rel=1e-5)
    reps = table[(table["what"] == "rep") & (table["way"] == "up")].set_index("key")
    assert reps["difference"].to_dict() == {"R1": 120, "R2": 240, "R3": 360, "R4": 480}
    assert (reps["difference"].diff().dropna() < 0).all()


def test_what_if_names_limits_reached_and_left(case: Case) -> None:
    """At 1.0 the capacity of every rep is reached; below that no plan is left, and the row says why."""
    table = what_if(case, ["rules.stay_within_capacity.stretch=1.0", "rules.stay_within_capacity.stretch=0.9"])
    reached = table[(table["what"] == "rule") & (table["after"] == 1)]
    assert reached["name"].tolist() == [f"R{k} <=" for k in range(1, 5)]
    none = table[table["what"] == "plan"].iloc[0]
    assert none["key"] == "infeasible"
    assert "stay_within_capacity" in none["name"]


def test_what_if_of_one_region_moves_the_others_against_it(project: Path) -> None:
    """Shares of 0.3 and 0.7: 6,000 less in North is 6,000 more in South; as shares the same."""
    case = Case(load_scenario("base", project, ["by_region={ North = 0.3, South = 0.7 }"]))
    for change in ("by_region.North=-6000", "by_region.North=-0.05"):
        table = what_if(case, [change])
        down = table[(table["way"] == "down") & (table["what"] == "rep")].set_index("key")["difference"]
        assert down.to_dict() == pytest.approx(
            {"R1": -2000, "R2": -4000, "R3": 6000 * 3 / 7, "R4": 6000 * 4 / 7}, abs=1
        )


def test_what_if_of_a_default_and_of_another_goal(case: Case) -> None:
    """A parameter nobody wrote has its default; a change without a number is made as it stands."""
    changed = replace(case, scenario=load_scenario("base", case.scenario.root, ["rules.fair_share={}"]))
    assert what_if(changed, ["rules.fair_share.band=+0.05"])["value_before"].iloc[0] == "0.1"
    table = what_if(case, ["goals=['level_growth']"])
    assert (table["way"] == "to").all()
    assert table["rate"].isna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("target", "not KEY=VALUE"),
        ("forecast.months=12", "Try: quotaopt run --set forecast.months=…"),
        ("targt=+1%", "Did you mean 'target'?"),
        ("rules.stay_within_capacity.stretsh=1.2", "stretch"),
        ("target=-200%", "must be greater than 0"),
        ("rules.limit_change.up=+0.1", "Write a value instead of a change"),
    ],
)
def test_what_cannot_be_asked(change: str, message: str, case: Case) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        what_if(case, [change])


def test_a_scenario_without_a_plan_has_no_sensitivity(project: Path) -> None:
    case = Case(load_scenario("impossible", project))
    for ask in (
        lambda: what_if(case, ["target=-1%"]),
        lambda: free_range(case, [("rep", None)]),
        lambda: tabulate_frontier(case),
    ):
        with pytest.raises(NoPlanError):
            ask()


# Free range.


def over_cells(
    problem: Problem, blocks: Sequence[Block], cost: Floats, most: Floats, least: Floats | None = None
) -> float:
    """Least ``cost @ totals of reps`` by a program over cells, with `least` <= totals <= `most`; an own formulation."""
    rows, lower, upper = cell_rows(problem, blocks)
    n_reps, cells = problem.index.shape[0], rows.shape[1]
    total = np.kron(np.eye(n_reps), np.ones(cells // n_reps))
    low, high = np.isfinite(lower), np.isfinite(upper)
    matrix, right = np.vstack([-rows[low], rows[high], total]), np.concatenate([-lower[low], upper[high], most])
    if least is not None:
        matrix, right = np.vstack([matrix, -total]), np.concatenate([right, -least])
    bounds = [(0, None if open_ else 0) for open_ in problem.eligible.reshape(-1)]
    found = linprog(cost @ total, matrix, right, bounds=bounds, method="highs")
    assert found.status == 0
    return float(found.fun)


@given(SEEDS, st.sampled_from([0.005, 0.02, 0.1]))
@settings(max_examples=15, deadline=None)
def test_ranges_are_the_ends_over_cells(seed: int, within: float) -> None:
    """The fair totals lie inside; both ends are those of a program over cells; more room gives wider ranges."""
    problem, rules = bounded(seed)
    blocks = state(problem, rules)
    found = fair(problem, blocks)
    if found is None:
        return
    block = Block(
        RuleUse("total"), totals_of(problem)("rep"), np.arange(n := problem.index.shape[0]), *(np.zeros((2, n)))
    )
    program = build(problem, blocks, also=[block])
    widths = []
    for room in (0.0, within, 2 * within):
        most = found.values * (1 + room)
        upper = program.upper.copy()
        upper[program.reps] = np.minimum(upper[program.reps], most / program.scale + 1e-9)
        low, high = find_ranges(program.bounded(program.lower, upper), rows_of(program, block), run_highs)
        low, high = low * program.scale, high * program.scale
        slack = 1e-5 * problem.target
        assert (low <= found.values + slack).all()
        assert (found.values <= high + slack).all()
        for k in (0, n - 1) if room else ():
            pick = (np.arange(n) == k).astype(float)
            assert low[k] == pytest.approx(over_cells(problem, blocks, pick, most), abs=slack)
            assert high[k] == pytest.approx(-over_cells(problem, blocks, -pick, most), abs=slack)
        widths.append(high - low)
    assert widths[0].max() < 1e-4 * problem.target
    assert (widths[0] <= widths[1] + slack).all()
    assert (widths[1] <= widths[2] + slack).all()


def test_range_of_a_rep_a_region_and_a_product(case: Case) -> None:
    """Nobody above 1 % more: R1 (12,000) can rise by 120, and fall by what the others (108,000) may rise, 1,080."""
    table = free_range(case, [("rep", "R1"), ("region", "North"), ("rep", "R4")]).set_index("key")
    assert table.loc["R1", ["low", "quota", "high"]].tolist() == [10_920, 12_000, 12_120]
    assert table.loc["North", ["low", "quota", "high"]].tolist() == [35_160, 36_000, 36_360]
    assert table.loc["R4", "above"] == pytest.approx(0.01)
    same = free_range(case, [("rep", None)], within=0.0)
    assert ((same["high"] - same["low"]) <= 2).all()
    with pytest.raises(UnknownNameError, match="Did you mean 'R1'"):
        free_range(case, [("rep", "R11")])
    with pytest.raises(InputError, match="at most 500"):
        free_range(case, [("rep", None)] * 126)


# The price of fairness.


def least_change(problem: Problem, blocks: Sequence[Block], reference: Floats, most: Floats, least: Floats) -> float:
    """Least sum of |total - reference| over cells, totals between `least` and `most`."""
    rows, lower, upper = cell_rows(problem, blocks)
    n, cells = problem.index.shape[0], rows.shape[1]
    total = np.kron(np.eye(n), np.ones(cells // n))
    low, high = np.isfinite(lower), np.isfinite(upper)
    wide = lambda matrix: np.hstack([matrix, np.zeros((len(matrix), n))])  # noqa: E731
    eye = np.eye(n)
    matrix = np.vstack([
        *(wide(part) for part in (-rows[low], rows[high], total, -total)),
        np.hstack([total, -eye]), np.hstack([-total, -eye]),
    ])  # fmt: skip
    right = np.concatenate([-lower[low], upper[high], most, -least, reference, -reference])
    bounds = [(0, None if open_ else 0) for open_ in problem.eligible.reshape(-1)] + [(0, None)] * n
    found = linprog(np.append(np.zeros(cells), np.ones(n)), matrix, right, bounds=bounds, method="highs")
    assert found.status == 0
    return float(found.fun)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_the_frontier_is_convex_and_falls_between_the_two_pure_solves(seed: int) -> None:
    """Corners, both ends and points between them against programs over cells."""
    problem, rules = crossing(seed, reps=6)
    blocks = state(problem, rules)
    found = fair(problem, blocks)
    if found is None:
        return
    levels, program = stretch(problem), build(problem, blocks)
    n = problem.index.shape[0]
    rng = np.random.default_rng(seed)
    reference = rng.dirichlet(np.ones(n)) * problem.target
    items, _ = rep_items(program, levels, np.arange(n))
    scale = program.scale
    corners = trace_frontier(program, items, found.values / scale, reference / scale, run_highs, 30)
    delta, cost = (np.array([getattr(p, name) for p in corners]) for name in ("delta", "cost"))
    cost, slack = cost * scale, 1e-5 * problem.target
    assert delta[0] == 0
    assert cost[0] == pytest.approx(np.abs(found.values - reference).sum())
    endless = np.full(n, 1e3 * problem.target)
    assert cost[-1] == pytest.approx(least_change(problem, blocks, reference, endless, -endless), abs=slack)
    assert (np.diff(delta) > 0).all()
    assert (np.diff(cost) < slack).all()
    slopes = np.diff(cost) / np.diff(delta)
    assert (np.diff(slopes) > -1e-3 * np.abs(slopes).max(initial=0.0)).all()
    for d in rng.uniform(0, 1.1, 2) * delta[-1] if len(corners) > 1 else ():
        reach = d * levels.scale
        wanted = least_change(problem, blocks, reference, found.values + reach, found.values - reach)
        assert np.interp(d, delta, cost) == pytest.approx(wanted, abs=max(slack, 2e-4 * (cost[0] - cost[-1])))
    for p in corners:  # the fairest totals of a corner are at the corner
        assert np.abs(p.values - reference / scale).sum() * scale <= p.cost * scale + slack
        assert (np.abs(p.values * scale - found.values) <= p.delta * levels.scale + slack).all()


def test_the_frontier_does_not_depend_on_the_solver() -> None:
    """Costs, and who pays, by interior point as by simplex."""
    problem = make_problem(reps=6, seed=4)
    blocks, levels = (
        state(problem, [use("meet_target"), use("stay_within_capacity", stretch=1.4, by=("rep",))]),
        stretch(problem),
    )
    found = fair(problem, blocks)
    assert found is not None
    program = build(problem, blocks)
    items, _ = rep_items(program, levels, np.arange(6))
    reference = np.full(6, problem.target / 6) / program.scale
    first, second = (
        trace_frontier(program, items, found.values / program.scale, reference, lambda lp, s=solver: solve(lp, s), 15)
        for solver in ("highs", "highs-ipx")
    )
    assert len(first) == len(second) > 2
    for a, b in zip(first, second, strict=True):
        assert (a.delta, a.cost) == pytest.approx((b.delta, b.cost), rel=1e-5)
        assert a.values == pytest.approx(b.values, rel=1e-4)


def test_the_frontier_of_a_scenario(project: Path) -> None:
    """Where the fair plan is last year's pattern nothing can be gained; else the way ends at the pattern.

    R4, a peer group of its own that is meant to stand at half the level, pays for getting there.
    """
    case = Case(load_scenario("base", project))
    alone = tabulate_frontier(case)
    assert alone[["delta", "cost", "share"]].to_numpy().tolist() == [[0, 0, 0]]
    stepped = ["goals=[{ name = 'level_stretch', relative = { new = 0.5 } }]"]
    roster = (project / "scenarios/data/roster.csv").read_text(encoding="utf-8").splitlines()
    rows = [roster[0] + ",peer_group", *(r + (",new" if r.startswith("R4") else ",") for r in roster[1:])]
    (project / "scenarios/data/roster.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    table = tabulate_frontier(Case(load_scenario("base", project, stepped)), "capacity_fit")
    assert table["cost"].iloc[-1] == pytest.approx(0, abs=1)
    assert table["share"].iloc[[0, -1]].tolist() == [0, 1]
    assert table["first_rep"].iloc[-1] == "R4"
    assert table["first_change"].iloc[-1] == pytest.approx(48_000 / 30_000 - 1, rel=1e-4)
    with pytest.raises(UnknownNameError, match="Known: change, capacity_fit"):
        tabulate_frontier(case, "luck")


def test_ticks_are_round_and_cover() -> None:
    assert ticks(0, 0.114) == [0, 0.05, 0.1, 0.15]
    assert ticks(968_376, 1_181_515) == [950_000, 1_000_000, 1_050_000, 1_100_000, 1_150_000, 1_200_000]
    assert ticks(3, 3) == [3]


def test_the_picture_is_a_picture() -> None:
    """Well-formed, every mark inside, words escaped; a single point as well."""
    for points in ([(0.0, 5e6), (0.1, 4e6), (0.3, 3.9e6)], [(0.0, 0.0)]):
        root = ET.fromstring(line_chart(points, "a < b", ("x", "y & z"), [(0, "fair")]))
        texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
        assert {"a < b", "x", "y & z", "fair"} <= set(texts)
        circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
        assert len(circles) == len(points)
        assert all(0 < float(p.attrib["cx"]) < 760 and 0 < float(p.attrib["cy"]) < 460 for p in circles)


# The commands.


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


WHAT_IF = """\
target=+1%   now 120,000
level of     now      up 121,200    down 118,800
all reps  1.0000  1.0100 +0.0100  0.9900 -0.0100
highest   1.0000  1.0100 +0.0100  0.9900 -0.0100
rep   quota   up 121,200  down 118,800
Dee  48,000  +480 +1.0 %   -480 -1.0 %
张伟 36,000  +360 +1.0 %   -360 -1.0 %
… 2 more reps move: --top 4, or --format csv
up    the same limits are reached
down  the same limits are reached
"""
RANGE = """\
         lowest   quota  highest   below   above
rep Ana  10,920  12,000   12,120  -9.0 %  +1.0 %
in a plan that keeps every rule and asks nobody for over 1 % more
"""


@pytest.mark.usefixtures("inside")
def test_explain_what_if(call: Call) -> None:
    code, out, _ = call("explain", "base", "--what-if", "target=+1%", "--top", 2)
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [line.split() for line in WHAT_IF.splitlines()]
    code, out, _ = call("explain", "--what-if", "rules.stay_within_capacity.stretch=0.9")
    assert code == 0
    assert "to    no plan: " in out
    assert "no rep's quota changes" not in out


@pytest.mark.usefixtures("inside")
def test_explain_range_of_a_run_and_of_a_scenario(call: Call) -> None:
    """A run is explained as it was run, whatever the scenario says now."""
    assert call("run", "base", "-q")[0] == 0
    path = Path("scenarios/base.toml")
    path.write_text(path.read_text(encoding="utf-8").replace("120000", "100000"), encoding="utf-8")
    code, out, _ = call("explain", "last", "--range", "rep=R1")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [line.split() for line in RANGE.splitlines()]
    assert "10,000" in call("explain", "base", "--range", "rep=R1")[1]


@pytest.mark.usefixtures("inside")
def test_explain_for_programs(call: Call) -> None:
    code, out, _ = call("explain", "--range", "region", "--within", 0, "--format", "json")
    assert code == 0
    assert [row["key"] for row in json.loads(out)["rows"]] == ["North", "South"]
    code, out, _ = call("explain", "--what-if", "target=130000", "--format", "csv")
    assert out.startswith("change,way,value_before,value_after,what,key")


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["explain"], 1, "no runs yet"),
        (["explain", "--rep", "R1", "--range", "rep"], 2, "ask one thing"),
        (["explain", "--html", "page.html"], 2, "--html goes with --rep"),
        (["explain", "--range", "rep", "--what-if", "target=+1%"], 2, "ask one thing"),
        (["explain", "--what-if", "targt=+1%"], 1, "Did you mean 'target'?"),
        (["explain", "--range", "ripe"], 1, "Did you mean 'rep'?"),
        (["explain", "bose", "--range", "rep"], 1, "no runs yet"),
        (["explain", "impossible", "--range", "rep"], 3, ""),
        (["frontier", "--cost", "chnage"], 1, "Did you mean 'change'?"),
        (["frontier", "impossible"], 3, "quotaopt run impossible says why"),
    ],
)
def test_wrong_questions(arguments: list[str], code: int, message: str, call: Call) -> None:
    found, _, said = call(*arguments)
    assert found == code
    assert message in said


@pytest.mark.usefixtures("inside")
def test_frontier_writes_a_table_and_a_picture(call: Call) -> None:
    code, out, _ = call("frontier", "--set", 'goals=["equal_chance"]', "--out", "here")
    assert code == 0
    assert out.endswith("Saved   here\n")
    table = pd.read_csv("here/frontier.csv", encoding="utf-8-sig")
    assert list(table.columns[:3]) == ["delta", "cost", "share"]
    assert ET.parse("here/frontier.svg").getroot().tag.endswith("svg")
    assert call("frontier")[0] == 0
    assert Path("runs/base-frontier/frontier.svg").exists()
    assert call("runs")[1].startswith("No runs yet")
