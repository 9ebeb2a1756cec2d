"""Quotas by account, and accounts that assignments move or divide."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.archive import Run, find_run
from quotaopt.check import check_scenario
from quotaopt.ledgers.accounts import OTHERS, Shares, fill_shares, gather_small, share_out
from quotaopt.optimize.verify_accounts import check_accounts
from quotaopt.scenario import load_scenario
from quotaopt.tables import read_inputs

from .conftest import SALES, SCENARIO

Call = Callable[..., tuple[int, str, str]]
CELL = ["rep_id", "product_id", "period"]
PARTS = {"A": 0.5, "B": 0.3, "C": 0.2}  # of each rep's sales; accounts are R1-A, R1-B …


def history(parts: dict[str, float] = PARTS) -> str:
    """The sales of the conftest, divided between three accounts of each rep."""
    rows = ["rep_id,product_id,month,amount,customer"]
    rows += [
        f"{rep},{product},{year}-{month:02},{amount * share * part:g},{rep}-{name}"
        for year in (2025, 2026)
        for month in range(1, 13)
        for rep, amount in SALES.items()
        for product, share in (("cloud", 0.25), ("core", 0.75))
        for name, part in parts.items()
    ]
    return "\n".join(rows) + "\n"


def write(project: Path, assignments: str = "", largest: int = 2, sales: str = "") -> None:
    files = {"history": sales or history()} | ({"assignments": assignments} if assignments else {})
    data = 'assignments = "data/assignments.csv"\n' if assignments else ""
    text = SCENARIO.format(about="Accounts", target=120_000) + data + f"\n[accounts]\nlargest = {largest}\n"
    (project / "scenarios/base.toml").write_text(text, encoding="utf-8")
    for name, rows in files.items():
        (project / f"scenarios/data/{name}.csv").write_text(rows, encoding="utf-8")


def run_it(project: Path, call: Call, *verify: str) -> Run:
    code, out, err = call("run", "-C", project)
    assert code == 0, out + err
    assert not verify or call("verify", "last", "-C", project, *verify)[0] == 0
    return find_run(project, "last")


def problems(project: Path) -> list[str]:
    inputs, findings = check_scenario(load_scenario("base", project))
    assert inputs is None
    return [str(finding) for finding in findings]


def test_two_runs_are_compared_by_account(project: Path, call: Call) -> None:
    """Ana's plan is a tenth higher; her customers share it as they share her sales, and the sums tie."""
    write(project, largest=1)
    run_it(project, call)
    code, out, err = call("run", "-C", project, "--set", "target=132000")
    assert code == 0, out + err
    first, second = sorted(path.name for path in (project / "runs").iterdir() if path.is_dir())
    code, out, err = call("compare", first, second, "--by", "account", "-C", project)
    assert code == 0, out + err
    assert "R4-A" in out
    assert OTHERS in out
    assert "Sums tie: the changes by account add up to +12,000, the change of the plan." in out
    code, out, err = call("run", "-C", project, "--set", "accounts.largest=0")
    code, out, err = call("compare", first, "last", "--by", "account", "-C", project)
    assert (code, out) == (3, "")
    assert "has no quotas by account; set accounts.largest in its scenario, run it again" in err


def test_accounts_add_up_to_the_quota_and_small_ones_share_a_row(project: Path, call: Call) -> None:
    """As last year by parts of 50, 30 and 20 %: R4's core is 3,000 a month, 1,500 of it to R4-A."""
    assert call("run", "-C", project)[0] == 0
    before = find_run(project, "last").table("quotas").drop(columns="run_id")
    write(project)
    run = run_it(project, call, "--rerun")
    quotas, table = run.table("quotas"), run.table("accounts")
    assert quotas.drop(columns="run_id").equals(before)  # a division of quotas changes none
    assert table.groupby(CELL)["quota"].sum().tolist() == quotas.groupby(CELL)["quota"].sum().tolist()
    one = table[(table["rep_id"] == "R4") & (table["product_id"] == "core") & (table["period"] == "2027-05")]
    assert one[["account_id", "quota", "share"]].to_numpy().tolist() == [
        ["R4-A", 1500, 0.5], ["R4-B", 900, 0.3], [OTHERS, 600, 0.2],
    ]  # fmt: skip


