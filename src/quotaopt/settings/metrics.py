"""The keys of a scenario about metrics beside money: units, new customers, market share."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from quotaopt.settings.data import Section
from quotaopt.values import Amount, Rule, refuse

MAIN = "amount"
"""The metric of `quotas.csv`: money. Under ``[metrics]`` it has a weight only."""


def _with_target(rules: dict[str, Any]) -> dict[str, Any]:
    """As everywhere the target is met, unless it says ``meet_target = false``."""
    return {"meet_target": {}, **rules}


class Metric(Section):
    """One metric with its own target and rules; its history is the column of its name, or its rows there.

    Metrics of kind ``sum`` are forecast and shared out like money. Those of kind ``level`` (a share, a score) are never
    summed: `target` is the company's level, and the table `data.levels` names nodes with their volume and last value.
    No level is below `low`, or above `high` where that is not 0. `weight` is its part of the whole. `rounding` is its
    smallest step; where that is 0 it is 1 for sums and 0.001 for levels.
    """

    target: Amount = Field(default=Decimal(0), ge=0, lt=10**15)
    weight: Amount = Field(default=Decimal(0), ge=0, le=1)
    kind: Literal["sum", "level"] = "sum"
    rounding: Amount = Field(default=Decimal(0), ge=0)
    low: Amount = Decimal(0)
    high: Amount = Field(default=Decimal(0), ge=0)
    rules: Annotated[dict[str, Rule], AfterValidator(_with_target)] = {"meet_target": {}}

    @property
    def top(self) -> Decimal:
        """The highest level there may be."""
        return self.high or Decimal("Infinity")

    @property
    def step(self) -> Decimal:
        """The smallest step of a quota or a level."""
        return self.rounding or (Decimal(1) if self.kind == "sum" else Decimal("0.001"))


def _check_metrics(metrics: dict[str, Metric]) -> dict[str, Metric]:
    if not metrics:
        return metrics
    for name, metric in metrics.items():
        if name != MAIN and not metric.target:
            refuse(f"{name} has no target", f"Write target under [metrics.{name}].")
        if name == MAIN and metric != Metric(weight=metric.weight):
            refuse(f"{MAIN} is the money of the scenario itself", "It has a weight here, and nothing else.")
        if metric.kind == "level" and not metric.low <= metric.target <= metric.top:
            refuse(f"{name}: the target {metric.target:f} is not between low and high")
    total = sum((metric.weight for metric in metrics.values()), Decimal(0))
    if total != 1:
        rest = 1 - sum((m.weight for name, m in metrics.items() if name != MAIN), Decimal(0))
        remedy = f"Write [metrics.{MAIN}] with weight = {rest.normalize():f}." if rest >= 0 else "Lower them."
        refuse(f"weights add up to {total.normalize():f}, not to 1", remedy)
    return metrics


Metrics = Annotated[dict[str, Metric], AfterValidator(_check_metrics)]


def metric_names(metrics: Any, kind: str) -> list[str]:
    """The metrics of a kind beside money, in the order they are written."""
    return [name for name, metric in metrics.items() if name != MAIN and metric.kind == kind]
