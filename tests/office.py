"""A random planning project on disk: reps who come and go, products that start and end, locks, rules that bind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quotaopt.allocate import allocate
from quotaopt.capacity import Capacity, make_capacity
from quotaopt.forecast import Forecast, make_forecast
from quotaopt.plan import Plan
from quotaopt.prepare import prepare
from quotaopt.problem import Problem
from quotaopt.scenario import Scenario, load_scenario
from quotaopt.tables import Inputs, read_inputs

PRODUCTS = (
    "product_id,family,launch_month,end_month\ncare,service,,\ncore,goods,,\nedge,goods,2027-04,\nold,goods,,2027-09\n"
)


@dataclass(frozen=True)
class Office:
    """A scenario with everything made from it."""

    scenario: Scenario
    inputs: Inputs
    forecast: Forecast
    capacity: Capacity
    problem: Problem

    def plan(self, solver: str | None = None) -> Plan:
        """The plan of the scenario."""
        return allocate(self.problem, self.scenario, solver)


def write_project(root: Path, seed: int, shuffle: bool = False) -> None:
    """Write model, scenario and data of one random project; `shuffle` only changes the order of the rows."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 8))
    roster, sales = (
        ["rep_id,rep_name,region,role,peer_group,start_date,end_date,headcount"],
        ["rep_id,product_id,month,amount"],
    )
    for k in range(1, n + 1):
        late = k > 2 and rng.random() < 0.25
        start = f"2026-{rng.integers(3, 12):02}-01" if late else "2020-01-01"
        end = "2027-08-31" if rng.random() < 0.1 else ""
        role, region = ("hunter", "farmer")[k % 2], ("North", "South")[(k - 1) // 2 % 2]
        part = rng.choice(["1", "1", "0.5"])
        roster.append(f"R{k},Name {k},{region},{role},{('', 'new')[int(late)]},{start},{end},{part}")
        size = rng.lognormal(9, 0.4)
        sells = [p for p in ("care", "core", "edge", "old") if p == "core" or rng.random() < 0.6]
        weight = rng.dirichlet(np.full(len(sells), 5))
        for year in (2025, 2026):
            for month in range(1, 13):
                if late and f"{year}-{month:02}-01" < start:
                    continue
                season = 1 + 0.3 * np.sin(month / 2)
                for product, share in zip(sells, weight, strict=True):
                    sales.append(
                        f"R{k},{product},{year}-{month:02},{size * share * season * rng.lognormal(0, 0.1):.2f}"
                    )
    total = float(sum(float(row.split(",")[-1]) for row in sales[1:] if ",2026-" in row))
    if shuffle:
        roster[1:], sales[1:] = (np.random.default_rng(1).permutation(rows[1:]).tolist() for rows in (roster, sales))
    files = {
        "scenarios/data/roster.csv": roster,
        "scenarios/data/history.csv": sales,
        "scenarios/data/locks.csv": ["rep_id,product_id,month,value", f"R1,,,{int(total / n)}", "R2,core,2027-02,1234"],
        "scenarios/base.toml": _scenario(rng, total),
    }
    for name, lines in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (root / "scenarios/data/products.csv").write_text(PRODUCTS, encoding="utf-8")


def _scenario(rng: np.random.Generator, total: float) -> list[str]:
    """Target up to 15 % above last year; each rule with some odds, most of them binding somewhere."""
    lines = [
        f"target = {round(total * rng.uniform(0.9, 1.15))}",
        f"overassignment = {rng.choice([0, 0.05])}",
        'first_month = "2027-01"',
        'last_month = "2027-12"',
        f"rounding.to = {rng.choice(['0.01', '1', '10'])}",
        f'goals = ["{rng.choice(["level_stretch", "level_growth", "equal_chance"])}"]',
        'forecast.method = "seasonal_naive"',
        "[data]",
        'history = "data/history.csv"',
        'roster = "data/roster.csv"',
        'products = "data/products.csv"',
    ]
    lines += ['locks = "data/locks.csv"', "[rules.keep_locks]"] if rng.random() < 0.5 else []
    lines += ["[rules.meet_target]"]
    if rng.random() < 0.5:
        lines += ["[rules.meet_region_target.shares]", f"North = {rng.uniform(0.4, 0.6):.3f}"]
    if rng.random() < 0.5:
        lines += ["[rules.product_mix.ranges]", f"core = [{rng.uniform(0.2, 0.4):.3f}, 0.6]", "care = [0.05, 0.4]"]
    if rng.random() < 0.5:
        lines += ["[rules.stay_within_capacity]", f"stretch = {rng.uniform(1.3, 2.0):.3f}"]
    if rng.random() < 0.5:
        lines += ["[rules.limit_change]", "down = 0.7", f"up = {rng.uniform(1.25, 1.8):.3f}"]
    if rng.random() < 0.4:
        lines += ["[rules.quota_ceiling]", f"amount = {round(total / 3)}"]
    if rng.random() < 0.4:
        lines += ["[rules.quota_floor]", f"amount = {round(total / 60)}"]
    if rng.random() < 0.3:
        lines += ["[rules.month_shape]", 'by = "quarter"', "low = 0.15", "high = 0.4"]
    return lines


def open_office(root: Path, *sets: str) -> Office:
    """Read everything and make the problem."""
    scenario = load_scenario("base", root, sets)
    inputs = read_inputs(scenario)
    forecast = make_forecast(inputs, scenario.settings)
    capacity = make_capacity(forecast, inputs, scenario.settings)
    return Office(scenario, inputs, forecast, capacity, prepare(scenario, inputs, forecast, capacity))
