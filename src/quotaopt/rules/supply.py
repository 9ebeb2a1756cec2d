"""Rules about what can be delivered."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from quotaopt.columns import MONTH, PRODUCT
from quotaopt.errors import Finding, InputError
from quotaopt.optimize.rows import Rows, Total
from quotaopt.problem import Problem
from quotaopt.rules._registry import rule


@rule
def stay_within_supply(
    problem: Problem,
    total: Total,
    *,
    stretch: float = 1.0,
    caps: dict[str, Decimal] = {},  # noqa: B006 - read only
) -> Iterator[Rows]:
    """Quotas of a product are no more than can be delivered, in a month (`supply_cap`, `data.supply`) or in all.

    Parameters
    ----------
    stretch : highest quota / what can be delivered in a month.
    caps : most of single products over the plan, money.
    """
    if problem.supply is None and not caps:
        what = "rules.stay_within_supply knows no limit"
        remedy = "Write supply_cap into the products or data.supply, or caps into the rule."
        raise InputError([Finding(what, remedy, code="scenario")])
    if problem.supply is not None:
        yield total(PRODUCT, MONTH) <= stretch * problem.supply.reshape(-1)
    limits = {name: float(problem.units(cap)) for name, cap in caps.items()}
    yield total(PRODUCT) <= np.array(problem.named(PRODUCT, limits, np.inf))
