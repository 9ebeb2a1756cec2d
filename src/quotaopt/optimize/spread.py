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

from quotaopt.optimize.rows import Term
from quotaopt.problem import Floats, Grouping

TOLERANCE = 1e-12  # relative change of a factor in a pass that counts as settled
PLAIN = 40  # passes before the factors are extrapolated
WILD = 200.0  # logarithm of a factor beyond which an extrapolation is not tried
STRAIGHT = 50.0  # passes that bend less than this drift
NEARLY = 1e-6  # a leap may leave the change of a pass where it was, but not make it larger


@dataclass(frozen=True, eq=False)
class Family:
    """Interval of each sub-total of a grouping; shapes (grouping.size,)."""

    grouping: Grouping
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class Weighing:
    """Rows that weigh several sub-totals: ``lower <= sum(weight * subtotal) <= upper``, shapes (rows,)."""

    terms: tuple[Term, ...]
    lower: Floats
    upper: Floats

    def activity(self, quota: Floats) -> tuple[Floats, Floats]:
        """Value of each row, and its slope when every row's multiplier rises by one."""
        value, slope = np.zeros(self.lower.size), np.zeros(self.lower.size)
        for term in self.terms:
            part = term.grouping.sum(quota)[term.take]
            value += term.weight * part
            slope += term.weight**2 * part
        return value, slope

    def multiply(self, quota: Floats, step: Floats) -> Floats:
        """The table after the rows' multipliers change by `step`."""
        for term in self.terms:
            exponent = np.bincount(term.take, term.weight * step, term.grouping.size)
            quota = quota * term.grouping.expand(np.exp(exponent))
        return quota

    def climb(self, quota: Floats, multiplier: Floats) -> tuple[Floats, Floats, float]:
        """One damped Newton step of all rows at once; the table, the multipliers and the largest change.

        Half steps, because a cell may be in two rows (a month, and the month before the next).
        """
        value, slope = self.activity(quota)
        with np.errstate(divide="ignore", invalid="ignore"):
            rise = np.where(slope > 0, (self.lower - value) / slope, 0.0)
            fall = np.where(slope > 0, (self.upper - value) / slope, 0.0)
        wanted = np.where(multiplier + rise > 0, multiplier + rise, np.minimum(multiplier + fall, 0.0))
        step = np.clip(0.5 * (wanted - multiplier), -0.5, 0.5)
        return self.multiply(quota, step), multiplier + step, float(np.abs(step).max(initial=0.0))


@dataclass(frozen=True, eq=False)
class Spread:
    """The table (R × P × T), the number of passes, and the largest miss of a total (in the table's units)."""

    quota: Floats
    passes: int
    miss: float
    settled: bool


def spread(
    reference: Floats, families: Sequence[Family], passes: int = 2000, weighings: Sequence[Weighing] = ()
) -> Spread:
    """Spread totals over cells in proportion to `reference`, as nearly as the intervals allow.

    Parameters
    ----------
    reference : R × P × T, not negative; cells with 0 stay 0.
    families : intervals of sub-totals; one family per grouping.
    passes : give up after this many rounds over all families.
    weighings : rows that weigh several sub-totals.
    """
    for family in families:  # a total that must be nothing empties its cells once; no factor can
        reference = reference * family.grouping.expand(family.upper > 0)
    state = _State(reference, families, weighings)
    done, change = 0, np.inf
    while done < passes and change > TOLERANCE:
        if done < PLAIN:
            change = state.step()
            done += 1
        else:
            change = state.leap()
            done += 3
    return Spread(state.quota, done, miss(state.quota, families, weighings), change <= TOLERANCE)


