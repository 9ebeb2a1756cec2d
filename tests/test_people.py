"""People on leave, seats to be filled, people left out, peers by columns: from the tables to the plan."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from quotaopt.archive import Run, load_run

Call = Callable[..., tuple[int, str, str]]
ROSTER = """\
rep_id,rep_name,region,team,role,start_date
R1,Ana,North,A,hunter,2020-01-01
R2,Bob,North,A,farmer,2020-01-01
R3,张伟,South,B,hunter,2020-01-01
R4,Dee,South,B,farmer,2020-01-01
"""


def write(project: Path, keys: str = "", data: str = "", roster: str = ROSTER, **files: str) -> None:
    """The base scenario with more keys, tables and files."""
    file = project / "scenarios/base.toml"
    text = file.read_text(encoding="utf-8").replace("[data]", f"{keys}\n[data]\n{data}")
    tables = "".join(f'{name} = "data/{name}.csv"\n' for name in files)
    file.write_text(text.replace("[data]\n", f"[data]\n{tables}"), encoding="utf-8")
    for name, content in ({"roster": roster} | files).items():
        (project / f"scenarios/data/{name}.csv").write_text(content, encoding="utf-8")


def run(project: Path, call: Call) -> Run:
    code, out, err = call("-C", project, "run", "base")
    assert code == 0, out + err
    return load_run(sorted((project / "runs").iterdir())[-1])


def quota_of(made: Run, *by: str) -> dict[Any, float]:
    return dict(made.table("quotas").groupby(list(by))["quota"].sum())


LEAVE = "rep_id,from,to,relief,kind\nR4,2027-04-01,2027-06-30,,parental\n"


def test_peers_carry_what_leave_relieves(project: Path, call: Call) -> None:
    """R4 carries 4 of 10; a quarter of its year is away: 117,000 is left of capacity 120,000; all are 120/117."""
    write(project, leave=LEAVE)
    made = run(project, call)
    by_rep = quota_of(made, "rep_id")
    assert sum(by_rep.values()) == 120_000
    assert by_rep == {"R1": 13_333, "R2": 26_667, "R3": 40_000, "R4": 40_000}
    assert quota_of(made, "rep_id", "period")["R4", "2027-05"] == 0
    row = made.table("leave").iloc[0]
    assert row.tolist() == ["R4", "Dee", "2027-04-01", "2027-06-30", "parental", 91, 1.0, 12_000.0, 12_000.0, "peers"]


def test_the_company_may_give_up_what_leave_relieves(project: Path, call: Call) -> None:
    write(project, keys='[leave]\nto = "company"\n', leave=LEAVE)
    made = run(project, call)
    assert quota_of(made, "rep_id") == {"R1": 12_000, "R2": 24_000, "R3": 36_000, "R4": 36_000}
    total = made.table("totals").iloc[0]
    assert (total["target"], total["quota"], total["gap"]) == (120_000, 108_000, -12_000)
    assert made.table("leave").iloc[0][["quota", "goes_to"]].tolist() == [12_000, "company gap"]
    said = made.table("warnings").set_index("code").loc["leave"]
    assert said["message"].startswith("quotas add up to 12,000 less than the target")
    assert said["file"] == "scenarios/base.toml"
    assert call("-C", project, "verify", made.folder)[0] == 0


def test_a_quota_with_relief_is_explained_to_the_cent(project: Path, call: Call) -> None:
    write(project, keys='overassignment = 0.1\n\n[leave]\nto = "company"\n', leave=LEAVE)
    made = run(project, call)
    assert quota_of(made, "rep_id") == {"R1": 13_200, "R2": 26_400, "R3": 39_600, "R4": 39_600}
    code, out, err = call("-C", project, "explain", made.folder, "--rep", "R4")
    assert code == 0, out + err
    assert "39,600" in out
    assert "today's program plans" not in out + err


def test_a_region_gives_up_its_own_relief_only(project: Path, call: Call) -> None:
    keys = 'by_region = { North = 36_000, South = 84_000 }\n[leave]\nto = "company"\n'
    write(project, keys=keys, leave=LEAVE)
    assert quota_of(run(project, call), "region") == {"North": 36_000, "South": 72_000}


def test_the_team_may_keep_what_leave_relieves(project: Path, call: Call) -> None:
    """Team B carries 84,000 with or without R4's three months: R3 and R4 share it by what is left, 36 to 36."""
    write(project, keys='[leave]\nto = "team"\n', leave=LEAVE)
    made = run(project, call)
    assert quota_of(made, "rep_id") == {"R1": 12_000, "R2": 24_000, "R3": 42_000, "R4": 42_000}
    rule = made.table("rules").set_index("rule").loc["keep_relief"]
    assert (rule["scope"], rule["limit"], rule["source"].rpartition(":")[0]) == ("B", 84_000, "scenarios/base.toml")
    assert made.table("leave").iloc[0]["goes_to"] == "B"
    assert call("-C", project, "verify", made.folder)[0] == 0


