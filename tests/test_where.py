"""Lines that the scenario does not want are left out and counted, whichever way a file is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from quotaopt.tables import size

from .test_large import outcome, write_project

DEALS = """rep,product,month,amount,Deal Stage,order
R1,core,2026-01,10.10,Won,1
R2,core,2026-01,5.05,won ,2
R9,,,,Engaging,3
R1,core,nonsense,1e3,Lost,4
R2,core,2026-02,-0.15,Lost,5
R2,core,2026-02,7,In review,6
"""


@pytest.fixture(params=["cell by cell", "large"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "LARGE", -1 if request.param == "large" else 10**12)


def check(folder: Path, text: str, where: str) -> tuple[list[str], float]:
    write_project(folder, text, f"where.history = {where}\n")
    said, inputs = outcome(folder)
    return said, 0.0 if inputs is None else float(inputs.history["amount"].sum())


def test_what_is_left_out_is_counted_and_summed(tmp_path: Path) -> None:
    """What was written is what was read and what was left out; cells of lines nobody wants are not looked at."""
    said, total = check(tmp_path, DEALS, '{ deal_stage = "Won" }')
    assert said == ["warning sales.csv  left out 4 rows, 1,006.85 in all: deal_stage is not Won."]
    assert total == pytest.approx(10.10 + 5.05)
    said, total = check(tmp_path, DEALS, '{ "Deal Stage" = ["won", "In Review"], rep = "R2" }')
    assert said[0] == (
        "warning sales.csv  left out 4 rows, 1,009.95 in all: Deal Stage is not won or In Review or rep is not R2."
    )
    assert total == pytest.approx(5.05 + 7)


def test_a_column_or_a_value_that_nobody_has_is_a_problem(tmp_path: Path) -> None:
    place = "error scenarios/s.toml:9  data.where.history."
    said, _ = check(tmp_path, DEALS, '{ stage = "Won" }')
    assert said[1:] == [f"{place}stage: sales.csv has no such column. Nearest: 'Deal Stage'."]
    said, _ = check(tmp_path, DEALS, '{ deal_stage = ["Won", "Wun"] }')
    assert said[0] == f"{place}deal_stage: no line holds this (got 'Wun'). Nearest: 'Won'."


def test_any_table_may_be_asked(tmp_path: Path) -> None:
    write_project(tmp_path, "rep,product,month,amount\nR1,core,2026-01,1\n", "where.roster.active = true\n")
    (tmp_path / "roster.csv").write_text("rep_id,region,active\nR1,N,TRUE\nR2,,false\n", encoding="utf-8")
    said, inputs = outcome(tmp_path)
    assert said == ["warning roster.csv  left out 1 row: active is not true."]
    assert inputs is not None
    assert inputs.roster["rep_id"].tolist() == ["R1"]
