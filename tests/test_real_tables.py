"""The real data sets beside the checkout are read as they are, by a few lines of scenario."""

# ruff: noqa: E501, ISC004
from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from quotaopt.cli import main
from quotaopt.scenario import load_scenario
from quotaopt.tables import read_inputs

DATA = Path(__file__).parents[2] / "shared/data"
SCENARIO = 'target = 1\nfirst_month = "2030-01"\nlast_month = "2030-12"\n[data]\nduplicates = "sum"\n'
SETS = {
    "adventureworks/tidy": (
        'history = "history.csv"\nroster = "reps.csv"\nproducts = "products.csv"\n'
        '[data.columns.roster]\nrep = "rep_id"\nrole = "region"\n',
        80_450_597, 17,
    ),
    "adventureworks_monthly_targets/tidy": (
        'history = "history.csv"\nroster = "reps.csv"\nproducts = "products.csv"\n[data.columns.roster]\nrole = "region"\n',
        77_550_000, 17,
    ),
    "adventureworks_monthly_targets": (
        'history = "Sales.csv.gz"\nroster = "Salesperson.csv"\n'
        '[data.columns.history]\nEmployeeKey = "rep_id"\nProductKey = "product_id"\n'
        'SalesOrderNumber = "order_id"\n'
        '[data.columns.roster]\nEmployeeKey = "rep_id"\nTitle = "region"\n',
        77_550_000, 17,
    ),
    "crm_opportunities": (
        'history = "sales_pipeline.csv.gz"\nroster = "sales_teams.csv"\nwhere.history.deal_stage = "Won"\n'
        '[data.columns.history]\nsales_agent = "rep_id"\nclose_date = "date"\nclose_value = "amount"\n'
        'opportunity_id = "order_id"\n[data.columns.roster]\nsales_agent = "rep_id"\nregional_office = "region"\n',
        10_005_534, 30,
    ),
    "adventureworks": (  # orders without a seller were placed online; most employees sell nothing
        'history = "oltp_SalesOrderHeader.csv.gz"\nroster = "oltp_Employee.csv"\nwhere.history.OnlineOrderFlag = 0\n'
        'where.roster.JobTitle = ["Sales Representative", "North American Sales Manager", "European Sales Manager",'
        '"Pacific Sales Manager"]\n'
        '[data.columns.history]\nSalesPersonID = "rep_id"\nTerritoryID = "product_id"\nSubTotal = "amount"\n'
        'SalesOrderID = "order_id"\n[data.columns.roster]\nBusinessEntityID = "rep_id"\nJobTitle = "region"\n',
        80_487_704, 17,
    ),
    "adventureworks/": (
        'history = "dw_FactResellerSales.csv.gz"\nroster = "pbi_Salesperson.csv"\n'
        '[data.columns.history]\nEmployeeKey = "rep_id"\nProductKey = "product_id"\nSalesOrderNumber = "order_id"\n'
        '[data.columns.roster]\nEmployeeKey = "rep_id"\nTitle = "region"\n',
        80_450_597, 17,
    ),
    "crm_opportunities/tidy": (
        'history = "history.csv"\nroster = "reps.csv"\nproducts = "products.csv"\n', 10_010_000, 30,
    ),
    "tourism/tidy": ('history = "history.csv"\nroster = "reps.csv"\nproducts = "products.csv"\n', None, 76),
    "tourism/tidy/": (
        'history = "history_quarterly_trips.csv"\nroster = "reps_quarterly_trips.csv"\n', None, 76,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_a_few_lines_read_it(name: str, tmp_path: Path) -> None:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip("the data are not here")
    keys, total, sellers = SETS[name]
    for word in ("history", "roster", "products"):
        keys = keys.replace(f'{word} = "', f'{word} = "{folder.as_posix()}/', 1) if f'{word} = "' in keys else keys
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios/s.toml").write_text(SCENARIO + keys, encoding="utf-8")
    inputs = read_inputs(load_scenario("s", tmp_path))
    assert inputs.history["rep_id"].nunique() == sellers
    if total:
        assert inputs.history["amount"].sum() == pytest.approx(total, rel=1e-3)


PLANS = {
    "adventureworks": (SETS["adventureworks"][0], "2014-06", 17),
    "adventureworks_monthly_targets/tidy": (SETS["adventureworks_monthly_targets/tidy"][0], "2020-07", 18),
    "crm_opportunities": (SETS["crm_opportunities"][0], "2018-01", 35),
    "tourism/tidy": (SETS["tourism/tidy"][0], "2017-01", 76),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANS)
def test_a_few_lines_plan_it(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every data set gives a plan that adds up; a simple forecast is enough here."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip("the data are not here")
    keys, first, reps = PLANS[name]
    for word in ("history", "roster", "products"):
        keys = keys.replace(f'{word} = "', f'{word} = "{folder.as_posix()}/', 1) if f'{word} = "' in keys else keys
    (tmp_path / "scenarios").mkdir()
    top = f'target = 1_000_000\nfirst_month = "{first}"\nlast_month = "{first[:4]}-12"\nforecast.method = "seasonal_naive"\n'
    text = f'{top}[rules.meet_target]\n[data]\nduplicates = "sum"\n{keys}'
    (tmp_path / "scenarios/s.toml").write_text(text, encoding="utf-8")
    assert main(["run", "s", "-C", str(tmp_path)]) == 0, capsys.readouterr()
    quotas = pd.read_csv(next((tmp_path / "runs").glob("*/quotas.csv")))
    assert quotas["quota"].sum() == pytest.approx(1_000_000)
    assert quotas["rep_id"].nunique() == reps
