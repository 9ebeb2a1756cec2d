"""Credit that is shared: overlay reps in a ledger of their own, sales split between reps."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.archive import Run, find_run
from quotaopt.check import check_scenario
from quotaopt.scenario import load_scenario
from quotaopt.tables import read_inputs
from quotaopt.tables.catalogue import HISTORY
from quotaopt.tables.credit import split_sales
from quotaopt.tables.sheet import Sheet

from .conftest import ROSTER, SCENARIO, history

Call = Callable[..., tuple[int, str, str]]
WITH = "rep_id,rep_name,region,start_date,overlay\n" + "".join(f"{row},\n" for row in ROSTER.splitlines()[1:])


def write(project: Path, roster: str = "", sales: str = "", **tables: str) -> None:
    keys = "".join(f'{name} = "data/{name}.csv"\n' for name in tables)
    (project / "scenarios/base.toml").write_text(SCENARIO.format(about="Credit", target=120_000) + keys)
    given = tables | {"roster": roster or WITH} | ({"history": sales} if sales else {})
    for name, rows in given.items():
        (project / f"scenarios/data/{name}.csv").write_text(rows, encoding="utf-8")


def problems(project: Path) -> list[str]:
    inputs, findings = check_scenario(load_scenario("base", project))
    assert inputs is None
    return [str(finding) for finding in findings]


def run_it(project: Path, call: Call) -> Run:
    assert call("run", "-C", project)[0] == 0
    assert call("verify", "last", "-C", project, "--rerun")[0] == 0
    return find_run(project, "last")


def plain(run: Run) -> pd.DataFrame:
    return run.table("quotas").drop(columns="run_id")


def test_overlay_reps_change_no_quota_and_stand_in_a_ledger_of_their_own(project: Path, call: Call) -> None:
    """X1 is credited with all of North (36,000) and, from July, with half of R4's core (48,000 × 3/4 / 2 months)."""
    assert call("run", "-C", project)[0] == 0
    before = find_run(project, "last")
    overlays = (
        "rep_id,covers_rep,region,product_id,from,share\nX1,,North,,,1\nX1,R4,,core,2027-07-01,0.5\nX2,,,cloud,,0.1\n"
    )
    write(project, roster=f"{WITH}X1,Xi,North,,yes\nX2,Xu,South,,yes\n", overlays=overlays)
    run = run_it(project, call)
    assert plain(run).equals(plain(before))
    assert run.table("totals")["key"].tolist() == before.table("totals")["key"].tolist()
    table = run.table("overlay")
    rows = table[table["level"] != "cell"][["level", "rep_id", "covered", "quota", "credited"]].to_numpy().tolist()
    assert rows == [
        ["all", "", 120_000, 48_000, 1.4],  # 36,000 + 9,000 and 3,000 for X2
        ["rep", "X1", 36_000 + 18_000, 36_000 + 9_000, round(99 / 54, 6)],
        ["rep", "X2", 30_000, 3_000, 1.1],
    ]
    cells = table[table["level"] == "cell"].groupby("rep_id")[["covered", "quota"]].sum()
    assert cells.to_numpy().tolist() == [[54_000, 45_000], [30_000, 3_000]]


def test_an_overlay_covers_a_territory_through_whoever_holds_it(project: Path, call: Call) -> None:
    """R1 holds T1 and T2; the overlay of T1 covers half of R1's 12,000."""
    assignments = "rep_id,territory_id,kind,share\nR1,T1,split,1\nR1,T2,,1\nX1,T1,overlay,1\n"
    write(project, roster=f"{WITH}X1,Xi,North,,yes\n", assignments=assignments)
    table = run_it(project, call).table("overlay")
    assert table[table["level"] == "rep"][["covered", "quota"]].to_numpy().tolist() == [[12_000, 6_000]]


def test_sales_written_for_an_overlay_rep_are_left_out_with_their_sum(project: Path, call: Call) -> None:
    sales = history() + "X1,core,2026-12,500.5\nX1,core,2026-11,100\n"
    write(project, roster=f"{WITH}X1,Xi,North,,yes\n", sales=sales)
    inputs = read_inputs(load_scenario("base", project))
    assert inputs.history["amount"].sum() == 240_000
    said = [w.what for w in inputs.warnings]
    assert said == ["left out 2 rows of overlay reps, 600.50: whoever booked them has them"]
    notes = run_it(project, call).table("warnings")["message"].tolist()
    assert "overlay reps who cover nobody: X1" in notes


def test_overlays_that_cannot_be(project: Path) -> None:
    write(
        project,
        roster=f"{WITH}X1,Xi,North,,yes\n",
        overlays="rep_id,covers_rep,region,product_id,share\nR1,R2,,,1\nX1,X1,,,1\nX1,,West,,1\nX1,,,c,1\nX1,R2,,,2\n",
        assignments="rep_id,territory_id,kind\nR1,T1,overlay\nX1,T1,\nR2,T2,borrow\n",
        locks="rep_id,value\nX1,5\n",
    )
    assert problems(project) == [
        "scenarios/data/locks.csv:2  rep_id: an overlay rep has no quota of its own (got 'X1'). Delete the row.",
        (
            "scenarios/data/assignments.csv:4  kind: neither split nor overlay (got 'borrow'). "
            "Leave it empty for who holds it."
        ),
        "scenarios/data/assignments.csv:2  rep_id: no overlay rep (got 'R1'). Write yes in its column overlay.",
        "scenarios/data/assignments.csv:3  rep_id: an overlay rep holds nothing (got 'X1'). Write kind = overlay.",
        (
            "scenarios/data/overlays.csv:6  share: not between 0 and 1 (got '2'). "
            "Write 1 for all of it, 0.5 for half of it."
        ),
        (
            "scenarios/data/overlays.csv:5  product_id: not in scenarios/data/history.csv (got 'c'). "
            "Add the product there."
        ),
        (
            "scenarios/data/overlays.csv:2  rep_id: not in the overlay reps of scenarios/data/roster.csv (got 'R1'). "
            "Nearest: 'X1'."
        ),
        (
            "scenarios/data/overlays.csv:3  covers_rep: not in scenarios/data/roster.csv, or an overlay rep too "
            "(got 'X1'). Nearest: 'R1'."
        ),
        (
            "scenarios/data/overlays.csv:4  region: not in scenarios/data/roster.csv (got 'West'). "
            "Write a region of the roster."
        ),
    ]