def test_half_relief_and_short_leave(project: Path, call: Call) -> None:
    half = LEAVE.replace("30,,", "30,0.5,")
    write(project, keys='[leave]\nto = "company"\nminimum_days = 10\n', leave=half + "R1,2027-03-01,2027-03-09,,sick\n")
    made = run(project, call)
    assert made.table("leave")[["rep_id", "relief", "quota"]].to_numpy().tolist() == [["R4", 0.5, 6_000]]
    assert sum(quota_of(made, "rep_id").values()) == 114_000


def test_leave_in_the_past_is_no_lower_forecast(project: Path, call: Call) -> None:
    """R1 was away in May and June 2026 and sold nothing: the forecast of these months is that of the others."""
    write(project, leave="rep_id,from,to\nR1,2026-05-01,2026-06-30\n")
    sales = project / "scenarios/data/history.csv"
    away = tuple(f"R1,{product},2026-{month}" for product in ("cloud", "core") for month in ("05", "06"))
    lines = [line for line in sales.read_text("utf-8").splitlines() if not line.startswith(away)]
    sales.write_text("\n".join([*lines, *(f"{row},0" for row in away)]) + "\n", encoding="utf-8")
    assert quota_of(run(project, call), "rep_id")["R1"] == 12_000


def test_leave_by_working_days(project: Path, call: Call) -> None:
    """The first week of March 2027 is 5 of 23 weekdays, and 7 of 31 days."""
    write(project, leave="rep_id,from,to\nR1,2027-03-01,2027-03-07\n", data='calendar_changes = "data/none.csv"\n')
    (project / "scenarios/data/none.csv").write_text("date,is_workday\n2027-01-01,no\n", encoding="utf-8")
    by_days = run(project, call).table("capacity")
    file = project / "scenarios/base.toml"
    file.write_text('calendar = "data/none.csv"\n' + file.read_text("utf-8").replace(
        'calendar_changes = "data/none.csv"\n', ""), encoding="utf-8")  # fmt: skip
    by_workdays = run(project, call).table("capacity")
    heads = [
        table[(table["rep_id"] == "R1") & (table["period"] == "2027-03")].iloc[0] for table in (by_days, by_workdays)
    ]
    assert [row["headcount"] for row in heads] == [
        pytest.approx(1 - 7 / 31, abs=1e-6),
        pytest.approx(1 - 5 / 23, abs=1e-6),
    ]
    assert pd.isna(heads[0]["working_days"])
    assert heads[1]["working_days"] == 23


def test_full_time_shares_that_change_within_the_year(project: Path, call: Call) -> None:
    """R4 is there half of the time from July on, and was in the second half of 2026, when 4,000 a month were sold.

    So 8,000 a month are full time in July to December; R1 is not there at all in June.
    """
    rows = "rep_id,from,to,fte\nR4,2026-07-01,2026-12-31,0.5\nR4,2027-07-01,,0.5\nR1,2027-06-01,2027-06-30,0\n"
    write(project, headcounts=rows)
    table = run(project, call).table("capacity")
    months = table.groupby(["rep_id", "period"])[["headcount", "potential", "capacity"]].agg(
        {"headcount": "mean", "potential": "sum", "capacity": "sum"}
    )
    four = months.loc["R4"]
    assert four["headcount"].tolist() == [1.0] * 6 + [0.5] * 6
    assert four["potential"].tolist() == [4_000] * 6 + [8_000] * 6
    assert four["capacity"].tolist() == [4_000] * 12
    assert months.loc[("R1", "2027-06"), "capacity"] == 0
    rows = "rep_id,from,to,fte\nR4,2027-01-01,,0.5\nR4,2027-07-01,,2\nR9,2027-01-01,,1\n"
    (project / "scenarios/data/headcounts.csv").write_text(rows, encoding="utf-8")
    code, out, _ = call("check", "-C", project, "base")
    assert code == 1
    assert "headcounts.csv:3" in out
    assert "overlaps the headcount of line 2" in out
    assert "headcounts.csv:4" in out


