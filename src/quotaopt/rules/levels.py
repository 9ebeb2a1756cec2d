"""Rules about the size of one rep's quota."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import numpy as np

from quotaopt.columns import REP, ROLE
from quotaopt.errors import UnknownNameError
from quotaopt.optimize.rows import Rows, Total
from quotaopt.problem import Floats, Problem
from quotaopt.rules._registry import rule


@rule
def quota_floor(
    problem: Problem,
    total: Total,
    *,
    amount: Decimal = Decimal(0),
    by_role: dict[str, Decimal] = {},  # noqa: B006 - read only
) -> Iterator[Rows]:
    """No rep's quota is below this amount, scaled by presence (part time, ramp, leaving).

    Parameters
    ----------
    amount : lowest quota over the plan, money.
    by_role : lowest quota of single roles; `amount` for the others.
    """
    yield total(REP) >= _by_role(problem, amount, by_role) * problem.presence


@rule
def quota_ceiling(
    problem: Problem,
    total: Total,
    *,
    amount: Decimal = Decimal("Infinity"),
    by_role: dict[str, Decimal] = {},  # noqa: B006
) -> Iterator[Rows]:
    """No rep's quota is above this amount.

    Parameters
    ----------
    amount : highest quota over the plan, money; none when left out.
    by_role : highest quota of single roles; `amount` for the others.
    """
    yield total(REP) <= _by_role(problem, amount, by_role)


def _by_role(problem: Problem, amount: Decimal, by_role: Mapping[str, Decimal]) -> Floats:
    """The amount of each rep, in rounding units."""
    roles = problem.index.reps[ROLE]
    for role in by_role:
        if role not in set(roles):
            raise UnknownNameError(ROLE, role, sorted(set(roles)))
    return np.array([float(problem.units(by_role.get(role, amount))) for role in roles])
