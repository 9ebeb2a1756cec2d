"""Hours as a limit of capacity: what a rep has time to sell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quotaopt.errors import Finding, nearest

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

Floats = NDArray[np.float64]


def check_workload(inputs: Inputs, settings: Settings) -> Iterator[Finding]:
    """One finding for each product of ``[workload]`` that does not exist, or that has hours but no value."""
    rule, known = settings.workload, sorted(map(str, inputs.products["product_id"]))
    for key in ("hours_per_deal", "value_per_deal"):
        for name in getattr(rule, key):
            if name not in known:
                near = nearest(name, known)
                remedy = f"Did you mean {near!r}?" if near else f"Known: {', '.join(known[:10])}."
                yield Finding("no such product", remedy, column=f"workload.{key}", value=name, code="workload")
    for name in sorted(set(rule.hours_per_deal) - set(rule.value_per_deal)):
        what, remedy = "hours for a deal but no value of it", f"Add {name} to workload.value_per_deal."
        yield Finding(what, remedy, column="workload.hours_per_deal", value=name, code="workload")


def hours_available(headcount: Floats, reps: Sequence[str], inputs: Inputs, settings: Settings) -> Floats:
    """Hours of each rep's month that are left to sell in, shape (reps, months): accounts take theirs first."""
    rule, table = settings.workload, inputs.more.get("roster_market")
    hours = rule.hours * headcount
    if not rule.hours_per_account or table is None:
        return hours
    accounts = table.set_index("rep_id")["accounts"].reindex(list(reps)).fillna(0.0).to_numpy(np.float64)
    return np.asarray(np.maximum(hours - rule.hours_per_account * accounts[:, None], 0.0))


def share_in_time(cells: Floats, available: Floats, products: Sequence[str], settings: Settings) -> Floats:
    """Part of each rep's month for which there are hours, 0..1, shape (reps, months).

    A month's sales need ``sum over products of sales / value of a deal × hours per deal``. Where there are not so many
    hours, all products of the month give way by the same part.

    Parameters
    ----------
    cells : sales, money, shape (reps, products, months).
    available : hours to sell in, shape (reps, months).
    """
    if not settings.workload.hours:
        return np.ones_like(available)
    needed = hours_needed(cells, products, settings)
    return np.asarray(np.divide(available, needed, out=np.ones_like(needed), where=needed > available))


def hours_needed(cells: Floats, products: Sequence[str], settings: Settings) -> Floats:
    """Hours it takes to sell so much, shape (reps, months); `cells` as in `share_in_time`."""
    rule, money = settings.workload, float(settings.unit)
    hours = [rule.hours_per_deal.get(p, 0.0) / (float(rule.value_per_deal.get(p, 1)) * money) for p in products]
    return np.asarray(np.einsum("rpt,p->rt", cells, np.array(hours)))
