"""What a rule says: blocks of sub-totals of the quota, compared with limits.

``total(REP, MONTH) <= limit`` states one row for each rep and month at once. Sub-totals of reps alone may be
combined with any other (``total(REP, QUARTER) - 0.3 * total(REP).along(REP, QUARTER)``), because the totals of
reps are decided first and are numbers when the months and products are spread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quotaopt.problem import Floats, Grouping, Ints, Problem

Limits: TypeAlias = ArrayLike


@dataclass(frozen=True, eq=False)
class Term:
    """``weight[k] * subtotal[take[k]]`` in row k, sub-totals by `grouping`."""

    grouping: Grouping
    take: Ints
    weight: Floats


@dataclass(frozen=True, eq=False)
class Expression:
    """A linear expression per row; row k carries the label of sub-total k of `grouping`."""

    problem: Problem
    grouping: Grouping
    terms: tuple[Term, ...]

    def along(self, *by: str) -> Expression:
        """The same sub-total repeated for each finer one it contains, so that the two can be combined.

        Raises
        ------
        ValueError
            If `by` is not a refinement of this expression's attributes.
        """
        fine = self.problem.group(*by)
        take = fine.within(self.grouping)
        terms = tuple(Term(t.grouping, t.take[take], t.weight[take]) for t in self.terms)
        return Expression(self.problem, fine, terms)

    def before(self) -> Expression:
        """The same total one month (quarter, half) earlier; nothing in the first."""
        grouping = self.grouping
        month = np.arange(grouping.size) % grouping.shape[2]
        take = np.where(month > 0, np.arange(grouping.size) - 1, 0)
        terms = tuple(Term(t.grouping, t.take[take], np.where(month > 0, t.weight[take], 0.0)) for t in self.terms)
        return replace(self, terms=terms)

    def priced(self, prices: Mapping[str, float], *by: str) -> Expression:
        """Sum over products of price times total, for each total by the attributes `by` (those of reps and months).

        The expression must be a plain total by `by` and the product; products without a price count nothing.
        """
        coarse, fine = self.problem.group(*by), self.grouping
        within = fine.within(coarse)
        order = np.argsort(within, kind="stable").reshape(coarse.size, fine.shape[1])
        weights = [prices.get(name, 0.0) for name in fine.names[1]]
        terms = [Term(fine, order[:, k], np.full(coarse.size, w)) for k, w in enumerate(weights) if w]
        return Expression(self.problem, coarse, tuple(terms))

    def __mul__(self, factor: ArrayLike) -> Expression:
        weight = np.broadcast_to(np.asarray(factor, dtype=np.float64), (self.grouping.size,))
        return replace(self, terms=tuple(replace(t, weight=t.weight * weight) for t in self.terms))

    __rmul__ = __mul__

    def __add__(self, other: Expression) -> Expression:
        if other.grouping.labels != self.grouping.labels:
            raise ValueError("add totals of the same rows: use .along(...)")
        return replace(self, terms=self.terms + other.terms)

    def __sub__(self, other: Expression) -> Expression:
        return self + other * -1.0

    def between(self, lower: Limits, upper: Limits) -> Rows:
        """Rows ``lower <= expression <= upper``; an infinite limit is no limit."""
        n = self.grouping.size
        low, high = (np.broadcast_to(np.asarray(v, dtype=np.float64), (n,)) for v in (lower, upper))
        return Rows(self, low, high)

    def __le__(self, limit: Limits) -> Rows:
        return self.between(-np.inf, limit)

    def __ge__(self, limit: Limits) -> Rows:
        return self.between(limit, np.inf)

    def equals(self, value: Limits) -> Rows:
        """Rows ``expression == value``; nan is no limit."""
        value = np.asarray(value, dtype=np.float64)
        free = np.isnan(value)
        return self.between(np.where(free, -np.inf, value), np.where(free, np.inf, value))

    @property
    def plain(self) -> bool:
        """Whether the rows are plain sub-totals, without weights or second terms."""
        first = self.terms[0]
        return len(self.terms) == 1 and first.grouping is self.grouping and bool((first.weight == 1.0).all())

    def evaluate(self, quota: NDArray[np.float64] | Ints) -> Floats:
        """The value of each row for a given rep × product × month table."""
        out = np.zeros(self.grouping.size)
        for term in self.terms:
            out += term.weight * term.grouping.sum(quota)[term.take]
        return out


@dataclass(frozen=True, eq=False)
class Rows:
    """``lower <= expression <= upper``, in rounding units; `sources` names the file line of single rows."""

    expression: Expression
    lower: Floats
    upper: Floats
    sources: Mapping[int, str] = field(default_factory=dict)


Total: TypeAlias = Callable[..., Expression]


def totals_of(problem: Problem) -> Total:
    """The function ``total(*by)`` that rules are written with."""

    def total(*by: str) -> Expression:
        grouping = problem.group(*by)
        term = Term(grouping, np.arange(grouping.size), np.ones(grouping.size))
        return Expression(problem, grouping, (term,))

    return total
