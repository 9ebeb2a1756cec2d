"""A rule about people on leave: who carries their quota."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from quotaopt.optimize.rows import Rows, Total
from quotaopt.problem import Problem
from quotaopt.rules._registry import rule
from quotaopt.rules.targets import whole_units


@rule
def keep_relief(problem: Problem, total: Total, *, by: str = "team") -> Iterator[Rows]:
    """Quotas of each group with somebody on leave add up to its share of capacity as if nobody were.

    Parameters
    ----------
    by : attribute of the rep whose groups keep what is relieved, such as ``team`` or ``manager``.
    """
    grouping = problem.group(by)
    if problem.relieved is None:
        return
    away, room = problem.relieved.by(by), problem.capacity.by(by)
    share = (room + away) / max(float((room + away).sum()), 1e-300)
    asked = whole_units(problem, [Decimal(problem.target) * Decimal(part) for part in share.tolist()])
    yield total(by).equals(np.where((away > 0) & (room > 0), asked, np.nan).reshape(grouping.size))