class _State:
    """Factors of the sub-totals and the table they make; lives only inside `spread`."""

    def __init__(self, reference: Floats, families: Sequence[Family], weighings: Sequence[Weighing]) -> None:
        self.reference, self.families, self.weighings = reference, families, weighings
        self.quota = reference.astype(np.float64, copy=True)
        self.factors = [np.ones(f.grouping.size) for f in families]
        self.multipliers = [np.zeros(w.lower.size) for w in weighings]

    def step(self) -> float:
        """One pass over all families; the largest relative change of a factor."""
        change = 0.0
        for k, family in enumerate(self.families):
            with np.errstate(divide="ignore", invalid="ignore"):
                bare = family.grouping.sum(self.quota) / self.factors[k]
                factor = np.clip(1.0, family.lower / bare, family.upper / bare)
                factor = np.where(bare > 0, factor, self.factors[k])
                ratio = np.where(self.factors[k] > 0, factor / self.factors[k], 1.0)
            if (moved := float(np.abs(ratio - 1.0).max(initial=0.0))) > 0:
                self.quota *= family.grouping.expand(ratio)
                self.factors[k] = factor
                change = max(change, moved)
        for k, weighing in enumerate(self.weighings):
            self.quota, self.multipliers[k], moved = weighing.climb(self.quota, self.multipliers[k])
            change = max(change, moved)
        return change

    def leap(self) -> float:
        """Two passes, an extrapolation of the factors they suggest, and a pass that makes it good.

        Squared extrapolation (Varadhan & Roland, Simple and globally convergent methods for accelerating the
        convergence of any EM algorithm, 2008) where the passes slow down; where they drift at a constant pace, on to
        where the first factor loses its limit. The ascent may start anywhere, so a leap can only cost time; one that
        leads away is taken back.
        """
        start = self.point
        self.step()
        first = self.point
        before = self.step()
        second = self.point
        way, bend = first - start, second - 2 * first + start
        size, length = float(np.linalg.norm(bend)), float(np.linalg.norm(way))
        reach = max(1.0, length / size) if size > 0 else np.inf
        if reach < STRAIGHT:
            leapt = start + 2 * reach * way + reach**2 * bend
        else:
            pace = second - first
            with np.errstate(divide="ignore", invalid="ignore"):
                ends = np.where(np.abs(pace) > TOLERANCE, -second / pace, -np.inf)
            leapt = second + pace * ends[ends > 0].min(initial=np.inf) if (ends > 0).any() else second
        if not np.abs(leapt).max(initial=0.0) <= WILD:
            return before
        self.go(leapt)
        after = self.step()
        if not after <= before * (1 + NEARLY):
            self.go(second)
            return before
        return after

    @property
    def point(self) -> Floats:
        """All factors, as logarithms, in one vector."""
        with np.errstate(divide="ignore"):
            return np.concatenate([*(np.log(f) for f in self.factors), *self.multipliers])

    def go(self, point: Floats) -> None:
        """Set the factors and make the table anew from the reference."""
        sizes = [f.size for f in self.factors] + [m.size for m in self.multipliers]
        parts = np.split(point, np.cumsum(sizes)[:-1])
        n = len(self.factors)
        self.factors = [np.exp(part) for part in parts[:n]]
        self.multipliers = parts[n:]
        self.quota = self.reference.astype(np.float64, copy=True)
        for family, factor in zip(self.families, self.factors, strict=True):
            self.quota *= family.grouping.expand(factor)
        for weighing, multiplier in zip(self.weighings, self.multipliers, strict=True):
            self.quota = weighing.multiply(self.quota, multiplier)


def miss(quota: Floats, families: Sequence[Family], weighings: Sequence[Weighing] = ()) -> float:
    """Largest distance of a sub-total, or of a row of several, from its interval."""
    worst = 0.0
    for weighing in weighings:
        value = weighing.activity(quota)[0]
        worst = max(worst, float(np.maximum(weighing.lower - value, value - weighing.upper).max(initial=0.0)))
    for family in families:
        value = family.grouping.sum(quota)
        worst = max(worst, float(np.maximum(family.lower - value, value - family.upper).max(initial=0.0)))
    return worst