def test_an_account_moves_with_its_sales_from_the_day_that_is_written(project: Path, call: Call) -> None:
    """R4-A (half of R4's 4,000 a month) goes to R1 in July; who held it before need not be written, nor in order."""
    write(project, "rep_id,customer,from\nR1,R4-A,2027-07-01\n")
    run = run_it(project, call)
    moved = run.table("accounts").query("account_id == 'R4-A'")
    held = moved.groupby("rep_id")["period"].agg(["min", "max", "nunique"])
    assert held.to_numpy().tolist() == [["2027-07", "2027-12", 6], ["2027-01", "2027-06", 6]]
    late = run.table("quotas").assign(late=lambda t: t["period"] > "2027-06")
    sums = late.pivot_table("quota", "rep_id", "late", "sum")
    assert sums.loc["R1"].tolist() == pytest.approx([6_000, 18_000], abs=20)
    assert sums.loc["R4"].tolist() == pytest.approx([24_000, 12_000], abs=20)
    assert sums.to_numpy().sum() == 120_000
    head, *lines = history().splitlines()
    write(project, "rep_id,customer,from\nR1,R4-A,2027-07-01\n", sales="\n".join([head, *lines[::-1], ""]))
    assert run_it(project, call).table("accounts").equals(run.table("accounts"))


def test_an_account_is_divided_by_shares_and_other_sales_stay(project: Path, call: Call) -> None:
    """R2 has 25 % of R4-A from the start: 500 of R4's 4,000 a month."""
    write(project, "rep_id,account_id,from,to,share\nR4,R4-A,,,0.75\nR2,R4-A,,,0.25\n", largest=3)
    run = run_it(project, call)
    sums = run.table("totals").query("level == 'rep'").set_index("key")["quota"]
    assert sums.tolist() == pytest.approx([12_000, 30_000, 36_000, 42_000], abs=2)
    parts = run.table("accounts").query("account_id == 'R4-A'").groupby("rep_id")["quota"].sum()
    assert parts.tolist() == pytest.approx([6_000, 18_000], abs=20)
    assert not [w for w in run.table("warnings")["code"] if w == "unassigned"]


def test_an_overlay_covers_an_account(project: Path, call: Call) -> None:
    """X1 is credited with half of R4-A, which is half of R4's 48,000; nobody else's quota changes."""
    write(project, "rep_id,customer,kind,share\nX1,R4-A,overlay,0.5\n", largest=0)
    roster = "rep_id,rep_name,region,overlay\n" + "".join(f"{rep},,North,\n" for rep in SALES) + "X1,Xi,North,yes\n"
    (project / "scenarios/data/roster.csv").write_text(roster, encoding="utf-8")
    table = run_it(project, call).table("overlay")
    assert table[table["level"] == "rep"][["covered", "quota"]].to_numpy().tolist() == [[48_000, 12_000]]


def test_accounts_are_exported_beside_the_quotas(project: Path, call: Call) -> None:
    """A fifth of the sales has no customer: so much stands with the others, whatever the size of the accounts."""
    write(project, sales=re.sub(r"R\d-C$", "", history(), flags=re.MULTILINE))
    run = run_it(project, call)
    assert call("export", "last", "--to", "flat", "--labels", "zh", "-C", project)[0] == 0
    flat = pd.read_csv(run.folder / "accounts-flat.csv", encoding="utf-8-sig")
    assert list(flat) == ["工号", "姓名", "客户", "产品", "期间", "指标", "占比"]
    assert flat["指标"].sum() == 120_000
    assert flat.loc[flat["客户"] == OTHERS, "指标"].sum() == 24_000
    assert set(flat["客户"]) == {f"{rep}-{name}" for rep in SALES for name in "AB"} | {OTHERS}
    assert call("export", "last", "--to", "flat", "--pseudonymise", "-C", project)[0] == 0
    hidden = pd.read_csv(run.folder / "accounts-flat.csv", dtype=str, encoding="utf-8-sig")
    assert not set(hidden["rep_id"]) & set(SALES)
    assert hidden["rep_name"].isna().all()


def test_history_that_stays_with_the_rep_still_lists_accounts_with_who_holds_them(project: Path, call: Call) -> None:
    write(project, "rep_id,account_id,from\nR1,R4-A,2027-01-01\n")
    path = project / "scenarios/base.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[data]", '[data]\nhistory_follows = "rep"'), "utf-8")
    run = run_it(project, call)
    assert run.table("totals").query("level == 'rep'")["quota"].tolist() == [12_000, 24_000, 36_000, 48_000]
    assert set(run.table("accounts").query("account_id == 'R4-A'")["rep_id"]) == {"R1"}


