"""From rules to a linear program at the grain the rules ask for, without loss.

Rules over reps alone need ``Q[rep]``; over products ``x[rep, product]``; over months ``y[rep, month]``. Given
consistent non-negative x and y, a table with those margins always exists (each rep is its own transportation
table), so cells appear only for the pairs rep × product that some row, launch month or lock names *by month*:
``z[pair, month]``. When every pair is named, the program is cell-grained.

The same can be built for classes of reps: then limits of single reps are summed over the class.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.bounds import CELLS, LINK, MONTHS, PRODUCTS, REPS, Bounds, kind_of, own_bounds
from quotaopt.optimize.program import Layout, Program
from quotaopt.optimize.rows import Expression
from quotaopt.optimize.statement import Block
from quotaopt.problem import Bools, Floats, Grouping, Ints, Problem


def build(
    problem: Problem, blocks: Sequence[Block], also: Sequence[Block] = (), classes: Ints | None = None
) -> Program:
    """The region of all tables that keep every row of `blocks`.

    Parameters
    ----------
    also : blocks that are not required but whose totals must have columns (see `rows_of`).
    classes : class of each rep (0 … K-1, by first rep); none for each rep on its own.
    """
    own = own_bounds(problem, blocks)
    layout = _layout(problem, [*blocks, *also], np.arange(problem.index.shape[0]) if classes is None else classes)
    scale = max(problem.target, 1) / max(int(problem.eligible.sum()), 1)
    links, link_lower, link_upper = _links(layout)
    parts, lows, highs, origins = [links], [link_lower], [link_upper], [np.full(links.shape[0], LINK)]
    first = 0
    for block in blocks:
        if not (block.expression.plain and kind_of(block.expression.grouping)):
            rows, low, high, leader = class_rows(layout, block)
            parts.append(rows)
            lows.append(low / scale)
            highs.append(high / scale)
            origins.append(first + leader)
        first += block.size
    lower, upper, lower_origin, upper_origin = _column_bounds(layout, own)
    return Program(
        sp.csr_array(sp.vstack(parts)),
        np.concatenate(lows),
        np.concatenate(highs),
        lower / scale,
        upper / scale,
        np.concatenate(origins),
        lower_origin,
        upper_origin,
        np.arange(layout.shape[0]),
        own[REPS],
        scale,
        layout,
    )


def rows_of(program: Program, block: Block) -> sp.csr_array:
    """Matrix of a block's rows over the program's first columns (those of its layout), in the block's order."""
    if not program.layout.exact:
        raise ValueError("rows of single reps need a program with each rep on its own")
    return _matrix(program.layout, block.expression, block.keep, np.arange(block.size), block.size, block.keep >= 0)


def _layout(problem: Problem, blocks: Sequence[Block], classes: Ints) -> Layout:
    """Which margins and cells the rows and the availability of products need."""
    n_reps, n_products, n_months = problem.index.shape
    leaders = np.unique(classes, return_index=True)[1]
    k = leaders.size
    eligible = problem.eligible if k == n_reps else _any_of(problem.eligible, classes, k)
    alone = np.bincount(classes, minlength=k) == 1
    months = eligible.any(axis=1, keepdims=True)
    named = np.asarray(eligible.any(axis=2) & (eligible != months).any(axis=2)) & alone[:, None]
    by_product = by_month = False
    for block in blocks:
        for term in block.expression.terms:
            _, product, month = term.grouping.used
            by_product, by_month = by_product or product, by_month or month
            if product and month:
                hit = np.zeros(term.grouping.size, dtype=bool)
                hit[term.take[block.keep]] = True
                groups = np.asarray(hit.reshape(term.grouping.shape).any(axis=2))
                of_reps = groups[np.ix_(term.grouping.codes[0][leaders], term.grouping.codes[1])]
                whole = alone if term.grouping.own[0] else np.ones(k, dtype=bool)
                named |= of_reps & eligible.any(axis=2) & whole[:, None]
    cells = bool(named.any())
    shape = (k, n_products, n_months)
    pairs = np.flatnonzero(named)
    return Layout(shape, classes, leaders, eligible, pairs, by_product or cells, by_month or cells)


def _any_of(flags: Bools, classes: Ints, k: int) -> Bools:
    out = np.zeros((k, *flags.shape[1:]), dtype=bool)
    np.logical_or.at(out, classes, flags)
    return out


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


