"""Rules about growth against last year."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quotaopt.columns import REP
from quotaopt.optimize.rows import Rows, Total
from quotaopt.problem import Problem
from quotaopt.rules._registry import rule


@rule
def limit_change(
    problem: Problem,
    total: Total,
    *,
    down: float = 0.0,
    up: float = np.inf,
    by: str = REP,
    ranges: dict[str, tuple[float, float]] = {},  # noqa: B006 - read only
) -> Iterator[Rows]:
    """Keep each quota between `down` and `up` times last year's sales of the same months.

    For reps the base counts in proportion to their presence (part time, ramp, leaving), and a rep who was not
    there for the whole of last year has no limit: part of a year is no base.

    Parameters
    ----------
    down, up : lowest and highest quota / last year's sales.
    by : attribute whose groups are limited.
    ranges : lowest and highest of single groups (or reps), by name, instead of `down` and `up`.
    """
    base = problem.last_year.by(by)
    known = base > 0
    if by == REP:
        known &= problem.full_last_year
        base = base * problem.presence
    low, high = np.array(problem.named(by, ranges, (down, up)), dtype=np.float64).T
    lower, upper = low * base, np.multiply(high, base, where=known, out=np.full(base.shape, np.inf))
    yield total(by).between(np.where(known, lower, -np.inf), upper)