def test_a_chinese_sheet_of_customers_is_its_english_twin(project: Path) -> None:
    """GBK, a column for each month, 万元 and a row of totals; the same sales of accounts, the same assignments."""
    write(project, "rep_id,account,from,share\nR2,R4-A,2027-07-01,0.6\nR1,R4-A,2027-07-01,0.4\n")
    english = read_inputs(load_scenario("base", project))
    rows = pd.DataFrame([line.split(",") for line in history().splitlines()[1:]]).astype({3: float})
    wide = rows.assign(amount=rows[3] / 10_000).pivot_table("amount", [0, 1, 4], 2)
    heads = ["工号", "产品", "客户", *(f"{month[:4]}年{int(month[5:])}月" for month in wide)]
    body = [",".join([*key, *map(repr, map(float, cells))]) for key, cells in zip(wide.index, wide.values, strict=True)]
    total = ",".join(["合计", "", "", *(f"{amount:.4f}" for amount in wide.sum())])
    text = "\n".join(["单位：万元", ",".join(heads), *body, total, ""])
    (project / "scenarios/data/history.csv").write_bytes(text.encode("gbk"))
    moves = "工号,客户,开始日期,比例\nR2,R4-A,2027年7月1日,0.6\nR1,R4-A,2027/7/1,0.4\n"
    (project / "scenarios/data/assignments.csv").write_bytes(moves.encode("gbk"))
    chinese = read_inputs(load_scenario("base", project))
    assert chinese.history.equals(english.history)
    assert chinese.more["account_sales"].equals(english.more["account_sales"])
    assert chinese.assignments is not None
    assert chinese.assignments.equals(english.assignments)


def test_territories_and_accounts_stand_in_one_table(project: Path, call: Call) -> None:
    """R3's territory goes to R2, but for the account that R1 takes; accounts follow without being named."""
    rows = "rep_id,territory_id,account_id,from,to\nR3,T3,,,2026-12-31\nR2,T3,,2027-01-01,\nR1,,R3-C,2027-01-01,\n"
    write(project, rows, largest=9)
    run = run_it(project, call)
    held = run.table("accounts").groupby("account_id")["rep_id"].agg(lambda reps: "/".join(sorted(set(reps))))
    assert held[["R3-A", "R3-B", "R3-C", "R1-A"]].tolist() == ["R2", "R2", "R1", "R1"]
    sums = run.table("totals").query("level == 'rep'").set_index("key")["quota"]
    assert sums[["R1", "R3"]].tolist() == pytest.approx([12_000 + 7_200, 0], abs=2)


def test_what_is_wrong_with_accounts_is_said_with_file_and_line(project: Path) -> None:
    rows = "rep_id,territory_id,account_id,from,share\nR1,T1,R4-A,,\nR1,,R4-B,,0.5\nR2,,R4-B,2027-02-01,0.2\nR3,,Z,,\n"
    write(project, rows)
    said = problems(project)
    assert said[0].startswith("scenarios/data/assignments.csv:2  account_id: both a territory and an account")
    assert "scenarios/data/assignments.csv:3" in said[1]
    assert "shares of account R4-B add up to 50 %" in said[1]
    (project / "scenarios/data/history.csv").write_text("rep_id,product_id,month,amount\nR1,core,2026-01,5\n")
    assert any("the history has no column account_id" in line for line in problems(project))
    write(project, sales="rep_id,product_id,month,amount\nR1,core,2026-01,5\n")
    assert any("accounts.largest" in line and "no column account_id" in line for line in problems(project))


def test_accounts_nobody_sold_to_are_named_and_shares_in_per_cent_too(project: Path, call: Call) -> None:
    write(project, "rep_id,customer,share\nR1,R4-AA,1\nR2,R4-B,50%\n")
    assert any("share: not a number (got '50%'). Write 0.5." in line for line in problems(project))
    write(project, "rep_id,customer,share\nR1,R4-AA,1\n")
    code, out, _ = call("check", "base", "-C", project)
    assert code == 0
    assert "assignments.csv:2  nothing was sold to account R4-AA. Nearest: 'R4-A'." in out


def test_customers_make_no_more_rows_of_history_where_nobody_asks_for_accounts(project: Path) -> None:
    """They tell rows apart, and are added up."""
    write(project, largest=0)
    inputs = read_inputs(load_scenario("base", project))
    assert len(inputs.history) == 4 * 2 * 24
    assert [w.what for w in inputs.warnings] == ["customer (account_id) is not used"]
    assert len(read_inputs(load_scenario("base", project, ['data.duplicates="sum"'])).history) == 4 * 2 * 24
    assert "account_sales" not in inputs.more
    assert list(inputs.history) == ["rep_id", "product_id", "month", "amount"]


