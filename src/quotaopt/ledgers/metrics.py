"""Several metrics in one plan: each sum is planned like money, by the same code; levels are set, never summed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from quotaopt.columns import metrics as c
from quotaopt.errors import Finding, split_place
from quotaopt.ledgers.levels import check_levels, level_tables
from quotaopt.record import finding_table, shape
from quotaopt.scenario import Scenario
from quotaopt.settings import Rounding, Workload
from quotaopt.settings.data import FILES
from quotaopt.settings.market import Potential
from quotaopt.settings.metrics import MAIN, metric_names
from quotaopt.tables.catalogue import TABLES

if TYPE_CHECKING:
    from quotaopt.archive import Run
    from quotaopt.plan import Plan
    from quotaopt.record import Tables
    from quotaopt.tables import Inputs

PEOPLE = ("history", "roster", "products")  # tables that say more than amounts of money
SAME = 0.001  # totals nearer than this are one plan: quotas are whole units


def metric_scenario(scenario: Scenario, name: str) -> Scenario:
    """The scenario of one metric: its own history, target and rules; all that is about people stays.

    Amounts of money (locks, a current plan, targets of nodes, hours by value) and levels say nothing of another metric.
    """
    settings, metric = scenario.settings, scenario.settings.metrics[name]
    money = {file: () for file in FILES if file not in PEOPLE and TABLES[file].money}
    values = {
        "about": f"{name} of {scenario.name}",
        "target": metric.target,
        "unit": Decimal(1),
        "currency": name,
        "rules": metric.rules,
        "rounding": Rounding(to=metric.step),
        "data": settings.data.model_copy(update={**money, "levels": (), "metric": name, "unit": {}}),
        "workload": Workload(),
        "potential": Potential(history_weight=1),
        "price": {},
        "by_region": {},
        "by_product": {},
        "targets": {},
        "metrics": {},
    }
    at = f"metrics.{name}."
    own = {key.removeprefix(at): place for key, place in scenario.origins.items() if key.startswith(at)}
    kept = {key: place for key, place in scenario.origins.items() if not key.startswith(("rules", "target", "metrics"))}
    changed = settings.model_copy(update=values)
    own["data.metric"] = scenario.source("metrics", name)
    return replace(scenario, name=f"{scenario.name}-{name}", settings=changed, origins={**kept, **own})


def check_metrics(
    scenario: Scenario, inputs: Inputs, check: Callable[[Scenario], tuple[Inputs | None, list[Finding]]]
) -> Iterator[Finding]:
    """Problems of the other metrics, and what is odd about their targets; `check` is that of one scenario."""
    known = set(inputs.warnings)
    for name in metric_names(scenario.settings.metrics, "sum"):
        for finding in check(metric_scenario(scenario, name))[1]:
            if finding.severity == "error" and finding not in known:
                yield replace(finding, column=f"{name}: {finding.column}".removesuffix(": "))
    yield from check_levels(scenario, inputs)


def add_metrics(
    scenario: Scenario, inputs: Inputs, plan: Plan, run_one: Callable[..., Run], folder: Path, tables: Tables
) -> int:
    """Plan every other metric into a folder of its own below ``metrics``, and add their tables to those of the run.

    Returns
    -------
    The exit code: that of the metric that ended worst.
    """
    settings = scenario.settings
    if not settings.metrics:
        return 0
    sums = {
        name: run_one(metric_scenario(scenario, name), out=folder / "metrics")
        for name in metric_names(settings.metrics, "sum")
    }
    planned = {name: run for name, run in sums.items() if run.has("quotas")}
    if planned:
        frames = [run.table("quotas").assign(metric=name) for name, run in planned.items()]
        tables["metric_quotas"] = pd.concat(frames, ignore_index=True), c.METRIC_QUOTAS
    levels = level_tables(scenario, inputs)
    if len(levels):
        tables["levels"] = levels, c.LEVELS
    tables["metrics"] = _metric_table(scenario, plan, sums, levels), c.METRICS
    if notes := [*identity_notes(scenario, inputs, plan, tables)]:
        frame, columns = tables["warnings"]
        tables["warnings"] = pd.concat([frame, finding_table(notes)], ignore_index=True), columns
    for name in ("metric_quotas", "levels", "metrics"):
        if name in tables:
            tables[name] = shape(*tables[name]), tables[name][1]
    return max((run.exit_code for run in sums.values()), default=0)


def _metric_table(scenario: Scenario, plan: Plan, sums: dict[str, Run], levels: pd.DataFrame) -> pd.DataFrame:
    settings, total = scenario.settings, None if plan.quota is None else float(plan.total())
    rows = []
    for name, metric in settings.metrics.items():
        row = {"metric": name, "kind": metric.kind, "weight": float(metric.weight), "target": float(metric.target)}
        if name == MAIN:
            target = float(settings.target * settings.unit)
            row |= {"target": target, "total": total, "status": plan.status, "sentence": plan.sentence}
        elif metric.kind == "sum":
            run = sums[name]
            row |= {"total": run.record["quota"], "status": run.status, "sentence": run.record["sentence"]}
            row["run"] = f"metrics/{run.id}"
        else:
            whole = levels[(levels["metric"] == name) & (levels["level"] == "company")]
            row |= {"total": float(whole["target"].iloc[0]), "status": "set"}
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=[column.name for column in c.METRICS])
    return table.assign(gap=table["total"].astype(float) - table["target"])


def identity_notes(scenario: Scenario, inputs: Inputs, plan: Plan, tables: Tables) -> Iterator[Finding]:
    """Whether units × price is the money planned, where the products have a price."""
    if plan.quota is None or "price" not in inputs.products or "metric_quotas" not in tables:
        return
    quotas = tables["metric_quotas"][0]
    units = quotas[quotas["metric"] == "units"].groupby("product_id")["quota"].sum()
    price = pd.to_numeric(inputs.products.set_index("product_id")["price"], errors="coerce").reindex(units.index)
    if not len(units) or price.isna().any():
        return
    unit = scenario.settings.unit
    worth, money = float((units * price).sum()) * float(unit), float(plan.total())
    if abs(worth - money) > SAME * money:
        wanted = float(scenario.settings.metrics["units"].target) * money / worth if worth else 0.0
        what = (
            f"units × price is {worth:,.0f}, quotas of money are {money:,.0f}: "
            f"{abs(worth - money):,.0f} ({abs(worth / money - 1):.1%}) {'more' if worth > money else 'less'}"
        )
        place = split_place(scenario.source("metrics", "units", "target"))
        remedy = f"With metrics.units.target = {wanted:,.0f} they agree."
        yield Finding(what, remedy, *place, severity="warning", code="identity")
