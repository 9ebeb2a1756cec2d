"""Deals that will not come again: cut at the fence of their peers, listed, and never lost."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotaopt.archive import find_run
from quotaopt.scenario import load_scenario
from quotaopt.settings import Forecasting
from quotaopt.tables import Inputs, read_inputs
from quotaopt.tables.catalogue import HISTORY
from quotaopt.tables.sheet import Sheet
from quotaopt.tables.windfall import FEWEST, cut_windfalls

from .conftest import SALES, history

Call = Callable[..., tuple[int, str, str]]


def orders() -> list[str]:
    """Each rep sells one order a month and product, of sizes 1 : 2 : 3 : 4."""
    return [f"{row},{k}" for k, row in enumerate(history().splitlines()[1:])]


def read(project: Path, rows: list[str], header: str = "order_id", *sets: str) -> Inputs:
    text = "\n".join([f"rep_id,product_id,month,amount,{header}", *rows]) + "\n"
    (project / "scenarios/data/history.csv").write_text(text, encoding="utf-8")
    return read_inputs(load_scenario("base", project, sets))


def test_a_deal_beyond_the_fence_is_cut_to_it_and_listed(project: Path) -> None:
    """Core: sizes 750, 1500, 2250, 3000 alike often; Q1 and Q3 of logs by linear interpolation, then + 3 IQR."""
    rows = [*orders(), "R1,core,2026-06,900000,X", "R1,core,2026-06,100000,X2"]
    inputs = read(project, rows, "order_id", "forecast.deal_fence=true")
    sizes = np.log([750.0 * k for k in (1, 2, 3, 4) for _ in range(24)] + [900_000, 100_000])
    low, high = np.quantile(sizes, [0.25, 0.75])
    fence = np.exp(high + 3 * (high - low))
    table = inputs.more["windfall"]
    assert 20_000 < fence < 100_000
    assert table["kept"].tolist() == [pytest.approx(Decimal(float(fence)), abs=Decimal("0.01"))] * 2
    assert table[["order_id", "why", "source"]].to_numpy().tolist() == [
        ["X", "beyond the fence", "scenarios/data/history.csv:194"],
        ["X2", "beyond the fence", "scenarios/data/history.csv:195"],
    ]
    kept = float(table["kept"].sum())
    assert inputs.history["amount"].sum() == pytest.approx(240_000 + kept)
    assert (table["amount"] == table["kept"] + table["windfall"]).all()
    said = [w for w in inputs.warnings if w.code == "windfall"]
    assert len(said) == 1
    assert said[0].what.startswith("2 rows cut by 9")
    assert "R1 core 2026-06" in said[0].what


def test_without_the_key_nothing_is_cut(project: Path) -> None:
    inputs = read(project, [*orders(), "R1,core,2026-06,900000,X"])
    assert inputs.more["windfall"].empty
    assert inputs.history["amount"].sum() == 1_140_000


def test_deals_declared_to_come_again_and_small_groups_are_left_alone(project: Path) -> None:
    whale = 'forecast.keep_whales=[{rep="R1", product="core", month="2026-06"}]'
    rows = [*orders(), "R1,core,2026-06,900000,X"]
    assert read(project, rows, "order_id", "forecast.deal_fence=true", whale).more["windfall"].empty
    few = ["R1,core,2026-01,1,a", "R2,core,2026-01,1,b", "R1,core,2026-02,1000000,c"]
    assert read(project, few, "order_id", "forecast.deal_fence=true").more["windfall"].empty


def test_rows_of_a_month_are_no_deals(project: Path) -> None:
    rows = [row.rpartition(",")[0] + "," for row in orders()] + ["R1,core,2026-06,900000,"]
    with_key = read(project, rows, "order_id", "forecast.deal_fence=true", 'data.duplicates="sum"')
    assert with_key.more["windfall"].empty


def test_a_marked_sale_leaves_the_base_and_the_plan(project: Path, call: Call) -> None:
    """R1's extra order of 50,000 is marked: quotas are as without it, and the ledger has it."""
    assert call("run", "-C", project)[0] == 0
    before = find_run(project, "last")
    read(project, [f"{row}," for row in orders()] + ["R1,core,2026-06,50000,X,yes"], "order_id,windfall")
    assert call("run", "-C", project)[0] == 0
    after = find_run(project, "last")
    assert call("verify", "last", "-C", project, "--rerun")[0] == 0
    quotas = [run.table("quotas").drop(columns="run_id") for run in (before, after)]
    assert quotas[0].equals(quotas[1])
    assert after.table("windfall").to_numpy().tolist() == [
        ["R1", "core", "2026-06", "", "X", 50_000, 0, 50_000, "marked", "scenarios/data/history.csv:194"]
    ]
    said = "1 row cut by 50,000 of windfall, 17.2 % of all sales: R1 core 2026-06 (50,000)"
    assert said in after.table("warnings")["message"].tolist()
    assert not before.has("windfall")


@given(
    amounts=st.lists(
        st.tuples(st.sampled_from(list(SALES)), st.integers(-(10**9), 10**12), st.integers(0, 3), st.booleans()),
        min_size=1,
        max_size=60,
    ),
    unit=st.sampled_from([Decimal(1), Decimal(10_000)]),
)
@settings(max_examples=100, derandomize=True)
def test_nothing_is_lost_to_the_last_digit(amounts: list[tuple[str, int, int, bool]], unit: Decimal) -> None:
    """What was written = what is kept + what is listed, whatever is marked or cut; nothing changes sign or grows."""
    texts = [f"{Decimal(cents).scaleb(-2):f}" for _, cents, _, _ in amounts]
    frame = pd.DataFrame(
        {
            "rep_id": [rep for rep, *_ in amounts],
            "product_id": "core",
            "month": "2026-01",
            "amount": texts,
            "order_id": [str(k // (1 + order)) for k, (_, _, order, _) in enumerate(amounts)],
            "windfall": [str(marked).lower() for *_, marked in amounts],
        },
        dtype=str,
    )
    sheet = Sheet(HISTORY)
    sheet.fill(frame, range(2, 2 + len(frame)))
    sheet.unit[:] = unit
    roster = pd.DataFrame({"rep_id": list(SALES), "peer_group": ["a", "a", "b", "b"]})
    table = cut_windfalls(sheet, roster, Forecasting(deal_fence=True))
    written = sum((Decimal(text) for text in texts), Decimal(0)) * unit
    left = sum((Decimal(text) for text in sheet.frame["amount"]), Decimal(0)) * unit
    assert left + sum(table["windfall"], Decimal(0)) == written
    assert all(abs(k) <= abs(a) and k * a >= 0 for k, a in zip(table["kept"], table["amount"], strict=True))
    if len(amounts) < FEWEST:
        assert set(table["why"]) <= {"marked"}
