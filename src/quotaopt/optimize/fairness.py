"""Lexicographic min-max of levels: the highest as low as can be, then the next, until nothing is left to choose.

The level of column c is ``(value - offset) / scale``. On a convex set the optimal vector of levels exists and is
unique (Radunović & Le Boudec, A Unified Framework for Max-Min and Min-Max Fairness), so every solver must find
the same one. Two ways lead there:

* **water-filling** in closed form over each part whose total is given; right when the result is feasible, because
  it is the optimum of a relaxation;
* **sequential programs** (Ogryczak & Śliwiński, On Direct Methods for Lexicographic Min-Max Optimization):
  minimise the highest level of the columns still free, hold those that a positive dual value proves to be there in
  every optimum, repeat.

A solver is asked only *which* rows hold a level where it is; the number is computed here from those rows, so that
no digit of a solver enters a quota.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.exact import certify
from quotaopt.optimize.linear import LinearProgram, Solution
from quotaopt.optimize.program import LINK, Program
from quotaopt.problem import Bools, Floats, Ints

Solve: TypeAlias = Callable[[LinearProgram], Solution]

FEASIBLE = 1e-6  # total miss, in mean cells, below which a candidate counts as feasible


@dataclass(frozen=True, eq=False)
class Part:
    """Columns whose sum is given: ``values[members].sum() == total``; `origin` is the rule row that says so."""

    members: Ints
    total: float
    origin: int = LINK


@dataclass(frozen=True, eq=False)
class LevelBlock:
    """Columns that share one level, and the rule rows that hold it there.

    `held_by` maps a rule row to its price: how much the level rises for one more unit (scaled) of the row's limit.
    """

    members: Ints
    level: float
    held_by: Mapping[int, float]


@dataclass(frozen=True, eq=False)
class Fair:
    """The fair values.

    Attributes
    ----------
    status : of the search; values exist only when it is ``optimal``.
    values : shape (n,), one for each column asked about.
    blocks : who shares a level.
    stop : rule row whose bound holds a single column at a level of its own, `LINK` for none; shape (n,).
    programs : number of linear programs solved.
    exact : False when some level had to be taken from a solver's own digits.
    """

    status: str
    values: Floats = field(default_factory=lambda: np.zeros(0))
    blocks: tuple[LevelBlock, ...] = ()
    stop: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    programs: int = 0
    exact: bool = True


def fill(offset: Floats, scale: Floats, lower: Floats, upper: Floats, total: float) -> tuple[float, Floats]:
    """Water-filling: the level x with ``sum(clip(offset + scale * x, lower, upper)) == total``, and the values.

    The sum is a piecewise linear, non-decreasing function of x; a sweep over its sorted breakpoints finds the piece
    (O(n log n)) and one division the level. Totals out of reach give the nearest end.
    """
    breaks = np.concatenate([(lower - offset) / scale, (upper - offset) / scale])
    slopes = np.concatenate([scale, -scale])
    finite = np.isfinite(breaks)
    breaks, slopes = breaks[finite], slopes[finite]
    order = np.argsort(breaks, kind="stable")
    breaks, slope = breaks[order], np.cumsum(slopes[order])
    reached = lower.sum() + np.concatenate([[0.0], np.cumsum(slope[:-1] * np.diff(breaks))])
    k = int(np.clip(np.searchsorted(reached, total, side="right") - 1, 0, breaks.size - 1))
    level = breaks[k]
    if slope[k] > 1e-12 * scale.max():
        level += (total - reached[k]) / slope[k]
        values = np.clip(offset + scale * level, lower, upper)
        moving = (values > lower) & (values < upper)
        if moving.any():  # once more from the columns that move alone: no rounding error of the sweep remains
            level = float((total - values[~moving].sum() - offset[moving].sum()) / scale[moving].sum())
    return float(level), np.clip(offset + scale * level, lower, upper)


def level_down(
    program: Program, columns: Ints, offset: Floats, scale: Floats, solve: Solve, parts: Sequence[Part] = ()
) -> Fair:
    """Values of `columns` whose levels are lexicographically smallest (largest level first).

    Parameters
    ----------
    program : the feasible region.
    columns : columns of the program with a level, shape (n,).
    offset, scale : of the levels, shape (n,), `scale` positive.
    solve : solves one linear program, with duals.
    parts : disjoint parts of ``range(n)`` that cover it and whose totals are given: enables water-filling.
    """
    search = _Search(program, columns, offset, scale, solve)
    rounds = 0
    while search.free.any():
        # A check after rounds 0, 1, 3, 7 … costs few programs and still ends a long tail of levels early.
        if parts and not rounds & (rounds + 1) and (found := search.try_filling(parts)) is not None:
            return found
        rounds += 1
        if (status := search.lower_top()) != "optimal":
            return Fair(status, programs=search.programs)
    return Fair("optimal", search.values, tuple(search.blocks), search.stop, search.programs, search.exact)


class _Search:
    """State of one sequential search; lives only inside `level_down`."""

    def __init__(self, program: Program, columns: Ints, offset: Floats, scale: Floats, solve: Solve) -> None:
        self.program, self.columns, self.offset, self.scale, self.solve = program, columns, offset, scale, solve
        self.free: Bools = np.ones(columns.size, dtype=bool)
        self.values: Floats = np.zeros(columns.size)
        self.stop: Ints = np.full(columns.size, LINK)
        self.blocks: list[LevelBlock] = []
        self.programs, self.exact = 0, True
        lower, upper = program.lower[columns], program.upper[columns]
        fixed = np.flatnonzero(lower >= upper)
        self._settle(fixed, lower[fixed])
        self.stop[fixed] = program.lower_origin[columns[fixed]]

    @property
    def held(self) -> Program:
        """The region with the columns that are settled held at their values."""
        settled = ~self.free
        return self.program.fix(self.columns[settled], self.values[settled])

    def try_filling(self, parts: Sequence[Part]) -> Fair | None:
        """Fill each part among its free columns; the answer if that table is feasible, else None."""
        values, blocks, stop = self.values.copy(), list(self.blocks), self.stop.copy()
        lower, upper = self.program.lower[self.columns], self.program.upper[self.columns]
        for part in parts:
            free = part.members[self.free[part.members]]
            if not free.size:
                continue
            rest = part.total - values[np.setdiff1d(part.members, free)].sum()
            level, values[free] = fill(self.offset[free], self.scale[free], lower[free], upper[free], rest)
            wish = self.offset[free] + self.scale[free] * level
            low, high = values[free] > wish, values[free] < wish
            stop[free[low]] = self.program.lower_origin[self.columns[free[low]]]
            stop[free[high]] = self.program.upper_origin[self.columns[free[high]]]
            moving = free[~(low | high)]
            price = {part.origin: 1.0 / self.scale[moving].sum()} if moving.size else {}
            blocks.append(LevelBlock(moving, level, price))
        if not self._reachable(values):
            return None
        return Fair("optimal", values, tuple(blocks), stop, self.programs, self.exact)

    def _reachable(self, values: Floats) -> bool:
        """Whether a table with these values exists: the least total miss over all tables is nothing."""
        n, m = self.columns.size, self.program.matrix.shape[1]
        zero, one = np.zeros(n), sp.eye_array(n, format="csr")
        empty = sp.csr_array((self.program.matrix.shape[0], 2 * n))
        pick = sp.csr_array((np.ones(n), (np.arange(n), self.columns)), shape=(n, m))
        region = self.program.extend(empty, np.zeros(2 * n), np.full(2 * n, np.inf)).require(
            sp.csr_array(sp.hstack([pick, one, -one])), values, values
        )
        self.programs += 1
        found = self.solve(region.minimise(np.concatenate([np.zeros(m), zero + 1, zero + 1])))
        return found.status == "optimal" and found.objective <= FEASIBLE

    def lower_top(self) -> str:
        """Minimise the highest free level and settle the columns it holds; the status of the program."""
        free, program = np.flatnonzero(self.free), self.held
        lp = self._top_program(program, free)
        self.programs += 1
        found = self.solve(lp)
        if found.status != "optimal":
            return found.status
        proof = certify(lp, found)
        self.exact &= proof.exact
        weight, price = -proof.row_dual[-free.size :], proof.column_dual[self.columns[free]]
        sure = 1e-6 * weight.max()
        high, low = price < -sure, price > sure
        upper, lower = program.upper_origin[self.columns[free]], program.lower_origin[self.columns[free]]
        self.stop[free] = np.where(high, upper, np.where(low, lower, LINK))
        top = weight > sure
        members = free[top]
        values = self.offset[free] + self.scale[free] * proof.objective
        bounds = np.where(high, program.upper[self.columns[free]], program.lower[self.columns[free]])
        settled = top | high | low
        self._settle(free[settled], np.where(top, values, bounds)[settled])
        holders = self._holders(program, proof.row_dual, proof.column_dual, sure)
        self.blocks.append(LevelBlock(members, proof.objective, holders))
        return "optimal"

    def _top_program(self, program: Program, rising: Ints) -> LinearProgram:
        """Minimise L subject to ``value - scale * L <= offset`` for each rising column."""
        n, (rows, m) = rising.size, program.matrix.shape
        wide = program.extend(sp.csr_array((rows, 1)), np.array([-np.inf]), np.array([np.inf]))
        pick = sp.csr_array((np.ones(n), (np.arange(n), self.columns[rising])), shape=(n, m))
        level = sp.csr_array(-self.scale[rising][:, None])
        below = wide.require(sp.csr_array(sp.hstack([pick, level])), np.full(n, -np.inf), self.offset[rising])
        return below.minimise(np.append(np.zeros(m), 1.0))

    def _settle(self, which: Ints, values: Floats) -> None:
        self.values[which] = values
        self.free[which] = False

    def _holders(self, program: Program, row_dual: Floats, column_dual: Floats, sure: float) -> dict[int, float]:
        """Rule rows and bounds with a price: they keep the level from being lower."""
        rows, column = row_dual[: program.row_origin.size], column_dual[: program.lower_origin.size]
        origin = np.concatenate([program.row_origin, np.where(column > 0, program.lower_origin, program.upper_origin)])
        price = np.concatenate([rows, column])
        found = np.flatnonzero((np.abs(price) > sure) & (origin != LINK))
        return dict(zip(origin[found].tolist(), price[found].tolist(), strict=True))
