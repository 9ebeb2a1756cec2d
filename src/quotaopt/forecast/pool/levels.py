"""Every series of every level of a panel, stacked: company, products, regions, region × product, reps, cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from quotaopt.forecast.panel import Bools, Floats, Ints, Panel
from quotaopt.forecast.sums import divide, sum_groups

STEPS = 20


@dataclass(frozen=True, eq=False)
class Levels:
    """Which rows of a stack add up to which: the summing matrix S of a panel, as an operator.

    A level is a side (company, region, rep) taken whole or by product. Levels that say the same twice are left out:
    regions where there is one or where each has one rep, products where there is one.

    Attributes
    ----------
    sides : for each side, from coarse to fine, the group of each rep; the last side is the reps themselves.
    products : number of products.
    role : number of the role of each rep, -1 for all who are the only one of theirs: who is compared with whom, shape
        (reps,).
    """

    sides: tuple[Ints, ...]
    products: int
    role: Ints

    @classmethod
    def of(cls, panel: Panel) -> Levels:
        """The levels of a panel."""
        n = len(panel.reps)
        _, region = np.unique(panel.region.astype(str), return_inverse=True)
        sides = {int(c.max(initial=-1)) + 1: c for c in (np.arange(n), region, np.zeros(n, dtype=np.int64))}
        _, role, size = np.unique(panel.role.astype(str), return_inverse=True, return_counts=True)
        role = np.where(size[role] == 1, -1, role)
        return cls(tuple(sides[groups] for groups in sorted(sides)), len(panel.products), role)

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Groups × products of each level; the last is that of the cells."""
        by = (1, self.products) if self.products > 1 else (self.products,)
        return tuple((int(side.max(initial=-1)) + 1, columns) for side in self.sides for columns in by)

    @cached_property
    def rows(self) -> tuple[slice, ...]:
        """Rows of each level in the stack."""
        ends = np.cumsum([0, *(groups * columns for groups, columns in self.shapes)])
        return tuple(slice(a, b) for a, b in pairwise(ends.tolist()))

    @property
    def reps(self) -> slice:
        """Rows of the reps: the cells where there is one product."""
        return self.rows[-1 if self.products == 1 else -2]

    @property
    def size(self) -> int:
        """Number of series."""
        return int(self.rows[-1].stop)

    @cached_property
    def level(self) -> Ints:
        """Number of the level of each row."""
        return np.repeat(np.arange(len(self.rows)), [r.stop - r.start for r in self.rows])

    @cached_property
    def parent(self) -> Ints:
        """Row of the series above, -1 for the root: the same product one side up, a product's is the company."""
        out, by = np.full(self.size, -1), len(self.shapes) // len(self.sides)
        for i in range(1, len(self.shapes)):
            groups, columns = self.shapes[i]
            if i < by:
                out[self.rows[i]] = 0
                continue
            fine, coarse = self.sides[i // by], self.sides[i // by - 1]
            up = np.zeros(groups, dtype=np.int64)
            up[fine] = coarse
            out[self.rows[i]] = (self.rows[i - by].start + up[:, None] * columns + np.arange(columns)).ravel()
        return out

    def add_up(self, cells: Floats) -> Floats:
        """S x: (reps, products, columns) to (series, columns)."""
        out = np.empty((self.size, cells.shape[2]))
        by, part = len(self.shapes) // len(self.sides), cells
        for i in reversed(range(len(self.sides))):
            part = cells if i == len(self.sides) - 1 else sum_groups(part, self._up(i), self.shapes[i * by][0])
            if by > 1:
                out[self.rows[i * by]] = part.sum(axis=1)
            out[self.rows[i * by + by - 1]] = part.reshape(-1, cells.shape[2])
        return out

    def hand_down(self, stack: Floats) -> Floats:
        """S' y: (series, columns) to (reps, products, columns), each cell the sum of the rows above and its own."""
        by, columns = len(self.shapes) // len(self.sides), stack.shape[1]
        total: Floats | None = None
        for i in range(len(self.sides)):
            part = stack[self.rows[i * by + by - 1]].reshape(-1, self.products, columns).copy()
            if by > 1:
                part += stack[self.rows[i * by]][:, None, :]
            if total is not None:
                up = np.zeros(part.shape[0], dtype=np.int64)
                up[self.sides[i]] = self.sides[i - 1]
                part += total[up]
            total = part
        assert total is not None
        return total

    def _up(self, i: int) -> Ints:
        """Group at side `i` of each group at the next finer side."""
        up = np.zeros(int(self.sides[i + 1].max(initial=-1)) + 1, dtype=np.int64)
        up[self.sides[i + 1]] = self.sides[i]
        return up

    def occupied(self, reps: Bools) -> Bools:
        """Series that contain any of these reps, shape (series,)."""
        return np.asarray(self.add_up(np.repeat(reps * 1.0, self.products).reshape(-1, self.products, 1))[:, 0] > 0)

    def cells(self, stack: Floats) -> Floats:
        """The rows of the cells, shape (reps, products, columns)."""
        return stack[self.rows[-1]].reshape(-1, self.products, stack.shape[1])


def stack_history(levels: Levels, values: Floats) -> Floats:
    """History of every series, shape (series, months), like for like.

    Sums contain every rep in every month: months a rep is missing in are filled (see `fill_gaps`), so that a rep who
    came late does not make them jump. The rep's own rows keep them missing. A product before its launch is missing
    as a product, and zero in sums over products.
    """
    seen = ~np.isnan(values)
    month: Bools = np.any(seen, axis=(0, 1))
    launched = np.maximum.accumulate(seen.any(axis=0), axis=1)
    filled = np.where(launched, fill_gaps(values), 0.0)
    out = levels.add_up(filled)
    by = len(levels.shapes) // len(levels.sides)
    for i in range(len(levels.sides)):
        part = out[levels.rows[i * by + by - 1]].reshape(-1, *launched.shape)
        part[:, ~launched] = np.nan
    out[levels.rows[-1]] = np.where(seen, values, np.nan).reshape(-1, values.shape[2])
    if by > 1:
        out[levels.rows[-2]][np.isnan(values).all(axis=1)] = np.nan
    out[:, ~month] = np.nan
    out[~levels.occupied(np.any(seen, axis=(1, 2)))] = np.nan
    return out


def fill_gaps(values: Floats) -> Floats:
    """Missing months of each rep × product as level × month, shape (reps, products, months).

    Level of the rep and month of the product from ``y ≈ level × month`` over what is there, by alternating sums
    (quasi-Poisson, the chain ladder of Mack 1991). Months in which nobody has the product get its mean month.
    """
    seen = ~np.isnan(values)
    there: Bools = np.asarray(seen.any(axis=0))
    whole = np.asarray((seen == there).all(axis=(1, 2)))
    if whole.all() and there.all():
        return values
    sales = np.where(seen, values, 0.0)
    rows = np.concatenate([sales[whole].sum(axis=0, keepdims=True), sales[~whole]])
    mask = np.concatenate([there[None] & whole.any(), seen[~whole]]).astype(np.float64)
    by_rep, by_month = rows.sum(axis=2), rows.sum(axis=0)
    level = _level(by_rep, mask.sum(axis=2))
    month = by_month
    for _ in range(STEPS):
        month = _level(by_month, np.einsum("rp,rpt->pt", level, mask))
        level = _level(by_rep, np.einsum("pt,rpt->rp", month, mask))
    mean = _level(np.where(there, month, 0.0).sum(axis=1), there.sum(axis=1).astype(np.float64))
    month = np.where(there, month, mean[:, None])
    own = np.zeros(values.shape[:2])
    own[~whole] = level[1:]
    full = np.maximum(there.sum(axis=1), 1) * np.where(mean > 0, mean, 1.0)
    own[whole] = sales[whole].sum(axis=2) / full
    return np.where(seen, values, own[:, :, None] * month)


def _level(part: Floats, whole: Floats) -> Floats:
    """Quotient, never negative; 0 where there is nothing."""
    return np.maximum(divide(part, whole), 0.0)


def measure_scale(levels: Levels, history: Floats, months: int = 24) -> Floats:
    """Typical absolute month of each series, shape (series,): the mean of the last months, else of all.

    A series without sales takes its share of the scale of the one above, so that it is 0 only in a panel of zeros.
    """
    out = _mean_abs(history[:, -months:])
    out = np.where(out > 0, out, _mean_abs(history))
    there = ~np.isnan(history).all(axis=1) & (levels.parent >= 0)
    children = np.maximum(np.bincount(levels.parent[there], minlength=levels.size), 1)
    for rows in levels.rows[1:]:
        parent = levels.parent[rows]
        out[rows] = np.where(out[rows] > 0, out[rows], out[parent] / children[parent])
    return out


def _mean_abs(history: Floats) -> Floats:
    seen: Bools = ~np.isnan(history)
    return np.asarray(np.where(seen, np.abs(history), 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))
