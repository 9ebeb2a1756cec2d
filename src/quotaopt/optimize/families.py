"""Intervals of plain sub-totals that remain for months and products once the totals of reps are whole numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quotaopt.columns import MONTH, PRODUCT, REP
from quotaopt.optimize.rows import Term
from quotaopt.optimize.spread import Family, Weighing
from quotaopt.optimize.statement import WHOLE, Block
from quotaopt.problem import Floats, Grouping, Ints, Problem

CELL = (REP, PRODUCT, MONTH)


def families(problem: Problem, blocks: Sequence[Block], rep_totals: Ints) -> list[Family]:
    """One family per grouping: the totals of reps as given, every other as the strictest interval of all rules.

    Rows that weigh several totals (a month's share of the year) turn into intervals of one total, because the
    totals of reps are numbers now; their limits are widened to whole units, so they hold to within one unit.
    """
    reps = problem.group(REP)
    exact = rep_totals.astype(np.float64)
    found: dict[tuple[str, ...], tuple[Grouping, Floats, Floats]] = {reps.by: (reps, exact, exact)}
    for block in blocks:
        terms = _spread_terms(block)
        if len(terms) != 1:
            continue
        grouping = terms[0].grouping
        rows = terms[0].take[block.keep]
        lower, upper = _limits(block, rep_totals, problem.index.shape)
        _, low, high = found.setdefault(
            grouping.by, (grouping, np.full(grouping.size, -np.inf), np.full(grouping.size, np.inf))
        )
        np.maximum.at(low, rows, lower)
        np.minimum.at(high, rows, upper)
    return [Family(*f) for f in sorted(found.values(), key=lambda f: f[0].size)]


def weighings(problem: Problem, blocks: Sequence[Block], rep_totals: Ints) -> list[Weighing]:
    """Rows that weigh several totals of products or months: outside the network class (a budget, a smooth year)."""
    out = []
    for block in blocks:
        terms = _spread_terms(block)
        if len(terms) > 1:
            constant = _constant(block, rep_totals, problem.index.shape)
            kept = tuple(Term(t.grouping, t.take[block.keep], t.weight[block.keep]) for t in terms)
            out.append(Weighing(kept, block.lower - constant, block.upper - constant))
    return out


def _spread_terms(block: Block) -> list[Term]:
    """The terms of a block that are not known once the totals of reps are."""
    return [t for t in block.expression.terms if t.grouping.used[1] or t.grouping.used[2]]


def _constant(block: Block, rep_totals: Ints, shape: tuple[int, int, int]) -> Floats:
    """What the totals of reps add to each row."""
    whole = np.zeros(shape)
    whole[:, 0, 0] = rep_totals
    out = np.zeros(block.expression.grouping.size)
    for term in block.expression.terms:
        if not (term.grouping.used[1] or term.grouping.used[2]):
            out += term.weight * term.grouping.sum(whole)[term.take]
    return out[block.keep]


def squeeze(problem: Problem, intervals: Sequence[Family], rep_totals: Ints) -> list[Family]:
    """The same with what is left for one month (product) of a rep when the others stand at their limits.

    A rep at its cap in every month has no choice: without this the spread would only creep towards the caps.
    """
    out = []
    for family in intervals:
        g = family.grouping
        single = g.own[0] and g.own == g.used and g.used[1] != g.used[2]
        out.append(_squeeze_one(problem, family, rep_totals[:, None]) if single else family)
    return out


def _squeeze_one(problem: Problem, family: Family, totals: Ints) -> Family:
    able = problem.eligible.any(axis=2 if family.grouping.used[1] else 1)
    low, high = (np.where(able, v.reshape(able.shape), 0.0) for v in (np.maximum(family.lower, 0.0), family.upper))
    endless = ~np.isfinite(high)
    finite = np.where(endless, 0.0, high)
    others = finite.sum(axis=1, keepdims=True) - finite
    others[(endless.sum(axis=1, keepdims=True) - endless) > 0] = np.inf
    least = np.where(able, totals - others, -np.inf).reshape(-1)
    most = np.where(able, totals - (low.sum(axis=1, keepdims=True) - low), np.inf).reshape(-1)
    return Family(family.grouping, np.maximum(family.lower, least), np.minimum(family.upper, most))


def _limits(block: Block, rep_totals: Ints, shape: tuple[int, int, int]) -> tuple[Floats, Floats]:
    """Limits of the block's one total of products or months."""
    if block.expression.plain:
        return block.lower, block.upper
    constant = _constant(block, rep_totals, shape)
    weight = _spread_terms(block)[0].weight[block.keep]
    lower, upper = (block.lower - constant) / weight, (block.upper - constant) / weight
    return np.floor(lower + WHOLE), np.ceil(upper - WHOLE)