def test_paid_leave_may_relieve_nothing(project: Path, call: Call) -> None:
    leave = "rep_id,from,to,paid\nR4,2027-04-01,2027-06-30,yes\nR3,2027-01-01,2027-01-31,no\n"
    write(project, keys='[leave]\nto = "company"\nrelieve_paid = false\n', leave=leave)
    assert run(project, call).table("leave")[["rep_id", "quota"]].to_numpy().tolist() == [["R3", 3_000]]


def test_targets_of_nodes_give_up_their_own_relief(project: Path, call: Call) -> None:
    """South's 84,000 lose R4's 12,000; so do its core (9,000 of 63,000), its second quarter and the company."""
    keys = '[tree]\nlevels = ["region"]\n\n[targets.region]\nNorth = 36_000\nSouth = 84_000\n[leave]\nto = "company"\n'
    nodes = "level,node,product_id,quarter,target\nregion,South,core,,63000\nregion,South,,2027-Q2,21000\n"
    write(project, keys=keys, leave=LEAVE, data='nodes = "data/nodes.csv"\n')
    (project / "scenarios/data/nodes.csv").write_text(nodes, encoding="utf-8")
    made = run(project, call)
    assert quota_of(made, "region") == {"North": 36_000, "South": 72_000}
    assert quota_of(made, "region", "product_id")["South", "core"] == 54_000
    late = made.table("quotas").query("region == 'South' and '2027-04' <= period <= '2027-06'")["quota"].sum()
    assert late == 9_000
    assert made.table("nodes").query("node == 'South'")["quota"].iloc[0] == 72_000
    assert call("-C", project, "verify", made.folder)[0] == 0


def test_mistakes_of_leave_are_named_with_their_lines(project: Path, call: Call) -> None:
    write(project, leave="rep_id,from,to,relief\nR1,2027-03-01,2027-04-30,1\nR1,2027-04-15,2027-05-01,2\n"
          "R9,2027-01-01,,\nR2,2027-05-01,2027-04-01,\n")  # fmt: skip
    code, out, err = call("-C", project, "check", "base")
    place = "scenarios/data/leave.csv"
    assert code == 1
    assert out + err == (
        f"{place}:3  relief: not between 0 and 1 (got '2'). Write 1 for all of the quota of these days, 0.5 for half of"
        " it.\n"
        f"{place}:5  to (end_date): before from (start_date) 2027-05-01 (got '2027-04-01').\n"
        f"{place}:4  rep_id: not in scenarios/data/roster.csv (got 'R9'). Nearest: 'R4'.\n"
        f"{place}:3  from (start_date): overlaps the leave of line 2 (got '2027-04-15'). End one the day before the"
        " other begins.\n"
        "4 problems, 0 warnings. Nothing was run.\n"
    )


# ------------------------------------------------------------------ seats

SEAT = (
    ROSTER.replace("start_date\n", "start_date,is_vacant\n").replace("01-01\n", "01-01,\n")
    + "S1,,South,B,hunter,2027-04-01,yes\n"
)


def test_quota_of_a_vacant_seat_is_uncovered_month_by_month(project: Path, call: Call) -> None:
    write(project, keys="[hiring]\ndelay = [0.2, 0.5, 0.3]\n\n[ramp]\nprofile = [0.5]\n", roster=SEAT)
    made = run(project, call)
    seat = made.table("uncovered")
    assert set(seat["rep_id"]) == {"S1"}
    assert seat["filled"].tolist()[:4] == [0.2, 0.7, 1.0, 1.0]
    assert seat["period"].tolist()[0] == "2027-04"
    assert seat["quota"].sum() == quota_of(made, "rep_id")["S1"]
    rows = made.table("capacity")
    rows = rows[(rows["rep_id"] == "S1") & (rows["product_id"] == "core")].set_index("period")
    assert rows["headcount"].tolist()[2:7] == [0, 0.2, 0.7, 1, 1]
    presence = rows["headcount"] * rows["ramp"]
    assert presence.tolist()[3:7] == pytest.approx([0.1, 0.2 + 0.25, 0.7 + 0.15, 1], abs=1e-5)
    measures = made.table("measures").set_index("measure")["value"]
    assert measures["uncovered"] == seat["quota"].sum()
    assert "uncovered until filled" in " ".join(made.table("warnings")["message"])


