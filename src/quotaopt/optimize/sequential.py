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
from quotaopt.optimize.levels import Fair, Items, LevelBlock, Solve
from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.program import Program
from quotaopt.problem import Bools, Floats, Ints


def level_sequentially(program: Program, items: Items, solve: Solve) -> Fair:
    """Values of the items whose levels are lexicographically smallest; each item needs a column of its own."""
    search = _Search(program, items, solve)
    while search.free.any():
        if (status := search.lower_top()) != "optimal":
            return Fair(status, programs=search.programs)
    return Fair("optimal", search.values, tuple(search.blocks), search.stop, search.programs, search.exact)


class _Search:
    """State of one sequential search."""

    def __init__(self, program: Program, items: Items, solve: Solve) -> None:
        self.items, self.solve = items, solve
        self.program = _with_bounds(program, items)
        self.free: Bools = items.lower < items.upper
        self.values: Floats = np.where(self.free, 0.0, items.lower)
        self.stop: Ints = np.where(self.free, LINK, items.lower_origin)
        self.blocks: list[LevelBlock] = []
        self.programs, self.exact = 0, True

    def lower_top(self) -> str:
        """Minimise the highest free level and settle the items it holds; the status of the program."""
        items, free, settled = self.items, np.flatnonzero(self.free), ~self.free
        program = self.program.fix(items.column[settled], self.values[settled])
        lp = self._top_program(program, free)
        self.programs += 1
        found = self.solve(lp)
        if found.status != "optimal":
            return found.status
        proof = certify(lp, found)
        self.exact &= proof.exact
        weight, price = -proof.row_dual[-free.size :], proof.column_dual[items.column[free]]
        sure = 1e-6 * weight.max()
        top, high, low = weight > sure, price < -sure, price > sure
        self.stop[free] = np.where(high, items.upper_origin[free], np.where(low, items.lower_origin[free], LINK))
        wish = items.offset[free] + items.scale[free] * proof.objective
        bounds = np.where(high, items.upper[free], items.lower[free])
        held = top | high | low
        self.values[free[held]] = np.where(top, wish, bounds)[held]
        self.free[free[held]] = False
        prices = _prices(program, proof.row_dual, proof.column_dual, sure)
        self.blocks.append(LevelBlock(free[top], proof.objective, prices))
        return "optimal"

    def _top_program(self, program: Program, free: Ints) -> LinearProgram:
        """Minimise L subject to ``value - scale * L <= offset`` for each free item."""
        n, (rows, m) = free.size, program.matrix.shape
        wide = program.extend(sp.csr_array((rows, 1)), np.array([-np.inf]), np.array([np.inf]))
        pick = sp.csr_array((np.ones(n), (np.arange(n), self.items.column[free])), shape=(n, m))
        level = sp.csr_array(-self.items.scale[free][:, None])
        below = wide.require(sp.csr_array(sp.hstack([pick, level])), np.full(n, -np.inf), self.items.offset[free])
        return below.minimise(np.append(np.zeros(m), 1.0))


def _with_bounds(program: Program, items: Items) -> Program:
    """The region with the items' own bounds on their columns."""
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[items.column] = np.maximum(lower[items.column], items.lower)
    upper[items.column] = np.minimum(upper[items.column], items.upper)
    return program.bounded(lower, upper)


def _prices(program: Program, row_dual: Floats, column_dual: Floats, sure: float) -> dict[int, float]:
    """Rule rows and bounds with a price: they keep the level from being lower."""
    rows, column = row_dual[: program.row_origin.size], column_dual[: program.lower_origin.size]
    origin = np.concatenate([program.row_origin, np.where(column > 0, program.lower_origin, program.upper_origin)])
    price = np.concatenate([rows, column])
    found = np.flatnonzero((np.abs(price) > sure) & (origin != LINK))
    return dict(zip(origin[found].tolist(), price[found].tolist(), strict=True))
