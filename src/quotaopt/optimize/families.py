"""Intervals of plain sub-totals that remain for months and products once the totals of reps are whole numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quotaopt.columns import MONTH, PRODUCT, REP
from quotaopt.optimize.spread import Family
from quotaopt.optimize.statement import WHOLE, Block
from quotaopt.problem import Floats, Grouping, Ints, Problem

CELL = (REP, PRODUCT, MONTH)


def families(problem: Problem, blocks: Sequence[Block], rep_totals: Ints) -> list[Family]:
    """One family per grouping: the totals of reps as given, every other as the strictest interval of all rules.

    Rows that weigh several totals (a month's share of the year) turn into intervals of one total, because the
    totals of reps are numbers now; their limits are widened to whole units, so they hold to within one unit.

    Raises
    ------
    ValueError
        If a rule combines two totals that both depend on products or months.
    """
    reps = problem.group(REP)
    exact = rep_totals.astype(np.float64)
    found: dict[tuple[str, ...], tuple[Grouping, Floats, Floats]] = {reps.by: (reps, exact, exact)}
    for block in blocks:
        spread_terms = [t for t in block.expression.terms if t.grouping.used[1] or t.grouping.used[2]]
        if not spread_terms:
            continue
        if len(spread_terms) > 1:
            raise ValueError(f"rule {block.use.name}: only one total of a row may depend on products or months")
        grouping = spread_terms[0].grouping
        rows = spread_terms[0].take[block.keep]
        lower, upper = _limits(block, rep_totals, problem.index.shape)
        _, low, high = found.setdefault(
            grouping.by, (grouping, np.full(grouping.size, -np.inf), np.full(grouping.size, np.inf))
        )
        np.maximum.at(low, rows, lower)
        np.minimum.at(high, rows, upper)
    for grouping, low, high in found.values():
        if grouping.own[0] and grouping.own == grouping.used and grouping.used[1] != grouping.used[2]:
            _squeeze(problem, grouping, low, high, exact)
    return [Family(*f) for f in sorted(found.values(), key=lambda f: f[0].size)]


def _squeeze(problem: Problem, grouping: Grouping, low: Floats, high: Floats, totals: Floats) -> None:
    """What is left for one month (product) of a rep when the others stand at their limits, in place.

    A rep at its cap in every month has no choice: without this the spread would only creep towards the caps.
    """
    axis = 1 if grouping.used[1] else 2
    able = problem.eligible.any(axis=3 - axis)
    l, h = (np.where(able, v.reshape(able.shape), 0.0) for v in (np.maximum(low, 0.0), high))
    endless = ~np.isfinite(h)
    finite = np.where(endless, 0.0, h)
    others = finite.sum(axis=1, keepdims=True) - finite
    others[(endless.sum(axis=1, keepdims=True) - endless) > 0] = np.inf
    rest = totals[:, None]
    np.maximum(low, np.where(able, rest - others, -np.inf).reshape(-1), out=low)
    np.minimum(high, np.where(able, rest - (l.sum(axis=1, keepdims=True) - l), np.inf).reshape(-1), out=high)


def _limits(block: Block, rep_totals: Ints, shape: tuple[int, int, int]) -> tuple[Floats, Floats]:
    """Limits of the block's one total of products or months."""
    if block.expression.plain:
        return block.lower, block.upper
    constant = np.zeros(block.size)
    weight = np.ones(block.size)
    whole = np.zeros(shape)
    whole[:, 0, 0] = rep_totals
    for term in block.expression.terms:
        if term.grouping.used[1] or term.grouping.used[2]:
            weight = term.weight[block.keep]
        else:
            constant += (term.weight * term.grouping.sum(whole)[term.take])[block.keep]
    lower, upper = (block.lower - constant) / weight, (block.upper - constant) / weight
    return np.floor(lower + WHOLE), np.ceil(upper - WHOLE)