def test_the_check_finds_what_is_not_right(project: Path, call: Call) -> None:
    write(project)
    folder = run_it(project, call).folder
    path, unit = folder / "accounts.csv", load_scenario("base", project).settings.rounding.to
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert check_accounts(folder, unit) == []
    parts = lines[1].split(",")
    spoilt = {
        "add up to": [*parts[:5], str(int(parts[5]) + 1), parts[6]],
        "no multiple": [*parts[:5], "0.5", parts[6]],
        "below zero": [*parts[:5], f"-{parts[5]}", parts[6]],
        "no such quota": [*parts[:3], "wood", *parts[4:]],
    }
    for words, row in spoilt.items():
        path.write_text("\n".join([lines[0], ",".join(row), *lines[2:], ""]), encoding="utf-8")
        assert any(words in fault for fault in check_accounts(folder, unit)), words
    path.write_text("\n".join([*lines, lines[1], ""]), encoding="utf-8")
    assert any("is written twice" in fault for fault in check_accounts(folder, unit))
    code, out, _ = call("verify", "last", "-C", project)
    assert code == 1
    assert "accounts.csv" in out


@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=40).map(sorted),
    st.integers(1, 12),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60)
def test_units_of_accounts_add_up_and_lie_next_to_their_exact_part(
    cell: list[int], months: int, random: object
) -> None:
    """Whatever the weights: sums exact, each cell within one unit, and no account drifts over the months."""
    draw = np.random.default_rng(random.randrange(2**32))  # type: ignore[attr-defined]
    of = np.array(cell)
    quota = draw.integers(0, 10 ** draw.integers(1, 9), (10, months))[of]
    weight = draw.random((len(of), months)) ** 4 * (draw.random((len(of), months)) < 0.8)
    weight[np.unique(of, return_index=True)[1]] += 0.01
    units = share_out(quota, of, weight)
    sums = pd.DataFrame(weight).groupby(of).transform("sum").to_numpy()
    exact = quota * weight / sums
    assert (np.abs(units - exact) < 1 + 1e-4).all()
    assert (pd.DataFrame(units).groupby(of).transform("sum").to_numpy() == quota).all()
    assert (units[weight == 0] == 0).all()
    assert np.abs(np.cumsum(units - exact, axis=1)).max() < 2.5
    larger = share_out(quota * 1000, of, weight)
    assert (np.abs(larger / 1000 - exact) < 1).all()


def test_products_that_no_account_bought_go_by_all_that_the_rep_sells() -> None:
    """Rep 0 sells product 0 to two accounts, rep 1 to nobody; product 1 is new."""
    names = np.array(["a", "b", OTHERS], dtype=object)
    rows = Shares(np.array([0, 0]), np.array([0, 0]), np.array([0, 1]), np.array([[3.0, 3.0], [1.0, 1.0]]), names)
    quota = np.array([[[8, 8], [4, 0]], [[5, 5], [0, 0]]])
    found = fill_shares(gather_small(rows, 5, 0.0), quota)
    units = share_out(quota[found.rep, found.product], found.rep * 2 + found.product, found.weight)
    told = zip(found.rep.tolist(), found.product.tolist(), names[found.account], units.tolist(), strict=True)
    assert list(told) == [
        (0, 0, "a", [6, 6]), (0, 0, "b", [2, 2]), (0, 1, "a", [3, 0]), (0, 1, "b", [1, 0]), (1, 0, OTHERS, [5, 5]),
    ]  # fmt: skip


def test_accounts_with_a_small_part_of_what_a_rep_sells_share_a_row() -> None:
    """Of rep 0, a has 60 %, b 30 %, c 10 %; of rep 1, b has all."""
    names = np.array(["a", "b", "c", OTHERS], dtype=object)
    weight = np.array([[4.0], [2.0], [2.0], [1.0], [1.0], [9.0]])
    at = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1], [0, 1, 2], [1, 0, 1]]).T
    for largest, least, kept in ((1, 0.0, "a"), (2, 0.31, "a"), (2, 0.0, "ab"), (9, 0.09, "abc")):
        found = gather_small(Shares(*at, weight, names), largest, least)
        assert {*names[found.account[found.rep == 0]]} - {OTHERS} == set(kept)
        assert found.weight.sum() == weight.sum()
        assert names[found.account[found.rep == 1]].tolist() == ["b"]
