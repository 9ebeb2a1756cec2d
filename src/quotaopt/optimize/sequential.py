"""Leximin by one program per level: slower than cutting planes, without their assumptions.

Minimise the highest level of the items still free, hold those that a positive dual value proves to be there in every
optimum, repeat (Ogryczak & Śliwiński, On Direct Methods for Lexicographic Min-Max Optimization). Used when the
cutting planes stall, and by the tests as a second opinion.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.bounds import LINK
from quotaopt.optimize.exact import certify
from quotaopt.optimize.levels import NEAR, Fair, Items, LevelBlock, Solve
from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.program import Program
from quotaopt.problem import Bools, Floats, Ints


def level_sequentially(program: Program, items: Items, solve: Solve) -> Fair:
    """Values of the items whose levels are lexicographically smallest.

    Items that share a column are pieces of one function, the lowest first (see `rep_items`).
    """
    search = _Search(program, items, solve)
    while search.free.any():
        if (status := search.lower_top()) != "optimal":
            return Fair(status, programs=search.programs)
    return Fair("optimal", search.values, tuple(search.blocks), search.stop, search.programs, search.exact)


class _Search:
    """State of one sequential search. Of each column only the highest piece that is still free is looked at.

    `base` is what the pieces below an item hold when they are full.
    """

    def __init__(self, program: Program, items: Items, solve: Solve) -> None:
        self.items, self.solve = items, solve
        self.lowest: Bools = np.append(True, np.diff(items.column) != 0)  # the first piece of its column
        self.number = np.cumsum(self.lowest) - 1
        before = np.cumsum(np.where(np.isfinite(items.upper), items.upper, 0.0))
        before = np.append(0.0, before[:-1])
        self.base = before - before[self.lowest][self.number]
        self.program = self._within(program, np.append(self.lowest[1:], True), self.lowest)
        self.free: Bools = items.lower < items.upper
        self.values: Floats = np.where(self.free, 0.0, items.lower)
        self.stop: Ints = np.where(self.free, LINK, items.lower_origin)
        self.blocks: list[LevelBlock] = []
        self.programs, self.exact = 0, True

    def _within(self, program: Program, top: Bools, lowest: Bools) -> Program:
        """The region with the bounds of the columns' highest and lowest pieces."""
        items, lower, upper = self.items, program.lower.copy(), program.upper.copy()
        at, most = items.column[top], (self.base + items.upper)[top]
        upper[at] = np.minimum(upper[at], most)
        lower[items.column[lowest]] = np.maximum(lower[items.column[lowest]], items.lower[lowest])
        return program.bounded(lower, upper)

    def lower_top(self) -> str:
        """Minimise the highest free level and settle the items it holds; the status of the program."""
        items, top = self.items, self.free & ~np.append(self.free[1:] & ~self.lowest[1:], False)
        free, none = np.flatnonzero(top), np.zeros_like(top)
        open_ = np.zeros(self.number[-1] + 1, dtype=bool)
        open_[self.number[free]] = True
        sums = np.bincount(self.number, np.where(self.free, 0.0, self.values)).astype(np.float64)
        columns = items.column[self.lowest]
        program = self._within(self.program.fix(columns[~open_], sums[~open_]), top, none)
        if self._leave_empty(program, free):
            return "optimal"
        lp = self._top_program(program, free)
        self.programs += 1
        found = self.solve(lp)
        if found.status != "optimal":
            return found.status
        proof = certify(lp, found)
        self.exact &= proof.exact
        weight, price = -proof.row_dual[-free.size :], proof.column_dual[items.column[free]]
        sure = 1e-6 * weight.max()
        at_top, high, low = weight > sure, price < -sure, price > sure
        self.stop[free] = np.where(high, items.upper_origin[free], np.where(low, items.lower_origin[free], LINK))
        wish = items.offset[free] + items.scale[free] * proof.objective
        bounds = np.where(high, items.upper[free], items.lower[free])
        held = at_top | high | low
        self._settle(free[held], np.where(at_top, wish, bounds)[held], (low & ~at_top)[held])
        prices = _prices(program, proof.row_dual, proof.column_dual, sure)
        self.blocks.append(LevelBlock(free[at_top], proof.objective, prices))
        return "optimal"

    def _leave_empty(self, program: Program, free: Ints) -> bool:
        """Settle at nothing the pieces that begin at the highest level, if no level needs to be above it."""
        items, upper = self.items, program.upper.copy()
        later = free[~self.lowest[free]]
        begin = (items.lower - items.offset)[later] / items.scale[later]
        if not later.size:
            return False
        level = float(begin.max())
        empty = later[begin >= level - NEAR * max(1.0, abs(level))]
        most = self.base + np.minimum(items.upper, items.offset + items.scale * level)
        most[empty] = self.base[empty]
        upper[items.column[free]] = np.minimum(upper[items.column[free]], most[free])
        self.programs += 1
        lp = program.bounded(program.lower, upper).minimise(np.zeros(upper.size))
        if (program.lower > upper).any() or self.solve(lp).status != "optimal":
            return False
        self.values[empty], self.free[empty] = 0.0, False
        return True

    def _settle(self, held: Ints, values: Floats, low: Bools) -> None:
        """Hold items at their values; the pieces below them are full, or as empty as can be."""
        place = np.full(self.number[-1] + 1, -1)
        place[self.number[held]] = held
        below = self.free & (np.arange(self.free.size) < place[self.number])
        empty = np.zeros(place.size, dtype=bool)
        empty[self.number[held[low]]] = True
        self.values[below] = np.where(empty[self.number], self.items.lower, self.items.upper)[below]
        self.values[held] = values
        self.free[held], self.free[below] = False, False

    def _top_program(self, program: Program, free: Ints) -> LinearProgram:
        """Minimise L subject to ``value - scale * L <= offset`` for each free item, on top of full pieces below."""
        n, (rows, m) = free.size, program.matrix.shape
        wide = program.extend(sp.csr_array((rows, 1)), np.array([-np.inf]), np.array([np.inf]))
        pick = sp.csr_array((np.ones(n), (np.arange(n), self.items.column[free])), shape=(n, m))
        level = sp.csr_array(-self.items.scale[free][:, None])
        most = self.items.offset[free] + self.base[free]
        below = wide.require(sp.csr_array(sp.hstack([pick, level])), np.full(n, -np.inf), most)
        return below.minimise(np.append(np.zeros(m), 1.0))


def _prices(program: Program, row_dual: Floats, column_dual: Floats, sure: float) -> dict[int, float]:
    """Rule rows and bounds with a price: they keep the level from being lower."""
    rows, column = row_dual[: program.row_origin.size], column_dual[: program.lower_origin.size]
    origin = np.concatenate([program.row_origin, np.where(column > 0, program.lower_origin, program.upper_origin)])
    price = np.concatenate([rows, column])
    found = np.flatnonzero((np.abs(price) > sure) & (origin != LINK))
    return dict(zip(origin[found].tolist(), price[found].tolist(), strict=True))
