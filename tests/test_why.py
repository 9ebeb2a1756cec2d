"""Why a quota is what it is: ladders that add up, rules left out, peers without names, ways to less."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from string import Formatter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quotaopt.allocate import allocate
from quotaopt.archive import find_run
from quotaopt.case import Case, open_run
from quotaopt.errors import InputError, NoPlanError
from quotaopt.prepare import prepare
from quotaopt.report.why import price_text
from quotaopt.report.words import LANGUAGES, WORDS, rule_words, step_words, words
from quotaopt.rules import rule
from quotaopt.run import run_scenario
from quotaopt.scenario import load_scenario
from quotaopt.why import make_ladder, rule_costs, waterfall
from quotaopt.why.ladder import DRIVERS, LOCKS, TARGET, number_names, whole
from quotaopt.why.less import smallest, ways_to_less
from quotaopt.why.rep import closest, peer_table
from quotaopt.why.sheet import explain_rep

Call = Callable[..., tuple[int, str, str]]
DATA = Path(__file__).parents[2] / "shared/data"
LOCK = "rep_id,product_id,month,value\nR4,,,50000\n"
HELD = ("by_region={ North = 39000, South = 81000 }", "rules.limit_change={ up = 1.2, ranges = { R1 = [0.9, 1.05] } }")


def planned(project: Path, *sets: str, name: str = "base") -> Case:
    """A scenario run and opened again."""
    return open_run(run_scenario(load_scenario(name, project, sets)), project)


def with_lock(project: Path, value: int = 50_000) -> str:
    (project / "scenarios/data/locks.csv").write_text(LOCK.replace("50000", str(value)), encoding="utf-8")
    return 'data.locks="scenarios/data/locks.csv"'


def written(opened: Case) -> dict[str, Decimal]:
    """Each rep's quota, as it stands in totals.csv."""
    text = pd.read_csv(opened.run.folder / "totals.csv", dtype=str, encoding="utf-8-sig")
    return {key: Decimal(quota) for key, quota in text[text["level"] == "rep"][["key", "quota"]].to_numpy()}


def sums(table: pd.DataFrame) -> dict[str, Decimal]:
    """Each rep's steps, added up as they are printed."""
    exact = table.assign(amount=[Decimal(repr(float(x))) for x in table["amount"]])
    return {str(rep): sum(part, Decimal(0)) for rep, part in exact.groupby("rep_id")["amount"]}


