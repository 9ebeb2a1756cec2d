"""Rules about what a rep can carry."""

from __future__ import annotations

from collections.abc import Iterator

from quotaopt.columns import MONTH, REP
from quotaopt.optimize.rows import Rows, Total
from quotaopt.problem import Problem
from quotaopt.rules._registry import rule


@rule
def stay_within_capacity(
    problem: Problem, total: Total, *, stretch: float = 1.0, by: tuple[str, ...] = (REP, MONTH)
) -> Iterator[Rows]:
    """Keep quotas within `stretch` times the capacity, per rep and month or any other sub-total.

    Parameters
    ----------
    stretch : highest quota / capacity.
    by : attributes of the sub-totals that are limited.
    """
    yield total(*by) <= stretch * problem.capacity.by(*by)
