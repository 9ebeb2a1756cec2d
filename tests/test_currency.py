"""Sales and quotas in several currencies, at frozen rates."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from quotaopt.archive import load_run
from quotaopt.scenario import load_scenario
from quotaopt.tables import Inputs, read_inputs

from .books import with_currency

Call = Callable[..., tuple[int, str, str]]


def inputs(project: Path) -> Inputs:
    return read_inputs(load_scenario("base", project))


def sums(read: Inputs) -> dict[str, float]:
    return dict(read.history.groupby("rep_id")["amount"].sum())


def test_rates_convert_exactly_and_a_month_goes_first(project: Path) -> None:
    before = inputs(project)
    with_currency(project, "usd,,0.9\nUSD,2026-12,0.5\nGBP,,1.17\n", {"R1": "USD", "R2": "GBP", "R3": "eur"})
    after = inputs(project)
    months = before.history.groupby(["rep_id", "month"])["amount"].sum()
    last = int(months["R1", "2026-12"])
    r1 = Decimal("0.9") * (int(sums(before)["R1"]) - last) + Decimal("0.5") * last
    r2 = Decimal("1.17") * int(sums(before)["R2"])
    assert sums(after) == {**sums(before), "R1": float(r1), "R2": float(r2)}
    said = "scenarios/data/history.csv  96 rows in GBP, USD, at the rates of data.rates."
    assert [str(finding) for finding in after.warnings] == [said]


def test_a_currency_without_a_rate_is_named_once(project: Path, call: Call) -> None:
    with_currency(project, "USD,2026-01,0.9\nUSD,,x\n", {"R1": "USD", "R2": "GBP"})
    code, _, err = call("run", "base", "-C", project)
    remedy = "Add it to data.rates: currency, month (empty: all), rate.\n"
    assert code == 1
    lines = err.splitlines(keepends=True)
    assert len([line for line in lines if "has no rate (got 'GBP')" in line and line.endswith(remedy)]) == 1
    assert len([line for line in lines if "has no rate (got 'USD')" in line]) == 1
    assert "scenarios/data/rates.csv:3  rate: not a number (got 'x').\n" in lines


def test_one_currency_needs_no_rates(project: Path) -> None:
    before = sums(inputs(project))
    with_currency(project, "", dict.fromkeys(("R1", "R2", "R3", "R4"), "EUR"))
    assert sums(inputs(project)) == before


def test_quotas_in_the_currency_of_the_rep(project: Path, call: Call) -> None:
    with_currency(project, "USD,,0.8\n", {"R1": "USD"}, roster=True)
    assert call("run", "base", "-C", project, "-q")[0] == 0
    run = load_run(next((project / "runs").iterdir()))
    local, quotas = run.table("local"), run.table("quotas")
    assert set(local["rep_id"]) == {"R1"}
    assert local["quota"].sum() == quotas.loc[quotas["rep_id"] == "R1", "quota"].sum()
    assert (local["local_quota"] - local["quota"] / 0.8).abs().max() <= 0.005
    assert call("verify", "last", "-C", project)[0] == 0