def test_a_seat_that_is_filled_keeps_the_months_before(project: Path, call: Call) -> None:
    """The row gets a name and is no longer vacant: months before July stay as they were."""
    write(project, roster=SEAT)
    before = run(project, call)
    filled = SEAT.replace("S1,,South,B,hunter,2027-04-01,yes", "S1,Eve,South,B,hunter,2027-04-01,no")
    plan = f'plan = "{(before.folder / "quotas.csv").as_posix()}"\n'
    write(project, data=plan, roster=filled)
    model = project / "models/plain.toml"
    model.write_text(model.read_text("utf-8") + '\n[rules.keep_plan]\nbefore = "2027-07"\n', encoding="utf-8")
    after = run(project, call)
    assert not after.has("uncovered")
    old, new = (quota_of(made, "rep_id", "period") for made in (before, after))
    for key in old:
        if key[1] < "2027-07":
            assert new[key] == old[key]
    assert sum(new.values()) == sum(old.values())
    assert "Eve" in set(after.table("quotas")["rep_name"])


def test_a_seat_vacant_for_years_is_not_filled_before_the_plan(project: Path, call: Call) -> None:
    write(project, keys="[hiring]\ndelay = [0.0, 1.0]\n", roster=SEAT.replace("2027-04-01", "2025-01-01"))
    rows = run(project, call).table("capacity").set_index("rep_id").loc["S1"]
    assert rows[rows["product_id"] == "core"]["headcount"].tolist()[:3] == [0, 1, 1]


def test_chinese_headers_mean_the_same(project: Path, call: Call) -> None:
    heads = "工号,开始日期,结束日期,减免比例,假别"
    leave = LEAVE.replace("rep_id,from,to,relief,kind", heads).replace("2027-04-01", "2027年4月1日")
    heads = "工号,姓名,大区,团队,岗位,入职日期,是否空缺"
    roster = SEAT.replace("rep_id,rep_name,region,team,role,start_date,is_vacant", heads).replace(",yes", ",是")
    write(project, roster=roster, leave=leave)
    made = run(project, call)
    assert made.table("leave")[["rep_id", "kind", "days", "relief"]].to_numpy().tolist() == [["R4", "parental", 91, 1]]
    assert set(made.table("uncovered")["rep_id"]) == {"S1"}


# ------------------------------------------------------------------ left out

OUT = ROSTER.replace("start_date\n", "start_date,include,exclude_reason\n").replace("01-01\n", "01-01,yes,\n")
OUT = OUT.replace("R2,Bob,North,A,farmer,2020-01-01,yes,", "R2,Bob,North,A,farmer,2020-01-01,no,own contract")


def test_who_is_left_out_has_no_target_and_stays_in_the_history(project: Path, call: Call) -> None:
    write(project, roster=OUT)
    made = run(project, call)
    assert quota_of(made, "rep_id") == {"R1": 15_000, "R3": 45_000, "R4": 60_000}
    assert made.table("excluded").to_numpy().tolist() == [
        ["R2", "Bob", "North", "own contract", "scenarios/data/roster.csv:3"]
    ]
    said = made.table("warnings").set_index("code")["message"]
    assert said["excluded"] == "1 rep left out of the plan, without a target: R2 (own contract)"
    assert said["vacant"].startswith("66.7 % of North's forecast, 24,000, is held by nobody")
    assert made.table("vacant")["potential"].sum() == pytest.approx(24_000)


def test_a_lock_on_somebody_left_out_is_a_problem(project: Path, call: Call) -> None:
    write(project, roster=OUT, locks="rep_id,product_id,month,value\nR2,,,5000\n")
    code, out, err = call("-C", project, "check", "base")
    assert code == 1
    assert (
        "locks.csv:2  rep_id: is left out of the plan (scenarios/data/roster.csv:3): there is no quota to decide"
        " (got 'R2'). Delete the row, or include the rep.\n" in out + err
    )


def test_a_territory_of_somebody_left_out_may_be_given_to_another(project: Path, call: Call) -> None:
    spans = "rep_id,territory_id,from,to\nR2,T2,,2026-12-31\nR1,T2,2027-01-01,\nR1,T1,,\n"
    write(project, roster=OUT, assignments=spans)
    made = run(project, call)
    assert quota_of(made, "rep_id")["R1"] == pytest.approx(36_000, abs=1)
    assert not made.has("vacant")


