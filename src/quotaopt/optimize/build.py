"""From rules to a linear program at the grain the rules ask for, without loss.

Rules over reps alone need ``Q[rep]``; over products ``x[rep, product]``; over months ``y[rep, month]``. Given
consistent non-negative x and y, a table with those margins always exists (each rep is its own transportation
table), so cells appear only for the pairs rep × product that some row, launch month or lock names *by month*:
``z[pair, month]``. When every pair is named, the program is cell-grained.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.bounds import rows_to_bounds, tighten
from quotaopt.optimize.program import LINK, Layout, Program
from quotaopt.optimize.rows import Expression
from quotaopt.optimize.statement import Block
from quotaopt.problem import Floats, Grouping, Ints, Problem


def build(problem: Problem, blocks: Sequence[Block], also: Sequence[Block] = ()) -> Program:
    """The region of all tables that keep every row of `blocks`, with the columns that the rows of `also` need."""
    layout = _layout(problem, [*blocks, *also])
    scale = max(problem.target, 1) / max(int(problem.eligible.sum()), 1)
    links, link_lower, link_upper = _links(layout)
    parts = [_rows(layout, b.expression, b.keep) for b in blocks]
    lows, highs = ([getattr(b, side) / scale for b in blocks] for side in ("lower", "upper"))
    rows = sum(b.size for b in blocks)
    lower, upper = _own_bounds(layout)
    free = np.full(layout.columns, LINK)
    whole = Program(
        sp.csr_array(sp.vstack([links, *parts])),
        np.concatenate([link_lower, *lows]),
        np.concatenate([link_upper, *highs]),
        lower,
        upper,
        np.concatenate([np.full(links.shape[0], LINK), np.arange(rows)]),
        free,
        free,
        np.arange(layout.shape[0]),
        scale,
        layout,
    )
    return tighten(rows_to_bounds(whole))


def rows_of(program: Program, block: Block) -> sp.csr_array:
    """Matrix of a block's rows over the program's first columns (those of its layout)."""
    return _rows(program.layout, block.expression, block.keep)


def _layout(problem: Problem, blocks: Sequence[Block]) -> Layout:
    """Which margins and cells the rows and the availability of products need."""
    n_reps, n_products, n_months = problem.index.shape
    eligible = problem.eligible
    months = eligible.any(axis=1, keepdims=True)
    named = np.asarray(eligible.any(axis=2) & (eligible != months).any(axis=2))
    by_product = by_month = False
    for block in blocks:
        for term in block.expression.terms:
            _, product, month = term.grouping.used
            by_product, by_month = by_product or product, by_month or month
            if product and month:
                hit = np.zeros(term.grouping.size, dtype=bool)
                hit[term.take[block.keep]] = True
                groups = np.asarray(hit.reshape(term.grouping.shape).any(axis=2))
                named |= groups[np.ix_(term.grouping.codes[0], term.grouping.codes[1])] & eligible.any(axis=2)
    cells = bool(named.any())
    return Layout(
        (n_reps, n_products, n_months), eligible, np.flatnonzero(named), by_product or cells, by_month or cells
    )


def _incidence(rows: Ints, columns: Ints, shape: tuple[int, int], sign: float = 1.0) -> sp.csr_array:
    return sp.csr_array((np.full(rows.size, sign), (rows, columns)), shape=shape)


def _links(layout: Layout) -> tuple[sp.csr_array, Floats, Floats]:
    """Rows that tie Q, x, y and z together."""
    n_reps, n_products, n_months = layout.shape
    n = layout.columns
    reps = np.arange(n_reps)
    minus_q = _incidence(reps, reps, (n_reps, n), -1.0)
    parts, lower, upper = [sp.csr_array((0, n))], [np.zeros(0)], [np.zeros(0)]
    for used, first, m in ((layout.by_product, layout.x, n_products), (layout.by_month, layout.y, n_months)):
        if used:
            margin = _incidence(np.repeat(reps, m), first + np.arange(n_reps * m), (n_reps, n))
            parts.append(margin + minus_q)
            lower.append(np.zeros(n_reps))
            upper.append(np.zeros(n_reps))
    if layout.pairs.size:
        pair, month = np.divmod(np.arange(layout.pairs.size * n_months), n_months)
        z = layout.z + np.arange(pair.size)
        k = np.arange(layout.pairs.size)
        shape = (k.size, n)
        parts.append(_incidence(pair, z, shape) + _incidence(k, layout.x + layout.pairs, shape, -1.0))
        rep = layout.pairs // n_products
        slots, row = np.unique(rep[pair] * n_months + month, return_inverse=True)
        shape = (slots.size, n)
        parts.append(_incidence(row, z, shape) + _incidence(np.arange(slots.size), layout.y + slots, shape, -1.0))
        sold = layout.eligible.any(axis=2)
        every = np.bincount(rep, minlength=n_reps) == sold.sum(axis=1)  # all the rep's products have cells
        lower += [np.zeros(k.size), np.where(every[slots // n_months], 0.0, -np.inf)]
        upper += [np.zeros(k.size), np.zeros(slots.size)]
    return sp.csr_array(sp.vstack(parts)), np.concatenate(lower), np.concatenate(upper)


def _own_bounds(layout: Layout) -> tuple[Floats, Floats]:
    """Quotas are not negative, and zero where none may stand."""
    n_months = layout.shape[2]
    upper = np.full(layout.columns, np.inf)
    upper[: layout.x][~layout.eligible.any(axis=(1, 2))] = 0.0
    if layout.by_product:
        upper[layout.x : layout.y][~layout.eligible.any(axis=2).reshape(-1)] = 0.0
    if layout.by_month:
        upper[layout.y : layout.z][~layout.eligible.any(axis=1).reshape(-1)] = 0.0
    cells = layout.eligible.reshape(-1, n_months)[layout.pairs]
    upper[layout.z :][~cells.reshape(-1)] = 0.0
    return np.zeros(layout.columns), upper


def _rows(layout: Layout, expression: Expression, keep: Ints) -> sp.csr_array:
    """Matrix of the kept rows of an expression."""
    parts = []
    for term in expression.terms:
        totals = _subtotals(layout, term.grouping)[term.take[keep]]
        parts.append(sp.csr_array(sp.diags_array(term.weight[keep]) @ totals))
    return sp.csr_array(sum(parts[1:], parts[0]))


def _subtotals(layout: Layout, grouping: Grouping) -> sp.csr_array:
    """All sub-totals of a grouping as rows over the program's columns."""
    n_reps, n_products, n_months = layout.shape
    rep, product, month = grouping.codes
    _, by_product, by_month = grouping.used
    shape = (grouping.size, layout.columns)
    if by_product and by_month:
        pair, t = np.divmod(np.arange(layout.pairs.size * n_months), n_months)
        r, p = np.divmod(layout.pairs[pair], n_products)
        rows = np.ravel_multi_index((rep[r], product[p], month[t]), grouping.shape)
        return _incidence(rows, layout.z + np.arange(rows.size), shape)
    if by_product:
        r, p = np.divmod(np.arange(n_reps * n_products), n_products)
        return _incidence(rep[r] * grouping.shape[1] + product[p], layout.x + np.arange(r.size), shape)
    if by_month:
        r, t = np.divmod(np.arange(n_reps * n_months), n_months)
        return _incidence(rep[r] * grouping.shape[2] + month[t], layout.y + np.arange(r.size), shape)
    return _incidence(rep, np.arange(n_reps), shape)
