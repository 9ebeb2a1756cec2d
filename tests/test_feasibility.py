"""More asked than can be sold: the first level at which it is so, by how much, and from which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from quotaopt.errors import Finding
from quotaopt.feasibility import check_capacity
from quotaopt.optimize.statement import state
from quotaopt.policy import rule_uses

from .office import open_office


def findings(project: Path, *sets: str) -> list[Finding]:
    office = open_office(project, *sets)
    return [*check_capacity(office.problem, state(office.problem, rule_uses(office.scenario)), office.capacity)]


def test_nothing_to_say_when_all_of_it_can_be_sold(project: Path) -> None:
    assert findings(project) == []
    assert findings(project, "target=119999.99") == []


def test_the_company_comes_first(project: Path) -> None:
    (found,) = findings(project, "target=150000", "by_region={North=0.5,South=0.5}")
    assert found.what == ("more is asked than forecast: the company 150,000 against 120,000, 30,000 (25.0 %) more")
    assert (found.severity, found.code, found.place) == ("warning", "over_capacity", "--set")


def test_then_the_regions_the_worst_first(project: Path) -> None:
    (found,) = findings(project, "by_region={North=50000,South=70000}", "by_product={cloud=0.3,core=0.7}")
    assert found.what.endswith(": North 50,000 against 36,000, 14,000 (38.9 %) more")
    (found,) = findings(project, "by_product={cloud=0.3,core=0.7}")
    assert found.what.endswith(": cloud 36,000 against 30,000, 6,000 (20.0 %) more")


def test_a_soft_limit_asks_nothing(project: Path) -> None:
    sets = ("rules.quota_floor.amount=40000", "rules.quota_floor.penalty=1")
    assert findings(project, *sets) == []
    (found,) = findings(project, sets[0])
    assert ": R1 40,000 against 12,000, 28,000 (233.3 %) more, R2 40,000" in found.what


def test_people_who_leave_are_told_for_the_company(project: Path) -> None:
    (found,) = findings(project, "attrition.other=0.02", "attrition.backfill=3")
    kept = sum(0.98**t for t in range(12))
    assert found.code == "attrition"
    assert "the company sells 11" in found.what
    assert found.what.endswith("against quotas of 120,000")
    sold = float(found.what.split("sells ")[1].split(" (")[0].replace(",", ""))
    assert 10_000 * kept < sold < 120_000
    assert sold == pytest.approx(sum(findings_expected(project).ravel()), abs=1)


def findings_expected(project: Path) -> object:
    return open_office(project, "attrition.other=0.02", "attrition.backfill=3").capacity.after_leaving
