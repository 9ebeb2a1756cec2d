"""Lexicographic min-max of levels: the highest as low as can be, then the next, until nothing is left to choose.

The level of an item (a rep, a violation) is ``(value - offset) / scale``. On a convex set the optimal vector of
levels exists and is unique (Radunović & Le Boudec, A Unified Framework for Max-Min and Min-Max Fairness), so every
solver must find the same one. It is found by cutting planes:

1. Keep a pool of proven inequalities ``sum(weight * value) >= total`` (the target itself, totals of regions …).
2. Fill: the fair values for the pool alone, in closed form. The highest level any cut forces comes first; its
   items stay there, the others are filled from what is left.
3. Ask one linear program whether a table with at most these values exists. If so they are optimal, because they are
   the optimum of a relaxation. If not, its dual values prove new inequalities (one for each connected part of the
   conflict); add them and fill again.

Only *which* rows make a cut is taken from the solver: weights and totals are computed here from the rows, so no
digit of a solver enters a quota. On base polyhedra this is the decomposition algorithm of Fujishige and Groenevelt;
it is right on every polyhedron, because weak duality makes every cut valid.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.bounds import LINK
from quotaopt.optimize.cuts import Cut, find_cuts, stated_cuts
from quotaopt.optimize.levels import NEAR, Fair, Items, LevelBlock, Solve, fill
from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.program import Program
from quotaopt.optimize.sequential import level_sequentially
from quotaopt.problem import Bools, Floats, Ints

FEASIBLE = 1e-6  # total miss, in mean cells, below which values count as reachable


def level_down(program: Program, items: Items, solve: Solve) -> Fair:
    """Values of the items whose levels are lexicographically smallest (largest level first).

    Parameters
    ----------
    program : the feasible region.
    items : who has a level; every column an item names is the sum of its items.
    solve : solves one linear program, with duals.
    """
    columns, group = np.unique(items.column, return_inverse=True)
    asked, items = items, absorb(program, items, columns, group)
    pool, new = [], stated_cuts(program, columns)
    programs, exact = 0, True
    while programs == 0 or new:
        pool += new
        exact = exact and all(cut.exact for cut in new)
        values, blocks, stop = fill_pool(pool, items, group)
        sums = np.bincount(group, values, columns.size).astype(np.float64)
        lp = excess_program(program, columns, sums)
        found = solve(lp)
        programs += 1
        if found.status != "optimal":
            return Fair(found.status, programs=programs)
        if found.objective <= FEASIBLE:
            blocks, stop = _regroup(asked, group, values, blocks, stop)
            return Fair("optimal", values, blocks, stop, programs, exact, tuple(pool))
        cuts = find_cuts(lp, found, program, columns)
        new = [cut for cut in cuts if cut.total - cut.weight @ sums[cut.columns] > FEASIBLE / (2 * len(cuts))]
    if not program.layout.exact:
        return Fair("no_solution", programs=programs)
    return level_sequentially(program, asked, solve)


def absorb(program: Program, items: Items, columns: Ints, group: Ints) -> Items:
    """Turn limits of a whole column (a region that is one class of reps) into bounds of its items.

    Only the column's sum enters the program, so its items always stand at one level but for own bounds: the sum's
    limit is reached exactly when they are filled up to it.
    """
    out = replace(
        items,
        lower=items.lower.copy(),
        upper=items.upper.copy(),
        lower_origin=items.lower_origin.copy(),
        upper_origin=items.upper_origin.copy(),
    )
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], np.arange(columns.size + 1))
    for row, column in single_rows(program, columns):
        who = order[start[column] : start[column + 1]]
        for limit, bound, origin, sign in (
            (program.row_lower[row], out.lower, out.lower_origin, 1.0),
            (program.row_upper[row], out.upper, out.upper_origin, -1.0),
        ):
            if np.isfinite(limit):
                values = fill(out, who, np.ones(who.size), float(limit))[1]
                stricter = sign * values > sign * bound[who]
                bound[who[stricter]], origin[who[stricter]] = values[stricter], program.row_origin[row]
    return out


def single_rows(program: Program, columns: Ints) -> list[tuple[int, int]]:
    """Rows that limit one of the columns alone, with the number of that column; none if there is but one column."""
    if columns.size < 2:
        return []
    matrix = program.matrix
    number = np.full(matrix.shape[1], -1)
    number[columns] = np.arange(columns.size)
    rows = np.flatnonzero(np.diff(matrix.indptr) == 1)
    at = matrix.indptr[rows]
    which = number[matrix.indices[at]]
    mine = (which >= 0) & (matrix.data[at] == 1.0)
    return list(zip(rows[mine].tolist(), which[mine].tolist(), strict=True))


def _regroup(
    asked: Items, group: Ints, values: Floats, blocks: tuple[LevelBlock, ...], stop: Ints
) -> tuple[tuple[LevelBlock, ...], Ints]:
    """Items that a limit of their whole column holds share a level: a block of their own, not a stop of each.

    Those of them that rest on a bound of their own are stopped by that.
    """
    held = (stop != LINK) & (stop != asked.lower_origin) & (stop != asked.upper_origin)
    high, low = held & (values >= asked.upper), held & (values <= asked.lower)
    stop = np.where(high, asked.upper_origin, np.where(low, asked.lower_origin, stop))
    shared = held & ~high & ~low
    more = []
    for column in np.unique(group[shared]):
        mine = np.flatnonzero(shared & (group == column))
        level = float((values[mine[0]] - asked.offset[mine[0]]) / asked.scale[mine[0]])
        more.append(LevelBlock(mine, level, {int(stop[mine[0]]): 1.0 / float(asked.scale[mine].sum())}))
    return (*blocks, *more), np.where(shared, LINK, stop)


def excess_program(program: Program, columns: Ints, values: Floats) -> LinearProgram:
    """Least total amount by which the columns must exceed the given values."""
    n, (rows, m) = columns.size, program.matrix.shape
    wide = program.extend(sp.csr_array((rows, n)), np.zeros(n), np.full(n, np.inf))
    pick = sp.csr_array((np.ones(n), (np.arange(n), columns)), shape=(n, m))
    below = wide.require(sp.csr_array(sp.hstack([pick, -sp.eye_array(n, format="csr")])), np.full(n, -np.inf), values)
    return below.minimise(np.concatenate([np.zeros(m), np.ones(n)]))


def fill_pool(pool: Sequence[Cut], items: Items, group: Ints) -> tuple[Floats, tuple[LevelBlock, ...], Ints]:
    """The fair values if the cuts of the pool and the items' own bounds were all there is.

    Settling a cut at its level only lowers what the others force, so a heap of outdated levels gives the highest
    with few recalculations.
    """
    filler = _Filler(pool, items, group)
    heap = [(-np.inf, k) for k in range(len(pool))]
    while heap:
        _, k = heapq.heappop(heap)
        level, who, values = filler.force(k)
        if who.size and heap and level < -heap[0][0]:
            heapq.heappush(heap, (-level, k))
        elif who.size:
            filler.settle(k, level, who, values)
    return filler.finish()


class _Filler:
    """State of one filling; lives only inside `fill_pool`."""

    def __init__(self, pool: Sequence[Cut], items: Items, group: Ints) -> None:
        self.pool, self.items, self.group = pool, items, group
        self.values = items.lower.copy()
        self.free: Bools = np.ones(group.size, dtype=bool)
        self.stop: Ints = np.full(group.size, LINK)
        self.blocks: list[LevelBlock] = []
        order = np.argsort(group, kind="stable")
        self.order, self.start = order, np.searchsorted(group[order], np.arange(group.max(initial=-1) + 2))

    def members(self, cut: Cut) -> tuple[Ints, Floats]:
        """Items of the columns a cut weighs, with their weights."""
        sizes = self.start[cut.columns + 1] - self.start[cut.columns]
        at = np.repeat(self.start[cut.columns] - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) + np.arange(
            sizes.sum()
        )
        return self.order[at], np.repeat(cut.weight, sizes)

    def force(self, k: int) -> tuple[float, Ints, Floats]:
        """Level that a cut forces on its free items, those items and their values; none if it forces nothing."""
        cut = self.pool[k]
        who, weight = self.members(cut)
        free = self.free[who]
        rest = float(cut.total - weight[~free] @ self.values[who[~free]])
        who, weight = who[free], weight[free]
        if not who.size or rest - weight @ self.items.lower[who] <= NEAR * max(1.0, abs(cut.total)):
            return -np.inf, who[:0], self.values[:0]
        level, values = fill(self.items, who, weight, rest)
        return level, who, values

    def settle(self, k: int, level: float, who: Ints, values: Floats) -> None:
        """Hold items at the level their cut forces, or at the own bound that keeps them from it."""
        items = self.items
        wish = items.offset[who] + items.scale[who] * level
        low, high = values > wish, values < wish
        self.values[who], self.free[who] = values, False
        self.stop[who] = np.where(high, items.upper_origin[who], np.where(low, items.lower_origin[who], LINK))
        moving = ~(low | high)
        cut = self.pool[k]
        weight = np.zeros(self.start.size - 1)
        weight[cut.columns] = cut.weight
        slope = float(weight[self.group[who[moving]]] @ items.scale[who[moving]])
        prices = {origin: price / slope for origin, price in cut.rows.items()} if slope > 0 else {}
        self.blocks.append(LevelBlock(who[moving], level, prices, k))

    def finish(self) -> tuple[Floats, tuple[LevelBlock, ...], Ints]:
        """Items that no cut forces rest on their lower bound."""
        self.stop[self.free] = self.items.lower_origin[self.free]
        return self.values, tuple(self.blocks), self.stop