# The ladder.


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    target=st.integers(100_000, 140_000),
    over=st.sampled_from(["0", "0.03", "-0.02", "0.075"]),
    unit=st.sampled_from(["0.01", "1", "10", "0.001"]),
    down=st.floats(0.6, 0.9),
    up=st.floats(1.25, 1.8),
    soft=st.booleans(),
    goal=st.sampled_from(["level_stretch", "equal_chance", "level_growth"]),
    at=st.sampled_from(['"mean"', "0.4"]),
    lock=st.none() | st.integers(40_000, 60_000),
)
def test_the_steps_of_every_rep_add_up_to_the_cent(project: Path, lock: int | None, **drawn: Any) -> None:
    sets = [
        f"target={drawn['target']}", f"overassignment={drawn['over']}", f"rounding.to={drawn['unit']}",
        f'goals=["{drawn["goal"]}"]', f"forecast.capacity={drawn['at']}", "rules.quota_floor={ amount = 5000 }",
        f"rules.limit_change={{ down = {drawn['down']:.3f}, up = {drawn['up']:.3f}, by = 'region' }}",
    ]  # fmt: skip
    sets += ["rules.stay_within_capacity.penalty=3"] if drawn["soft"] else []
    sets += [with_lock(project, lock // 10 * 10)] if lock else []
    opened = planned(project, *sets)
    ladder = make_ladder(opened)
    table = waterfall(opened, ladder)
    assert sums(table) == written(opened)
    assert (ladder.totals[-1] * ladder.grain == opened.totals * opened.problem.unit).all()
    assert table["step"].iloc[: len(DRIVERS)].tolist() == list(DRIVERS)
    assert not [note for note in ladder.notes if "today's program" in note.what]
    rounding = np.abs(ladder.amounts[-1]) * float(ladder.grain)
    assert (rounding <= float(opened.problem.unit) + float(ladder.grain)).all()


def test_each_step_is_the_plan_with_the_rules_so_far(project: Path) -> None:
    """Against `run` itself, each time with fewer rules."""
    sets = [*HELD, "overassignment=0.03", with_lock(project)]
    ladder = make_ladder(opened := planned(project, *sets))
    names = [step.name for step in ladder.steps]
    assert names[len(DRIVERS) :] == [
        "share", "stay_within_capacity", "limit_change", "meet_region_target", "hedge", "locks", "rounding",
    ]  # fmt: skip
    off = {
        "stay_within_capacity": "rules.stay_within_capacity=false",
        "limit_change": "rules.limit_change=false",
        "meet_region_target": "by_region={}",
        "hedge": "overassignment=0",
        "locks": "rules.keep_locks=false",
    }
    for k, name in enumerate(names[len(DRIVERS) : -1], start=len(DRIVERS)):
        fewer = [text for later, text in off.items() if later in names[k + 1 :]]
        keys = [text.partition("=")[0] for text in fewer]
        changed = [text for text in sets if text.partition("=")[0] not in keys]
        scenario = load_scenario("base", project, [*changed, *fewer])
        case = opened
        plan = allocate(prepare(scenario, case.inputs, case.forecast, case.capacity), scenario)
        amounts = plan.amounts().sum(axis=(1, 2)) * float(plan.problem.unit)
        assert ladder.totals[k] * float(ladder.grain) == pytest.approx(amounts, abs=1.001), name


def test_the_ladder_is_the_same_from_another_solver_and_another_order_of_rows(project: Path) -> None:
    sets = [*HELD, "overassignment=0.03", with_lock(project)]
    ladder = make_ladder(planned(project, *sets))
    for name in ("history", "roster"):
        path = project / f"scenarios/data/{name}.csv"
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([head, *lines[::-1]]) + "\n", encoding="utf-8")
    other = make_ladder(planned(project, *sets, "solver.name=highs-ipx"))
    assert other.steps[len(DRIVERS)].name == ladder.steps[len(DRIVERS)].name
    assert (other.amounts == ladder.amounts).all()


def test_the_sum_of_all_reps_is_the_target_at_every_rung(project: Path) -> None:
    sets = ["by_region={ North = 0.33, South = 0.67 }", HELD[1]]
    ladder = make_ladder(planned(project, *sets, "overassignment=0.03", "target=119_999.97", "rounding.to=0.01"))
    total = dict(zip([step.name for step in ladder.steps], ladder.totals.sum(axis=1).tolist(), strict=True))
    assert total["share"] == total["meet_region_target"] == 11_999_997
    assert total["hedge"] == total["rounding"] == round(11_999_997 * 1.03)


def test_a_rung_without_a_plan_is_booked_to_the_next(project: Path) -> None:
    """Growth that only fits the target with its overassignment."""
    ladder = make_ladder(
        opened := planned(project, "overassignment=0.1", "rules.limit_change={ down = 1.05, by = 'region' }")
    )
    steps = [step.name for step in ladder.steps]
    assert not ladder.amounts[steps.index("limit_change")].any()
    assert ladder.amounts[steps.index("hedge")].any()
    assert "no plan exists with the rules up to limit_change" in ladder.notes[0].what
    assert sums(waterfall(opened, ladder)) == written(opened)


@pytest.mark.parametrize("to", ["peers", "company", "team"])
def test_leave_is_a_step_of_its_own(to: str, project: Path) -> None:
    (project / "scenarios/data/leave.csv").write_text("rep_id,from,to\nR2,2027-01-01,2027-06-30\n", encoding="utf-8")
    roster = (
        (project / "scenarios/data/roster.csv").read_text(encoding="utf-8").replace("start_date\n", "start_date,team\n")
    )
    (project / "scenarios/data/roster.csv").write_text(re.sub("(2020-01-01)", r"\1,T", roster), encoding="utf-8")
    opened = planned(project, 'data.leave="scenarios/data/leave.csv"', f'leave.to="{to}"', "overassignment=0.1")
    ladder = make_ladder(opened)
    names = [step.name for step in ladder.steps]
    leave = ladder.amounts[names.index("leave")] * float(ladder.grain)
    assert leave == pytest.approx([0, -12_000, 0, 0], rel=0.05)
    assert not ladder.amounts[names.index("headcount")].any()
    assert sums(waterfall(opened, ladder)) == written(opened)
    hedge = ladder.totals[names.index("hedge")] / ladder.totals[names.index("hedge") - 1]
    assert hedge == pytest.approx(1.1, rel=1e-4)
    assert not ladder.notes


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=30))
def test_whole_numbers_keep_the_sum(values: list[float]) -> None:
    made = whole(np.array(values))
    assert made.sum() == np.rint(np.round(values, 6).sum())
    assert (np.abs(made - values) < 1 + 1e-5).all()


