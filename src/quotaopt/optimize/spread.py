"""The canonical spread: the one table nearest to the reference pattern that keeps every total.

Minimises ``sum(q ln(q / w) - q + w)`` (Kullback-Leibler) over all tables q with the given sub-totals in their
intervals. The optimum is ``w`` times one factor per sub-total; a sub-total inside its interval has factor 1. Dual
coordinate ascent, which for equations is iterative proportional fitting, finds it from any start (Censor & Lent;
Kiwiel, Free-Steering Relaxation Methods, IIASA WP-94-089). No solver takes part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quotaopt.problem import Floats, Grouping

TOLERANCE = 1e-12  # relative change of a factor in a pass that counts as settled


@dataclass(frozen=True, eq=False)
class Family:
    """Interval of each sub-total of a grouping; shapes (grouping.size,)."""

    grouping: Grouping
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class Spread:
    """The table (R × P × T), the number of passes, and the largest miss of a total (in the table's units)."""

    quota: Floats
    passes: int
    miss: float
    settled: bool


def spread(reference: Floats, families: Sequence[Family], passes: int = 2000) -> Spread:
    """Spread totals over cells in proportion to `reference`, as nearly as the intervals allow.

    Parameters
    ----------
    reference : R × P × T, not negative; cells with 0 stay 0.
    families : intervals of sub-totals; one family per grouping.
    passes : give up after this many rounds over all families.
    """
    quota = reference.astype(np.float64, copy=True)
    for family in families:  # a total that must be nothing empties its cells once; no factor can
        quota *= family.grouping.expand(family.upper > 0)
    factors = [np.ones(f.grouping.size) for f in families]
    done, change = 0, np.inf
    while done < passes and change > TOLERANCE:
        done, change = done + 1, 0.0
        for k, family in enumerate(families):
            with np.errstate(divide="ignore", invalid="ignore"):
                bare = family.grouping.sum(quota) / factors[k]
                factor = np.clip(1.0, family.lower / bare, family.upper / bare)
                factor = np.where(bare > 0, factor, factors[k])
                ratio = np.where(factors[k] > 0, factor / factors[k], 1.0)
            if (moved := float(np.abs(ratio - 1.0).max(initial=0.0))) > 0:
                quota *= family.grouping.expand(ratio)
                factors[k] = factor
                change = max(change, moved)
    return Spread(quota, done, miss(quota, families), change <= TOLERANCE)


def miss(quota: Floats, families: Sequence[Family]) -> float:
    """Largest distance of a sub-total from its interval."""
    worst = 0.0
    for family in families:
        value = family.grouping.sum(quota)
        worst = max(worst, float(np.maximum(family.lower - value, value - family.upper).max(initial=0.0)))
    return worst
