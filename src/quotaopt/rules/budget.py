"""Rules about what quotas cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from quotaopt.columns import PRODUCT
from quotaopt.errors import UnknownNameError
from quotaopt.optimize.rows import Rows, Total
from quotaopt.problem import Problem
from quotaopt.rules._registry import rule


@rule
def limit_budget(
    problem: Problem,
    total: Total,
    *,
    budget: Decimal = Decimal("Infinity"),
    prices: dict[str, Decimal] = {},  # noqa: B006 - read only
    by: tuple[str, ...] = (),
) -> Iterator[Rows]:
    """What the quotas cost stays within a budget: the sum over products of price × quota.

    Its rows weigh totals, so that it is outside the network class: the budget holds to within a few rounding units.

    Parameters
    ----------
    budget : highest cost, money.
    prices : cost of 1 of quota, by product (a commission, a subsidy, working capital); others cost nothing.
    by : attributes of the rep that have the budget each; none for the company.
    """
    labels = problem.group(PRODUCT).labels
    for name in prices:
        if name not in labels:
            raise UnknownNameError(PRODUCT, name, labels)
    if prices:
        cost = total(*by, PRODUCT).priced({k: float(v) for k, v in prices.items()}, *by)
        yield cost <= float(problem.units(budget))
