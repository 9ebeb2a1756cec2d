"""The nearest whole-unit table where none keeps every exact total: a few units off, and each of them named.

Totals of two nested families always have a whole-unit table; three that cross may have none (three regions, teams and
roles that share reps two by two). Then exact totals give way by whole units: first those of the scenario's last rule.
The company's total, locks, past months and every limit that is no exact total are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.rounding import split
from quotaopt.optimize.solvers import solve
from quotaopt.optimize.statement import Block
from quotaopt.optimize.table import spread_totals
from quotaopt.problem import Floats, Ints, Problem

FIRM = ("meet_target", "keep_locks", "keep_plan")  # rules whose exact totals never give way
MOST = 5  # units an exact total may be off
CELLS = 200_000  # a larger table would take too long


@dataclass(frozen=True)
class Deviation:
    """An exact total that is off: by so many units, more than asked when positive.

    `by` names the attributes of the total, `scope` is its label among these.
    """

    rule: str
    by: str
    scope: str
    units: int
    source: str = ""

    @classmethod
    def of(cls, block: Block, k: int, units: int) -> Deviation:
        """That of row k of a block."""
        by = " ".join(block.expression.grouping.by)
        return cls(block.use.name, by, block.scope(k), units, block.source(k))


@dataclass(frozen=True, eq=False)
class Nearly:
    """The table in whole units (R × P × T), the rows with the limits it keeps, and what gave way."""

    quota: Ints
    blocks: list[Block]
    deviations: tuple[Deviation, ...]


def find_nearest(problem: Problem, blocks: Sequence[Block], values: Floats, seconds: float) -> Nearly | None:
    """Round the table with these totals of reps (fair, in units) so that exact totals are off by the least.

    The sum of what is off is made least rule by rule, the scenario's first rule first; of all such tables the nearest
    is taken. None when limits that may not give way forbid every rounding, or when that takes too long.
    """
    totals: Any = values  # the spread does not mind fractions
    found = spread_totals(problem, blocks, totals) if problem.eligible.size <= CELLS else None
    if found is None:
        return None
    rounding = _Rounding(problem, blocks, found[0].quota, values, seconds)
    uses = {id(b.use): b.use for b in blocks if rounding.exact(b)}  # in the order of the scenario
    order = sorted(uses.values(), key=lambda use: (not use.hard, use.priority))
    for use in order:
        if not rounding.settle([k for k, block in enumerate(blocks) if block.use is use]):
            return None
    quota = rounding.nearest()
    return None if quota is None else _named(blocks, quota.reshape(problem.index.shape), rounding)


def give_way(blocks: Sequence[Block], deviations: Sequence[Deviation]) -> list[Block]:
    """Rows with exactly those limits moved that are named: an exact total itself, else the limit that is passed."""
    units: dict[tuple[str, str, str], int] = {}
    for d in sorted(deviations, key=lambda d: abs(d.units)):  # of a rule used twice, what moves most
        units[d.rule, d.by, d.scope] = d.units
    out = []
    for block in blocks:
        by = " ".join(block.expression.grouping.by)
        if not any(key[:2] == (block.use.name, by) for key in units):
            out.append(block)
            continue
        move = np.array([units.get((block.use.name, by, block.scope(k)), 0) for k in range(block.size)], dtype=float)
        exact = block.lower == block.upper
        lower, upper = np.where(exact | (move < 0), move, 0.0), np.where(exact | (move > 0), move, 0.0)
        out.append(replace(block, lower=block.lower + lower, upper=block.upper + upper))
    return out


def _named(blocks: Sequence[Block], quota: Ints, rounding: _Rounding) -> Nearly:
    """Name what is off."""
    deviations = []
    for block in filter(rounding.exact, blocks):
        off = np.rint(block.evaluate(quota) - block.lower).astype(np.int64) * (block.lower == block.upper)
        deviations += [Deviation.of(block, k, int(off[k])) for k in np.flatnonzero(off).tolist()]
    return Nearly(quota, give_way(blocks, deviations), tuple(deviations))


class _Rounding:
    """Each cell goes to the unit below or above; exact totals have two more columns each, for more and for less."""

    def __init__(
        self, problem: Problem, blocks: Sequence[Block], table: Floats, totals: Floats, seconds: float
    ) -> None:
        self.seconds = seconds
        self.floor, self.fraction = split(table.reshape(-1))
        self.move = np.flatnonzero(self.fraction)
        rows, lower, upper, soft = [], [], [], []
        for block in blocks:
            weights = [np.abs(t.weight[block.keep]) for t in block.expression.terms]
            slack = 0.0 if block.expression.plain else 1.0 + np.sum(weights, axis=0)
            rows.append(_rows(problem, block))
            lower.append(block.lower - slack)
            upper.append(block.upper + slack)
            soft.append((block.lower == block.upper) & self.exact(block))
        rep = np.broadcast_to(np.arange(totals.size)[:, None, None], table.shape).reshape(-1)
        rows.append(sp.csr_array((np.ones(rep.size), (rep, np.arange(rep.size)))))
        near, _ = split(totals)
        lower.append(near.astype(np.float64))
        upper.append(near + (split(totals)[1] > 0).astype(np.float64))
        soft.append(np.zeros(totals.size, dtype=bool))
        self.matrix = sp.csr_array(sp.vstack(rows))
        self.base = self.matrix @ self.floor
        self.lower, self.upper = np.concatenate(lower) - self.base, np.concatenate(upper) - self.base
        self.soft = np.flatnonzero(np.concatenate(soft))
        self.block = np.repeat(np.arange(len(rows)), [r.shape[0] for r in rows])[self.soft]
        self.budget: list[tuple[Ints, float]] = []  # which exact totals together may be off by how much

    def exact(self, block: Block) -> bool:
        """Whether exact totals of this block may give way."""
        return block.expression.plain and block.use.name not in FIRM and bool((block.lower == block.upper).any())

    def settle(self, blocks: list[int]) -> bool:
        """Make what is off in these blocks least, and keep it there."""
        which = np.flatnonzero(np.isin(self.block, blocks))
        cost = np.zeros(self.move.size + 2 * self.soft.size)
        cost[self.move.size + which] = cost[self.move.size + self.soft.size + which] = 1.0
        found = self._solve(cost)
        if found is None:
            return False
        self.budget.append((which, round(float(cost @ found))))
        return True

    def nearest(self) -> Ints | None:
        """The cells of the nearest table in which no more is off than has to be; ties go to the first."""
        n = self.move.size
        cost = np.zeros(n + 2 * self.soft.size)
        cost[:n] = 1e6 * (1.0 - 2.0 * self.fraction[self.move]) + np.arange(n) / max(n, 1)
        found = self._solve(cost)
        if found is None:
            return None
        out = self.floor.copy()
        out[self.move] += np.rint(found[:n]).astype(np.int64)
        return out

    def _solve(self, cost: Floats) -> Floats | None:
        n, m = self.move.size, self.soft.size
        give = sp.csr_array((np.ones(m), (self.soft, np.arange(m))), shape=(self.matrix.shape[0], m))
        parts = [sp.hstack([self.matrix[:, self.move], give, -give])]
        lower, upper = [self.lower], [self.upper]
        for which, most in self.budget:
            at = np.concatenate([n + which, n + m + which])
            parts.append(sp.csr_array((np.ones(at.size), (np.zeros(at.size, dtype=int), at)), shape=(1, n + 2 * m)))
            lower.append(np.array([-np.inf]))
            upper.append(np.array([most]))
        lp = LinearProgram(
            cost, sp.csr_array(sp.vstack(parts)), np.concatenate(lower), np.concatenate(upper), np.zeros(n + 2 * m),
            np.concatenate([np.ones(n), np.full(2 * m, float(MOST))]), np.ones(n + 2 * m, dtype=bool),
        )  # fmt: skip
        found = solve(lp, "highs", seconds=self.seconds, duals=False)
        return found.x if found.status == "optimal" else None


def _rows(problem: Problem, block: Block) -> sp.csr_array:
    """Matrix of a block's rows over the cells, flat."""
    cells = problem.eligible.size
    out = sp.csr_array((block.size, cells))
    for term in block.expression.terms:
        total = term.grouping.expand(np.arange(term.grouping.size))
        of_cell = np.broadcast_to(total, problem.index.shape).reshape(-1)
        sums = sp.csr_array((np.ones(cells), (of_cell, np.arange(cells))), shape=(term.grouping.size, cells))
        out = out + sp.csr_array(sp.diags_array(term.weight[block.keep]) @ sums[term.take[block.keep]])
    return sp.csr_array(out)
