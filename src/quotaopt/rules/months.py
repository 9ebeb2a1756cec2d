"""Rules about the shape of the year."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from quotaopt.columns import MONTH, REP_ATTRIBUTES
from quotaopt.errors import UnknownNameError
from quotaopt.optimize.rows import Rows, Total
from quotaopt.problem import Problem
from quotaopt.rules._registry import rule


@rule
def month_shape(
    problem: Problem,
    total: Total,
    *,
    by: str = MONTH,
    low: float = 0.0,
    high: float = 1.0,
    ranges: dict[str, tuple[Decimal, Decimal]] = {},  # noqa: B006 - read only
    of: tuple[str, ...] = (),
) -> Iterator[Rows]:
    """Each month's (or quarter's) share of the plan stays in a range.

    Parameters
    ----------
    by : ``month``, ``quarter`` or ``half``.
    low, high : lowest and highest share of every period.
    ranges : lowest and highest share of single periods, by name (``2027-01``, ``2027-Q1``).
    of : attributes of the rep whose totals the shares are of; none for the company, ``["rep"]`` for each rep.
    """
    for name in of:
        if name not in problem.index.attributes[0]:
            raise UnknownNameError("attribute of a rep", name, REP_ATTRIBUTES)
    pairs = problem.named(by, ranges, (low, high))
    part, whole = total(*of, by), total(*of).along(*of, by)
    n = len(part.grouping.labels) // len(pairs)
    lows, highs = (np.tile([float(p[k]) for p in pairs], n) for k in (0, 1))
    yield (part - whole * lows) >= np.where(lows > 0, 0.0, -np.inf)
    yield (part - whole * highs) <= np.where(highs < 1, 0.0, np.inf)


@rule
def smooth_months(
    problem: Problem, total: Total, *, down: float = 0.0, up: float = np.inf, of: tuple[str, ...] = ()
) -> Iterator[Rows]:
    """Each month's quota stays between `down` and `up` times that of the month before.

    Its rows hold two totals of months at once, so that it is outside the network class: limits hold to within a few
    rounding units, and the certificate of fairness looks at moves between two reps only.

    Parameters
    ----------
    down, up : lowest and highest quota / quota of the month before.
    of : attributes of the rep whose totals are smooth; none for the company, ``["rep"]`` for each rep.
    """
    month = total(*of, MONTH)
    first = np.arange(month.grouping.size) % month.grouping.shape[2] == 0
    if down > 0:
        yield (month - month.before() * down) >= np.where(first, -np.inf, 0.0)
    if np.isfinite(up):
        yield (month - month.before() * up) <= np.where(first, np.inf, 0.0)