def _column_bounds(layout: Layout, own: dict[tuple[bool, bool], Bounds]) -> tuple[Floats, Floats, Ints, Ints]:
    """Own bounds as bounds of the columns: summed over each class; zero where no quota may stand."""
    k, n_products, n_months = layout.shape
    lower, upper = np.zeros(layout.columns), np.full(layout.columns, np.inf)
    lower_origin, upper_origin = np.full(layout.columns, LINK), np.full(layout.columns, LINK)
    for kind, first, last, axes in (
        (REPS, 0, layout.x, (1, 2)),
        (PRODUCTS, layout.x, layout.y, (2,)),
        (MONTHS, layout.y, layout.z, (1,)),
    ):
        upper[first:last][~layout.eligible.any(axis=axes).reshape(-1)[: last - first]] = 0.0
        if kind in own and last > first:
            of_class = [_sum_by_class(layout, values) for values in (own[kind].lower, own[kind].upper)]
            lower[first:last], upper[first:last] = of_class[0], np.minimum(of_class[1], upper[first:last])
            width = (last - first) // k
            lower_origin[first:last] = own[kind].lower_origin.reshape(-1, width)[layout.leaders].reshape(-1)
            upper_origin[first:last] = own[kind].upper_origin.reshape(-1, width)[layout.leaders].reshape(-1)
    cells = layout.eligible.reshape(-1, n_months)[layout.pairs]
    upper[layout.z :][~cells.reshape(-1)] = 0.0
    if CELLS in own:
        alone = np.bincount(layout.classes, minlength=k)[layout.pairs // n_products] == 1
        reps = layout.leaders[layout.pairs // n_products] * n_products + layout.pairs % n_products
        at = layout.z + (np.flatnonzero(alone)[:, None] * n_months + np.arange(n_months)).reshape(-1)
        cell = (reps[alone][:, None] * n_months + np.arange(n_months)).reshape(-1)
        lower[at], upper[at] = own[CELLS].lower[cell], np.minimum(own[CELLS].upper[cell], upper[at])
        lower_origin[at], upper_origin[at] = own[CELLS].lower_origin[cell], own[CELLS].upper_origin[cell]
    return lower, upper, lower_origin, upper_origin


def _sum_by_class(layout: Layout, values: Floats) -> Floats:
    """Sum values of reps (R × anything, flat) over each class."""
    if layout.exact:
        return values
    out = np.zeros((layout.shape[0], values.size // layout.classes.size))
    np.add.at(out, layout.classes, values.reshape(layout.classes.size, -1))
    return out.reshape(-1)


def class_rows(layout: Layout, block: Block) -> tuple[sp.csr_array, Floats, Floats, Ints]:
    """Rows of a block over the program's columns: matrix, limits in units, and the block row each stands for.

    Rows of single reps are summed over their class; a class in which some rep has no such row has none, but for
    the lower limit of plain totals, which are never negative.
    """
    expression, n_reps = block.expression, layout.classes.size
    if layout.exact or not expression.grouping.own[0]:
        everyone = np.ones(block.size, dtype=bool)
        matrix = _matrix(layout, expression, block.keep, np.arange(block.size), block.size, everyone)
        return matrix, block.lower, block.upper, np.arange(block.size)
    rep, rest = np.divmod(block.keep, expression.grouping.size // n_reps)
    row = layout.classes[rep] * (expression.grouping.size // n_reps) + rest
    slots, leader, slot = np.unique(row, return_index=True, return_inverse=True)
    size = np.bincount(layout.classes)[layout.classes[rep[leader]]]
    full = np.bincount(slot) == size
    lower = np.bincount(slot, np.maximum(block.lower, 0.0) if expression.plain else block.lower).astype(np.float64)
    upper = np.where(full, np.bincount(slot, block.upper), np.inf)
    if not expression.plain:
        lower = np.where(full, lower, -np.inf)
    first = np.zeros(block.size, dtype=bool)
    first[leader] = True
    matrix = _matrix(layout, expression, block.keep, slot, slots.size, first)
    used = np.flatnonzero(np.isfinite(upper) | (np.isfinite(lower) & (lower != 0 if expression.plain else True)))
    return sp.csr_array(matrix[used]), lower[used], np.asarray(upper[used], dtype=np.float64), leader[used]


def _matrix(layout: Layout, expression: Expression, keep: Ints, row: Ints, n_rows: int, first: Bools) -> sp.csr_array:
    """Matrix of the kept rows of an expression, row k going to `row[k]`.

    A total of the rep itself counts once per class (`first` marks the row that does); others add up.
    """
    parts = []
    n_reps = layout.classes.size
    for term in expression.terms:
        start, of, size = _subtotals(layout, term.grouping)
        take, weight, to = term.take[keep], term.weight[keep], row
        if term.grouping.own[0]:
            per_rep = term.grouping.size // n_reps
            take = layout.classes[take // per_rep] * per_rep + take % per_rep
            take, weight, to = take[first], weight[first], row[first]
        order = np.argsort(of, kind="stable")  # columns by the sub-total they belong to
        ends = np.searchsorted(of[order], np.arange(size + 1))
        count = np.diff(ends)[take]
        inside = np.repeat(ends[take] - np.cumsum(count) + count, count) + np.arange(count.sum())
        parts.append((np.repeat(weight, count), np.repeat(to, count), start + order[inside]))
    weight, to, column = (np.concatenate(part) for part in zip(*parts, strict=True))
    matrix = sp.csr_array((weight, (to, column)), shape=(n_rows, layout.columns))
    matrix.eliminate_zeros()
    return matrix


def _subtotals(layout: Layout, grouping: Grouping) -> tuple[int, Ints, int]:
    """First of the columns that all sub-totals of a grouping are made of, the sub-total of each, and their number."""
    k, n_products, _ = layout.shape
    own = grouping.own[0]
    rep = np.arange(k) if own else grouping.codes[0][layout.leaders]
    groups = (k if own else grouping.shape[0], *grouping.shape[1:])
    product, month = grouping.codes[1:]
    size = int(np.prod(groups))
    if grouping.used[1] and grouping.used[2]:
        r, p = np.divmod(layout.pairs, n_products)
        pair = rep[r] * groups[1] + product[p]
        return layout.z, (pair[:, None] * groups[2] + month).reshape(-1), size
    if grouping.used[1]:
        return layout.x, (rep[:, None] * groups[1] + product).reshape(-1), size
    if grouping.used[2]:
        return layout.y, (rep[:, None] * groups[2] + month).reshape(-1), size
    return 0, rep, size
