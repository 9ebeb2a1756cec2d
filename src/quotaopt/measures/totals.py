"""Sums against each other: quotas against targets, capacity, seats, seasons, and the plan before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quotaopt.measures.view import NAN, PlanView, Row, measure
from quotaopt.promise import check_promise


@measure
def overassignment(view: PlanView) -> Iterator[Row]:
    """How much more is handed out than must be covered, by level and in all."""
    street = float(view.quota.sum())
    about = "sum of quotas / target - 1, through all levels"
    yield Row("overassignment_cumulative", street / view.target - 1, "ratio", about)
    if street > 0:
        yield Row("attainment_factor", view.target / street, "ratio", "target / sum of quotas: what is enough")
    by = {
        "region": dict(zip(view.roster.index, view.roster["region"], strict=True)),
        "product": {name: name for name in view.products.index},
    }
    sides = {"region": (view.roster.index, view.rep_quota), "product": (view.products.index, view.quota.sum((0, 2)))}
    for level, group in by.items():
        wanted = {key: value for (at, key), value in view.targets.items() if at == level and value > 0}
        if not wanted:
            continue
        carried = dict.fromkeys(wanted, 0.0)
        for name, quota in zip(*sides[level], strict=True):
            if group[name] in carried:
                carried[group[name]] += float(quota)
        over = {key: carried[key] / wanted[key] - 1 for key in wanted}
        most = max(sorted(over), key=lambda key: over[key])
        about = f"highest sum of quotas / target - 1 by {level}: {most}"
        yield Row(f"overassignment_{level}", over[most], "ratio", about)


@measure
def promise(view: PlanView) -> Iterator[Row]:
    """Whether capacity can bear overassignment and the share of reps meant to make quota at once."""
    wanted = view.settings.policy.at_quota
    if wanted <= 0:
        return
    found = check_promise(view.sales, view.target, float(view.settings.overassignment), wanted)
    verdict = "ok" if found.kept else "look"
    about = f"expected sales / target at which {wanted:.0%} of reps make quota".replace("%", " %")
    yield Row("coverage_needed", found.needed, "ratio", about, "lower", reps=len(view.sales), verdict=verdict)


@measure
def stability(view: PlanView) -> Iterator[Row]:
    """How much of the current plan stays with its rep."""
    if view.current is None or view.current.sum() <= 0:
        return
    moved = 0.5 * np.abs(view.rep_quota - view.current.sum(axis=(1, 2))).sum() / view.current.sum()
    about = "half the sum of changes of reps' quotas / the current plan"
    yield Row("moved_quota", float(moved), "ratio", about, "lower", reps=len(view.rep_quota))


@measure
def forecast_accuracy(view: PlanView) -> Iterator[Row]:
    """Errors of the forecast in its own back-test."""
    table = view.accuracy
    if not len(table):
        return
    used = table[table["chosen"]].drop_duplicates("level").set_index("level")
    for level, column, name, about in (
        ("rep", "wape_sum", "forecast_wape", "absolute error of reps' sums / sales in the back-test"),
        ("all", "bias", "forecast_bias", "error / sales of the company in the back-test; above 0 too high"),
    ):
        value = float(used[column].get(level, NAN))
        if not np.isnan(value):
            yield Row(name, value, "ratio", about, "lower" if name == "forecast_wape" else "")