# ------------------------------------------------------------------ split credit


def test_a_split_moves_history_and_quota_by_the_share(project: Path, call: Call) -> None:
    """A quarter of what R4 books (48,000) is R1's: 12,000 + 12,000, and R4 keeps 36,000."""
    write(project, splits="rep_id,credit_rep,share\nR4,R4,0.75\nR4,R1,0.25\n")
    totals = run_it(project, call).table("totals")
    assert totals[totals["level"] == "rep"]["quota"].tolist() == [24_000, 24_000, 36_000, 36_000]


def test_a_quota_share_of_its_own_goes_before_the_share_of_credit(project: Path, call: Call) -> None:
    write(project, splits="rep_id,credit_rep,share,quota_share\nR4,R4,0.75,1\nR4,R1,0.25,0\n")
    totals = run_it(project, call).table("totals")
    assert totals[totals["level"] == "rep"]["quota"].tolist() == [12_000, 24_000, 36_000, 48_000]


def test_one_order_may_be_split(project: Path) -> None:
    sales = (
        "rep_id,product_id,month,amount,order_id\nR1,core,2026-01,100,A\nR1,core,2026-01,50,B\nR2,core,2026-02,7,A\n"
    )
    splits = "rep_id,order_id,credit_rep,share\nR1,A,R1,0.4\nR1,A,R3,0.6\nR1,,R1,0.9\nR1,,R4,0.1\n"
    write(project, sales=sales, splits=splits)
    found = read_inputs(load_scenario("base", project)).history
    assert found[["rep_id", "month", "amount"]].to_numpy().tolist() == [
        ["R1", "2026-01", 85.0], ["R2", "2026-02", 7.0], ["R3", "2026-01", 60.0], ["R4", "2026-01", 5.0],
    ]  # fmt: skip


def test_shares_that_do_not_add_up_are_named(project: Path) -> None:
    splits = "rep_id,order_id,credit_rep,share,quota_share\nR1,,R1,0.5,1\nR1,,R2,0.3,\nR2,A,R3,1,0.5\nR3,,R9,1,\n"
    write(project, splits=splits)
    remedy = "Write shares that add up to 1; what the seller keeps is a row too."
    assert problems(project) == [
        f"scenarios/data/splits.csv:2  shares of R1 add up to 80 %. {remedy}",
        f"scenarios/data/splits.csv:2  shares of R1 add up to 130 %. {remedy}",
        f"scenarios/data/splits.csv:4  shares of R2 A add up to 50 %. {remedy}",
        "scenarios/data/splits.csv:5  credit_rep: not in scenarios/data/roster.csv (got 'R9'). Nearest: 'R4'.",
    ]


@given(
    sales=st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from(["", "o", "q"]), st.integers(-(10**6), 10**6)), max_size=20
    ),
    parts=st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["", "o"]), st.integers(1, 9)), max_size=4),
)
@settings(max_examples=150, derandomize=True)
def test_dividing_keeps_every_sum_to_the_last_digit(
    sales: list[tuple[str, str, int]], parts: list[tuple[str, str, int]]
) -> None:
    whose = {(rep, order): tenths for rep, order, tenths in parts}
    rows = [(r, o, to, part, None) for (r, o), k in whose.items() for to, part in (("B", k / 10), ("C", 1 - k / 10))]
    splits = pd.DataFrame(rows, columns=["rep_id", "order_id", "credit_rep", "share", "quota_share"])
    splits = splits.astype({"share": float, "quota_share": float}).round(1)
    sheet = Sheet(HISTORY)
    frame = pd.DataFrame(
        [(r, o, f"{v / 100:f}") for r, o, v in sales], columns=["rep_id", "order_id", "amount"], dtype=str
    )
    sheet.fill(frame, range(len(frame)))
    split_sales(sheet, splits)
    exact = sum((Decimal(text) for text in sheet.frame["amount"]), Decimal(0))
    assert exact == sum((Decimal(f"{v / 100:f}") for *_, v in sales), Decimal(0))
    asked: dict[str, Decimal] = {}
    for rep, order, value in sales:
        tenths = whose.get((rep, order), whose.get((rep, "")))
        for to, part in [("B", tenths), ("C", 10 - tenths)] if tenths else [(rep, 10)]:
            asked[to] = asked.get(to, Decimal(0)) + Decimal(value * part) / 1000
    found: dict[str, Decimal] = {}
    for rep, text in zip(sheet.frame["rep_id"], sheet.frame["amount"], strict=True):
        found[rep] = found.get(rep, Decimal(0)) + Decimal(text)
    assert found == asked
