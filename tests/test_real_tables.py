"""The real data sets beside the checkout are read as they are, by a few lines of scenario."""

# ruff: noqa: E501, ISC004
from __future__ import annotations

from pathlib import Path

import pytest

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
