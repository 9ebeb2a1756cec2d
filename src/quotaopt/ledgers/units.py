"""Quotas in units: amount and price say the same twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.columns.hand import UNITS
from quotaopt.money import money_text
from quotaopt.problem import Floats, Ints
from quotaopt.record import Tables, shape_tables

if TYPE_CHECKING:
    from quotaopt.plan import Plan
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs


def unit_tables(plan: Plan, inputs: Inputs, settings: Settings) -> Tables:
    """``units``: one row per quota of a product with a price; nothing without prices, or without a plan."""
    table = inputs.more.get("product_market")
    if plan.quota is None or table is None or table["price"].isna().all():
        return {}
    index = plan.problem.index
    products = [str(name) for name in index.products.index]
    price = table.set_index("product_id")["price"].reindex(products).astype(np.float64).fillna(0.0).to_numpy()
    price = price * [settings.price.get(name, 1.0) for name in products]
    r, p, t = np.nonzero((plan.quota > 0) & (price > 0)[:, None])
    money = plan.quota * float(plan.problem.unit)
    units = np.divide(money, price[:, None], out=np.zeros_like(money), where=price[:, None] > 0)
    frame = pd.DataFrame(
        {
            "rep_id": index.reps.index[r],
            "product_id": index.products.index[p],
            "period": index.months.index[t],
            "quota": money_text(plan.quota[r, p, t], plan.problem.unit),
            "price": price[p],
            "units": units[r, p, t],
            "whole_units": whole_units(units)[r, p, t],
        }
    )
    return shape_tables({"units": (frame, UNITS)})


def whole_units(units: Floats) -> Ints:
    """Whole units per month, so that the sum of the first months is always the nearest whole number (R × P × T)."""
    running = np.rint(np.cumsum(units, axis=2)).astype(np.int64)
    return np.diff(running, axis=2, prepend=0)
