"""Own bounds: limits of rules on single totals of one rep, and what they imply for the rep's whole total.

They need no row in a program: they are bounds of its columns, and what water-filling works with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quotaopt.optimize.statement import Block
from quotaopt.problem import Bools, Floats, Grouping, Ints, Problem

LINK = -1  # a row or bound that belongs to the structure, not to a rule

REPS, PRODUCTS, MONTHS, CELLS = (False, False), (True, False), (False, True), (True, True)


@dataclass(frozen=True, eq=False)
class Bounds:
    """Lowest and highest value of some totals, in units, and the rule rows (counted through all blocks) behind them."""

    lower: Floats
    upper: Floats
    lower_origin: Ints
    upper_origin: Ints

    def tighten(self, rows: Ints, lower: Floats, upper: Floats, lower_origin: Ints, upper_origin: Ints) -> None:
        """Take over stricter limits for `rows` (each named once)."""
        at = lower > self.lower[rows]
        self.lower[rows[at]], self.lower_origin[rows[at]] = lower[at], lower_origin[at]
        at = upper < self.upper[rows]
        self.upper[rows[at]], self.upper_origin[rows[at]] = upper[at], upper_origin[at]

    def summed(self, shape: tuple[int, ...], axis: int) -> tuple[Floats, Floats, Ints, Ints]:
        """Bounds of the sums along one axis; the largest part lends its origin."""
        out = []
        for values, origins in ((self.lower, self.lower_origin), (self.upper, self.upper_origin)):
            value, origin = values.reshape(shape), origins.reshape(shape)
            largest = np.expand_dims(np.where(origin == LINK, -1.0, value).argmax(axis=axis), axis)
            out.append((value.sum(axis=axis).reshape(-1), np.take_along_axis(origin, largest, axis).reshape(-1)))
        (low, low_origin), (high, high_origin) = out
        return low, high, low_origin, high_origin


def kind_of(grouping: Grouping) -> tuple[bool, bool] | None:
    """Which own totals a grouping is made of (by product, by month); None when it is not of single reps' totals."""
    return grouping.used[1:] if grouping.own == grouping.used and grouping.own[0] else None


def own_bounds(problem: Problem, blocks: Sequence[Block]) -> dict[tuple[bool, bool], Bounds]:
    """Bounds of every rep's total, products, months and cells; the last three only where some rule states them.

    Bounds of the parts tighten those of the whole.
    """
    shape = n_reps, n_products, n_months = problem.index.shape
    found: dict[tuple[bool, bool], Bounds] = {REPS: _open(_eligible(problem, REPS))}
    first = 0
    for block in blocks:
        kind = kind_of(block.expression.grouping)
        if block.expression.plain and kind is not None:
            if kind not in found:
                found[kind] = _open(_eligible(problem, kind))
            origin = first + np.arange(block.size)
            found[kind].tighten(block.keep, block.lower, block.upper, origin, origin)
        first += block.size
    for part, whole, dims, axis in (
        (CELLS, PRODUCTS, shape, 2),
        (CELLS, MONTHS, shape, 1),
        (PRODUCTS, REPS, (n_reps, n_products), 1),
        (MONTHS, REPS, (n_reps, n_months), 1),
    ):
        if part in found:
            if whole not in found:
                found[whole] = _open(_eligible(problem, whole))
            found[whole].tighten(np.arange(found[whole].lower.size), *found[part].summed(dims, axis))
    return found


def _eligible(problem: Problem, kind: tuple[bool, bool]) -> Bools:
    return np.asarray(problem.eligible.any(axis=tuple(k + 1 for k in (0, 1) if not kind[k])))


def _open(eligible: Bools) -> Bounds:
    """No limit but zero, and zero where no quota may stand."""
    flat = eligible.reshape(-1)
    none = np.full(flat.size, LINK)
    return Bounds(np.zeros(flat.size), np.where(flat, np.inf, 0.0), none, none.copy())