# ------------------------------------------------------------------ peers


def test_peers_are_those_alike_in_the_columns_named(project: Path, call: Call) -> None:
    roster = ROSTER.replace("start_date\n", "start_date,grade\n").replace("01-01\n", "01-01,senior\n")
    write(project, keys='peers = ["role", "grade"]\n', roster=roster)
    made = run(project, call)
    groups = made.table("fairness").set_index("rep_id")["peer_group"].to_dict()
    assert groups == {"R1": "hunter/senior", "R2": "farmer/senior", "R3": "hunter/senior", "R4": "farmer/senior"}


def test_peers_by_a_column_that_is_not_there_is_a_problem(project: Path, call: Call) -> None:
    write(project, keys='peers = ["role", "grad"]\n')
    code, out, err = call("-C", project, "check", "base")
    assert code == 1
    assert "peers: the roster has no such column (got 'grad')." in out + err


# ------------------------------------------------------------------ territories


def test_a_vacant_territory_whose_holder_nobody_knows_takes_the_region_it_is_given(project: Path, call: Call) -> None:
    sales = project / "scenarios/data/history.csv"
    sales.write_text(sales.read_text("utf-8").replace("R2,", "X2,"), encoding="utf-8")
    roster = "\n".join(line for line in ROSTER.splitlines() if not line.startswith("R2")) + "\n"
    write(project, roster=roster, assignments="rep_id,territory_id,to\nX2,T2,2026-12-31\n")
    made = run(project, call)
    said = made.table("warnings").set_index("code")
    assert said.loc["no_region", "message"] == "in no region, because nobody of the roster has held them: T2"
    told = "rep_id,territory_id,to,region\nX2,T2,2026-12-31,North\n"
    (project / "scenarios/data/assignments.csv").write_text(told, encoding="utf-8")
    made = run(project, call)
    assert set(made.table("vacant")["region"]) == {"North"}
    assert "no_region" not in set(made.table("warnings")["code"])


def test_a_territory_split_within_the_plan_splits_its_capacity_from_then_on(project: Path, call: Call) -> None:
    spans = "R4,T4,,2027-03-31,\nR3,T4,2027-04-01,,0.25\nR4,T4,2027-04-01,,0.75\nR3,T3,,,\n"
    write(project, assignments=f"rep_id,territory_id,from,to,share\n{spans}")
    rows = run(project, call).table("capacity").groupby(["rep_id", "period"])["capacity"].sum()
    assert [rows["R4", month] for month in ("2027-03", "2027-04")] == pytest.approx([4000, 3000])
    assert [rows["R3", month] for month in ("2027-03", "2027-04")] == pytest.approx([3000, 4000])


def test_the_examples_of_the_how_to_run(project: Path, call: Call) -> None:
    """Its tables of leave, of seats and of people left out, with the keys beside them."""
    page = (Path(__file__).parents[1] / "docs/howto-people-and-territories.md").read_text(encoding="utf-8")
    tables = [block.partition("```")[0] for block in page.split("```text\n")[1:]]
    keys = [block.partition("```")[0] for block in page.split("```toml\n")[1:]]
    leave = next(block for block in tables if "relief" in block).replace("R04", "R4").replace("R11", "R1")
    seat, out = (next(b for b in tables if name in b).splitlines() for name in ("is_vacant", "exclude_reason"))
    roster = ROSTER + "".join(f"S{n},,East,B,hunter,2027-04-01\n" for n in range(1, 3))
    frame = pd.read_csv(StringIO(roster), dtype=str)
    assert set(seat[0].split(",")) | set(out[0].split(",")) <= {*frame, "is_vacant", "include", "exclude_reason"}
    frame["is_vacant"] = frame["rep_id"].map({"S1": "yes", "S2": "yes"})
    frame["include"] = frame["rep_id"].map({"R2": "no"})
    hiring = next(block for block in keys if "[hiring]" in block).replace("manager", "farmer")
    away = next(block for block in keys if "[leave]" in block).partition("[leave]")[2]
    more = f'peers = ["role", "region"]\n{hiring}\n[leave]{away}'
    write(project, keys=more, roster=frame.to_csv(index=False), leave=leave)
    made = run(project, call)
    assert [len(made.table(name)) > 0 for name in ("leave", "uncovered", "excluded")] == [True] * 3