def test_rules_used_twice_are_numbered() -> None:
    assert number_names(["a", "b", "a"]) == ["a 1", "b", "a 2"]


@pytest.mark.parametrize("scenario", ["adventureworks", "stretch", "hiring"])
def test_the_examples_add_up(scenario: str, tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    run = run_scenario(load_scenario(scenario, root, ['forecast.method="seasonal_naive"']), out=tmp_path)
    opened = open_run(run, root)
    ladder = make_ladder(opened)
    assert sums(waterfall(opened, ladder)) == written(opened)
    assert not ladder.notes


REAL = {
    "crm_opportunities": ("2018-01", 'forecast.no_rows = "zero"\n', 12_000_000),
    "tourism": ("2017-01", "", 400_000),
}


@pytest.mark.parametrize("name", REAL)
def test_real_data_add_up(name: str, tmp_path: Path) -> None:
    folder, (first, more, target) = DATA / name / "tidy", REAL[name]
    if not folder.is_dir():
        pytest.skip("the data are not here")
    files = "".join(f'{k} = "{(folder / f).as_posix()}"\n' for k, f in
                    (("history", "history.csv"), ("roster", "reps.csv"), ("products", "products.csv")))  # fmt: skip
    text = f'target = {target}\noverassignment = 0.05\nfirst_month = "{first}"\nlast_month = "{first[:4]}-12"\n{more}'
    text += f'forecast.method = "seasonal_naive"\n[data]\nduplicates = "sum"\n{files}'
    text += "[rules.limit_change]\ndown = 0.8\nup = 1.5\npenalty = 1\n[rules.stay_within_capacity]\nby = ['rep']\n"
    text += "penalty = 1\nstretch = 1.2\n"
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios/real.toml").write_text(text, encoding="utf-8")
    opened = planned(tmp_path, name="real")
    ladder = make_ladder(opened)
    assert sums(waterfall(opened, ladder)) == written(opened)
    assert not ladder.notes


# What rules cost.


def test_a_rule_costs_what_running_without_it_shows(project: Path) -> None:
    opened = planned(project, *HELD)
    table = rule_costs(opened).set_index("rule")
    without = planned(project, HELD[0], "rules.limit_change=false")
    moves = opened.totals - without.totals
    assert table.loc["limit_change", "moved"] == pytest.approx(np.maximum(moves, 0).sum(), abs=2)
    region = planned(project, HELD[1])
    moves = opened.totals - region.totals
    assert table.loc["meet_region_target", "moved"] == pytest.approx(np.maximum(moves, 0).sum(), abs=2)
    assert table.loc["stay_within_capacity", ["moved", "reps", "level_change"]].tolist() == [0, 0, 0]
    assert table.index[0] == "meet_target"  # holds the plan together
    assert table["moved"].iloc[1:].is_monotonic_decreasing


def test_overassignment_is_left_out_like_a_rule(project: Path) -> None:
    row = rule_costs(planned(project, "overassignment=0.05")).set_index("rule").loc["overassignment"]
    assert row["moved"] == pytest.approx(6_000, abs=5)
    assert (row["reps"], row["less_rep"]) == (4, "")
    assert row["level_change"] == pytest.approx(0.05, abs=1e-4)


def test_a_price_holds_where_it_is_said_to(project: Path) -> None:
    """Planned with the limit at either end, the highest level that moves is where the price puts it."""
    north = "rules.meet_region_target.values={ North = 39_000 }"
    ranges = "rules.limit_change={{ up = 1.2, ranges = {{ R1 = [0.9, {}] }} }}"
    opened = planned(project, north, ranges.format(1.05))
    row = rule_costs(opened).set_index("rule").loc["limit_change"]
    assert (row["scope"], row["limit"]) == ("R1", 12_600)
    assert row["price_from"] < row["limit"] < row["price_to"]
    before = opened.levels.level(opened.fair.values)
    for limit in (row["price_from"], row["price_to"]):
        moved = planned(project, north, ranges.format(limit / 12_000))
        after = moved.levels.level(moved.fair.values)
        top = np.where(np.abs(after - before) > 1e-9, before, -np.inf).argmax()
        assert after[top] - before[top] == pytest.approx(row["price"] * (limit - row["limit"]), rel=1e-3)


def test_limits_that_cannot_move_alone_have_no_price(project: Path) -> None:
    table = rule_costs(planned(project, HELD[0]))
    assert table[table["rule"].isin(["meet_target", "meet_region_target"])]["price"].isna().all()
    row = SimpleNamespace(price=float("nan"), limit=1.0, price_from=float("nan"), price_to=float("nan"))
    assert "cannot move alone" in price_text(row, "", "en")


# One rep.


def test_five_per_cent_less_is_less(project: Path) -> None:
    """The fall that is named is enough, and nine tenths of it are not."""
    opened = planned(project, *HELD[1:], "overassignment=0.03")
    r = 1
    target = ways_to_less(opened, r).iloc[0]
    now = int(opened.totals[r])
    for part, enough in ((1.0, True), (0.9, False)):
        lower = planned(project, *HELD[1:], "overassignment=0.03", f"target={120_000 - part * target['amount']}")
        assert (int(lower.totals[r]) <= 0.95 * now + 1) is enough


def test_a_lock_is_paid_by_the_others(project: Path) -> None:
    lock = ways_to_less(opened := planned(project, "overassignment=0"), 3).iloc[1]
    assert lock["possible"]
    assert lock["amount"] == pytest.approx(0.05 * opened.totals[3], abs=2)
    assert lock["reps"] == 3


def test_a_floor_forbids_less(project: Path) -> None:
    table = ways_to_less(planned(project, "rules.limit_change={ down = 1.0 }"), 0)
    assert not table["possible"].any()
    assert table["scope"].iloc[1] == "limit_change"


def test_limits_of_others_forbid_less(project: Path) -> None:
    lock = ways_to_less(planned(project, "rules.limit_change={ up = 1.0 }"), 0).iloc[1]
    assert (bool(lock["possible"]), lock["scope"]) == (False, "limit_change")


@given(st.floats(0.1, 5.0), st.floats(0.0, 0.5))
def test_the_smallest_fall_is_found(slope: float, floor: float) -> None:
    """Of a quota that falls in a straight line until it stops."""
    found = smallest(lambda fall: max(100 * (1 - slope * fall), 100 * floor), 95.0, 100.0)
    assert found is not None
    assert 0.05 / slope - 1e-9 <= found <= 0.05 / slope * 1.006 + 1e-9
    assert smallest(lambda fall: 100.0 if fall < 0.3 else None, 95.0, 100.0) is None


def test_peers_have_no_names(project: Path) -> None:
    opened = planned(project)
    peers, own = closest(opened, 1)
    assert own
    assert peers.tolist() == [2, 0, 3]  # by logarithms: 2 is as far from 1 as from 4, but for the 1 that keeps 0 finite
    table = peer_table(opened, 1, peers)
    assert table["peer"].tolist() == ["you", "A", "B", "C"]
    assert (table["quota"].iloc[1:] % 1000 == 0).all()  # two digits
    page = json.dumps([table.to_dict("records"), explain_rep(opened, "R2").less.to_dict("records")])
    assert not re.search("R1|R3|R4|Ana|Dee|张伟", page)


# Words.


@pytest.mark.parametrize("key", WORDS)
def test_every_word_is_there_in_both_languages_with_the_same_gaps(key: str) -> None:
    gaps = [{name for _, name, _, _ in Formatter().parse(words(language)[key]) if name} for language in LANGUAGES]
    assert gaps[0] == gaps[1]
    if re.sub(r"\{.*?\}|\W", "", words("en")[key]):
        assert re.search(r"[\u4e00-\u9fff]", words("zh")[key].replace("{rule}：{scope}", "界限"))


def test_every_rule_and_step_has_words() -> None:
    for name in rule:
        assert f"rule.{name}" in WORDS
    for name in (*DRIVERS, "share", "hedge", "locks", "rounding"):
        assert f"step.{name}" in WORDS
    assert {TARGET, *LOCKS} <= set(rule)
    assert rule_words("en", "mine 2") == "mine 2"
    assert step_words("zh", "limit_change 2") == "同比变动限制 2"


# The command.


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    base = (project / "scenarios/base.toml").read_text(encoding="utf-8")
    rules = "[rules.limit_change]\nup = 1.2\nranges = { R1 = [0.9, 1.05] }\n"
    rules += "[rules.meet_region_target]\nvalues = { North = 39_000 }\n"
    (project / "scenarios/held.toml").write_text(f"{base}{rules}", encoding="utf-8")
    return project


def test_a_price_is_told_only_where_it_is_proven() -> None:
    row = SimpleNamespace(price=2e-6, limit=1e5, price_from=9.8e4, price_to=1.01e5)
    assert price_text(row, "there", "en").startswith("1,000 less there would lower the highest level it moves by 0.002")
    row.price_from = 1e5  # a limit just reached: less of it is another story
    assert price_text(row, "there", "en").startswith("1,000 more there would raise the highest level")
    assert price_text(row, "此处", "zh").startswith("此处每增 1,000，其影响的最高水平提高 0.002")
    row.price_to = 1e5
    assert "cannot move alone" in price_text(row, "there", "en")


def test_explain_a_plan(inside: Path, call: Call) -> None:
    call("run", "held")
    code, out, _ = call("explain")
    assert code == 0
    assert out == PLAN


def test_explain_a_rep(inside: Path, call: Call) -> None:
    call("run", "held")
    code, out, _ = call("explain", "last", "--rep", "Bob")
    assert code == 0
    assert out == REP
    code, out, _ = call("explain", "--rep", "R2", "--lang", "zh", "--html", "page.html")
    assert code == 0
    assert out == ZH
    page = Path("page.html").read_text(encoding="utf-8")
    assert 'lang="zh-CN"' in page
    assert "{{" not in page
    assert not re.search("https?:|<script|Ana|Dee|张伟", page)


def test_explain_all_reps(inside: Path, call: Call) -> None:
    call("run", "held")
    code, out, _ = call("explain", "--all-reps", "--out", "explain.csv", "--top", 2)
    assert code == 0
    assert out == ALL
    table = pd.read_csv("explain.csv", encoding="utf-8-sig")
    assert sums(table) == written(open_run(find_run(inside, "last"), inside))
    code, out, _ = call("explain", "--all-reps", "--format", "csv")
    assert out.splitlines()[0] == "rep_id,order,step,amount,total,source"


def test_json_holds_the_page(inside: Path, call: Call) -> None:
    call("run")
    _, out, _ = call("explain", "--rep", "R1", "--format", "json")
    found = json.loads(out)
    assert found["rep"]["quota"] == found["rows"][-1]["total"] == 12_000
    assert [row["way"] for row in found["less"]] == ["target", "lock"]


def test_changed_data_are_not_explained(inside: Path, call: Call) -> None:
    call("run")
    path = inside / "scenarios/data/history.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("R1,core,2025-01,750", "R1,core,2025-01,751"))
    code, _, said = call("explain", "--rep", "R1")
    assert code == 1
    assert "scenarios/data/history.csv has changed since the run" in said
    assert "plan again: quotaopt run base" in said
    with pytest.raises(InputError):
        _ = open_run(find_run(inside, "last"), inside).problem


def test_no_plan_no_why(inside: Path, call: Call) -> None:
    call("run", "impossible")
    with pytest.raises(NoPlanError, match="no plan to explain"):
        find_run(inside, "last").need_plan("explain")
    assert call("explain", "impossible")[0] == 3


PLAN = """\
 1  meet_target (scenarios/held.toml:4) holds the plan together: without it there is none. 10,000
    less for the company (120,000) would lower the highest level it moves by 0.12, in proportion
    from 108,000 to 132,000 at least.
 2  meet_region_target (scenarios/held.toml:15) moves 3,000 EUR, concerning 4 reps; 1 of its limits
    is reached. It raises the highest level by 0.1000 to 1.1000. Most: Bob gets +2,400, Dee gets
    -1,714. 100 less for North (39,000) would lower the highest level it moves by 0.0042, in
    proportion from 38,610 to 39,390 at least.
 3  limit_change (scenarios/held.toml:12) moves 400.00 EUR, concerning 2 reps; 1 of its limits is
    reached. It raises the highest level by 0.0167 to 1.1000. Most: Bob gets +400.00, Ana gets
    -400.00. 100 more for Ana (12,600) would lower the highest level it moves by 0.0042, in
    proportion from 11,340 to 12,726 at least.
Without any one of these the plan would be the same: stay_within_capacity.
"""
REP = """\
Bob  R2 · North · 2027-01 to 2027-12
26,400 EUR: 1.10 × last year's sales, 1.10 × capacity

How it came about                        adds   comes to  written in
Sales in the same months last year             24,000.00
Targets of regions and teams        +2,400.00  26,400.00  scenarios/held.toml:15
Quota                                          26,400.00
 Steps that change nothing: what full-time work is forecast to sell, presence, leave, ramp,
 potential of the market, and prices, capacity is taken at a chosen quantile, hours, supply, fair
 share of the company's target, limit against capacity, limit of change against last year,
 overassignment, quotas that were fixed by hand, rounding to whole units.

What holds it
  · It stands at 1.10, the peer group at 0.96; kept apart by targets of regions and teams
    (scenarios/held.toml:16).
  · Limit of change against last year: limits of others (scenarios/held.toml:12). Without this rule
    alone: 26,000 (-400.00).
  · Targets of regions and teams: North exactly 39,000 (scenarios/held.toml:16). Without this rule
    alone: 24,000 (-2,400). 100 less there would lower the highest level it moves by 0.0042, in
    proportion from 38,610 to 39,390 at least.

The peers most like you
  · Nearest in capacity, potential, last year's sales and presence. No names; amounts to two digits.
        last year  capacity  presence   quota  quota / capacity
you        24,000    24,000      1.00  26,400              1.10
Peer A     36,000    36,000      1.00  35,000              0.96
Peer B     12,000    12,000      1.00  13,000              1.05
Peer C     48,000    48,000      1.00  46,000              0.96

What would have to be true for 5 % less (25,080)
  · The target of North, and the company's with it, would be lower by 1,390 (1.2 % of the
    company's).
  · It cannot be fixed there: targets of regions and teams, limit of change against last year
    (scenarios/held.toml:16; scenarios/held.toml:14) forbid it.
"""
ZH = """\
Bob  R2 · North · 2027-01 至 2027-12
26,400 EUR：为上年同期销售的 1.10 倍，产能的 1.10 倍

配额的由来           增减       累计  出处
上年同期销售               24,000.00
区域或团队目标  +2,400.00  26,400.00  scenarios/held.toml:15
配额                       26,400.00
 没有影响的步骤：按全勤预测的潜力、在岗、休假、爬坡、市场潜力与价格、产能按选定分位数取值、工时、供
 应、公司目标的公平份额、产能上限、同比变动限制、超额分配、人工锁定的配额、取整。

约束
  · 水平为 1.10，同组为 0.96；原因：区域或团队目标（scenarios/held.toml:16）。
  · 同比变动限制：其他人的界限（scenarios/held.toml:12）。仅去掉此规则：26,000（-400.00）。
  · 区域或团队目标：North 恰为
    39,000（scenarios/held.toml:16）。仅去掉此规则：24,000（-2,400）。此处每减
    100，其影响的最高水平降低 0.0042，至少在 38,610 至 39,390 之间成比例。

最相近的同事
  · 按产能、潜力、上年销售和在岗程度最为接近。不含姓名，金额取两位有效数字。
        上年同期    产能  在岗    配额  配额 / 产能
本人      24,000  24,000  1.00  26,400         1.10
同事 A    36,000  36,000  1.00  35,000         0.96
同事 B    12,000  12,000  1.00  13,000         1.05
同事 C    48,000  48,000  1.00  46,000         0.96

若要减少 5%（至 25,080），需要
  · North 的目标连同公司目标降低 1,390（公司目标的 1.2%）。
  · 不能锁定在该值：区域或团队目标、同比变动限制（scenarios/held.toml:16;
    scenarios/held.toml:14）不允许。
Saved   page.html
"""
ALL = """\
rep   last_year  meet_region_target  rounding    quota
Dee      48,000              -1,714     +0.29   46,286
张伟     36,000              -1,286     -0.29   34,714
all     120,000                                120,000
… 2 more: --top 4, or --format csv
Saved   explain.csv
"""
