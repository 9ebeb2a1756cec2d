"""Levels such as market share or satisfaction: a target for each node whose weighted mean is the company's.

Every node moves by the same step from its last value, as far as its limits allow; volumes are the weights. Levels are
never summed.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.errors import Finding, nearest, split_place
from quotaopt.problem import Bools, Floats, Ints
from quotaopt.scenario import Scenario
from quotaopt.settings.metrics import Metric, metric_names

if TYPE_CHECKING:
    from quotaopt.tables import Inputs


def check_levels(scenario: Scenario, inputs: Inputs) -> Iterator[Finding]:
    """Metrics without rows, rows of unknown metrics and nodes, and targets that leave the company's level no way."""
    table, settings = inputs.more["levels"], scenario.settings
    wanted = metric_names(settings.metrics, "level")
    for row in table.itertuples():
        place = split_place(str(row.source))
        known = (
            inputs.roster["rep_id"] if row.level == "rep" else inputs.roster.get(str(row.level), pd.Series(dtype=str))
        )
        if row.metric not in wanted:
            remedy = f'Write [metrics.{row.metric}] with kind = "level".'
            yield Finding("no such metric of kind level", remedy, *place, "metric", str(row.metric), code="metric")
        elif row.node not in set(known):
            near = nearest(str(row.node), set(known))
            remedy = f"Did you mean {near!r}?" if near else f"The level is {row.level}."
            yield Finding("not in the roster", remedy, *place, "node", str(row.node), code="node")
    for name in wanted:
        mine, place = table[table["metric"] == name], split_place(scenario.source("metrics", name, "target"))
        if mine.empty or not mine["volume"].sum() > 0:
            remedy = "Add its nodes with metric, level, node, volume and value to data.levels."
            yield Finding("no node with a volume", remedy, *place, f"metrics.{name}", code="metric")
        elif len(set(mine["level"])) > 1:
            what = f"nodes of several levels: {', '.join(sorted(mine['level'].unique()))}"
            yield Finding(what, "Give all of one level.", *place, f"metrics.{name}", code="metric")
        else:
            yield from _check_reach(settings.metrics[name], mine, f"metrics.{name}.target", scenario)


def _check_reach(metric: Metric, mine: pd.DataFrame, key: str, scenario: Scenario) -> Iterator[Finding]:
    volume, fixed = mine["volume"].to_numpy(float), mine["target"].to_numpy(float)
    low, high = (np.where(np.isnan(fixed), float(end), fixed) for end in (metric.low, metric.top))
    ends = [float(np.sum(volume * end, where=volume > 0) / volume.sum()) for end in (low, high)]
    if not ends[0] - 1e-9 <= float(metric.target) <= ends[1] + 1e-9:
        what = f"the targets given leave a mean between {ends[0]:.4g} and {ends[1]:.4g}"
        place = split_place(scenario.source(*key.split(".")))
        yield Finding(what, "Change one of them.", *place, key, f"{metric.target:f}", code="metric")


def level_tables(scenario: Scenario, inputs: Inputs) -> pd.DataFrame:
    """The level of every node and, in front of them, the company's: the mean weighted by volume."""
    parts = []
    for name in metric_names(scenario.settings.metrics, "level"):
        metric = scenario.settings.metrics[name]
        mine = inputs.more["levels"]
        mine = mine[mine["metric"] == name].reset_index(drop=True)
        volume, value, given = (mine[k].to_numpy(float) for k in ("volume", "value", "target"))
        value = np.where(np.isnan(value), float(metric.target), value)
        steps = set_levels(metric, volume, value, given)
        target = [float(int(k) * metric.step) for k in steps]
        exact = sum((int(k) * metric.step * Decimal(str(w)) for k, w in zip(steps, volume, strict=True)), Decimal(0))
        mean = float(exact / Decimal(str(volume.sum())))
        whole = float(np.average(value, weights=volume))
        company = pd.DataFrame({"level": ["company"], "node": ["all"], "volume": volume.sum(), "value": whole})
        rows = mine[["level", "node", "volume"]].assign(value=value, target=target, set=~np.isnan(given))
        both = pd.concat([company.assign(target=mean, set=True), rows], ignore_index=True)
        parts.append(both.assign(metric=name, change=both["target"] - both["value"]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def set_levels(metric: Metric, volume: Floats, value: Floats, given: Floats) -> Ints:
    """Levels in whole steps: what is given, and for the others the last value plus one shift for all, within limits.

    The shift solves ``sum(volume × level) = target × sum(volume)``, piecewise linear in the shift; levels are then
    rounded, and single nodes moved by a step as long as that brings the mean nearer.
    """
    step, low, high = float(metric.step), float(metric.low), float(metric.top)
    free = np.isnan(given)
    wanted = float(metric.target) * volume.sum() - float((volume[~free] * given[~free]).sum())
    level = np.where(free, np.clip(value + _shift(volume[free], value[free], low, high, wanted), low, high), given)
    steps = np.rint(level / step).astype(np.int64)
    return _nearer(steps, volume, free, metric)


def _shift(volume: Floats, value: Floats, low: float, high: float, wanted: float) -> float:
    """The shift at which the clipped values, weighted by volume, add up to `wanted`."""
    if not volume.sum() > 0:
        return 0.0
    reach = abs(wanted) / float(volume[volume > 0].min()) + float(np.abs(value).max()) + abs(low) + 1.0
    bends = np.concatenate([low - value, high - value, [-reach, reach]])
    bends = np.unique(bends[np.isfinite(bends)])
    sums = np.array([(volume * np.clip(value + bend, low, high)).sum() for bend in bends])
    return float(np.interp(wanted, sums, bends))


def _nearer(steps: Ints, volume: Floats, free: Bools, metric: Metric) -> Ints:
    """Move single free nodes by one step, the best one first, as long as the weighted mean comes nearer."""
    goal = float(metric.target / metric.step) * volume.sum()
    low, high = float(metric.low / metric.step), float(metric.top / metric.step)
    steps = steps.copy()
    while True:
        off = goal - float((volume * steps).sum())
        sign = 1 if off > 0 else -1
        left = np.abs(off - sign * volume)
        able = free & (volume > 0) & (steps + sign >= low - 1e-9) & (steps + sign <= high + 1e-9)
        left = np.where(able, left, np.inf)
        best = int(left.argmin()) if left.size else 0
        if not left.size or not left[best] < abs(off) * (1 - 1e-12):
            return steps
        steps[best] += sign
